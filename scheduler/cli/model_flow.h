// Finds GPU models for amounts that any of several can serve.
#pragma once

#include <optional>
#include <vector>

#include "fairlead/queues/entitlement.h"

namespace fairlead::cli {

// What each of `wanted` gets of each model, all at once, so that all fit in `room`, which shrinks
// by it; none where they do not fit, and then the room is unspecified. Of several ways always the
// same.
std::optional<std::vector<ResourceVector>> AssignModels(const std::vector<AnyOf>& wanted,
                                                        ResourceVector* room);

}  // namespace fairlead::cli
