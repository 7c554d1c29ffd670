// A replay: jobs come, wait, run and end, in virtual time. At each time at which anything happens:
// what ends gives back what it holds, what is submitted queues up, and then the order starts what
// may start.
#pragma once

#include <functional>

#include "fairlead/sim/simulate.h"
#include "scheduler/sim/measure.h"
#include "scheduler/sim/world.h"

namespace fairlead::sim {

// What one run is of.
struct RunSpec {
  const Scenario& scenario;
  const World& world;
  Order order = Order::kDefault;
  Placement placement = Placement::kPack;
  std::uint32_t seed = 0;
};

// By a reference order. `control` may end it early.
ReplayResult ReplayByLine(const RunSpec& spec, RunControl* control);

// By the live engine.
ReplayResult ReplayByEngine(const RunSpec& spec, RunControl* control);

// Weights by queue of the workload: those of the policy's queues of that name, else 1.
std::vector<std::int64_t> WeightsOf(const Scenario& scenario, const Workload& workload);

}  // namespace fairlead::sim
