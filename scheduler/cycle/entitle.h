// Entitlements in a decision: what the solver is asked, when it need not be asked, and when a queue
// has all that it is entitled to.
#pragma once

#include <vector>

#include "fairlead/queues/entitlement.h"
#include "fairlead/queues/entitlement_memo.h"
#include "scheduler/cycle/demand.h"
#include "scheduler/cycle/queue_book.h"

namespace fairlead {

// The weight of each queue; with the factor of decayed usage where the policy wants that and there
// is a history.
std::vector<std::int64_t> EffectiveWeights(const Policy& policy, const UsageHistory* history);

// Does any queue keep unused guarantee from others.
bool KeepsAny(const Policy& policy);

EntitlementInput MakeEntitlementInput(const Policy& policy, const QueueContext& context,
                                      const QueueBook& book, const std::vector<LeafDemand>& demand,
                                      const std::vector<std::int64_t>& weights,
                                      const ResourceNames& names);

// What queues are entitled to, as far as it matters for the order of a decision.
//
// A resource is contended at a leaf if the leaves together, or those below one of its ancestors
// with a limit, want more of it than there is. Amounts with alternatives count in full for each of
// their models. Where nothing is contended everybody is entitled to all that he wants, and nothing
// is solved; else it is solved when the order first asks, or when some guarantee is not lent.
//
// A gang is over if its leaf already holds what it is entitled to of a contended resource that the
// gang uses. GPUs count together over the models that the gang accepts, and an entitlement with
// alternatives counts for each of its models. Of resources that are counted in pieces (pods and
// extended ones) one more is allowed, since entitlements are rounded to whole units.
class Entitled {
 public:
  Entitled(const Snapshot& snapshot, const Policy& policy, const QueueContext& context,
           const QueueBook& book, const std::vector<LeafDemand>& demand,
           const std::vector<std::int64_t>& weights);  // all outlive this

  // Solves with what is known from earlier decisions. The memo outlives this.
  void Remember(EntitlementMemo* memo) { memo_ = memo; }

  // By QueueId: what is kept for guarantees that are not lent. Empty where nothing is.
  std::vector<ResourceVector> Kept();

  // Solves, if that is needed and has not been done.
  bool Over(const Candidate& candidate);

 private:
  void Solve();
  void FindContended(const std::vector<LeafDemand>& demand);
  bool OverShape(QueueId queue, ShapeId shape) const;
  std::int64_t EntitledModels(QueueId queue, const std::vector<ResourceId>& models) const;

  const Snapshot& snapshot_;
  const Policy& policy_;
  const QueueContext& context_;
  const QueueBook& book_;
  const std::vector<LeafDemand>& demand_;
  const std::vector<std::int64_t>& weights_;
  std::vector<std::vector<ResourceId>> contended_;  // by QueueId, sorted; empty until asked for
  EntitlementMemo own_memo_;
  EntitlementMemo* memo_ = &own_memo_;
  const std::vector<Entitlement>* entitlements_ = nullptr;  // by QueueId; null: nothing was solved
};

}  // namespace fairlead
