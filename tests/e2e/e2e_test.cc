#include "tests/e2e/e2e_test.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace fairlead::e2e {
namespace {

std::unique_ptr<ControlPlane> FindControlPlane() {
  if (const char* dir = std::getenv("FAIRLEAD_E2E_DIR")) return ControlPlane::Attach(dir);
  const std::string made = MakeTempDirectory("fairlead-e2e");
  return made.empty() ? nullptr : ControlPlane::Start(made + "/controlplane");
}

// A DNS label that no other case and no earlier run uses.
std::string UniqueName() {
  const testing::TestInfo* const test = testing::UnitTest::GetInstance()->current_test_info();
  std::string name = "t-";
  for (const char c : std::string(test->name()).substr(0, 36)) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '-';
  }
  const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count();
  char suffix[16];
  std::snprintf(suffix, sizeof suffix, "-%05x", static_cast<unsigned>((ticks >> 10) & 0xfffff));
  return name + suffix;
}

}  // namespace

void Gate::Pass() {
  std::unique_lock lock(mutex_);
  ++arrived_;
  changed_.notify_all();
  changed_.wait_for(lock, seconds(60), [this] { return open_; });
}

void Gate::Open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
  changed_.notify_all();
}

bool Gate::WaitForArrivals(int n, milliseconds patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return arrived_ >= n; });
}

Json PodObject(const PodOptions& options) {
  Json pod = {{"apiVersion", "v1"}, {"kind", "Pod"}};
  Json& meta = pod["metadata"];
  if (!options.name.empty()) meta["name"] = options.name;
  meta["labels"] = options.labels;
  if (!options.gang.empty()) meta["labels"]["fairlead.dev/gang"] = options.gang;
  if (!options.queue.empty()) meta["labels"]["fairlead.dev/queue"] = options.queue;
  meta["annotations"] = options.annotations;
  if (!options.gang_size.empty()) {
    meta["annotations"]["fairlead.dev/gang-size"] = options.gang_size;
  }
  if (!options.runtime_ms.empty()) {
    meta["annotations"]["sim.fairlead.dev/runtime-ms"] = options.runtime_ms;
  }
  Json requests = {{"cpu", options.cpu}, {"memory", options.memory}};
  Json limits = Json::object();
  if (options.gpus > 0) {
    requests["nvidia.com/gpu"] = std::to_string(options.gpus);
    limits["nvidia.com/gpu"] = std::to_string(options.gpus);
  }
  pod["spec"]["schedulerName"] = options.scheduler;
  pod["spec"]["containers"] =
      Json::array({{{"name", "main"},
                    {"image", "registry.invalid/train"},
                    {"resources", {{"requests", requests}, {"limits", limits}}}}});
  return pod;
}

Json BindingObject(const std::string& pod, const std::string& node) {
  return {{"apiVersion", "v1"},
          {"kind", "Binding"},
          {"metadata", {{"name", pod}}},
          {"target", {{"kind", "Node"}, {"name", node}}}};
}

ControlPlane& E2eTest::plane() {
  static const std::unique_ptr<ControlPlane> plane = FindControlPlane();
  if (plane == nullptr) std::abort();  // why is on stderr
  return *plane;
}

void E2eTest::SetUp() {
  ns_ = UniqueName();
  dir_ = plane().dir() + "/cases/" + ns_;
  std::filesystem::create_directories(dir_);
  api_ = std::make_unique<ApiClient>(plane().admin());
  ASSERT_TRUE(api_->Post("/api/v1/namespaces", {{"metadata", {{"name", ns_}}}}).ok());
  kubelets_ = std::make_unique<SimKubelets>(plane().admin(), KubeletOptions{});
}

void E2eTest::TearDown() {
  for (const auto& scheduler : schedulers_) {
    const std::optional<int> code = scheduler->Terminate();
    EXPECT_EQ(code, 0) << "exit code after SIGTERM";
    if (HasFailure()) {
      std::printf("--- log of the scheduler\n%s---\n", scheduler->Log().substr(0, 20000).c_str());
    }
  }
  if (kubelets_ == nullptr) return;
  const Counters counters = kubelets_->counters();
  EXPECT_EQ(counters.double_bookings, expected_double_bookings_);
  EXPECT_EQ(counters.moved, 0);
  Clean();
}

void E2eTest::Clean() {
  const std::string background = "?propagationPolicy=Background";
  api().Send("DELETE", "/apis/batch/v1/namespaces/" + ns_ + "/jobs" + background);
  // A Job's controller may make one more pod before it knows, hence more than once.
  const auto all_gone = [this](const ClusterView& view) { return view.Count(ns_) == 0; };
  for (int attempt = 0; attempt < 5; ++attempt) {
    api().Send("DELETE", PodPath() + "?gracePeriodSeconds=0");
    if (kubelets().WaitFor(seconds(10), all_gone)) break;
  }
  kubelets().RemoveAllNodes();
  api().Send("DELETE", "/api/v1/namespaces/" + ns_);
}

void E2eTest::AddNodes(int n, NodeSpec like) {
  std::vector<NodeSpec> specs;
  for (int i = 0; i < n; ++i) {
    like.name = NodeName(i);
    specs.push_back(like);
  }
  ASSERT_EQ(kubelets().AddNodes(specs), specs.size());
}

SchedulerProcess& E2eTest::SpawnScheduler(SchedulerOptions options) {
  if (options.kubeconfig.empty()) options.kubeconfig = plane().scheduler_kubeconfig();
  schedulers_.push_back(std::make_unique<SchedulerProcess>(dir_, options));
  return *schedulers_.back();
}

SchedulerProcess& E2eTest::StartScheduler(SchedulerOptions options) {
  SchedulerProcess& scheduler = SpawnScheduler(std::move(options));
  EXPECT_TRUE(scheduler.WaitReady()) << scheduler.Log();
  return scheduler;
}

void E2eTest::ForgetSchedulers() { schedulers_.clear(); }

std::string E2eTest::PodPath(const std::string& name) const {
  const std::string base = "/api/v1/namespaces/" + ns_ + "/pods";
  return name.empty() ? base : base + "/" + name;
}

void E2eTest::CreatePod(const PodOptions& options) {
  const Response response = api().Post(PodPath(), PodObject(options));
  ASSERT_TRUE(response.ok()) << options.name << ": " << response.body;
}

void E2eTest::CreateGang(const std::string& name, int from, int to, PodOptions like) {
  like.gang = name;
  for (int i = from; i < to; ++i) {
    like.name = name + "-" + std::to_string(i);
    CreatePod(like);
  }
}

void E2eTest::CreateJob(const std::string& name, int parallelism, PodOptions like) {
  Json job = {{"apiVersion", "batch/v1"}, {"kind", "Job"}, {"metadata", {{"name", name}}}};
  job["spec"]["parallelism"] = parallelism;
  job["spec"]["completions"] = parallelism;
  job["spec"]["backoffLimit"] = 100;
  Json pod = PodObject(like);
  job["spec"]["template"] = {{"metadata", pod["metadata"]}, {"spec", pod["spec"]}};
  job["spec"]["template"]["spec"]["restartPolicy"] = "Never";
  const Response response = api().Post("/apis/batch/v1/namespaces/" + ns_ + "/jobs", job);
  ASSERT_TRUE(response.ok()) << response.body;
}

void E2eTest::DeletePod(const std::string& name) {
  const Response response = api().Delete(PodPath(name), {{"gracePeriodSeconds", 0}});
  ASSERT_TRUE(response.ok()) << response.body;
}

bool E2eTest::BindByHand(const std::string& pod, const std::string& node) {
  return api().Post(PodPath(pod) + "/binding", BindingObject(pod, node)).ok();
}

bool E2eTest::WaitRunning(int n, milliseconds patience) {
  return kubelets().WaitFor(
      patience, [&](const ClusterView& view) { return view.Count(ns_, "Running") >= n; });
}

bool E2eTest::WaitPhase(const std::string& pod, const std::string& phase, milliseconds patience) {
  return kubelets().WaitFor(patience, [&](const ClusterView& view) {
    const PodView* const found = view.Find(ns_, pod);
    return found != nullptr && found->phase == phase;
  });
}

std::string E2eTest::WaitPending(const std::string& pod, const std::string& part,
                                 milliseconds patience) {
  std::string text;
  kubelets().WaitFor(patience, [&](const ClusterView& view) {
    const PodView* const found = view.Find(ns_, pod);
    if (found == nullptr || found->scheduled_status != "False") return false;
    text = found->scheduled_reason + ": " + found->scheduled_message;
    return text.find(part) != std::string::npos;
  });
  return text;
}

int E2eTest::Bound() {
  int bound = 0;
  kubelets().Look([&](const ClusterView& view) { bound = view.Bound(ns_); });
  return bound;
}

int E2eTest::BoundOf(const std::string& gang) {
  int bound = 0;
  kubelets().Look([&](const ClusterView& view) {
    for (const auto& [key, pod] : view.pods) {
      if (pod.ns == ns_ && pod.gang == gang && !pod.node.empty()) ++bound;
    }
  });
  return bound;
}

std::string E2eTest::Uid(const std::string& pod) {
  return api().Get(PodPath(pod)).ToJson()["metadata"].value("uid", "");
}

std::vector<Json> E2eTest::Events(const std::string& reason) {
  const Json list = api().Get("/api/v1/namespaces/" + ns_ + "/events").ToJson();
  std::vector<Json> events;
  for (const Json& event : list["items"]) {
    if (event.value("reason", "") == reason) events.push_back(event);
  }
  return events;
}

}  // namespace fairlead::e2e
