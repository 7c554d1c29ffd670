#include "scheduler/apiserver/table.h"

#include <fmt/format.h>

#include <utility>

#include "scheduler/apiserver/table_cells.h"

namespace fairlead::apiserver {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kYear = 365 * kDay;

// "3h5m": the second part only if there is something in it.
std::string TwoParts(std::int64_t seconds, std::int64_t unit, char name, std::int64_t small_unit,
                     char small_name) {
  const std::int64_t rest = seconds % unit / small_unit;
  std::string text = fmt::format("{}{}", seconds / unit, name);
  if (rest != 0) text += fmt::format("{}{}", rest, small_name);
  return text;
}

TableKind CreatedAtTable() {
  Column created = AgeColumn();
  created.name = "Created At";
  created.type = "date";
  return {{NameColumn(), created}, [](const json::object& object, const RowContext&) {
            return json::array{NameCell(object),
                               Str(GetString(object, {"metadata", "creationTimestamp"}))};
          }};
}

TableKind KindOf(const Resource& resource, Profile profile) {
  if (resource.storage == "pods") return PodTable(profile);
  if (resource.storage == "nodes") return NodeTable();
  if (resource.storage == "jobs.batch") return JobTable(profile);
  if (resource.kind == "Event") return EventTable();
  TableKind kind = OtherTable(resource, profile);
  return kind.print == nullptr ? CreatedAtTable() : kind;
}

json::array ColumnsToJson(const std::vector<Column>& columns) {
  json::array list;
  for (const Column& column : columns) {
    json::object entry;
    entry["name"] = Str(column.name);
    entry["type"] = Str(column.type);
    entry["format"] = Str(column.format);
    entry["description"] = Str(column.description);
    entry["priority"] = column.priority;
    list.push_back(std::move(entry));
  }
  return list;
}

json::value ObjectCell(const json::object& object, IncludeObject include) {
  if (include == IncludeObject::kNone) return nullptr;
  if (include == IncludeObject::kObject) return object;
  json::object partial;
  partial["kind"] = "PartialObjectMetadata";
  partial["apiVersion"] = "meta.k8s.io/v1";
  const json::object* metadata = FindObject(object, {"metadata"});
  partial["metadata"] = metadata == nullptr ? json::object() : *metadata;
  return partial;
}

// Tells `kubectl` which pods have ended.
void AddPodConditions(const json::object& pod, json::object* row) {
  const std::string_view phase = GetString(pod, {"status", "phase"});
  if (phase != "Succeeded" && phase != "Failed") return;
  json::object condition;
  condition["type"] = "Completed";
  condition["status"] = "True";
  condition["reason"] = Str(phase);
  condition["message"] =
      phase == "Failed" ? "The pod failed." : "The pod has completed successfully.";
  (*row)["conditions"] = json::array{std::move(condition)};
}

}  // namespace

std::string HumanDuration(Duration age) {
  const std::int64_t seconds = age.ns / kSecond;
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * kMinute) return fmt::format("{}s", seconds);
  if (seconds < 10 * kMinute) return TwoParts(seconds, kMinute, 'm', 1, 's');
  if (seconds < 3 * kHour) return fmt::format("{}m", seconds / kMinute);
  if (seconds < 8 * kHour) return TwoParts(seconds, kHour, 'h', kMinute, 'm');
  if (seconds < 2 * kDay) return fmt::format("{}h", seconds / kHour);
  if (seconds < 8 * kDay) return TwoParts(seconds, kDay, 'd', kHour, 'h');
  if (seconds < 2 * kYear) return fmt::format("{}d", seconds / kDay);
  if (seconds < 8 * kYear) return TwoParts(seconds, kYear, 'y', kDay, 'd');
  return fmt::format("{}y", seconds / kYear);
}

Column NameColumn() {
  return {"Name", "string", "name", "Unique among its kind and namespace.", 0};
}

Column AgeColumn() { return {"Age", "string", "", "When the object was created.", 0}; }

json::value NameCell(const json::object& object) {
  return Str(GetString(object, {"metadata", "name"}));
}

json::value AgeCell(const json::object& object, Instant now) {
  return Str(Since(object, {"metadata", "creationTimestamp"}, now));
}

std::string Since(const json::object& object, Path path, Instant now) {
  const auto time = ParseInstant(GetString(object, path));
  return time.ok() ? HumanDuration(now - *time) : "<unknown>";
}

json::value OrNone(std::string_view text) { return Str(text.empty() ? "<none>" : text); }

json::object MakeTable(const Resource& resource, const std::vector<const json::object*>& objects,
                       IncludeObject include, bool with_columns, Instant now, Profile profile) {
  const TableKind kind = resource.custom ? TableKind() : KindOf(resource, profile);
  json::object table;
  table["kind"] = "Table";
  table["apiVersion"] = "meta.k8s.io/v1";
  table["metadata"].emplace_object();
  if (with_columns) {
    table["columnDefinitions"] =
        ColumnsToJson(resource.custom ? CustomColumns(resource) : kind.columns);
  }
  json::array rows;
  for (const json::object* object : objects) {
    json::object row;
    row["cells"] =
        resource.custom ? CustomCells(resource, *object, now) : kind.print(*object, {now, profile});
    if (resource.storage == "pods") AddPodConditions(*object, &row);
    row["object"] = ObjectCell(*object, include);
    rows.push_back(std::move(row));
  }
  table["rows"] = std::move(rows);
  return table;
}

}  // namespace fairlead::apiserver
