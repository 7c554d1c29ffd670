// Interval: the unit of usage. One pod on one node, with what it held there, from `start`
// (inclusive) to `end` (exclusive); or what a node had (capacity). Integers and integer nanoseconds
// only.
//
// I1: amounts are >= 0, start < end where there is an end, 1 <= slices <= slices_per_gpu where
// there
//     are devices, devices are distinct and sorted.
// I2: record_id names the interval by what it is about (cluster, pod, node, kind, start, revision),
//     never by its end or amounts: writing the same interval twice is seen as such.
// I3: an interval never changes. A correction is a further revision that names the one before.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"
#include "fairlead/model/affinity.h"

namespace fairlead::ledger {

// What a node's resources were doing. Idle and over follow from these (see balance.h).
enum class Kind : std::uint8_t {
  kUsage,     // held by a pod of a tenant
  kSystem,    // held by a pod that is not ours
  kReserved,  // assumed for a binding that is under way
  kCapacity,  // what the node had
};
enum class UseClass : std::uint8_t { kGuaranteed, kEntitled, kBorrowed };
enum class Phase : std::uint8_t { kStarting, kRunning, kTerminating };
enum class EndReason : std::uint8_t {
  kNone,  // still open
  kCompleted,
  kFailed,
  kDeleted,
  kPreempted,
  kReclaimed,
  kNodeLost,
  kBindFailed,
  kGangRollback,
  kBound,    // of a reserved interval: the pod runs, its usage goes on from here
  kChanged,  // what it held changed: goes on as another interval
  kSplit,    // cut at the end of a billing period: goes on as another interval
  kUnknown,
};
enum class Source : std::uint8_t { kWatch, kReconcile, kImport };

struct Interval {
  std::string record_id;  // 32 hexadecimal digits
  std::string cluster = "default";
  std::int64_t revision = 0;
  std::string supersedes;  // the record that this one corrects; empty where revision is 0
  Kind kind = Kind::kUsage;

  std::string tenant, queue, environment, ns, pod, pod_uid;
  std::string gang, owner_kind, owner, user, cost_center;
  Labels labels;  // allow-listed ones, sorted by key

  std::string node;
  std::string gpu_model;
  std::vector<std::int32_t> devices;  // of the node, sorted
  std::int32_t unknown_devices = 0;   // GPUs held that are not known by their device
  std::int32_t slices = 0;            // of each device; 0 where there are no GPUs
  std::int32_t slices_per_gpu = 0;
  std::int64_t gpu_memory_bytes = 0;  // of each device
  std::int64_t cpu_milli = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t storage_bytes = 0;
  bool down = false;  // of a capacity interval: what nobody holds is down rather than idle

  UseClass use_class = UseClass::kEntitled;
  Phase phase = Phase::kRunning;
  std::optional<Instant> submitted, eligible;
  Instant start;
  std::optional<Instant> end;  // absent: still open
  EndReason end_reason = EndReason::kNone;
  std::string preempted_by;
  std::int64_t epoch = 0;  // of the leader that wrote it
  Source source = Source::kWatch;

  std::int64_t gpus() const { return static_cast<std::int64_t>(devices.size()) + unknown_devices; }

  friend bool operator==(const Interval&, const Interval&) = default;
};

std::string_view KindName(Kind kind);
std::optional<Kind> ParseKind(std::string_view text);
std::string_view UseClassName(UseClass use_class);
std::optional<UseClass> ParseUseClass(std::string_view text);
std::string_view PhaseName(Phase phase);
std::optional<Phase> ParsePhase(std::string_view text);
std::string_view EndReasonName(EndReason reason);
std::optional<EndReason> ParseEndReason(std::string_view text);
std::string_view SourceName(Source source);
std::optional<Source> ParseSource(std::string_view text);

// Of the interval's cluster, pod, node, kind, start and revision.
std::string RecordIdOf(const Interval& interval);
// Names the one interval of a pod on a node, or of a node's capacity, that can be open at a time.
std::string OpenKeyOf(const Interval& interval);

// I1 and what goes with it; the error names the field.
Status CheckInterval(const Interval& interval);

// Hexadecimal SHA-256.
std::string Sha256(std::string_view text);
// The next hash of a chain: of the hash before it and of the canonical text of the interval.
std::string ChainHash(std::string_view previous, std::string_view canonical);

}  // namespace fairlead::ledger
