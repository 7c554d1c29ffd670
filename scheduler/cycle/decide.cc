#include "fairlead/cycle/decide.h"

#include <algorithm>

#include "scheduler/cycle/gang_line.h"

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

bool OneLeaf(const Admission& admission) {
  const QueueId first = admission.candidates.front().queue;
  return std::all_of(admission.candidates.begin(), admission.candidates.end(),
                     [first](const Candidate& candidate) { return candidate.queue == first; });
}

PlaceResult PlaceInTurn(const DecideInput& input, const QueueContext& context, Admission& admission,
                        QueueBook* book, Placer* placer) {
  const Snapshot& snapshot = input.snapshot;
  // One leaf with gangs and nothing kept for others: there is nobody to compare it with.
  const bool alone = OneLeaf(admission) && !KeepsAny(input.policy);
  const std::vector<LeafDemand> demand = alone ? std::vector<LeafDemand>(input.policy.queues.size())
                                               : CountDemand(snapshot, context, admission);
  const std::vector<std::int64_t> weights = EffectiveWeights(input.policy, input.history);
  Entitled entitled(snapshot, input.policy, context, *book, demand, weights);
  if (input.memo != nullptr) entitled.Remember(input.memo);
  if (std::vector<ResourceVector> kept = entitled.Kept(); !kept.empty()) {
    book->Keep(std::move(kept), FreeOf(context, snapshot));
  }
  GangLine line({snapshot, input.policy, context, *book, entitled, demand, weights},
                admission.candidates);
  const Topology* topology = admission.topology ? &*admission.topology : nullptr;
  return PlaceGangs(
      {snapshot, input.policy, context, input.step_budget, &line, book, placer, topology},
      &admission.outcomes);
}

// A gang that found no room may have lost its part of a limit since: it is told what holds it now.
void BarFailed(const QueueBook& book, Admission* admission, std::vector<Barred>* barred) {
  for (const Candidate& candidate : admission->candidates) {
    Outcome& outcome = admission->outcomes[candidate.position];
    if (outcome != Outcome::kFailed || !book.Bounded(candidate.queue)) continue;
    std::optional<Refusal> refusal = book.Refuse(candidate);
    if (!refusal) continue;
    outcome = Outcome::kBarred;
    barred->push_back({&candidate, std::move(refusal)});
  }
}

}  // namespace

Decision Decide(const DecideInput& input) {
  const Snapshot& snapshot = input.snapshot;
  Decision decision;
  decision.plan.snapshot_version = snapshot.version;
  std::vector<PendingGang>& pending = decision.plan.pending;

  const QueueContext context = MakeContext(snapshot, input.policy);
  Admission admission = Admit(input, context, &pending);
  if (!admission.candidates.empty()) {
    PlacementMemo fresh;
    PlacementMemo& memo = input.placement == nullptr ? fresh : *input.placement;
    memo.Follow(snapshot, ShapesOf(snapshot, admission.candidates));
    Placer placer(snapshot, memo.classes(), memo.now(), PeerBook::Now(snapshot), context.whole);
    QueueBook book(snapshot, input.policy, context);
    PlaceResult placed = PlaceInTurn(input, context, admission, &book, &placer);
    decision.plan.bind = std::move(placed.bind);
    decision.exhausted = placed.exhausted;
    BarFailed(book, &admission, &placed.barred);
    for (Barred& barred : placed.barred) {
      Refusal refusal = barred.refusal ? std::move(*barred.refusal) : book.Cut(*barred.candidate);
      pending.push_back({barred.candidate->gang->id, refusal.code, std::move(refusal.message)});
    }
    if (input.explain) {
      decision.steps = ExplainFailures(input, &memo, context.whole, admission, &placer, &pending);
    }
    decision.steps += placer.steps();
  }
  decision.plan.evict = RollBackStale(input, admission.outcomes);
  std::sort(pending.begin(), pending.end(),
            [](const PendingGang& a, const PendingGang& b) { return a.gang < b.gang; });
  return decision;
}

}  // namespace fairlead
