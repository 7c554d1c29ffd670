#include "scheduler/cycle/entitle.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "fairlead/model/gpu_share.h"
#include "fairlead/queues/amounts.h"
#include "fairlead/queues/history.h"

namespace fairlead {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::int64_t Sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kMax : sum;
}

using Row = std::vector<std::int64_t>;  // by ResourceId

void AddUpTo(std::int64_t amount, std::int64_t* sum) { *sum = Sum(*sum, amount); }

// Adds amounts with alternatives in full for every model; sums stop at 2^63 - 1.
void AddAtMost(const std::vector<DemandClass>& classes, Row* row) {
  for (const DemandClass& c : classes) {
    for (std::uint32_t r = 0; r < c.amounts.size(); ++r) {
      AddUpTo(c.amounts.Get(ResourceId(r)), &(*row)[r]);
    }
    for (const AnyOf& any : c.any_of) {
      for (const ResourceId model : any.models) AddUpTo(any.amount, &(*row)[model.index()]);
    }
  }
}

}  // namespace

bool KeepsAny(const Policy& policy) {
  return std::any_of(policy.queues.begin(), policy.queues.end(), [](const QueueSpec& queue) {
    return !queue.lendable || !queue.lending_limit.empty();
  });
}

std::vector<std::int64_t> EffectiveWeights(const Policy& policy, const UsageHistory* history) {
  std::vector<std::int64_t> weights;
  weights.reserve(policy.queues.size());
  const bool used = history != nullptr && policy.history.strength > 0;
  for (const QueueSpec& queue : policy.queues) {
    weights.push_back(queue.weight);
    if (!used) continue;
    const auto past = history->queues.find(queue.name);
    if (past == history->queues.end()) continue;
    weights.back() = WeightAfterHistory(queue.weight, past->second, policy.history.strength);
  }
  return weights;
}

EntitlementInput MakeEntitlementInput(const Policy& policy, const QueueContext& context,
                                      const QueueBook& book, const std::vector<LeafDemand>& demand,
                                      const std::vector<std::int64_t>& weights,
                                      const ResourceNames& names) {
  EntitlementInput input{context.capacity, {}};
  input.queues.resize(policy.queues.size());
  for (std::uint32_t q = 0; q < policy.queues.size(); ++q) {
    const QueueSpec& spec = policy.queues[q];
    EntitlementQueue& queue = input.queues[q];
    queue.parent = context.tree.parent(QueueId(q));
    queue.rank = context.tree.NameRank(QueueId(q));
    queue.weight = weights[q];
    queue.priority = spec.priority;
    queue.guarantee = book.Guarantee(QueueId(q));
    queue.limit = ToLimits(spec.limit, names.resources);
    queue.lending_limit = ToLimits(spec.lending_limit, names.resources);
    queue.lendable = spec.lendable;
    queue.borrowing = spec.borrowing;
    queue.demand = demand[q].classes;
  }
  return input;
}

Entitled::Entitled(const Snapshot& snapshot, const Policy& policy, const QueueContext& context,
                   const QueueBook& book, const std::vector<LeafDemand>& demand,
                   const std::vector<std::int64_t>& weights)
    : snapshot_(snapshot),
      policy_(policy),
      context_(context),
      book_(book),
      demand_(demand),
      weights_(weights) {}

void Entitled::Solve() {
  if (entitlements_ != nullptr) return;
  entitlements_ = &memo_->Solve(
      MakeEntitlementInput(policy_, context_, book_, demand_, weights_, *snapshot_.names));
}

void Entitled::FindContended(const std::vector<LeafDemand>& demand) {
  const QueueTree& tree = context_.tree;
  contended_.resize(tree.size());
  const std::size_t resources = snapshot_.names->resources.size();
  const auto place = [&](QueueId queue) { return queue.valid() ? queue.index() : tree.size(); };
  std::vector<Row> wanted(tree.size() + 1, Row(resources, 0));  // the root's last
  const std::vector<QueueId>& order = tree.DepthFirst();
  for (auto queue = order.rbegin(); queue != order.rend(); ++queue) {
    const Row& own = wanted[queue->index()];
    Row& above = wanted[place(tree.parent(*queue))];
    AddAtMost(demand[queue->index()].classes, &wanted[queue->index()]);
    for (std::size_t r = 0; r < resources; ++r) AddUpTo(own[r], &above[r]);
  }
  Row scarce(resources, 0);
  for (std::uint32_t r = 0; r < resources; ++r) {
    scarce[r] = wanted.back()[r] > context_.capacity.Get(ResourceId(r)) ? 1 : 0;
  }
  for (const QueueId queue : order) {
    const QueueId parent = tree.parent(queue);
    const Row& own = wanted[queue.index()];
    std::vector<ResourceId>& contended = contended_[queue.index()];
    for (std::uint32_t r = 0; r < resources; ++r) {
      const ResourceId id(r);
      if (own[r] == 0) continue;
      const bool above = parent.valid() ? std::binary_search(contended_[parent.index()].begin(),
                                                             contended_[parent.index()].end(), id)
                                        : scarce[r] != 0;
      const bool here = own[r] > book_.Limit(queue).Get(id).value_or(kMax);
      if (above || here) contended.push_back(id);
    }
  }
}

std::vector<ResourceVector> Entitled::Kept() {
  std::vector<ResourceVector> kept;
  if (!KeepsAny(policy_)) return kept;
  Solve();
  for (const Entitlement& entitlement : *entitlements_) kept.push_back(entitlement.kept);
  const auto none = [](const ResourceVector& amounts) { return amounts.IsZero(); };
  if (std::all_of(kept.begin(), kept.end(), none)) kept.clear();
  return kept;
}

std::int64_t Entitled::EntitledModels(QueueId queue, const std::vector<ResourceId>& models) const {
  const Entitlement& entitlement = (*entitlements_)[queue.index()];
  std::int64_t sum = 0;
  for (const ResourceId model : models) sum = Sum(sum, entitlement.amounts.Get(model));
  for (const AnyOf& any : entitlement.any_of) {
    const bool shared = std::find_first_of(any.models.begin(), any.models.end(), models.begin(),
                                           models.end()) != any.models.end();
    if (shared) sum = Sum(sum, any.amount);
  }
  return sum;
}

bool Entitled::OverShape(QueueId queue, ShapeId shape_id) const {
  const std::vector<ResourceId>& contended = contended_[queue.index()];
  const auto is_contended = [&contended](ResourceId r) {
    return std::binary_search(contended.begin(), contended.end(), r);
  };
  const ResourceVector& held = book_.Allocated(queue);
  const ResourceVector& requests = (*snapshot_.shape_requests)[shape_id.index()];
  for (const ResourceId r : contended) {
    if (requests.Get(r) == 0) continue;
    const bool divisible = r == kCpu || r == kMemory || r == kEphemeralStorage;
    const std::int64_t entitled = (*entitlements_)[queue.index()].amounts.Get(r);
    if (held.Get(r) >= Sum(entitled, divisible ? 0 : 1)) return true;
  }
  if (GpusAsked(*(*snapshot_.shapes)[shape_id.index()]) == 0) return false;
  const std::vector<ResourceId>& models = AcceptedGpus(snapshot_, context_, shape_id);
  if (std::none_of(models.begin(), models.end(), is_contended)) return false;
  std::int64_t holds = 0;
  for (const ResourceId model : models) holds = Sum(holds, held.Get(model));
  return holds >= EntitledModels(queue, models);
}

bool Entitled::Over(const Candidate& candidate) {
  if (contended_.empty()) FindContended(demand_);
  if (contended_[candidate.queue.index()].empty()) return false;
  Solve();
  if (candidate.shape.valid()) return OverShape(candidate.queue, candidate.shape);
  for (const MemberGroup& group : GroupByShape(*candidate.gang)) {
    if (OverShape(candidate.queue, group.shape)) return true;
  }
  return false;
}

}  // namespace fairlead
