// Leases, events, priority classes and disruption budgets.
#include <fmt/format.h>

#include <algorithm>

#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

constexpr std::int64_t kHighestUserPriority = 1'000'000'000;

void CheckLease(const Writing& writing, Findings* findings) {
  const json::object& lease = *writing.object;
  const std::int64_t duration = GetInt(lease, {"spec", "leaseDurationSeconds"}, 1);
  if (duration <= 0) {
    findings->Invalid("spec.leaseDurationSeconds", std::to_string(duration),
                      "must be greater than 0");
  }
  const std::int64_t transitions = GetInt(lease, {"spec", "leaseTransitions"}, 0);
  if (transitions < 0) {
    findings->Invalid("spec.leaseTransitions", std::to_string(transitions),
                      writing.current() ? "must be greater than or equal to 0"
                                        : "must to greater or equal than 0");
  }
}

void CheckEvent(const Writing& writing, Findings* findings) {
  const json::object& event = *writing.object;
  const std::string_view ns = GetString(event, {"metadata", "namespace"});
  const std::string_view about = GetString(event, {"involvedObject", "namespace"});
  // Events of the newer form have a time of their own, and more fields that must be there.
  const json::value* time = Find(event, {"eventTime"});
  const bool newer = time != nullptr && !time->is_null();
  const bool fits = newer           ? !about.empty() || ns == "kube-system"
                    : about.empty() ? ns == "default"
                                    : about == ns;
  if (!fits) {
    findings->Invalid("involvedObject.namespace", Quoted(about), "does not match event.namespace");
  }
  if (!newer) return;
  const std::string_view controller = GetString(event, {"reportingComponent"});
  if (controller.empty()) findings->Required("reportingController");
  findings->All("reportingController", controller, QualifiedNameComplaints(controller));
  if (GetString(event, {"reportingInstance"}).empty()) findings->Required("reportingInstance");
  for (const char* name : {"action", "reason"}) {
    if (GetString(event, {name}).empty()) findings->Required(name);
  }
}

bool SystemPriority(const json::object& object) {
  const std::string_view name = GetString(object, {"metadata", "name"});
  const std::int64_t value = GetInt(object, {"value"}, 0);
  return (name == "system-node-critical" && value == 2'000'001'000) ||
         (name == "system-cluster-critical" && value == 2'000'000'000);
}

void DefaultPriorityClass(const Writing& writing) {
  SetDefault(writing.object, "preemptionPolicy", "PreemptLowerPriority");
}

std::optional<ApiError> AdmitPriorityClass(const Writing& writing) {
  if (!GetBool(*writing.object, {"globalDefault"}, false)) return std::nullopt;
  const std::string_view name = GetString(*writing.object, {"metadata", "name"});
  for (const auto& [key, version] :
       writing.context.store.table("priorityclasses.scheduling.k8s.io")) {
    if (key.name == name || !GetBool(version->object, {"globalDefault"}, false)) continue;
    return Forbidden(writing.context.resource, name,
                     fmt::format("PriorityClass {} is already marked as default. Only one default "
                                 "can exist",
                                 key.name));
  }
  return std::nullopt;
}

void ResetPriorityClass(const Writing& writing) { SetGeneration(writing, false); }

void CheckPriorityClass(const Writing& writing, Findings* findings) {
  const json::object& object = *writing.object;
  const std::string_view name = GetString(object, {"metadata", "name"});
  if (name.starts_with("system-")) {
    if (!SystemPriority(object)) {
      findings->Forbidden(
          "metadata.name",
          fmt::format("priority class names with 'system-' prefix are reserved for system use "
                      "only. error: {} is not a known system priority class",
                      name));
    }
  } else if (GetInt(object, {"value"}, 0) > kHighestUserPriority) {
    findings->Forbidden("value",
                        fmt::format("maximum allowed value of a user defined priority is {}",
                                    kHighestUserPriority));
  }
  const std::string_view preemption = GetString(object, {"preemptionPolicy"});
  if (preemption.empty()) {
    findings->Required("preemptionPolicy");
  } else if (preemption != "PreemptLowerPriority" && preemption != "Never") {
    findings->NotSupported("preemptionPolicy", Quoted(preemption),
                           {"PreemptLowerPriority", "Never"});
  }
}

void CheckPriorityClassUpdate(const Writing& writing, Findings* findings) {
  const json::object& now = *writing.object;
  if (GetInt(now, {"value"}, 0) != GetInt(*writing.old, {"value"}, 0)) {
    findings->Forbidden(writing.current() ? "value" : "Value", "may not be changed in an update.");
  }
  if (!SameMember(*writing.old, now, "preemptionPolicy")) {
    findings->Invalid("preemptionPolicy", Quoted(GetString(now, {"preemptionPolicy"})),
                      "field is immutable");
  }
}

void ResetBudget(const Writing& writing) {
  if (writing.old == nullptr) {
    json::object status;
    for (const char* name :
         {"disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"}) {
      status[name] = 0;
    }
    (*writing.object)["status"] = std::move(status);
    SetGeneration(writing, true);
    return;
  }
  KeepOld(*writing.old, writing.status() ? "spec" : "status", writing.object);
  if (!writing.status()) SetGeneration(writing, !SameMember(*writing.old, *writing.object, "spec"));
}

// A number that is not negative, or a percentage up to 100.
void CheckAmount(const json::object& spec, std::string_view name, Findings* findings) {
  const json::value* amount = Find(spec, {name});
  if (amount == nullptr) return;
  const std::string field = fmt::format("spec.{}", name);
  if (!amount->is_string()) {
    CheckNotNegative(spec, {name}, field, findings);
    return;
  }
  const std::string_view text = TextOf(*amount);
  const std::string go =
      fmt::format("intstr.IntOrString{{Type:1, IntVal:0, StrVal:{}}}", Quoted(text));
  const std::string_view digits = text.substr(0, text.empty() ? 0 : text.size() - 1);
  const bool percent =
      text.ends_with('%') && !digits.empty() &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!percent) {
    findings->Invalid(field, go,
                      "a valid percent string must be a numeric string followed by an ending '%' "
                      "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')");
  } else if (digits.size() > 3 || std::stoi(std::string(digits)) > 100) {
    findings->Invalid(field, go, "must not be greater than 100%");
  }
}

void CheckBudgetStatus(const Writing& writing, Findings* findings) {
  for (const char* name :
       {"disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"}) {
    CheckNotNegative(*writing.object, {"status", name}, fmt::format("status.{}", name), findings);
  }
}

void CheckBudget(const Writing& writing, Findings* findings) {
  if (const json::object* spec = FindObject(*writing.object, {"spec"})) {
    if (spec->contains("minAvailable") && spec->contains("maxUnavailable")) {
      findings->Invalid("spec",
                        "policy.PodDisruptionBudgetSpec{MinAvailable:(*intstr.IntOrString)"
                        "(0xc000000000), Selector:(*v1.LabelSelector)(0xc000000000), "
                        "MaxUnavailable:(*intstr.IntOrString)(0xc000000000)}",
                        "minAvailable and maxUnavailable cannot be both set");
    }
    CheckAmount(*spec, "minAvailable", findings);
    CheckAmount(*spec, "maxUnavailable", findings);
    if (const json::object* selector = FindObject(*spec, {"selector"})) {
      CheckLabelSelector(*selector, "spec.selector", findings);
    }
  }
  if (writing.old != nullptr) CheckBudgetStatus(writing, findings);
}

void CheckBudgetStatusUpdate(const Writing& writing, Findings* findings) {
  if (writing.current()) CheckBudgetStatus(writing, findings);
}

}  // namespace

const KindRules& LeaseRules() {
  static constexpr KindRules kRules = {
      .storage = "leases.coordination.k8s.io", .meta = MetaRules::kPlain, .check = CheckLease};
  return kRules;
}

const KindRules& EventRules() {
  static constexpr KindRules kRules = {
      .storage = "events", .meta = MetaRules::kGeneric, .check = CheckEvent};
  return kRules;
}

const KindRules& PriorityClassRules() {
  static constexpr KindRules kRules = {
      .storage = "priorityclasses.scheduling.k8s.io",
      .meta = MetaRules::kCore,
      .rechecks = false,
      .defaults = DefaultPriorityClass,
      .admit = AdmitPriorityClass,
      .reset = ResetPriorityClass,
      .check = CheckPriorityClass,
      .check_update = CheckPriorityClassUpdate,
  };
  return kRules;
}

const KindRules& BudgetRules() {
  static constexpr KindRules kRules = {
      .storage = "poddisruptionbudgets.policy",
      .meta = MetaRules::kGeneric,
      .reset = ResetBudget,
      .check = CheckBudget,
      .check_status = CheckBudgetStatusUpdate,
  };
  return kRules;
}

}  // namespace fairlead::apiserver
