#include "scheduler/cycle/policy_json.h"

#include <algorithm>

#include "fairlead/model/json_fields.h"
#include "fairlead/queues/tree.h"

namespace fairlead {
namespace {

using Element = JsonFields::Element;

void WriteStrings(std::string_view key, const std::vector<std::string>& values, JsonWriter* json) {
  json->Key(key).BeginArray();
  for (const std::string& value : values) json->String(value);
  json->EndArray();
}

void WriteAmounts(std::string_view key, const NamedAmounts& amounts, JsonWriter* json) {
  if (amounts.empty()) return;
  json->Key(key).BeginObject();
  for (const auto& [name, amount] : amounts) json->Field(name, amount);
  json->EndObject();
}

void WriteCap(std::string_view key, std::optional<std::int64_t> cap, JsonWriter* json) {
  if (cap) json->Field(key, *cap);
}

void WriteQueue(const QueueSpec& queue, JsonWriter* json) {
  const QueueSpec usual;
  json->BeginObject();
  json->Field("name", queue.name);
  json->Field("weight", queue.weight);
  if (queue.parent != usual.parent) json->Field("parent", queue.parent);
  WriteAmounts("guarantee", queue.guarantee, json);
  WriteAmounts("limit", queue.limit, json);
  if (queue.lendable != usual.lendable) json->Field("lendable", queue.lendable);
  if (queue.borrowing != usual.borrowing) json->Field("borrowing", queue.borrowing);
  WriteAmounts("lending_limit", queue.lending_limit, json);
  if (queue.priority != usual.priority) json->Field("priority", std::int64_t{queue.priority});
  if (queue.order != usual.order) json->Field("order", LeafOrderName(queue.order));
  if (queue.reclaimable != usual.reclaimable) json->Field("reclaimable", queue.reclaimable);
  if (queue.min_runtime != usual.min_runtime) json->Field("min_runtime_ns", queue.min_runtime.ns);
  if (queue.state != usual.state) json->Field("state", QueueStateName(queue.state));
  WriteCap("max_pending_gangs", queue.max_pending_gangs, json);
  WriteCap("max_running_gangs", queue.max_running_gangs, json);
  if (queue.user_limit != usual.user_limit) json->Field("user_limit", queue.user_limit);
  if (!queue.tenants.empty()) WriteStrings("tenants", queue.tenants, json);
  json->EndObject();
}

NamedAmounts ReadAmounts(JsonFields* fields, std::string_view key) {
  NamedAmounts amounts;
  if (!fields->Has(key)) return amounts;
  fields->Object(key, [&](const std::string& name, Element value) {
    amounts.emplace_back(name, fields->Value<std::int64_t>(value, key, "integers"));
  });
  std::sort(amounts.begin(), amounts.end());
  return amounts;
}

template <typename Enum>
void ReadChoice(JsonFields* fields, std::string_view key,
                std::optional<Enum> (*parse)(std::string_view), Enum* out) {
  if (!fields->Has(key)) return;
  const std::optional<Enum> value = parse(fields->String(key));
  if (!value) return fields->Fail(key, "a known value");
  *out = *value;
}

void ReadCap(JsonFields* fields, std::string_view key, std::optional<std::int64_t>* out) {
  if (fields->Has(key)) *out = fields->Int(key);
}

// Ranges are those that CheckTree knows.
QueueSpec ReadQueue(JsonFields* fields) {
  QueueSpec queue;
  queue.name = fields->String("name");
  queue.weight = fields->Int("weight", 1);
  if (fields->Has("parent")) queue.parent = fields->String("parent");
  queue.guarantee = ReadAmounts(fields, "guarantee");
  queue.limit = ReadAmounts(fields, "limit");
  if (fields->Has("lendable")) queue.lendable = fields->Bool("lendable");
  if (fields->Has("borrowing")) queue.borrowing = fields->Bool("borrowing");
  queue.lending_limit = ReadAmounts(fields, "lending_limit");
  if (fields->Has("priority")) queue.priority = fields->Int32("priority");
  ReadChoice(fields, "order", ParseLeafOrder, &queue.order);
  if (fields->Has("reclaimable")) queue.reclaimable = fields->Bool("reclaimable");
  if (fields->Has("min_runtime_ns")) queue.min_runtime.ns = fields->Int("min_runtime_ns");
  ReadChoice(fields, "state", ParseQueueState, &queue.state);
  ReadCap(fields, "max_pending_gangs", &queue.max_pending_gangs);
  ReadCap(fields, "max_running_gangs", &queue.max_running_gangs);
  if (fields->Has("user_limit")) queue.user_limit = fields->Int("user_limit");
  if (fields->Has("tenants")) queue.tenants = fields->Strings("tenants");
  return queue;
}

void ReadRules(JsonFields* fields, std::optional<Error>* error, Policy* policy) {
  policy->max_gang_size = fields->Int("max_gang_size", 1);
  policy->bind_timeout.ns = fields->Int("bind_timeout_ns", 0);
  if (fields->Has("stale_grace_ns")) policy->stale_grace.ns = fields->Int("stale_grace_ns", 0);
  if (fields->Has("aging")) {
    JsonFields aging(fields->Child("aging"), "aging", error);
    policy->aging.step.ns = aging.Int("step_ns", 0);
    policy->aging.max = aging.Int("max", 0);
  }
  if (fields->Has("history")) {
    JsonFields history(fields->Child("history"), "history", error);
    policy->history.half_life.ns = history.Int("half_life_ns", 1);
    policy->history.strength = history.Int("strength", 0, kWeightOne);
  }
  if (!fields->Has("topology")) return;
  fields->Array("topology", [&](Element item) {
    JsonFields level(item, "topology", error);
    policy->topology.push_back({level.String("name"), level.String("label")});
  });
}

}  // namespace

void WritePolicy(const Policy& policy, JsonWriter* json) {
  json->BeginObject().Key("queues").BeginArray();
  for (const QueueSpec& queue : policy.queues) WriteQueue(queue, json);
  json->EndArray().Key("tenants").BeginArray();
  for (const TenantSpec& tenant : policy.tenants) {
    json->BeginObject();
    json->Field("name", tenant.name);
    WriteStrings("namespaces", tenant.namespaces, json);
    WriteStrings("queues", tenant.queues, json);
    json->Field("default_queue", tenant.default_queue);
    json->EndObject();
  }
  json->EndArray();
  json->Field("max_gang_size", policy.max_gang_size);
  json->Field("bind_timeout_ns", policy.bind_timeout.ns);
  if (policy.stale_grace != Policy().stale_grace) {
    json->Field("stale_grace_ns", policy.stale_grace.ns);
  }
  if (policy.aging != AgingPolicy{}) {
    json->Key("aging").BeginObject();
    json->Field("step_ns", policy.aging.step.ns).Field("max", policy.aging.max).EndObject();
  }
  if (policy.history != HistoryPolicy{}) {
    json->Key("history").BeginObject().Field("half_life_ns", policy.history.half_life.ns);
    json->Field("strength", policy.history.strength).EndObject();
  }
  if (!policy.topology.empty()) {
    json->Key("topology").BeginArray();
    for (const TopologyLevel& level : policy.topology) {
      json->BeginObject().Field("name", level.name).Field("label", level.label).EndObject();
    }
    json->EndArray();
  }
  json->EndObject();
}

Result<Policy> ReadPolicyJson(std::string_view json) {
  simdjson::dom::parser parser;
  Element element;
  std::optional<Error> error;
  if (parser.parse(json.data(), json.size()).get(element) != simdjson::SUCCESS) {
    return Error{"expected a JSON object", "", 0, 0, "policy"};
  }
  JsonFields fields(element, "policy", &error);
  Policy policy;
  policy.queues.clear();
  fields.Array("queues", [&](Element item) {
    JsonFields queue(item, "queues", &error);
    policy.queues.push_back(ReadQueue(&queue));
  });
  fields.Array("tenants", [&](Element item) {
    JsonFields tenant(item, "tenants", &error);
    TenantSpec& spec = policy.tenants.emplace_back();
    spec.name = tenant.String("name");
    spec.namespaces = tenant.Strings("namespaces");
    spec.queues = tenant.Strings("queues");
    spec.default_queue = tenant.String("default_queue");
  });
  ReadRules(&fields, &error, &policy);
  if (error) return *error;
  if (const std::optional<TreeProblem> problem = CheckTree(policy.queues)) {
    return Error{problem->message, "", 0, 0,
                 fmt::format("policy.queues[{}].{}", problem->queue, problem->field)};
  }
  return policy;
}

}  // namespace fairlead
