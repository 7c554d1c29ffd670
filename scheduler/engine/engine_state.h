// The state behind Engine, shared by its .cc files: inbox and loop (engine.cc), events into the
// store (apply.cc), one cycle (step.cc), bindings and evictions under way (commit.cc), what people
// are told (publish.cc), decayed usage (usage.cc), the table of queues (queue_tables.cc).
// Everything but the inbox belongs to the engine's thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "fairlead/engine/engine.h"
#include "fairlead/model/cluster_store.h"
#include "scheduler/engine/queue_source.h"

namespace fairlead {

// At most this many bindings are with the adapter at once: enough to keep its connections busy, few
// enough that the state of the world is checked shortly before each is sent.
inline constexpr std::size_t kBindWindow = 128;

// A binding that was decided: waiting to be sent, or sent and not answered.
struct BindJob {
  PodRef pod;
  GangId gang;
  std::string node;
  NodeId row;
  GpuMask gpus = 0;
  GpuGrant grant;
  std::uint64_t stamp = 0;  // of the node when it was decided
  Instant pod_created;
  Instant sent;
};

// A binding that was sent for a name, until the watch shows it or it is long over. Newer servers
// refuse a binding for another uid; older ones bind whatever pod has the name by then, and this is
// how that shows.
struct IssuedBinding {
  std::string uid;
  std::string node;
  Instant expires;
};

// What was last said about a gang that waits.
struct Told {
  ReasonCode code = ReasonCode::kWaitingForCapacity;
  std::string message;
  std::size_t members = 0;  // told; 0 = nothing yet
  Instant since;            // of this code
  Instant at;
  Instant noted;  // last event
};

struct Backoff {
  int failures = 0;
  Instant last;
};

struct Engine::State {
  State(Policy p, EngineOptions o, ClusterWriter* w, const Clock* c, Metrics* m)
      : policy(std::move(p)),
        options(std::move(o)),
        writer(w),
        clock(c),
        metrics(m),
        queue_source(policy.queues) {
    if (options.usage_sink != nullptr) store.TrackUsage();
  }

  Policy policy;                // its queues are those of `queue_source`
  bool policy_changed = false;  // since the last decision
  const EngineOptions options;
  ClusterWriter* const writer;
  const Clock* const clock;
  Metrics* const metrics;

  std::mutex mutex;
  std::condition_variable arrived;
  EventBatch inbox;   // under mutex
  bool stop = false;  // under mutex
  std::atomic<bool> dump_requested = false;
  std::atomic<bool> synced = false;

  ClusterStore store;
  QueueSource queue_source;
  std::set<ObjectKind> expected;  // under mutex: kinds to be listed before the first decision
  std::set<ObjectKind> listed;    // under mutex
  bool sync_known = false;        // under mutex: has ExpectSync been called

  std::uint64_t decided_wakes = 0;    // wake_count of the last decision
  std::uint64_t decided_version = 0;  // version of its snapshot: names it
  Instant rest_until;                 // no decision before: see Step
  bool exhausted = false;             // the last decision ran out of its budget
  Instant next_timer{INT64_MAX};
  std::string last_dry_run;

  UsageHistory history;
  EntitlementMemo entitlements;  // of the decisions so far
  PlacementMemo placements;
  Instant next_tick{INT64_MAX};

  std::shared_ptr<const QueueTable> table;  // of queues, the last one
  bool table_due = true;                    // none yet, a decision since, or other queues
  Instant table_rest_until;                 // the board gets none before
  Instant table_refresh;                    // a new one then in any case
  Instant next_table{INT64_MAX};            // when to look at these again

  std::deque<BindJob> queue;                                 // decided, not sent
  std::unordered_map<std::string, BindJob> in_flight;        // sent, by pod uid
  std::unordered_map<std::string, IssuedBinding> issued;     // by "namespace/name"
  std::deque<std::pair<Instant, std::string>> issued_order;  // expiry, key
  std::unordered_set<std::string> evicting;                  // pod uids
  std::map<GangId, Backoff> backoff;
  std::map<GangId, Told> told;

  Instant usage_at;         // the latest moment at which usage was looked at
  bool usage_told = false;  // has there been one
  std::unordered_map<std::string, std::string> evicted_for;  // by pod uid, until it is told

  // apply.cc
  void Apply(Event& event, Instant now);
  void ApplyPod(const PodInfo& pod, Instant now);
  void BeginRelist(ObjectKind kind);
  void EndRelist(ObjectKind kind, Instant now);
  void ReplacePolicy(Policy next);
  void RefreshQueues(Instant now);
  void CheckPlanned(const PodInfo& pod, Instant now);

  // step.cc
  bool Due(Instant now);
  bool Step(Instant now);
  void Execute(const Snapshot& snapshot, const Plan& plan, Instant now);
  bool AssumeGang(const Snapshot& snapshot, const Plan& plan, std::size_t begin, std::size_t end,
                  Instant now);
  void SetTimer(const Snapshot& snapshot, Instant now);
  void DryRun(const Snapshot& snapshot, const Plan& plan);
  void Dump(const DecideInput& input, const Plan& plan, std::string_view why);

  // commit.cc
  void Dispatch(Instant now);
  void Finish(const BindFinished& answer, Instant now);
  void ForgetOldFailures(Instant now);
  void Retry(const BindJob& job, const BindFinished& answer, Instant now);
  void Evict(std::vector<PodRef> pods, std::string_view reason);
  void Finish(const EvictFinished& answer, Instant now);
  void ExpireIssued(Instant now);

  // usage.cc
  void TickHistory(Instant now);

  // tell_usage.cc
  void TellUsage(Instant now);
  std::int32_t LevelOf(const PodHolding& holding) const;
  std::string TenantOf(const std::string& ns, const std::string& label) const;

  // publish.cc
  void Publish(const Snapshot& snapshot, const Plan& plan, Instant now);
  void TellPending(const Snapshot& snapshot, const PendingGang& pending, Instant now,
                   std::vector<PendingStatus>* statuses, std::vector<EventNote>* notes);
  void PublishSizes(const Snapshot& snapshot);

  // queue_tables.cc
  void PublishQueues(Instant now);
  bool TableIsCurrent(Instant now) const;
  void MakeTable(Instant now);
};

// Is `until` still to come? Not if it is further away than any rest: then the clock was set back,
// which must not stall what waits for it.
inline bool Resting(Instant now, Instant until, Duration longest) {
  return now < until && until - now <= longest;
}

// The gang of a plan's entry. The plan was made on this snapshot, so it is there.
const GangView& WaitingGang(const Snapshot& snapshot, GangId id);

}  // namespace fairlead
