// Snapshot: everything that decide() may know about the cluster at one moment; immutable and
// versioned. Taking one copies the usage columns and some pointers, not the cluster: what did not
// change since the last snapshot is shared with it.
//
// I1: for every node, capacity = free + requests of all members that are assumed or bound there and
// of
//     foreign pods, unless others overbooked it.
// I2: gangs are in order of GangId, and GangIds in order of first sight.
// I3: claims[c].allocated = the sum over the members of gangs with claim c that hold room, and also
//     the sum of claims[c].holdings.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/base/resources.h"
#include "fairlead/base/result.h"
#include "fairlead/base/time.h"
#include "fairlead/model/node_table.h"
#include "fairlead/model/objects.h"

namespace fairlead {

// A member's way: pending -> assumed (a binding is under way) -> bound -> gone. `kDone` has
// succeeded: it holds nothing and counts towards the gang's minimum.
enum class MemberState : std::uint8_t { kPending, kAssumed, kBound, kDone };

inline constexpr std::uint32_t kNoRole = 0xffff'ffff;

struct MemberView {
  std::string pod;  // name in the gang's namespace
  std::string uid;
  ShapeId shape;
  MemberState state = MemberState::kPending;
  bool gated = false;
  bool terminating = false;      // bound and being deleted: holds room, no longer counts
  NodeId node;                   // where assumed or bound
  GpuMask gpus = 0;              // devices held there
  GpuGrant grant;                // of each of these, where it is a share
  std::uint32_t role = kNoRole;  // position in the terms of the gang
  PeerRef peer;                  // null: no rule between pods matters
};

// A pod that runs on a node, or is about to.
struct Resident {
  NodeId node;
  bool terminating = false;
  PeerRef peer;
};

struct GangView {
  GangId id;
  GangKey key;
  ClaimId claim;
  std::int64_t min_member = 1;  // at least what the roles need together
  GangTerms terms;
  std::int32_t priority = 0;        // the lowest of the members'
  Instant submitted;                // creation of the oldest member
  std::vector<MemberView> members;  // in order of pod name
  // Since when some members hold room, but not as many as the gang needs; meaningful only then.
  Instant partial_since;
  bool partial = false;
  bool started = false;  // has been whole since this process knows it
  Instant not_before;    // a binding failed: not tried again until then
  std::string invalid;   // non-empty: cannot be scheduled, and why
  std::string missing;   // non-empty: an object that must exist first, such as PodGroup "x"
};

// What gangs hold that hold some amount of the same resources (GPUs of each model apart).
struct Holding {
  ResourceVector amounts;
  std::int64_t gangs = 0;  // > 0
};

// Who asks: namespace, its tenant label, the queue asked for, and the user. All gangs with the same
// four share a claim, so that queues and rights are resolved once per claim and decision, not per
// pod, and what a user holds in a queue is known without looking at gangs.
struct Claim {
  std::string ns;
  std::string tenant_label;
  std::string queue;
  std::string user;          // of the gang's first member
  ResourceVector allocated;  // held by its gangs; GPUs as gpu/<model>, ids of `names`
  // The same by set of resources held, in order of CompareResourceSets; null = none.
  std::shared_ptr<const std::vector<Holding>> holdings;
};

// Order of the sets of resources of which two vectors have some: <0, 0, >0.
int CompareResourceSets(const ResourceVector& a, const ResourceVector& b);

// Adds (sign 1) or takes away (sign -1) a gang that holds `amounts`.
void AddHolding(std::vector<Holding>* holdings, const ResourceVector& amounts, std::int64_t sign);

// Gangs of the claim that hold room.
std::int64_t RunningGangs(const Claim& claim);

inline constexpr std::size_t kGangChunk = 256;
using GangChunk = std::vector<std::shared_ptr<const GangView>>;

struct VolumeTable;  // volumes.h

struct Snapshot {
  std::uint64_t version = 0;
  std::shared_ptr<const ResourceNames> names;
  std::shared_ptr<const NodeTable> nodes;
  NodeUsage usage;
  std::shared_ptr<const std::vector<std::shared_ptr<const PodShape>>> shapes;  // by ShapeId
  // Requests of each shape as ids of `names` (without GPUs), by ShapeId.
  std::shared_ptr<const std::vector<ResourceVector>> shape_requests;
  // Members that wait or hold room, by ShapeId: what the cluster is asked for. Shorter than
  // `shapes` where the last ones have none.
  std::shared_ptr<const std::vector<std::int64_t>> shape_members;
  std::vector<Claim> claims;  // by ClaimId
  // All gangs in order of id, in chunks that snapshots share.
  std::vector<std::shared_ptr<const GangChunk>> gangs;
  // Gangs that have a pending member, or that are partial and never started, in order of id: what a
  // decision looks at.
  std::vector<std::shared_ptr<const GangView>> waiting;
  // The pods on nodes, in order of NodeId, where a rule between pods can matter: all of them while
  // a pod with such a rule or preference is pending, else those that keep others away
  // (anti-affinity). Null where that is none.
  std::shared_ptr<const std::vector<Resident>> residents;
  // Null where no rule among these asks for labels of namespaces.
  std::shared_ptr<const NamespaceLabels> namespaces;
  // What pods' claims lead to. Null where no pending pod has one.
  std::shared_ptr<const VolumeTable> volumes;
};

// True if a decision has to look at the gang: it has a pending member, or it holds room in part and
// may have to give it back.
bool NeedsDecision(const GangView& gang);

// How many members of each role must come to those that hold room or are done before the gang is
// whole; empty where it has no roles.
std::vector<std::int64_t> RolesMissing(const GangView& gang);

// May a decision bind this member?
inline bool IsPlaceable(const MemberView& member) {
  return member.state == MemberState::kPending && !member.gated && !member.terminating;
}

// The gang with this id, or null.
const GangView* FindGang(const Snapshot& snapshot, GangId id);

// Allocatable of all present nodes; GPUs as gpu/<model> in milli-GPU under GpuResource(names,
// model).
ResourceVector Capacity(const Snapshot& snapshot);

// The ResourceId under which GPUs of a model are accounted: the one named "gpu/<model>".
ResourceId GpuResource(const ResourceNames& names, ModelId model);

// What a member of this shape holds when it runs on `node`: its requests plus its GPUs under the
// node's model.
ResourceVector Held(const Snapshot& snapshot, ShapeId shape, NodeId node);

// Slices that a member of this shape gets of each device on `node`; none where it takes whole ones.
GpuGrant GrantOf(const Snapshot& snapshot, ShapeId shape, NodeId node);

// Text of a snapshot as JSON, one object per line inside, and back. Dump(Load(Dump(s))) == Dump(s),
// byte for byte; decide() gives the same plan on both.
std::string DumpSnapshot(const Snapshot& snapshot);
Result<Snapshot> LoadSnapshot(std::string_view json);

}  // namespace fairlead
