// HierarchyOrder: which leaf is served next, by hierarchical dominant resource fairness (H-DRF) on
// what the queues hold.
//
// Next() walks from the root. Below each queue it goes to the child that is served next: of the
// children with work, those that are not over their entitlement before those that are, then the
// lowest level / weight, then the lowest rank (names, bytewise). A queue all of whose work is in
// queues that are over counts as over itself.
//
//   level of a leaf        = its dominant share: the largest of allocated / capacity;
//   level of an inner queue = the largest, over the resources that waiting work of a leaf below it
//                            uses, of the rescaled sum of its children: a child without work that
//                            may start ("blocked") counts with all that it holds, another child k
//                            with min(1, f w_k / level_k) of its own rescaled sum, where f is the
//                            lowest level / weight of the children that are not blocked. A child
//                            with level 0 counts with all of it.
//
// So a subtree does not pay for what a blocked or a well-supplied queue in it holds (Bhattacharya
// et al., SoCC 2013: "rescale to the minimum node, ignore blocked nodes"). In a flat tree this is
// the order by dominant share / weight. It is rule 4 of queues/entitlement.h on whole gangs.
//
// I1: exact. Levels are kept as intervals of fixed-point numbers, together with their residues
//     modulo a prime of 61 bits. Intervals that lie apart decide; where they overlap, rationals do.
//     These are read off where the sums are exact, as they are where one resource dominates below
//     a queue (most levels that are equal are of that kind); else the two subtrees are added up.
// I2: the answer depends on what is held, blocked and over now, not on how that came about.
//
// Cost of a change: O(depth x (resources + log children)); Next(): O(depth). Flat trees compute one
// dominant share per change. Where neither intervals nor exact sums decide, the two subtrees.
// Does not know gangs, nodes, tenants, limits: the caller blocks a leaf whose work cannot start.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/base/resources.h"
#include "fairlead/base/share.h"

namespace fairlead {

// weight x the factor of decayed usage, as an exact ratio. Only ratios between siblings matter.
struct EffectiveWeight {
  std::int64_t num = 1;  // > 0
  std::int64_t den = 1;  // > 0
};

struct HierarchyQueue {
  QueueId parent = QueueId::None();  // None: child of the root
  std::uint32_t rank = 0;            // its place among all queues by name, unique
  EffectiveWeight weight = {};
  bool over = false;  // holds more than it is entitled to: goes last
  // Of leaves only.
  bool blocked = true;                // has no work that may start
  ResourceVector allocated = {};      // what it holds
  std::vector<ResourceId> uses = {};  // what its waiting work uses, in any order
};

class HierarchyOrder {
 public:
  // `queues` by QueueId, a tree; `capacity` is the denominator of shares (a resource without
  // capacity of which something is held makes a share infinite, as in DominantShare).
  HierarchyOrder(ResourceVector capacity, const std::vector<HierarchyQueue>& queues);
  ~HierarchyOrder();
  HierarchyOrder(HierarchyOrder&&) noexcept;
  HierarchyOrder& operator=(HierarchyOrder&&) noexcept;

  // The leaf to serve, or None when all are blocked.
  QueueId Next() const;

  // The leaf has been given `amounts` more, or has given them back.
  void Charge(QueueId leaf, const ResourceVector& amounts);
  void Refund(QueueId leaf, const ResourceVector& amounts);

  // The leaf has no work left, or none that may start now: Next() does not name it until Unblock.
  // Either may be repeated.
  void Block(QueueId leaf);
  void Unblock(QueueId leaf);
  // The work of the leaf has changed: what it uses from now on.
  void SetUses(QueueId leaf, std::vector<ResourceId> uses);

  // Of a leaf or an inner queue.
  void SetOver(QueueId queue, bool over);
  void SetWeight(QueueId queue, EffectiveWeight weight);

  // What the queue holds now, an inner queue with all below it.
  const ResourceVector& Allocated(QueueId queue) const;
  Share DominantShareOf(QueueId queue) const;

 private:
  class Tree;
  std::unique_ptr<Tree> tree_;
};

}  // namespace fairlead
