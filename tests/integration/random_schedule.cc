#include "tests/integration/random_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scheduler/apiserver/api.h"

namespace fairlead::integration {
namespace {

constexpr std::uint64_t kOtherStream = 0x9e3779b97f4a7c15U;
// A watch that has frozen is noticed when its time and some slack are over: at most 630 s.
constexpr Duration kRest = Duration::Seconds(800);
constexpr Duration kLongest = Duration::Seconds(12'000);
// For five minutes a binding is remembered.
constexpr Duration kForgotten = Duration::Seconds(400);

Duration Millis(int n) { return Duration::Milliseconds(n); }

std::string Merge(const std::string& spec) { return R"({"spec":)" + spec + "}"; }

}  // namespace

WorldOptions RandomSchedule::OptionsOf(std::uint64_t seed) {
  std::mt19937_64 random(seed ^ kOtherStream);
  const auto draw = [&random](int below) {
    return static_cast<int>(random() % static_cast<std::uint64_t>(below));
  };
  WorldOptions options;
  options.seed = seed;
  options.server.seed = seed;
  options.server.profile = draw(3) == 0 ? apiserver::Profile::k120 : apiserver::Profile::kCurrent;
  options.server.watch_list = draw(3) != 0;
  const std::size_t histories[] = {20, 200, 100'000};  // short ones end in 410
  options.server.history = histories[draw(3)];
  options.kubelets.start_delay = Millis(draw(2'000));
  options.kubelets.term_delay = Millis(draw(3) * draw(5'000));
  options.kubelets.heartbeat = Duration::Seconds(400);
  options.client.bind_connections = 1 + draw(16);
  if (draw(4) == 0) options.skew = Millis(draw(120'000) - 60'000);
  options.policy.queues.clear();
  for (int i = 0; i < 3; ++i) {
    const std::string name = fmt::format("t{}", i);
    options.policy.queues.push_back({name, kWeightOne * (1 + draw(3))});
    options.policy.tenants.push_back({name, {name}, {name}, name});
  }
  return options;
}

RandomSchedule::RandomSchedule(std::uint64_t seed)
    : random_(seed), seed_(seed), world_(OptionsOf(seed)) {}

void RandomSchedule::AddNode() {
  apiserver::SimNode node;
  node.name = fmt::format("n{}", nodes_++);
  node.cpu = 8 << Draw(3);
  node.memory_gib = 32 << Draw(3);
  node.gpus = Draw(3) * 4;
  node.pods = Chance(10) ? 4 : 110;
  machines_.push_back(node.name);
  world_.kubelets().AddNode(node);
}

void RandomSchedule::Populate() {
  tenants_ = 1 + Draw(3);
  for (int i = 0; i < tenants_; ++i) {
    (void)world_.Do("POST", "/api/v1/namespaces", NamespaceJson(fmt::format("t{}", i)));
  }
  for (int i = 2 + Draw(5); i > 0; --i) AddNode();
  pod_groups_ = Chance(40);
  const char* crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  if (pod_groups_) (void)world_.Do("POST", crds, PodGroupCrdJson());
}

PodWish RandomSchedule::AnyPod() {
  PodWish pod;
  pod.ns = fmt::format("t{}", Draw(tenants_));
  pod.name = fmt::format("p{}", names_++);
  pod.cpu = 1 + Draw(4);
  pod.memory_gib = 1 + Draw(8);
  pod.gpus = Chance(60) ? 1 << Draw(3) : 0;
  const int fate = Draw(10);
  if (fate < 4) {
    pod.annotations["sim.fairlead.dev/runtime-ms"] = std::to_string(1'000 + Draw(60'000));
  } else if (fate == 4) {
    pod.annotations["sim.fairlead.dev/fail-after-ms"] = std::to_string(Draw(30'000));
  }
  if (Chance(5)) pod.annotations["sim.fairlead.dev/ignore-term"] = "true";
  return pod;
}

void RandomSchedule::ArriveGang() {
  PodWish member = AnyPod();
  const std::string name = member.name;
  member.gang_size = 2 + Draw(5);
  if (pod_groups_ && Chance(50)) {
    member.labels[kPodGroupLabel] = name;
    const std::string path =
        fmt::format("/apis/scheduling.x-k8s.io/v1alpha1/namespaces/{}/podgroups", member.ns);
    (void)world_.Do("POST", path, PodGroupJson(name, member.gang_size));
    owners_.push_back(path + "/" + name);
  } else {
    member.gang = name;
  }
  unfinished_.push_back({member, 0});
  AddMembers(member.gang_size + (Chance(20) ? 1 : 0));
}

// Some of the members of the last gang that misses some; the others come later.
void RandomSchedule::AddMembers(int n) {
  Unfinished& gang = unfinished_.back();
  if (Chance(30)) n = 1 + Draw(n);
  for (; n > 0; --n) {
    PodWish pod = gang.member;
    pod.name = fmt::format("{}-{}", gang.member.name, gang.next++);
    (void)world_.Create(pod);
  }
  if (gang.next >= gang.member.gang_size) unfinished_.pop_back();
}

void RandomSchedule::ArriveJob() {
  PodWish pod = AnyPod();
  const std::string name = pod.name;
  pod.annotations.erase("sim.fairlead.dev/ignore-term");
  const int parallelism = 1 + Draw(5);
  pod.gang = "true";
  pod.gang_size = parallelism;
  const std::string path = fmt::format("/apis/batch/v1/namespaces/{}/jobs", pod.ns);
  (void)world_.Do("POST", path, JobJson(name, parallelism, pod));
  owners_.push_back(path + "/" + name);
}

void RandomSchedule::Arrive() {
  const int what = Draw(10);
  if (what < 5) return ArriveGang();
  if (what < 7) return ArriveJob();
  (void)world_.Create(AnyPod());
}

const PodSeen* RandomSchedule::AnyPodThere() {
  const auto& pods = world_.watch().pods();
  if (pods.empty()) return nullptr;
  return &std::next(pods.begin(), Draw(static_cast<int>(pods.size())))->second;
}

void RandomSchedule::LosePod() {
  const PodSeen* pod = AnyPodThere();
  if (pod == nullptr) return;
  const PodSeen victim = *pod;
  (void)world_.Delete(victim.ns, victim.name, Chance(50) ? 0 : 5);
}

// Another pod under the name of one that goes. Only where the server looks at the uid of a binding:
// else the new one may be bound by the old one's, which nothing can prevent.
void RandomSchedule::RecreatePod() {
  const PodSeen* pod = AnyPodThere();
  if (pod == nullptr || world_.server().options().profile == apiserver::Profile::k120) return;
  const PodSeen victim = *pod;
  (void)world_.Delete(victim.ns, victim.name, 0);
  PodWish next = AnyPod();
  next.ns = victim.ns;
  next.name = victim.name;
  (void)world_.Create(next);
}

std::string RandomSchedule::AnyNode() {
  return machines_.empty()
             ? ""
             : machines_[static_cast<std::size_t>(Draw(static_cast<int>(machines_.size())))];
}

void RandomSchedule::DisturbNode() {
  const std::string node = AnyNode();
  const int what = Draw(6);
  if (what == 0 || node.empty()) return AddNode();
  if (what == 1) {
    std::erase(machines_, node);
    std::erase(lost_, node);
    world_.kubelets().RemoveNode(node);
  } else if (what == 2) {
    world_.kubelets().LoseNode(node);
    lost_.push_back(node);
  } else if (what == 3) {
    if (!lost_.empty()) world_.kubelets().ReturnNode(std::exchange(lost_, {}).front());
  } else if (what == 4) {
    const std::string spec = Chance(50) ? R"({"unschedulable":true})" : R"({"unschedulable":null})";
    (void)world_.Do("PATCH", "/api/v1/nodes/" + node, Merge(spec), "application/merge-patch+json");
  } else {
    world_.kubelets().BreakGpu(node, Draw(8));
  }
}

void RandomSchedule::DisturbScheduler() {
  if (!world_.scheduler_runs()) return;
  if (Chance(30)) return world_.StopScheduler();
  world_.KillSchedulerAfter(static_cast<std::uint64_t>(1 + Draw(150)));
}

void RandomSchedule::ForbidEvictions() {
  const bool old = world_.server().options().profile == apiserver::Profile::k120;
  const std::string api = old ? "policy/v1beta1" : "policy/v1";
  const std::string name = fmt::format("b{}", names_++);
  const std::string path =
      fmt::format("/apis/{}/namespaces/t{}/poddisruptionbudgets", api, Draw(tenants_));
  (void)world_.Do("POST", path, BudgetJson(api, name));
  budgets_.push_back(path + "/" + name);
}

void RandomSchedule::Act() {
  const int what = Draw(21);
  if (what < 10) {
    Arrive();
  } else if (what < 12) {
    if (!unfinished_.empty()) AddMembers(2);
  } else if (what < 14) {
    LosePod();
  } else if (what < 15) {
    RecreatePod();
  } else if (what < 18) {
    DisturbNode();
  } else if (what < 20) {
    DisturbScheduler();
  } else {
    ForbidEvictions();
  }
}

// From here on nothing goes wrong any more.
void RandomSchedule::Heal() {
  world_.faults().Use(nullptr);
  world_.SpareScheduler();
  for (const std::string& budget : budgets_) (void)world_.Do("DELETE", budget);
  while (!unfinished_.empty() && Chance(70)) AddMembers(unfinished_.back().member.gang_size);
  if (!world_.scheduler_runs()) world_.StartScheduler();
}

void RandomSchedule::Judge(std::vector<std::string>* problems) {
  const auto add = [problems](const std::string& what, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) problems->push_back(what + ": " + line);
  };
  const ClusterWatch& watch = world_.watch();
  const apiserver::KubeletCounters& counters = world_.kubelets().counters();
  add("offence", watch.offences());
  if (counters.double_bookings != 0 || counters.moved != 0) {
    problems->push_back(fmt::format("kubelets saw {} double bookings, {} moved",
                                    counters.double_bookings, counters.moved));
  }
  add("partial gang", watch.PartialGangs());
  add("waits and would fit", watch.WouldFit());
  if (!world_.client().Trouble().empty()) {
    problems->push_back("trouble: " + world_.client().Trouble());
  }
}

void RandomSchedule::Empty(std::vector<std::string>* problems) {
  for (const std::string& owner : owners_) {
    (void)world_.Do("DELETE", owner + "?propagationPolicy=Background");
  }
  world_.Settle();
  while (const PodSeen* pod = AnyPodThere()) {
    const PodSeen victim = *pod;
    (void)world_.Delete(victim.ns, victim.name);
    world_.Settle();
  }
  for (const std::string& node : std::exchange(machines_, {})) world_.kubelets().RemoveNode(node);
  world_.RunFor(kForgotten);
  const Engine::Remembered left = world_.engine().remembered();
  if (left.sum() != 0) {
    problems->push_back(fmt::format(
        "the engine remembers: {} queued, {} in flight, {} issued, {} evicting, {} told, {} "
        "objects",
        left.queued, left.in_flight, left.issued, left.evicting, left.told, left.objects));
  }
  const apiserver::Store& store = world_.server().api().store();
  for (const char* kind : {"pods", "nodes", "jobs.batch"}) {
    if (!store.table(kind).empty()) problems->push_back(fmt::format("{} are left", kind));
  }
  const std::size_t watches = pod_groups_ ? 5 : 4;
  // Connections that idle are kept for 30 s.
  const auto rests = [this, watches] { return world_.front().connections() == watches; };
  if (!world_.RunUntil(rests, Duration::Seconds(40))) {
    problems->push_back(
        fmt::format("{} connections, expected {}", world_.front().connections(), watches));
  }
  world_.StopScheduler();
  world_.Settle();
  if (world_.front().connections() != 0) {
    problems->push_back(fmt::format("{} connections after the end", world_.front().connections()));
  }
}

std::vector<std::string> RandomSchedule::Run() {
  std::vector<std::string> problems;
  Populate();
  world_.faults().Use(apiserver::RandomFaults(seed_, 10 + Draw(250), 5 + Draw(100)));
  world_.StartScheduler();
  for (int left = 20 + Draw(30); left > 0; --left) {
    Act();
    if (!world_.scheduler_runs() && Chance(40)) world_.StartScheduler();
    world_.RunFor(Millis(Chance(40) ? 0 : Draw(8'000)));
  }
  Heal();
  const bool rests =
      world_.RunUntil([this] { return world_.Now() - world_.watch().changed() > kRest; }, kLongest);
  if (!rests) problems.push_back("never comes to rest; lately: " + world_.watch().last_change());
  Judge(&problems);
  Empty(&problems);
  return problems;
}

}  // namespace fairlead::integration
