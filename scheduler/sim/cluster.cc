#include "scheduler/sim/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "scheduler/sim/random.h"

namespace fairlead::saturation {

using sim::Random;

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

namespace {

constexpr std::size_t kMostModels = 32;

std::uint32_t ModelOf(std::string_view name, std::vector<std::string>* models) {
  const auto it = std::find(models->begin(), models->end(), name);
  const auto index = static_cast<std::uint32_t>(it - models->begin());
  if (it == models->end()) models->emplace_back(name);
  return index;
}

Error TooMuch(std::string message) {
  Error error;
  error.message = std::move(message);
  return error;
}

}  // namespace

Node NodeOf(const sim::NodeSpec& spec, std::vector<std::string>* models) {
  Node node;
  node.cpu = spec.cpu;
  node.memory = spec.memory;
  node.devices = static_cast<std::size_t>(spec.gpus);
  std::fill_n(node.free.begin(), node.devices, kWhole);
  node.model = ModelOf(spec.model, models);
  return node;
}

std::vector<ModelSet> MakeModelSets(const sim::Workload& jobs, std::vector<std::string>* models) {
  std::vector<ModelSet> sets;
  sets.reserve(jobs.models.size());
  for (const std::string& name : jobs.models.all()) {
    ModelSet set = 0;
    for (std::string_view left = name; !left.empty();) {
      const std::size_t end = std::min(left.find('|'), left.size());
      const std::uint32_t model = ModelOf(left.substr(0, end), models);
      if (model < kMostModels) set |= ModelSet{1} << model;
      left.remove_prefix(std::min(end + 1, left.size()));
    }
    sets.push_back(set);
  }
  return sets;
}

Pod PodOf(const sim::Job& job, const std::vector<ModelSet>& sets) {
  Pod pod;
  pod.cpu = job.cpu;
  pod.memory = job.memory;
  pod.devices = static_cast<std::size_t>(job.gpus);
  if (job.gpus == 0) return pod;
  pod.each = job.milli;
  pod.models = sets[job.models];
  return pod;
}

Result<Workload> MakeWorkload(const std::vector<sim::NodeSpec>& nodes, const sim::Workload& jobs) {
  Workload out;
  out.nodes.reserve(nodes.size());
  for (const sim::NodeSpec& spec : nodes) {
    if (static_cast<std::size_t>(spec.gpus) > kMostDevices) {
      return TooMuch(fmt::format("node {}: {} GPUs: expected at most {} here", spec.name, spec.gpus,
                                 kMostDevices));
    }
    out.nodes.push_back(NodeOf(spec, &out.models));
  }
  const std::vector<ModelSet> sets = MakeModelSets(jobs, &out.models);
  if (out.models.size() > kMostModels) {
    return TooMuch(
        fmt::format("{} GPU models: expected at most {} here", out.models.size(), kMostModels));
  }
  out.pods.reserve(jobs.jobs.size());
  for (const sim::Job& job : jobs.jobs) {
    Pod pod = PodOf(job, sets);
    for (std::int32_t i = 0; i < job.pods; ++i) out.pods.push_back(pod);
    if (job.rest_gpus == 0) continue;
    pod.devices = static_cast<std::size_t>(job.rest_gpus);
    out.pods.push_back(pod);
  }
  return out;
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
