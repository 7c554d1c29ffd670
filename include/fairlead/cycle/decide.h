// decide(): one decision, as a pure function of its input. Same input, same plan, on every machine.
//
// A driver over passes, one file each, in this order:
//   resolve   claims -> queues (tenant rules)
//   admit     gangs that may start now: valid, queue open, not gated, enough members
//   demand    what every leaf holds and wants; entitle: what it should have
//   order     which gang next: the leaf by hierarchical dominant share of allocated / weight, those
//             that have less than they are entitled to first; the gang by the leaf's order
//   place     the gang's pending members, all that it needs or none, within the limits of its queue
//   explain   why each gang that did not start waits
#pragma once

#include <cstdint>
#include <optional>

#include "fairlead/base/time.h"
#include "fairlead/model/plan.h"
#include "fairlead/model/policy.h"
#include "fairlead/model/snapshot.h"
#include "fairlead/placement/placement_memo.h"
#include "fairlead/queues/entitlement_memo.h"
#include "fairlead/queues/history.h"

namespace fairlead {

struct DecideInput {
  const Snapshot& snapshot;
  const Policy& policy;
  Instant now;
  std::uint64_t seed = 0;  // for future tie rules; part of the dumped decision
  // Work bound: node rows looked at. When it is spent, the gangs not yet tried wait for the next
  // decision (no entry in `pending`), and `exhausted` is set.
  std::uint64_t step_budget = 4'000'000'000;
  const UsageHistory* history = nullptr;  // decayed usage; null = none, whatever the policy says
  // Of earlier decisions; save time, change nothing.
  EntitlementMemo* memo = nullptr;
  PlacementMemo* placement = nullptr;  // `steps` may be fewer
  // Without: gangs that found no room have no entry in `pending`. What is bound is the same.
  bool explain = true;
};

struct Decision {
  Plan plan;
  std::uint64_t steps = 0;
  bool exhausted = false;
};

Decision Decide(const DecideInput& input);

// Checks a plan against a snapshot independently of how it was made. Empty = sound; else what is
// wrong, in words. Checks: versions agree; every placement names a pending, ungated member of a
// valid gang, once; node present, schedulable, selector, taints, GPU model; required topology
// level; room and devices recomputed per node from the snapshot; every gang touched holds at least
// its minimum afterwards (all or nothing); its queue is a leaf that it may use and, if it starts,
// open; limits, caps and user limits hold at the queue and above it.
std::vector<std::string> Verify(const Snapshot& snapshot, const Policy& policy, const Plan& plan);

// For each claim of the snapshot, in order of ClaimId, the name of the queue that it resolves to;
// "" where it resolves to none.
std::vector<std::string> QueueNames(const Snapshot& snapshot, const Policy& policy);

// A decision with all its input, as JSON text, and back: what `fairlead replay` reads.
struct DecisionRecord {
  Snapshot snapshot;
  Policy policy;
  Instant now;
  std::uint64_t seed = 0;
  std::uint64_t step_budget = 0;
  std::string plan_json;  // as PlanToJson wrote it
  std::optional<UsageHistory> history = std::nullopt;

  // The same input again; refers to this record.
  DecideInput Input() const {
    return {snapshot, policy, now, seed, step_budget, history ? &*history : nullptr,
            nullptr,  nullptr};
  }
};

std::string DumpDecision(const DecideInput& input, const Plan& plan);
Result<DecisionRecord> LoadDecision(std::string_view json);

// How long a partial gang may stay so before it gives back what it holds; nullopt = for ever.
std::optional<Duration> PartialFor(const GangView& gang, const Policy& policy);

}  // namespace fairlead
