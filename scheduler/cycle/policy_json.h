// A policy inside a dumped decision. What has its default value is left out, so that records stay
// small and older ones stay readable; amounts are integers in the units of their names.
#pragma once

#include <string_view>

#include "fairlead/base/json.h"
#include "fairlead/base/result.h"
#include "fairlead/model/policy.h"

namespace fairlead {

void WritePolicy(const Policy& policy, JsonWriter* json);

// The inverse. Error: no such JSON, or queues that do not pass CheckTree.
Result<Policy> ReadPolicyJson(std::string_view json);

}  // namespace fairlead
