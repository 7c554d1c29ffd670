// Crashes and outages: of the scheduler between the bindings of a gang, and of the API server.
#include <atomic>

#include "tests/e2e/e2e_test.h"

namespace fairlead::e2e {
namespace {

using testing::HasSubstr;

constexpr int kGang = 8;
constexpr int kBoundBeforeCrash = 3;

class CrashTest : public E2eTest {
 protected:
  // Leaves a gang of 8 with 3 members bound and nobody in charge of it.
  void CrashInTheMiddle() {
    std::atomic<int> bindings{0};
    Gate gate;
    CuttingProxy proxy(plane().scheduler(), [&](const ProxiedRequest& request) {
      if (!request.IsBinding() || ++bindings <= kBoundBeforeCrash) return Fate::kForward;
      gate.Pass();
      return Fate::kRefuse;
    });
    ASSERT_TRUE(proxy.Listen());
    proxy.WriteKubeconfig(dir() + "/proxy.kubeconfig");
    SchedulerProcess& scheduler = StartScheduler({.kubeconfig = dir() + "/proxy.kubeconfig"});
    CreateGang("train", 0, kGang, {.gpus = 1, .gang_size = std::to_string(kGang)});
    const bool partial = kubelets().WaitFor(seconds(30), [&](const ClusterView& view) {
      return view.Bound(ns()) == kBoundBeforeCrash;
    });
    EXPECT_TRUE(partial) << scheduler.Log();
    scheduler.Kill();
    EXPECT_EQ(scheduler.Wait(seconds(10)), 128 + SIGKILL);
    ForgetSchedulers();
    gate.Open();
  }
};

TEST_F(CrashTest, RestartCompletesAGangBoundInPart) {
  AddNodes(1);
  CrashInTheMiddle();
  EXPECT_EQ(Bound(), kBoundBeforeCrash);
  SchedulerProcess& scheduler = StartScheduler();
  EXPECT_TRUE(WaitRunning(kGang));
  kubelets().Look([&](const ClusterView& view) {
    EXPECT_EQ(view.binds.size(), std::size_t{kGang}) << "each member once";
  });
  EXPECT_EQ(scheduler.Metric("fairlead_evictions_total{reason=\"gang_rollback\"}"), 0);
}

TEST_F(CrashTest, RestartRollsBackWhatNoLongerFits) {
  AddNodes(1);
  CrashInTheMiddle();
  // The room that the others need goes to somebody else meanwhile.
  CreatePod({.name = "foreign", .gpus = 1, .scheduler = "someone-else"});
  ASSERT_TRUE(BindByHand("foreign", NodeName(0)));
  ASSERT_TRUE(WaitPhase("foreign", "Running"));
  SchedulerProcess& scheduler = StartScheduler({.config = "policy:\n  bind_timeout: 2s\n"});
  EXPECT_TRUE(kubelets().WaitFor(seconds(40), [&](const ClusterView& view) {
    return view.Count(ns()) == kGang - kBoundBeforeCrash + 1 && view.Bound(ns()) == 1;
  })) << "the three bound members were to be evicted";
  EXPECT_EQ(scheduler.Metric("fairlead_evictions_total{reason=\"gang_rollback\"}"),
            kBoundBeforeCrash);
  EXPECT_TRUE(WaitPhase("foreign", "Running"));
}

using OutageTest = E2eTest;

TEST_F(OutageTest, ServerThatIsDownAtTheStart) {
  AddNodes(1);
  CreatePod({.name = "a", .gpus = 1});
  CuttingProxy proxy(plane().scheduler(), [](const ProxiedRequest&) { return Fate::kForward; });
  ASSERT_TRUE(proxy.Listen());
  proxy.WriteKubeconfig(dir() + "/proxy.kubeconfig");
  proxy.GoDown();
  SchedulerProcess& scheduler = SpawnScheduler({.kubeconfig = dir() + "/proxy.kubeconfig"});
  std::string body;
  ASSERT_TRUE(Eventually(seconds(20), [&] {
    return scheduler.Get("/readyz", &body) == 503 && body.find("refused") != std::string::npos;
  })) << body;
  EXPECT_EQ(scheduler.Get("/healthz"), 200);
  ASSERT_TRUE(proxy.Listen(proxy.port()));
  EXPECT_TRUE(scheduler.WaitReady(seconds(60))) << scheduler.Log();
  EXPECT_TRUE(WaitPhase("a", "Running"));
  EXPECT_EQ(scheduler.Terminate(), 0);
  ForgetSchedulers();
}

TEST_F(OutageTest, ConnectionsCutWhileRunning) {
  AddNodes(1);
  CuttingProxy proxy(plane().scheduler(), [](const ProxiedRequest&) { return Fate::kForward; });
  ASSERT_TRUE(proxy.Listen());
  proxy.WriteKubeconfig(dir() + "/proxy.kubeconfig");
  SchedulerProcess& scheduler = StartScheduler({.kubeconfig = dir() + "/proxy.kubeconfig"});
  CreatePod({.name = "a", .gpus = 4});
  ASSERT_TRUE(WaitPhase("a", "Running"));
  proxy.GoDown();
  // What happens meanwhile is not missed: a pod goes, two come.
  DeletePod("a");
  CreatePod({.name = "b", .gpus = 4});
  CreatePod({.name = "c", .gpus = 4});
  ASSERT_TRUE(proxy.Listen(proxy.port()));
  EXPECT_TRUE(WaitRunning(2, seconds(60))) << scheduler.Log();
  EXPECT_EQ(scheduler.Terminate(), 0);
  ForgetSchedulers();
}

// A real server is killed and started again; on a control plane of its own, since others use the
// shared one.
TEST_F(OutageTest, ServerThatIsKilledAndStartedAgain) {
  const auto plane = ControlPlane::Start(dir() + "/controlplane", {"--no-controller-manager"});
  ASSERT_NE(plane, nullptr);
  SimKubelets kubelets(plane->admin(), {});
  NodeSpec node;
  node.name = "n";
  ASSERT_EQ(kubelets.AddNodes({node}), 1U);
  SchedulerProcess scheduler(dir(), {.kubeconfig = plane->scheduler_kubeconfig(), .config = ""});
  ASSERT_TRUE(scheduler.WaitReady()) << scheduler.Log();
  const std::string pods = "/api/v1/namespaces/default/pods";
  const auto running = [](int n) {
    return [n](const ClusterView& view) { return view.Count("default", "Running") == n; };
  };
  ASSERT_TRUE(ApiClient(plane->admin()).Post(pods, PodObject({.name = "before"})).ok());
  ASSERT_TRUE(kubelets.WaitFor(seconds(30), running(1)));

  ASSERT_TRUE(plane->KillApiServer());
  EXPECT_TRUE(Eventually(seconds(20), [&] { return scheduler.Get("/readyz") == 503; }));
  ASSERT_TRUE(plane->RestartApiServer());
  ASSERT_TRUE(ApiClient(plane->admin()).Post(pods, PodObject({.name = "after"})).ok());
  EXPECT_TRUE(kubelets.WaitFor(seconds(60), running(2))) << scheduler.Log();
  EXPECT_TRUE(scheduler.WaitReady());
  EXPECT_EQ(kubelets.counters().double_bookings, 0);
  EXPECT_EQ(scheduler.Terminate(), 0);
}

}  // namespace
}  // namespace fairlead::e2e
