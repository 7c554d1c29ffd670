// The state behind ClusterStore, shared by its .cc files: nodes (store_nodes.cc), pods and the room
// they hold (store_pods.cc), what is told of it (store_usage.cc), gangs and their views
// (store_gangs.cc), snapshots (cluster_store.cc).
//
// Records refer to each other by index; hash maps are for look-up only and are never iterated to
// decide.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "fairlead/model/cluster_store.h"

namespace fairlead {

using PodIndex = std::uint32_t;

enum class PodLife : std::uint8_t { kPending, kAssumed, kBound, kDone, kFailed };

struct PodRecord {
  const std::string* key = nullptr;  // "namespace/name", owned by the index of pods
  std::size_t ns_length = 0;
  std::string uid;
  std::string queue;
  std::string user;
  std::string invalid;
  Instant created;
  std::int64_t gang_size = -1;             // -1 = not stated
  std::shared_ptr<const GangTerms> terms;  // null: none are stated
  std::string role;
  GangId gang;  // None for pods of others
  ShapeId shape;
  PeerRef peer;
  std::int32_t priority = 0;
  PodLife life = PodLife::kPending;
  bool in_use = false;
  bool deleting = false;
  bool gated = false;
  bool counted_pending = false;
  bool counted_ruled = false;
  bool counted_strict = false;     // its rules may keep it from nodes
  bool counted_claims = false;     // it has claims to volumes
  bool counted_selecting = false;  // its rules ask for labels of namespaces
  ShapeId counted_shape;           // under which it counts in shape_members; None if it does not
  std::uint32_t generation = 0;    // of the last list that held it

  // Room held, from Hold to Release; node is None otherwise.
  NodeId node;
  GpuMask gpus = 0;
  GpuGrant grant;  // of each of these, where they are shares
  std::int32_t gpus_unknown = 0;
  ResourceId gpu_charge;  // dimension that its GPUs are accounted under; None without GPUs

  std::string_view ns() const { return std::string_view(*key).substr(0, ns_length); }
  std::string_view name() const { return std::string_view(*key).substr(ns_length + 1); }
  bool holds() const { return node.valid(); }
};

// What a pod holds of a GPU that is shared.
struct HeldShare {
  std::int32_t device = 0;
  GpuGrant grant;
  std::uint32_t share_class = 0;
  PodIndex pod = 0;
};

// What is held on a node row, beside the columns of NodeTable.
struct NodeHeld {
  ResourceVector used;
  std::vector<PodIndex> pods;
  std::vector<HeldShare> shares;
  std::uint64_t stamp = 0;
  std::uint32_t generation = 0;
  bool row_free = false;  // listed in free_rows
};

struct GangRecord {
  GangId id;
  GangKey key;
  ClaimId claim;
  std::vector<PodIndex> members;  // in order of pod name
  Instant touched;                // when it first changed since its view was built
  Instant partial_since;
  Instant not_before;
  bool partial = false;
  bool started = false;
  bool dirty = false;
  std::shared_ptr<const GangView> view;
  // What it adds to the holdings of a claim, as of its view.
  bool running = false;
  ClaimId held_claim;
  ResourceVector held;
};

template <typename Info>
struct Known {
  Info info;
  std::uint32_t generation = 0;
};

// A failed pod is no member any more, and one that is deleted before it was bound never becomes
// one.
inline bool IsMember(const PodRecord& pod) {
  return pod.life != PodLife::kFailed && !(pod.life == PodLife::kPending && pod.deleting);
}

// Removes the entries that the last list did not hold; returns their keys.
template <typename Map>
std::vector<typename Map::key_type> Sweep(Map* map, std::uint32_t generation) {
  std::vector<typename Map::key_type> gone;
  for (auto it = map->begin(); it != map->end();) {
    if (it->second.generation == generation) {
      ++it;
      continue;
    }
    gone.push_back(it->first);
    it = map->erase(it);
  }
  return gone;
}

struct ClusterStore::State {
  std::uint64_t version = 1;
  std::uint64_t wakes = 1;
  std::shared_ptr<const Snapshot> last;  // of `version`, or older

  std::shared_ptr<ResourceNames> names = std::make_shared<ResourceNames>();
  std::unordered_map<std::string, ResourceId> resource_ids;
  std::map<std::tuple<std::string, std::int32_t, std::int64_t>, ModelId> kind_ids;  // name, kind
  std::vector<ResourceId> model_resources;  // gpu/<model> by ModelId

  std::shared_ptr<NodeTable> nodes = std::make_shared<NodeTable>();
  std::vector<NodeHeld> held;  // by NodeId
  std::unordered_map<std::string, NodeId> node_ids;
  std::vector<NodeId> free_rows;
  NodeUsage usage;
  std::size_t present_nodes = 0;
  bool names_sorted = true;       // is NodeTable::by_name up to date
  bool usage_fits = true;         // do the usage columns have today's nodes and resources
  std::set<NodeId> shared_nodes;  // those that hold shares
  bool shares_listed = true;      // is usage.shared up to date

  using Shapes = std::vector<std::shared_ptr<const PodShape>>;
  std::shared_ptr<Shapes> shapes = std::make_shared<Shapes>();
  std::shared_ptr<std::vector<ResourceVector>> shape_requests =
      std::make_shared<std::vector<ResourceVector>>();
  std::shared_ptr<std::vector<std::int64_t>> shape_members =
      std::make_shared<std::vector<std::int64_t>>();
  std::unordered_multimap<std::size_t, ShapeId> shape_index;  // by hash

  std::unordered_multimap<std::size_t, std::weak_ptr<const Peer>> peer_index;  // by hash
  std::size_t peers_at_sweep = 0;  // size of peer_index after it was last cleaned
  std::size_t ruled = 0;           // pending pods of ours with rules between pods, or preferences
  std::size_t strict = 0;          // those of them that rules may keep from nodes
  std::size_t selecting = 0;       // pods whose rules, as far as they matter, ask for namespaces
  std::set<PodIndex> claimants;    // pending pods with claims to volumes
  std::set<PodIndex> averse;       // pods on nodes that keep others away
  std::shared_ptr<const std::vector<Resident>> residents;
  bool residents_listed = true;  // is `residents` up to date

  std::vector<PodRecord> pods;
  std::vector<PodIndex> free_pods;
  std::unordered_map<std::string, PodIndex> pod_index;
  std::size_t pending = 0;

  std::vector<Claim> claims;
  // (namespace, queue, user)
  std::map<std::tuple<std::string, std::string, std::string>, ClaimId> claim_index;

  std::uint32_t next_gang = 0;
  std::map<GangKey, GangId> gang_index;
  std::unordered_map<std::uint32_t, GangRecord> gang_records;  // by GangId
  std::vector<GangId> dirty_gangs;
  std::map<std::uint32_t, std::shared_ptr<GangChunk>> chunks;  // by GangId / kGangChunk
  std::map<GangId, std::shared_ptr<const GangView>> waiting;

  std::map<std::tuple<std::string, std::string, std::string>, Known<JobInfo>> jobs;
  std::map<std::pair<std::string, std::string>, Known<PodGroupInfo>> groups;
  std::map<std::string, Known<NamespaceInfo>> namespaces;
  std::shared_ptr<const NamespaceLabels> namespace_labels;  // null: to be made anew

  template <typename Info>
  using Shelf = std::map<std::string, Known<std::shared_ptr<const Info>>>;
  std::map<std::pair<std::string, std::string>, Known<std::shared_ptr<const VolumeClaimInfo>>>
      volume_claims;
  Shelf<VolumeInfo> volumes;
  Shelf<StorageClassInfo> storage_classes;
  Shelf<CsiNodeInfo> csi_nodes;
  std::set<ObjectKind> volume_kinds_listed;
  std::shared_ptr<const VolumeTable> volume_table;  // null: to be made anew

  std::array<std::uint32_t, kObjectKinds> generation = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  std::uint32_t Generation(ObjectKind kind) const {
    return generation[static_cast<std::size_t>(kind)];
  }

  // What is to be told of usage, while anybody wants to know: "namespace/name" by uid, nodes by
  // name.
  bool tracks_usage = false;
  std::map<std::string, std::string> noted_pods;
  std::set<std::string> noted_nodes;

  void Changed() { ++version; }
  void Wake() {
    ++version;
    ++wakes;
  }

  // store_nodes.cc
  ResourceId InternResource(const std::string& name);
  ModelId InternKind(const std::string& model, const GpuKind& kind);
  std::uint32_t InternClass(const std::string& share_class);
  ResourceVector ToVector(const Amounts& amounts);
  NodeId RowFor(const std::string& name);
  NodeTable& MutableNodes();
  void SetNode(const NodeInfo& info);
  bool Overbooked(const PodRecord& pod) const;
  void ClearNode(NodeId node);
  void FreeRow(NodeId node);
  void RefreshFree(NodeId node);
  void FitUsage();
  void SortNames();

  // store_shares.cc
  bool HoldShares(PodIndex index, GpuMask gpus, GpuGrant grant);
  void ReleaseShares(PodIndex index);
  void ListShares();
  std::int64_t GpuMilliOf(const PodRecord& pod) const;

  // store_pods.cc
  ShapeId InternShape(const PodShape& shape);
  PodRecord* FindPod(std::string_view ns, std::string_view name);
  PodChange Upsert(const PodInfo& info, Instant now);
  PodChange Apply(PodIndex index, const PodInfo& info, Instant now, PodChange change);
  PodIndex NewRecord(const PodInfo& info, PodIndex* slot);
  bool SameDemand(const PodRecord& pod, const PodInfo& info, ShapeId shape) const;
  void Erase(PodIndex index, Instant now);
  void Hold(PodIndex index, NodeId node, GpuMask gpus, GpuGrant grant);
  void Release(PodIndex index);
  void Charge(const PodRecord& pod, std::int64_t sign);
  void Recharge(NodeId node);
  void SetLife(PodRecord& pod, PodLife life);
  void CountShape(PodRecord* pod);
  void NoteWhole(const PodRecord& pod);

  // store_usage.cc
  void Note(const PodRecord& pod);
  void NoteNode(NodeId node);
  PodHolding HoldingOf(const PodRecord& pod) const;
  PodReleased ReleaseOf(const std::string& uid, const std::string& key) const;
  NodeCapacity CapacityOf(const std::string& name) const;

  // store_peers.cc
  PeerRef InternPeer(const PodInfo& info);
  void CountRuled(PodRecord* pod);
  void Settle(PodIndex index);
  void Unsettle(PodIndex index);
  void ListResidents();
  std::shared_ptr<const NamespaceLabels> LabelsOfNamespaces();

  // store_volumes.cc
  void VolumesChanged();
  void SweepVolumes(ObjectKind kind);
  std::shared_ptr<const VolumeTable> VolumesInUse();

  // store_gangs.cc
  ClaimId InternClaim(const std::string& ns, const std::string& queue, const std::string& user);
  GangRecord* Gang(GangId id);
  void SetClaim(GangRecord* gang);
  void Join(PodIndex index, const GangKey& key, Instant now);
  void Leave(PodIndex index, Instant now);
  void Touch(GangId id, Instant now);
  void Recount(GangRecord* gang) const;
  std::int64_t MinMember(const GangRecord& gang, std::string* missing) const;
  const GangTerms& TermsOf(const GangRecord& gang) const;
  bool RolesMet(const GangRecord& gang, bool settled_only) const;
  std::string TermsProblem(const GangRecord& gang) const;
  std::string NearnessProblem(const PodRecord& a, const PodRecord& b) const;
  std::string Invalid(const GangRecord& gang) const;
  std::shared_ptr<const GangView> BuildView(const GangRecord& gang) const;
  void Retenant(const std::string& ns, const std::string& tenant);
  void Relabel();
  ResourceVector HeldBy(const GangRecord& gang, bool* running) const;
  void CountHoldings(GangRecord* gang, std::map<ClaimId, std::vector<Holding>>* changed);
  void PublishGang(GangId id);
  void PublishDirty();
  void TouchGangs(const std::string& ns, GangKind kind, const std::string& name, Instant now);
};

}  // namespace fairlead
