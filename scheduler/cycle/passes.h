// The passes of decide(), and what they hand to each other. Each is a file of its own; decide.cc
// only calls them in order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "fairlead/placement/placer.h"
#include "fairlead/queues/tree.h"

namespace fairlead {

// resolve.cc: which queue a claim is served from.
struct Refusal {
  ReasonCode code = ReasonCode::kInvalidRequest;
  std::string message;
};
struct ResolvedClaim {
  QueueId queue;                   // charged for what the claim holds; None if no such queue exists
  std::optional<Refusal> refusal;  // why it may not start anything
};
std::vector<ResolvedClaim> ResolveClaims(const Snapshot& snapshot, const Policy& policy,
                                         const QueueTree& tree);

// context.cc: what all passes know about the queues.
struct QueueContext {
  QueueTree tree;
  std::vector<ResolvedClaim> claims;  // by ClaimId
  ResourceVector whole;               // of all nodes
  // What Fairlead may give away in all: free on nodes that are not cordoned, and held by gangs.
  ResourceVector capacity;
  std::vector<ResourceId> model_resources;  // gpu/<model> by ModelId
  // What AcceptedGpus has answered, by ShapeId: a memo of a pure function.
  mutable std::vector<std::optional<std::vector<ResourceId>>> accepted = {};
};
QueueContext MakeContext(const Snapshot& snapshot, const Policy& policy);
// What nobody holds of the capacity.
ResourceVector FreeOf(const QueueContext& context, const Snapshot& snapshot);
// gpu/<model> of the models that the shape accepts and of which there is any capacity, sorted.
const std::vector<ResourceId>& AcceptedGpus(const Snapshot& snapshot, const QueueContext& context,
                                            ShapeId shape);
// Thousandths of GPUs that a member of the shape counts for while it waits: what it will be
// accounted for, and where that depends on the kind of GPU the most of it.
std::int64_t GpusWanted(const Snapshot& snapshot, const QueueContext& context, ShapeId shape);

// What became of a waiting gang in this decision.
enum class Outcome : std::uint8_t {
  kIdle,     // nothing to place and nothing to explain
  kRefused,  // may not start now whatever room there is
  kUntried,  // the step budget was spent before its turn
  kPlaced,
  kFailed,  // no room
  kBarred,  // a limit, a cap, a guarantee of others or a gang before it: QueueBook, GangLine
};

// Members by what they mean for the gang's minimum.
struct MemberCount {
  std::int64_t held = 0;       // hold room or are done, and count
  std::int64_t placeable = 0;  // may be bound now
  std::int64_t gated = 0;      // wait for a scheduling gate
  std::int64_t assumed = 0;    // part of held: a binding is under way
  std::int64_t holding = 0;    // hold room, counting or not
  std::int64_t room = 0;       // members that may still come under the gang's maximum, at least 0
  ShapeId shape;               // of all placeable members; None where they differ
};
MemberCount CountMembers(const GangView& gang);

// admit.cc: a waiting gang that may start now if there is room.
struct Candidate {
  std::size_t position = 0;  // in Snapshot::waiting
  const GangView* gang = nullptr;
  QueueId queue;
  std::int64_t held = 0;
  std::int64_t need = 0;       // at least this many placeable members, > 0
  std::int64_t placeable = 0;  // >= need
  ShapeId shape;               // of all placeable members; None where they differ
  bool running = false;        // holds room already
  std::int64_t priority = 0;   // with what waiting has added
  Nearness nearness = {};      // of its members
};
struct Admission {
  std::vector<Candidate> candidates;  // in order of Snapshot::waiting
  std::vector<Candidate> delayed;     // would be candidates but for a failure a moment ago
  std::vector<Outcome> outcomes;      // by position in Snapshot::waiting
  std::optional<Topology> topology;   // only where a candidate asks for nearness
};
// Refused gangs go to `pending` with their reason.
Admission Admit(const DecideInput& input, const QueueContext& context,
                std::vector<PendingGang>* pending);

// What the members that a plan binds, bind[first..], will hold.
ResourceVector Bound(const Snapshot& snapshot, const QueueContext& context, const GangView& gang,
                     const std::vector<Placement>& bind, std::size_t first);

// place.cc: tries the gangs in order until the line or the step budget ends.
class GangLine;   // gang_line.h
class QueueBook;  // queue_book.h
// A candidate that no room would help, with the reason; without one, the book knows it.
struct Barred {
  const Candidate* candidate = nullptr;
  std::optional<Refusal> refusal;
};
struct PlaceResult {
  std::vector<Placement> bind;
  std::vector<Barred> barred;
  bool exhausted = false;
};
struct PlaceInput {
  const Snapshot& snapshot;
  const Policy& policy;
  const QueueContext& context;
  std::uint64_t step_budget = 0;
  GangLine* line = nullptr;
  QueueBook* book = nullptr;
  Placer* placer = nullptr;
  const Topology* topology = nullptr;  // null where no candidate asks for nearness
};
PlaceResult PlaceGangs(const PlaceInput& input, std::vector<Outcome>* outcomes);

// nearness.cc: how near to each other the members are to be. A name of no level is refused.
Nearness NearnessOf(const Snapshot& snapshot, const Policy& policy, const GangView& gang);
std::optional<Refusal> RefuseByTopology(const Snapshot& snapshot, const Policy& policy,
                                        const GangView& gang);

// rollback.cc: partial gangs that could not be completed in time give back what they hold.
std::vector<Eviction> RollBackStale(const DecideInput& input, const std::vector<Outcome>& outcomes);

// explain.cc: why the candidates that failed wait. Returns the node rows looked at beyond those
// that the placer counts.
std::uint64_t ExplainFailures(const DecideInput& input, PlacementMemo* memo,
                              const ResourceVector& capacity, const Admission& admission,
                              Placer* placer, std::vector<PendingGang>* pending);

}  // namespace fairlead
