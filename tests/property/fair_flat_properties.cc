#include <rapidcheck.h>

#include <algorithm>

#include "tests/property/fair_cases.h"
#include "tests/property/fair_checks.h"
#include "tests/property/fair_properties.h"
#include "tests/support/fair_oracle.h"

namespace fairlead::testing_support {
namespace {

CaseShape FlatShape() { return {.queues = 6, .resources = 4, .flat = true, .single_class = true}; }

EntitlementInput Draw(const CaseShape& shape) {
  EntitlementInput input = RandomInput(shape);
  RC_LOG() << Describe(input);
  return input;
}

Amounts WeightsOf(const EntitlementInput& input) {
  Amounts weights;
  for (const EntitlementQueue& queue : input.queues) weights.push_back(ToRational(queue.weight));
  return weights;
}

// Of a single resource: what each gets of `total` when nobody gets more than `most`, by weight.
Amounts MaxMin(const Amounts& most, const Amounts& weights, Rational total) {
  Amounts given(most.size(), 0);
  std::vector<bool> full(most.size(), false);
  // Each round gives all that are not full their fraction, unless that fills one of them.
  for (std::size_t round = 0; round <= most.size(); ++round) {
    Rational weight = 0;
    for (std::size_t q = 0; q < most.size(); ++q) {
      if (!full[q]) weight += weights[q];
    }
    bool filled = false;
    Rational left = total;
    for (std::size_t q = 0; q < most.size(); ++q) {
      if (full[q]) continue;
      given[q] = total * weights[q] / weight;
      if (given[q] < most[q]) continue;
      given[q] = most[q];
      full[q] = filled = true;
      left -= most[q];
    }
    if (!filled) break;
    total = left;
  }
  return given;
}

Amounts DominantShares(const EntitlementInput& input, const ExactSolution& solution) {
  const Amounts capacity = CapacityOf(solution.dimensions, input.capacity);
  Amounts shares;
  for (const ExactClass& c : solution.classes) {
    shares.push_back(DominantShareOf(c.surplus, capacity));
  }
  return shares;
}

}  // namespace

// Nobody would rather have the fraction of everything that belongs to their weight.
void GivesSharingIncentive(const Subject& subject) {
  const EntitlementInput input = Draw(FlatShape());
  const ExactSolution solution = subject.solve(input);
  const Amounts capacity = CapacityOf(solution.dimensions, input.capacity);
  Rational weights = 0;
  for (const Rational& weight : WeightsOf(input)) weights += weight;
  for (const ExactClass& c : solution.classes) {
    Amounts own;
    const Rational fraction = ToRational(input.queues[c.leaf.index()].weight) / weights;
    for (const Rational& amount : capacity) own.push_back(amount * fraction);
    RC_ASSERT(Utility(c.surplus, c.demand) >= Utility(own, c.demand));
  }
}

// With equal weights nobody would rather have what another has.
void IsEnvyFree(const Subject& subject) {
  CaseShape shape = FlatShape();
  shape.equal_weights = true;
  const EntitlementInput input = Draw(shape);
  const ExactSolution solution = subject.solve(input);
  for (const ExactClass& mine : solution.classes) {
    for (const ExactClass& theirs : solution.classes) {
      RC_ASSERT(Utility(mine.surplus, mine.demand) >= Utility(theirs.surplus, mine.demand));
    }
  }
}

// Whatever a queue asks for instead of what it wants, zeros included, gives it no more of that.
void LyingDoesNotPay(const Subject& subject) {
  const EntitlementInput input = Draw(FlatShape());
  const auto liar = static_cast<std::size_t>(Below(static_cast<int>(input.queues.size())));
  EntitlementInput lie = input;
  ResourceVector& claimed = lie.queues[liar].demand[0].amounts;
  for (std::size_t i = 0; i < input.capacity.size(); ++i) {
    const ResourceId r{static_cast<std::uint32_t>(i)};
    if (input.capacity.Get(r) == 0 || OneIn(2)) continue;
    claimed.Set(r, Below(60));
  }
  RC_LOG() << "queue " << liar << " claims otherwise:\n" << Describe(lie);
  const ExactClass honest = subject.solve(input).classes[liar];
  const ExactClass lying = subject.solve(lie).classes[liar];
  Amounts got = lying.surplus;
  got.resize(std::max(got.size(), honest.demand.size()), 0);
  RC_ASSERT(Utility(honest.surplus, honest.demand) >= Utility(got, honest.demand));
}

// Where all want most of the same resource, that resource is shared max-min.
void IsFairAtACommonBottleneck(const Subject& subject) {
  CaseShape shape = FlatShape();
  shape.positive = true;
  EntitlementInput input = RandomInput(shape);
  const std::int64_t capacity = input.capacity.Get(kCpu);
  Amounts wanted;
  for (EntitlementQueue& queue : input.queues) {
    ResourceVector& amounts = queue.demand[0].amounts;
    const std::int64_t cpu = amounts.Get(kCpu);
    wanted.push_back(ToRational(cpu));
    for (std::size_t i = 1; i < amounts.size(); ++i) {
      const ResourceId r{static_cast<std::uint32_t>(i)};
      amounts.Set(r, std::min(amounts.Get(r), cpu * input.capacity.Get(r) / capacity));
    }
  }
  RC_LOG() << Describe(input);
  const ExactSolution solution = subject.solve(input);
  const Amounts expected = MaxMin(wanted, WeightsOf(input), ToRational(capacity));
  for (std::size_t q = 0; q < wanted.size(); ++q) {
    RC_ASSERT(solution.classes[q].surplus[0] == expected[q]);
  }
}

void IsMaxMinOfASingleResource(const Subject& subject) {
  CaseShape shape = FlatShape();
  shape.queues = 12;
  shape.resources = 1;
  const EntitlementInput input = Draw(shape);
  Amounts wanted;
  for (const EntitlementQueue& queue : input.queues) {
    wanted.push_back(ToRational(queue.demand[0].amounts.Get(kCpu)));
  }
  const ExactSolution solution = subject.solve(input);
  const Amounts expected = MaxMin(wanted, WeightsOf(input), ToRational(input.capacity.Get(kCpu)));
  for (std::size_t q = 0; q < wanted.size(); ++q) {
    RC_ASSERT(solution.classes[q].surplus[0] == expected[q]);
  }
}

// Where all want of everything, nobody loses when another leaves.
void IsPopulationMonotone(const Subject& subject) {
  CaseShape shape = FlatShape();
  shape.positive = true;
  const EntitlementInput input = Draw(shape);
  RC_PRE(input.queues.size() > 1);
  EntitlementInput fewer = input;
  fewer.queues.pop_back();
  const Amounts before = DominantShares(input, subject.solve(input));
  const Amounts after = DominantShares(fewer, subject.solve(fewer));
  for (std::size_t q = 0; q < after.size(); ++q) RC_ASSERT(after[q] >= before[q]);
}

void EqualsLinearProgram(const Subject& subject) {
  CaseShape shape = FlatShape();
  shape.queues = 5;
  shape.missing = true;
  const EntitlementInput input = Draw(shape);
  const ExactSolution solution = subject.solve(input);
  const Amounts parts = LexicographicMaxMin(input);
  for (std::size_t q = 0; q < parts.size(); ++q) {
    const ExactClass& c = solution.classes[q];
    for (std::size_t d = 0; d < c.demand.size(); ++d) {
      RC_ASSERT(c.surplus[d] == parts[q] * c.demand[d]);
    }
  }
}

}  // namespace fairlead::testing_support
