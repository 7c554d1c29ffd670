#include "scheduler/sim/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "scheduler/sim/loaders.h"
#include "scheduler/sim/room.h"

namespace fairlead::sim {
namespace {

// A job of n GPUs takes whole nodes and one pod with what is left.
void Cut(std::int32_t node_gpus, Job* job) {
  if (job->pods > 0) return;
  const std::int32_t all = job->gpus;
  const std::int32_t most = std::max(1, node_gpus);
  job->pods = all / most;
  job->gpus = most;
  job->rest_gpus = all % most;
  if (job->pods > 0) return;
  job->pods = 1;
  job->gpus = all;
  job->rest_gpus = 0;
}

void FindKinds(World* world) {
  using Key = std::tuple<std::int32_t, std::int32_t, std::int32_t, std::int32_t, std::int64_t,
                         std::int64_t, std::uint32_t, std::uint32_t>;
  std::map<Key, std::uint32_t> kinds;
  world->kind.reserve(world->workload.jobs.size());
  for (const Job& job : world->workload.jobs) {
    const Key key{job.pods, job.gpus,   job.rest_gpus, job.milli,
                  job.cpu,  job.memory, job.models,    job.shape};
    const auto next = static_cast<std::uint32_t>(kinds.size());
    world->kind.push_back(kinds.try_emplace(key, next).first->second);
  }
  world->kinds = static_cast<std::uint32_t>(kinds.size());
}

// Each kind is tried once on the empty cluster.
void FindTooLarge(World* world) {
  const std::unique_ptr<Room> room = MakePackRoom(*world);
  std::vector<std::int8_t> fits(world->kinds, -1);
  for (std::uint32_t j = 0; j < world->workload.jobs.size(); ++j) {
    std::int8_t& known = fits[world->kind[j]];
    if (known < 0) {
      known = room->Place(j) ? 1 : 0;
      if (known == 1) room->Release(j);
    }
    (known == 1 ? world->order : world->too_large).push_back(j);
  }
  std::sort(world->order.begin(), world->order.end(), [world](std::uint32_t a, std::uint32_t b) {
    const std::int64_t x = world->job(a).submit;
    const std::int64_t y = world->job(b).submit;
    return x != y ? x < y : a < b;
  });
}

// The nodes of a list, the first `count` of them, from its begin again where it ends.
std::vector<NodeSpec> Repeated(const std::vector<NodeSpec>& list, std::int64_t count) {
  std::vector<NodeSpec> nodes;
  nodes.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i) % list.size();
    nodes.push_back(list[at]);
    if (static_cast<std::size_t>(i) >= list.size()) nodes.back().name += fmt::format("-{}", i);
  }
  return nodes;
}

// What a real cluster does not tell: how long jobs run. One that runs already has the rest of the
// usual time before it, and a tenth of it at least.
void FillDurations(std::int64_t usual, std::vector<Job>* jobs) {
  for (Job& job : *jobs) {
    if (job.duration >= 0) continue;
    job.duration = job.ran < 0 ? usual : std::max({usual - job.ran, usual / 10, std::int64_t{1}});
  }
}

}  // namespace

Result<std::vector<NodeSpec>> MakeNodes(const Scenario& scenario) {
  const ClusterSpec& spec = scenario.cluster;
  std::vector<NodeSpec> nodes;
  const bool given = scenario.given && spec.nodes_file.empty() && spec.shapes.empty();
  if (given && !scenario.given->nodes.empty()) {
    const std::vector<NodeSpec>& all = scenario.given->nodes;
    return Repeated(all, spec.nodes.value_or(static_cast<std::int64_t>(all.size())));
  }
  if (spec.nodes_file.empty()) {
    for (const auto& [shape, count] : spec.shapes) {
      for (std::int64_t i = 0; i < count; ++i) {
        nodes.push_back(shape);
        nodes.back().name = fmt::format("{}-{}", shape.name, i);
      }
    }
    return nodes;
  }
  Result<std::vector<NodeSpec>> list = ReadNodeList(spec.nodes_file);
  if (!list || !spec.nodes) return list;
  if (list->empty()) {
    Error error;
    error.message = "has no nodes";
    error.file = spec.nodes_file;
    return error;
  }
  return Repeated(*list, *spec.nodes);
}

std::vector<saturation::Pod> PodsOf(const World& world, std::uint32_t j) {
  const Job& job = world.job(j);
  const saturation::Pod pod = saturation::PodOf(job, world.model_sets);
  std::vector<saturation::Pod> pods(static_cast<std::size_t>(job.pods), pod);
  if (job.rest_gpus == 0) return pods;
  pods.push_back(pod);
  pods.back().devices = static_cast<std::size_t>(job.rest_gpus);
  return pods;
}

Result<World> MakeWorld(const Scenario& scenario, std::uint32_t seed) {
  World world;
  Result<std::vector<NodeSpec>> nodes = MakeNodes(scenario);
  if (!nodes) return nodes.error();
  world.nodes = std::move(*nodes);
  if (scenario.given) {
    world.workload = scenario.given->workload;
  } else {
    Result<Workload> workload = LoadWorkload(scenario.workload, seed);
    if (!workload) return workload.error();
    world.workload = std::move(*workload);
  }
  FillDurations(scenario.workload.duration, &world.workload.jobs);
  std::int32_t most = 0;
  for (const NodeSpec& node : world.nodes) {
    most = std::max(most, node.gpus);
    world.capacity += kWholeGpu * node.gpus;
  }
  for (Job& job : world.workload.jobs) Cut(most, &job);
  // The policies of the experiment know nodes of at most eight GPUs.
  Result<saturation::Workload> pods = saturation::MakeWorkload(world.nodes, world.workload);
  if (!pods) {
    Error error = pods.error();
    error.file = scenario.file;
    return error;
  }
  world.pods = std::move(*pods);
  world.model_sets = saturation::MakeModelSets(world.workload, &world.pods.models);
  FindKinds(&world);
  if (scenario.mode == Mode::kReplay) FindTooLarge(&world);
  return world;
}

}  // namespace fairlead::sim
