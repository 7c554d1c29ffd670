#include "tests/support/fair_subject.h"

#include <algorithm>

#include "fairlead/base/check.h"
#include "queues/exact_solution.h"

namespace fairlead::testing_support {
namespace {

std::size_t Find(const std::vector<Dimension>& dimensions, const Dimension& wanted) {
  const auto it = std::find(dimensions.begin(), dimensions.end(), wanted);
  FAIRLEAD_CHECK(it != dimensions.end(), "an amount of no dimension");
  return static_cast<std::size_t>(it - dimensions.begin());
}

// The product's exact answer in the form of the reference.
ExactSolution SolveProduct(const EntitlementInput& input) {
  const fair::ExactEntitlements solved = fair::SolveExactly(input);
  ExactSolution solution;
  solution.dimensions = DimensionsOf(input);
  const Amounts zero(solution.dimensions.size(), 0);
  for (const fair::ExactClass& c : solved.classes) {
    const DemandClass& demand = input.queues[c.queue.index()].demand[c.index];
    ExactClass& out = solution.classes.emplace_back();
    out.leaf = c.queue;
    out.index = c.index;
    out.demand = DemandOf(solution.dimensions, demand);
    out.base = zero;
    out.surplus = zero;
    for (const fair::ExactAmount& amount : c.amounts) {
      const std::size_t d = Find(solution.dimensions, amount.models);
      out.base[d] = amount.base;
      out.surplus[d] = amount.surplus;
    }
    if (!c.satisfied) out.held_by.emplace();
  }
  solution.kept.assign(input.queues.size(), zero);
  for (std::size_t q = 0; q < solved.kept.size(); ++q) {
    for (std::uint32_t r = 0; r < solved.kept[q].size(); ++r) {
      if (solved.kept[q][r] == 0) continue;
      solution.kept[q][Find(solution.dimensions, {ResourceId(r)})] = solved.kept[q][r];
    }
  }
  return solution;
}

}  // namespace

const Subject& UnderTest() {
  static const Subject subject{SolveProduct, SolveEntitlements};
  return subject;
}

}  // namespace fairlead::testing_support
