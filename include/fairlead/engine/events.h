// What reaches the engine from outside, as values in one inbox.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "fairlead/model/cluster_store.h"
#include "fairlead/model/objects.h"
#include "fairlead/model/policy.h"

namespace fairlead {

struct NodeUpserted {
  NodeInfo node;
};
struct NodeRemoved {
  std::string name;
};
struct PodUpserted {
  PodInfo pod;
};
struct PodRemoved {
  PodRef pod;
};
struct JobUpserted {
  JobInfo job;
};
struct JobRemoved {
  std::string ns, name, uid;
};
struct PodGroupUpserted {
  PodGroupInfo group;
};
struct PodGroupRemoved {
  std::string ns, name;
};
struct NamespaceUpserted {
  NamespaceInfo ns;
};
struct NamespaceRemoved {
  std::string name;
};
struct VolumeClaimUpserted {
  VolumeClaimInfo claim;
};
struct VolumeClaimRemoved {
  std::string ns, name;
};
struct VolumeUpserted {
  VolumeInfo volume;
};
struct VolumeRemoved {
  std::string name;
};
struct StorageClassUpserted {
  StorageClassInfo storage_class;
};
struct StorageClassRemoved {
  std::string name;
};
struct CsiNodeUpserted {
  CsiNodeInfo node;
};
struct CsiNodeRemoved {
  std::string name;
};
struct QueueUpserted {
  QueueInfo queue;
};
struct QueueRemoved {
  std::string name;
};

// A configuration was read anew and is valid. Its queues replace those of the one before; queues
// that exist as objects stay.
struct PolicyReplaced {
  Policy policy;
};

// Around a full list of a kind: what is not upserted in between is gone.
struct RelistBegun {
  ObjectKind kind;
};
struct RelistEnded {
  ObjectKind kind;
};  // the first one of a kind means: synced

enum class BindOutcome : std::uint8_t {
  kBound,     // the server said yes, or a GET showed this uid on this node
  kConflict,  // 409, or a GET showed another node: the watch will tell, do not repeat
  kGone,      // 404, or a GET showed another uid
  kRefused,   // 4xx that repeating does not help (403, 422): give the room back, back off
  kFailed,  // a GET showed the pod unbound after an unknown outcome, or 429/5xx repeated: try again
};

struct BindFinished {
  PodRef pod;
  std::string node;  // name
  BindOutcome outcome = BindOutcome::kFailed;
  std::string detail;  // for the log and the event
};

enum class EvictOutcome : std::uint8_t { kEvicted, kGone, kBlocked /* by a PDB, 429 */, kFailed };

struct EvictFinished {
  PodRef pod;
  EvictOutcome outcome = EvictOutcome::kFailed;
  std::string detail;
};

using Event = std::variant<NodeUpserted, NodeRemoved, PodUpserted, PodRemoved, JobUpserted,
                           JobRemoved, PodGroupUpserted, PodGroupRemoved, NamespaceUpserted,
                           NamespaceRemoved, VolumeClaimUpserted, VolumeClaimRemoved,
                           VolumeUpserted, VolumeRemoved, StorageClassUpserted, StorageClassRemoved,
                           CsiNodeUpserted, CsiNodeRemoved, QueueUpserted, QueueRemoved,
                           PolicyReplaced, RelistBegun, RelistEnded, BindFinished, EvictFinished>;
using EventBatch = std::vector<Event>;

}  // namespace fairlead
