// Placer: finds nodes for gangs, all or nothing.
//
// Nodes are tried in this order:
//
//   1. by merit for the shape (Outlook), then the less scarce model of GPU;
//   2. for shares: GPUs that are shared already, those first on which the fewest slices are free;
//   3. by level of Room: partly used nodes, the fullest that still fits first, before untouched;
//   4. those that the pods prefer: with fewer PreferNoSchedule taints that they do not tolerate;
//      then with more weight, of their preferred node affinity and of their preferred affinity and
//      anti-affinity to each pod there (PeerBook); then those less crowded by pods that they would
//      spread from (ScheduleAnyway);
//   5. by name.
//
// Members of one shape are one group, placed together: each node takes as many members as fit, so
// that it costs one step per node instead of one per member and node, and a gang has few nodes.
//
// A gang with several shapes places the hardest group first: most GPUs, then the largest dominant
// request, then the earliest member. Where that fails, and two shapes or more take whole GPUs, a
// minimum-cost flow of GPUs from shapes to sets of equal nodes says how many of each go where
// (Boost.Graph, successive shortest paths), and what rounding leaves over is placed as it comes.
// With shapes that take equally many GPUs, of which nothing else is scarce, this finds a placement
// if there is one, on up to 512 sets; else it can miss one, since it does not know how sizes go
// together on a node. It never places a part, and a gang that it misses is tried again in later
// decisions.
//
// A gang with roles first places what it needs, as a whole: of each role the first members in order
// of names, then others up to its minimum. What it has beside these follows as far as it fits. A
// gang with a maximum places no more.
//
// A gang places as many members as fit, if these are at least `need`. Members of a group are taken
// in their order in the gang. An allowance, where one is given, is kept: members beyond it count as
// not fitting, on nodes of a GPU model or everywhere, and nothing is learned from that.
//
// Nearness. A gang whose members must or should be near each other is tried in domains of one level
// after the other: of the preferred one first (without one, of the tightest), then of those above
// it, up to the required one; without a required level the whole cluster is last. In a level the
// domain goes first that takes the most members, then the one in which the least room for members
// is left, then by name. Members that run already fix the domain. A gang of several shapes may fail
// in a domain that had room for each of them alone; then the next one is tried. Members beyond the
// need that find no room in the domain follow in those above it, as far as the gang may go.
//
// Rules between pods (PeerBook). Members that a rule may keep from a node, or that prefer some pods
// to be near or far, are placed one by one, each on the first node in the same order that its rules
// let it on. A member may be what another
// one of its gang waits for, so the rest of a gang is tried again as long as one more is placed.
//
// What is remembered while room only shrinks: nodes that are full for a shape (PlacementState), and
// within one decision how many members of a shape the cluster can take at most, so that a gang that
// cannot start is refused at once. What was learned from room that is given back is forgotten.
//
// Cost: one step per node looked at, plus one scan of bitmaps (nodes / 64 words per level) per
// group.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "fairlead/base/resources.h"
#include "fairlead/base/share.h"
#include "fairlead/model/plan.h"
#include "fairlead/model/snapshot.h"
#include "fairlead/placement/node_classes.h"
#include "fairlead/placement/peer_book.h"
#include "fairlead/placement/placement_state.h"
#include "fairlead/placement/room.h"
#include "fairlead/placement/topology.h"

namespace fairlead {

// How much of each resource a gang may take (by ResourceId, GPUs under gpu/<model>), whatever room
// there is.
struct Allowance {
  static constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> left;  // absent = unlimited; >= 0
  bool cut = false;                // it has kept a member from a place

  std::int64_t Left(ResourceId r) const {
    return r.index() < left.size() ? left[r.index()] : kUnlimited;
  }
};

// Placeable members of one shape, as positions in the gang's members.
struct MemberGroup {
  const GangView* gang = nullptr;
  ShapeId shape;
  std::vector<std::uint32_t> members;  // ascending
};

// A topology and what a gang asks of it.
struct Vicinity {
  const Topology& topology;
  Nearness nearness;
};

// Members that may be placed now, in order of the first of each group. The gang must outlive them.
std::vector<MemberGroup> GroupByShape(const GangView& gang);
// Only those that the gang needs, where it has roles; else the same.
std::vector<MemberGroup> GroupNeeded(const GangView& gang);

// Of one gang: the members that out[first..] does not place.
std::vector<MemberGroup> Unplaced(const std::vector<MemberGroup>& groups,
                                  const std::vector<Placement>& out, std::size_t first);

// What came of trying to place as many members as fit.
struct FillResult {
  std::int64_t placed = 0;
  // Of the first member that does not fit, in order of groups; none if all fit.
  ShapeId short_shape;
  PeerBook::Kind short_kind = PeerBook::kPlain;
};

class Placer {
 public:
  // The snapshot, the classes and the state must outlive this; the state is of this snapshot.
  // `capacity`: of the cluster, to tell which shape is harder.
  Placer(const Snapshot& snapshot, const NodeClasses& classes, PlacementState* state,
         PeerBook peers, ResourceVector capacity);

  // Places at least `need` (> 0) of the gang's placeable members and as many as fit, appends them
  // to `out` and keeps their room; or returns false and leaves no trace. `allowance`, if not null,
  // is used up on the way, also where it returns false.
  bool PlaceGang(const GangView& gang, std::int64_t need, std::vector<Placement>* out,
                 Allowance* allowance = nullptr);
  // The same, near each other. `topology` outlives this object.
  bool PlaceNear(const GangView& gang, std::int64_t need, std::vector<Placement>* out,
                 Allowance* allowance, const Vicinity& vicinity);

  // The domain of the level in which the most of these members find room.
  struct BestDomain {
    std::uint32_t domain = Topology::kNoDomain;  // none: there is no domain
    std::int64_t fits = 0;                       // an upper bound where the shapes differ
  };
  BestDomain FindBest(const std::vector<MemberGroup>& groups, const Topology& topology,
                      std::int32_t level);

  // Takes room for as many of these members as fit, on partly used nodes first, for a look at what
  // is left then. Undo() gives it back and must follow before anything else is placed.
  FillResult Fill(std::vector<MemberGroup> groups);
  void Undo();

  const Room& room() const { return state_.room(); }
  const PeerBook& peers() const { return peers_; }
  // Of a member of the group, by its position in the gang.
  PeerBook::Kind KindOf(const MemberGroup& group, std::uint32_t member);
  // Can rules between pods keep one of the members from a node?
  bool Ruled(const MemberGroup& group);
  // Does that, or what it prefers, depend on where others are?
  bool OneByOne(const MemberGroup& group);
  const ShapeNeed& Need(ShapeId shape) { return StateOf(shape).need; }

  // Node rows looked at so far.
  std::uint64_t steps() const { return steps_; }

 private:
  static constexpr std::int64_t kMostFits = 4096;  // members that are counted on a node
  struct Closed {
    ShapeState* shape;
    std::uint32_t rank;
  };
  // A group on its way through the nodes.
  struct GroupRun {
    const MemberGroup& group;
    ShapeState& state;
    PeerBook::Kind kind;  // whose rules keep nodes out; the members' where it is not kPlain
    std::vector<Placement>* out;
    Allowance* allowance;  // may be null
    std::int64_t want;
    std::int64_t placed;
    const Ranking::Tier* tier;  // only its nodes; null: all
  };

  // A node and how good it is; the least is the best.
  struct Choice {
    std::int64_t soft_taints = 0;
    std::int64_t negated_weight = 0;
    std::int64_t crowd = 0;
    std::uint32_t rank = 0;
    friend auto operator<=>(const Choice&, const Choice&) = default;
  };

  // What a domain can take.
  struct DomainRoom {
    std::uint32_t domain = 0;
    std::int64_t takes = 0;  // members of the gang, at most
    std::int64_t left = 0;   // members of its hardest group that find room beyond these
  };

  bool Place(const std::vector<MemberGroup>& groups, std::int64_t need, std::vector<Placement>* out,
             Allowance* allowance);
  // Nodes that are alike for a gang.
  struct NodeSet {
    RankBits nodes;
    std::int64_t count = 0;
    std::vector<std::int64_t> fits;  // members on each node, by group
    std::int64_t devices = 0;        // free on each node
  };
  static constexpr std::size_t kMostFlowShapes = 16;

  bool MayFlow(const std::vector<MemberGroup>& groups);
  std::vector<NodeSet> AlikeNodes(const std::vector<MemberGroup>& groups);
  static bool WorthAFlow(const std::vector<MemberGroup>& with_gpus,
                         const std::vector<NodeSet>& sets, std::int64_t others, std::int64_t need);
  std::int64_t PlaceByFlow(const std::vector<MemberGroup>& groups, std::int64_t need,
                           std::vector<Placement>* out, Allowance* allowance);
  bool PlaceMore(const GangView& gang, std::size_t first, std::vector<Placement>* out,
                 Allowance* allowance);
  std::int64_t PlaceRest(const std::vector<MemberGroup>& groups, std::size_t first,
                         std::vector<Placement>* out, Allowance* allowance);
  bool PlaceWithin(const std::vector<MemberGroup>& groups, const Domain& domain, std::int64_t need,
                   std::vector<Placement>* out, Allowance* allowance);
  void Widen(std::vector<MemberGroup> rest, const Domain& domain, const Nearness& nearness,
             std::vector<Placement>* out, Allowance* allowance);
  // By group, then name rank: how many of its members fit on the node.
  std::vector<std::vector<std::int64_t>> CountFits(const std::vector<MemberGroup>& groups);
  std::vector<DomainRoom> DomainRooms(const std::vector<MemberGroup>& groups,
                                      const std::vector<std::vector<std::int64_t>>& fits,
                                      const Topology& topology, std::int32_t level) const;
  ShapeState& StateOf(ShapeId shape);
  void SortHardestFirst(std::vector<MemberGroup>* groups);
  std::int64_t Bound(const std::vector<MemberGroup>& groups);
  void Begin();
  std::vector<PeerBook::Kind> KindsOf(const MemberGroup& group);
  std::int64_t PlaceGroup(const MemberGroup& group, std::vector<Placement>* out,
                          Allowance* allowance);
  std::int64_t PlaceAlike(const MemberGroup& group, PeerBook::Kind kind,
                          std::vector<Placement>* out, Allowance* allowance);
  std::int64_t Allowed(const ShapeState& state, const Allowance& allowance, NodeId node,
                       std::int64_t want) const;
  void Use(const ShapeState& state, NodeId node, std::int64_t count, Allowance* allowance) const;
  void PlaceOnShared(GroupRun* run);
  bool TakeShares(std::uint32_t rank, bool only_shared, GroupRun* run);
  void Close(std::uint32_t rank, GroupRun* run);
  void PlaceOnLevel(std::int32_t level, GroupRun* run);
  void PlaceOnTier(const Ranking::Tier* tier, GroupRun* run);
  template <typename Take>
  void Walk(const RankBits& nodes, GroupRun* run, Take take);
  template <typename Take>
  void WalkWord(std::size_t w, std::uint64_t word, GroupRun* run, Take take);
  std::vector<Choice> Choices(const RankBits& nodes, GroupRun* run);
  void PlaceOnNode(std::uint32_t rank, GroupRun* run);
  bool KeptOut(const std::vector<PeerBook::Kind>& kinds, std::uint32_t rank) const;
  bool MayTake(const GroupRun& run, std::uint32_t rank);
  void Assign(const GroupRun& run, std::int64_t count, std::uint32_t rank, GpuMask devices);

  const Snapshot& snapshot_;
  const NodeClasses& classes_;
  PlacementState& state_;
  Room& room_;
  PeerBook peers_;
  ResourceVector capacity_;
  std::vector<ResourceId> model_resources_;  // gpu/<model> by ModelId
  std::vector<Closed> closed_;               // marks of "full" since Begin
  std::vector<std::uint8_t> returned_;       // by NodeId; scratch of Undo
  std::size_t mark_ = 0;                     // of state_, at Begin
  bool counting_ = false;                    // in Fill: the order of nodes does not matter
  const RankBits* within_ = nullptr;         // where not null, only these nodes are looked at
  std::vector<std::int64_t> placed_of_;      // by group; scratch of Place
  std::vector<Placement> filled_;            // scratch of Fill
  std::uint64_t steps_ = 0;
};

}  // namespace fairlead
