// rollback: a gang that never was whole and could not be completed within the bind timeout gives
// back what it holds, so that two half-bound gangs do not wait for each other for ever. One that
// was whole and has lost members that it needs gives up the others after a grace: they do no work.
#include "scheduler/cycle/passes.h"

namespace fairlead {
namespace {

bool IsStale(const GangView& gang, Outcome outcome, const DecideInput& input) {
  if (!gang.partial) return false;
  if (outcome == Outcome::kPlaced || outcome == Outcome::kUntried) return false;
  const std::optional<Duration> wait = PartialFor(gang, input.policy);
  return wait && input.now - gang.partial_since >= *wait;
}

}  // namespace

std::optional<Duration> PartialFor(const GangView& gang, const Policy& policy) {
  if (!gang.started) return gang.terms.start_timeout.value_or(policy.bind_timeout);
  const Duration grace = gang.terms.stale_grace.value_or(policy.stale_grace);
  if (grace.ns == 0) return std::nullopt;
  return grace;
}

std::vector<Eviction> RollBackStale(const DecideInput& input,
                                    const std::vector<Outcome>& outcomes) {
  std::vector<Eviction> evictions;
  for (std::size_t i = 0; i < input.snapshot.waiting.size(); ++i) {
    const GangView& gang = *input.snapshot.waiting[i];
    if (!IsStale(gang, outcomes[i], input)) continue;
    // While a binding is under way nobody knows yet what there is to give back.
    if (CountMembers(gang).assumed > 0) continue;
    Eviction eviction{gang.id, {}, gang.started ? "gang_stale" : "gang_rollback"};
    for (std::uint32_t m = 0; m < gang.members.size(); ++m) {
      const MemberView& member = gang.members[m];
      if (member.state == MemberState::kBound && !member.terminating) eviction.members.push_back(m);
    }
    if (!eviction.members.empty()) evictions.push_back(std::move(eviction));
  }
  return evictions;
}

}  // namespace fairlead
