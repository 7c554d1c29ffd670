// EntitlementMemo: entitlements of an input that changes a little from one solve to the next.
//
// I1: Every answer is that of SolveEntitlements for the same input, bit for bit.
//
// A change of one leaf's demand is answered from the last solve, in O(amounts of the leaf), where
// it moves nobody: a leaf of one class that is held by a limit or by a resource that is used up,
// and whose demand keeps its proportions and stays above what the leaf has. The level at which such
// a leaf is held does not depend on how much more it wants. This is what a backlog of equal gangs
// does while it grows and shrinks.
//
// Any other change moves everybody: a class that takes resources in other proportions changes the
// clock of every queue above it, and so, by however little, every amount that is not all of a
// demand. There is no shorter way to these amounts than to solve again.
#pragma once

#include <cstddef>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/queues/entitlement.h"

namespace fairlead {

class EntitlementMemo {
 public:
  // The answer stays valid until the next call.
  const std::vector<Entitlement>& Solve(EntitlementInput input);
  // The same for the last input with another demand of this leaf. Needs an earlier Solve.
  const std::vector<Entitlement>& Update(QueueId leaf, std::vector<DemandClass> demand);

  // How often it had to solve.
  std::size_t solves() const { return solves_; }

 private:
  void SolveAgain();

  EntitlementInput input_;
  std::vector<Entitlement> answer_;
  bool guaranteed_ = false;  // some queue has a guarantee: bases follow demand, so all may move
  std::size_t solves_ = 0;
};

}  // namespace fairlead
