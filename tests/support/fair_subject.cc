#include "tests/support/fair_subject.h"

#include <algorithm>

#include "queues/exact_solution.h"

namespace fairlead::testing_support {
namespace {

std::size_t IndexOf(const std::vector<Dimension>& dimensions, const Dimension& dimension) {
  const auto it = std::find(dimensions.begin(), dimensions.end(), dimension);
  return static_cast<std::size_t>(it - dimensions.begin());
}

ExactClass Translate(const EntitlementInput& input, const std::vector<Dimension>& dimensions,
                     const fair::ExactClass& solved) {
  ExactClass c;
  c.leaf = solved.queue;
  c.index = solved.index;
  c.demand = DemandOf(dimensions, input.queues[c.leaf.index()].demand[c.index]);
  c.base = c.surplus = Amounts(dimensions.size(), 0);
  for (const fair::ExactAmount& amount : solved.amounts) {
    c.base.at(IndexOf(dimensions, amount.models)) = amount.base;
    c.surplus.at(IndexOf(dimensions, amount.models)) = amount.surplus;
  }
  if (!solved.satisfied) c.held_by = Bound();
  return c;
}

ExactSolution Solve(const EntitlementInput& input) {
  const fair::ExactEntitlements solved = fair::SolveExactly(input);
  ExactSolution solution;
  solution.dimensions = DimensionsOf(input);
  for (const fair::ExactClass& c : solved.classes) {
    solution.classes.push_back(Translate(input, solution.dimensions, c));
  }
  for (const auto& kept : solved.kept) {
    solution.kept.emplace_back(solution.dimensions.size(), 0);
    for (std::size_t r = 0; r < kept.size(); ++r) {
      if (kept[r] != 0) solution.kept.back().at(r) = kept[r];
    }
  }
  return solution;
}

}  // namespace

const Subject& UnderTest() {
  static const Subject subject{.solve = Solve, .round = SolveEntitlements};
  return subject;
}

}  // namespace fairlead::testing_support
