// The results as tables for people.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "fairlead/sim/results.h"

namespace fairlead::sim {
namespace {

constexpr std::size_t kShownStarts = 20;

void Saturation(const Results& results, std::string* out) {
  auto to = std::back_inserter(*out);
  fmt::format_to(to, "{:<12} {:>5} {:>10} {:>6} {:>10} {:>8} {:>8} {:>9}  {}\n", "policy", "seeds",
                 "alloc(100)", "sd", "alloc(130)", "frag(50)", "frag(80)", "frag(100)",
                 "published");
  for (const SaturationSummary& row : results.summary) {
    fmt::format_to(to, "{:<12} {:>5} {:>10.2f} {:>6.2f} {:>10.2f} {:>8.2f} {:>8.2f} {:>9.2f}",
                   row.policy, row.seeds, row.mean_100, row.sd_100, row.mean_130, row.frag_50,
                   row.frag_80, row.frag_100);
    if (row.has_published) {
      fmt::format_to(to, "  {:>6.2f} {:+.2f}{}", row.published, row.mean_100 - row.published,
                     row.Reproduced() ? "" : " !");
    }
    *out += "\n";
  }
}

void Replay(const Results& results, std::string* out) {
  auto to = std::back_inserter(*out);
  fmt::format_to(to, "{:<21} {:>5} {:>8} {:>11} {:>8} {:>8} {:>8} {:>6} {:>9} {:>7}\n", "order",
                 "nodes", "jobs", "mean wait s", "p50", "p99", "max", "util %", "unfair %",
                 "evicted");
  std::size_t shown = 0;
  for (const ReplayResult& row : results.replay) {
    const std::size_t at = shown++;
    const bool first =
        at < results.points.size() && (at == 0 || results.points[at] != results.points[at - 1]);
    if (first) fmt::format_to(to, "{}\n", results.points[at]);
    fmt::format_to(to, "{:<21} {:>5} {:>8} {:>11} {:>8} {:>8} {:>8} {:>6.2f} {:>9.3f} {:>7}\n",
                   row.order, row.nodes, row.jobs, MeanText(row.wait.sum, row.wait.count),
                   row.wait.p50, row.wait.p99, row.wait.max, 100 * row.utilisation,
                   100 * row.fairness_error, row.evictions);
  }
  for (const ReplayResult& row : results.replay) {
    std::size_t left = kShownStarts;
    for (const JobTimes& job : row.times) {
      if (job.ran_before || left == 0 || !results.forecast) continue;
      --left;
      fmt::format_to(to, "{} in {}: {}\n", job.id, job.queue,
                     job.start < 0 ? std::string("does not start")
                                   : fmt::format("starts in {} s", job.start - job.submit));
    }
    if (!row.too_large.empty()) {
      fmt::format_to(to, "{}: {} jobs are larger than the cluster and took no part, {} first\n",
                     row.order, row.too_large.size(), row.too_large.front());
    }
    if (!row.unstarted.empty()) {
      fmt::format_to(to, "{}: {} jobs never started, {} first\n", row.order, row.unstarted.size(),
                     row.unstarted.front());
    }
  }
}

}  // namespace

namespace {

void Find(const FindResult& find, std::string* out) {
  auto to = std::back_inserter(*out);
  for (const FindResult::Tried& tried : find.tried) {
    fmt::format_to(to, "{} = {}: {:.2f}{}{}\n", find.vary, tried.value, tried.figure,
                   tried.complete ? "" : ", not all jobs ran", tried.holds ? ", holds" : "");
  }
  if (find.value) {
    fmt::format_to(to, "{} = {}: {}\n", find.vary, *find.value, find.such_that);
  } else {
    fmt::format_to(to, "no {} such that {}\n", find.vary, find.such_that);
  }
}

}  // namespace

std::string ResultsText(const Results& results) {
  std::string out;
  if (results.mode == Mode::kSaturation) {
    Saturation(results, &out);
  } else {
    Replay(results, &out);
  }
  if (results.find) Find(*results.find, &out);
  if (results.bad_rows > 0) {
    fmt::format_to(std::back_inserter(out), "{} bad rows left out, the first: {}\n",
                   results.bad_rows, results.first_bad_rows.front().ToString());
  }
  if (results.interrupted) out += "interrupted: the figures are of what ran until then\n";
  return out;
}

}  // namespace fairlead::sim
