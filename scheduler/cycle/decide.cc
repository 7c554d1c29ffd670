#include "fairlead/cycle/decide.h"

#include <algorithm>

#include "scheduler/cycle/passes.h"

namespace fairlead {
namespace {

std::vector<ShapeId> ShapesOf(const Snapshot& snapshot, const std::vector<Candidate>& candidates) {
  std::vector<bool> wanted(snapshot.shapes->size(), false);
  for (const Candidate& candidate : candidates) {
    for (const MemberView& member : candidate.gang->members) {
      if (IsPlaceable(member)) wanted[member.shape.index()] = true;
    }
  }
  std::vector<ShapeId> shapes;
  for (std::uint32_t s = 0; s < wanted.size(); ++s) {
    if (wanted[s]) shapes.emplace_back(s);
  }
  return shapes;
}

}  // namespace

Decision Decide(const DecideInput& input) {
  const Snapshot& snapshot = input.snapshot;
  Decision decision;
  decision.plan.snapshot_version = snapshot.version;
  std::vector<PendingGang>& pending = decision.plan.pending;

  const std::vector<ResolvedClaim> claims = ResolveClaims(snapshot, input.policy);
  Admission admission = Admit(input, claims, &pending);
  if (!admission.candidates.empty()) {
    const ResourceVector capacity = Capacity(snapshot);
    const NodeClasses classes(snapshot, ShapesOf(snapshot, admission.candidates));
    Placer placer(snapshot, classes, Room::Free(snapshot), capacity);
    GangLine line(input, capacity, claims, admission.candidates);
    PlaceResult placed = PlaceGangs(input, &line, &placer, &admission.outcomes);
    decision.plan.bind = std::move(placed.bind);
    decision.exhausted = placed.exhausted;
    const std::uint64_t looked_at =
        ExplainFailures(snapshot, classes, capacity, admission, &placer, &pending);
    decision.steps = placer.steps() + looked_at;
  }
  decision.plan.evict = RollBackStale(input, admission.outcomes);
  std::sort(pending.begin(), pending.end(),
            [](const PendingGang& a, const PendingGang& b) { return a.gang < b.gang; });
  return decision;
}

}  // namespace fairlead
