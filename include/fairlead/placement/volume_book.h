// VolumeBook: where pods with claims to volumes may run, kept up to date while a decision places
// members. The rules are those of kube-scheduler's VolumeRestrictions, NodeVolumeLimits,
// VolumeBinding and VolumeZone, for claims that are bound:
//
//   claims       each exists, is bound, is not being deleted, and is the pod's own where the volume
//                is ephemeral. A claim that is to be bound with the choice of a node
//                (WaitForFirstConsumer) is not supported before it is bound
//   one pod      no other pod runs with a claim that is ReadWriteOncePod
//   limits       the volumes of each CSI driver on the node are no more than it can attach. A
//   volume
//                that several pods use counts once; one that has no place yet counts where it goes
//   node, zone   the node affinity of each volume holds for the node, and so do its labels for
//   zones
//                and regions, unless the node has none of these labels
//
// Without claims nothing is built and nothing is asked. Cost: when made, each claim of pods on
// nodes and of pending ones once; then a few steps for each claim of a member and node.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/model/snapshot.h"
#include "fairlead/model/volumes.h"

namespace fairlead {

// In kube-scheduler's order; kNone = all hold.
enum class VolumeRule : std::uint8_t { kNone, kInUse, kTooMany, kMissing, kNode, kZone };

class VolumeBook {
 public:
  using Use = std::uint32_t;       // a list of claims, as a number
  static constexpr Use kNone = 0;  // of no claims, or where no pending pod has any

  VolumeBook() : uses_(1) {}
  // `running`: with what runs, and claims that are not as they must be are a problem; else they are
  // taken to become so. What runs is added by Change. The snapshot must outlive this.
  VolumeBook(const Snapshot& snapshot, bool running);

  Use UseOf(const Peer& peer);
  // Why pods with these claims may run nowhere; empty = they may.
  const std::string& Problem(Use use) const { return uses_[use].problem; }
  // Of a use without a problem: the first rule that keeps its pods from the node at this rank.
  VolumeRule Broken(Use use, std::uint32_t rank) const;
  // A pod with these claims runs there from now on (by = 1), or no longer (-1).
  void Change(Use use, std::uint32_t rank, std::int32_t by);

 private:
  struct Attached {
    std::uint32_t driver = 0;
    std::uint32_t handle = 0;
    friend auto operator<=>(const Attached&, const Attached&) = default;
  };
  struct UseData {
    std::string problem;
    bool missing = false;                    // a claim is bound to a volume that is not there
    std::vector<std::uint32_t> one_pod;      // claims that no two pods may use
    std::vector<const VolumeInfo*> volumes;  // that are bound to the claims
    std::vector<Attached> attached;          // sorted, unique
  };
  using Claims = std::pair<std::string, std::vector<VolumeUse>>;

  void AddClaim(const std::string& ns, const VolumeUse& use, UseData* data);
  std::string ProblemOf(const VolumeUse& use, const VolumeClaimInfo* claim) const;
  void Attach(const VolumeInfo& volume, UseData* data);
  bool TooMany(const UseData& data, std::uint32_t rank) const;

  const Snapshot* snapshot_ = nullptr;  // null: no claims at all
  bool running_ = false;
  std::vector<UseData> uses_;
  std::map<Claims, Use> use_ids_;
  std::map<std::pair<std::string, std::string>, std::uint32_t> one_pod_ids_;
  std::vector<std::int32_t> one_pod_users_;
  std::map<std::string, std::uint32_t> driver_ids_;
  std::map<std::pair<std::uint32_t, std::string>, std::uint32_t> handle_ids_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> limits_;  // by rank and driver
  std::map<std::pair<std::uint32_t, Attached>, std::int32_t> users_;        // by rank
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> held_;    // by rank and driver
};

}  // namespace fairlead
