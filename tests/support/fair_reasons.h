// What bounds each queue, from the definition of BoundBy and the exact answer of the reference.
//
// A leaf is bound by what holds the first of its classes that is not satisfied, an inner queue as
// the first of its children by name that is bound. More than one constraint that a class touches
// may be tight in the end; the definition does not say which of them is named: each is an answer.
//
//   a limit              kLimit, or kGuarantee where borrowing is what forbids more
//   capacity             kGuarantee for a class with a base and no surplus, where bases and h alone
//                        use it up; else kWeight if a class of another leaf is held by it too,
//                        otherwise kSaturated. Where queues of higher priority have left such a
//                        class nothing beyond its base, kGuarantee is an answer as well.
#pragma once

#include <vector>

#include "tests/support/fair_exact.h"

namespace fairlead::testing_support {

struct Reason {
  BoundBy bound_by = BoundBy::kDemand;
  ResourceId resource = ResourceId::None();
  QueueId queue = QueueId::None();
  friend bool operator==(const Reason&, const Reason&) = default;
};

struct QueueReasons {
  std::vector<Reason> bounds;  // any of these; one at least
  bool guarantee_cut = false;
};

// By queue. `solution` is of SolveReference.
std::vector<QueueReasons> ReasonsOf(const EntitlementInput& input, const ExactSolution& solution);

}  // namespace fairlead::testing_support
