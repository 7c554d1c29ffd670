// The part of Verify that is about claims to volumes.
#pragma once

#include <string>
#include <vector>

#include "fairlead/model/plan.h"
#include "fairlead/model/snapshot.h"

namespace fairlead {

// What is wrong with the plan's placements, each on top of those before it, in words. They name
// members and nodes that exist.
std::vector<std::string> VerifyVolumes(const Snapshot& snapshot, const Plan& plan);

}  // namespace fairlead
