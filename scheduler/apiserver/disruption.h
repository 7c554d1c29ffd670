// Keeps the status of PodDisruptionBudgets: how many pods they select, how many of those are
// healthy, and how many may be disrupted now.
//
// All selected pods are expected ones, also where a budget is a percentage or says maxUnavailable;
// a real controller asks their controllers for their scale instead and refuses kinds without one.
//
// Cost: O(budgets of the namespace) per change of a pod.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "scheduler/apiserver/controllers_work.h"
#include "scheduler/apiserver/selectors.h"

namespace fairlead::apiserver {

struct BudgetCounts {
  std::int64_t expected = 0, healthy = 0;
};
struct BudgetStatus {
  std::int64_t desired = 0, allowed = 0;
};
// From spec.minAvailable or spec.maxUnavailable, numbers or percentages that are rounded up.
BudgetStatus BudgetStatusOf(const json::object& budget, const BudgetCounts& counts);

class DisruptionController {
 public:
  DisruptionController(Api* api, LoopWork* work);

 private:
  struct Budget {
    bool selects_any = false;  // false: it selects nothing
    LabelSelector selector;
    std::unordered_map<std::string, bool> pods;  // uid -> healthy, of those selected
    std::int64_t healthy = 0;
    LoopWork::TimerId again = 0;
  };

  void OnChange(const Change& change);
  void OnBudget(const Change& change, const ObjectKey& key);
  void OnPod(const Change& change, const ObjectKey& key);
  void Set(Budget* budget, const json::object& pod);
  void Drop(Budget* budget, const std::string& uid);
  void WriteDirty();
  void WriteStatus(const ObjectKey& key, Budget* budget);
  // Pods that an eviction has taken and that are still there; others are erased.
  std::int64_t KeepDisrupted(const ObjectKey& key, const Budget& budget, json::object* object);

  Api* api_;
  LoopWork* work_;
  const Resource& budget_kind_;
  std::map<ObjectKey, Budget> budgets_;
  std::set<ObjectKey> dirty_;
  ChangeInbox inbox_;  // last: it is the first to end
};

}  // namespace fairlead::apiserver
