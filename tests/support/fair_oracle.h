// A second opinion on flat instances, by linear programming instead of by filling: the
// lexicographic max-min of dominant share / weight, exactly.
#pragma once

#include "tests/support/fair_exact.h"

namespace fairlead::testing_support {

// The largest objective * x with rows * x <= bounds and x >= 0. The bounds are >= 0, and the
// optimum is finite. Simplex with Bland's rule, which comes to an end.
struct LinearProgram {
  std::vector<Amounts> rows;
  Amounts bounds;
  Amounts objective;
};
Rational Maximum(LinearProgram program);

// The part of its demand that each queue gets, in [0, 1]. `input` is flat: children of the root,
// one class each, single resources only, no guarantees, limits or priorities. A queue without
// demand gets 1.
Amounts LexicographicMaxMin(const EntitlementInput& input);

}  // namespace fairlead::testing_support
