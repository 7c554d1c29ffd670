// Intervals as JSON: one object per line, keys in a fixed order, times in RFC 3339, everything else
// integers and strings. A key is left out where its value is the one that its absence means (empty,
// 0, false), so that the text of an interval is canonical: equal intervals, equal bytes.
//
//   record_id, cluster, revision, supersedes, kind (usage | system | reserved | capacity)
//   tenant, queue, environment, namespace, pod, pod_uid, gang, owner_kind, owner, user,
//   cost_center, labels (object of strings) node, gpu_model, devices (numbers), unknown_devices,
//   slices, slices_per_gpu, gpu_memory_bytes, cpu_milli, memory_bytes, storage_bytes, down class
//   (guaranteed | entitled | borrowed), phase (starting | running | terminating), submitted,
//   eligible, start, end, end_reason, preempted_by, epoch, source (watch | reconcile | import)
//   and in an export of what is no longer open: seq, previous_hash, hash
//
// start is required, and tenant where kind is usage. Keys that are not listed are refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fairlead/base/result.h"
#include "fairlead/ledger/interval.h"

namespace fairlead::ledger {

// An interval as a store keeps it: its place in the ledger and in the chain of its cluster.
struct StoredInterval {
  Interval interval;
  std::int64_t seq = 0;  // from 1; 0 = open, and then without hashes
  std::string previous_hash;
  std::string hash;

  friend bool operator==(const StoredInterval&, const StoredInterval&) = default;
};

// Without a line break.
std::string CanonicalJson(const Interval& interval);
std::string ToJsonLine(const StoredInterval& stored);

// Where a record_id is given it must be that of the interval, where a hash is given that of the
// text; where neither is, the id is computed and seq is 0. Errors name the field.
Result<StoredInterval> ParseInterval(std::string_view line);

}  // namespace fairlead::ledger
