// The processes that the live benchmark measures: what they cost, and the two schedulers.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "tests/support/control_plane.h"
#include "tests/support/scheduler_process.h"

namespace fairlead::bench {

// CPU time in seconds, of user and kernel together, so far.
struct CpuTimes {
  double scheduler = 0;
  double api_server = 0;
  double etcd = 0;
  double self = 0;   // this program
  double other = 0;  // everything else on the machine: noise

  friend CpuTimes operator-(const CpuTimes& a, const CpuTimes& b) {
    return {a.scheduler - b.scheduler, a.api_server - b.api_server, a.etcd - b.etcd,
            a.self - b.self, a.other - b.other};
  }
};

// `scheduler`: its pid; 0 if none runs.
CpuTimes ReadCpu(const e2e::ControlPlane& plane, pid_t scheduler);

struct Memory {
  double rss_mib = 0;
  double peak_mib = 0;
};
Memory ReadMemory(pid_t pid);

enum class SchedulerKind { kFairlead, kKube };
// The name by which pods choose it.
std::string SchedulerName(SchedulerKind kind);

// A scheduler that runs against the control plane from construction to destruction.
class RunningScheduler {
 public:
  RunningScheduler(const e2e::ControlPlane& plane, SchedulerKind kind);
  ~RunningScheduler();
  pid_t pid() const;
  // Null for the kube-scheduler.
  const e2e::SchedulerProcess* fairlead() const { return fairlead_.get(); }

 private:
  std::unique_ptr<e2e::SchedulerProcess> fairlead_;
  e2e::Process kube_;
};

}  // namespace fairlead::bench
