// The results as tables: runs, queues, and what went on over time.
#include <fmt/format.h>

#include <iterator>

#include "fairlead/sim/results.h"

namespace fairlead::sim {
namespace {

// A cell that may hold anything.
std::string Cell(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string Runs(const Results& results) {
  std::string out =
      "order,placement,nodes,seed,jobs,wait_mean_s,wait_p50_s,wait_p90_s,wait_p95_s,wait_p99_s,"
      "wait_max_s,jct_mean_s,slowdown_mean,makespan_s,gpu_utilisation,jobs_waited,fairness_error,"
      "jain,preempted_gpu_seconds,evictions,unfinished,too_large\n";
  auto to = std::back_inserter(out);
  for (const ReplayResult& run : results.replay) {
    fmt::format_to(to, "{},{},{},{},{},{},{},{},{},{},{},", run.order, run.placement, run.nodes,
                   run.seed, run.jobs, MeanText(run.wait.sum, run.wait.count), run.wait.p50,
                   run.wait.p90, run.wait.p95, run.wait.p99, run.wait.max);
    fmt::format_to(to, "{},{:.3f},{},{:.4f},{},{:.6f},{:.6f},{},{},{},{}\n",
                   MeanText(run.jct_sum, run.ended), run.slowdown_mean, run.makespan,
                   run.utilisation, run.jobs_waited, run.fairness_error, run.jain,
                   run.preempted_gpu_milli_seconds / kWholeGpu, run.evictions, run.unfinished,
                   run.too_large.size());
  }
  return out;
}

std::string Queues(const Results& results) {
  std::string out =
      "order,placement,seed,queue,jobs,started,wait_mean_s,wait_p50_s,wait_p90_s,wait_p99_s,"
      "wait_max_s,jct_mean_s,share,entitled_share,fairness_error,gpu_seconds\n";
  auto to = std::back_inserter(out);
  for (const ReplayResult& run : results.replay) {
    for (const QueueResult& queue : run.queues) {
      fmt::format_to(to, "{},{},{},{},{},{},{},{},{},{},{},{},{:.6f},{:.6f},{:.6f},{}\n", run.order,
                     run.placement, run.seed, Cell(queue.queue), queue.jobs, queue.started,
                     MeanText(queue.wait.sum, queue.wait.count), queue.wait.p50, queue.wait.p90,
                     queue.wait.p99, queue.wait.max, MeanText(queue.jct_sum, queue.ended),
                     queue.share, queue.entitled, queue.error, queue.gpu_milli_seconds / kWholeGpu);
    }
  }
  return out;
}

std::string Series(const Results& results) {
  std::string out =
      "order,placement,seed,at_s,span_s,gpu_utilisation,waiting_jobs,waiting_gpus,queue,share,"
      "entitled_share\n";
  auto to = std::back_inserter(out);
  for (const ReplayResult& run : results.replay) {
    for (const SeriesPoint& point : run.series) {
      for (std::size_t q = 0; q < run.queues.size(); ++q) {
        fmt::format_to(to, "{},{},{},{},{},{:.4f},{:.2f},{:.2f},{},{:.6f},{:.6f}\n", run.order,
                       run.placement, run.seed, point.at, point.span, point.utilisation,
                       point.waiting_jobs, point.waiting_gpus, Cell(run.queues[q].queue),
                       point.share[q], point.entitled[q]);
      }
    }
  }
  return out;
}

std::string Jobs(const Results& results) {
  std::string out = "order,placement,seed,id,queue,submit_s,start_s,end_s\n";
  auto to = std::back_inserter(out);
  for (const ReplayResult& run : results.replay) {
    for (const JobTimes& job : run.times) {
      fmt::format_to(to, "{},{},{},{},{},{},{},{}\n", run.order, run.placement, run.seed,
                     Cell(job.id), Cell(job.queue), job.submit, job.start, job.end);
    }
  }
  return out;
}

std::string Curves(const Results& results) {
  std::string out = "policy,seed,arrived_pct,alloc_pct,frag_pct\n";
  auto to = std::back_inserter(out);
  for (const SaturationResult& run : results.saturation) {
    for (std::size_t at = 0; at < run.allocated.size(); ++at) {
      fmt::format_to(to, "{},{},{},{:.3f},{:.3f}\n", run.policy, run.seed, at, run.allocated[at],
                     run.fragmented[at]);
    }
  }
  return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ResultsCsv(const Results& results) {
  if (results.mode == Mode::kSaturation) return {{"curves.csv", Curves(results)}};
  return {{"runs.csv", Runs(results)},
          {"queues.csv", Queues(results)},
          {"series.csv", Series(results)},
          {"jobs.csv", Jobs(results)}};
}

}  // namespace fairlead::sim
