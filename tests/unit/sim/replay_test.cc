// Replays of drawn workloads, held against one that is written as simply as can be: no kinds, no
// index of nodes, second by second over all jobs that wait.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "scheduler/sim/loaders.h"
#include "scheduler/sim/random.h"
#include "tests/unit/sim/scenarios.h"

namespace fairlead::sim {
namespace {

struct Simple {
  std::int64_t submit = 0, duration = 0, gpus = 0;
  std::string queue;
  std::int64_t start = -1;
  std::vector<std::int64_t> held;  // GPUs by node
};

// Cuts and places as the definition says: whole nodes of lowest number, the rest where it is
// tightest.
bool PlaceSimply(Simple* job, std::vector<std::int64_t>* free) {
  std::vector<std::int64_t> left = *free;
  std::vector<std::int64_t> held(left.size(), 0);
  std::vector<std::int64_t> pods(static_cast<std::size_t>(job->gpus / 8), 8);
  if (job->gpus % 8 != 0) pods.push_back(job->gpus % 8);
  for (const std::int64_t pod : pods) {
    std::int64_t best = -1;
    for (std::size_t n = 0; n < left.size(); ++n) {
      const bool tighter = best < 0 || left[n] < left[static_cast<std::size_t>(best)];
      if (left[n] >= pod && tighter) best = static_cast<std::int64_t>(n);
    }
    if (best < 0) return false;
    left[static_cast<std::size_t>(best)] -= pod;
    held[static_cast<std::size_t>(best)] += pod;
  }
  *free = left;
  job->held = held;
  return true;
}

class SimpleReplay {
 public:
  SimpleReplay(std::vector<Simple> jobs, std::size_t nodes)
      : jobs_(std::move(jobs)), free_(nodes, 8) {}

  std::vector<Simple> Run(const std::string& order) {
    for (std::int64_t now = 0; started_ < jobs_.size(); ++now) {
      for (Simple& job : jobs_) {
        if (job.start < 0 || job.start + job.duration != now) continue;
        for (std::size_t n = 0; n < free_.size(); ++n) free_[n] += job.held[n];
        allocated_[job.queue] -= job.gpus;
      }
      out_.clear();
      while (Simple* job = Next(order, now)) {
        if (!PlaceSimply(job, &free_)) {
          if (order == "fifo_strict" || order == "shortest_first") break;
          if (order == "greedy") passed_.push_back(job);
          out_.push_back(job->queue);
          continue;
        }
        job->start = now;
        allocated_[job->queue] += job->gpus;
        ++started_;
      }
      passed_.clear();
    }
    return jobs_;
  }

 private:
  bool Better(const std::string& order, const Simple& a, const Simple& b) {
    if (order == "shortest_first" && a.duration != b.duration) return a.duration < b.duration;
    if (order == "fair_least_allocated" && a.queue != b.queue) {
      const std::int64_t x = allocated_[a.queue];
      const std::int64_t y = allocated_[b.queue];
      return x != y ? x < y : a.queue < b.queue;
    }
    return false;  // the one of lower number stays
  }

  Simple* Next(const std::string& order, std::int64_t now) {
    Simple* best = nullptr;
    for (Simple& job : jobs_) {
      const bool sits_out = order == "greedy"
                                ? std::find(passed_.begin(), passed_.end(), &job) != passed_.end()
                                : std::find(out_.begin(), out_.end(), job.queue) != out_.end();
      if (job.start >= 0 || job.submit > now || sits_out) continue;
      if (best == nullptr || Better(order, job, *best)) best = &job;
    }
    return best;
  }

  std::vector<Simple> jobs_;
  std::vector<std::int64_t> free_;
  std::map<std::string, std::int64_t> allocated_;
  std::vector<std::string> out_;  // queues that sit out
  std::vector<Simple*> passed_;
  std::size_t started_ = 0;
};

std::vector<Simple> Drawn(std::uint32_t seed, std::size_t count) {
  Random random(seed);
  std::vector<Simple> jobs(count);
  std::int64_t at = 0;
  for (Simple& job : jobs) {
    at += random.Below(4);
    job.submit = at;
    job.duration = 1 + random.Below(40);
    job.gpus = random.Below(4) == 0 ? 1 + random.Below(24) : 1 + random.Below(8);
    job.queue = std::string(1, static_cast<char>('a' + random.Below(4)));
  }
  return jobs;
}

std::string Written(const std::vector<Simple>& jobs, std::uint32_t seed) {
  std::string path = testing::TempDir() + "drawn" + std::to_string(seed) + ".csv";
  std::FILE* file = std::fopen(path.c_str(), "w");
  std::fputs("job_id,vc,submit_s,duration_s,num_gpus\n", file);
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const Simple& job = jobs[j];
    std::fprintf(file, "%zu,%s,%lld,%lld,%lld\n", j, job.queue.c_str(),
                 static_cast<long long>(job.submit), static_cast<long long>(job.duration),
                 static_cast<long long>(job.gpus));
  }
  std::fclose(file);
  return path;
}

TEST(Replay, ReferenceOrdersAgreeWithASimpleReplay) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const std::vector<Simple> jobs = Drawn(seed, 120);
    const std::string path = Written(jobs, seed);
    for (const std::string order :
         {"fifo_strict", "shortest_first", "greedy", "fair_least_allocated"}) {
      std::int64_t waited = 0;
      std::int64_t longest = 0;
      for (const Simple& job : SimpleReplay(jobs, 4).Run(order)) {
        waited += job.start - job.submit;
        longest = std::max(longest, job.start - job.submit);
      }
      const Result<Results> results = RunOf(
          "mode: replay\ncluster: {gpus: 8, nodes: 4}\nworkload: {format: philly, jobs: " + path +
          "}\npolicy: {order: " + order + "}\n");
      ASSERT_TRUE(results.ok()) << results.error().ToString();
      EXPECT_EQ(results->replay[0].wait.sum, waited) << order << " seed " << seed;
      EXPECT_EQ(results->replay[0].wait.max, longest) << order << " seed " << seed;
      EXPECT_EQ(results->replay[0].wait.count, 120);
    }
    (void)std::remove(path.c_str());
  }
}

}  // namespace
}  // namespace fairlead::sim
