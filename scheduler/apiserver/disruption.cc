#include "scheduler/apiserver/disruption.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kBudgets = "poddisruptionbudgets.policy";
// After this time an eviction that removed nothing no longer counts.
constexpr Duration kDisruptionTimeout = Duration::Seconds(120);

// A number, or a percentage of `total` rounded up.
std::int64_t Scaled(const json::value& value, std::int64_t total) {
  if (const json::string* text = value.if_string()) {
    std::int64_t percent = 0;
    std::from_chars(text->data(), text->data() + text->size(), percent);
    return (percent * total + 99) / 100;
  }
  boost::system::error_code error;
  const auto number = value.to_number<std::int64_t>(error);
  return error ? 0 : number;
}

bool Deleting(const json::object& object) {
  return Find(object, {"metadata", "deletionTimestamp"}) != nullptr;
}

bool Healthy(const json::object& pod) {
  const json::object* ready = FindCondition(pod, "Ready");
  return !Deleting(pod) && ready != nullptr && GetString(*ready, {"status"}) == "True";
}

bool Concerns(const Change& change) {
  const json::object& now = change.now->object;
  if (change.storage == kBudgets) {
    return change.type != ChangeType::kModified ||
           GetInt(now, {"metadata", "generation"}, 0) !=
               GetInt(change.before->object, {"metadata", "generation"}, 0);
  }
  if (change.storage != "pods") return false;
  if (change.type != ChangeType::kModified) return true;
  const json::object& before = change.before->object;
  const json::value* labels = Find(now, {"metadata", "labels"});
  const json::value* old_labels = Find(before, {"metadata", "labels"});
  const bool relabelled = (labels == nullptr) != (old_labels == nullptr) ||
                          (labels != nullptr && *labels != *old_labels);
  return relabelled || Healthy(now) != Healthy(before) || Deleting(now) != Deleting(before);
}

}  // namespace

BudgetStatus BudgetStatusOf(const json::object& budget, const BudgetCounts& counts) {
  BudgetStatus status;
  if (const json::value* most = Find(budget, {"spec", "maxUnavailable"})) {
    status.desired = std::max<std::int64_t>(counts.expected - Scaled(*most, counts.expected), 0);
  } else if (const json::value* least = Find(budget, {"spec", "minAvailable"})) {
    status.desired = Scaled(*least, counts.expected);
  }
  if (counts.expected > 0) {
    status.allowed = std::max<std::int64_t>(counts.healthy - status.desired, 0);
  }
  return status;
}

DisruptionController::DisruptionController(Api* api, LoopWork* work)
    : api_(api),
      work_(work),
      budget_kind_(api->Of(kBudgets)),
      inbox_(
          work, &api->store(), Concerns, [this](const Change& change) { OnChange(change); },
          [this] { WriteDirty(); }) {
  inbox_.Replay(kBudgets);
}

void DisruptionController::OnChange(const Change& change) {
  const json::object& object = change.now->object;
  const ObjectKey key{std::string(GetString(object, {"metadata", "namespace"})),
                      std::string(GetString(object, {"metadata", "name"}))};
  if (change.storage == kBudgets) {
    OnBudget(change, key);
  } else {
    OnPod(change, key);
  }
}

void DisruptionController::OnBudget(const Change& change, const ObjectKey& key) {
  if (const auto old = budgets_.find(key); old != budgets_.end()) {
    work_->Cancel(&old->second.again);
    budgets_.erase(old);
  }
  dirty_.erase(key);
  if (change.type == ChangeType::kDeleted) return;
  Budget& budget = budgets_[key];
  const json::object* selector = FindObject(change.now->object, {"spec", "selector"});
  if (selector != nullptr) {
    auto parsed = LabelSelectorFrom(*selector);
    // policy/v1beta1 takes an empty selector for none, policy/v1 for all.
    budget.selects_any = parsed.ok() && (!parsed->empty() || api_->profile() != Profile::k120);
    if (parsed.ok()) budget.selector = *std::move(parsed);
  }
  const Store::Table& pods = api_->store().table("pods");
  for (auto at = pods.lower_bound(ObjectKey{key.ns, ""});
       at != pods.end() && at->first.ns == key.ns; ++at) {
    Set(&budget, at->second->object);
  }
  dirty_.insert(key);
}

// The pod as it is stored now counts: a budget that was added meanwhile has seen it like that.
void DisruptionController::OnPod(const Change& change, const ObjectKey& key) {
  const std::string uid(GetString(change.now->object, {"metadata", "uid"}));
  const VersionPtr now = api_->store().Get("pods", key.ns, key.name);
  const bool there = now != nullptr && GetString(now->object, {"metadata", "uid"}) == uid;
  for (auto at = budgets_.lower_bound(ObjectKey{key.ns, ""});
       at != budgets_.end() && at->first.ns == key.ns; ++at) {
    Budget& budget = at->second;
    const bool had = budget.pods.contains(uid);
    if (there) {
      Set(&budget, now->object);
    } else {
      Drop(&budget, uid);
    }
    if (had || budget.pods.contains(uid)) dirty_.insert(at->first);
  }
}

void DisruptionController::Set(Budget* budget, const json::object& pod) {
  const std::string uid(GetString(pod, {"metadata", "uid"}));
  Drop(budget, uid);
  if (!budget->selects_any) return;
  if (!budget->selector.Matches(FindObject(pod, {"metadata", "labels"}))) return;
  const bool healthy = Healthy(pod);
  budget->pods.emplace(uid, healthy);
  if (healthy) ++budget->healthy;
}

void DisruptionController::Drop(Budget* budget, const std::string& uid) {
  const auto found = budget->pods.find(uid);
  if (found == budget->pods.end()) return;
  if (found->second) --budget->healthy;
  budget->pods.erase(found);
}

void DisruptionController::WriteDirty() {
  for (const ObjectKey& key : std::exchange(dirty_, {})) {
    const auto found = budgets_.find(key);
    if (found != budgets_.end()) WriteStatus(key, &found->second);
  }
}

std::int64_t DisruptionController::KeepDisrupted(const ObjectKey& key, const Budget& budget,
                                                 json::object* object) {
  const json::object* disrupted = FindObject(*object, {"status", "disruptedPods"});
  if (disrupted == nullptr) return 0;
  json::object kept;
  std::int64_t healthy = 0;
  for (const auto& member : *disrupted) {
    const VersionPtr pod = api_->store().Get("pods", key.ns, member.key());
    const json::string* since = member.value().if_string();
    if (pod == nullptr || since == nullptr || Deleting(pod->object)) continue;
    const Instant until =
        TimeOf(std::string_view(since->data(), since->size())) + kDisruptionTimeout;
    if (until <= api_->Now()) continue;
    kept[member.key()] = member.value();
    const auto known = budget.pods.find(std::string(GetString(pod->object, {"metadata", "uid"})));
    if (known != budget.pods.end() && known->second) ++healthy;
  }
  if (kept.empty()) {
    Erase(object, {"status", "disruptedPods"});
  } else {
    At(object, {"status", "disruptedPods"}) = std::move(kept);
  }
  return healthy;
}

void DisruptionController::WriteStatus(const ObjectKey& key, Budget* budget) {
  const VersionPtr current = api_->store().Get(kBudgets, key.ns, key.name);
  if (current == nullptr) return;
  json::object next = current->object;
  const std::int64_t disrupted = KeepDisrupted(key, *budget, &next);
  const BudgetCounts counts{.expected = static_cast<std::int64_t>(budget->pods.size()),
                            .healthy = budget->healthy - disrupted};
  const BudgetStatus status = BudgetStatusOf(next, counts);
  const std::int64_t generation = GetInt(next, {"metadata", "generation"}, 0);
  for (const auto& [field, value] :
       {std::pair<std::string_view, std::int64_t>{"currentHealthy", counts.healthy},
        {"desiredHealthy", status.desired},
        {"disruptionsAllowed", status.allowed},
        {"expectedPods", counts.expected},
        {"observedGeneration", generation}}) {
    At(&next, {"status", field}) = value;
  }
  if (api_->profile() == Profile::kCurrent) {
    const bool some = status.allowed > 0;
    PutCondition(&next,
                 {.type = "DisruptionAllowed",
                  .status = some ? "True" : "False",
                  .reason = some ? "SufficientPods" : "InsufficientPods"},
                 "", api_->Now());
    for (json::value& entry : ArrayAt(&next, {"status", "conditions"})) {
      json::object* condition = entry.if_object();
      if (condition == nullptr) continue;
      (*condition)["message"] = "";
      (*condition)["observedGeneration"] = generation;
    }
  }
  work_->Cancel(&budget->again);
  if (FindObject(next, {"status", "disruptedPods"}) != nullptr) {
    budget->again = work_->After(kDisruptionTimeout, [this, key] {
      dirty_.insert(key);
      WriteDirty();
    });
  }
  const json::value* before = Find(current->object, {"status"});
  if (before != nullptr && *before == *Find(next, {"status"})) return;
  const auto written = api_->Update(budget_kind_, {key.ns, key.name}, "status", std::move(next));
  FAIRLEAD_CHECK(written.ok(), "status of budget {}/{}: {}", key.ns, key.name,
                 written.ok() ? "" : written.error().message);
}

}  // namespace fairlead::apiserver
