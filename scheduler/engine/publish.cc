#include <algorithm>

#include "fairlead/engine/log.h"
#include "scheduler/engine/engine_state.h"

namespace fairlead {
namespace {

// A changed sentence under an unchanged code is told at most this often, an event at most this
// often.
constexpr Duration kRetellAfter = Duration::Seconds(30);
constexpr Duration kNoteAfter = Duration::Seconds(300);
// Members are created one after another: that a gang waits for them is news only if it goes on.
constexpr Duration kMembersAfter = Duration::Seconds(1);

std::size_t PendingMembers(const GangView& gang) {
  return static_cast<std::size_t>(
      std::count_if(gang.members.begin(), gang.members.end(),
                    [](const MemberView& m) { return m.state == MemberState::kPending; }));
}

}  // namespace

void Engine::State::Publish(const Snapshot& snapshot, const Plan& plan, Instant now) {
  std::vector<PendingStatus> statuses;
  std::vector<EventNote> notes;
  for (const PendingGang& pending : plan.pending) {
    TellPending(snapshot, pending, now, &statuses, &notes);
  }
  // Both are in order of GangId: gangs that no longer wait are forgotten. A decision that ran out
  // of its budget does not name all that wait.
  if (!exhausted) {
    auto pending = plan.pending.begin();
    for (auto it = told.begin(); it != told.end();) {
      while (pending != plan.pending.end() && pending->gang < it->first) ++pending;
      const bool waits = pending != plan.pending.end() && pending->gang == it->first;
      it = waits ? std::next(it) : told.erase(it);
    }
  }
  if (!statuses.empty()) writer->SetPending(std::move(statuses));
  if (!notes.empty()) writer->Note(std::move(notes));
  PublishSizes(snapshot);
}

void Engine::State::TellPending(const Snapshot& snapshot, const PendingGang& pending, Instant now,
                                std::vector<PendingStatus>* statuses,
                                std::vector<EventNote>* notes) {
  const GangView& gang = WaitingGang(snapshot, pending.gang);
  const std::size_t members = PendingMembers(gang);
  const auto [it, fresh] = told.try_emplace(pending.gang);
  Told& last = it->second;
  const bool other_reason = fresh || last.code != pending.code;
  if (other_reason) last.since = now;
  if (pending.code == ReasonCode::kWaitingForMembers && now - last.since < kMembersAfter) {
    last.code = pending.code;
    last.members = 0;
    next_timer = std::min(next_timer, last.since + kMembersAfter);
    return;
  }
  const bool other_code = other_reason || last.members != members;
  const bool other_text = last.message != pending.message && now - last.at >= kRetellAfter;
  if (!other_code && !other_text) return;
  const bool gated = pending.code == ReasonCode::kSchedulingGated;
  const std::string code(ReasonName(pending.code));
  const std::size_t first = statuses->size();
  for (const MemberView& member : gang.members) {
    if (member.state != MemberState::kPending) continue;
    statuses->push_back({{gang.key.ns, member.pod, member.uid},
                         gated ? "SchedulingGated" : "Unschedulable",
                         code,
                         code + ": " + pending.message});
  }
  // Gates are the user's own doing, and a failed binding has had its event.
  const bool quiet = gated || pending.code == ReasonCode::kBackoff || statuses->size() == first;
  if (!quiet && (other_reason || last.members == 0 || now - last.noted >= kNoteAfter)) {
    notes->push_back(
        {(*statuses)[first].pod, true, "FailedScheduling", code + ": " + pending.message});
    last.noted = now;
  }
  last.code = pending.code;
  last.message = pending.message;
  last.members = members;
  last.at = now;
}

void Engine::State::PublishSizes(const Snapshot& snapshot) {
  metrics->SetCacheSize("nodes", static_cast<std::int64_t>(store.node_count()));
  metrics->SetCacheSize("pods", static_cast<std::int64_t>(store.pod_count()));
  metrics->SetCacheSize("gangs", static_cast<std::int64_t>(store.gang_count()));
  std::map<std::string, std::int64_t> by_queue;
  const std::vector<std::string> queues = QueueNames(snapshot, policy);
  for (const auto& gang : snapshot.waiting) {
    const auto waits = static_cast<std::int64_t>(PendingMembers(*gang));
    if (waits > 0) by_queue[queues[gang->claim.index()]] += waits;
  }
  metrics->SetPending({by_queue.begin(), by_queue.end()});
}

}  // namespace fairlead
