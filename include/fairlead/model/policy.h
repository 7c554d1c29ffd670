// Policy: everything that a person may configure about decisions, validated. The configuration
// module builds it; decide() reads it; it travels with a dumped decision.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fairlead/base/time.h"
#include "fairlead/queues/spec.h"

namespace fairlead {

// A tenant owns namespaces and may use some queues. A namespace belongs to the tenant that lists it
// here, else to the one that its admin-set label names.
struct TenantSpec {
  std::string name;
  std::vector<std::string> namespaces;
  std::vector<std::string> queues;  // allowed, with all below them; each exists
  std::string default_queue;        // a leaf that it may use

  friend bool operator==(const TenantSpec&, const TenantSpec&) = default;
};

// Aging: inside its queue a gang's priority grows by 1 for every `step` that it waits, by `max` at
// most. step 0 = off.
struct AgingPolicy {
  Duration step = {};
  std::int64_t max = 100;

  friend bool operator==(const AgingPolicy&, const AgingPolicy&) = default;
};

// Decayed usage: effective weights fall for queues that have held more than their entitlement and
// rise for those that have held less. strength 0 = off.
struct HistoryPolicy {
  Duration half_life = Duration::Seconds(7LL * 24 * 3600);
  std::int64_t strength = 0;  // millionths, 0..kWeightOne

  friend bool operator==(const HistoryPolicy&, const HistoryPolicy&) = default;
};

// A level of the topology. Nodes with the same values of its label and of those of the levels
// before it are one domain.
struct TopologyLevel {
  std::string name;
  std::string label;

  friend bool operator==(const TopologyLevel&, const TopologyLevel&) = default;
};

struct Policy {
  // A tree that passes CheckTree; never empty: the loader adds the queue "default" where the file
  // declares none of that name and there are no tenants.
  std::vector<QueueSpec> queues = {QueueSpec{"default", kWeightOne}};
  std::vector<TenantSpec> tenants;  // empty = every namespace may use every queue

  std::int64_t max_gang_size = 10'000;            // a larger one is refused as invalid
  Duration bind_timeout = Duration::Seconds(30);  // a gang bound in part for longer is rolled back
  // A gang that was whole and has been short of members for so long gives up the others; 0 = never.
  Duration stale_grace = Duration::Seconds(60);

  AgingPolicy aging;
  HistoryPolicy history;
  std::vector<TopologyLevel> topology;  // broadest first; names and labels are unique

  friend bool operator==(const Policy&, const Policy&) = default;
};

}  // namespace fairlead
