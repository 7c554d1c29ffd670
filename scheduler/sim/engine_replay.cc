// The live engine in virtual time: nodes and pods reach it as events, as an API client would send
// them, and its bindings come back as a server's answers. What is decided is decided by the code
// that runs in production.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <queue>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fairlead/base/check.h"
#include "fairlead/engine/engine.h"
#include "fairlead/model/gpu_share.h"
#include "scheduler/sim/replay.h"

namespace fairlead::sim {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr Instant kEpoch{1'767'225'600LL * 1'000'000'000};  // 2026-01-01
constexpr std::int64_t kPodsPerNode = 110;                  // the kubelet's default
constexpr std::int64_t kMiB = 1 << 20;

Instant At(std::int64_t seconds) { return kEpoch + Duration::Seconds(seconds); }

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('|'), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

// Into how many slices GPUs are cut: the fewest that give every share exactly, else the most.
std::int32_t SlicesFor(const Workload& workload) {
  std::vector<bool> shares(kWholeGpu, false);
  for (const Job& job : workload.jobs) {
    if (job.gpus == 1 && job.milli < kWholeGpu) shares[static_cast<std::size_t>(job.milli)] = true;
  }
  for (std::int32_t slices = 1; slices < kMaxGpuSlices; ++slices) {
    bool exact = true;
    for (std::size_t milli = 1; milli < shares.size(); ++milli) {
      const bool whole = milli * static_cast<std::size_t>(slices) % kWholeGpu == 0;
      exact = exact && (!shares[milli] || whole);
    }
    if (exact) return slices;
  }
  return kMaxGpuSlices;
}

// The policy of the scenario; where it declares no queues, those of the workload with equal
// weights.
Policy PolicyFor(const RunSpec& spec) {
  Policy policy = spec.scenario.policy;
  if (spec.scenario.own_queues) return policy;
  policy.queues.clear();
  std::vector<std::string> names = spec.world.workload.queues.all();
  std::sort(names.begin(), names.end());
  policy.queues.reserve(names.size());
  for (const std::string& name : names) policy.queues.push_back(QueueSpec{name});
  if (policy.queues.empty()) policy.queues.push_back(QueueSpec{"default"});
  return policy;
}

// The engine's clock, and the server that says yes to all it asks for.
class Outside : public ClusterWriter, public Clock {
 public:
  void Bind(std::vector<BindRequest> requests) override {
    std::move(requests.begin(), requests.end(), std::back_inserter(binds));
  }
  void Evict(std::vector<EvictRequest> requests) override {
    std::move(requests.begin(), requests.end(), std::back_inserter(evictions));
  }
  void SetPending(std::vector<PendingStatus> /*statuses*/) override {}
  void SetQueueStatus(std::vector<QueueStatus> /*statuses*/) override {}
  void Note(std::vector<EventNote> /*notes*/) override {}
  Instant Now() const override { return now; }

  std::vector<BindRequest> binds;
  std::vector<EvictRequest> evictions;
  Instant now = kEpoch;
};

class EngineReplay {
 public:
  EngineReplay(const RunSpec& spec, RunControl* control)
      : spec_(spec),
        world_(spec.world),
        control_(*control),
        engine_(PolicyFor(spec), Options(spec.seed), &outside_, &outside_, &metrics_),
        measure_(spec.world, WeightsOf(spec.scenario, spec.world.workload)),
        runs_(spec.world.workload.jobs.size()),
        slices_(SlicesFor(spec.world.workload)) {
    models_.reserve(world_.workload.models.size());
    for (const std::string& name : world_.workload.models.all()) models_.push_back(Split(name));
    for (std::uint32_t n = 0; n < world_.nodes.size(); ++n) node_ids_[world_.nodes[n].name] = n;
  }

  ReplayResult Run() {
    engine_.ExpectSync({});
    for (std::uint32_t n = 0; n < world_.nodes.size(); ++n) AddNode(n, false);
    batch_.push_back(RelistEnded{ObjectKind::kNode});
    measure_.Advance(0);
    while (!control_.Stopped()) {
      const std::int64_t now = NextTime();
      if (now == kNever) break;
      measure_.Advance(now);
      outside_.now = At(now);
      Break(now);
      End(now);
      could_start_ = could_start_ || (freed_ && measure_.waiting() > 0);
      Submit(now);
      if (MustDecide(now)) Decide();
      control_.Progress(done_, world_.order.size());
    }
    ReplayResult result = measure_.Finish(spec_.scenario.list_jobs);
    result.decisions = decisions_;
    return result;
  }

 private:
  struct JobRun {
    std::uint32_t attempt = 0;  // counts submissions to the engine; part of the pods' uids
    std::uint32_t bound = 0;    // pods
    bool running = false;
    std::vector<std::uint32_t> nodes;  // of its pods while it runs
  };
  struct Ending {
    std::int64_t at = 0;
    std::uint32_t job = 0;
    std::uint32_t attempt = 0;
    friend bool operator>(const Ending& a, const Ending& b) {
      return a.at != b.at ? a.at > b.at : a.job > b.job;
    }
  };

  static EngineOptions Options(std::uint32_t seed) {
    EngineOptions options;
    options.seed = seed;
    options.instance = "sim";
    options.silent = true;
    return options;
  }

  bool Remembers() const { return spec_.scenario.policy.history.strength > 0; }

  std::int64_t NextTime() {
    while (!ends_.empty() && runs_[ends_.top().job].attempt != ends_.top().attempt) ends_.pop();
    std::int64_t next = ends_.empty() ? kNever : ends_.top().at;
    if (next_job_ < world_.order.size()) {
      next = std::min(next, world_.job(world_.order[next_job_]).submit);
    }
    const bool work = next != kNever || measure_.waiting() > 0;
    const std::vector<Fault>& faults = spec_.scenario.faults;
    if (work && next_fault_ < faults.size()) next = std::min(next, faults[next_fault_].at);
    if (next_round_ != kNever) next = std::min(next, next_round_);
    // Decayed usage goes on in ticks as long as anything else does.
    if (next != kNever && Remembers()) {
      const std::int64_t timer = (engine_.NextTimer().ns - kEpoch.ns + 999'999'999) / 1'000'000'000;
      next = std::min(next, std::max(timer, measure_.now() + 1));
    }
    return next;
  }

  // A decision that can start nothing need not be made now: the engine gets its events with the
  // next one. It can where room came back and somebody waits, and where a job came and none of its
  // kind waits in its queue, which would have started had there been room.
  bool MustDecide(std::int64_t now) {
    if (!Remembers() && !could_start_) return false;
    const std::int64_t every = spec_.scenario.decide_every;
    if (every == 0) return true;
    if (now % every == 0) {
      next_round_ = kNever;
      return true;
    }
    next_round_ = (now / every + 1) * every;
    return false;
  }

  void AddNode(std::uint32_t n, bool drained) {
    const NodeSpec& spec = world_.nodes[n];
    NodeInfo node;
    if (spec.info) {
      node = *spec.info;
      node.name = spec.name;
      node.uid = "node/" + spec.name;
      node.unschedulable = node.unschedulable || drained;
      batch_.push_back(NodeUpserted{std::move(node)});
      return;
    }
    node.name = spec.name;
    node.uid = "node/" + spec.name;
    node.labels = spec.labels;
    node.unschedulable = drained;
    node.allocatable.milli_cpu = spec.cpu;
    node.allocatable.memory_bytes = spec.memory * kMiB;
    node.allocatable.pods = kPodsPerNode;
    node.allocatable.gpus = spec.gpus;
    node.gpu_model = spec.model;
    node.gpu_slices = slices_;
    batch_.push_back(NodeUpserted{std::move(node)});
  }

  // The `i`-th pod of the job, as it waits.
  PodInfo PodOf(std::uint32_t j, std::int64_t i) const {
    const Job& job = world_.job(j);
    const Workload& names = world_.workload;
    const std::int64_t count = job.AllPods();
    const std::string& tenant = names.tenants[job.tenant];
    PodInfo pod;
    pod.ns = tenant.empty() ? "default" : tenant;
    pod.name = fmt::format("j{}-{}", j, i);
    pod.uid = fmt::format("{}-{}", pod.name, runs_[j].attempt);
    pod.created = At(job.submit);
    pod.priority = job.priority;
    pod.queue = names.queues[job.queue];
    pod.user = names.users[job.user];
    const bool alone = count == 1;
    pod.gang = {pod.ns, alone ? GangKind::kSinglePod : GangKind::kLabel,
                alone ? pod.name : fmt::format("j{}", j), alone ? pod.uid : ""};
    if (!alone) pod.gang_size = count;
    if (job.shape > 0) {
      pod.shape = names.shapes[job.shape - 1];
      return pod;
    }
    Amounts& asks = pod.shape.requests;
    asks.pods = 1;
    asks.milli_cpu = job.cpu;
    asks.memory_bytes = job.memory * kMiB;
    const std::int32_t gpus = i < job.pods ? job.gpus : job.rest_gpus;
    if (gpus == 1 && job.milli < kWholeGpu) {
      pod.shape.gpu_share.devices = 1;
      pod.shape.gpu_share.millionths = std::int64_t{job.milli} * 1000;
    } else {
      asks.gpus = gpus;
    }
    if (gpus > 0) pod.shape.gpu_models = models_[job.models];
    return pod;
  }

  void Queue(std::uint32_t job) {
    JobRun& run = runs_[job];
    ++run.attempt;
    run.bound = 0;
    run.running = false;
    run.nodes.clear();
    const std::int64_t count = world_.job(job).AllPods();
    for (std::int64_t i = 0; i < count; ++i) batch_.push_back(PodUpserted{PodOf(job, i)});
  }

  void Remove(std::uint32_t job) {
    const std::int64_t count = world_.job(job).AllPods();
    for (std::int64_t i = 0; i < count; ++i) {
      PodInfo pod = PodOf(job, i);
      batch_.push_back(PodRemoved{{std::move(pod.ns), std::move(pod.name), std::move(pod.uid)}});
    }
  }

  void Submit(std::int64_t now) {
    while (next_job_ < world_.order.size() && world_.job(world_.order[next_job_]).submit == now) {
      const std::uint32_t job = world_.order[next_job_++];
      measure_.Submitted(job);
      const bool alike = Waiting(job)++ > 0;
      could_start_ = could_start_ || !alike || freed_;
      Queue(job);
    }
  }

  void End(std::int64_t now) {
    while (!ends_.empty() && ends_.top().at == now) {
      const Ending end = ends_.top();
      ends_.pop();
      if (runs_[end.job].attempt != end.attempt) continue;
      Remove(end.job);
      runs_[end.job].running = false;
      freed_ = true;
      runs_[end.job].nodes = {};
      running_.erase(end.job);
      measure_.Ended(end.job);
      ++done_;
    }
  }

  // Jobs that wait and are to the engine as this one is.
  std::int64_t& Waiting(std::uint32_t j) {
    const Job& job = world_.job(j);
    return waiting_[{job.queue, job.tenant, job.user, world_.kind[j], job.priority}];
  }

  // It starts anew from its begin: nothing is saved.
  void Lose(std::uint32_t job) {
    Remove(job);
    if (runs_[job].running) {
      measure_.Lost(job);
      ++Waiting(job);
    }
    freed_ = could_start_ = true;
    running_.erase(job);
    Queue(job);
  }

  void Break(std::int64_t now) {
    const std::vector<Fault>& faults = spec_.scenario.faults;
    for (; next_fault_ < faults.size() && faults[next_fault_].at <= now; ++next_fault_) {
      const Fault& fault = faults[next_fault_];
      const std::uint32_t node = node_ids_.at(fault.node);
      if (fault.kind != FaultKind::kDown) {
        AddNode(node, fault.kind == FaultKind::kDrain);
        freed_ = true;
        continue;
      }
      std::vector<std::uint32_t> lost;
      for (const std::uint32_t job : running_) {
        const std::vector<std::uint32_t>& nodes = runs_[job].nodes;
        const bool ends = measure_.StartOf(job) + world_.job(job).duration <= now;
        if (!ends && std::find(nodes.begin(), nodes.end(), node) != nodes.end())
          lost.push_back(job);
      }
      std::sort(lost.begin(), lost.end());
      for (const std::uint32_t job : lost) Lose(job);
      batch_.push_back(NodeRemoved{fault.node});
    }
  }

  // Until nothing comes back: bindings are sent a window at a time.
  void Decide() {
    freed_ = could_start_ = false;
    engine_.Post(std::move(batch_));
    batch_ = {};
    while (true) {
      if (engine_.RunOnce()) ++decisions_;
      if (outside_.binds.empty() && outside_.evictions.empty()) return;
      Answer();
      engine_.Post(std::move(batch_));
      batch_ = {};
    }
  }

  static std::uint32_t JobOf(const std::string& pod) {
    std::uint32_t job = 0;
    std::from_chars(pod.data() + 1, pod.data() + pod.size(), job);
    return job;
  }

  void Answer() {
    const std::vector<BindRequest> binds = std::exchange(outside_.binds, {});
    for (const BindRequest& bind : binds) {
      const std::uint32_t job = JobOf(bind.pod.name);
      const std::size_t dash = bind.pod.name.find('-');
      std::int64_t index = 0;
      std::from_chars(bind.pod.name.data() + dash + 1, bind.pod.name.data() + bind.pod.name.size(),
                      index);
      batch_.push_back(BindFinished{bind.pod, bind.node, BindOutcome::kBound, ""});
      PodInfo pod = PodOf(job, index);
      pod.node_name = bind.node;
      pod.gpu_devices = bind.gpu_devices;
      pod.gpu_grant = bind.gpu_grant;
      pod.phase = PodPhase::kRunning;
      batch_.push_back(PodUpserted{std::move(pod)});
      Bound(job, node_ids_.at(bind.node));
    }
    const std::vector<EvictRequest> evictions = std::exchange(outside_.evictions, {});
    std::vector<std::uint32_t> lost;
    for (const EvictRequest& eviction : evictions) {
      batch_.push_back(EvictFinished{eviction.pod, EvictOutcome::kEvicted, ""});
      lost.push_back(JobOf(eviction.pod.name));
    }
    std::sort(lost.begin(), lost.end());
    lost.erase(std::unique(lost.begin(), lost.end()), lost.end());
    for (const std::uint32_t job : lost) Lose(job);
  }

  void Bound(std::uint32_t job, std::uint32_t node) {
    JobRun& run = runs_[job];
    run.nodes.push_back(node);
    if (++run.bound < world_.job(job).AllPods()) return;
    run.running = true;
    --Waiting(job);
    running_.insert(job);
    measure_.Started(job);
    ends_.push({measure_.now() + world_.job(job).duration, job, run.attempt});
  }

  const RunSpec& spec_;
  const World& world_;
  RunControl& control_;
  Outside outside_;
  Metrics metrics_;
  Engine engine_;
  Measure measure_;
  std::vector<JobRun> runs_;  // by job
  std::int32_t slices_;
  std::vector<std::vector<std::string>> models_;  // accepted, by number in Workload::models
  std::unordered_map<std::string, std::uint32_t> node_ids_;
  std::set<std::uint32_t> running_;  // jobs that run
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> ends_;
  EventBatch batch_;  // that the engine does not know yet
  using Alike =
      std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::int32_t>;
  std::map<Alike, std::int64_t> waiting_;
  bool freed_ = false;        // room came back since the last decision
  bool could_start_ = false;  // the next decision could start a job
  std::size_t next_job_ = 0;
  std::size_t next_fault_ = 0;
  std::size_t done_ = 0;
  std::int64_t next_round_ = kNever;
  std::int64_t decisions_ = 0;
};

}  // namespace

ReplayResult ReplayByEngine(const RunSpec& spec, RunControl* control) {
  return EngineReplay(spec, control).Run();
}

}  // namespace fairlead::sim
