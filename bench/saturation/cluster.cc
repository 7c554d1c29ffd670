#include "bench/saturation/cluster.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "tests/support/random.h"

namespace fairlead::saturation {

using fairlead::testing::Random;

std::int64_t Node::FreeGpu() const {
  return std::accumulate(free.begin(), free.begin() + static_cast<std::ptrdiff_t>(devices),
                         std::int64_t{0});
}

std::size_t ClassOf(const Pod& pod) { return pod.Shares() ? 0 : pod.devices; }

std::int64_t Workload::Capacity() const {
  std::int64_t sum = 0;
  for (const Node& node : nodes) sum += static_cast<std::int64_t>(node.devices) * kWhole;
  return sum;
}

std::vector<TypicalPod> TypicalPods(const std::vector<Pod>& pods) {
  constexpr std::size_t kPercent = 95;
  struct Kind {
    std::size_t count = 0;
    std::size_t first = 0;
  };
  std::map<Pod, Kind> kinds;
  for (std::size_t i = 0; i < pods.size(); ++i) {
    Pod pod = pods[i];
    pod.memory = 0;
    Kind& kind = kinds.try_emplace(pod, Kind{0, i}).first->second;
    ++kind.count;
  }
  std::vector<std::pair<Pod, Kind>> order(kinds.begin(), kinds.end());
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    if (a.second.count != b.second.count) return a.second.count > b.second.count;
    return a.second.first < b.second.first;
  });
  std::size_t covered = 0;
  std::size_t end = 0;
  while (end < order.size() && covered * 100 < pods.size() * kPercent) {
    covered += order[end++].second.count;
  }
  std::vector<TypicalPod> typical;
  for (std::size_t i = 0; i < end; ++i) {
    const auto count = static_cast<std::int64_t>(order[i].second.count);
    typical.push_back(
        {order[i].first, count, static_cast<double>(count) / static_cast<double>(covered)});
  }
  return typical;
}

std::vector<Pod> Arrivals(const Workload& workload, std::int64_t ratio_pct, std::uint32_t seed) {
  Random random(seed);
  const auto below = [&random](std::size_t n) {
    return static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(n)));
  };
  std::vector<Pod> pods = workload.pods;
  for (std::size_t i = pods.size(); i > 1; --i) std::swap(pods[i - 1], pods[below(i)]);
  const std::int64_t most = workload.Capacity() * ratio_pct / 100;
  std::int64_t total = 0;
  for (const Pod& pod : pods) total += pod.Gpu();
  while (total > most) {
    const std::size_t gone = below(pods.size());
    total -= pods[gone].Gpu();
    pods.erase(pods.begin() + static_cast<std::ptrdiff_t>(gone));
  }
  while (total < most) {
    const Pod clone = workload.pods[below(workload.pods.size())];
    if (total + clone.each > most) break;
    total += clone.Gpu();
    pods.push_back(clone);
  }
  return pods;
}

}  // namespace fairlead::saturation
