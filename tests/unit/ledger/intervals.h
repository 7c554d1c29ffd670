// Intervals in a few words.
#pragma once

#include <string>
#include <utility>

#include "fairlead/ledger/interval.h"

namespace fairlead::testing {

inline Instant At(const std::string& text) { return ParseInstant(text).value(); }

// From 2026-10-01T00:00Z for `hours`; open where that is 0.
inline ledger::Interval Use(std::string tenant, std::string pod, std::int64_t hours) {
  ledger::Interval i;
  i.tenant = std::move(tenant);
  i.ns = i.tenant + "-ns";
  i.pod = std::move(pod);
  i.pod_uid = "uid-" + i.pod;
  i.node = "n-1";
  i.cpu_milli = 4'000;
  i.memory_bytes = std::int64_t{16} << 30;
  i.gpu_model = "H100";
  i.devices = {0, 1};
  i.slices = i.slices_per_gpu = 1;
  i.start = At("2026-10-01T00:00:00Z");
  if (hours > 0) {
    i.end = i.start + Duration::Seconds(hours * 3600);
    i.end_reason = ledger::EndReason::kCompleted;
  }
  i.record_id = ledger::RecordIdOf(i);
  return i;
}

}  // namespace fairlead::testing
