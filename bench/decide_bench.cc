// Decisions at scale. Everything is generated from a fixed seed; times are CPU time of one core.
//
//   Snapshot        taking a snapshot after one pod was assumed
//   EqualPods       10,000 single-GPU pods on 5,000 nodes
//   Cold            100,000 pending pods of 200 shapes in gangs of 1..512, 200 queues
//   Steady          a full cluster with a backlog, 100 GPUs freed, 100 arrivals
//   Stream          the same as 300 decisions one after another; p99
//   Memory          of the engine with 200,000 pods
//   CannotStart     the verdict for a 512-pod gang on a full cluster
#include <benchmark/benchmark.h>

#include <malloc.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "fairlead/cycle/node_report.h"
#include "tests/support/cluster.h"
#include "tests/support/random.h"

namespace fairlead {
namespace {

using testing::Random;
using testing_support::Cluster;
using testing_support::GangShape;
using testing_support::NodeShape;

constexpr int kQueues = 200;
constexpr int kShapes = 200;
constexpr std::uint32_t kSeed = 20260101;

Policy QueuesPolicy() {
  Policy policy;
  policy.queues.clear();
  for (int q = 0; q < kQueues; ++q) {
    policy.queues.push_back({"q" + std::to_string(q), kWeightOne * (1 + q % 4)});
  }
  return policy;
}

void AddNodes(Cluster* cluster, int nodes) {
  static const char* const kModels[] = {"A100", "B200", "H100", "H200", "L40S"};
  for (int n = 0; n < nodes; ++n) {
    NodeShape shape{.cpu = 96, .memory_gib = 1024, .gpus = 8};
    shape.model = kModels[n % 5];
    shape.labels = {{"zone", "z" + std::to_string(n % 8)},
                    {"rack", "r" + std::to_string(n / 32)},
                    {"host", std::to_string(n)}};
    cluster->Node(Cluster::Numbered("node", n), shape);
  }
}

// Shape `s` of kShapes: all distinct, some choosy about models or zones.
GangShape Shaped(int s) {
  GangShape gang;
  static constexpr std::int32_t kGpus[] = {1, 1, 2, 4, 8, 0, 1, 2};
  gang.gpus = kGpus[s % 8];
  gang.milli_cpu = 500 + s * 10;
  gang.memory_mib = 1024 + s * 16;
  if (s % 5 == 0) gang.models = {"H100", "H200"};
  if (s % 7 == 0) gang.selector = {{"zone", "z" + std::to_string(s % 8)}};
  return gang;
}

// Gangs of 1..512, small ones more often, until `pods` pods wait.
void AddBacklog(Cluster* cluster, int pods, std::uint32_t seed, const std::string& name) {
  Random random(seed);
  for (int g = 0; pods > 0; ++g) {
    GangShape gang = Shaped(static_cast<int>(random.Below(kShapes)));
    gang.name = name + std::to_string(g);
    gang.queue = "q" + std::to_string(random.Below(kQueues));
    gang.pods = std::min<std::int64_t>(pods, 1 + random.Below(std::int64_t{1} << random.Below(10)));
    gang.priority = static_cast<std::int32_t>(random.Below(3));
    gang.submitted = testing_support::Seconds(g);
    cluster->Gang(gang);
    pods -= static_cast<int>(gang.pods);
  }
}

// Binds what a plan says, as if the API server had.
void Commit(Cluster* cluster, const Snapshot& snapshot, const Plan& plan) {
  for (const Placement& placement : plan.bind) {
    const GangView* gang = FindGang(snapshot, placement.gang);
    const MemberView& member = gang->members[placement.member];
    cluster->store().Assume({gang->key.ns, member.pod, member.uid}, placement.node, placement.gpus,
                            Instant{});
  }
}

void Fill(Cluster* cluster, int nodes) {
  for (int n = 0; n < nodes; ++n) {
    GangShape gang{.name = "full" + std::to_string(n), .queue = "q" + std::to_string(n % kQueues)};
    gang.pods = 8;
    gang.gpus = 1;
    gang.milli_cpu = 1000;
    gang.bound.assign(8, Cluster::Numbered("node", n));
    cluster->Gang(gang);
  }
}

void Report(benchmark::State& state, const Decision& decision) {
  state.counters["placed"] = static_cast<double>(decision.plan.bind.size());
  state.counters["waiting"] = static_cast<double>(decision.plan.pending.size());
  state.counters["steps"] = static_cast<double>(decision.steps);
}

void RunDecide(benchmark::State& state, Cluster* cluster, const Policy& policy = QueuesPolicy()) {
  const auto snapshot = cluster->Take();
  Decision decision;
  for (auto _ : state) {
    decision = Decide({*snapshot, policy, Instant{}});
    benchmark::DoNotOptimize(decision);
  }
  if (!Verify(*snapshot, policy, decision.plan).empty()) state.SkipWithError("unsound plan");
  Report(state, decision);
}

void TakeSnapshot(benchmark::State& state) {
  Cluster cluster;
  const auto nodes = static_cast<int>(state.range(0));
  AddNodes(&cluster, nodes);
  Fill(&cluster, nodes / 2);
  cluster.Gang({.name = "g", .queue = "q0", .gpus = 1});
  auto snapshot = cluster.Take();
  const PodRef pod{"default", "g-00000", "uid-default-g-00000"};
  for (auto _ : state) {
    cluster.store().Assume(pod, NodeId(static_cast<std::uint32_t>(nodes - 1)), 1, Instant{});
    snapshot = cluster.Take();
    cluster.store().Forget(pod, Instant{});
    snapshot = cluster.Take();
  }
}
BENCHMARK(TakeSnapshot)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

void EqualPods(benchmark::State& state) {
  Cluster cluster;
  AddNodes(&cluster, 5'000);
  for (int g = 0; g < 10'000; ++g) {
    cluster.Gang({.name = "g" + std::to_string(g), .queue = "q0", .milli_cpu = 1000, .gpus = 1});
  }
  RunDecide(state, &cluster);
}
BENCHMARK(EqualPods)->Unit(benchmark::kMillisecond);

void Cold(benchmark::State& state) {
  Cluster cluster;
  AddNodes(&cluster, static_cast<int>(state.range(0)));
  AddBacklog(&cluster, 100'000, kSeed, "g");
  RunDecide(state, &cluster);
}
BENCHMARK(Cold)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

void Steady(benchmark::State& state) {
  Cluster cluster;
  const auto nodes = static_cast<int>(state.range(0));
  AddNodes(&cluster, nodes);
  Fill(&cluster, nodes - 13);  // 104 GPUs are free
  AddBacklog(&cluster, 1'000, kSeed, "waits");
  const auto first = cluster.Take();
  Commit(&cluster, *first, Decide({*first, QueuesPolicy(), Instant{}}).plan);
  for (int n = 0; n < 13; ++n) {
    for (int d = 0; d < 8; ++d) {
      cluster.store().RemovePod("default", Cluster::Numbered("full" + std::to_string(n), d), "",
                                Instant{});
    }
  }
  AddBacklog(&cluster, 100, kSeed + 1, "new");
  RunDecide(state, &cluster);
}
BENCHMARK(Steady)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

std::int64_t CpuNow() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// The same as a stream, on a cluster that is nearly full: before each decision 100 pods end and
// gangs with 100 pods come, and what was decided is carried out. With the memos that the engine
// keeps. Only the decision is timed.
void Stream(benchmark::State& state) {
  Cluster cluster;
  const auto nodes = static_cast<int>(state.range(0));
  AddNodes(&cluster, nodes);
  AddBacklog(&cluster, nodes * 33 / 10, kSeed, "first");
  const Policy policy = QueuesPolicy();
  EntitlementMemo entitlements;
  PlacementMemo placement;
  std::deque<PodRef> running;
  Random random(kSeed + 2);
  std::vector<std::int64_t> took;
  std::size_t placed = 0;
  int round = 0;
  const auto decide = [&] {
    const auto snapshot = cluster.Take();
    const std::int64_t begin = CpuNow();
    const Decision decision = Decide({.snapshot = *snapshot,
                                      .policy = policy,
                                      .now = Instant{},
                                      .memo = &entitlements,
                                      .placement = &placement});
    const std::int64_t spent = CpuNow() - begin;
    Commit(&cluster, *snapshot, decision.plan);
    for (const Placement& p : decision.plan.bind) {
      const GangView* gang = FindGang(*snapshot, p.gang);
      const MemberView& member = gang->members[p.member];
      running.push_back({gang->key.ns, member.pod, member.uid});
    }
    placed += decision.plan.bind.size();
    return spent;
  };
  decide();
  AddBacklog(&cluster, 1'000, kSeed + 3, "waits");
  decide();
  placed = 0;
  for (auto _ : state) {
    for (int i = 0; i < 100 && !running.empty(); ++i) {
      const auto at =
          static_cast<std::size_t>(random.Below(static_cast<std::int64_t>(running.size())));
      std::swap(running[at], running.back());
      const PodRef pod = running.back();
      running.pop_back();
      cluster.store().RemovePod(pod.ns, pod.name, pod.uid, Instant{});
    }
    ++round;
    AddBacklog(&cluster, 100, kSeed + 10 + static_cast<std::uint32_t>(round),
               "r" + std::to_string(round) + "-");
    const std::int64_t spent = decide();
    took.push_back(spent);
    state.SetIterationTime(static_cast<double>(spent) / 1e9);
  }
  std::sort(took.begin(), took.end());
  state.counters["p99_ms"] = static_cast<double>(took[took.size() * 99 / 100]) / 1e6;
  state.counters["placed"] = static_cast<double>(placed) / static_cast<double>(took.size());
}
BENCHMARK(Stream)->Arg(1'000)->Arg(10'000)->UseManualTime()->Iterations(300)->Unit(
    benchmark::kMillisecond);

void CannotStart(benchmark::State& state) {
  Cluster cluster;
  const auto nodes = static_cast<int>(state.range(0));
  AddNodes(&cluster, nodes);
  Fill(&cluster, nodes - 1);
  cluster.Gang({.name = "large", .queue = "q0", .pods = 512, .milli_cpu = 1000, .gpus = 1});
  RunDecide(state, &cluster);
}
BENCHMARK(CannotStart)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

double ResidentMib() {
  malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  std::int64_t total = 0;
  std::int64_t resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// 25,000 gangs of 8 pods, every other one running; labels as Jobs' pods have.
void AddJobs(Cluster* cluster) {
  for (int g = 0; g < 25'000; ++g) {
    GangShape gang = Shaped(g % kShapes);
    gang.name = "g" + std::to_string(g);
    gang.queue = "q" + std::to_string(g % kQueues);
    gang.pods = 8;
    gang.labels = {{"batch.kubernetes.io/job-name", gang.name},
                   {"controller-uid", "5f0c2ad4-93b1-4a52-8b0c-" + std::to_string(g)},
                   {"team", "t" + std::to_string(g % 20)}};
    if (g % 2 == 0) gang.gpus = 0;
    for (int p = 0; g % 2 == 0 && p < 8; ++p) {
      gang.bound.push_back(Cluster::Numbered("node", (g * 4 + p) % 10'000));
    }
    cluster->Gang(gang);
  }
}

// What the engine keeps of a large cluster: store, snapshot, memos, plan.
void Memory(benchmark::State& state) {
  const Policy policy = QueuesPolicy();
  for (auto _ : state) {
    const double before = ResidentMib();
    Cluster cluster;
    AddNodes(&cluster, 10'000);
    AddJobs(&cluster);
    EntitlementMemo entitlements;
    PlacementMemo placement;
    const auto snapshot = cluster.Take();
    const Decision decision = Decide({.snapshot = *snapshot,
                                      .policy = policy,
                                      .now = Instant{},
                                      .memo = &entitlements,
                                      .placement = &placement});
    state.counters["mib"] = ResidentMib() - before;
    state.counters["placed"] = static_cast<double>(decision.plan.bind.size());
    state.counters["waiting"] = static_cast<double>(decision.plan.pending.size());
  }
}
BENCHMARK(Memory)->Iterations(1)->Unit(benchmark::kMillisecond);

void Quarters(benchmark::State& state) {
  Cluster cluster;
  for (int n = 0; n < 10'000; ++n) {
    cluster.Node(Cluster::Numbered("node", n), {.cpu = 96, .gpus = 8, .gpu_slices = 4});
  }
  for (int g = 0; g < 100'000; ++g) {
    GangShape pod{.name = "g" + std::to_string(g), .queue = "q0", .milli_cpu = 1000};
    pod.share.devices = 1;
    pod.share.millionths = 250'000;
    cluster.Gang(pod);
  }
  RunDecide(state, &cluster);
}
BENCHMARK(Quarters)->Unit(benchmark::kMillisecond);

// Five levels; a block has 625 nodes, of which the gang needs 512.
void Near(benchmark::State& state) {
  Policy policy = QueuesPolicy();
  policy.topology = {
      {"zone", "zone"}, {"block", "block"}, {"row", "row"}, {"rack", "rack"}, {"host", "host"}};
  Cluster cluster;
  for (int n = 0; n < 10'000; ++n) {
    NodeShape node{.cpu = 96, .gpus = 8};
    const auto part = [n](int nodes) { return std::to_string(n / nodes); };
    node.labels = {{"zone", part(1250)},
                   {"block", part(625)},
                   {"row", part(125)},
                   {"rack", part(25)},
                   {"host", part(1)}};
    cluster.Node(Cluster::Numbered("node", n), node);
  }
  const auto pods = state.range(0);
  for (std::int64_t g = 0; g * pods < 4096; ++g) {
    cluster.Gang({.name = "g" + std::to_string(g),
                  .queue = "q0",
                  .pods = pods,
                  .milli_cpu = 1000,
                  .gpus = 1,
                  .topology_required = pods == 8 ? "rack" : "zone",
                  .topology_preferred = pods == 8 ? "" : "block"});
  }
  RunDecide(state, &cluster, policy);
}
BENCHMARK(Near)->Arg(8)->Arg(4096)->Unit(benchmark::kMillisecond);

// A gang of four shapes that only just fits on 5,000 nodes: half of them are in zones z0 .. z3,
// which one shape must have, and the others come before it, since they ask for more.
void Mixed(benchmark::State& state) {
  Cluster cluster;
  for (int n = 0; n < 5'000; ++n) {
    NodeShape node{.gpus = 8};
    node.labels = {{"zone", "z" + std::to_string(n % 8)}};
    cluster.Node(Cluster::Numbered("node", n), node);
  }
  GangShape gang{.name = "g", .queue = "q0", .pods = 5'000, .gpus = 8};
  for (int s = 0; s < 4; ++s) {
    gang.milli_cpu = 50'000 + s * 1'000;
    gang.node_terms.reset();
    if (s == 0) {
      gang.node_terms = {{{{{"zone", RequirementOp::kIn, {"z0", "z1", "z2", "z3"}}}, {}}}};
    }
    const int pods = s == 0 ? 2'500 : s == 3 ? 834 : 833;
    for (int i = 0; i < pods; ++i) {
      cluster.store().UpsertPod(Cluster::Pod(gang, s * 10'000 + i), Instant{});
    }
  }
  RunDecide(state, &cluster);
}
BENCHMARK(Mixed)->Unit(benchmark::kMillisecond);

// What people are shown of 10,000 full nodes and a backlog of 200 shapes.
void NodesForPeople(benchmark::State& state) {
  Cluster cluster;
  AddNodes(&cluster, 10'000);
  Fill(&cluster, 9'000);
  AddBacklog(&cluster, 10'000, kSeed, "waits");
  const auto snapshot = cluster.Take();
  for (auto _ : state) benchmark::DoNotOptimize(ReportNodes(*snapshot, Instant{}));
}
BENCHMARK(NodesForPeople)->Unit(benchmark::kMillisecond);

PodSelector PodsOf(const std::string& app) {
  PodSelector pods;
  pods.namespaces = {"default"};
  pods.labels = {{"app", RequirementOp::kIn, {app}}};
  return pods;
}

// 5,000 nodes, half of them full of pods of others, each with labels of its own as Jobs' pods have.
void AddPeers(Cluster* cluster) {
  AddNodes(cluster, 5'000);
  for (int g = 0; g < 2'500; ++g) {
    GangShape gang{.name = "full" + std::to_string(g), .queue = "q0", .pods = 8, .gpus = 1};
    gang.labels = {{"app", gang.name}, {"job-name", gang.name}};
    gang.bound.assign(8, Cluster::Numbered("node", g));
    cluster->Gang(gang);
  }
}

// 2,500 pods of a whole node, each with the same port of its host.
void HostPorts(benchmark::State& state) {
  Cluster cluster;
  AddPeers(&cluster);
  for (int g = 0; g < 2'500; ++g) {
    GangShape pod{.name = "g" + std::to_string(g), .queue = "q0", .gpus = 8};
    pod.labels = {{"app", pod.name}};
    pod.rules.ports = {{"0.0.0.0", "TCP", 29500}};
    cluster.Gang(pod);
  }
  RunDecide(state, &cluster);
}
BENCHMARK(HostPorts)->Unit(benchmark::kMillisecond);

// Gangs of so many pods, 2,000 pods together, each gang with a label and rules of its own.
template <typename Rules>
void RunRuled(benchmark::State& state, Rules rules) {
  Cluster cluster;
  AddPeers(&cluster);
  for (std::int64_t g = 0; g * state.range(0) < 2'000; ++g) {
    GangShape gang{.name = "g" + std::to_string(g), .queue = "q0", .pods = state.range(0)};
    gang.gpus = 1;
    gang.labels = {{"app", gang.name}};
    gang.rules = rules(gang);
    cluster.Gang(gang);
  }
  RunDecide(state, &cluster);
}

// Each stays away from its like.
void Apart(benchmark::State& state) {
  RunRuled(state, [](const GangShape& gang) {
    PeerRules rules;
    rules.away = {{PodsOf(gang.name), gang.pods > 8 ? "host" : "rack"}};
    return rules;
  });
}
BENCHMARK(Apart)->Arg(8)->Arg(2'000)->Unit(benchmark::kMillisecond);

// Evenly over 8 zones.
void Spread(benchmark::State& state) {
  RunRuled(state, [](const GangShape& gang) {
    PeerRules rules;
    rules.spread.push_back({.pods = PodsOf(gang.name), .topology = "zone"});
    return rules;
  });
}
BENCHMARK(Spread)->Arg(8)->Arg(2'000)->Unit(benchmark::kMillisecond);

// The check that each plan passes before it is carried out.
void VerifyApart(benchmark::State& state) {
  Cluster cluster;
  AddPeers(&cluster);
  GangShape gang{.name = "g", .queue = "q0", .pods = 2'000, .gpus = 1};
  gang.labels = {{"app", "g"}};
  gang.rules.away = {{PodsOf("g"), "host"}};
  cluster.Gang(gang);
  const auto snapshot = cluster.Take();
  const Policy policy = QueuesPolicy();
  const Plan plan = Decide({*snapshot, policy, Instant{}}).plan;
  for (auto _ : state) benchmark::DoNotOptimize(Verify(*snapshot, policy, plan));
  state.counters["placed"] = static_cast<double>(plan.bind.size());
}
BENCHMARK(VerifyApart)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fairlead
