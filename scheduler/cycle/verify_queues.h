// The part of Verify that is about queues: rights, states, limits, caps.
#pragma once

#include <string>
#include <vector>

#include "fairlead/model/plan.h"
#include "fairlead/model/policy.h"
#include "fairlead/model/snapshot.h"

namespace fairlead {

// What is wrong with what the plan starts, in words. Placements name gangs and nodes that exist.
std::vector<std::string> VerifyQueues(const Snapshot& snapshot, const Policy& policy,
                                      const Plan& plan);

}  // namespace fairlead
