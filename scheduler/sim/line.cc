#include "scheduler/sim/line.h"

#include <algorithm>
#include <deque>
#include <queue>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace fairlead::sim {
namespace {

// First come first; nobody passes the first that does not fit.
class StrictLine : public Line {
 public:
  void Add(std::uint32_t job) override { jobs_.push_back(job); }
  void Ended(std::uint32_t /*job*/) override {}
  void Pass(const TryStart& start) override {
    while (!jobs_.empty() && start(jobs_.front())) jobs_.pop_front();
  }

 private:
  std::deque<std::uint32_t> jobs_;
};

// The shortest first, then the oldest; nobody passes the first that does not fit.
class ShortestLine : public Line {
 public:
  explicit ShortestLine(const World& world) : world_(world) {}
  void Add(std::uint32_t job) override {
    const Job& j = world_.job(job);
    jobs_.emplace(j.duration, j.submit, job);
  }
  void Ended(std::uint32_t /*job*/) override {}
  void Pass(const TryStart& start) override {
    while (!jobs_.empty() && start(std::get<2>(*jobs_.begin()))) jobs_.erase(jobs_.begin());
  }

 private:
  const World& world_;
  std::set<std::tuple<std::int64_t, std::int64_t, std::uint32_t>> jobs_;
};

// First come first; what does not fit is passed over. In one pass room only shrinks, so that once a
// job of a kind does not fit, none of that kind does.
class GreedyLine : public Line {
 public:
  explicit GreedyLine(const World& world) : world_(world), kinds_(world.kinds) {}
  void Add(std::uint32_t job) override { kinds_[world_.kind[job]].push_back({next_++, job}); }
  void Ended(std::uint32_t /*job*/) override {}
  void Pass(const TryStart& start) override {
    std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
    for (std::uint32_t k = 0; k < kinds_.size(); ++k) {
      if (!kinds_[k].empty()) heads.emplace(kinds_[k].front().turn, k);
    }
    while (!heads.empty()) {
      const std::uint32_t kind = heads.top().second;
      heads.pop();
      std::deque<Entry>& jobs = kinds_[kind];
      if (!start(jobs.front().job)) continue;
      jobs.pop_front();
      if (!jobs.empty()) heads.emplace(jobs.front().turn, kind);
    }
  }

 private:
  using Head = std::pair<std::uint64_t, std::uint32_t>;
  struct Entry {
    std::uint64_t turn = 0;
    std::uint32_t job = 0;
  };
  const World& world_;
  std::vector<std::deque<Entry>> kinds_;
  std::uint64_t next_ = 0;
};

// Again and again the queue with the fewest GPUs allocated, ties by name, its oldest job; a queue
// whose job does not fit sits out the pass.
class FairLine : public Line {
 public:
  explicit FairLine(const World& world)
      : world_(world),
        jobs_(world.workload.queues.size()),
        allocated_(jobs_.size(), 0),
        by_name_(jobs_.size()) {
    for (std::uint32_t q = 0; q < by_name_.size(); ++q) by_name_[q] = q;
    std::sort(by_name_.begin(), by_name_.end(), [&world](std::uint32_t a, std::uint32_t b) {
      return world.workload.queues[a] < world.workload.queues[b];
    });
  }
  void Add(std::uint32_t job) override { jobs_[world_.job(job).queue].push_back(job); }
  void Ended(std::uint32_t job) override {
    allocated_[world_.job(job).queue] -= world_.job(job).Gpu();
  }
  void Pass(const TryStart& start) override {
    std::set<std::tuple<std::int64_t, std::uint32_t, std::uint32_t>> turns;
    for (std::uint32_t rank = 0; rank < by_name_.size(); ++rank) {
      const std::uint32_t queue = by_name_[rank];
      if (!jobs_[queue].empty()) turns.emplace(allocated_[queue], rank, queue);
    }
    while (!turns.empty()) {
      const auto [held, rank, queue] = *turns.begin();
      turns.erase(turns.begin());
      const std::uint32_t job = jobs_[queue].front();
      if (!start(job)) continue;
      jobs_[queue].pop_front();
      allocated_[queue] += world_.job(job).Gpu();
      if (!jobs_[queue].empty()) turns.emplace(allocated_[queue], rank, queue);
    }
  }

 private:
  const World& world_;
  std::vector<std::deque<std::uint32_t>> jobs_;
  std::vector<std::int64_t> allocated_;  // mGPU
  std::vector<std::uint32_t> by_name_;
};

}  // namespace

std::unique_ptr<Line> MakeLine(const World& world, Order order) {
  switch (order) {
    case Order::kFifoStrict:
      return std::make_unique<StrictLine>();
    case Order::kShortestFirst:
      return std::make_unique<ShortestLine>(world);
    case Order::kGreedy:
      return std::make_unique<GreedyLine>(world);
    case Order::kFairLeastAllocated:
      return std::make_unique<FairLine>(world);
    case Order::kDefault:
      break;
  }
  return nullptr;
}

}  // namespace fairlead::sim
