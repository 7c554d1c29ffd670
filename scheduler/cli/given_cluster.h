// A real cluster for the simulator: from a dump (`kubectl get nodes,pods -A -o json`) or from its
// API server. Gangs are jobs; what other schedulers' pods take is taken from their nodes.
#pragma once

#include <memory>
#include <string>

#include "fairlead/config/config.h"
#include "fairlead/model/snapshot.h"
#include "fairlead/sim/scenario.h"

namespace fairlead::cli {

// `now`: since when gangs run is told by their age at that time. A gang whose members differ counts
// as so many of its first kind.
sim::Given GivenBySnapshot(const Snapshot& snapshot, const Policy& policy, Instant now);

// Objects of a file, JSON or YAML. The time is that of the youngest object in it.
Result<std::shared_ptr<const sim::Given>> GivenByDump(const std::string& path,
                                                      const Config& config);

// Lists everything once. `config`: gets the queues that exist as objects too.
Result<std::shared_ptr<const sim::Given>> GivenByServer(const std::string& kubeconfig,
                                                        const std::string& context, Config* config);

}  // namespace fairlead::cli
