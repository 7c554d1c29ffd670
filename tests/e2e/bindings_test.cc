// What goes wrong between a decision and its binding.
#include <atomic>

#include "tests/e2e/e2e_test.h"

namespace fairlead::e2e {
namespace {

class BindingTest : public E2eTest {
 protected:
  // A scheduler behind a proxy with this rule.
  SchedulerProcess& StartBehind(CuttingProxy::Rule rule, SchedulerOptions options = {}) {
    proxy_ = std::make_unique<CuttingProxy>(plane().scheduler(), std::move(rule));
    EXPECT_TRUE(proxy_->Listen());
    options.kubeconfig = dir() + "/proxy.kubeconfig";
    proxy_->WriteKubeconfig(options.kubeconfig);
    return StartScheduler(std::move(options));
  }

  int BindsOf(const std::string& pod) {
    int binds = 0;
    kubelets().Look([&](const ClusterView& view) { binds = view.BindsOf(ns(), pod); });
    return binds;
  }

  void TearDown() override {
    gate_.Open();
    E2eTest::TearDown();
  }

  Gate gate_;
  std::atomic<int> posts_{0};

 private:
  std::unique_ptr<CuttingProxy> proxy_;  // goes first: its rules use the members above
};

TEST_F(BindingTest, LostReplyDoesNotBindTwice) {
  AddNodes(2);
  SchedulerProcess& scheduler = StartBehind([this](const ProxiedRequest& request) {
    if (!request.IsBindingOf("victim")) return Fate::kForward;
    return ++posts_ == 1 ? Fate::kLoseReply : Fate::kForward;
  });
  CreatePod({.name = "victim", .gpus = 1});
  ASSERT_TRUE(WaitPhase("victim", "Running"));
  const std::string uid = Uid("victim");
  // The scheduler must have found out what became of it before this one is done.
  CreatePod({.name = "next", .gpus = 1});
  ASSERT_TRUE(WaitPhase("next", "Running"));
  EXPECT_TRUE(Eventually(seconds(20), [&] {
    return scheduler.Metric("fairlead_bind_duration_seconds_count{outcome=\"bound\"}") >= 2;
  }));
  EXPECT_EQ(posts_, 1);
  EXPECT_EQ(BindsOf("victim"), 1);
  EXPECT_EQ(Uid("victim"), uid);
  EXPECT_EQ(scheduler.Metric("fairlead_unplanned_binds_total"), 0);
}

TEST_F(BindingTest, RefusedConnectionIsTriedAgain) {
  AddNodes(1);
  StartBehind([this](const ProxiedRequest& request) {
    if (!request.IsBinding()) return Fate::kForward;
    const int n = ++posts_;
    if (n == 1) return Fate::kRefuse;
    return n == 2 ? Fate::kServerError : Fate::kForward;
  });
  CreatePod({.name = "a", .gpus = 1});
  EXPECT_TRUE(WaitPhase("a", "Running", seconds(60)));
  EXPECT_GE(posts_, 3);
  EXPECT_EQ(BindsOf("a"), 1);
}

// This server ignores the uid in a Binding: a pod that was deleted and made again under the same
// name is bound by the answer to its predecessor's decision. That must be found and undone.
TEST_F(BindingTest, RecreatedPodIsNotKeptOnTheOldDecision) {
  AddNodes(1);
  SchedulerProcess& scheduler = StartBehind([this](const ProxiedRequest& request) {
    if (request.IsBindingOf("twin")) gate_.Pass();
    return Fate::kForward;
  });
  CreatePod({.name = "twin", .gpus = 1});
  ASSERT_TRUE(gate_.WaitForArrivals(1));
  DeletePod("twin");
  // The successor waits for a second member, so that nothing but the old decision can bind it.
  CreatePod({.name = "twin", .gpus = 1, .gang = "pair", .gang_size = "2"});
  const std::string uid = Uid("twin");
  gate_.Open();
  EXPECT_TRUE(kubelets().WaitFor(seconds(30), [&](const ClusterView& view) {
    const PodView* const twin = view.Find(ns(), "twin");
    return view.BindsOf(ns(), "twin") == 1 && (twin == nullptr || twin->uid != uid);
  })) << "the successor was to be evicted";
  EXPECT_EQ(scheduler.Metric("fairlead_unplanned_binds_total"), 1);
}

TEST_F(BindingTest, NodeThatGoesAwayBeforeTheBinding) {
  AddNodes(2);
  StartBehind([this](const ProxiedRequest& request) {
    if (request.IsBinding()) gate_.Pass();
    return Fate::kForward;
  });
  // From a Job, so that the pod lost with its node is made again.
  CreateJob("job", 1, {.gpus = 8});
  ASSERT_TRUE(gate_.WaitForArrivals(1));
  // Whichever of the two it was sent to, both go, and another one comes.
  ASSERT_TRUE(kubelets().RemoveNode(NodeName(0)));
  ASSERT_TRUE(kubelets().RemoveNode(NodeName(1)));
  gate_.Open();
  ASSERT_TRUE(kubelets().WaitFor(
      seconds(30), [](const ClusterView& view) { return view.counters.unknown_node == 1; }));
  NodeSpec spare;
  spare.name = ns() + "-spare";
  ASSERT_EQ(kubelets().AddNodes({spare}), 1U);
  EXPECT_TRUE(WaitRunning(1, seconds(110)));
}

TEST_F(BindingTest, PodsOfOtherSchedulersTakeUpRoom) {
  AddNodes(1);
  CreatePod({.name = "foreign", .gpus = 7, .scheduler = "someone-else"});
  ASSERT_TRUE(BindByHand("foreign", NodeName(0)));
  ASSERT_TRUE(WaitPhase("foreign", "Running"));
  StartScheduler();
  CreatePod({.name = "two", .gpus = 2});
  EXPECT_THAT(WaitPending("two"), testing::StartsWith("Unschedulable: "));
  CreatePod({.name = "one", .gpus = 1});
  EXPECT_TRUE(WaitPhase("one", "Running"));
  // Bound while the scheduler runs, too.
  CreatePod({.name = "later", .cpu = "95", .scheduler = "someone-else"});
  DeletePod("foreign");
  EXPECT_TRUE(WaitPhase("two", "Running"));
  EXPECT_FALSE(Bound() > 2) << "a pod of another scheduler was bound";
}

// 1.20 drops scheduling gates without a word, so all that can be shown here is that pods with them
// do no harm; that gated pods wait is a matter for the unit tests.
TEST_F(BindingTest, PodWithGatesOnAServerWithoutThem) {
  AddNodes(1);
  StartScheduler();
  Json pod = PodObject({.name = "gated", .gpus = 1});
  pod["spec"]["schedulingGates"] = Json::array({{{"name", "example.com/wait"}}});
  ASSERT_TRUE(api().Post(PodPath(), pod).ok());
  const bool dropped = !api().Get(PodPath("gated")).ToJson()["spec"].contains("schedulingGates");
  ASSERT_TRUE(dropped) << "this server knows gates: test them here";
  EXPECT_TRUE(WaitPhase("gated", "Running"));
}

TEST_F(BindingTest, ConstraintsAreHonoured) {
  AddNodes(1, {.name = "", .labels = {{"disk", "hdd"}}});
  std::vector<NodeSpec> more(2);
  more[0].name = ns() + "-ssd";
  more[0].labels = {{"disk", "ssd"}};
  more[1].name = ns() + "-tainted";
  more[1].labels = {{"disk", "nvme"}};
  more[1].taints = {{"dedicated", "infra", "NoSchedule"}};
  ASSERT_EQ(kubelets().AddNodes(more), 2U);
  StartScheduler();
  for (const char* disk : {"ssd", "nvme"}) {
    Json pod = PodObject({.name = disk});
    pod["spec"]["nodeSelector"]["disk"] = disk;
    ASSERT_TRUE(api().Post(PodPath(), pod).ok());
  }
  ASSERT_TRUE(WaitPhase("ssd", "Running"));
  EXPECT_THAT(WaitPending("nvme"), testing::HasSubstr("taint"));
  kubelets().Look([&](const ClusterView& view) {
    EXPECT_EQ(view.Find(ns(), "ssd")->node, ns() + "-ssd");
    EXPECT_EQ(view.Find(ns(), "nvme")->node, "");
  });
}

TEST_F(BindingTest, NodeAffinityIsHonoured) {
  std::vector<NodeSpec> nodes(2);
  nodes[0].name = ns() + "-old";
  nodes[0].labels = {{"generation", "7"}};
  nodes[1].name = ns() + "-new";
  nodes[1].labels = {{"generation", "9"}};
  ASSERT_EQ(kubelets().AddNodes(nodes), 2U);
  StartScheduler();
  const auto create = [this](const char* name, const std::string& terms) {
    Json pod = PodObject({.name = name});
    Json& required =
        pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    required["nodeSelectorTerms"] = Json::parse(terms);
    ASSERT_TRUE(api().Post(PodPath(), pod).ok());
  };
  create("newer",
         R"([{"matchExpressions":[{"key":"generation","operator":"Gt","values":["8"]}]}])");
  create("named", R"([{"matchFields":[{"key":"metadata.name","operator":"In","values":[")" + ns() +
                      R"(-old"]}]}])");
  create("neither",
         R"([{"matchExpressions":[{"key":"generation","operator":"In","values":["8"]}]}])");
  ASSERT_TRUE(WaitPhase("newer", "Running"));
  ASSERT_TRUE(WaitPhase("named", "Running"));
  EXPECT_THAT(WaitPending("neither"),
              testing::HasSubstr("node(s) didn't match Pod's node affinity/selector"));
  kubelets().Look([&](const ClusterView& view) {
    EXPECT_EQ(view.Find(ns(), "newer")->node, ns() + "-new");
    EXPECT_EQ(view.Find(ns(), "named")->node, ns() + "-old");
    EXPECT_EQ(view.Find(ns(), "neither")->node, "");
  });
}

TEST_F(BindingTest, RulesBetweenPodsAreHonoured) {
  std::vector<NodeSpec> nodes(3);
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    nodes[n].name = ns() + "-" + std::to_string(n);
    nodes[n].labels = {{"zone", n == 2 ? "far" : "here"}};
  }
  ASSERT_EQ(kubelets().AddNodes(nodes), 3U);
  StartScheduler();
  const auto create = [this](const char* name, const char* affinity, const char* terms) {
    Json pod = PodObject({.name = name});
    pod["metadata"]["labels"]["app"] = name;
    Json& required =
        pod["spec"]["affinity"][affinity]["requiredDuringSchedulingIgnoredDuringExecution"];
    required = Json::parse(terms);
    ASSERT_TRUE(api().Post(PodPath(), pod).ok());
  };
  // Waits until there is a database, and is then put into its zone.
  create("web", "podAffinity",
         R"([{"topologyKey":"zone","labelSelector":{"matchLabels":{"app":"db"}}}])");
  EXPECT_THAT(WaitPending("web"), testing::HasSubstr("3 node(s) didn't match pod affinity rules"));
  Json db = PodObject({.name = "db"});
  db["metadata"]["labels"]["app"] = "db";
  db["spec"]["nodeSelector"]["zone"] = "far";
  ASSERT_TRUE(api().Post(PodPath(), db).ok());
  ASSERT_TRUE(WaitPhase("web", "Running"));
  // Stays away from both.
  create("loner", "podAntiAffinity",
         R"([{"topologyKey":"zone","labelSelector":{"matchExpressions":[
             {"key":"app","operator":"In","values":["web","db"]}]}}])");
  ASSERT_TRUE(WaitPhase("loner", "Running"));
  // Four with one port of the host, on three nodes.
  for (const std::string name : {"port-1", "port-2", "port-3", "port-4"}) {
    Json pod = PodObject({.name = name});
    pod["spec"]["containers"][0]["ports"] =
        Json::parse(R"([{"containerPort":8080,"hostPort":8080}])");
    ASSERT_TRUE(api().Post(PodPath(), pod).ok());
    if (name == "port-4") break;
    ASSERT_TRUE(WaitPhase(name, "Running"));
  }
  EXPECT_THAT(WaitPending("port-4"),
              testing::HasSubstr("3 node(s) didn't have free ports for the requested pod ports"));
  kubelets().Look([&](const ClusterView& view) {
    EXPECT_EQ(view.Find(ns(), "web")->node, ns() + "-2");
    EXPECT_NE(view.Find(ns(), "loner")->node, ns() + "-2");
    const std::set<std::string> used = {view.Find(ns(), "port-1")->node,
                                        view.Find(ns(), "port-2")->node,
                                        view.Find(ns(), "port-3")->node};
    EXPECT_EQ(used.size(), 3U);
  });
}

}  // namespace
}  // namespace fairlead::e2e
