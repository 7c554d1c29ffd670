// Runs a scenario: each seed with each order and placement. Same scenario and seed: same results.
#pragma once

#include <cstddef>
#include <functional>

#include "fairlead/base/result.h"
#include "fairlead/sim/results.h"
#include "fairlead/sim/scenario.h"

namespace fairlead::sim {

// How a run can be ended early and watched. Both may be empty.
struct RunControl {
  std::function<bool()> stop;
  std::function<void(std::size_t done, std::size_t total)> progress;  // of all that is to be done
  bool stopped = false;

  bool Stopped() {
    stopped = stopped || (stop && stop());
    return stopped;
  }
  void Progress(std::size_t done, std::size_t total) const {
    if (progress) progress(done, total);
  }
};

// Jobs from elsewhere, for a format that is not read here ("k8s"); may be empty.
using WorkloadReader = std::function<Result<Workload>(const WorkloadSpec&)>;

Result<Results> Simulate(const Scenario& scenario, RunControl* control);

}  // namespace fairlead::sim
