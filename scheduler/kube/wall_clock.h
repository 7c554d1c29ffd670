// The time of day that is used where no clock is given. Intervals are measured with IoLoop::Now().
#pragma once

#include "fairlead/engine/ports.h"

namespace fairlead::kube {

const Clock* WallClock();

}  // namespace fairlead::kube
