// One run of the experiment.
#pragma once

#include <vector>

#include "scheduler/sim/policies.h"

namespace fairlead::saturation {

inline constexpr std::int64_t kMostPercent = 130;

// By per cent of the capacity that was asked for so far, 0 .. kMostPercent: means over the arrivals
// there, in per cent of the capacity.
struct Curve {
  std::vector<double> allocated;
  std::vector<double> fragmented;
};

Curve Saturate(const Workload& workload, PolicyKind policy, std::uint32_t seed);

}  // namespace fairlead::saturation
