// Sums and bounds that properties of exact solutions are stated in. Written apart from the solvers.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "tests/support/fair_exact.h"

namespace fairlead::testing_support {

// True if `queue` is `ancestor` or below it; everything is below None.
bool IsWithin(const EntitlementInput& input, QueueId queue, QueueId ancestor);

std::vector<QueueId> ChildrenOf(const EntitlementInput& input, QueueId parent);
bool IsLeaf(const EntitlementInput& input, QueueId queue);

// All that is held or kept at `queue` and below it, by dimension.
Amounts HeldBelow(const EntitlementInput& input, const ExactSolution& solution, QueueId queue);

// The limit that follows from limit, guarantee and borrowing.
std::optional<Rational> EffectiveLimit(const EntitlementQueue& queue, ResourceId r);

// What only resources of a set can serve, below a queue, and the most that it may be.
struct Cap {
  Bound bound;
  Rational most;
  Rational used;
};
// Of every queue and the whole, for every resource and every set of GPU models.
std::vector<Cap> CapsOf(const EntitlementInput& input, const ExactSolution& solution);

// True if a class that wants of dimension `d` more than its base is held by `bound`.
bool Covers(const EntitlementInput& input, const ExactSolution& solution, const Bound& bound,
            const ExactClass& c);

bool IsSatisfied(const ExactClass& c);
// The largest amount / capacity, aside from what there is nothing of.
Rational DominantShareOf(const Amounts& amounts, const Amounts& capacity);
// Which part of `demand` the amounts make: the smallest ratio over what is wanted, at most 1.
Rational Utility(const Amounts& amounts, const Amounts& demand);

}  // namespace fairlead::testing_support
