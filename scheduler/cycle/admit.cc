// admit: which gangs may start now if there is room, and why the others may not.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "scheduler/cycle/passes.h"

namespace fairlead {
namespace {

std::string GatedText(const GangView& gang, const MemberCount& count) {
  if (gang.min_member == 1 && gang.members.size() == 1) return "the pod has scheduling gates";
  return fmt::format("{} of {} pods have scheduling gates", count.gated, gang.members.size());
}

std::optional<Refusal> Refuse(const GangView& gang, const MemberCount& count,
                              const ResolvedClaim& claim, const DecideInput& input) {
  const Policy& policy = input.policy;
  if (!gang.invalid.empty()) return Refusal{ReasonCode::kInvalidRequest, gang.invalid};
  if (claim.refusal) return claim.refusal;
  if (gang.min_member > policy.max_gang_size) {
    return Refusal{ReasonCode::kInvalidRequest,
                   fmt::format("the gang's size is {}; expected at most {} (max_gang_size)",
                               gang.min_member, policy.max_gang_size)};
  }
  if (!gang.missing.empty()) {
    return Refusal{ReasonCode::kWaitingForMembers,
                   fmt::format("waits for {}, which does not exist", gang.missing)};
  }
  const std::int64_t wanted = std::max<std::int64_t>(1, gang.min_member - count.held);
  if (count.placeable >= wanted) {
    if (gang.not_before <= input.now) return std::nullopt;
    return Refusal{ReasonCode::kBackoff, fmt::format("a binding failed; tried again at {}",
                                                     FormatInstant(gang.not_before))};
  }
  if (count.gated > 0) return Refusal{ReasonCode::kSchedulingGated, GatedText(gang, count)};
  const std::int64_t known = count.held + count.placeable;
  return Refusal{ReasonCode::kWaitingForMembers,
                 fmt::format("waits for members: {} of {} pods exist", known, gang.min_member)};
}

}  // namespace

MemberCount CountMembers(const GangView& gang) {
  MemberCount count;
  for (const MemberView& member : gang.members) {
    switch (member.state) {
      case MemberState::kPending:
        if (IsPlaceable(member)) ++count.placeable;
        if (member.gated && !member.terminating) ++count.gated;
        break;
      case MemberState::kAssumed:
        ++count.assumed;
        [[fallthrough]];
      case MemberState::kBound:
        if (!member.terminating) ++count.held;
        break;
      case MemberState::kDone:
        ++count.held;
        break;
    }
  }
  return count;
}

Admission Admit(const DecideInput& input, const std::vector<ResolvedClaim>& claims,
                std::vector<PendingGang>* pending) {
  const Snapshot& snapshot = input.snapshot;
  Admission admission;
  admission.outcomes.assign(snapshot.waiting.size(), Outcome::kUntried);
  for (std::size_t i = 0; i < snapshot.waiting.size(); ++i) {
    const GangView& gang = *snapshot.waiting[i];
    const MemberCount count = CountMembers(gang);
    if (count.placeable + count.gated == 0 && count.held >= gang.min_member) {
      admission.outcomes[i] = Outcome::kIdle;
      continue;
    }
    const ResolvedClaim& claim = claims[gang.claim.index()];
    if (std::optional<Refusal> refusal = Refuse(gang, count, claim, input)) {
      admission.outcomes[i] = Outcome::kRefused;
      pending->push_back({gang.id, refusal->code, std::move(refusal->message)});
      continue;
    }
    const std::int64_t need = std::max<std::int64_t>(1, gang.min_member - count.held);
    admission.candidates.push_back({i, &gang, claim.queue, count.held, need});
  }
  return admission;
}

}  // namespace fairlead
