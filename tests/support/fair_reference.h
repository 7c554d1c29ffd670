// A slow solver of entitlements that follows their definition (queues/entitlement.h) step by step
// in unbounded rationals and recomputes everything at every step. It shares no code with the solver
// of the product and is the judge of it.
//
// Where the definition leaves a choice, the reference reads it so:
//
//  Live: a dimension is live in a queue if the queue's rescaled sum rises in it as the queue's
//  clock
//    runs (right derivative) and an unfrozen class uses it that is reached through children of the
//    highest priority among the unfrozen. A level therefore always rises.
//  Rescaling: f is the lowest level / weight among the unfrozen children of the highest priority
//    among the unfrozen. Those of lower priority hold nothing yet. The factor of a child whose
//    level is at most f w is 1, also at level 0.
//  Freezing: at the start and after every step all unfrozen classes freeze at once that are
//    satisfied or use a dimension of a tight constraint, growing or not.
//  Borrowing: pods and ephemeral storage count as named in a guarantee where it is > 0.
//  Guarantees are used bottom-up, for each model: what a queue's guarantee holds beyond base and h
//    below it is handed out to demand that has no base yet, of single resources first, then of sets
//    of models by (size, models), taking from a set's models in order of id. What is left over and
//    may not be lent is h.
//  Handing out: down by water filling with the weights, priorities aside, each child at most what
//  it
//    lacks and what fits its limits and those below it; in a leaf in proportion to demand. So
//    demand that a limit forbids is none of the queues above that limit.
//  Cuts: per model, of the parts of base that lie on it and of h.
//  Room: h uses capacity and the limits of its queue and of all ancestors.
//  Rounding: the prefix goes in depth-first preorder by rank; a leaf is one item (its classes and
//  its
//    h), the h of an inner queue an item before its children.
#pragma once

#include <vector>

#include "tests/support/fair_exact.h"

namespace fairlead::testing_support {

// Deliberate mistakes, to see that the tests notice them.
enum class Mutant {
  kNone,
  kWeightsIgnored,
  kInnerWeightsIgnored,  // below the children of the root
  kWeightPlusOne,
  kLaterWeighMore,    // weight * (1 + QueueId)
  kDemandWeighs,      // weight * amount of demand
  kCrowdFavorsFirst,  // weight of queue 0 * (number of queues)^2
  kPriorityIgnored,
  kNoRescale,
  kFrozenLeftOut,  // of the sum that is a queue's level
  kSaturatedKept,  // dimensions stay live
  // Frozen children count in f, so blocked nodes are not ignored. For worked examples only: on
  // random trees it need not come to an end.
  kBlockedHoldBack,
  kSumOfShares,       // asset fairness
  kRawAmounts,        // levels are amounts, not shares
  kBaseInLevel,       // what is guaranteed counts in levels
  kClassesMerged,     // one class per leaf
  kGuaranteeIgnored,  // no base
  kInnerGuaranteeIgnored,
  kKeptIgnored,  // everything is lent
  kCutIgnored,
  kBorrowingIgnored,
  kLimitIgnored,
  kLimitCutsDemand,
  kLimitOnSurplusOnly,
  kSingleModelSetsOnly,  // no constraint on sets of models
  kFullModelSetOnly,     // sets of models: only all of them together
  kFloorEverywhere,      // rounding: remainders are lost
  kRoundById,            // rounding: prefixes by QueueId
};

ExactSolution SolveReference(const EntitlementInput& input, Mutant mutant = Mutant::kNone);

// Rule 6, and the reasons (fair_reasons.h). Of each Entitlement all but `kept` is set.
std::vector<Entitlement> RoundReference(const EntitlementInput& input,
                                        const ExactSolution& solution,
                                        Mutant mutant = Mutant::kNone);

Subject Reference(Mutant mutant = Mutant::kNone);

}  // namespace fairlead::testing_support
