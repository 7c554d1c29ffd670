// What a simulation found out, and its forms: JSON for machines, text and HTML for people, CSV for
// tables. All of it is a function of the results: same results, same bytes.
//
// Times are in seconds. Decided amounts are integers; statistics (means over time, indices) are
// doubles that are rounded when they are written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/sim/scenario.h"

namespace fairlead::sim {

// Of whole seconds. Percentiles are values that occurred, by nearest rank.
struct Distribution {
  std::int64_t count = 0;
  std::int64_t sum = 0;
  std::int64_t p50 = 0, p90 = 0, p95 = 0, p99 = 0, max = 0;
};

// Sorts `values`.
Distribution Describe(std::vector<std::int64_t>* values);

// sum / count with two digits after the point, rounded half up: "402.42"; "0.00" where count is 0.
std::string MeanText(std::int64_t sum, std::int64_t count);

struct QueueResult {
  std::string queue;
  std::int64_t jobs = 0;  // submitted
  std::int64_t started = 0;
  Distribution wait;         // of the started
  std::int64_t jct_sum = 0;  // of the ended, from submission to end
  std::int64_t ended = 0;
  double share = 0;                    // mean over time of allocated / capacity
  double entitled = 0;                 // likewise of what it should have had
  double error = 0;                    // mean over time of |share - entitled|
  std::int64_t gpu_milli_seconds = 0;  // held
};

// Means over a span of time.
struct SeriesPoint {
  std::int64_t at = 0;  // begin
  std::int64_t span = 0;
  double utilisation = 0;  // allocated / capacity of GPUs
  double waiting_jobs = 0;
  double waiting_gpus = 0;
  std::vector<double> share;     // by queue
  std::vector<double> entitled;  // by queue
};

// When a job started and ended; -1: it did not.
struct JobTimes {
  std::string id, queue;
  std::int64_t submit = 0, start = -1, end = -1;
  bool ran_before = false;  // ran already when the simulation began
};

struct ReplayResult {
  std::string order, placement;
  std::int64_t nodes = 0;
  std::int64_t gpu_milli = 0;  // capacity
  std::uint32_t seed = 0;
  std::int64_t jobs = 0;  // that take part
  Distribution wait;      // of the started
  std::int64_t jct_sum = 0;
  std::int64_t ended = 0;
  double slowdown_mean = 0, slowdown_p99 = 0;  // bounded: durations count as 10 s at least
  std::int64_t makespan = 0;                   // from the first submission to the last end
  double utilisation = 0;                      // GPU time held over capacity x makespan
  std::int64_t jobs_waited = 0;                // for a second or more
  double fairness_error = 0;
  double jain = 0;
  std::int64_t preempted_gpu_milli_seconds = 0;
  std::int64_t evictions = 0;  // pods
  std::int64_t unfinished = 0;
  std::int64_t decisions = 0;          // of the live engine
  std::vector<std::string> too_large;  // ids of the jobs that the empty cluster could not hold
  std::vector<std::string> unstarted;  // ids of others that never started
  std::int64_t longest_wait_many = 0;  // the longest wait among jobs of more than 8 GPUs
  std::vector<QueueResult> queues;     // by name
  std::vector<SeriesPoint> series;
  std::vector<JobTimes> times;  // only where the scenario wants them; not kept with a sweep
  std::vector<std::int64_t> wait_histogram;  // by power of two: [0], [1], [2,3], [4..7], ...
};

struct SaturationResult {
  std::string policy;
  std::uint32_t seed = 0;
  double alloc_100 = 0, alloc_130 = 0;
  double frag_50 = 0, frag_80 = 0, frag_100 = 0;
  std::vector<double> allocated;  // by per cent asked for
  std::vector<double> fragmented;
};

// Mean and standard deviation over the seeds, of one policy.
struct SaturationSummary {
  std::string policy;
  std::int64_t seeds = 0;
  double mean_100 = 0, sd_100 = 0, mean_130 = 0, sd_130 = 0;
  double frag_50 = 0, frag_80 = 0, frag_100 = 0;
  bool has_published = false;
  double published = 0, tolerance = 0;
  bool Reproduced() const;
};

// A mean over seeds and the half width of its 95 % confidence interval; 0 where there is one seed.
struct Band {
  double mean = 0, half = 0;
};

// A point of a sweep under one order and placement.
struct PointSummary {
  std::vector<std::pair<std::string, std::string>> settings;
  std::string order, placement;
  std::int64_t seeds = 0;
  Band wait_mean, wait_p99, utilisation, fairness_error, jct_mean;
};

// What a search tried, and what it found.
struct FindResult {
  std::string vary, such_that;
  struct Tried {
    std::int64_t value = 0;
    double figure = 0;
    bool complete = false;  // every job ran
    bool holds = false;
  };
  std::vector<Tried> tried;  // in the order of the search
  std::optional<std::int64_t> value;
};

struct Results {
  std::string name;
  Mode mode = Mode::kReplay;
  std::vector<SaturationResult> saturation;
  std::vector<SaturationSummary> summary;
  std::vector<ReplayResult> replay;
  std::vector<std::string> points;  // of a sweep: what was set, beside `replay`
  std::vector<PointSummary> sweep;
  std::optional<FindResult> find;
  std::int64_t bad_rows = 0;
  std::vector<Error> first_bad_rows;
  bool interrupted = false;
  bool forecast = false;  // of a real cluster: when does what waits start
};

std::string ResultsJson(const Results& results);
std::string ResultsText(const Results& results);
std::string ResultsHtml(const Results& results);
// Names of files and their texts.
std::vector<std::pair<std::string, std::string>> ResultsCsv(const Results& results);

}  // namespace fairlead::sim
