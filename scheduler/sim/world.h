// World: the nodes and jobs of one run, ready to be replayed.
//
// I1: every job is cut into pods that a node could hold; jobs that the empty cluster could not hold
//     are marked and take no part.
// I2: `order` has all other jobs by time of submission, then by position in the trace.
#pragma once

#include <cstdint>
#include <vector>

#include "fairlead/sim/scenario.h"
#include "fairlead/sim/workload.h"
#include "scheduler/sim/cluster.h"

namespace fairlead::sim {

struct World {
  std::vector<NodeSpec> nodes;
  Workload workload;
  std::vector<std::uint32_t> order;
  std::vector<std::uint32_t> kind;  // by job: jobs of one kind ask for the same
  std::uint32_t kinds = 0;
  std::vector<std::uint32_t> too_large;  // jobs
  std::int64_t capacity = 0;             // mGPU
  saturation::Workload pods;             // the same nodes and pods for the policies
  std::vector<saturation::ModelSet> model_sets;

  const Job& job(std::uint32_t j) const { return workload.jobs[j]; }
};

// The nodes of a scenario.
Result<std::vector<NodeSpec>> MakeNodes(const Scenario& scenario);

Result<World> MakeWorld(const Scenario& scenario, std::uint32_t seed);

// Pods of the job as the policies see them, the larger ones first; the last may be smaller.
std::vector<saturation::Pod> PodsOf(const World& world, std::uint32_t job);

}  // namespace fairlead::sim
