#include "scheduler/cycle/entitle.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "fairlead/queues/amounts.h"
#include "fairlead/queues/history.h"

namespace fairlead {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::int64_t Sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kMax : sum;
}

// Amounts with alternatives in full for every model; sums stop at 2^63 - 1.
ResourceVector AtMost(const std::vector<DemandClass>& classes) {
  ResourceVector sum;
  const auto add = [&sum](ResourceId r, std::int64_t amount) {
    sum.Set(r, Sum(sum.Get(r), amount));
  };
  for (const DemandClass& c : classes) {
    for (std::uint32_t r = 0; r < c.amounts.size(); ++r) {
      add(ResourceId(r), c.amounts.Get(ResourceId(r)));
    }
    for (const AnyOf& any : c.any_of) {
      for (const ResourceId model : any.models) add(model, any.amount);
    }
  }
  return sum;
}

bool KeepsAny(const Policy& policy) {
  return std::any_of(policy.queues.begin(), policy.queues.end(), [](const QueueSpec& queue) {
    return !queue.lendable || !queue.lending_limit.empty();
  });
}

}  // namespace

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
    : snapshot_(snapshot), context_(context), book_(book), contended_(policy.queues.size()) {
  FindContended(demand);
  const bool contended = std::any_of(contended_.begin(), contended_.end(),
                                     [](const auto& resources) { return !resources.empty(); });
  if (!contended && !KeepsAny(policy)) return;
  entitlements_ = SolveEntitlements(
      MakeEntitlementInput(policy, context, book, demand, weights, *snapshot.names));
}

void Entitled::FindContended(const std::vector<LeafDemand>& demand) {
  const QueueTree& tree = context_.tree;
  std::vector<ResourceVector> wanted(contended_.size());
  ResourceVector all;
  const auto add = [](const ResourceVector& more, ResourceVector* sum) {
    for (std::uint32_t r = 0; r < more.size(); ++r) {
      sum->Set(ResourceId(r), Sum(sum->Get(ResourceId(r)), more.Get(ResourceId(r))));
    }
  };
  const std::vector<QueueId>& order = tree.DepthFirst();
  for (auto queue = order.rbegin(); queue != order.rend(); ++queue) {
    ResourceVector& own = wanted[queue->index()];
    if (tree.IsLeaf(*queue)) own = AtMost(demand[queue->index()].classes);
    const QueueId parent = tree.parent(*queue);
    add(own, parent.valid() ? &wanted[parent.index()] : &all);
  }
  for (const QueueId queue : order) {
    const QueueId parent = tree.parent(queue);
    const ResourceVector& own = wanted[queue.index()];
    std::vector<ResourceId>& contended = contended_[queue.index()];
    for (std::uint32_t r = 0; r < own.size(); ++r) {
      const ResourceId id(r);
      if (own.Get(id) == 0) continue;
      const bool above = parent.valid() ? std::binary_search(contended_[parent.index()].begin(),
                                                             contended_[parent.index()].end(), id)
                                        : all.Get(id) > context_.capacity.Get(id);
      const bool here = own.Get(id) > book_.Limit(queue).Get(id).value_or(kMax);
      if (above || here) contended.push_back(id);
    }
  }
}

std::vector<ResourceVector> Entitled::Kept() const {
  std::vector<ResourceVector> kept;
  for (const Entitlement& entitlement : entitlements_) kept.push_back(entitlement.kept);
  const auto none = [](const ResourceVector& amounts) { return amounts.IsZero(); };
  if (std::all_of(kept.begin(), kept.end(), none)) kept.clear();
  return kept;
}

std::int64_t Entitled::EntitledModels(QueueId queue, const std::vector<ResourceId>& models) const {
  const Entitlement& entitlement = entitlements_[queue.index()];
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
    const std::int64_t entitled = entitlements_[queue.index()].amounts.Get(r);
    if (held.Get(r) >= Sum(entitled, divisible ? 0 : 1)) return true;
  }
  const PodShape& shape = *(*snapshot_.shapes)[shape_id.index()];
  if (shape.requests.gpus == 0) return false;
  const std::vector<ResourceId>& models = AcceptedGpus(snapshot_, context_, shape_id);
  if (std::none_of(models.begin(), models.end(), is_contended)) return false;
  std::int64_t holds = 0;
  for (const ResourceId model : models) holds = Sum(holds, held.Get(model));
  return holds >= EntitledModels(queue, models);
}

bool Entitled::Over(const Candidate& candidate) const {
  if (entitlements_.empty() || contended_[candidate.queue.index()].empty()) return false;
  if (candidate.shape.valid()) return OverShape(candidate.queue, candidate.shape);
  for (const MemberGroup& group : GroupByShape(*candidate.gang)) {
    if (OverShape(candidate.queue, group.shape)) return true;
  }
  return false;
}

}  // namespace fairlead
