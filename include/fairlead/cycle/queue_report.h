// QueueReport: what people may know about a queue at the moment of a decision. `fairlead queues`,
// the metrics, gRPC and the status of a Queue object all show this and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/base/share.h"
#include "fairlead/base/time.h"
#include "fairlead/model/policy.h"
#include "fairlead/model/snapshot.h"
#include "fairlead/queues/history.h"
#include "fairlead/queues/spec.h"

namespace fairlead {

// Amounts by name without zeros; a demand that any of several models can serve is named
// "gpu/A100|H100". An inner queue's are the sums of its leaves'.
struct QueueReport {
  std::string name;
  std::string parent;  // empty: child of the root
  std::uint32_t depth = 0;
  bool leaf = true;
  QueueState state = QueueState::kOpen;  // the strictest of it and its ancestors
  std::int64_t weight = kWeightOne;      // millionths
  NamedAmounts demand;                   // what it holds plus what it waits for
  NamedAmounts guarantee;
  NamedAmounts entitlement;
  NamedAmounts allocated;
  NamedAmounts borrowed;  // allocated beyond the guarantee
  NamedAmounts lent;      // unused guarantee that others hold: what is not free at this moment
  Share dominant_share;   // of allocated
  Share entitled_share;   // dominant share of the entitlement
  std::string
      bound_by;  // of the entitlement: "demand", "weight cpu", "limit gpu/H100 of team", ...
  // Decayed usage in share-seconds with 20 fractional bits; 0 while history is off.
  std::int64_t decayed_usage = 0;
  std::int64_t pending_gangs = 0;
  std::int64_t running_gangs = 0;
  std::int64_t pending_pods = 0;
  std::optional<Duration> oldest_wait;  // of a pending gang

  friend bool operator==(const QueueReport&, const QueueReport&) = default;
};

// All queues of a decision, parents before children, siblings by name.
struct QueueTable {
  Instant at;
  std::uint64_t version = 0;  // of the snapshot
  std::vector<QueueReport> queues;
};

// The queues as they are in a snapshot: what gangs hold and wait for, and what each queue is
// entitled to. After a decision take a new snapshot, in which its bindings are under way and held.
// `history`: for decayed_usage; null = 0. Costs one solve of the entitlements.
QueueTable ReportQueues(const Snapshot& snapshot, const Policy& policy, Instant now,
                        const UsageHistory* history = nullptr);

}  // namespace fairlead
