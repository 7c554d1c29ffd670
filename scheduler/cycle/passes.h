// The passes of decide(), and what they hand to each other. Each is a file of its own; decide.cc
// only calls them in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "fairlead/placement/placer.h"
#include "fairlead/queues/order.h"

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
std::vector<ResolvedClaim> ResolveClaims(const Snapshot& snapshot, const Policy& policy);

// What became of a waiting gang in this decision.
enum class Outcome : std::uint8_t {
  kIdle,     // nothing to place and nothing to explain
  kRefused,  // may not start now whatever room there is
  kUntried,  // the step budget was spent before its turn
  kPlaced,
  kFailed,  // no room
};

// Members by what they mean for the gang's minimum.
struct MemberCount {
  std::int64_t held = 0;       // hold room or are done, and count
  std::int64_t placeable = 0;  // may be bound now
  std::int64_t gated = 0;      // wait for a scheduling gate
  std::int64_t assumed = 0;    // part of held: a binding is under way
};
MemberCount CountMembers(const GangView& gang);

// admit.cc: a waiting gang that may start now if there is room.
struct Candidate {
  std::size_t position = 0;  // in Snapshot::waiting
  const GangView* gang = nullptr;
  QueueId queue;
  std::int64_t held = 0;
  std::int64_t need = 0;  // at least this many placeable members, > 0
};
struct Admission {
  std::vector<Candidate> candidates;  // in order of Snapshot::waiting
  std::vector<Outcome> outcomes;      // by position in Snapshot::waiting
};
// Refused gangs go to `pending` with their reason.
Admission Admit(const DecideInput& input, const std::vector<ResolvedClaim>& claims,
                std::vector<PendingGang>* pending);

// order.cc: which gang next. Gangs that hold a part already come first, whatever their queue, since
// what they hold is lost to everybody until they are whole.
class GangLine {
 public:
  GangLine(const DecideInput& input, const ResourceVector& capacity,
           const std::vector<ResolvedClaim>& claims, const std::vector<Candidate>& candidates);

  // The next candidate, each once, or null.
  const Candidate* Next();
  // The candidate was placed as bind[first..] says.
  void Charge(const Candidate& candidate, const std::vector<Placement>& bind, std::size_t first);

 private:
  struct Leaf {
    std::vector<const Candidate*> gangs;  // best last
  };

  const Snapshot& snapshot_;
  std::vector<ResourceId> model_resources_;  // gpu/<model> by ModelId
  std::vector<const Candidate*> partial_;    // best last
  std::vector<Leaf> leaves_;                 // by QueueId
  std::optional<QueueOrder> order_;
};

// place.cc: tries the gangs in order until the line or the step budget ends.
struct PlaceResult {
  std::vector<Placement> bind;
  bool exhausted = false;
};
PlaceResult PlaceGangs(const DecideInput& input, GangLine* line, Placer* placer,
                       std::vector<Outcome>* outcomes);

// rollback.cc: partial gangs that could not be completed in time give back what they hold.
std::vector<Eviction> RollBackStale(const DecideInput& input, const std::vector<Outcome>& outcomes);

// explain.cc: why the candidates that failed wait. Returns the node rows looked at beyond those
// that the placer counts.
std::uint64_t ExplainFailures(const Snapshot& snapshot, const NodeClasses& classes,
                              const ResourceVector& capacity, const Admission& admission,
                              Placer* placer, std::vector<PendingGang>* pending);

}  // namespace fairlead
