// Gangs in all their dialects: they start whole, or wait whole.
#include <set>

#include "tests/e2e/e2e_test.h"

namespace fairlead::e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class GangTest : public E2eTest {
 protected:
  // Decisions that bound the pods of the gang. A gang starts by one.
  std::set<std::string> DecisionsOf(const std::string& gang) {
    std::set<std::string> decisions;
    kubelets().Look([&](const ClusterView& view) {
      for (const BindSeen& bind : view.binds) {
        if (bind.ns == ns() && bind.gang == gang) decisions.insert(bind.decision);
      }
    });
    return decisions;
  }

  void CreatePodGroup(const std::string& name, int min_member) {
    const Json group = {{"apiVersion", "scheduling.x-k8s.io/v1alpha1"},
                        {"kind", "PodGroup"},
                        {"metadata", {{"name", name}}},
                        {"spec", {{"minMember", min_member}}}};
    const Response response =
        api().Post("/apis/scheduling.x-k8s.io/v1alpha1/namespaces/" + ns() + "/podgroups", group);
    ASSERT_TRUE(response.ok()) << response.body;
  }
};

TEST_F(GangTest, PodsCreatedBeforeAndAfterTheStartRun) {
  AddNodes(2);
  for (int i = 0; i < 4; ++i) CreatePod({.name = "before-" + std::to_string(i), .gpus = 1});
  StartScheduler();
  ASSERT_TRUE(WaitRunning(4));
  for (int i = 0; i < 4; ++i) CreatePod({.name = "after-" + std::to_string(i), .gpus = 1});
  EXPECT_TRUE(WaitRunning(8));
}

TEST_F(GangTest, LabelGangWaitsForItsLastMember) {
  AddNodes(2);
  StartScheduler();
  CreateGang("train", 0, 7, {.gpus = 1, .gang_size = "8"});
  EXPECT_THAT(WaitPending("train-6"), StartsWith("Unschedulable: "));
  EXPECT_EQ(Bound(), 0);
  CreateGang("train", 7, 8, {.gpus = 1, .gang_size = "8"});
  EXPECT_TRUE(WaitRunning(8));
  EXPECT_EQ(DecisionsOf("train").size(), 1U);
}

TEST_F(GangTest, JobIsAGang) {
  AddNodes(1);  // 8 GPUs
  StartScheduler();
  CreateJob("big", 9, {.gpus = 1, .gang = "true"});
  ASSERT_TRUE(kubelets().WaitFor(seconds(30), [&](const ClusterView& view) {
    int told = 0;
    for (const auto& [key, pod] : view.pods) {
      if (pod.ns == ns() && pod.scheduled_reason == "Unschedulable") ++told;
    }
    return told > 0 && view.Count(ns()) == 9;
  }));
  CreateJob("fits", 8, {.gpus = 1, .gang = "true"});
  EXPECT_TRUE(WaitRunning(8));
  EXPECT_EQ(BoundOf("fits"), 8);
  EXPECT_EQ(BoundOf("big"), 0);
  EXPECT_EQ(DecisionsOf("fits").size(), 1U);
}

TEST_F(GangTest, PodGroupIsAGang) {
  AddNodes(1);
  StartScheduler();
  CreatePodGroup("group", 3);
  const PodOptions like = {.gpus = 2, .labels = {{"scheduling.x-k8s.io/pod-group", "group"}}};
  for (int i = 0; i < 3; ++i) {
    PodOptions pod = like;
    pod.name = "member-" + std::to_string(i);
    if (i == 2) {
      EXPECT_THAT(WaitPending("member-1"), StartsWith("Unschedulable: "));
      EXPECT_EQ(Bound(), 0);
    }
    CreatePod(pod);
  }
  EXPECT_TRUE(WaitRunning(3));
}

TEST_F(GangTest, PodsOfAMissingPodGroupWaitForIt) {
  AddNodes(1);
  StartScheduler();
  for (const char* name : {"a", "b"}) {
    CreatePod({.name = name, .labels = {{"scheduling.x-k8s.io/pod-group", "late"}}});
  }
  EXPECT_THAT(WaitPending("a"), StartsWith("Unschedulable: "));
  EXPECT_EQ(Bound(), 0);
  CreatePodGroup("late", 2);
  EXPECT_TRUE(WaitRunning(2));
}

TEST_F(GangTest, TwoGangsThatNeedMostOfTheClusterDoNotBlockEachOther) {
  AddNodes(5, {.name = "", .gpus = 2});  // 10 GPUs; each gang needs 6
  for (int i = 0; i < 6; ++i) {          // interleaved, so that pod by pod they would deadlock
    CreateGang("red", i, i + 1, {.gpus = 1, .gang_size = "6"});
    CreateGang("blue", i, i + 1, {.gpus = 1, .gang_size = "6"});
  }
  StartScheduler();
  ASSERT_TRUE(WaitRunning(6));
  const std::string first = BoundOf("red") > 0 ? "red" : "blue";
  const std::string second = first == "red" ? "blue" : "red";
  EXPECT_THAT(WaitPending(second + "-0"), StartsWith("Unschedulable: "));
  EXPECT_EQ(BoundOf(first), 6);
  EXPECT_EQ(BoundOf(second), 0);
  for (int i = 0; i < 6; ++i) DeletePod(first + "-" + std::to_string(i));
  EXPECT_TRUE(WaitRunning(6));
  EXPECT_EQ(BoundOf(second), 6);
}

TEST_F(GangTest, GangThatNeverFitsBindsNothingAndSaysWhy) {
  AddNodes(2);  // 16 GPUs
  CreateGang("huge", 0, 3, {.gpus = 8, .gang_size = "3"});
  StartScheduler();
  const std::string why = WaitPending("huge-0", "nvidia.com/gpu");
  EXPECT_THAT(why, StartsWith("Unschedulable: "));
  EXPECT_THAT(why, HasSubstr("nvidia.com/gpu")) << "names what is missing";
  ASSERT_TRUE(Eventually(seconds(20), [this] { return !Events("FailedScheduling").empty(); }));
  // Later decisions, made for this pod, do not repeat the event.
  CreatePod({.name = "small", .gpus = 1});
  ASSERT_TRUE(WaitPhase("small", "Running"));
  std::map<std::string, int> events;
  for (const Json& event : Events("FailedScheduling")) {
    ++events[event["involvedObject"].value("name", "")];
    EXPECT_EQ(event.value("type", ""), "Warning");
    EXPECT_EQ(event.value("count", 1), 1);
  }
  for (const auto& [pod, n] : events) EXPECT_EQ(n, 1) << pod;
  EXPECT_EQ(BoundOf("huge"), 0);
  EXPECT_EQ(Bound(), 1);
}

TEST_F(GangTest, FinishedMembersDoNotKeepOthersFromStarting) {
  AddNodes(1);
  StartScheduler();
  CreateGang("short", 0, 4, {.gpus = 2, .gang_size = "4", .runtime_ms = "100"});
  CreateGang("next", 0, 4, {.gpus = 2, .gang_size = "4", .runtime_ms = "100"});
  EXPECT_TRUE(kubelets().WaitFor(
      seconds(30), [&](const ClusterView& view) { return view.Count(ns(), "Succeeded") == 8; }));
}

// A launcher without GPU and workers of a role each: nobody starts before all are there.
TEST_F(GangTest, RolesStartTogether) {
  AddNodes(1);  // 8 GPUs
  StartScheduler();
  const std::map<std::string, std::string> roles = {
      {"fairlead.dev/gang-roles", "launcher=1,worker=4"}};
  const auto create = [&](const std::string& name, const std::string& role, int gpus) {
    CreatePod({.name = name,
               .gpus = gpus,
               .gang = "mpi",
               .labels = {{"fairlead.dev/gang-role", role}},
               .annotations = roles});
  };
  for (int i = 0; i < 5; ++i) create("worker-" + std::to_string(i), "worker", 2);
  EXPECT_THAT(WaitPending("worker-0"), HasSubstr("0 of 1 pods of role launcher exist"));
  EXPECT_EQ(Bound(), 0);
  create("launcher", "launcher", 0);
  EXPECT_TRUE(WaitRunning(5));  // the fifth worker finds no GPUs
  EXPECT_EQ(DecisionsOf("mpi").size(), 1U);
  kubelets().Look(
      [&](const ClusterView& view) { EXPECT_EQ(view.Find(ns(), "worker-4")->node, ""); });
  create("other", "evaluator", 0);
  EXPECT_THAT(WaitPending("other", "evaluator"), HasSubstr("expected one of launcher, worker"));
}

TEST_F(GangTest, AnElasticGangGrowsToItsMaximum) {
  AddNodes(1);
  StartScheduler();
  const PodOptions elastic{
      .gpus = 1, .gang_size = "2", .annotations = {{"fairlead.dev/gang-max", "3"}}};
  CreateGang("grow", 0, 2, elastic);
  ASSERT_TRUE(WaitRunning(2));
  CreateGang("grow", 2, 5, elastic);
  ASSERT_TRUE(WaitRunning(3));
  EXPECT_THAT(WaitPending("grow-4", "maximum"), HasSubstr("the gang runs with 3 pods"));
  DeletePod("grow-0");
  EXPECT_TRUE(WaitRunning(3));
  EXPECT_EQ(BoundOf("grow"), 3);
}

// Members that nobody replaces: the others end after the gang's grace, and only then.
TEST_F(GangTest, WhatIsLeftOfAGangEndsAfterItsGrace) {
  AddNodes(1);
  SchedulerProcess& scheduler = StartScheduler();
  CreateGang("stale", 0, 3,
             {.gpus = 1, .gang_size = "3", .annotations = {{"fairlead.dev/stale-grace", "2s"}}});
  CreateGang("stays", 0, 3,
             {.gpus = 1, .gang_size = "3", .annotations = {{"fairlead.dev/stale-grace", "never"}}});
  ASSERT_TRUE(WaitRunning(6));
  DeletePod("stale-1");
  DeletePod("stays-1");
  EXPECT_TRUE(kubelets().WaitFor(seconds(30),
                                 [&](const ClusterView& view) { return view.Count(ns()) == 2; }));
  EXPECT_EQ(BoundOf("stays"), 2);
  EXPECT_EQ(scheduler.Metric("fairlead_evictions_total{reason=\"gang_stale\"}"), 2);
}

}  // namespace
}  // namespace fairlead::e2e
