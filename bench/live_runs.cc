#include "bench/live_runs.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

#include "bench/live_load.h"
#include "bench/live_watch.h"

namespace fairlead::bench {
namespace {

using e2e::ControlPlane;
using std::chrono::steady_clock;

constexpr std::size_t kGangSize = 8;
constexpr std::size_t kGpusPerNode = 8;
constexpr e2e::seconds kPatience(240);

bool IsBare(Mode mode) { return mode == Mode::kBare || mode == Mode::kBareUser; }

SchedulerKind KindOf(Mode mode) {
  return mode == Mode::kKubeSingle ? SchedulerKind::kKube : SchedulerKind::kFairlead;
}

PodPlan PlanOf(Mode mode) {
  PodPlan plan;
  plan.scheduler = SchedulerName(KindOf(mode));
  plan.in_one_rack = mode == Mode::kFairleadRacks;
  plan.gang_size = mode == Mode::kFairleadGangs || plan.in_one_rack ? kGangSize : 1;
  plan.gpus = mode == Mode::kFairleadWhole ? kGpusPerNode : 1;
  return plan;
}

double OtherShare(const CpuTimes& cpu, double seconds) {
  return std::max(0.0, cpu.other) / (seconds * static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN)));
}

void WaitUntil(SteadyTime when) {
  const auto left = when - steady_clock::now();
  if (left.count() > 0) std::this_thread::sleep_for(left);
}

}  // namespace

void Say(const std::string& text) { std::fprintf(stderr, "live: %s\n", text.c_str()); }

const char* ModeName(Mode mode) {
  switch (mode) {
    case Mode::kBare:
      return "bare binding";
    case Mode::kBareUser:
      return "bare binding with the scheduler's rights";
    case Mode::kFairleadSingle:
      return "fairlead, single pods";
    case Mode::kFairleadGangs:
      return "fairlead, gangs of 8";
    case Mode::kFairleadRacks:
      return "fairlead, gangs of 8 in one rack";
    case Mode::kFairleadWhole:
      return "fairlead, pods of a whole node";
    case Mode::kKubeSingle:
      break;
  }
  return "kube-scheduler 1.20, single pods";
}

std::optional<BindRun> MeasureBinding(const ControlPlane& plane, Mode mode, std::size_t pods,
                                      std::size_t nodes) {
  const e2e::Access admin = plane.admin();
  if (mode == Mode::kFairleadWhole) pods = std::min(pods, nodes);
  BindRun run;
  run.mode = mode;
  run.pods = pods;
  if (!CreatePods(admin, PlanOf(mode), pods)) return std::nullopt;
  bool bound = false;
  {
    BoundWatch watch(admin, kNamespace, pods);
    std::unique_ptr<RunningScheduler> scheduler;
    const CpuTimes before = ReadCpu(plane, 0);
    const SteadyTime start = steady_clock::now();
    if (IsBare(mode)) {
      const e2e::Access access = mode == Mode::kBare ? admin : plane.scheduler();
      bound = BindPods(access, pods, nodes) && watch.WaitForAll(kPatience);
    } else {
      scheduler = std::make_unique<RunningScheduler>(plane, KindOf(mode));
      bound = watch.WaitForAll(kPatience);
    }
    const pid_t pid = scheduler != nullptr ? scheduler->pid() : 0;
    run.cpu = ReadCpu(plane, pid) - before;
    if (pid != 0) run.peak_mib = ReadMemory(pid).peak_mib;
    const auto& seen = watch.seen();
    if (bound) {
      const auto [first, last] = std::minmax_element(seen.begin(), seen.end());
      run.start_s = Seconds(*last - start);
      run.first_s = Seconds(*last - *first);
    } else {
      Say("only " + std::to_string(watch.count()) + " pods were bound");
    }
  }
  run.other_share = OtherShare(run.cpu, run.start_s);
  if (!DeletePods(admin, pods) || !bound) return std::nullopt;
  char text[160];
  std::snprintf(text, sizeof text, "%s: %.0f pods/s, %.2f CPU-s per 1,000 (others: %.0f %%)",
                ModeName(mode), run.rate_from_start(), run.cpu_per_1000(), run.other_share * 100);
  Say(text);
  return run;
}

double Percentile(const std::vector<double>& sorted, int percent) {
  if (sorted.empty()) return 0;
  const std::size_t rank = (sorted.size() * static_cast<std::size_t>(percent) + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::optional<LatencyRun> MeasureLatency(const ControlPlane& plane, Mode mode, int per_second,
                                         int for_seconds) {
  const auto pods = static_cast<std::size_t>(per_second * for_seconds);
  const e2e::Access admin = plane.admin();
  LatencyRun run;
  run.mode = mode;
  run.pods = pods;
  run.per_second = per_second;
  bool bound = false;
  {
    RunningScheduler scheduler(plane, KindOf(mode));
    if (scheduler.fairlead() != nullptr && !scheduler.fairlead()->WaitReady()) return std::nullopt;
    BoundWatch watch(admin, kNamespace, pods);
    const PodWriter writer(PlanOf(mode));
    std::vector<SteadyTime> sent(pods);
    std::vector<SteadyTime> created(pods);
    std::atomic<bool> good{true};
    // For connecting, and for the kube-scheduler, whose readiness does not show, to list.
    const SteadyTime begun = steady_clock::now();
    const SteadyTime start = begun + e2e::seconds(3);
    const CpuTimes before = ReadCpu(plane, scheduler.pid());
    e2e::ForEachParallel(admin, kConnections, pods, [&](e2e::ApiClient& client, std::size_t i) {
      // Every connection waits with one of the first pods: it is opened meanwhile.
      if (i < kConnections) client.Get("/readyz");
      const auto offset =
          std::chrono::nanoseconds(std::chrono::seconds(1)) * static_cast<long>(i) / per_second;
      WaitUntil(start + offset);
      sent[i] = start + offset;
      if (!writer.Create(client, i)) good = false;
      created[i] = steady_clock::now();
    });
    bound = good && watch.WaitForAll(kPatience);
    run.cpu = ReadCpu(plane, scheduler.pid()) - before;
    run.other_share = OtherShare(run.cpu, Seconds(steady_clock::now() - begun));
    for (std::size_t i = 0; i < pods && bound; ++i) {
      run.from_sent.push_back(Seconds(watch.seen()[i] - sent[i]) * 1000);
      run.from_created.push_back(Seconds(watch.seen()[i] - created[i]) * 1000);
    }
  }
  std::sort(run.from_sent.begin(), run.from_sent.end());
  std::sort(run.from_created.begin(), run.from_created.end());
  if (!DeletePods(admin, pods) || !bound) return std::nullopt;
  char text[200];
  std::snprintf(text, sizeof text, "%s: latency p50 %.1f ms, p99 %.1f ms (others: %.0f %%)",
                ModeName(mode), Percentile(run.from_sent, 50), Percentile(run.from_sent, 99),
                run.other_share * 100);
  Say(text);
  return run;
}

bool FillForReady(const ControlPlane& plane, std::size_t nodes) {
  PodPlan plan;
  plan.scheduler = "somebody-else";
  plan.bound = nodes * kBoundPerNode;
  plan.nodes = nodes;
  return CreatePods(plane.admin(), plan, nodes * kPodsPerNode);
}

std::optional<ReadyRun> MeasureReady(const ControlPlane& plane) {
  const CpuTimes before = ReadCpu(plane, 0);
  const SteadyTime start = steady_clock::now();
  RunningScheduler scheduler(plane, SchedulerKind::kFairlead);
  if (!scheduler.fairlead()->WaitReady(kPatience)) return std::nullopt;
  ReadyRun run;
  run.seconds = Seconds(steady_clock::now() - start);
  const CpuTimes cpu = ReadCpu(plane, scheduler.pid()) - before;
  run.cpu_s = cpu.scheduler;
  run.other_share = OtherShare(cpu, run.seconds);
  run.memory = ReadMemory(scheduler.pid());
  char text[160];
  std::snprintf(text, sizeof text, "ready after %.2f s, %.0f MiB (others: %.0f %%)", run.seconds,
                run.memory.rss_mib, run.other_share * 100);
  Say(text);
  return run;
}

}  // namespace fairlead::bench
