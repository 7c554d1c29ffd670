// Balance: where the time of a node's resources went. At every moment each unit is with a tenant,
// with the system (pods of others), reserved, down, idle, or held beyond what is there:
//
//   tenants + system + reserved + down + idle - over = capacity     x time, exactly
//
// Idle and over are what remains: idle (or down, on a node that is) = capacity - held where that is
// positive, over = held - capacity where that is. They are taken at every moment, not of sums, so
// that what is idle in one hour does not make good for what is over in another.
//
// GPUs are balanced device by device, in slices of the node's own cut at that moment, and those
// that are held but not known by their device apart, as the device -1.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"
#include "fairlead/ledger/interval.h"
#include "fairlead/ledger/store.h"

namespace fairlead::ledger {

__extension__ using WideInt = __int128;

inline constexpr std::int32_t kCpuUnit = -3;     // milli-CPU
inline constexpr std::int32_t kMemoryUnit = -2;  // bytes
inline constexpr std::int32_t kUnknownGpu = -1;  // and from 0 on, devices

// Unit-nanoseconds; of a GPU in slices of which it has `slices_per_gpu`.
struct Balance {
  WideInt tenants = 0, system = 0, reserved = 0, down = 0, idle = 0, over = 0, capacity = 0;

  WideInt held() const { return tenants + system + reserved; }
  bool Holds() const { return held() + down + idle - over == capacity; }
  friend bool operator==(const Balance&, const Balance&) = default;
};

struct BalanceKey {
  Instant hour;  // the beginning of the bucket
  std::string node;
  std::int32_t unit = kCpuUnit;
  std::string model;  // of a GPU
  // Of a GPU: the parts that its amounts count, a common multiple of all cuts that it had.
  std::int64_t slices_per_gpu = 0;
  friend auto operator<=>(const BalanceKey&, const BalanceKey&) = default;
};

using BalanceSheet = std::map<BalanceKey, Balance>;

// All nodes from `from` to `to`, in buckets between neighbours of `bounds` (ascending). Intervals
// that are open last until `until`. Superseded records do not count.
Result<BalanceSheet> BalanceOf(Store* store, const std::vector<Instant>& bounds, Instant until,
                               std::int64_t up_to_seq = INT64_MAX);
// The hours of [from, to), at whole hours of UTC inside.
std::vector<Instant> HourBounds(Instant from, Instant to);

}  // namespace fairlead::ledger
