#include "fairlead/sim/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fairlead::sim {

Distribution Describe(std::vector<std::int64_t>* values) {
  Distribution out;
  if (values->empty()) return out;
  std::sort(values->begin(), values->end());
  const std::size_t n = values->size();
  const auto rank = [&](std::size_t percent) {
    return (*values)[std::max<std::size_t>((n * percent + 99) / 100, 1) - 1];
  };
  out.count = static_cast<std::int64_t>(n);
  out.sum = std::accumulate(values->begin(), values->end(), std::int64_t{0});
  out.p50 = rank(50);
  out.p90 = rank(90);
  out.p95 = rank(95);
  out.p99 = rank(99);
  out.max = values->back();
  return out;
}

std::string MeanText(std::int64_t sum, std::int64_t count) {
  if (count == 0) return "0.00";
  __extension__ using Wide = __int128;
  const auto hundredths = static_cast<std::int64_t>((Wide{sum} * 200 + count) / (Wide{2} * count));
  return fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
}

bool SaturationSummary::Reproduced() const {
  return !has_published || std::abs(mean_100 - published) <= tolerance;
}

}  // namespace fairlead::sim
