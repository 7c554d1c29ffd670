// DumpDecision, LoadDecision: a decision with all its input. The plan is kept as the text that it
// had, so that a replay can be compared byte for byte.
#include <algorithm>

#include "fairlead/base/json.h"
#include "fairlead/cycle/decide.h"
#include "fairlead/model/json_fields.h"

namespace fairlead {
namespace {

constexpr std::string_view kKind = "fairlead-decision";
constexpr std::int64_t kFormat = 1;

using Element = JsonFields::Element;

void WriteStrings(std::string_view key, const std::vector<std::string>& values, JsonWriter* json) {
  json->Key(key).BeginArray();
  for (const std::string& value : values) json->String(value);
  json->EndArray();
}

void WritePolicy(const Policy& policy, JsonWriter* json) {
  json->BeginObject().Key("queues").BeginArray();
  for (const QueueSpec& queue : policy.queues) {
    json->BeginObject();
    json->Field("name", queue.name);
    json->Field("weight", queue.weight);
    json->EndObject();
  }
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
  json->EndObject();
}

std::vector<std::string> ReadStrings(JsonFields* fields, std::string_view key) {
  std::vector<std::string> values;
  fields->Array(key, [&](Element item) {
    values.emplace_back(fields->Value<std::string_view>(item, key, "strings"));
  });
  return values;
}

Policy ReadPolicyJson(Element element, std::optional<Error>* error) {
  JsonFields fields(element, "policy", error);
  Policy policy;
  policy.queues.clear();
  fields.Array("queues", [&](Element item) {
    JsonFields queue(item, "queues", error);
    policy.queues.push_back({queue.String("name"), queue.Int("weight", 1)});
  });
  std::vector<std::string> names;
  for (const QueueSpec& queue : policy.queues) names.push_back(queue.name);
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
    fields.Fail("queues", "unique names");
  }
  fields.Array("tenants", [&](Element item) {
    JsonFields tenant(item, "tenants", error);
    TenantSpec& spec = policy.tenants.emplace_back();
    spec.name = tenant.String("name");
    spec.namespaces = ReadStrings(&tenant, "namespaces");
    spec.queues = ReadStrings(&tenant, "queues");
    spec.default_queue = tenant.String("default_queue");
  });
  policy.max_gang_size = fields.Int("max_gang_size", 1);
  policy.bind_timeout.ns = fields.Int("bind_timeout_ns", 0);
  return policy;
}

}  // namespace

std::string DumpDecision(const DecideInput& input, const Plan& plan) {
  JsonWriter json;
  json.BeginObject();
  json.Field("kind", kKind);
  json.Field("format", kFormat);
  json.Field("now_ns", input.now.ns);
  json.Key("seed").Unsigned(input.seed);
  json.Key("step_budget").Unsigned(input.step_budget);
  json.NewLine().Key("policy");
  WritePolicy(input.policy, &json);
  json.NewLine().Field("plan", PlanToJson(input.snapshot, plan));
  json.EndObject();
  std::string text = json.Take();
  text.pop_back();  // the snapshot goes inside
  return text + ",\n\"snapshot\":" + DumpSnapshot(input.snapshot) + "}\n";
}

Result<DecisionRecord> LoadDecision(std::string_view text) {
  simdjson::dom::parser parser;
  Element element;
  const auto parsed = parser.parse(text.data(), text.size()).get(element);
  std::optional<Error> error;
  if (parsed != simdjson::SUCCESS) {
    error.emplace().message = std::string("not JSON: ") + simdjson::error_message(parsed);
    return *error;
  }
  JsonFields root(element, "record", &error);
  if (root.String("kind") != kKind) root.Fail("kind", "\"" + std::string(kKind) + "\"");
  root.Int("format", kFormat, kFormat);
  DecisionRecord record;
  record.now.ns = root.Int("now_ns");
  record.seed = root.Unsigned("seed");
  record.step_budget = root.Unsigned("step_budget");
  record.plan_json = root.String("plan");
  const Element policy = root.Child("policy");
  const Element snapshot_json = root.Child("snapshot");
  if (!error) record.policy = ReadPolicyJson(policy, &error);
  if (error) return *error;
  Result<Snapshot> snapshot = LoadSnapshot(simdjson::minify(snapshot_json));
  if (!snapshot) return snapshot.error();
  record.snapshot = std::move(*snapshot);
  return record;
}

}  // namespace fairlead
