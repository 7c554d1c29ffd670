// Written from the rules, by names and from the list of queues alone: it shares neither the tree
// nor the book with the passes.
#include "scheduler/cycle/verify_queues.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace fairlead {
namespace {

__extension__ using Wide = __int128;

using Totals = std::map<std::string, std::int64_t>;  // by name of the resource

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool Holds(const GangView& gang) {
  return std::any_of(gang.members.begin(), gang.members.end(), [](const MemberView& member) {
    return member.state == MemberState::kAssumed || member.state == MemberState::kBound;
  });
}

class QueueVerifier {
 public:
  QueueVerifier(const Snapshot& snapshot, const Policy& policy, const Plan& plan)
      : snapshot_(snapshot), policy_(policy), plan_(plan) {
    for (const QueueSpec& queue : policy.queues) {
      by_name_[queue.name] = &queue;
      children_[queue.parent].push_back(&queue);
    }
  }

  std::vector<std::string> Run() {
    CountHeld();
    CountAdded();
    for (const auto& [claim, started] : started_) CheckClaim(claim, started);
    for (const auto& [queue, added] : added_) CheckLimits(*by_name_.at(queue), added);
    for (const auto& [key, added] : added_by_user_) {
      CheckUser(*by_name_.at(key.first), key.second, added);
    }
    for (const auto& [queue, started] : started_in_) CheckCap(*by_name_.at(queue), started);
    return std::move(objections_);
  }

 private:
  template <typename... Args>
  void Object(fmt::format_string<Args...> format, Args&&... args) {
    objections_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  // The queue and its ancestors.
  std::vector<const QueueSpec*> Path(const std::string& name) const {
    std::vector<const QueueSpec*> path;
    for (auto it = by_name_.find(name); it != by_name_.end();
         it = by_name_.find(path.back()->parent)) {
      path.push_back(it->second);
      if (path.back()->parent.empty()) break;
    }
    return path;
  }

  const TenantSpec* TenantOf(const Claim& claim) const {
    for (const TenantSpec& tenant : policy_.tenants) {
      if (Has(tenant.namespaces, claim.ns)) return &tenant;
    }
    for (const TenantSpec& tenant : policy_.tenants) {
      if (tenant.name == claim.tenant_label) return &tenant;
    }
    return nullptr;
  }

  std::string QueueOf(const Claim& claim) const {
    if (!claim.queue.empty()) return claim.queue;
    const TenantSpec* tenant = TenantOf(claim);
    return tenant == nullptr ? "default" : tenant->default_queue;
  }

  void CountHeld() {
    for (const Claim& claim : snapshot_.claims) {
      for (const QueueSpec* queue : Path(QueueOf(claim))) {
        AddTo(claim.allocated, &held_[queue->name]);
        AddTo(claim.allocated, &held_by_user_[{queue->name, claim.user}]);
        running_[queue->name] += RunningGangs(claim);
      }
    }
  }

  void AddTo(const ResourceVector& amounts, Totals* totals) const {
    for (std::uint32_t r = 0; r < amounts.size(); ++r) {
      const std::int64_t amount = amounts.Get(ResourceId(r));
      if (amount > 0) (*totals)[snapshot_.names->resources[r]] += amount;
    }
  }

  // Members are counted first and multiplied then: plans are long and have few kinds of members.
  void CountAdded() {
    std::map<std::tuple<ClaimId, ShapeId, ModelId>, std::pair<std::int64_t, NodeId>> kinds;
    std::set<GangId> seen;
    for (const Placement& placement : plan_.bind) {
      const GangView& gang = *FindGang(snapshot_, placement.gang);
      const ShapeId shape = gang.members[placement.member].shape;
      const ModelId model = snapshot_.nodes->model[placement.node.index()];
      auto& [count, node] = kinds[{gang.claim, shape, model}];
      ++count;
      node = placement.node;
      if (seen.insert(placement.gang).second) started_[gang.claim] += Holds(gang) ? 0 : 1;
    }
    for (const auto& [kind, members] : kinds) {
      const Claim& claim = snapshot_.claims[std::get<0>(kind).index()];
      ResourceVector amounts;
      amounts.AddTimes(Held(snapshot_, std::get<1>(kind), members.second), members.first);
      for (const QueueSpec* queue : Path(QueueOf(claim))) {
        AddTo(amounts, &added_[queue->name]);
        AddTo(amounts, &added_by_user_[{queue->name, claim.user}]);
      }
    }
  }

  void CheckClaim(ClaimId id, std::int64_t started) {
    const Claim& claim = snapshot_.claims[id.index()];
    const std::string queue = QueueOf(claim);
    const std::vector<const QueueSpec*> path = Path(queue);
    if (path.empty()) return Object("queue {} does not exist and gets something", queue);
    if (children_.contains(queue)) Object("queue {} gets something and is no leaf", queue);
    if (!MayUse(claim, path)) {
      Object("namespace {} gets something from queue {} and may not use it", claim.ns, queue);
    }
    for (const QueueSpec* spec : path) {
      if (started > 0 && spec->state != QueueState::kOpen) {
        Object("queue {} is not open, and {} gangs of it are started", spec->name, started);
      }
      started_in_[spec->name] += started;
    }
  }

  bool MayUse(const Claim& claim, const std::vector<const QueueSpec*>& path) const {
    const TenantSpec* tenant = TenantOf(claim);
    const std::string& who = tenant == nullptr ? claim.tenant_label : tenant->name;
    bool for_all = policy_.tenants.empty();
    for (const QueueSpec* queue : path) {
      if (!who.empty() && Has(queue->tenants, who)) return true;
      if (tenant != nullptr && Has(tenant->queues, queue->name)) return true;
      if (!queue->tenants.empty()) for_all = false;
    }
    return for_all;
  }

  // Declared, or the sum of the children's.
  std::int64_t Guarantee(const QueueSpec& queue, const std::string& resource) const {
    if (!queue.guarantee.empty()) return FindAmount(queue.guarantee, resource).value_or(0);
    const auto children = children_.find(queue.name);
    std::int64_t sum = 0;
    if (children == children_.end()) return sum;
    for (const QueueSpec* child : children->second) sum += Guarantee(*child, resource);
    return sum;
  }

  std::optional<std::int64_t> Limit(const QueueSpec& queue, const std::string& resource) const {
    const std::optional<std::int64_t> limit = FindAmount(queue.limit, resource);
    if (queue.borrowing) return limit;
    const std::int64_t guarantee = Guarantee(queue, resource);
    const bool lenient = resource == "pods" || resource == "ephemeral-storage";
    if (lenient && guarantee == 0) return limit;
    return std::min(guarantee, limit.value_or(guarantee));
  }

  void CheckLimits(const QueueSpec& queue, const Totals& added) {
    for (const auto& [resource, amount] : added) {
      const std::optional<std::int64_t> limit = Limit(queue, resource);
      const std::int64_t held = held_[queue.name][resource];
      if (limit && held + amount > *limit) {
        Object("queue {} may hold {} of {}, holds {} and gets {}", queue.name, *limit, resource,
               held, amount);
      }
    }
  }

  // A user's part is of what the cluster has where no limit says less; nodes that are cordoned and
  // what others hold make it smaller, which is not looked at here.
  void CheckUser(const QueueSpec& queue, const std::string& user, const Totals& added) {
    if (queue.user_limit >= kWeightOne) return;
    const ResourceVector capacity = Capacity(snapshot_);
    for (const auto& [resource, amount] : added) {
      const auto& names = snapshot_.names->resources;
      const auto id = static_cast<std::uint32_t>(std::find(names.begin(), names.end(), resource) -
                                                 names.begin());
      std::int64_t size = capacity.Get(ResourceId(id));
      for (const QueueSpec* above : Path(queue.name)) {
        size = std::min(size, Limit(*above, resource).value_or(size));
      }
      const std::int64_t held = held_by_user_[{queue.name, user}][resource];
      if (Wide{held + amount} * kWeightOne > Wide{size} * queue.user_limit) {
        Object("user {} gets {} of {} beyond his part of queue {}", user, amount, resource,
               queue.name);
      }
    }
  }

  void CheckCap(const QueueSpec& queue, std::int64_t started) {
    const std::int64_t running = running_[queue.name];
    if (queue.max_running_gangs && running + started > *queue.max_running_gangs) {
      Object("queue {} may run {} gangs, runs {} and starts {}", queue.name,
             *queue.max_running_gangs, running, started);
    }
  }

  using UserOfQueue = std::pair<std::string, std::string>;  // queue, user

  const Snapshot& snapshot_;
  const Policy& policy_;
  const Plan& plan_;
  std::map<std::string, const QueueSpec*> by_name_;
  std::map<std::string, std::vector<const QueueSpec*>> children_;
  std::map<std::string, Totals> held_;
  std::map<std::string, Totals> added_;
  std::map<UserOfQueue, Totals> held_by_user_;
  std::map<UserOfQueue, Totals> added_by_user_;
  std::map<std::string, std::int64_t> running_;
  std::map<ClaimId, std::int64_t> started_;  // gangs that held nothing before
  std::map<std::string, std::int64_t> started_in_;
  std::vector<std::string> objections_;
};

}  // namespace

std::vector<std::string> VerifyQueues(const Snapshot& snapshot, const Policy& policy,
                                      const Plan& plan) {
  if (plan.bind.empty()) return {};
  return QueueVerifier(snapshot, policy, plan).Run();
}

}  // namespace fairlead
