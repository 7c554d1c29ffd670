#include "scheduler/sim/saturation.h"

#include <cmath>

#include "scheduler/sim/filling.h"

namespace fairlead::saturation {

Curve Saturate(const Workload& workload, PolicyKind policy, std::uint32_t seed) {
  const auto capacity = static_cast<double>(workload.Capacity());
  Filling filling(workload, policy, seed);
  Curve sums{std::vector<double>(kMostPercent + 1, 0), std::vector<double>(kMostPercent + 1, 0)};
  std::vector<double> arrivals(kMostPercent + 1, 0);
  std::int64_t asked = 0;
  std::int64_t used = 0;
  for (const Pod& pod : Arrivals(workload, kMostPercent, seed)) {
    asked += pod.Gpu();
    if (filling.Place(pod, nullptr)) used += pod.Gpu();
    const auto at =
        static_cast<std::size_t>(std::lround(100 * static_cast<double>(asked) / capacity));
    if (at > static_cast<std::size_t>(kMostPercent)) break;
    sums.allocated[at] += 100 * static_cast<double>(used) / capacity;
    sums.fragmented[at] += 100 * filling.fragmented() / capacity;
    ++arrivals[at];
  }
  for (std::size_t at = 0; at < arrivals.size(); ++at) {
    if (arrivals[at] == 0) continue;
    sums.allocated[at] /= arrivals[at];
    sums.fragmented[at] /= arrivals[at];
  }
  return sums;
}

}  // namespace fairlead::saturation
