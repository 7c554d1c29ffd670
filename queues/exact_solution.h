// The entitlements before rounding, in unbounded rationals. For tests: what must hold of the
// solution holds exactly of this, and SolveEntitlements gives its rounding.
#pragma once

#include <cstdint>
#include <vector>

#include "fairlead/queues/entitlement.h"
#include "queues/exact.h"

namespace fairlead::fair {

// An amount of one resource (one model) or of several models together.
struct ExactAmount {
  std::vector<ResourceId> models;
  mpq_class base;
  mpq_class surplus;
};

struct ExactClass {
  QueueId queue;
  std::size_t index = 0;             // in the queue's demand
  std::vector<ExactAmount> amounts;  // those that the class asks for
  bool satisfied = false;
};

struct ExactEntitlements {
  std::vector<ExactClass> classes;           // by queue, then index
  std::vector<std::vector<mpq_class>> kept;  // by queue and resource: h of the queue itself
};

ExactEntitlements SolveExactly(const EntitlementInput& input);

// SolveEntitlements by one way only. With fixed point false: decided everywhere.
std::vector<Entitlement> SolveInRationals(const EntitlementInput& input);
// False where fixed point cannot decide, and then `out` is unchanged.
bool SolveInFixedPoint(const EntitlementInput& input, std::vector<Entitlement>* out);

}  // namespace fairlead::fair
