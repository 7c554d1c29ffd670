// All other built-in kinds with columns of their own.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "scheduler/apiserver/selectors.h"
#include "scheduler/apiserver/table.h"
#include "scheduler/apiserver/table_cells.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kRolePrefix = "node-role.kubernetes.io/";
constexpr std::string_view kRoleLabel = "kubernetes.io/role";

std::string_view FirstOf(std::string_view a, std::string_view b) { return a.empty() ? b : a; }

template <typename Visit>
void ForEach(const json::object& object, Path path, Visit visit) {
  const json::array* array = FindArray(object, path);
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
    if (const json::object* entry = (*array)[i].if_object()) visit(*entry);
  }
}

std::string_view ConditionStatus(const json::object& object, std::string_view type) {
  std::string_view status;
  ForEach(object, {"status", "conditions"}, [&](const json::object& condition) {
    if (GetString(condition, {"type"}) == type) status = GetString(condition, {"status"});
  });
  return status;
}

// ---- nodes

std::string NodeStatus(const json::object& node) {
  const std::string_view ready = ConditionStatus(node, "Ready");
  std::string status = ready.empty() ? "Unknown" : ready == "True" ? "Ready" : "NotReady";
  if (GetBool(node, {"spec", "unschedulable"}, false)) status += ",SchedulingDisabled";
  return status;
}

std::string NodeRoles(const json::object& node) {
  std::set<std::string_view> roles;
  const json::object* labels = FindObject(node, {"metadata", "labels"});
  if (labels == nullptr) return {};
  for (const auto& label : *labels) {
    const std::string_view key(label.key().data(), label.key().size());
    const std::string_view value = MapGet(*labels, key);
    if (key.starts_with(kRolePrefix) && key.size() > kRolePrefix.size()) {
      roles.insert(key.substr(kRolePrefix.size()));
    } else if (key == kRoleLabel && !value.empty()) {
      roles.insert(value);
    }
  }
  return fmt::format("{}", fmt::join(roles, ","));
}

std::string_view NodeAddress(const json::object& node, std::string_view type) {
  std::string_view found;
  ForEach(node, {"status", "addresses"}, [&](const json::object& address) {
    if (found.empty() && GetString(address, {"type"}) == type) {
      found = GetString(address, {"address"});
    }
  });
  return found;
}

json::array NodeCells(const json::object& node, const RowContext& context) {
  const auto fact = [&](std::string_view name) {
    return Str(FirstOf(GetString(node, {"status", "nodeInfo", name}), "<unknown>"));
  };
  return {NameCell(node),
          Str(NodeStatus(node)),
          OrNone(NodeRoles(node)),
          AgeCell(node, context.now),
          Str(GetString(node, {"status", "nodeInfo", "kubeletVersion"})),
          OrNone(NodeAddress(node, "InternalIP")),
          OrNone(NodeAddress(node, "ExternalIP")),
          fact("osImage"),
          fact("kernelVersion"),
          fact("containerRuntimeVersion")};
}

// ---- jobs

std::string JobStatus(const json::object& job) {
  constexpr auto kFinal = std::to_array<std::string_view>({"Complete", "Failed"});
  constexpr auto kPassing =
      std::to_array<std::string_view>({"Suspended", "FailureTarget", "SuccessCriteriaMet"});
  for (const std::string_view type : kFinal) {
    if (ConditionStatus(job, type) == "True") return std::string(type);
  }
  if (Find(job, {"metadata", "deletionTimestamp"}) != nullptr) return "Terminating";
  for (const std::string_view type : kPassing) {
    if (ConditionStatus(job, type) == "True") return std::string(type);
  }
  return "Running";
}

std::string JobCompletions(const json::object& job) {
  const std::int64_t done = GetInt(job, {"status", "succeeded"}, 0);
  const std::int64_t wanted = GetInt(job, {"spec", "completions"}, -1);
  if (wanted >= 0) return fmt::format("{}/{}", done, wanted);
  const std::int64_t parallelism = GetInt(job, {"spec", "parallelism"}, 0);
  return parallelism > 1 ? fmt::format("{}/1 of {}", done, parallelism) : fmt::format("{}/1", done);
}

std::string JobDuration(const json::object& job, Instant now) {
  const auto start = ParseInstant(GetString(job, {"status", "startTime"}));
  if (!start.ok()) return {};
  const auto end = ParseInstant(GetString(job, {"status", "completionTime"}));
  return HumanDuration((end.ok() ? *end : now) - *start);
}

json::array JobCells(const json::object& job, const RowContext& context) {
  std::vector<std::string_view> names;
  std::vector<std::string_view> images;
  ForEach(job, {"spec", "template", "spec", "containers"}, [&](const json::object& container) {
    names.push_back(GetString(container, {"name"}));
    images.push_back(GetString(container, {"image"}));
  });
  const json::object* selector = FindObject(job, {"spec", "selector"});
  json::array cells{NameCell(job)};
  if (context.profile == Profile::kCurrent) cells.push_back(Str(JobStatus(job)));
  cells.push_back(Str(JobCompletions(job)));
  cells.push_back(Str(JobDuration(job, context.now)));
  cells.push_back(AgeCell(job, context.now));
  cells.push_back(Str(fmt::format("{}", fmt::join(names, ","))));
  cells.push_back(Str(fmt::format("{}", fmt::join(images, ","))));
  // No selector selects nothing, which reads as nothing.
  cells.push_back(Str(selector == nullptr ? "<none>" : FormatLabelSelector(*selector)));
  return cells;
}

// ---- events

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string EventObject(const json::object& event, std::string_view member) {
  std::string kind(GetString(event, {member, "kind"}));
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view name = GetString(event, {member, "name"});
  return name.empty() ? kind : fmt::format("{}/{}", kind, name);
}

std::string EventSource(const json::object& event) {
  const std::string_view component =
      FirstOf(GetString(event, {"source", "component"}), GetString(event, {"reportingComponent"}));
  const std::string_view host =
      FirstOf(GetString(event, {"source", "host"}), GetString(event, {"reportingInstance"}));
  return host.empty() ? std::string(component) : fmt::format("{}, {}", component, host);
}

json::array EventCells(const json::object& event, const RowContext& context) {
  const auto has = [&](Path path) { return !GetString(event, path).empty(); };
  const std::string first = has({"firstTimestamp"}) ? Since(event, {"firstTimestamp"}, context.now)
                                                    : Since(event, {"eventTime"}, context.now);
  std::string last = has({"lastTimestamp"}) ? Since(event, {"lastTimestamp"}, context.now) : first;
  std::int64_t count = std::max<std::int64_t>(GetInt(event, {"count"}, 0), 1);
  if (FindObject(event, {"series"}) != nullptr) {
    last = Since(event, {"series", "lastObservedTime"}, context.now);
    count = GetInt(event, {"series", "count"}, 0) + 1;
  }
  // An event of events.k8s.io names the same things otherwise.
  const bool core = FindObject(event, {"regarding"}) == nullptr;
  const std::string_view member = core ? "involvedObject" : "regarding";
  return {Str(last),
          Str(GetString(event, {"type"})),
          Str(GetString(event, {"reason"})),
          Str(EventObject(event, member)),
          Str(GetString(event, {member, "fieldPath"})),
          Str(EventSource(event)),
          Str(Trimmed(GetString(event, {core ? "message" : "note"}))),
          Str(first),
          count,
          NameCell(event)};
}

// ---- small kinds

json::value IntOrNotSet(const json::object& object, Path path) {
  const json::value* found = Find(object, path);
  if (found == nullptr || found->is_null()) return "N/A";
  if (found->is_string()) return *found;
  return Str(json::serialize(*found));
}

json::array BudgetCells(const json::object& budget, const RowContext& context) {
  return {NameCell(budget), IntOrNotSet(budget, {"spec", "minAvailable"}),
          IntOrNotSet(budget, {"spec", "maxUnavailable"}),
          GetInt(budget, {"status", "disruptionsAllowed"}, 0), AgeCell(budget, context.now)};
}

json::array PriorityClassCells(const json::object& object, const RowContext& context) {
  json::array cells{NameCell(object), GetInt(object, {"value"}, 0),
                    GetBool(object, {"globalDefault"}, false), AgeCell(object, context.now)};
  if (context.profile == Profile::kCurrent) {
    cells.push_back(Str(GetString(object, {"preemptionPolicy"})));
  }
  return cells;
}

std::string ServicePorts(const json::object& service) {
  std::vector<std::string> ports;
  ForEach(service, {"spec", "ports"}, [&](const json::object& port) {
    const std::int64_t node_port = GetInt(port, {"nodePort"}, 0);
    std::string text = std::to_string(GetInt(port, {"port"}, 0));
    if (node_port > 0) text += ":" + std::to_string(node_port);
    ports.push_back(text + "/" + std::string(GetString(port, {"protocol"})));
  });
  return fmt::format("{}", fmt::join(ports, ","));
}

std::string ExternalAddress(const json::object& service) {
  const std::string_view type = GetString(service, {"spec", "type"});
  if (type == "ExternalName") return std::string(GetString(service, {"spec", "externalName"}));
  std::set<std::string> balancers;
  ForEach(service, {"status", "loadBalancer", "ingress"}, [&](const json::object& entry) {
    const std::string_view name = FirstOf(GetString(entry, {"ip"}), GetString(entry, {"hostname"}));
    if (!name.empty()) balancers.emplace(name);
  });
  if (type != "LoadBalancer") balancers.clear();
  std::vector<std::string> all(balancers.begin(), balancers.end());
  const json::array* external = FindArray(service, {"spec", "externalIPs"});
  for (std::size_t i = 0; external != nullptr && i < external->size(); ++i) {
    if (const json::string* ip = (*external)[i].if_string()) all.emplace_back(ip->c_str());
  }
  if (!all.empty()) return fmt::format("{}", fmt::join(all, ","));
  return type == "LoadBalancer" ? "<pending>" : "<none>";
}

std::string LabelText(const json::object* labels) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels == nullptr ? json::object() : *labels) {
    const json::string* text = value.if_string();
    parts.push_back(std::string(key) + "=" + (text == nullptr ? "" : text->c_str()));
  }
  std::sort(parts.begin(), parts.end());
  return fmt::format("{}", fmt::join(parts, ","));
}

json::array ServiceCells(const json::object& service, const RowContext& context) {
  return {NameCell(service),
          Str(GetString(service, {"spec", "type"})),
          OrNone(GetString(service, {"spec", "clusterIP"})),
          Str(ExternalAddress(service)),
          OrNone(ServicePorts(service)),
          AgeCell(service, context.now),
          OrNone(LabelText(FindObject(service, {"spec", "selector"})))};
}

std::int64_t SizeOf(const json::object& object, std::string_view member) {
  const json::value* found = Find(object, {member});
  if (found == nullptr) return 0;
  if (const json::object* map = found->if_object()) return static_cast<std::int64_t>(map->size());
  const json::array* list = found->if_array();
  return list == nullptr ? 0 : static_cast<std::int64_t>(list->size());
}

TableKind NamespaceTable() {
  return {
      {NameColumn(), {"Status", "string", "", "Whether it is active or ending.", 0}, AgeColumn()},
      [](const json::object& object, const RowContext& context) {
        return json::array{NameCell(object), Str(GetString(object, {"status", "phase"})),
                           AgeCell(object, context.now)};
      }};
}

TableKind LeaseTable() {
  return {{NameColumn(), {"Holder", "string", "", "Who holds the lease.", 0}, AgeColumn()},
          [](const json::object& object, const RowContext& context) {
            return json::array{NameCell(object), Str(GetString(object, {"spec", "holderIdentity"})),
                               AgeCell(object, context.now)};
          }};
}

TableKind BudgetTable() {
  return {{NameColumn(),
           {"Min Available", "string", "", "Pods that must stay.", 0},
           {"Max Unavailable", "string", "", "Pods that may be away.", 0},
           {"Allowed Disruptions", "integer", "", "Pods that may be evicted now.", 0},
           AgeColumn()},
          BudgetCells};
}

TableKind PriorityClassTable(Profile profile) {
  TableKind kind{{NameColumn(),
                  {"Value", "integer", "", "The priority of pods of this class.", 0},
                  {"Global-Default", "boolean", "", "Whether pods without a class get it.", 0},
                  AgeColumn()},
                 PriorityClassCells};
  if (profile == Profile::kCurrent) {
    kind.columns.push_back({"PreemptionPolicy", "string", "", "Whether its pods may preempt.", 0});
  }
  return kind;
}

TableKind ServiceTable() {
  return {{NameColumn(),
           {"Type", "string", "", "How the service is exposed.", 0},
           {"Cluster-IP", "string", "", "Its address inside the cluster.", 0},
           {"External-IP", "string", "", "Its addresses outside of the cluster.", 0},
           {"Port(s)", "string", "", "The ports that it offers.", 0},
           AgeColumn(),
           {"Selector", "string", "", "The labels of the pods behind it.", 1}},
          ServiceCells};
}

TableKind ConfigMapTable() {
  return {{NameColumn(), {"Data", "string", "", "How many keys it has.", 0}, AgeColumn()},
          [](const json::object& object, const RowContext& context) {
            return json::array{NameCell(object),
                               SizeOf(object, "data") + SizeOf(object, "binaryData"),
                               AgeCell(object, context.now)};
          }};
}

TableKind SecretTable() {
  return {{NameColumn(),
           {"Type", "string", "", "What it is for.", 0},
           {"Data", "string", "", "How many keys it has.", 0},
           AgeColumn()},
          [](const json::object& object, const RowContext& context) {
            return json::array{NameCell(object), Str(GetString(object, {"type"})),
                               SizeOf(object, "data"), AgeCell(object, context.now)};
          }};
}

TableKind ServiceAccountTable() {
  return {{NameColumn(), {"Secrets", "string", "", "How many secrets it may use.", 0}, AgeColumn()},
          [](const json::object& object, const RowContext& context) {
            return json::array{NameCell(object), SizeOf(object, "secrets"),
                               AgeCell(object, context.now)};
          }};
}

}  // namespace

TableKind NodeTable() {
  return {{NameColumn(),
           {"Status", "string", "", "Whether the node is ready and takes pods.", 0},
           {"Roles", "string", "", "Its roles, from its labels.", 0},
           AgeColumn(),
           {"Version", "string", "", "Version of its kubelet.", 0},
           {"Internal-IP", "string", "", "Its address inside the cluster.", 1},
           {"External-IP", "string", "", "Its address outside of the cluster.", 1},
           {"OS-Image", "string", "", "Its operating system.", 1},
           {"Kernel-Version", "string", "", "Version of its kernel.", 1},
           {"Container-Runtime", "string", "", "Version of what runs its containers.", 1}},
          NodeCells};
}

TableKind JobTable(Profile profile) {
  std::vector<Column> columns{NameColumn()};
  if (profile == Profile::kCurrent) {
    columns.push_back({"Status", "string", "", "Whether the job runs, waits or has ended.", 0});
  }
  columns.push_back({"Completions", "string", "", "Pods that succeeded, of those wanted.", 0});
  columns.push_back({"Duration", "string", "", "How long it ran or has been running.", 0});
  columns.push_back(AgeColumn());
  columns.push_back({"Containers", "string", "", "Names of the containers of a pod.", 1});
  columns.push_back({"Images", "string", "", "Images of the containers of a pod.", 1});
  columns.push_back({"Selector", "string", "", "The labels of its pods.", 1});
  return {std::move(columns), JobCells};
}

TableKind EventTable() {
  Column name = NameColumn();
  name.priority = 1;
  return {{{"Last Seen", "string", "", "How long ago it happened last.", 0},
           {"Type", "string", "", "Normal or Warning.", 0},
           {"Reason", "string", "", "What happened, in one word.", 0},
           {"Object", "string", "", "What it happened to.", 0},
           {"Subobject", "string", "", "The part of the object.", 1},
           {"Source", "string", "", "Who reports it.", 1},
           {"Message", "string", "", "What happened, in a sentence.", 0},
           {"First Seen", "string", "", "How long ago it happened first.", 1},
           {"Count", "string", "", "How often it happened.", 1},
           name},
          EventCells};
}

TableKind OtherTable(const Resource& resource, Profile profile) {
  const std::string& kind = resource.storage;
  if (kind == "namespaces") return NamespaceTable();
  if (kind == "leases.coordination.k8s.io") return LeaseTable();
  if (kind == "poddisruptionbudgets.policy") return BudgetTable();
  if (kind == "priorityclasses.scheduling.k8s.io") return PriorityClassTable(profile);
  if (kind == "services") return ServiceTable();
  if (kind == "configmaps") return ConfigMapTable();
  if (kind == "secrets") return SecretTable();
  if (kind == "serviceaccounts") return ServiceAccountTable();
  return {};
}

}  // namespace fairlead::apiserver
