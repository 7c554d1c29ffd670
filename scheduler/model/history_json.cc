#include "fairlead/model/history_json.h"

#include <optional>
#include <utility>

#include "fairlead/base/json.h"
#include "fairlead/model/json_fields.h"

namespace fairlead {
namespace {

constexpr std::string_view kKind = "fairlead-usage";
constexpr std::int64_t kFormat = 1;
// Far above what a half-life of 400 years could sum up, and far below an overflow.
constexpr std::int64_t kMost = std::int64_t{1} << 58;

using Element = JsonFields::Element;

// Nothing but the known fields, each once.
void CheckNames(Element element, std::size_t expected, JsonFields* fields) {
  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return;  // said already
  if (object.size() != expected) {
    fields->Fail("", "exactly " + std::to_string(expected) + " fields");
  }
}

}  // namespace

std::string HistoryToJson(const UsageHistory& history) {
  JsonWriter json;
  json.BeginObject();
  json.Field("kind", kKind);
  json.Field("format", kFormat);
  json.Field("tick_ns", history.tick.ns);
  json.Key("queues").BeginArray();
  for (const auto& [name, usage] : history.queues) {
    json.NewLine().BeginObject();
    json.Field("name", name);
    json.Field("usage", usage.usage);
    json.Field("target", usage.target);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return json.Take() + "\n";
}

Result<UsageHistory> HistoryFromJson(std::string_view text) {
  simdjson::dom::parser parser;
  Element element;
  std::optional<Error> error;
  const auto parsed = parser.parse(text.data(), text.size()).get(element);
  if (parsed != simdjson::SUCCESS) {
    error.emplace().message = std::string("not JSON: ") + simdjson::error_message(parsed);
    return *error;
  }
  JsonFields root(element, "usage", &error);
  CheckNames(element, 4, &root);
  if (root.String("kind") != kKind) root.Fail("kind", "\"" + std::string(kKind) + "\"");
  root.Int("format", kFormat, kFormat);
  UsageHistory history;
  history.tick.ns = root.Int("tick_ns", 0);
  if (history.tick.ns % kHistoryTick.ns != 0) root.Fail("tick_ns", "a multiple of one minute");
  root.Array("queues", [&](Element item) {
    JsonFields queue(item, "usage.queues", &error);
    CheckNames(item, 3, &queue);
    const std::string name = queue.String("name");
    QueueUsage usage;
    usage.usage = queue.Int("usage", 0, kMost);
    usage.target = queue.Int("target", 0, kMost);
    if (error) return;
    const bool in_order = history.queues.empty() || history.queues.rbegin()->first < name;
    if (!in_order) queue.Fail("name", "names in order, each once");
    history.queues.emplace_hint(history.queues.end(), name, usage);
  });
  if (error) return *error;
  return history;
}

}  // namespace fairlead
