// Entitlements: what every queue should have now, by weighted hierarchical dominant resource
// fairness with guarantees and limits, exactly. Pure arithmetic on ids and quantities.
//
// The rule, from which the answer follows uniquely. Every amount below is rational; levels and
// shares are amounts / capacity, where an amount that any of several GPU models can serve (AnyOf)
// is a dimension of its own with the capacity of those models together.
//
//  1. Demand. A leaf's demand is a set of classes (DemandClass). Each class is a virtual child of
//     the leaf, all of weight 1. A queue's demand D is the sum below it, without what limits below
//     it forbid.
//  2. Guarantee G. `borrowing: false` lowers the limit to min(limit, G); of resources that G does
//     not name that is 0, but for pods and ephemeral storage. Unused guarantee that may not be
//     lent, h = max(0, G - D - lending_limit) (lending_limit = 0 where not lendable), is kept for
//     the queue and belongs to its parent's D.
//  3. Base = min(D, G), per resource. A leaf's base is divided among its classes in proportion to
//     their demand of the resource. An inner queue's base beyond that of its children goes to them
//     by weighted max-min on what they still want, one resource at a time. Where the bases and h of
//     all queues exceed the capacity of a resource (nodes were lost), all of that resource's are
//     cut by the same factor.
//  4. Surplus. Classes grow from zero along d = demand - base (Leontief: all dimensions in
//     proportion), in one pass, until each is frozen: satisfied, or held by a tight constraint on a
//     dimension that it uses.
//       level of a class   = the largest of its surplus / capacity;
//       level of a queue   = the largest, over its live dimensions, of the rescaled sum of its
//                            children's surpluses: a frozen child counts with all that it holds,
//                            another child k with min(1, f w_k / level_k) of its own rescaled sum,
//                            where f is the lowest level / weight among the unfrozen children of
//                            the highest priority (H-DRF's "rescale to the minimum node, ignore
//                            blocked nodes").
//       live dimensions    = those in which the rescaled sum rises and that an unfrozen class below
//                            uses, reached through children of the highest priority among the
//                            unfrozen. Without priorities the second implies the first.
//     Below every queue that grows, those unfrozen children of the highest `priority` grow whose
//     level / weight is the lowest, so that it stays equal among them.
//  5. Constraints: capacity; at every queue its limit, as a capacity of the subtree with its base;
//     both for every set U of GPU models: what accepts only models of U fits in U's sum.
//  6. Whole units: leaves in depth-first order by name get the differences of the rounded prefix
//     sums, per dimension, each prefix rounded down after adding 2^-64 of a unit. So every queue
//     gets its rational amount rounded down or up, sums hold whatever constraint the rational ones
//     hold, and rounding is decided without comparing for equality.
//
// Sources: Ghodsi et al., NSDI 2011 (DRF); Bhattacharya et al., SoCC 2013 (H-DRF); Parkes et al.
// 2015 (zero demands).
//
// Exactness: comparisons are made on intervals of fixed-point numbers; where two intervals overlap
// the solve is repeated in unbounded rationals. Both give the same answer, which a test holds.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/base/resources.h"
#include "fairlead/base/share.h"

namespace fairlead {

// An amount that any of these GPU models can serve: ids of gpu/<model>, sorted, at least two.
struct AnyOf {
  std::vector<ResourceId> models;
  std::int64_t amount = 0;
  friend bool operator==(const AnyOf&, const AnyOf&) = default;
};

// Gangs of one leaf that use the same resources and accept the same GPU models, taken together.
struct DemandClass {
  ResourceVector amounts;
  std::vector<AnyOf> any_of = {};  // sorted by models, which differ
};

// A queue as the solver sees it.
struct EntitlementQueue {
  QueueId parent = QueueId::None();  // None: child of the root
  std::uint32_t rank = 0;            // its place among all queues by name
  std::int64_t weight = 1;           // > 0, in any unit that siblings share
  std::int32_t priority = 0;
  ResourceVector guarantee = {};  // at least the sum of the children's
  ResourceLimits limit = {};
  ResourceLimits lending_limit = {};
  bool lendable = true;
  bool borrowing = true;
  std::vector<DemandClass> demand = {};  // leaves only
};

struct EntitlementInput {
  ResourceVector capacity;
  std::vector<EntitlementQueue> queues;  // by QueueId, in any order
};

// What keeps a queue from more.
enum class BoundBy : std::uint8_t {
  kDemand,     // it has all that it wants
  kGuarantee,  // it may not borrow (or guarantees alone use up what there is)
  kLimit,      // its own limit or that of an ancestor
  kWeight,     // it competes for a resource that is used up: more weight would give it more
  kSaturated,  // a resource is used up, and it competes with nobody for it
};
std::string_view BoundByName(BoundBy bound);  // "demand", "guarantee", ...

struct Entitlement {
  ResourceVector amounts;     // without what is in any_of
  std::vector<AnyOf> any_of;  // sorted by models
  Share dominant_share;       // of the amounts here
  BoundBy bound_by = BoundBy::kDemand;
  // For kLimit, kWeight, kSaturated, kGuarantee: the resource, of a set of models the first.
  ResourceId bound_resource = ResourceId::None();
  QueueId bound_queue = QueueId::None();  // whose limit or guarantee it is
  bool guarantee_cut = false;             // the cluster is too small for all guarantees
  // Of `amounts`: the queue's own unused guarantee that is not lent (h of rule 2), without what is
  // kept for queues below it.
  ResourceVector kept;
};

// One entitlement per queue of the input; an inner queue's amounts are the sums of its leaves'
// amounts and of what is kept for it. Deterministic, whatever the order of queues.
std::vector<Entitlement> SolveEntitlements(const EntitlementInput& input);

}  // namespace fairlead
