// NodeReport: what people may know about a node at the moment of a decision. `fairlead nodes`, gRPC
// and the metrics show this and nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fairlead/base/time.h"
#include "fairlead/model/snapshot.h"

namespace fairlead {

enum class DeviceUse : std::uint8_t { kFree, kWhole, kShared };

struct DeviceReport {
  DeviceUse use = DeviceUse::kFree;
  std::int32_t free_slices = 0;  // of a shared one
};

struct NodeReport {
  std::string name;
  std::string gpu_model;
  std::int32_t gpu_slices = 1;        // that a GPU is cut into
  std::vector<DeviceReport> devices;  // by index
  // GPUs held by pods whose devices are not known; they show as free in `devices`.
  std::int32_t unknown_gpus = 0;
  std::int64_t free_gpu_milli = 0;  // thousandths of GPUs
  // Of these, what the typical pod cannot use.
  std::int64_t fragmented_milli = 0;
  std::int64_t free_cpu_milli = 0, cpu_milli = 0;
  std::int64_t free_memory = 0, memory = 0;  // bytes
  std::int64_t free_pods = 0, pods = 0;
  std::vector<std::string> out_of_use;  // why pods are kept off: "cordoned", "taint key:NoSchedule"
};

struct NodesReport {
  Instant at;
  std::uint64_t version = 0;      // of the snapshot
  std::vector<NodeReport> nodes;  // in order of name
  std::int64_t gpu_milli = 0;     // of all nodes, in use or not
  std::int64_t free_gpu_milli = 0;
  std::int64_t fragmented_milli = 0;
};

// The nodes as they are in a snapshot.
//
// Fragmentation is that of FGD ("Beware of Fragmentation", USENIX ATC 2023). Typical pods are the
// shapes of the pods of gangs, waiting and running, most frequent first until they make up 95 % of
// these pods (100 shapes at most). What a typical pod cannot use of a node's free GPUs: all of it
// where it takes no GPUs, may not run there or finds too little of something; else the free parts
// of devices that are too small for it. `fragmented_milli` is the mean of that over typical pods by
// their number, rounded down; all of it where there are no pods.
//
// Costs one look at each node per typical shape.
NodesReport ReportNodes(const Snapshot& snapshot, Instant at);

}  // namespace fairlead
