// Affinity as a pod states it, from the intermediate form to the model's.
#pragma once

#include <string>

#include "fairlead/model/objects.h"
#include "scheduler/kube/raw.h"

namespace fairlead::kube {

// Reads the required node affinity into `shape`. Returns what of it cannot be kept: the field, what
// was found and what was expected; empty where all of it is understood.
std::string ReadNodeAffinity(const RawPod& raw, PodShape* shape);

}  // namespace fairlead::kube
