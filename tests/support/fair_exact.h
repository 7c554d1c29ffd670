// What an exact solver of entitlements answers, in rationals: for tests.
//
// Dimensions: first the single resources by id, then the sets of GPU models that some demand can
// use (AnyOf) by (size, models). Amounts are indexed by dimension, in the units of the input.
#pragma once

#include <gmpxx.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/queues/entitlement.h"

namespace fairlead::testing_support {

using Rational = mpq_class;
using Amounts = std::vector<Rational>;
using Dimension = std::vector<ResourceId>;  // one resource, or sorted models

// A constraint: what can use only `resources`, below `queue` (None: everywhere).
struct Bound {
  QueueId queue = QueueId::None();
  std::vector<ResourceId> resources;
  bool granted = false;  // bases and h alone use it up
};

struct ExactClass {
  QueueId leaf;
  std::size_t index = 0;  // into the leaf's demand
  Amounts demand;
  Amounts base;
  Amounts surplus;
  std::optional<Bound> held_by = {};  // none: satisfied
  std::vector<Bound> tight = {};      // all that hold it in the end; of the reference only
};

struct ExactSolution {
  std::vector<Dimension> dimensions;
  std::vector<ExactClass> classes;  // by (leaf, index)
  std::vector<Amounts> kept;        // h, by queue
  std::vector<bool> cut = {};       // by queue: base or h of its own; of the reference only
};

// A solver under test: its rational answer, and its answer in whole units.
struct Subject {
  std::function<ExactSolution(const EntitlementInput&)> solve;
  std::function<std::vector<Entitlement>(const EntitlementInput&)> round;
};

inline Rational ToRational(std::int64_t value) { return mpq_class(static_cast<long>(value)); }

std::vector<Dimension> DimensionsOf(const EntitlementInput& input);
Amounts DemandOf(const std::vector<Dimension>& dimensions, const DemandClass& demand);
// By dimension; of a set the sum over its models.
Amounts CapacityOf(const std::vector<Dimension>& dimensions, const ResourceVector& capacity);

}  // namespace fairlead::testing_support
