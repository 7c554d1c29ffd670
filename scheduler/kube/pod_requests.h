// What a pod takes from a node, by kube-scheduler's rules:
//
//   need of an init container = its own requests + those of all sidecars started before it
//   sidecar                   = init container with restartPolicy Always; it runs on
//   requests = max(sum of containers + sum of sidecars, largest need of an init container)
//   then requests of the pod as a whole replace those of cpu, memory and huge pages
//   then the pod's overhead is added
//
// each resource by itself. Limits are not looked at: the API server has filled in requests from
// them. Each quantity is rounded up: cpu to milli-CPU, the rest to units.
#pragma once

#include "fairlead/base/result.h"
#include "fairlead/kube/decode.h"
#include "scheduler/kube/raw.h"

namespace fairlead::kube {

// No single amount and no pod's sum may be larger: 256 TiB, or as many milli-CPUs. Far above any
// node, and low enough that sums over all pods of a large cluster stay inside 63 bits.
inline constexpr std::int64_t kMaxAmount = std::int64_t{1} << 48;

// The error names the field and what is wrong with it.
Result<Amounts> PodRequests(const RawPod& raw, const TranslateOptions& options);

// Allocatable of a node, rounded down. What cannot be read counts as 0: it is not offered.
Amounts NodeAllocatable(const RawNode& raw, const TranslateOptions& options);

}  // namespace fairlead::kube
