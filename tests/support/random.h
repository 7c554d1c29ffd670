// A seeded source of integers that are the same on every machine, for tests and benchmarks.
#pragma once

#include "scheduler/sim/random.h"

namespace fairlead::testing {

using sim::Random;

}  // namespace fairlead::testing
