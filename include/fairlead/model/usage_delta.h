// UsageDelta: what changed in who holds what, for whoever accounts for it. Names, not ids: it
// leaves the store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fairlead/base/time.h"
#include "fairlead/model/affinity.h"
#include "fairlead/model/objects.h"

namespace fairlead {

// A pod and what it holds on its node now.
struct PodHolding {
  std::string ns, name, uid;
  bool ours = true;
  bool assumed = false;  // its binding is under way
  std::string node;
  std::vector<std::int32_t> devices;
  std::int32_t unknown_gpus = 0;
  // Of each GPU: whole ones are all slices of the node's cut.
  GpuGrant grant;
  std::string gpu_model;
  std::int64_t gpu_memory = 0;  // bytes of each GPU, whole
  std::int64_t milli_cpu = 0;
  std::int64_t memory_bytes = 0;
  std::string tenant;  // label of the namespace; the engine puts the tenant's name here
  std::string queue, user;
  GangKey gang;
  Labels labels;
  Instant created;
  // By what right, as far as the engine knows: 2 within the queue's guarantee, 1 within its
  // entitlement, 0 borrowed.
  std::int32_t level = 1;
};

enum class ReleaseCause : std::uint8_t {
  kSucceeded,
  kFailed,
  kGone,
  kNodeGone,   // and its node too
  kForgotten,  // its binding came to nothing
};

struct PodReleased {
  std::string ns, name, uid;
  ReleaseCause cause = ReleaseCause::kGone;
  std::string evicted_for;  // the engine's reason where it evicted the pod
};

struct NodeCapacity {
  std::string name;
  bool present = false;
  bool down = false;  // not ready or not reachable, as its taints say
  std::int64_t milli_cpu = 0;
  std::int64_t memory_bytes = 0;
  std::int32_t gpus = 0;
  std::int32_t gpu_slices = 1;
  std::string gpu_model;
  std::int64_t gpu_memory = 0;
};

// In order of uid, and of name. Pods and nodes may be named that did not change after all.
struct UsageDelta {
  std::vector<PodHolding> held;
  std::vector<PodReleased> released;  // hold nothing any more, or never did
  std::vector<NodeCapacity> nodes;

  bool empty() const { return held.empty() && released.empty() && nodes.empty(); }
};

}  // namespace fairlead
