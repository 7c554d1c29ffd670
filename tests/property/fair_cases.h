// Random inputs of the entitlement solver, drawn with rapidcheck: call only inside a property.
#pragma once

#include <string>

#include "fairlead/queues/entitlement.h"

namespace fairlead::testing_support {

int Below(int n);  // 0 .. n - 1, whatever the size that rapidcheck asks for
bool OneIn(int n);

// What an input may contain.
struct CaseShape {
  int queues = 8;     // at most
  int resources = 4;  // at most 6
  bool flat = false;  // children of the root only
  bool single_class = false;
  bool positive = false;       // every class wants of every resource
  bool guarantees = false;     // with what may be lent of them
  bool overcommitted = false;  // guarantees may exceed the capacity
  bool limits = false;         // also `borrowing: false`
  bool priorities = false;
  bool sets = false;     // demand that any of several models can serve
  bool missing = false;  // capacities may be 0
  bool large = false;    // amounts up to 2^40 now and then
  bool equal_weights = false;
};

// Everything, many small trees and a few large ones.
CaseShape AnyShape();

// Queues come before those below them; ranks are drawn.
EntitlementInput RandomInput(const CaseShape& shape);

// The same queues under other ids: that of queue q becomes order[q].
EntitlementInput Renumbered(const EntitlementInput& input, const std::vector<std::size_t>& order);
std::vector<std::size_t> RandomOrder(std::size_t n);

// For the log of a counterexample.
std::string Describe(const EntitlementInput& input);

}  // namespace fairlead::testing_support
