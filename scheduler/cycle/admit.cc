// admit: which gangs may start now if there is room, and why the others may not.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "scheduler/cycle/passes.h"

namespace fairlead {
namespace {

std::string GatedText(const GangView& gang, const MemberCount& count) {
  if (gang.min_member == 1 && gang.members.size() == 1) return "the pod has scheduling gates";
  return fmt::format("{} of {} pods have scheduling gates", count.gated, gang.members.size());
}

// Which queue, it or an ancestor, has the state that is in force for the leaf.
std::optional<Refusal> RefuseByState(QueueId leaf, const Policy& policy, const QueueTree& tree) {
  const QueueState state = tree.EffectiveState(leaf);
  if (state == QueueState::kOpen) return std::nullopt;
  QueueId queue = leaf;
  while (policy.queues[queue.index()].state != state) queue = tree.parent(queue);
  const std::string& name = policy.queues[queue.index()].name;
  if (state == QueueState::kHold) {
    return Refusal{ReasonCode::kQueueHeld, fmt::format("queue \"{}\" is on hold", name)};
  }
  return Refusal{ReasonCode::kQueueDraining,
                 fmt::format("queue \"{}\" is draining: it starts and accepts nothing", name)};
}

// priority + min(max, floor(wait / step))
std::int64_t AgedPriority(const GangView& gang, const AgingPolicy& aging, Instant now) {
  if (aging.step.ns <= 0 || now <= gang.submitted) return gang.priority;
  return gang.priority + std::min(aging.max, (now - gang.submitted).ns / aging.step.ns);
}

// The first role of which not enough members exist.
std::optional<std::size_t> ShortRole(const GangView& gang) {
  std::vector<std::int64_t> missing = RolesMissing(gang);
  for (const MemberView& member : gang.members) {
    if (IsPlaceable(member) && member.role != kNoRole) --missing[member.role];
  }
  for (std::size_t r = 0; r < missing.size(); ++r) {
    if (missing[r] > 0) return r;
  }
  return std::nullopt;
}

Refusal ShortOf(const GangView& gang, std::size_t role) {
  std::int64_t known = 0;
  for (const MemberView& member : gang.members) {
    const bool there = IsPlaceable(member) || member.state != MemberState::kPending;
    if (member.role == role && there && !member.terminating) ++known;
  }
  const GangRole& short_of = gang.terms.roles[role];
  return {ReasonCode::kWaitingForMembers,
          fmt::format("waits for members: {} of {} pods of role {} exist", known, short_of.least,
                      short_of.name)};
}

// Members that must be placed together, at least 1.
std::int64_t Need(const GangView& gang, const MemberCount& count) {
  std::int64_t roles = 0;
  for (const std::int64_t missing : RolesMissing(gang)) roles += missing;
  return std::max({std::int64_t{1}, gang.min_member - count.held, roles});
}

std::optional<Refusal> Refuse(const GangView& gang, const MemberCount& count,
                              const QueueContext& context, const DecideInput& input) {
  const Policy& policy = input.policy;
  const ResolvedClaim& claim = context.claims[gang.claim.index()];
  if (!gang.invalid.empty()) return Refusal{ReasonCode::kInvalidRequest, gang.invalid};
  if (claim.refusal) return claim.refusal;
  // What holds room has started: its missing members may follow.
  if (count.holding == 0) {
    if (auto refusal = RefuseByState(claim.queue, policy, context.tree)) return refusal;
  }
  if (gang.min_member > policy.max_gang_size) {
    return Refusal{ReasonCode::kInvalidRequest,
                   fmt::format("the gang's size is {}; expected at most {} (max_gang_size)",
                               gang.min_member, policy.max_gang_size)};
  }
  if (auto refusal = RefuseByTopology(input.snapshot, policy, gang)) return refusal;
  if (!gang.missing.empty()) {
    return Refusal{ReasonCode::kWaitingForMembers,
                   fmt::format("waits for {}, which does not exist", gang.missing)};
  }
  if (count.room == 0 && count.placeable > 0) {
    return Refusal{
        ReasonCode::kGangMaximum,
        fmt::format("the gang runs with {} pods, which is its maximum", *gang.terms.most)};
  }
  const std::optional<std::size_t> short_role = ShortRole(gang);
  if (count.placeable >= Need(gang, count) && !short_role) {
    if (gang.not_before <= input.now) return std::nullopt;
    return Refusal{ReasonCode::kBackoff, fmt::format("a binding failed; tried again at {}",
                                                     FormatInstant(gang.not_before))};
  }
  if (count.gated > 0) return Refusal{ReasonCode::kSchedulingGated, GatedText(gang, count)};
  if (short_role) return ShortOf(gang, *short_role);
  const std::int64_t known = count.held + count.placeable;
  return Refusal{ReasonCode::kWaitingForMembers,
                 fmt::format("waits for members: {} of {} pods exist", known, gang.min_member)};
}

}  // namespace

MemberCount CountMembers(const GangView& gang) {
  MemberCount count;
  bool mixed = false;
  for (const MemberView& member : gang.members) {
    switch (member.state) {
      case MemberState::kPending:
        if (IsPlaceable(member)) {
          if (count.placeable++ == 0) count.shape = member.shape;
          if (member.shape != count.shape) mixed = true;
        }
        if (member.gated && !member.terminating) ++count.gated;
        break;
      case MemberState::kAssumed:
        ++count.assumed;
        [[fallthrough]];
      case MemberState::kBound:
        ++count.holding;
        if (!member.terminating) ++count.held;
        break;
      case MemberState::kDone:
        ++count.held;
        break;
    }
  }
  if (mixed) count.shape = ShapeId::None();
  count.room = std::numeric_limits<std::int64_t>::max();
  if (gang.terms.most) count.room = std::max<std::int64_t>(0, *gang.terms.most - count.holding);
  return count;
}

Admission Admit(const DecideInput& input, const QueueContext& context,
                std::vector<PendingGang>* pending) {
  const Snapshot& snapshot = input.snapshot;
  Admission admission;
  admission.outcomes.assign(snapshot.waiting.size(), Outcome::kUntried);
  for (std::size_t i = 0; i < snapshot.waiting.size(); ++i) {
    const GangView& gang = *snapshot.waiting[i];
    const MemberCount count = CountMembers(gang);
    if (count.placeable + count.gated == 0 && !gang.partial) {
      admission.outcomes[i] = Outcome::kIdle;
      continue;
    }
    const Candidate candidate{
        .position = i,
        .gang = &gang,
        .queue = context.claims[gang.claim.index()].queue,
        .held = count.held,
        .need = Need(gang, count),
        .placeable = std::min(count.placeable, count.room),
        .shape = count.shape,
        .running = count.holding > 0,
        .priority = AgedPriority(gang, input.policy.aging, input.now),
        .nearness = NearnessOf(snapshot, input.policy, gang),
    };
    if (std::optional<Refusal> refusal = Refuse(gang, count, context, input)) {
      admission.outcomes[i] = Outcome::kRefused;
      if (refusal->code == ReasonCode::kBackoff) admission.delayed.push_back(candidate);
      pending->push_back({gang.id, refusal->code, std::move(refusal->message)});
      continue;
    }
    admission.candidates.push_back(candidate);
    if (candidate.nearness.any() && !admission.topology) {
      admission.topology.emplace(snapshot, input.policy.topology);
    }
  }
  return admission;
}

}  // namespace fairlead
