// ClusterStore: the cluster as the engine knows it, and the only state that changes. Events go in,
// immutable snapshots come out. One thread.
//
// A pod's way: pending -> assumed (Assume: a binding is under way and its room is taken) -> bound
// (the watch shows a node) -> gone. Forget gives an assumed pod's room back. What the watch says
// always wins:
//   - an assumed pod seen bound elsewhere is bound there;
//   - an assumed pod still seen unbound stays assumed (the watch may lag behind the binding);
//   - a pod seen under another uid is another pod: the old one is gone, its binding void.
//
// I1: room is counted once per pod, whichever of assumed and bound it is.
// I2: version() grows with every change that a decision could see.
// I3: succeeded and failed pods hold no room; deleting ones hold it until they are gone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/model/objects.h"
#include "fairlead/model/snapshot.h"
#include "fairlead/model/usage_delta.h"
#include "fairlead/model/volumes.h"

namespace fairlead {

// Queues are no part of the store: they are policy, and the engine keeps them.
enum class ObjectKind : std::uint8_t {
  kNode,
  kPod,
  kJob,
  kPodGroup,
  kNamespace,
  kQueue,
  kVolumeClaim,
  kVolume,
  kStorageClass,
  kCsiNode,
};
inline constexpr std::size_t kObjectKinds = 10;
// What decides where pods with claims to volumes may run.
inline constexpr std::array<ObjectKind, 4> kVolumeKinds = {
    ObjectKind::kVolumeClaim, ObjectKind::kVolume, ObjectKind::kStorageClass, ObjectKind::kCsiNode};

// What became of a pod between two states of the store, for whoever follows bindings.
enum class PodChange : std::uint8_t {
  kNone,
  kAdded,     // first sight
  kUpdated,   // something else changed
  kNowBound,  // was pending or assumed, now shows a node
  kFinished,  // reached Succeeded or Failed
  kReplaced,  // same name, other uid
};

struct PodRef {
  std::string ns;
  std::string name;
  std::string uid;
};

// A pod as the store knows it now; nullopt from Find where it is unknown.
struct PodStatus {
  PodRef ref;
  GangId gang;
  MemberState state = MemberState::kPending;
  bool deleting = false;
  bool failed = false;  // reached phase Failed: holds nothing, is no member any more
  Instant created;
  std::string node;  // name; empty while pending
};

class ClusterStore {
 public:
  ClusterStore();
  ~ClusterStore();
  ClusterStore(const ClusterStore&) = delete;
  ClusterStore& operator=(const ClusterStore&) = delete;

  // `now` is the engine's time of the event.
  void UpsertNode(const NodeInfo& node);
  void RemoveNode(std::string_view name);
  PodChange UpsertPod(const PodInfo& pod, Instant now);
  // Removes only if the uid is the one known (empty uid = any).
  bool RemovePod(std::string_view ns, std::string_view name, std::string_view uid, Instant now);
  void UpsertJob(const JobInfo& job, Instant now);
  void RemoveJob(std::string_view ns, std::string_view name, std::string_view uid, Instant now);
  void UpsertPodGroup(const PodGroupInfo& group, Instant now);
  void RemovePodGroup(std::string_view ns, std::string_view name, Instant now);
  void UpsertNamespace(const NamespaceInfo& ns);
  void RemoveNamespace(std::string_view name);
  // What claims of pods lead to (volumes.h). Pods with claims wait until each of the kinds has been
  // listed once.
  void UpsertVolumeClaim(const VolumeClaimInfo& claim);
  void RemoveVolumeClaim(std::string_view ns, std::string_view name);
  void UpsertVolume(const VolumeInfo& volume);
  void RemoveVolume(std::string_view name);
  void UpsertStorageClass(const StorageClassInfo& storage_class);
  void RemoveStorageClass(std::string_view name);
  void UpsertCsiNode(const CsiNodeInfo& node);
  void RemoveCsiNode(std::string_view name);

  // A full list replaces what is known of a kind: everything of the kind that is not upserted
  // between Begin and End is removed at End. Returns the pods that vanished.
  void BeginRelist(ObjectKind kind);
  std::vector<PodRef> EndRelist(ObjectKind kind, Instant now);

  // pending -> assumed on `node`. False if the pod is unknown under that uid, not pending, or the
  // node is gone; then nothing changed.
  bool Assume(const PodRef& pod, NodeId node, GpuMask gpus, Instant now);
  // assumed -> pending. False if it was not assumed (bound meanwhile, or gone).
  bool Forget(const PodRef& pod, Instant now);

  // Grows with every change of the node of that row (capacity, labels, taints, cordon, removal).
  std::uint64_t NodeStamp(NodeId node) const;
  // May the binding of an assumed pod still be sent: the pod is as it was when it was assumed, its
  // node has not changed since `stamp`, and nobody has overbooked what the pod asks for.
  bool StillSound(const PodRef& pod, std::uint64_t stamp) const;
  // Is this node known and present.
  bool HasNode(std::string_view name) const;
  // The gang is not tried before `until`.
  void Delay(GangId gang, Instant until);

  std::optional<PodStatus> Find(std::string_view ns, std::string_view name) const;

  std::uint64_t version() const;
  // Grows with every change that could let a gang start or change why it waits: new demand, room
  // given back, nodes, rights. A binding that the watch confirms is no such change.
  std::uint64_t wake_count() const;
  std::size_t node_count() const;
  std::size_t pod_count() const;
  std::size_t gang_count() const;
  std::size_t pending_count() const;  // our pods that are pending and not gated

  // From now on changes of who holds what are kept until they are drained. Call it on an empty
  // store.
  void TrackUsage();
  // The next drain tells all pods that hold something.
  void RetellUsage();
  UsageDelta DrainUsage();

  // The state as of now; the same pointer while version() has not changed.
  std::shared_ptr<const Snapshot> TakeSnapshot();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead
