#include "tests/support/fair_problem.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace fairlead::testing_support {
namespace {

// Models that occur in sets; every other resource is served by itself alone.
std::vector<ResourceId> LinkedModels(const std::vector<Dimension>& dimensions) {
  std::set<ResourceId> models;
  for (const Dimension& d : dimensions) {
    if (d.size() > 1) models.insert(d.begin(), d.end());
  }
  return {models.begin(), models.end()};
}

// `single` alone, or every set of linked models that is worth a constraint.
std::vector<std::vector<ResourceId>> SetsToBound(const std::vector<Dimension>& dimensions,
                                                 Mutant mutant) {
  const std::vector<ResourceId> linked = LinkedModels(dimensions);
  std::vector<std::vector<ResourceId>> sets;
  for (const Dimension& d : dimensions) {
    if (d.size() == 1 && !std::binary_search(linked.begin(), linked.end(), d[0])) sets.push_back(d);
  }
  for (std::size_t bits = 1; bits < (std::size_t{1} << linked.size()); ++bits) {
    std::vector<ResourceId> set;
    for (std::size_t i = 0; i < linked.size(); ++i) {
      if ((bits >> i & 1) != 0) set.push_back(linked[i]);
    }
    if (mutant == Mutant::kSingleModelSetsOnly && set.size() > 1) continue;
    if (mutant == Mutant::kFullModelSetOnly && set.size() > 1 && set.size() < linked.size()) {
      continue;
    }
    sets.push_back(std::move(set));
  }
  return sets;
}

std::optional<Rational> LimitOf(const EntitlementQueue& queue, ResourceId r, Mutant mutant) {
  std::optional<Rational> limit;
  if (mutant == Mutant::kLimitIgnored) return limit;
  if (const auto given = queue.limit.Get(r)) limit = ToRational(*given);
  if (queue.borrowing || mutant == Mutant::kBorrowingIgnored) return limit;
  const Rational guarantee = ToRational(queue.guarantee.Get(r));
  if (guarantee == 0 && (r == kPods || r == kEphemeralStorage)) return limit;
  return limit ? std::min(*limit, guarantee) : guarantee;
}

Constraint MakeConstraint(const FairProblem& problem, std::vector<ResourceId> set,
                          std::size_t node) {
  Constraint constraint;
  constraint.node = node;
  if (node < problem.root()) constraint.bound.queue = QueueId{static_cast<std::uint32_t>(node)};
  for (const Dimension& d : problem.dimensions) {
    constraint.dimensions.push_back(std::includes(set.begin(), set.end(), d.begin(), d.end()));
  }
  constraint.bound.resources = std::move(set);
  return constraint;
}

void AddConstraints(FairProblem& problem, Mutant mutant) {
  for (const auto& set : SetsToBound(problem.dimensions, mutant)) {
    Constraint whole = MakeConstraint(problem, set, problem.root());
    for (const ResourceId r : set) whole.most += ToRational(problem.input.capacity.Get(r));
    problem.constraints.push_back(std::move(whole));
    for (std::size_t q = 0; q < problem.root(); ++q) {
      Constraint limit = MakeConstraint(problem, set, q);
      bool bounded = true;
      for (const ResourceId r : set) {
        const auto most = LimitOf(problem.input.queues[q], r, mutant);
        bounded = bounded && most.has_value();
        if (most) limit.most += *most;
      }
      if (bounded) problem.constraints.push_back(std::move(limit));
    }
  }
}

void AddNodes(FairProblem& problem, Mutant mutant) {
  const auto& queues = problem.input.queues;
  problem.nodes.resize(queues.size() + 1);
  problem.nodes[problem.root()].parent = problem.root();
  for (std::size_t q = 0; q < queues.size(); ++q) {
    FairNode& node = problem.nodes[q];
    const QueueId parent = queues[q].parent;
    node.parent = parent.valid() ? parent.index() : problem.root();
    node.weight = ToRational(queues[q].weight);
    node.priority = mutant == Mutant::kPriorityIgnored ? 0 : queues[q].priority;
    const bool inner = parent.valid();
    if (mutant == Mutant::kWeightsIgnored) node.weight = 1;
    if (mutant == Mutant::kInnerWeightsIgnored && inner) node.weight = 1;
    problem.nodes[node.parent].children.push_back(q);
  }
  for (FairNode& node : problem.nodes) {
    std::sort(node.children.begin(), node.children.end(), [&](std::size_t a, std::size_t b) {
      return std::pair(queues[a].rank, a) < std::pair(queues[b].rank, b);
    });
  }
}

void AddClasses(FairProblem& problem) {
  for (std::size_t q = 0; q < problem.root(); ++q) {
    const auto& demand = problem.input.queues[q].demand;
    for (std::size_t i = 0; i < demand.size(); ++i) {
      ExactClass c;
      c.leaf = QueueId{static_cast<std::uint32_t>(q)};
      c.index = i;
      c.demand = DemandOf(problem.dimensions, demand[i]);
      c.base = c.surplus = Amounts(problem.dimensions.size(), 0);
      problem.classes.push_back(std::move(c));
      problem.nodes[q].children.push_back(problem.nodes.size());
      problem.nodes.push_back({.parent = q});
    }
  }
}

}  // namespace

std::vector<Dimension> DimensionsOf(const EntitlementInput& input) {
  std::size_t resources = input.capacity.size();
  std::set<std::pair<std::size_t, Dimension>> sets;
  for (const EntitlementQueue& queue : input.queues) {
    resources = std::max(resources, queue.guarantee.size());
    for (const DemandClass& demand : queue.demand) {
      resources = std::max(resources, demand.amounts.size());
      for (const AnyOf& any : demand.any_of) {
        sets.emplace(any.models.size(), any.models);
        resources = std::max(resources, any.models.back().index() + 1);
      }
    }
  }
  std::vector<Dimension> dimensions;
  for (std::size_t r = 0; r < resources; ++r) {
    dimensions.push_back({ResourceId{static_cast<std::uint32_t>(r)}});
  }
  for (const auto& [size, models] : sets) dimensions.push_back(models);
  return dimensions;
}

Amounts DemandOf(const std::vector<Dimension>& dimensions, const DemandClass& demand) {
  Amounts amounts(dimensions.size(), 0);
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    if (dimensions[d].size() == 1) amounts[d] = ToRational(demand.amounts.Get(dimensions[d][0]));
    for (const AnyOf& any : demand.any_of) {
      if (any.models == dimensions[d]) amounts[d] = ToRational(any.amount);
    }
  }
  return amounts;
}

Amounts CapacityOf(const std::vector<Dimension>& dimensions, const ResourceVector& capacity) {
  Amounts amounts(dimensions.size(), 0);
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    for (const ResourceId r : dimensions[d]) amounts[d] += ToRational(capacity.Get(r));
  }
  return amounts;
}

bool FairProblem::Within(std::size_t node, std::size_t ancestor) const {
  while (node != ancestor && node != root()) node = nodes[node].parent;
  return node == ancestor;
}

FairProblem MakeProblem(const EntitlementInput& input, Mutant mutant) {
  FairProblem problem;
  problem.input = input;
  problem.dimensions = DimensionsOf(input);
  problem.capacity = CapacityOf(problem.dimensions, input.capacity);
  AddNodes(problem, mutant);
  AddClasses(problem);
  AddConstraints(problem, mutant);
  return problem;
}

}  // namespace fairlead::testing_support
