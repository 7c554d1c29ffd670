// PeerBook: rules between pods - affinity, anti-affinity, spread, ports of the host, volumes - kept
// up to date while a decision places members. The rules are those of kube-scheduler's filters
// NodePorts, PodTopologySpread and InterPodAffinity; those about volumes are in volume_book.h.
//
// Every rule comes down to tallies. A tally counts pods of one kind in each domain: the nodes with
// one value of a label, or one node. Members that no rule can tell apart are of one kind, a number;
// what is asked and what is counted is worked out once for each kind.
//
//   affinity          on the node's domain run pods that match all terms; or no such pods run
//                     anywhere, and the member matches the terms itself
//   anti-affinity     in the node's domain runs no pod that matches, and none that has a term of
//                     its own that the member matches
//   spread            the pods that match in the node's domain, and the member if it does, are no
//                     more than max_skew above the fewest in any domain of the nodes that count.
//                     Pods that are being deleted do not count
//   ports             on the node runs no pod with one that collides
//
// Preferences keep nobody out and come down to tallies too. A node is worth the sum, over preferred
// affinity (above 0) and anti-affinity (below 0), of weight times the pods that match in its
// domain. It is crowded by the pods that spread which is only wished for (ScheduleAnyway) counts in
// its domains, summed over these rules; a node that lacks one of their labels is more crowded than
// any other. What pods prefer that run already is not looked at.
//
// Cost: when made, nodes x labels that rules name, and one match of each tally with each distinct
// pod; then a few steps for each node asked about and each member added.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/model/snapshot.h"
#include "fairlead/placement/volume_book.h"

namespace fairlead {

// The rules between pods, in kube-scheduler's order; kNone = all hold.
enum class PeerRule : std::uint8_t {
  kNone,
  kClaims,  // a claim of the pod is not as it must be, whatever the node: ClaimsProblem says how
  kPorts,
  kClaimInUse,      // by another pod, and it is for one
  kTooManyVolumes,  // more than the node can attach
  kVolumeMissing,   // that a claim is bound to
  kVolumeNode,      // the node affinity of a volume
  kVolumeZone,
  kSpreadLabel,  // the node lacks the label to spread over
  kSpread,
  kNear,
  kAway,
  kKeptAway,  // by the anti-affinity of a pod that runs
};

class PeerBook {
 public:
  // It points into its own maps: to be moved, never copied.
  PeerBook(PeerBook&&) = default;
  PeerBook& operator=(PeerBook&&) = default;
  PeerBook(const PeerBook&) = delete;
  PeerBook& operator=(const PeerBook&) = delete;
  ~PeerBook() = default;

  using Kind = std::uint32_t;
  static constexpr Kind kPlain = 0;  // no rule is about it

  // With what runs. The snapshot must outlive this.
  static PeerBook Now(const Snapshot& snapshot);
  // As if nothing ran. Affinity is then taken to be met: what it wants may still come.
  static PeerBook Empty(const Snapshot& snapshot);

  Kind KindOf(const MemberView& member);
  // Is there a rule that may keep such a member from a node?
  bool Ruled(Kind kind) const { return kind != kPlain && kinds_[kind]->ruled(); }

  // The first rule that keeps the member from the node at this rank of names.
  PeerRule Broken(Kind kind, std::uint32_t rank) const;

  // Why kClaims; empty where it is not broken.
  const std::string& ClaimsProblem(Kind kind) const {
    return volumes_.Problem(kinds_[kind]->volumes);
  }

  // How much a member prefers a node: those that are worth more, then those less crowded.
  struct Preference {
    std::int64_t worth = 0;
    std::int64_t crowd = 0;
    friend auto operator<=>(const Preference&, const Preference&) = default;
  };
  // Is there one?
  bool Prefers(Kind kind) const { return kind != kPlain && kinds_[kind]->prefers(); }
  Preference PreferenceAt(Kind kind, std::uint32_t rank) const;

  // The member runs there from now on.
  void Add(Kind kind, std::uint32_t rank);

  // No rule is about anybody.
  bool idle() const { return snapshot_ == nullptr; }

  // Undo() takes back what was added since Begin().
  void Begin() { log_.clear(); }
  void Undo();

 private:
  using TallyId = std::uint32_t;

  // The values of a label, numbered in order of names of nodes.
  struct Domains {
    std::vector<std::int32_t> at;  // by rank of names; -1 = none
    std::int32_t size = 0;
  };
  // What it counts is one of the four.
  struct Tally {
    const std::vector<PodSelector>* matching = nullptr;  // pods that all of these hold for
    const PodTerm* owned = nullptr;                      // pods with this anti-affinity term
    const HostPort* port = nullptr;                      // pods with a port that collides
    const SpreadRule* spread = nullptr;                  // pods that it holds for
    const Domains* domains = nullptr;
    std::vector<std::int32_t> counts;  // by domain
    std::int64_t total = 0;
    // Of spread: nodes that count, by rank; by domain, whether it has one, and how many have.
    std::vector<bool> node_counts;
    std::vector<bool> domain_counts;
    std::int32_t domains_counted = 0;
    mutable std::int32_t fewest = -1;  // in a domain that counts; -1 = to be found
  };
  struct KindData {
    std::vector<TallyId> near;
    std::vector<TallyId> away;
    std::vector<TallyId> kept_away;
    std::vector<TallyId> ports;
    std::vector<TallyId> spread;
    std::vector<std::pair<TallyId, std::int32_t>> preferred;  // and the weight
    std::vector<TallyId> spread_softly;
    VolumeBook::Use volumes = VolumeBook::kNone;
    std::vector<TallyId> counted;     // the tallies that count it; ascending
    bool near_self = false;           // matches its own affinity
    std::vector<bool> spread_itself;  // by position in `spread`: counts itself

    bool ruled() const {
      return !(near.empty() && away.empty() && kept_away.empty() && ports.empty() &&
               spread.empty() && volumes == VolumeBook::kNone);
    }
    bool prefers() const { return !(preferred.empty() && spread_softly.empty()); }
    friend auto operator<=>(const KindData&, const KindData&) = default;
  };
  using SpreadRules = std::pair<ShapeId, std::vector<SpreadRule>>;

  PeerBook(const Snapshot& snapshot, bool running);
  void Register(const Peer& peer, ShapeId shape);
  void RegisterSpread(const std::vector<SpreadRule>& rules, ShapeId shape);
  void RegisterOwned(const PodTerm& term);
  TallyId NewTally(const Domains& domains);
  const Domains& DomainsOf(const std::string& label);
  void CountNodes(const std::vector<SpreadRule>& rules, const PodShape& shape, Tally* tally);
  void CountResidents();
  std::vector<TallyId> CountedIn(const Peer& peer) const;
  KindData Work(const Peer& peer, ShapeId shape);
  PeerRule BrokenByVolumes(const KindData& kind, std::uint32_t rank) const;
  bool SpreadFails(TallyId id, bool itself, std::uint32_t rank) const;
  bool NearHolds(const KindData& kind, std::uint32_t rank) const;
  bool AnyAt(const std::vector<TallyId>& tallies, std::uint32_t rank) const;
  void Change(TallyId id, std::uint32_t rank, std::int32_t by);
  void ChangeAll(const KindData& kind, std::uint32_t rank, std::int32_t by);
  bool HoldsFor(const PodSelector& selector, const Peer& peer) const;
  bool AllHold(const std::vector<PodSelector>& selectors, const Peer& peer) const;

  const Snapshot* snapshot_ = nullptr;  // null: no rules at all
  bool running_ = false;
  VolumeBook volumes_;
  std::map<std::string, Domains> domains_;  // by label; "" = each node is one
  std::vector<Tally> tallies_;
  std::map<std::pair<std::vector<PodSelector>, std::string>, TallyId> matching_;
  std::map<PodTerm, TallyId> owned_;
  std::map<HostPort, TallyId> ports_;
  std::map<SpreadRules, TallyId> spread_;  // of the first of the rules; the others follow
  std::vector<const KindData*> kinds_;     // by number
  std::map<KindData, Kind> kind_ids_;
  std::map<std::pair<const Peer*, ShapeId>, Kind> known_;
  std::vector<std::pair<Kind, std::uint32_t>> log_;
};

}  // namespace fairlead
