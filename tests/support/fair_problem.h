// The input of an entitlement as the reference works on it: a tree of nodes in which classes are
// children of their leaves, and a list of all constraints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/support/fair_exact.h"
#include "tests/support/fair_reference.h"

namespace fairlead::testing_support {

struct FairNode {
  std::size_t parent = 0;  // of the root: itself
  Rational weight = 1;
  std::int32_t priority = 0;
  std::vector<std::size_t> children = {};  // by rank
};

struct Constraint {
  Bound bound;
  std::size_t node = 0;          // what is below it counts
  std::vector<bool> dimensions;  // which dimensions
  Rational most = 0;
};

// Nodes: the queues by id, then the root, then the classes in the order of ExactSolution::classes.
struct FairProblem {
  EntitlementInput input;
  std::vector<Dimension> dimensions;
  Amounts capacity;
  std::vector<FairNode> nodes;
  std::vector<Constraint> constraints;
  std::vector<ExactClass> classes;  // only their demand is set
  std::vector<bool> cut = {};       // by queue: its base or h was

  std::size_t root() const { return input.queues.size(); }
  std::size_t class_node(std::size_t c) const { return root() + 1 + c; }
  bool is_class(std::size_t node) const { return node > root(); }
  bool is_leaf(std::size_t node) const {
    return node < root() && (nodes[node].children.empty() || is_class(nodes[node].children[0]));
  }
  // True if `node` is `ancestor` or below it.
  bool Within(std::size_t node, std::size_t ancestor) const;
};

FairProblem MakeProblem(const EntitlementInput& input, Mutant mutant);

// Sets base of all classes and `cut`; returns what is kept by queue (rules 2 and 3).
std::vector<Amounts> SolveBase(FairProblem& problem, Mutant mutant);

// Sets surplus, held_by and tight of all classes (rules 4 and 5).
void SolveSurplus(FairProblem& problem, const std::vector<Amounts>& kept, Mutant mutant);

}  // namespace fairlead::testing_support
