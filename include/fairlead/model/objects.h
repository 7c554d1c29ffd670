// What the outside world tells the store: nodes, pods, gang objects and namespaces as plain values,
// already parsed and rounded (requests up, capacities down) but not yet interned. Adapters make
// them, from the Kubernetes API or from a file; nothing here knows where they came from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/base/time.h"
#include "fairlead/model/affinity.h"
#include "fairlead/queues/merge.h"

namespace fairlead {

// Amounts by name, before the resource table gives them ids.
struct Amounts {
  std::int64_t milli_cpu = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t ephemeral_bytes = 0;
  std::int64_t pods = 0;
  std::int32_t gpus = 0;                                       // whole devices
  std::vector<std::pair<std::string, std::int64_t>> extended;  // sorted by name; counts

  friend bool operator==(const Amounts&, const Amounts&) = default;
};

enum class TaintEffect : std::uint8_t { kNoSchedule, kPreferNoSchedule, kNoExecute };

struct Taint {
  std::string key;
  std::string value;
  TaintEffect effect = TaintEffect::kNoSchedule;
  friend bool operator==(const Taint&, const Taint&) = default;
};

enum class TolerationOperator : std::uint8_t { kEqual, kExists };

// An empty key with kExists tolerates everything; no effect = every effect.
struct Toleration {
  std::string key;
  TolerationOperator op = TolerationOperator::kEqual;
  std::string value;
  std::optional<TaintEffect> effect;
  friend bool operator==(const Toleration&, const Toleration&) = default;
};

bool Tolerates(const Toleration& toleration, const Taint& taint);

struct NodeInfo {
  std::string name;
  std::string uid;
  Labels labels;
  std::vector<Taint> taints;
  bool unschedulable = false;  // cordoned
  Amounts allocatable;
  std::string gpu_model;        // empty where the node has no GPUs or does not name the model
  std::int32_t gpu_slices = 1;  // that each GPU is cut into; 1 = not shared
  std::int64_t gpu_memory = 0;  // bytes of each GPU; 0 = not known

  friend bool operator==(const NodeInfo&, const NodeInfo&) = default;
};

// A part of one GPU, or the same part of several. A whole GPU is no share.
struct GpuShare {
  std::int32_t devices = 0;       // distinct GPUs of one node; 0 = no share is asked for
  std::int64_t millionths = 0;    // of each; 0 = not stated, then the memory is
  std::int64_t memory_bytes = 0;  // on each; 0 = not stated
  std::string share_class;        // shares of different classes are never on one GPU

  friend bool operator==(const GpuShare&, const GpuShare&) = default;
};

// Slices of a GPU that is cut into `of`. of = 0: whole GPUs, or none.
struct GpuGrant {
  std::int32_t slices = 0;
  std::int32_t of = 0;

  friend bool operator==(const GpuGrant&, const GpuGrant&) = default;
};

// Everything about a pod that decides where it may run. Pods with equal shapes share one
// computation.
struct PodShape {
  Amounts requests;                     // pods = 1
  std::vector<std::string> gpu_models;  // sorted; accepted models, empty = any
  GpuShare gpu_share;                   // only where requests.gpus is 0
  Labels node_selector;
  std::optional<std::vector<NodeTerm>> node_terms;  // of node affinity; one must hold
  std::vector<NodePreference> preferred;            // of node affinity
  std::vector<Toleration> tolerations;
  // Names of topology levels (Policy::topology), the same for all members of a gang; empty = none.
  std::string topology_required;   // all members in one domain of this level
  std::string topology_preferred;  // in one domain of this level if possible, else of one above

  friend bool operator==(const PodShape&, const PodShape&) = default;
};

enum class GangKind : std::uint8_t {
  kSinglePod,  // no gang key: a gang of one
  kLabel,      // label fairlead.dev/gang
  kJob,        // fairlead.dev/gang: "true" on a Job's pods: the gang is the Job
  kPodGroup,   // scheduling.x-k8s.io PodGroup
};

// Names a gang. `uid` tells a recreated owner (Job) or a recreated single pod from its predecessor;
// it is empty for kLabel and kPodGroup, whose name is their identity.
struct GangKey {
  std::string ns;
  GangKind kind = GangKind::kSinglePod;
  std::string name;
  std::string uid;
  friend auto operator<=>(const GangKey&, const GangKey&) = default;
};

// Members that do the same in a gang.
struct GangRole {
  std::string name;
  std::int64_t least = 0;  // members of it before the gang is whole

  friend bool operator==(const GangRole&, const GangRole&) = default;
};

// What a pod states about its gang beside the size; the same on every member.
struct GangTerms {
  std::vector<GangRole> roles;            // sorted by name
  std::optional<std::int64_t> most;       // members that may run at once
  std::optional<Duration> start_timeout;  // in place of Policy::bind_timeout
  std::optional<Duration> stale_grace;    // in place of Policy::stale_grace

  friend bool operator==(const GangTerms&, const GangTerms&) = default;
};

// Members that the roles together need.
std::int64_t LeastOf(const std::vector<GangRole>& roles);

enum class PodPhase : std::uint8_t { kPending, kRunning, kSucceeded, kFailed, kUnknown };

struct PodInfo {
  std::string ns;
  std::string name;
  std::string uid;
  Instant created;
  bool ours = true;       // names one of our scheduler names; others only take up room
  bool deleting = false;  // has a deletionTimestamp
  bool gated = false;     // has scheduling gates
  PodPhase phase = PodPhase::kPending;
  std::string status_reason;              // status.reason, such as OutOfcpu
  std::string node_name;                  // empty = not bound
  std::vector<std::int32_t> gpu_devices;  // from the assignment annotation; empty = not known
  GpuGrant gpu_grant;                     // of each of these, where they are shared

  PodShape shape;
  Labels labels;
  PeerRules rules;
  std::int32_t priority = 0;
  GangKey gang;
  std::optional<std::int64_t> gang_size;  // as the pod states it
  GangTerms gang_terms;
  std::string gang_role;  // empty = none
  std::string queue;      // asked for; empty = the default
  std::string user;
  // Non-empty: this pod cannot be scheduled as it is, and why: names the field, what was found and
  // what was expected.
  std::string invalid;
};

struct JobInfo {
  std::string ns;
  std::string name;
  std::string uid;
  std::int64_t parallelism = 1;
};

struct PodGroupInfo {
  std::string ns;
  std::string name;
  std::string uid;
  std::int64_t min_member = 1;
  std::string queue;    // label fairlead.dev/queue of the group; empty = take that of the pods
  std::string invalid;  // as in PodInfo
};

struct QueueInfo {
  QueueObject object;
  // What its condition Accepted shows already, and since when; absent where it has none.
  std::optional<bool> shown_accepted;
  Instant shown_since;
};

struct NamespaceInfo {
  std::string name;
  std::string tenant;  // label fairlead.dev/tenant; empty = none
  Labels labels = {};
};

}  // namespace fairlead
