// Measure: what happens in a replay, summed up as it goes.
//
// A queue's entitlement at a moment is the max-min share of the GPUs by weight, capped by its
// demand (what it holds and waits for). Means over time are taken while anything waits or runs.
#pragma once

#include <cstdint>
#include <vector>

#include "fairlead/sim/results.h"
#include "scheduler/sim/series.h"
#include "scheduler/sim/world.h"

namespace fairlead::sim {

class Measure {
 public:
  // `weights`: by queue of the workload.
  Measure(const World& world, std::vector<std::int64_t> weights);

  // Each at the time of the last Advance.
  void Submitted(std::uint32_t job);
  void Started(std::uint32_t job);
  void Ended(std::uint32_t job);
  // It gives up what it held and waits again; its pods were evicted.
  void Lost(std::uint32_t job);
  // Time goes on to `now`.
  void Advance(std::int64_t now);
  std::int64_t now() const { return now_; }
  std::int64_t StartOf(std::uint32_t job) const { return times_[job].start; }
  std::int64_t waiting() const { return waiting_; }
  std::int64_t running() const { return running_; }

  // `list_jobs`: with the times of each.
  ReplayResult Finish(bool list_jobs) const;

 private:
  struct Times {
    std::int64_t first_start = -1;
    std::int64_t start = -1;  // of the run under way, or of the last one
    std::int64_t end = -1;
  };
  void Entitle();
  std::vector<JobTimes> JobList() const;
  void Describe(ReplayResult* out) const;
  void DescribeQueues(ReplayResult* out) const;

  const World& world_;
  std::vector<std::int64_t> weights_;
  std::vector<Times> times_;
  std::vector<bool> submitted_;
  std::int64_t now_ = 0;
  bool begun_ = false;
  std::int64_t waiting_ = 0, running_ = 0;
  std::int64_t allocated_all_ = 0, waiting_milli_ = 0;
  std::vector<std::int64_t> allocated_, demand_;  // mGPU by queue
  std::vector<double> entitled_;                  // likewise
  std::vector<std::uint32_t> order_;              // of queues, scratch
  bool stale_ = true;

  std::int64_t span_ = 0;  // s in which anything waited or ran
  std::int64_t gpu_time_ = 0;
  std::int64_t last_end_ = 0;
  std::int64_t lost_ = 0, evictions_ = 0;
  double error_ = 0, jain_ = 0;  // sums over time
  std::vector<double> share_sum_, entitled_sum_, error_sum_;
  std::vector<std::int64_t> gpu_time_of_;
  Series series_;
};

}  // namespace fairlead::sim
