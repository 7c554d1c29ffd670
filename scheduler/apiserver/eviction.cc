// Whether a pod may be evicted; declared in admission.h.
#include <fmt/format.h>

#include <vector>

#include "fairlead/base/time.h"
#include "scheduler/apiserver/admission_kinds.h"
#include "scheduler/apiserver/selectors.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kBudgets = "poddisruptionbudgets.policy";
constexpr std::size_t kMaxDisrupted = 2'000;
constexpr const char* kWouldViolate =
    "Cannot evict pod as it would violate the pod's disruption budget.";

bool Covers(const json::object& budget, const json::object* labels, bool current) {
  const json::object* selector = FindObject(budget, {"spec", "selector"});
  if (selector == nullptr) return false;
  const Answer<LabelSelector> parsed = LabelSelectorFrom(*selector);
  // An empty selector meant nothing in policy/v1beta1 and means everything in policy/v1.
  return parsed.ok() && (current || !parsed->empty()) && parsed->Matches(labels);
}

std::vector<const json::object*> BudgetsOf(const AdmissionContext& context,
                                           const json::object& pod) {
  std::vector<const json::object*> budgets;
  const json::object* labels = FindObject(pod, {"metadata", "labels"});
  if (labels == nullptr || labels->empty()) return budgets;
  const std::string ns(GetString(pod, {"metadata", "namespace"}));
  const Store::Table& table = context.store.table(kBudgets);
  const bool current = context.profile == Profile::kCurrent;
  for (auto it = table.lower_bound({ns, ""}); it != table.end() && it->first.ns == ns; ++it) {
    if (Covers(it->second->object, labels, current)) budgets.push_back(&it->second->object);
  }
  return budgets;
}

bool Ready(const json::object& pod) {
  bool ready = false;
  EachObject(pod, {"status", "conditions"}, "", [&](const json::object& one, const auto&) {
    ready |= GetString(one, {"type"}) == "Ready" && GetString(one, {"status"}) == "True";
  });
  return ready;
}

// A pod that is not ready takes nothing from a budget that has what it wants.
bool IsFree(const AdmissionContext& context, const json::object& pod, const json::object& budget) {
  if (Ready(pod)) return false;
  if (context.profile == Profile::kCurrent &&
      GetString(budget, {"spec", "unhealthyPodEvictionPolicy"}) == "AlwaysAllow") {
    return true;
  }
  const std::int64_t desired = GetInt(budget, {"status", "desiredHealthy"}, 0);
  return desired > 0 && GetInt(budget, {"status", "currentHealthy"}, 0) >= desired;
}

ApiError TooSoon(std::string why, int retry_after_s) {
  ApiError error = TooManyRequests(kWouldViolate, retry_after_s);
  error.causes.push_back({"DisruptionBudget", std::move(why), ""});
  return error;
}

ApiError BudgetForbids(std::string_view name, std::string_view why) {
  Resource budget;
  budget.group = "policy";
  budget.plural = "poddisruptionbudget";
  return Forbidden(budget, name, why);
}

std::optional<ApiError> CheckBudget(const AdmissionContext& context, const json::object& budget) {
  constexpr int kRetrySeconds = 10;
  const bool current = context.profile == Profile::kCurrent;
  const std::string_view name = GetString(budget, {"metadata", "name"});
  if (GetInt(budget, {"status", "observedGeneration"}, 0) <
      GetInt(budget, {"metadata", "generation"}, 0)) {
    return TooSoon(
        fmt::format("The disruption budget {} is still being processed by the server.", name),
        current ? kRetrySeconds : 0);
  }
  const std::int64_t allowed = GetInt(budget, {"status", "disruptionsAllowed"}, 0);
  if (allowed < 0) return BudgetForbids(name, "pdb disruptions allowed is negative");
  const json::object* disrupted = FindObject(budget, {"status", "disruptedPods"});
  if (disrupted != nullptr && disrupted->size() > kMaxDisrupted) {
    return BudgetForbids(
        name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (allowed > 0) return std::nullopt;
  const std::int64_t desired = GetInt(budget, {"status", "desiredHealthy"}, 0);
  const std::int64_t healthy = GetInt(budget, {"status", "currentHealthy"}, 0);
  if (current && healthy > desired) {
    return TooSoon(
        fmt::format("The disruption budget {} does not allow evicting pods currently", name), 0);
  }
  return TooSoon(fmt::format("The disruption budget {} needs {} healthy pods and has {} currently",
                             name, desired, healthy),
                 0);
}

}  // namespace

std::optional<ApiError> CheckEviction(const AdmissionContext& context, const json::object& pod,
                                      json::object* budget) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  budget->clear();
  const std::string_view phase = GetString(pod, {"status", "phase"});
  const bool ended = phase == "Succeeded" || phase == "Failed" || phase == "Pending" ||
                     !GetString(pod, {"metadata", "deletionTimestamp"}).empty();
  if (ended) return std::nullopt;
  const std::vector<const json::object*> budgets = BudgetsOf(context, pod);
  if (budgets.empty()) return std::nullopt;
  if (budgets.size() > 1) {
    ApiError error;
    error.message =
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not "
        "support.";
    return error;
  }
  const json::object& one = *budgets.front();
  if (IsFree(context, pod, one)) return std::nullopt;
  if (auto error = CheckBudget(context, one)) return error;
  *budget = one;
  At(budget, {"status", "disruptionsAllowed"}) =
      GetInt(one, {"status", "disruptionsAllowed"}, 0) - 1;
  At(budget, {"status", "disruptedPods", GetString(pod, {"metadata", "name"})}) =
      FormatInstant(Instant{context.now.ns - context.now.ns % kSecond});
  return std::nullopt;
}

}  // namespace fairlead::apiserver
