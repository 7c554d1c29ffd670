#include "tests/support/fair_reference.h"

#include <algorithm>
#include <map>
#include <utility>

#include "tests/support/fair_problem.h"
#include "tests/support/fair_reasons.h"

namespace fairlead::testing_support {
namespace {

// All classes of each leaf as one.
EntitlementInput WithClassesMerged(EntitlementInput input) {
  for (EntitlementQueue& queue : input.queues) {
    if (queue.demand.empty()) continue;
    DemandClass all;
    std::map<std::vector<ResourceId>, std::int64_t> sets;
    for (const DemandClass& demand : queue.demand) {
      all.amounts += demand.amounts;
      for (const AnyOf& any : demand.any_of) sets[any.models] += any.amount;
    }
    for (const auto& [models, amount] : sets) all.any_of.push_back({models, amount});
    queue.demand = {all};
  }
  return input;
}

EntitlementInput WithDemandCut(EntitlementInput input) {
  for (EntitlementQueue& queue : input.queues) {
    for (DemandClass& demand : queue.demand) {
      for (std::size_t i = 0; i < demand.amounts.size(); ++i) {
        const ResourceId r{static_cast<std::uint32_t>(i)};
        const auto limit = queue.limit.Get(r);
        if (limit) demand.amounts.Set(r, std::min(*limit, demand.amounts.Get(r)));
      }
    }
  }
  return input;
}

ExactSolution Plain(const EntitlementInput& input, Mutant mutant) {
  FairProblem problem = MakeProblem(input, mutant);
  ExactSolution solution;
  solution.kept = SolveBase(problem, mutant);
  SolveSurplus(problem, solution.kept, mutant);
  solution.dimensions = std::move(problem.dimensions);
  solution.classes = std::move(problem.classes);
  solution.cut = std::move(problem.cut);
  return solution;
}

// What the one class of each leaf got belongs to the classes that it was made of.
ExactSolution SplitAgain(const EntitlementInput& input, const ExactSolution& merged) {
  ExactSolution solution{merged.dimensions, MakeProblem(input, Mutant::kNone).classes, merged.kept};
  for (ExactClass& c : solution.classes) {
    for (const ExactClass& whole : merged.classes) {
      if (whole.leaf != c.leaf) continue;
      c.held_by = whole.held_by;
      for (std::size_t d = 0; d < c.demand.size(); ++d) {
        if (c.demand[d] == 0) continue;
        c.base[d] = whole.base[d] * c.demand[d] / whole.demand[d];
        c.surplus[d] = whole.surplus[d] * c.demand[d] / whole.demand[d];
      }
    }
  }
  return solution;
}

Rational Down(const Rational& value) {
  return Rational(mpz_class(value.get_num() / value.get_den()));
}

// Rounds items one after the other so that every prefix is rounded down.
class Prefix {
 public:
  explicit Prefix(Mutant mutant) : mutant_(mutant) {}

  Rational Next(const Rational& item) {
    if (mutant_ == Mutant::kFloorEverywhere) return Down(item);
    static const Rational kAlmost(1, mpz_class(1) << 64);
    const Rational before = Down(sum_ + kAlmost);
    sum_ += item;
    return Down(sum_ + kAlmost) - before;
  }

 private:
  const Mutant mutant_;
  Rational sum_ = 0;
};

std::vector<std::size_t> Preorder(const FairProblem& problem, Mutant mutant) {
  std::vector<std::size_t> order;
  const auto visit = [&](const auto& self, std::size_t node) -> void {
    if (problem.is_class(node)) return;
    if (node != problem.root()) order.push_back(node);
    for (const std::size_t child : problem.nodes[node].children) self(self, child);
  };
  visit(visit, problem.root());
  if (mutant == Mutant::kRoundById) std::sort(order.begin(), order.end());
  return order;
}

Entitlement ToEntitlement(const FairProblem& problem, const Amounts& amounts) {
  Entitlement entitlement;
  Rational share = 0;
  for (std::size_t d = 0; d < amounts.size(); ++d) {
    if (amounts[d] == 0) continue;
    const std::int64_t amount = amounts[d].get_num().get_si();
    const Dimension& dimension = problem.dimensions[d];
    if (dimension.size() == 1) entitlement.amounts.Set(dimension[0], amount);
    if (dimension.size() > 1) entitlement.any_of.push_back({dimension, amount});
    // Of what there is nothing, only a broken solver gives something.
    if (problem.capacity[d] == 0) continue;
    share = std::max(share, Rational(amounts[d] / problem.capacity[d]));
  }
  std::sort(entitlement.any_of.begin(), entitlement.any_of.end(),
            [](const AnyOf& a, const AnyOf& b) { return a.models < b.models; });
  entitlement.dominant_share = {share.get_num().get_si(), share.get_den().get_si()};
  return entitlement;
}

}  // namespace

ExactSolution SolveReference(const EntitlementInput& input, Mutant mutant) {
  if (mutant == Mutant::kClassesMerged) {
    return SplitAgain(input, Plain(WithClassesMerged(input), Mutant::kNone));
  }
  if (mutant == Mutant::kLimitCutsDemand) {
    ExactSolution solution = Plain(WithDemandCut(input), mutant);
    const FairProblem problem = MakeProblem(input, mutant);
    for (std::size_t c = 0; c < solution.classes.size(); ++c) {
      solution.classes[c].demand = problem.classes[c].demand;
    }
    return solution;
  }
  return Plain(input, mutant);
}

std::vector<Entitlement> RoundReference(const EntitlementInput& input,
                                        const ExactSolution& solution, Mutant mutant) {
  const FairProblem problem = MakeProblem(input, Mutant::kNone);
  const Amounts zero(solution.dimensions.size(), 0);
  // Of each queue alone; then of all that is below it.
  std::vector<Amounts> exact = solution.kept;
  std::vector<Amounts> rounded(problem.root() + 1, zero);
  for (const ExactClass& c : solution.classes) {
    for (std::size_t d = 0; d < zero.size(); ++d) {
      exact[c.leaf.index()][d] += c.base[d] + c.surplus[d];
    }
  }
  for (std::size_t d = 0; d < zero.size(); ++d) {
    Prefix prefix(mutant);
    for (const std::size_t q : Preorder(problem, mutant)) rounded[q][d] = prefix.Next(exact[q][d]);
  }
  const std::vector<std::size_t> order = Preorder(problem, Mutant::kNone);
  for (auto q = order.rbegin(); q != order.rend(); ++q) {
    for (std::size_t d = 0; d < zero.size(); ++d) {
      rounded[problem.nodes[*q].parent][d] += rounded[*q][d];
    }
  }
  std::vector<Entitlement> entitlements;
  for (std::size_t q = 0; q < problem.root(); ++q) {
    entitlements.push_back(ToEntitlement(problem, rounded[q]));
  }
  const std::vector<QueueReasons> reasons = ReasonsOf(input, solution);
  for (std::size_t q = 0; q < problem.root(); ++q) {
    const Reason& reason = reasons[q].bounds.front();
    entitlements[q].bound_by = reason.bound_by;
    entitlements[q].bound_resource = reason.resource;
    entitlements[q].bound_queue = reason.queue;
    entitlements[q].guarantee_cut = reasons[q].guarantee_cut;
  }
  return entitlements;
}

Subject Reference(Mutant mutant) {
  return {.solve = [mutant](const auto& input) { return SolveReference(input, mutant); },
          .round =
              [mutant](const auto& input) {
                return RoundReference(input, SolveReference(input, mutant), mutant);
              }};
}

}  // namespace fairlead::testing_support
