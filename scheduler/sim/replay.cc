#include "scheduler/sim/replay.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scheduler/sim/line.h"
#include "scheduler/sim/room.h"

namespace fairlead::sim {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

class LineReplay {
 public:
  LineReplay(const RunSpec& spec, RunControl* control)
      : world_(spec.world),
        faults_(spec.scenario.faults),
        list_jobs_(spec.scenario.list_jobs),
        control_(*control),
        room_(spec.placement == Placement::kPack
                  ? MakePackRoom(spec.world)
                  : MakeScoredRoom(spec.world, spec.placement, spec.seed)),
        line_(MakeLine(spec.world, spec.order)),
        measure_(spec.world, WeightsOf(spec.scenario, spec.world.workload)),
        runs_(spec.world.workload.jobs.size(), 0) {
    for (std::uint32_t n = 0; n < world_.nodes.size(); ++n) node_ids_[world_.nodes[n].name] = n;
  }

  ReplayResult Run() {
    measure_.Advance(0);
    while (!control_.Stopped()) {
      const std::int64_t now = NextTime();
      if (now == kNever) break;
      measure_.Advance(now);
      Break(now);
      End(now);
      Submit(now);
      line_->Pass([this](std::uint32_t job) { return Start(job); });
      control_.Progress(done_, world_.order.size());
    }
    return measure_.Finish(list_jobs_);
  }

 private:
  struct Ending {
    std::int64_t at = 0;
    std::uint32_t job = 0;
    std::uint32_t run = 0;  // of the job: an evicted one does not end
    friend bool operator>(const Ending& a, const Ending& b) {
      return a.at != b.at ? a.at > b.at : a.job > b.job;
    }
  };

  std::int64_t NextTime() {
    while (!ends_.empty() && runs_[ends_.top().job] != ends_.top().run) ends_.pop();
    std::int64_t next = ends_.empty() ? kNever : ends_.top().at;
    if (next_job_ < world_.order.size()) {
      next = std::min(next, world_.job(world_.order[next_job_]).submit);
    }
    // Faults alone, after the last job, change nothing.
    const bool work = next != kNever || measure_.waiting() > 0;
    if (work && next_fault_ < faults_.size()) next = std::min(next, faults_[next_fault_].at);
    return next;
  }

  void End(std::int64_t now) {
    while (!ends_.empty() && ends_.top().at == now) {
      const Ending end = ends_.top();
      ends_.pop();
      if (runs_[end.job] != end.run) continue;
      room_->Release(end.job);
      line_->Ended(end.job);
      measure_.Ended(end.job);
      ++done_;
    }
  }

  void Submit(std::int64_t now) {
    while (next_job_ < world_.order.size() && world_.job(world_.order[next_job_]).submit == now) {
      const std::uint32_t job = world_.order[next_job_++];
      measure_.Submitted(job);
      line_->Add(job);
    }
  }

  bool Start(std::uint32_t job) {
    if (!room_->Place(job)) return false;
    measure_.Started(job);
    ends_.push({measure_.now() + world_.job(job).duration, job, ++runs_[job]});
    return true;
  }

  // What runs on a node that goes down starts anew elsewhere; a drained one gets nothing new.
  void Break(std::int64_t now) {
    for (; next_fault_ < faults_.size() && faults_[next_fault_].at <= now; ++next_fault_) {
      const Fault& fault = faults_[next_fault_];
      const std::uint32_t node = node_ids_.at(fault.node);
      room_->Close(node, fault.kind != FaultKind::kUp);
      if (fault.kind != FaultKind::kDown) continue;
      for (const std::uint32_t job : room_->JobsOn(node)) {
        if (EndsNow(job, now)) continue;
        room_->Release(job);
        line_->Ended(job);
        measure_.Lost(job);
        ++runs_[job];
        line_->Add(job);
      }
    }
  }

  bool EndsNow(std::uint32_t job, std::int64_t now) const {
    return measure_.StartOf(job) + world_.job(job).duration <= now;
  }

  const World& world_;
  const std::vector<Fault>& faults_;
  bool list_jobs_;
  RunControl& control_;
  std::unique_ptr<Room> room_;
  std::unique_ptr<Line> line_;
  Measure measure_;
  std::vector<std::uint32_t> runs_;  // by job: how often it started or was lost
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> ends_;
  std::unordered_map<std::string, std::uint32_t> node_ids_;
  std::size_t next_job_ = 0;
  std::size_t next_fault_ = 0;
  std::size_t done_ = 0;
};

}  // namespace

std::vector<std::int64_t> WeightsOf(const Scenario& scenario, const Workload& workload) {
  std::vector<std::int64_t> weights(workload.queues.size(), kWeightOne);
  for (std::uint32_t q = 0; q < weights.size(); ++q) {
    for (const QueueSpec& queue : scenario.policy.queues) {
      if (scenario.own_queues && queue.name == workload.queues[q]) weights[q] = queue.weight;
    }
  }
  return weights;
}

ReplayResult ReplayByLine(const RunSpec& spec, RunControl* control) {
  return LineReplay(spec, control).Run();
}

}  // namespace fairlead::sim
