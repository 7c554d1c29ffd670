#include "fairlead/apiserver/kubelets.h"

#include <gtest/gtest.h>

#include <random>

#include "scheduler/apiserver/kubelet_node.h"
#include "tests/unit/apiserver/virtual_cluster.h"

namespace fairlead::apiserver {
namespace {

constexpr Duration kSecond = Duration::Seconds(1);

TEST(Kubelets, ANodeIsRegisteredAsAKubeletDoes) {
  VirtualCluster cluster;
  cluster.kubelets.AddNode({.name = "n1",
                            .cpu = 4,
                            .memory_gib = 16,
                            .gpus = 2,
                            .gpu_slices = 4,
                            .pods = 10,
                            .gpu_model = "A100",
                            .labels = {{"rack", "r1"}},
                            .taints = {{"t", "v", "NoSchedule"}}});
  const json::object node = cluster.Get("nodes", "n1", "");
  const json::object* labels = FindObject(node, {"metadata", "labels"});
  ASSERT_NE(labels, nullptr);
  EXPECT_EQ(MapGet(*labels, "kubernetes.io/hostname"), "n1");
  EXPECT_EQ(MapGet(*labels, "nvidia.com/gpu.product"), "A100");
  EXPECT_EQ(MapGet(*labels, "nvidia.com/gpu.replicas"), "4");
  EXPECT_EQ(MapGet(*labels, "rack"), "r1");
  for (const std::string_view side : {"capacity", "allocatable"}) {
    const json::object* amounts = FindObject(node, {"status", side});
    ASSERT_NE(amounts, nullptr);
    EXPECT_EQ(MapGet(*amounts, "cpu"), "4");
    EXPECT_EQ(MapGet(*amounts, "memory"), "16Gi");
    EXPECT_EQ(MapGet(*amounts, "nvidia.com/gpu"), "8");
    EXPECT_EQ(MapGet(*amounts, "pods"), "10");
  }
  EXPECT_EQ(cluster.ConditionOf(node, "Ready"), "True KubeletReady");
  ASSERT_EQ(FindArray(node, {"spec", "taints"})->size(), 1U);
  EXPECT_EQ(GetString(node, {"status", "nodeInfo", "kubeletVersion"}), "v1.20.2-simulated");
}

TEST(Kubelets, HeartbeatsRenewTheLeaseAndNothingElse) {
  VirtualCluster cluster;
  cluster.kubelets.AddNode({.name = "n1"});
  const std::uint64_t before = cluster.api.store().revision();
  const std::string first(GetString(
      cluster.Get("leases.coordination.k8s.io", "n1", "kube-node-lease"), {"spec", "renewTime"}));
  EXPECT_FALSE(first.empty());
  cluster.Advance(Duration::Seconds(400));
  const std::string last(GetString(
      cluster.Get("leases.coordination.k8s.io", "n1", "kube-node-lease"), {"spec", "renewTime"}));
  EXPECT_GT(last, first);
  const std::uint64_t writes = cluster.api.store().revision() - before;
  EXPECT_GE(writes, 9U);
  EXPECT_LE(writes, 11U);
}

TEST(Kubelets, APodRunsAndSucceeds) {
  VirtualCluster cluster(Profile::kCurrent, {.start_delay = Duration::Seconds(3)});
  cluster.kubelets.AddNode({.name = "n1"});
  cluster.RunPod("p", "n1", R"({"cpu":"1"})", R"({"sim.fairlead.dev/runtime-ms":"5000"})");
  EXPECT_EQ(cluster.Phase("p"), "Pending");
  EXPECT_FALSE(GetString(cluster.Get("pods", "p"), {"status", "startTime"}).empty());
  cluster.Advance(Duration::Seconds(3));
  const json::object running = cluster.Get("pods", "p");
  EXPECT_EQ(cluster.Phase("p"), "Running");
  for (const char* type : {"Initialized", "Ready", "ContainersReady", "PodScheduled"}) {
    EXPECT_EQ(cluster.ConditionOf(running, type), "True") << type;
  }
  EXPECT_FALSE(GetString(running, {"status", "podIP"}).empty());
  EXPECT_FALSE(GetString(running, {"status", "hostIP"}).empty());
  const json::array* statuses = FindArray(running, {"status", "containerStatuses"});
  ASSERT_TRUE(statuses != nullptr && statuses->size() == 1);
  EXPECT_TRUE(GetBool(*statuses->front().if_object(), {"ready"}, false));
  cluster.Advance(Duration::Seconds(4));
  EXPECT_EQ(cluster.Phase("p"), "Running");
  cluster.Advance(kSecond);
  EXPECT_EQ(cluster.Phase("p"), "Succeeded");
  EXPECT_EQ(cluster.ConditionOf(cluster.Get("pods", "p"), "Ready"), "False PodCompleted");
  const KubeletCounters& counters = cluster.kubelets.counters();
  EXPECT_EQ(counters.bound, 1);
  EXPECT_EQ(counters.started, 1);
  EXPECT_EQ(counters.succeeded, 1);
}

TEST(Kubelets, TimesAreInTheClocksTime) {
  VirtualCluster cluster(Profile::kCurrent, {.speed = 60});
  cluster.kubelets.AddNode({.name = "n1"});
  cluster.RunPod("p", "n1", R"({"cpu":"1"})", R"({"sim.fairlead.dev/runtime-ms":"60000"})");
  cluster.Advance(Duration::Seconds(30), 60);
  EXPECT_EQ(cluster.Phase("p"), "Running");
  cluster.Advance(Duration::Seconds(30), 60);
  EXPECT_EQ(cluster.Phase("p"), "Succeeded");
  EXPECT_EQ(cluster.loop.Now(), Instant{kSecond.ns});
}

TEST(Kubelets, RejectionsAreCountedAndShown) {
  for (const Profile profile : {Profile::k120, Profile::kCurrent}) {
    VirtualCluster cluster(profile);
    cluster.kubelets.AddNode({.name = "n1", .cpu = 4, .gpus = 2});
    cluster.RunPod("a", "n1", R"({"cpu":"3"})");
    cluster.RunPod("b", "n1", R"({"cpu":"2"})");
    EXPECT_EQ(cluster.Phase("a"), "Running");
    const json::object rejected = cluster.Get("pods", "b");
    EXPECT_EQ(cluster.Phase("b"), "Failed");
    EXPECT_EQ(GetString(rejected, {"status", "reason"}), "OutOfcpu");
    EXPECT_EQ(GetString(rejected, {"status", "message"}),
              std::string(profile == Profile::k120 ? "Pod " : "Pod was rejected: ") +
                  "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: "
                  "4000");
    cluster.RunPod("c", "n1", R"({"nvidia.com/gpu":"1"})",
                   R"({"fairlead.dev/gpu-assignment":"0"})");
    cluster.RunPod("d", "n1", R"({"nvidia.com/gpu":"1"})",
                   R"({"fairlead.dev/gpu-assignment":"0"})");
    EXPECT_EQ(cluster.Phase("c"), "Running");
    EXPECT_EQ(GetString(cluster.Get("pods", "d"), {"status", "reason"}),
              "UnexpectedAdmissionError");
    EXPECT_EQ(cluster.kubelets.counters().double_bookings, 2);
    cluster.RunPod("e", "n1", R"({"cpu":"1m"})", "{}", R"("nodeSelector":{"rack":"r9"},)");
    EXPECT_EQ(GetString(cluster.Get("pods", "e"), {"status", "reason"}), "NodeAffinity");
    EXPECT_EQ(cluster.kubelets.counters().double_bookings, 2);
    EXPECT_EQ(cluster.kubelets.counters().rejected, 3);
    // Ended and rejected pods hold nothing.
    EXPECT_TRUE(cluster.Delete("pods", "a"));
    cluster.Settle();
    cluster.RunPod("f", "n1", R"({"cpu":"4"})");
    EXPECT_EQ(cluster.Phase("f"), "Running");
  }
}

TEST(Kubelets, FailuresFollowTheRestartPolicy) {
  VirtualCluster cluster;
  cluster.kubelets.AddNode({.name = "n1"});
  const char* annotation = R"({"sim.fairlead.dev/fail-after-ms":"1000"})";
  cluster.RunPod("never", "n1", R"({"cpu":"1"})", annotation);
  cluster.Advance(kSecond);
  const json::object failed = cluster.Get("pods", "never");
  EXPECT_EQ(cluster.Phase("never"), "Failed");
  const json::array* statuses = FindArray(failed, {"status", "containerStatuses"});
  ASSERT_TRUE(statuses != nullptr && !statuses->empty());
  EXPECT_EQ(GetInt(*statuses->front().if_object(), {"state", "terminated", "exitCode"}, -1), 1);
  EXPECT_EQ(cluster.kubelets.counters().failed, 1);

  cluster.Create("pods", std::string(R"({"metadata":{"name":"again","annotations":)") + annotation +
                             R"(},"spec":{"containers":[{"name":"c","image":"x"}]}})");
  EXPECT_TRUE(cluster.Bind("again", "n1"));
  const auto restarts = [&] {
    const json::object pod = cluster.Get("pods", "again");
    const json::array* list = FindArray(pod, {"status", "containerStatuses"});
    return list == nullptr || list->empty()
               ? -1
               : GetInt(*list->front().if_object(), {"restartCount"}, -1);
  };
  cluster.Settle();
  EXPECT_EQ(restarts(), 0);
  cluster.Advance(kSecond);  // fails, restarts at once
  EXPECT_EQ(restarts(), 1);
  EXPECT_EQ(cluster.ConditionOf(cluster.Get("pods", "again"), "Ready"), "True");
  cluster.Advance(kSecond);  // fails, waits for 10 s
  EXPECT_EQ(restarts(), 2);
  EXPECT_EQ(cluster.ConditionOf(cluster.Get("pods", "again"), "Ready"), "False ContainersNotReady");
  cluster.Advance(Duration::Seconds(10));
  EXPECT_EQ(cluster.ConditionOf(cluster.Get("pods", "again"), "Ready"), "True");
  EXPECT_EQ(cluster.Phase("again"), "Running");
}

TEST(Kubelets, TerminationTakesItsTime) {
  VirtualCluster cluster(Profile::kCurrent, {.term_delay = Duration::Seconds(5)});
  cluster.kubelets.AddNode({.name = "n1"});
  cluster.RunPod("quick", "n1", R"({"cpu":"1"})");
  cluster.RunPod("stubborn", "n1", R"({"cpu":"1"})", R"({"sim.fairlead.dev/ignore-term":"true"})");
  cluster.RunPod("short", "n1", R"({"cpu":"1"})", "{}", R"("terminationGracePeriodSeconds":2,)");
  for (const char* name : {"quick", "stubborn", "short"}) {
    EXPECT_TRUE(cluster.Delete("pods", name)) << name;
  }
  cluster.Advance(Duration::Milliseconds(1999));
  EXPECT_EQ(cluster.Names("pods").size(), 3U);
  cluster.Advance(Duration::Milliseconds(1));
  EXPECT_FALSE(cluster.Has("pods", "short"));
  cluster.Advance(Duration::Seconds(3));
  EXPECT_FALSE(cluster.Has("pods", "quick"));
  cluster.Advance(Duration::Seconds(24));
  EXPECT_TRUE(cluster.Has("pods", "stubborn"));
  cluster.Advance(kSecond);
  EXPECT_FALSE(cluster.Has("pods", "stubborn"));
  EXPECT_EQ(cluster.kubelets.counters().deleted, 3);
}

TEST(Kubelets, ALostNodeIsMarkedAndItsPodsEvicted) {
  VirtualCluster cluster;
  cluster.kubelets.AddNode({.name = "n1"});
  cluster.RunPod("p", "n1", R"({"cpu":"1"})");
  cluster.RunPod("stays", "n1", R"({"cpu":"1"})", "{}",
                 R"("tolerations":[{"operator":"Exists"}],)");
  cluster.RunPod("short", "n1", R"({"cpu":"1"})", R"({"sim.fairlead.dev/runtime-ms":"9000"})",
                 R"("tolerations":[{"operator":"Exists"}],)");
  cluster.kubelets.LoseNode("n1");
  cluster.Advance(Duration::Seconds(39));
  EXPECT_EQ(cluster.Phase("short"), "Running");  // nobody is there to say that it has ended
  EXPECT_EQ(cluster.ConditionOf(cluster.Get("nodes", "n1", ""), "Ready"), "True KubeletReady");
  cluster.Advance(kSecond);
  const json::object lost = cluster.Get("nodes", "n1", "");
  EXPECT_EQ(cluster.ConditionOf(lost, "Ready"), "Unknown NodeStatusUnknown");
  ASSERT_NE(FindArray(lost, {"spec", "taints"}), nullptr);
  EXPECT_EQ(FindArray(lost, {"spec", "taints"})->size(), 2U);
  EXPECT_EQ(cluster.ConditionOf(cluster.Get("pods", "p"), "Ready"), "False");
  // The default toleration: 300 s.
  cluster.Advance(Duration::Seconds(299));
  EXPECT_EQ(Find(cluster.Get("pods", "p"), {"metadata", "deletionTimestamp"}), nullptr);
  cluster.Advance(kSecond);
  EXPECT_NE(Find(cluster.Get("pods", "p"), {"metadata", "deletionTimestamp"}), nullptr);
  cluster.Advance(Duration::Seconds(1000));
  EXPECT_TRUE(cluster.Has("pods", "p"));
  EXPECT_EQ(Find(cluster.Get("pods", "stays"), {"metadata", "deletionTimestamp"}), nullptr);

  cluster.kubelets.ReturnNode("n1");
  cluster.Settle();
  const json::object back = cluster.Get("nodes", "n1", "");
  EXPECT_EQ(cluster.ConditionOf(back, "Ready"), "True KubeletReady");
  EXPECT_EQ(Find(back, {"spec", "taints"}), nullptr);
  EXPECT_FALSE(cluster.Has("pods", "p"));
  EXPECT_EQ(cluster.Phase("stays"), "Failed");  // its containers ended with the machine
}

TEST(Kubelets, RemovedNodesTakeTheirPodsAlong) {
  VirtualCluster cluster;
  cluster.kubelets.AddNode({.name = "n1", .cpu = 1});
  cluster.RunPod("p", "n1", R"({"cpu":"1"})");
  cluster.kubelets.RemoveNode("n1");
  EXPECT_FALSE(cluster.Has("nodes", "n1", ""));
  EXPECT_FALSE(cluster.Has("pods", "p"));
  EXPECT_FALSE(cluster.Has("leases.coordination.k8s.io", "n1", "kube-node-lease"));
  cluster.kubelets.AddNode({.name = "n1", .cpu = 1});
  cluster.RunPod("q", "n1", R"({"cpu":"1"})");
  EXPECT_EQ(cluster.Phase("q"), "Running");
  // Bound to a node that is not there: removed after a while, as the pod collector does.
  cluster.RunPod("r", "nowhere", R"({"cpu":"1"})");
  EXPECT_EQ(cluster.Phase("r"), "Pending");
  cluster.Advance(Duration::Seconds(40));
  EXPECT_FALSE(cluster.Has("pods", "r"));
  EXPECT_EQ(cluster.kubelets.counters().double_bookings, 0);
}

TEST(Kubelets, ABrokenDeviceLowersAllocatable) {
  VirtualCluster cluster;
  cluster.kubelets.AddNode({.name = "n1", .gpus = 2, .gpu_slices = 4});
  cluster.kubelets.BreakGpu("n1", 1);
  const json::object node = cluster.Get("nodes", "n1", "");
  EXPECT_EQ(MapGet(*FindObject(node, {"status", "allocatable"}), "nvidia.com/gpu"), "4");
  EXPECT_EQ(MapGet(*FindObject(node, {"status", "capacity"}), "nvidia.com/gpu"), "8");
}

// What runs on a node never exceeds it, whatever comes in which order; and in the end nothing is
// held: a pod as large as the node fits again.
TEST(Kubelets, RandomLivesNeverOverbookANode) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    const auto draw = [&](unsigned below) { return static_cast<int>(random() % below); };
    VirtualCluster cluster(Profile::kCurrent, {.term_delay = Duration::Seconds(2)});
    cluster.kubelets.AddNode({.name = "n0", .cpu = 4});
    cluster.kubelets.AddNode({.name = "n1", .cpu = 4});
    for (int step = 0; step < 150; ++step) {
      const std::string name = "p" + std::to_string(draw(8));
      const std::string node = "n" + std::to_string(draw(2));
      const int what = draw(10);
      if (what < 5 && !cluster.Has("pods", name)) {
        cluster.CreatePod(name, R"({"cpu":")" + std::to_string(1 + draw(3)) + R"("})",
                          R"({"sim.fairlead.dev/)" +
                              std::string(draw(2) == 0 ? "runtime-ms" : "fail-after-ms") +
                              R"(":")" + std::to_string(draw(20'000)) + R"("})");
        EXPECT_TRUE(cluster.Bind(name, node));
      } else if (what < 7 && cluster.Has("pods", name)) {
        cluster.Delete("pods", name);
      } else if (what == 7) {
        cluster.kubelets.LoseNode(node);
      } else if (what == 8) {
        cluster.kubelets.ReturnNode(node);
      }
      cluster.Advance(Duration::Milliseconds(draw(4000)));
      std::map<std::string, std::int64_t> used;
      for (const auto& [key, pod] : cluster.api.store().table("pods")) {
        if (GetString(pod->object, {"status", "phase"}) != "Running") continue;
        used[std::string(GetString(pod->object, {"spec", "nodeName"}))] +=
            PodRequests(pod->object)["cpu"];
      }
      for (const auto& [where, amount] : used) ASSERT_LE(amount, 4000) << where << " " << seed;
    }
    for (const char* node : {"n0", "n1"}) cluster.kubelets.ReturnNode(node);
    for (const std::string& name : cluster.Names("pods")) cluster.Delete("pods", name);
    cluster.Advance(Duration::Seconds(100));
    EXPECT_TRUE(cluster.Names("pods").empty());
    for (const char* node : {"n0", "n1"}) {
      cluster.RunPod(std::string("whole-") + node, node, R"({"cpu":"4"})");
      EXPECT_EQ(cluster.Phase(std::string("whole-") + node), "Running") << seed;
    }
    EXPECT_EQ(cluster.kubelets.counters().moved, 0);
  }
}

}  // namespace
}  // namespace fairlead::apiserver
