// DumpDecision, LoadDecision: a decision with all its input. The plan is kept as the text that it
// had, so that a replay can be compared byte for byte.
#include "fairlead/base/json.h"
#include "fairlead/cycle/decide.h"
#include "fairlead/model/history_json.h"
#include "fairlead/model/json_fields.h"
#include "scheduler/cycle/policy_json.h"

namespace fairlead {
namespace {

constexpr std::string_view kKind = "fairlead-decision";
constexpr std::int64_t kFormat = 1;

using Element = JsonFields::Element;

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
  if (input.history != nullptr) json.NewLine().Field("history", HistoryToJson(*input.history));
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
  std::optional<std::string> history_json;
  if (root.Has("history")) history_json = root.String("history");
  const Element policy_json = root.Child("policy");
  const Element snapshot_json = root.Child("snapshot");
  if (error) return *error;
  Result<Policy> policy = ReadPolicyJson(simdjson::minify(policy_json));
  if (!policy) return policy.error();
  record.policy = std::move(*policy);
  if (history_json) {
    Result<UsageHistory> history = HistoryFromJson(*history_json);
    if (!history) return history.error();
    record.history = std::move(*history);
  }
  Result<Snapshot> snapshot = LoadSnapshot(simdjson::minify(snapshot_json));
  if (!snapshot) return snapshot.error();
  record.snapshot = std::move(*snapshot);
  return record;
}

}  // namespace fairlead
