#include "scheduler/sim/policies.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "fairlead/placement/asked.h"

namespace fairlead::saturation {
namespace {

constexpr double kCpuScale = 128'000;  // mCPU of the largest node
constexpr double kGpuScale = 8'000;    // mGPU of the same
constexpr std::int64_t kPoints = 100;
constexpr double kFgdWidth = 1000;

std::int64_t Percent(double x) { return static_cast<std::int64_t>(kPoints * x); }

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

std::size_t Idle(const Node& node) {
  return static_cast<std::size_t>(std::count(
      node.free.begin(), node.free.begin() + static_cast<std::ptrdiff_t>(node.devices), kWhole));
}

std::int64_t DotProd(const Node& node, const Pod& pod) {
  const double cpu =
      static_cast<double>(node.cpu) / kCpuScale * (static_cast<double>(pod.cpu) / kCpuScale);
  const double gpu = static_cast<double>(node.FreeGpu()) / kGpuScale *
                     (static_cast<double>(pod.Gpu()) / kGpuScale);
  return Percent(1 - (cpu + gpu) / 2);
}

std::int64_t Clustering(const Node& node, const Pod& pod) {
  if (pod.devices == 0) return 0;
  constexpr std::int64_t kGpus = 8'000;
  const std::int64_t fill = 25 * (kGpus - node.FreeGpu()) / kGpus;
  const std::int64_t same = node.classes[ClassOf(pod)];
  if (node.gpu_pods == 0) return fill + 25;
  if (same == 0) return fill;
  return fill + (same == node.gpu_pods ? 75 : 50);
}

std::int64_t Packing(const Node& node, const Pod& pod) {
  if (pod.devices == 0) return 0;
  const auto n = static_cast<std::int64_t>(node.devices);
  if (Idle(node) == node.devices) return std::max(33 - n, n);
  std::vector<std::int64_t> free;
  for (std::size_t d = 0; d < node.devices; ++d) {
    if (node.free[d] >= pod.each) free.push_back(node.free[d]);
  }
  std::sort(free.begin(), free.end());
  free.resize(pod.devices);
  const std::int64_t broken = std::count(free.begin(), free.end(), kWhole);
  if (broken > 0) return std::max<std::int64_t>(50 - broken, 33);
  const std::int64_t percent = std::accumulate(free.begin(), free.end(), std::int64_t{0}) / 10;
  return std::max<std::int64_t>(100 - percent / 10, 50);
}

std::int64_t BestFit(const Node& node, const Pod& pod) {
  const auto cpu = static_cast<double>(node.cpu - pod.cpu);
  const auto gpu = static_cast<double>(node.FreeGpu() - pod.Gpu());
  return Percent(1 - 0.5 * cpu / kCpuScale - 0.5 * gpu / kGpuScale);
}

}  // namespace

bool Fits(const Node& node, const Pod& pod) {
  if (node.cpu < pod.cpu || node.memory < pod.memory) return false;
  if (pod.devices == 0) return true;
  if (!pod.Accepts(node.model)) return false;
  std::size_t enough = 0;
  for (std::size_t d = 0; d < node.devices; ++d) enough += node.free[d] >= pod.each ? 1U : 0U;
  return enough >= pod.devices;
}

void Take(const Pod& pod, Devices devices, Node* node) {
  node->cpu -= pod.cpu;
  node->memory -= pod.memory;
  if (pod.devices == 0) return;
  for (; devices != 0; devices &= devices - 1) {
    node->free[static_cast<std::size_t>(std::countr_zero(devices))] -= pod.each;
  }
  ++node->classes[ClassOf(pod)];
  ++node->gpu_pods;
}

void Give(const Pod& pod, Devices devices, Node* node) {
  node->cpu += pod.cpu;
  node->memory += pod.memory;
  if (pod.devices == 0) return;
  for (; devices != 0; devices &= devices - 1) {
    node->free[static_cast<std::size_t>(std::countr_zero(devices))] += pod.each;
  }
  --node->classes[ClassOf(pod)];
  --node->gpu_pods;
}

Devices BestFitDevices(const Node& node, const Pod& pod) {
  Devices devices = 0;
  if (pod.Shares()) {
    std::size_t best = node.devices;
    for (std::size_t d = 0; d < node.devices; ++d) {
      if (node.free[d] < pod.each) continue;
      if (best == node.devices || node.free[d] < node.free[best]) best = d;
    }
    return Devices{1} << best;
  }
  for (std::size_t d = 0, taken = 0; d < node.devices && taken < pod.devices; ++d) {
    if (node.free[d] < pod.each) continue;
    devices |= Devices{1} << d;
    ++taken;
  }
  return devices;
}

double Fragmentation(const Node& node, const std::vector<TypicalPod>& typical) {
  const auto all = static_cast<double>(node.FreeGpu());
  double sum = 0;
  for (const TypicalPod& kind : typical) {
    if (kind.pod.devices == 0 || !Fits(node, kind.pod)) {
      sum += kind.part * all;
      continue;
    }
    std::int64_t useless = 0;
    for (std::size_t d = 0; d < node.devices; ++d) {
      if (node.free[d] < kind.pod.each) useless += node.free[d];
    }
    sum += kind.part * static_cast<double>(useless);
  }
  return sum;
}

Outlook OutlookOf(const std::vector<Node>& nodes, const std::vector<TypicalPod>& typical,
                  std::size_t models) {
  std::vector<std::int64_t> capacity(models, 0);
  for (const Node& node : nodes) {
    capacity[node.model] += static_cast<std::int64_t>(node.devices) * kWhole;
  }
  std::vector<Asked> pods;
  pods.reserve(typical.size());
  for (const TypicalPod& kind : typical) {
    Asked& asked = pods.emplace_back(Asked{kind.count, kind.pod.cpu, kind.pod.Gpu(), {}});
    for (std::uint32_t m = 0; kind.pod.models != 0 && m < models; ++m) {
      if (kind.pod.Accepts(m)) asked.kinds.push_back(m);
    }
  }
  return MakeOutlook(pods, capacity);
}

Scorer::Scorer(PolicyKind policy, const Workload& workload, std::vector<TypicalPod> typical)
    : policy_(policy),
      typical_(std::move(typical)),
      outlook_(OutlookOf(workload.nodes, typical_, workload.models.size())) {}

Choice Scorer::Score(const Node& node, const Pod& pod) const {
  if (policy_ == PolicyKind::kFgd) return Fgd(node, pod);
  Choice choice;
  if (pod.devices > 0) choice.devices = BestFitDevices(node, pod);
  switch (policy_) {
    case PolicyKind::kDotProd:
      choice.score = DotProd(node, pod);
      break;
    case PolicyKind::kClustering:
      choice.score = Clustering(node, pod);
      break;
    case PolicyKind::kPacking:
      choice.score = Packing(node, pod);
      break;
    case PolicyKind::kBestFit:
      choice.score = BestFit(node, pod);
      break;
    case PolicyKind::kDefault:
      choice.score = Default(node, pod);
      break;
    case PolicyKind::kRandom:
    case PolicyKind::kFgd:
      break;
  }
  return choice;
}

Choice Scorer::Fgd(const Node& node, const Pod& pod) const {
  const double before = Fragmentation(node, typical_);
  const auto score = [&](Devices devices) {
    Node after = node;
    Take(pod, devices, &after);
    return Percent(Sigmoid((before - Fragmentation(after, typical_)) / kFgdWidth));
  };
  if (!pod.Shares()) {
    const Devices devices = pod.devices == 0 ? 0 : BestFitDevices(node, pod);
    return {score(devices), devices};
  }
  Choice best{-1, 0};
  for (std::size_t d = 0; d < node.devices; ++d) {
    if (node.free[d] < pod.each) continue;
    const std::int64_t here = score(Devices{1} << d);
    if (here > best.score) best = {here, Devices{1} << d};
  }
  return best;
}

// The scheduler's order of nodes as one number (placer.h): merit, the less scarce model, the GPU
// with the fewest free slices that are enough, partly used nodes, the fullest first.
std::int64_t Scorer::Default(const Node& node, const Pod& pod) const {
  const std::int64_t scarcity = pod.devices > 0 ? outlook_.scarcity[node.model] : 0;
  std::int64_t score = 0;
  if (outlook_.ratio > 0) {
    const auto scale =
        scales_.try_emplace({pod.cpu, pod.Gpu(), scarcity}, outlook_, pod.cpu, pod.Gpu(), scarcity);
    score = scale.first->second.Of(node.cpu, node.FreeGpu());
  }
  score = score * (Outlook::kScarcest + 1) + Outlook::kScarcest - scarcity;
  std::int64_t slack = 0;
  if (pod.Shares()) {
    const auto device = std::countr_zero(BestFitDevices(node, pod));
    slack = node.free[static_cast<std::size_t>(device)];
  }
  score = score * (kWhole + 1) + kWhole - slack;
  constexpr auto kMost = static_cast<std::int64_t>(kMostDevices);
  const auto idle = static_cast<std::int64_t>(Idle(node));
  const std::int64_t level =
      node.devices == 0 ? 0 : idle + (Idle(node) < node.devices ? 1 : 1 + kMost);
  return score * (2 * kMost + 2) + 2 * kMost + 1 - level;
}

}  // namespace fairlead::saturation
