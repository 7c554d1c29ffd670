#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "tests/property/fair_cases.h"
#include "tests/property/fair_checks.h"
#include "tests/property/fair_properties.h"
#include "tests/support/fair_reasons.h"
#include "tests/support/fair_reference.h"

namespace fairlead::testing_support {
namespace {

QueueId Id(std::size_t q) { return QueueId{static_cast<std::uint32_t>(q)}; }

EntitlementInput Draw(const CaseShape& shape) {
  EntitlementInput input = RandomInput(shape);
  RC_LOG() << Describe(input);
  return input;
}

// What queue q can have of a resource whatever the others do, as far as limits below it let it.
Rational Usable(const EntitlementInput& input, const ExactSolution& solution, QueueId queue,
                std::size_t d) {
  Rational usable = 0;
  for (const ExactClass& c : solution.classes) {
    if (c.leaf == queue) usable += c.demand[d];
  }
  for (const QueueId child : ChildrenOf(input, queue)) {
    Rational of_child = Usable(input, solution, child, d);
    const auto limit = EffectiveLimit(input.queues[child.index()], solution.dimensions[d][0]);
    usable += limit ? std::min(*limit, of_child) : of_child;
  }
  return usable;
}

bool InSets(const ExactSolution& solution, ResourceId r) {
  return std::any_of(solution.dimensions.begin(), solution.dimensions.end(), [&](const auto& d) {
    return d.size() > 1 && std::find(d.begin(), d.end(), r) != d.end();
  });
}

// Fails unless both give every class the same; classes of `a` are at queues order[q] of `b`.
void AssertSame(const ExactSolution& a, const ExactSolution& b,
                const std::vector<std::size_t>& order, const Amounts& unit) {
  std::map<std::pair<std::size_t, std::size_t>, const ExactClass*> others;
  for (const ExactClass& c : b.classes) others[{c.leaf.index(), c.index}] = &c;
  RC_ASSERT(a.classes.size() == b.classes.size());
  for (const ExactClass& c : a.classes) {
    const ExactClass& other = *others.at({order[c.leaf.index()], c.index});
    for (std::size_t d = 0; d < c.base.size(); ++d) {
      RC_ASSERT(c.base[d] * unit[d] == other.base[d]);
      RC_ASSERT(c.surplus[d] * unit[d] == other.surplus[d]);
    }
  }
  for (std::size_t q = 0; q < a.kept.size(); ++q) {
    for (std::size_t d = 0; d < unit.size(); ++d) {
      RC_ASSERT(a.kept[q][d] * unit[d] == b.kept[order[q]][d]);
    }
  }
}

void AssertSame(const ExactSolution& a, const ExactSolution& b) {
  std::vector<std::size_t> order(a.kept.size());
  for (std::size_t q = 0; q < order.size(); ++q) order[q] = q;
  AssertSame(a, b, order, Amounts(a.dimensions.size(), 1));
}

void AssertSame(const Entitlement& a, const Entitlement& b) {
  RC_ASSERT(a.amounts == b.amounts);
  RC_ASSERT(a.any_of == b.any_of);
  RC_ASSERT(a.dominant_share == b.dominant_share);
}

std::string Describe(const Reason& reason) {
  std::string text(BoundByName(reason.bound_by));
  if (reason.resource.valid()) text += " of resource " + std::to_string(reason.resource.value());
  if (reason.queue.valid()) text += " at queue " + std::to_string(reason.queue.value());
  return text + ";";
}

ResourceVector Times(const ResourceVector& amounts, const std::vector<std::int64_t>& units) {
  ResourceVector result;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const ResourceId r{static_cast<std::uint32_t>(i)};
    result.Set(r, amounts.Get(r) * units[i]);
  }
  return result;
}

ResourceLimits Times(const ResourceLimits& limits, const std::vector<std::int64_t>& units) {
  ResourceLimits result;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const ResourceId r{static_cast<std::uint32_t>(i)};
    if (const auto limit = limits.Get(r)) result.Set(r, *limit * units[i]);
  }
  return result;
}

EntitlementInput InUnits(EntitlementInput input, const std::vector<std::int64_t>& units) {
  input.capacity = Times(input.capacity, units);
  for (EntitlementQueue& queue : input.queues) {
    queue.guarantee = Times(queue.guarantee, units);
    queue.limit = Times(queue.limit, units);
    queue.lending_limit = Times(queue.lending_limit, units);
    for (DemandClass& demand : queue.demand) {
      demand.amounts = Times(demand.amounts, units);
      for (AnyOf& any : demand.any_of) any.amount *= units[any.models[0].index()];
    }
  }
  return input;
}

// The amount of a dimension in an entitlement.
std::int64_t WholeOf(const Entitlement& entitlement, const Dimension& dimension) {
  if (dimension.size() == 1) return entitlement.amounts.Get(dimension[0]);
  for (const AnyOf& any : entitlement.any_of) {
    if (any.models == dimension) return any.amount;
  }
  return 0;
}

}  // namespace

void IsFeasible(const Subject& subject) {
  const EntitlementInput input = Draw(AnyShape());
  const ExactSolution solution = subject.solve(input);
  for (const ExactClass& c : solution.classes) {
    for (std::size_t d = 0; d < c.demand.size(); ++d) {
      RC_ASSERT(c.base[d] >= 0 && c.surplus[d] >= 0);
      RC_ASSERT(c.base[d] + c.surplus[d] <= c.demand[d]);
    }
  }
  for (const Cap& cap : CapsOf(input, solution)) RC_ASSERT(cap.used <= cap.most);
}

// Every queue gets at least min(demand, guarantee) of every resource, and one that lends nothing
// has its whole guarantee.
void GuaranteesHold(const Subject& subject) {
  CaseShape shape = AnyShape();
  shape.guarantees = true;
  shape.overcommitted = false;
  const EntitlementInput input = Draw(shape);
  const ExactSolution solution = subject.solve(input);
  for (std::size_t q = 0; q < input.queues.size(); ++q) {
    const EntitlementQueue& queue = input.queues[q];
    const Amounts held = HeldBelow(input, solution, Id(q));
    for (std::size_t d = 0; d < held.size(); ++d) {
      const ResourceId r = solution.dimensions[d][0];
      if (solution.dimensions[d].size() > 1) continue;
      // Which of its demand a guarantee serves first is another question where models are linked.
      if (InSets(solution, r) && !IsLeaf(input, Id(q))) continue;
      const Rational guarantee = ToRational(queue.guarantee.Get(r));
      const Rational usable = Usable(input, solution, Id(q), d);
      RC_ASSERT(held[d] >= std::min(guarantee, usable));
      const bool lends = queue.lendable || shape.limits || InSets(solution, r);
      RC_ASSERT(lends || held[d] >= guarantee);
    }
  }
}

// No class has unmet demand while nothing that it touches is tight.
void IsParetoOptimal(const Subject& subject) {
  const EntitlementInput input = Draw(AnyShape());
  const ExactSolution solution = subject.solve(input);
  const std::vector<Cap> caps = CapsOf(input, solution);
  for (const ExactClass& c : solution.classes) {
    if (IsSatisfied(c)) continue;
    RC_ASSERT(std::any_of(caps.begin(), caps.end(), [&](const Cap& cap) {
      return cap.used >= cap.most && Covers(input, solution, cap.bound, c);
    }));
  }
}

void OrderOfQueuesDoesNotMatter(const Subject& subject) {
  const EntitlementInput input = Draw(AnyShape());
  const auto order = RandomOrder(input.queues.size());
  EntitlementInput other = Renumbered(input, order);
  const auto whole = subject.round(input);
  const auto other_whole = subject.round(other);
  for (std::size_t q = 0; q < order.size(); ++q) AssertSame(whole[q], other_whole[order[q]]);
  // Exact answers do not depend on names either.
  const auto ranks = RandomOrder(order.size());
  for (std::size_t q = 0; q < order.size(); ++q) {
    other.queues[q].rank = static_cast<std::uint32_t>(ranks[q]);
  }
  const ExactSolution solution = subject.solve(input);
  AssertSame(solution, subject.solve(other), order, Amounts(solution.dimensions.size(), 1));
}

void UnitOfWeightsDoesNotMatter(const Subject& subject) {
  const EntitlementInput input = Draw(AnyShape());
  EntitlementInput other = input;
  std::vector<std::int64_t> factor;
  for (std::size_t q = 0; q <= input.queues.size(); ++q) factor.push_back(1 + Below(5));
  for (EntitlementQueue& queue : other.queues) {
    queue.weight *= factor[queue.parent.valid() ? queue.parent.index() : input.queues.size()];
  }
  AssertSame(subject.solve(input), subject.solve(other));
}

void UnitsOfResourcesDoNotMatter(const Subject& subject) {
  const EntitlementInput input = Draw(AnyShape());
  // One unit for all GPU models, since demand may be for any of them.
  const std::int64_t of_models = 1 + Below(7);
  std::vector<std::int64_t> units;
  for (std::uint32_t r = 0; r < 8; ++r) {
    units.push_back(r < kFixedResources ? 1 + Below(7) : of_models);
  }
  const ExactSolution solution = subject.solve(input);
  Amounts unit;
  for (const Dimension& d : solution.dimensions) unit.push_back(ToRational(units[d[0].index()]));
  std::vector<std::size_t> same(input.queues.size());
  for (std::size_t q = 0; q < same.size(); ++q) same[q] = q;
  AssertSame(solution, subject.solve(InUnits(input, units)), same, unit);
}

// A child of the root with a single class and unmet demand has a dominant share of at least its
// weight over that of all.
void SingleClassBelowTheRootGetsItsFraction(const Subject& subject) {
  CaseShape shape = AnyShape();
  shape.guarantees = shape.limits = shape.priorities = shape.missing = shape.sets = false;
  const EntitlementInput input = Draw(shape);
  const ExactSolution solution = subject.solve(input);
  const Amounts capacity = CapacityOf(solution.dimensions, input.capacity);
  Rational weights = 0;
  for (const QueueId child : ChildrenOf(input, QueueId::None())) {
    weights += ToRational(input.queues[child.index()].weight);
  }
  for (const ExactClass& c : solution.classes) {
    const EntitlementQueue& queue = input.queues[c.leaf.index()];
    if (queue.parent.valid() || queue.demand.size() > 1 || IsSatisfied(c)) continue;
    RC_ASSERT(DominantShareOf(c.surplus, capacity) * weights >= ToRational(queue.weight));
  }
}

// Every queue gets its amount rounded down or up, of each dimension no sum breaks a limit, and all
// together lose less than a unit.
void WholeUnitsKeepSums(const Subject& subject) {
  const EntitlementInput input = Draw(AnyShape());
  const ExactSolution solution = subject.solve(input);
  const auto whole = subject.round(input);
  Amounts total(solution.dimensions.size(), 0);
  for (std::size_t q = 0; q < input.queues.size(); ++q) {
    const Amounts exact = HeldBelow(input, solution, Id(q));
    for (std::size_t d = 0; d < exact.size(); ++d) {
      const Dimension& dimension = solution.dimensions[d];
      const Rational amount = ToRational(WholeOf(whole[q], dimension));
      RC_ASSERT(amount > exact[d] - 1 && amount < exact[d] + 1);
      if (!input.queues[q].parent.valid()) total[d] += amount;
      if (dimension.size() > 1) continue;
      const auto limit = EffectiveLimit(input.queues[q], dimension[0]);
      if (limit) RC_ASSERT(amount <= *limit);
    }
  }
  const Amounts all = HeldBelow(input, solution, QueueId::None());
  const Rational almost(1, mpz_class(1) << 64);
  for (std::size_t d = 0; d < all.size(); ++d) {
    RC_ASSERT(total[d] <= all[d] + almost && total[d] > all[d] + almost - 1);
  }
}

void EqualsReference(const Subject& subject) {
  CaseShape shape = AnyShape();
  shape.large = true;
  EntitlementInput input = RandomInput(shape);
  input = Renumbered(input, RandomOrder(input.queues.size()));
  RC_LOG() << Describe(input);
  const ExactSolution expected = SolveReference(input);
  const ExactSolution solution = subject.solve(input);
  AssertSame(expected, solution);
  for (std::size_t c = 0; c < solution.classes.size(); ++c) {
    RC_ASSERT(solution.classes[c].held_by.has_value() == expected.classes[c].held_by.has_value());
  }
}

void RoundsAsReference(const Subject& subject) {
  CaseShape shape = AnyShape();
  shape.large = true;
  EntitlementInput input = RandomInput(shape);
  input = Renumbered(input, RandomOrder(input.queues.size()));
  RC_LOG() << Describe(input);
  const auto expected = RoundReference(input, SolveReference(input));
  const auto whole = subject.round(input);
  RC_ASSERT(whole.size() == expected.size());
  for (std::size_t q = 0; q < whole.size(); ++q) AssertSame(whole[q], expected[q]);
}

// Says what bounds each queue: the one answer, or one of several where a class touches more than
// one constraint that is tight.
void IsBoundAsReference(const Subject& subject) {
  const CaseShape shape = AnyShape();
  EntitlementInput input = RandomInput(shape);
  input = Renumbered(input, RandomOrder(input.queues.size()));
  RC_LOG() << Describe(input);
  const auto expected = ReasonsOf(input, SolveReference(input));
  const auto whole = subject.round(input);
  for (std::size_t q = 0; q < whole.size(); ++q) {
    const Entitlement& e = whole[q];
    const Reason said{e.bound_by, e.bound_resource, e.bound_queue};
    RC_LOG() << "queue " << q << ": said " << Describe(said) << ", expected";
    for (const Reason& reason : expected[q].bounds) RC_LOG() << " " << Describe(reason);
    RC_LOG() << "\n";
    const auto& bounds = expected[q].bounds;
    RC_ASSERT(std::find(bounds.begin(), bounds.end(), said) != bounds.end());
    // Of what there is none at all, nothing is left of a guarantee to say so.
    if (!shape.missing) RC_ASSERT(e.guarantee_cut == expected[q].guarantee_cut);
  }
}

}  // namespace fairlead::testing_support
