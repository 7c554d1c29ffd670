#include "scheduler/sim/filling.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace fairlead::saturation {
namespace {

constexpr std::int64_t kNone = -1;  // does not fit

}  // namespace

Filling::Filling(const Workload& workload, PolicyKind policy, std::uint32_t seed)
    : policy_(policy),
      typical_(TypicalPods(workload.pods)),
      scorer_(policy, workload, typical_),
      random_(seed + 1'000'000),
      nodes_(workload.nodes),
      order_(nodes_.size()),
      closed_(nodes_.size(), false),
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

bool Filling::Place(const Pod& pod, Placed* placed) {
  Pod kind = pod;
  kind.memory = 0;  // no score depends on it
  std::vector<std::optional<Choice>>& known = known_[kind];
  known.resize(nodes_.size());
  feasible_.clear();
  for (const std::uint32_t n : order_) {
    if (!known[n]) {
      known[n] = Fits(nodes_[n], kind) ? scorer_.Score(nodes_[n], kind) : Choice{kNone, 0};
    }
    const bool fits = known[n]->score != kNone && nodes_[n].memory >= pod.memory;
    if (fits && !closed_[n]) feasible_.push_back(n);
  }
  if (feasible_.empty()) return false;
  const std::uint32_t node = Choose(known);
  Devices devices = known[node]->devices;
  if (policy_ == PolicyKind::kRandom && pod.Shares()) devices = AnyDevice(nodes_[node], pod);
  Take(pod, devices, &nodes_[node]);
  Changed(node);
  if (placed != nullptr) *placed = {node, devices};
  return true;
}

void Filling::Release(const Pod& pod, const Placed& placed) {
  Give(pod, placed.devices, &nodes_[placed.node]);
  Changed(placed.node);
}

void Filling::Close(std::uint32_t node, bool closed) { closed_[node] = closed; }

void Filling::Changed(std::uint32_t node) {
  for (auto& entry : known_) entry.second[node].reset();
  fragmented_ -= fragments_[node];
  fragments_[node] = Fragmentation(nodes_[node], typical_);
  fragmented_ += fragments_[node];
}

std::uint32_t Filling::Choose(const std::vector<std::optional<Choice>>& known) {
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

Devices Filling::AnyDevice(const Node& node, const Pod& pod) {
  std::vector<std::size_t> fitting;
  fitting.reserve(node.devices);
  for (std::size_t d = 0; d < node.devices; ++d) {
    if (node.free[d] >= pod.each) fitting.push_back(d);
  }
  const auto at =
      static_cast<std::size_t>(random_.Below(static_cast<std::int64_t>(fitting.size())));
  return Devices{1} << fitting[at];
}

}  // namespace fairlead::saturation
