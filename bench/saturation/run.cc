#include "bench/saturation/run.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "tests/support/random.h"

namespace fairlead::saturation {
namespace {

using fairlead::testing::Random;

constexpr std::int64_t kNone = -1;  // does not fit

// A cluster that fills up. What a policy says of a kind of pod and a node stays true until the node
// changes, so that it is asked once.
class Filling {
 public:
  Filling(const Workload& workload, PolicyKind policy, std::uint32_t seed)
      : policy_(policy),
        typical_(TypicalPods(workload.pods)),
        scorer_(policy, workload, typical_),
        random_(seed + 1'000'000),
        nodes_(workload.nodes),
        order_(nodes_.size()),
        fragments_(nodes_.size()) {
    std::iota(order_.begin(), order_.end(), 0U);
    for (std::size_t i = order_.size(); i > 1; --i) {
      std::swap(order_[i - 1],
                order_[static_cast<std::size_t>(random_.Below(static_cast<std::int64_t>(i)))]);
    }
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      fragments_[n] = Fragmentation(nodes_[n], typical_);
      fragmented_ += fragments_[n];
    }
  }

  // True if it found a place.
  bool Place(const Pod& pod) {
    Pod kind = pod;
    kind.memory = 0;  // no score depends on it
    std::vector<std::optional<Choice>>& known = known_[kind];
    known.resize(nodes_.size());
    feasible_.clear();
    for (const std::uint32_t n : order_) {
      if (!known[n]) {
        known[n] = Fits(nodes_[n], kind) ? scorer_.Score(nodes_[n], kind) : Choice{kNone, 0};
      }
      if (known[n]->score != kNone && nodes_[n].memory >= pod.memory) feasible_.push_back(n);
    }
    if (feasible_.empty()) return false;
    const std::uint32_t node = Choose(known);
    Devices devices = known[node]->devices;
    if (policy_ == PolicyKind::kRandom && pod.Shares()) devices = AnyDevice(nodes_[node], pod);
    Take(pod, devices, &nodes_[node]);
    for (auto& entry : known_) entry.second[node].reset();
    fragmented_ -= fragments_[node];
    fragments_[node] = Fragmentation(nodes_[node], typical_);
    fragmented_ += fragments_[node];
    return true;
  }

  double fragmented() const { return fragmented_; }

 private:
  std::uint32_t Choose(const std::vector<std::optional<Choice>>& known) {
    if (policy_ == PolicyKind::kRandom) {
      return feasible_[static_cast<std::size_t>(
          random_.Below(static_cast<std::int64_t>(feasible_.size())))];
    }
    const auto score = [&known](std::uint32_t n) { return known[n]->score; };
    std::int64_t least = score(feasible_.front());
    std::int64_t most = least;
    for (const std::uint32_t n : feasible_) {
      least = std::min(least, score(n));
      most = std::max(most, score(n));
    }
    // The first in the order with the highest score, for bestfit after normalisation to 0..100.
    const auto normal = [&](std::uint32_t n) {
      if (policy_ != PolicyKind::kBestFit || most == least) return score(n);
      return 100 * (score(n) - least) / (most - least);
    };
    std::uint32_t best = feasible_.front();
    for (const std::uint32_t n : feasible_) {
      if (normal(n) > normal(best)) best = n;
    }
    return best;
  }

  Devices AnyDevice(const Node& node, const Pod& pod) {
    std::vector<std::size_t> fitting;
    for (std::size_t d = 0; d < node.devices; ++d) {
      if (node.free[d] >= pod.each) fitting.push_back(d);
    }
    const auto at =
        static_cast<std::size_t>(random_.Below(static_cast<std::int64_t>(fitting.size())));
    return Devices{1} << fitting[at];
  }

  PolicyKind policy_;
  std::vector<TypicalPod> typical_;
  Scorer scorer_;
  Random random_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> feasible_;
  std::map<Pod, std::vector<std::optional<Choice>>> known_;
  std::vector<double> fragments_;
  double fragmented_ = 0;
};

}  // namespace

Curve Saturate(const Workload& workload, PolicyKind policy, std::uint32_t seed) {
  const auto capacity = static_cast<double>(workload.Capacity());
  Filling filling(workload, policy, seed);
  Curve sums{std::vector<double>(kMostPercent + 1, 0), std::vector<double>(kMostPercent + 1, 0)};
  std::vector<double> arrivals(kMostPercent + 1, 0);
  std::int64_t asked = 0;
  std::int64_t used = 0;
  for (const Pod& pod : Arrivals(workload, kMostPercent, seed)) {
    asked += pod.Gpu();
    if (filling.Place(pod)) used += pod.Gpu();
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
