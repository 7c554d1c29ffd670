#include "fairlead/model/cluster_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/objects.h"

namespace fairlead {
namespace {

using ::testing::ElementsAre;
using testing::Node;
using testing::Pod;

constexpr Instant kNow{10'000'000'000};
constexpr NodeId kFirst{0};

PodRef Ref(const PodInfo& pod) { return {pod.ns, pod.name, pod.uid}; }

const GangView& OnlyGang(const Snapshot& snapshot) {
  EXPECT_EQ(snapshot.gangs.size(), 1U);
  EXPECT_EQ(snapshot.gangs.at(0)->size(), 1U);
  return *snapshot.gangs.at(0)->at(0);
}

// One node of 8 GPUs, 32 CPUs.
class ClusterStoreTest : public ::testing::Test {
 protected:
  ClusterStoreTest() { store_.UpsertNode(Node("n-0").Gpus(8)); }
  std::int64_t FreeCpu() { return store_.TakeSnapshot()->usage.Free(kCpu, kFirst); }
  std::int32_t Gpus() {
    const auto snapshot = store_.TakeSnapshot();
    return FreeGpus(*snapshot->nodes, snapshot->usage, kFirst);
  }
  ClusterStore store_;
};

TEST_F(ClusterStoreTest, AssumedPodTakesRoomOnceThroughItsWholeLife) {
  Pod pod("ta", "p");
  pod.Gpus(2);
  EXPECT_EQ(store_.UpsertPod(pod, kNow), PodChange::kAdded);
  EXPECT_EQ(FreeCpu(), 32'000);
  ASSERT_TRUE(store_.Assume(Ref(pod), kFirst, 0b11, kNow));
  EXPECT_EQ(FreeCpu(), 31'000);
  EXPECT_EQ(Gpus(), 6);
  // The watch lags: still unbound, still assumed.
  EXPECT_EQ(store_.UpsertPod(pod, kNow), PodChange::kNone);
  EXPECT_EQ(FreeCpu(), 31'000);
  pod.On("n-0");
  EXPECT_EQ(store_.UpsertPod(pod, kNow), PodChange::kNowBound);
  EXPECT_EQ(FreeCpu(), 31'000);
  EXPECT_EQ(Gpus(), 6);
  EXPECT_EQ(OnlyGang(*store_.TakeSnapshot()).members.at(0).gpus, 0b11U);
  EXPECT_EQ(store_.UpsertPod(pod.Deleting(), kNow), PodChange::kUpdated);
  EXPECT_EQ(FreeCpu(), 31'000) << "a terminating pod keeps its room";
  EXPECT_TRUE(store_.RemovePod("ta", "p", "uid-ta-p", kNow));
  EXPECT_EQ(FreeCpu(), 32'000);
  EXPECT_EQ(Gpus(), 8);
  EXPECT_TRUE(store_.TakeSnapshot()->gangs.empty());
}

TEST_F(ClusterStoreTest, ForgetGivesTheRoomBack) {
  const PodInfo pod = Pod("ta", "p").Gpus(8);
  store_.UpsertPod(pod, kNow);
  ASSERT_TRUE(store_.Assume(Ref(pod), kFirst, 0xff, kNow));
  EXPECT_FALSE(store_.Assume(Ref(pod), kFirst, 0xff, kNow));
  const std::uint64_t wakes = store_.wake_count();
  EXPECT_TRUE(store_.Forget(Ref(pod), kNow));
  EXPECT_GT(store_.wake_count(), wakes);
  EXPECT_EQ(Gpus(), 8);
  EXPECT_FALSE(store_.Forget(Ref(pod), kNow));
}

TEST_F(ClusterStoreTest, ConfirmedBindingDoesNotWake) {
  Pod pod("ta", "p");
  store_.UpsertPod(pod, kNow);
  store_.Assume(Ref(pod), kFirst, 0, kNow);
  const std::uint64_t wakes = store_.wake_count();
  store_.UpsertPod(pod.On("n-0"), kNow);
  EXPECT_EQ(store_.wake_count(), wakes);
}

TEST_F(ClusterStoreTest, AssumedPodSeenElsewhereIsThere) {
  store_.UpsertNode(Node("n-1").Gpus(8));
  Pod pod("ta", "p");
  pod.Gpus(1);
  store_.UpsertPod(pod, kNow);
  store_.Assume(Ref(pod), kFirst, 1, kNow);
  store_.UpsertPod(pod.On("n-1"), kNow);
  EXPECT_EQ(Gpus(), 8);
  EXPECT_EQ(store_.Find("ta", "p")->node, "n-1");
}

TEST_F(ClusterStoreTest, RecreatedPodIsAnotherPod) {
  Pod pod("ta", "p");
  store_.UpsertPod(pod, kNow);
  const PodRef old = Ref(pod);
  store_.Assume(old, kFirst, 0, kNow);
  EXPECT_EQ(store_.UpsertPod(pod.Uid("second"), kNow), PodChange::kReplaced);
  EXPECT_EQ(FreeCpu(), 32'000);
  EXPECT_FALSE(store_.Forget(old, kNow));
  EXPECT_FALSE(store_.RemovePod("ta", "p", old.uid, kNow)) << "a late delete of the old one";
  EXPECT_EQ(store_.pod_count(), 1U);
}

TEST_F(ClusterStoreTest, FinishedPodsHoldNothing) {
  for (const PodPhase phase : {PodPhase::kSucceeded, PodPhase::kFailed}) {
    Pod pod("ta", phase == PodPhase::kFailed ? "failed" : "done");
    pod.On("n-0").Phase(PodPhase::kRunning);
    store_.UpsertPod(pod, kNow);
    EXPECT_EQ(FreeCpu(), 31'000);
    EXPECT_EQ(store_.UpsertPod(pod.Phase(phase), kNow), PodChange::kFinished);
    EXPECT_EQ(FreeCpu(), 32'000);
  }
}

TEST_F(ClusterStoreTest, ForeignPodsCountOnTheNodeAndNowhereElse) {
  Pod pod("kube-system", "dns");
  pod.Foreign().Gpus(1);
  EXPECT_EQ(store_.UpsertPod(pod, kNow), PodChange::kNone) << "unbound: takes no room";
  EXPECT_EQ(store_.pod_count(), 0U);
  store_.UpsertPod(pod.On("n-0"), kNow);
  EXPECT_EQ(FreeCpu(), 31'000);
  EXPECT_EQ(Gpus(), 7) << "devices not known, but counted";
  EXPECT_TRUE(store_.TakeSnapshot()->gangs.empty());
  store_.UpsertPod(pod.Phase(PodPhase::kSucceeded), kNow);
  EXPECT_EQ(FreeCpu(), 32'000);
  EXPECT_EQ(store_.pod_count(), 0U);
}

TEST_F(ClusterStoreTest, OverbookedNodeHasNothingFreeAndRecovers) {
  Pod big("x", "big");
  big.Foreign().Cpu(40'000).On("n-0");
  store_.UpsertPod(big, kNow);
  EXPECT_EQ(FreeCpu(), 0);
  store_.UpsertPod(Pod("x", "small").Foreign().Cpu(2'000).On("n-0"), kNow);
  store_.RemovePod("x", "big", "", kNow);
  EXPECT_EQ(FreeCpu(), 30'000);
}

// A device fails under the pods that hold all of them.
TEST_F(ClusterStoreTest, DevicesBeyondTheNodesCountAreTakenToo) {
  Pod one("ta", "one");
  Pod seven("ta", "seven");
  store_.UpsertPod(seven.Gpus(7), kNow);
  store_.UpsertPod(one.Gpus(1), kNow);
  ASSERT_TRUE(store_.Assume(Ref(seven), kFirst, 0b0111'1111, kNow));
  ASSERT_TRUE(store_.Assume(Ref(one), kFirst, 0b1000'0000, kNow));
  store_.UpsertNode(Node("n-0").Gpus(7));
  const std::uint64_t stamp = store_.NodeStamp(kFirst);
  EXPECT_FALSE(store_.StillSound(Ref(one), stamp));
  Pod cpu("ta", "cpu");
  store_.UpsertPod(cpu, kNow);
  ASSERT_TRUE(store_.Assume(Ref(cpu), kFirst, 0, kNow));
  EXPECT_TRUE(store_.StillSound(Ref(cpu), stamp)) << "it asks for no GPU";
  ASSERT_TRUE(store_.Forget(Ref(seven), kNow));
  EXPECT_EQ(Gpus(), 6) << "device 7 is one of the seven";
  EXPECT_TRUE(store_.StillSound(Ref(one), stamp));
}

TEST_F(ClusterStoreTest, PodsMayBeListedBeforeTheirNode) {
  store_.UpsertPod(Pod("ta", "p").Gpus(3).On("n-9"), kNow);
  store_.UpsertNode(Node("n-9").Gpus(8, "A100"));
  const auto snapshot = store_.TakeSnapshot();
  EXPECT_EQ(FreeGpus(*snapshot->nodes, snapshot->usage, NodeId(1)), 5);
  ASSERT_EQ(snapshot->claims.size(), 1U);
  // Accounted under the model of the node, which was not known at first: 3 GPUs of A100.
  const auto& names = snapshot->names->resources;
  const auto a100 =
      static_cast<std::uint32_t>(std::find(names.begin(), names.end(), "gpu/A100") - names.begin());
  EXPECT_EQ(snapshot->claims[0].allocated.Get(ResourceId(a100)), 3000);
}

TEST_F(ClusterStoreTest, RowsOfVanishedNodesAreUsedAgain) {
  for (int i = 0; i < 50; ++i) {
    const std::string name = "spot-" + std::to_string(i);
    store_.UpsertNode(Node(name).Gpus(4));
    store_.RemoveNode(name);
  }
  EXPECT_LE(store_.TakeSnapshot()->nodes->size(), 2U);
  EXPECT_EQ(store_.node_count(), 1U);
}

TEST_F(ClusterStoreTest, TheRowOfANodeThatComesBackIsNotGivenAway) {
  for (const bool named_by_a_pod : {false, true}) {
    if (named_by_a_pod) {  // and the pod is gone before its node is listed
      store_.UpsertPod(Pod("ta", "p").On("back"), kNow);
      store_.RemovePod("ta", "p", "", kNow);
    } else {
      store_.UpsertNode(Node("back"));
      store_.RemoveNode("back");
    }
    store_.UpsertNode(Node("back"));
    store_.UpsertNode(Node("other"));
    EXPECT_EQ(store_.node_count(), 3U);
    const auto snapshot = store_.TakeSnapshot();
    std::vector<std::string> names;
    for (const NodeId node : snapshot->nodes->by_name) {
      names.push_back(snapshot->nodes->info[node.index()].name);
    }
    EXPECT_THAT(names, ElementsAre("back", "n-0", "other"));
    store_.RemoveNode("back");
    store_.RemoveNode("other");
  }
}

TEST_F(ClusterStoreTest, NodesAreOrderedByNameWhateverTheOrderOfEvents) {
  store_.UpsertNode(Node("n-2"));
  store_.UpsertNode(Node("n-1"));
  const auto snapshot = store_.TakeSnapshot();
  EXPECT_THAT(snapshot->nodes->by_name, ElementsAre(NodeId(0), NodeId(2), NodeId(1)));
  EXPECT_EQ(snapshot->nodes->name_rank[1], 2U);
}

TEST_F(ClusterStoreTest, GangMembersAreInOrderOfNameAndPartialIsFollowed) {
  for (const char* name : {"w-2", "w-0", "w-1"}) {
    store_.UpsertPod(Pod("ta", name).Gang("g", 3), kNow);
  }
  auto snapshot = store_.TakeSnapshot();
  const GangView& gang = OnlyGang(*snapshot);
  EXPECT_EQ(gang.min_member, 3);
  EXPECT_EQ(gang.members.at(0).pod, "w-0");
  EXPECT_FALSE(gang.partial);
  const PodInfo bound = Pod("ta", "w-1").Gang("g", 3).On("n-0");
  store_.UpsertPod(bound, kNow + Duration::Seconds(5));
  snapshot = store_.TakeSnapshot();
  EXPECT_TRUE(OnlyGang(*snapshot).partial);
  EXPECT_EQ(OnlyGang(*snapshot).partial_since, kNow + Duration::Seconds(5));
  EXPECT_FALSE(OnlyGang(*snapshot).started);
  for (const char* name : {"w-0", "w-2"}) {
    store_.UpsertPod(Pod("ta", name).Gang("g", 3).On("n-0"), kNow);
  }
  snapshot = store_.TakeSnapshot();
  EXPECT_FALSE(OnlyGang(*snapshot).partial);
  EXPECT_TRUE(OnlyGang(*snapshot).started);
  EXPECT_TRUE(snapshot->waiting.empty());
}

// Whole for a moment that no snapshot shows.
TEST_F(ClusterStoreTest, AGangThatWasWholeBetweenSnapshotsHasStarted) {
  const PodInfo lost = Pod("ta", "w-0").Gang("g", 2).On("n-0");
  store_.UpsertPod(lost, kNow);
  store_.UpsertPod(Pod("ta", "w-1").Gang("g", 2).On("n-0"), kNow);
  store_.RemovePod("ta", "w-0", lost.uid, kNow + Duration::Seconds(1));
  const auto snapshot = store_.TakeSnapshot();
  EXPECT_TRUE(OnlyGang(*snapshot).partial);
  EXPECT_TRUE(OnlyGang(*snapshot).started);
}

TEST_F(ClusterStoreTest, AssumedMembersDoNotMakeAGangStarted) {
  for (const char* name : {"w-0", "w-1"}) {
    const PodInfo pod = Pod("ta", name).Gang("g", 2);
    store_.UpsertPod(pod, kNow);
    ASSERT_TRUE(store_.Assume(Ref(pod), kFirst, 0, kNow));
  }
  EXPECT_FALSE(OnlyGang(*store_.TakeSnapshot()).started);
  EXPECT_FALSE(OnlyGang(*store_.TakeSnapshot()).partial);
}

TEST_F(ClusterStoreTest, SizeOfAGang) {
  struct Case {
    const char* what;
    PodInfo pod;
    std::int64_t min_member;
    const char* missing;
  };
  store_.UpsertJob({"ta", "train", "j1", 4}, kNow);
  store_.UpsertPodGroup({"ta", "pg", "u", 5, "", ""}, kNow);
  const Case cases[] = {
      {"single", Pod("ta", "a"), 1, ""},
      {"label", Pod("ta", "b").Gang("g", 7), 7, ""},
      {"job's parallelism", Pod("ta", "c").Job("train", "j1"), 4, ""},
      {"job not seen", Pod("ta", "d").Job("train", "j2"), 1, "Job \"train\""},
      {"pod group", Pod("ta", "e").Group("pg"), 5, ""},
      {"pod group not seen", Pod("ta", "f").Group("none"), 1, "PodGroup \"none\""},
  };
  for (const Case& c : cases) {
    ClusterStore store;
    store.UpsertJob({"ta", "train", "j1", 4}, kNow);
    store.UpsertPodGroup({"ta", "pg", "u", 5, "", ""}, kNow);
    store.UpsertPod(c.pod, kNow);
    const auto snapshot = store.TakeSnapshot();
    EXPECT_EQ(OnlyGang(*snapshot).min_member, c.min_member) << c.what;
    EXPECT_EQ(OnlyGang(*snapshot).missing, c.missing) << c.what;
  }
}

TEST_F(ClusterStoreTest, LaterJobAndGroupReachTheirGangs) {
  store_.UpsertPod(Pod("ta", "c").Job("train", "j1"), kNow);
  store_.TakeSnapshot();
  store_.UpsertJob({"ta", "train", "j1", 4}, kNow);
  EXPECT_EQ(OnlyGang(*store_.TakeSnapshot()).min_member, 4);
  store_.RemoveJob("ta", "train", "j1", kNow);
  EXPECT_EQ(OnlyGang(*store_.TakeSnapshot()).missing, "Job \"train\"");
}

TEST_F(ClusterStoreTest, MembersThatDisagreeMakeTheGangInvalid) {
  store_.UpsertPod(Pod("ta", "a").Gang("g", 2), kNow);
  store_.UpsertPod(Pod("ta", "b").Gang("g", 3), kNow);
  EXPECT_THAT(OnlyGang(*store_.TakeSnapshot()).invalid,
              ::testing::HasSubstr("disagree about the gang's size: 2 in pod a, 3 in pod b"));
  store_.UpsertPod(Pod("ta", "b").Gang("g", 2).Queue("q"), kNow);
  EXPECT_THAT(OnlyGang(*store_.TakeSnapshot()).invalid, ::testing::HasSubstr("about the queue"));
  store_.UpsertPod(Pod("ta", "b").Gang("g", 2), kNow);
  EXPECT_EQ(OnlyGang(*store_.TakeSnapshot()).invalid, "");
  PodInfo elsewhere = Pod("ta", "b").Gang("g", 2);
  elsewhere.shape.topology_required = "rack";
  store_.UpsertPod(elsewhere, kNow);
  EXPECT_EQ(OnlyGang(*store_.TakeSnapshot()).invalid,
            "members disagree about the topology: \"\" in pod a, \"rack\" in pod b (annotation "
            "fairlead.dev/topology-required; expected the same on every member)");
  elsewhere.shape.topology_required = "";
  elsewhere.shape.topology_preferred = "rack";
  store_.UpsertPod(elsewhere, kNow);
  EXPECT_THAT(OnlyGang(*store_.TakeSnapshot()).invalid,
              ::testing::HasSubstr("fairlead.dev/topology-preferred"));
}

// Of a GPU: what two pods hold, and what is left for whom.
TEST_F(ClusterStoreTest, SharesOfOneGpu) {
  NodeInfo node = Node("n-0").Gpus(2, "M");
  node.gpu_slices = 4;
  store_.UpsertNode(node);
  const auto share = [&](const std::string& name, std::int64_t millionths, GpuGrant grant) {
    PodInfo pod = Pod("ta", name).On("n-0").Devices({0});
    pod.shape.gpu_share = {1, millionths, 0, ""};
    pod.gpu_grant = grant;
    store_.UpsertPod(pod, kNow);
  };
  share("a", 250'000, {1, 4});
  share("b", 300'000, {});  // what it costs here: 2 of 4
  auto snapshot = store_.TakeSnapshot();
  const std::vector<SharedGpu> two = {{NodeId(0), 0, 1, 0, 750}};
  EXPECT_EQ(snapshot->usage.shared, two);
  EXPECT_EQ(FreeGpus(*snapshot->nodes, snapshot->usage, NodeId(0)), 1);
  const ResourceId gpu = GpuResource(*snapshot->names, snapshot->nodes->model[0]);
  EXPECT_EQ(snapshot->claims.at(0).allocated.Get(gpu), 750);

  // One that does not fit there, and a whole pod that says it is there: on devices nobody knows.
  share("c", 500'000, {2, 4});
  store_.UpsertPod(Pod("ta", "w").Gpus(1).On("n-0").Devices({0}), kNow);
  snapshot = store_.TakeSnapshot();
  EXPECT_EQ(snapshot->usage.shared, two);
  EXPECT_EQ(snapshot->usage.gpu_unknown[0], 2);
  EXPECT_EQ(snapshot->claims.at(0).allocated.Get(gpu), 2750);

  // Cut in two, each holds what it held; the half and the quarter leave nothing of a half.
  node.gpu_slices = 2;
  store_.UpsertNode(node);
  snapshot = store_.TakeSnapshot();
  EXPECT_EQ(snapshot->usage.shared.at(0).free, 0);
  EXPECT_EQ(snapshot->usage.shared.at(0).milli, 750);

  // A node that shows no GPUs any more has no shares to give; they are there again with the GPUs.
  node.allocatable.gpus = 0;
  store_.UpsertNode(node);
  EXPECT_TRUE(store_.TakeSnapshot()->usage.shared.empty());
  node.allocatable.gpus = 2;
  store_.UpsertNode(node);
  EXPECT_EQ(store_.TakeSnapshot()->usage.shared.size(), 1U);

  store_.RemovePod("ta", "a", "", kNow);
  EXPECT_EQ(store_.TakeSnapshot()->usage.shared.at(0).free, 1);
  store_.RemovePod("ta", "b", "", kNow);
  snapshot = store_.TakeSnapshot();
  EXPECT_TRUE(snapshot->usage.shared.empty());
  EXPECT_EQ(snapshot->usage.gpu_used[0], 0U);
}

TEST_F(ClusterStoreTest, AllocationMovesWithTheClaim) {
  store_.UpsertPod(Pod("ta", "a").Queue("q1").On("n-0"), kNow);
  store_.UpsertPod(Pod("ta", "b").Queue("q2").On("n-0"), kNow);
  store_.UpsertPod(Pod("ta", "a").Queue("q2").On("n-0"), kNow);
  const auto snapshot = store_.TakeSnapshot();
  ASSERT_EQ(snapshot->claims.size(), 2U);
  EXPECT_TRUE(snapshot->claims[0].allocated.IsZero());
  EXPECT_EQ(snapshot->claims[1].allocated.Get(kCpu), 2000);
}

TEST_F(ClusterStoreTest, NamespaceLabelReachesClaims) {
  store_.UpsertPod(Pod("ta", "a"), kNow);
  store_.UpsertNamespace({"ta", "vision"});
  EXPECT_EQ(store_.TakeSnapshot()->claims.at(0).tenant_label, "vision");
  store_.UpsertPod(Pod("ta", "b").Queue("other"), kNow);
  EXPECT_EQ(store_.TakeSnapshot()->claims.at(1).tenant_label, "vision");
  store_.RemoveNamespace("ta");
  EXPECT_EQ(store_.TakeSnapshot()->claims.at(0).tenant_label, "");
}

TEST_F(ClusterStoreTest, RelistRemovesWhatItDoesNotHold) {
  store_.UpsertPod(Pod("ta", "stays"), kNow);
  store_.UpsertPod(Pod("ta", "goes").On("n-0"), kNow);
  store_.BeginRelist(ObjectKind::kPod);
  store_.UpsertPod(Pod("ta", "stays"), kNow);
  const auto gone = store_.EndRelist(ObjectKind::kPod, kNow);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].name, "goes");
  EXPECT_EQ(FreeCpu(), 32'000);
  store_.BeginRelist(ObjectKind::kNode);
  store_.EndRelist(ObjectKind::kNode, kNow);
  EXPECT_EQ(store_.node_count(), 0U);
}

TEST_F(ClusterStoreTest, SnapshotsAreImmutable) {
  const PodInfo pod = Pod("ta", "p").Gpus(1);
  store_.UpsertPod(pod, kNow);
  const auto before = store_.TakeSnapshot();
  EXPECT_EQ(before, store_.TakeSnapshot()) << "nothing changed: the same";
  store_.Assume(Ref(pod), kFirst, 1, kNow);
  store_.UpsertNode(Node("n-0").Gpus(4));
  store_.UpsertNode(Node("a-new"));
  store_.TakeSnapshot();
  EXPECT_EQ(before->usage.Free(kCpu, kFirst), 32'000);
  EXPECT_EQ(before->nodes->gpus[0], 8);
  EXPECT_EQ(before->nodes->by_name.size(), 1U);
  EXPECT_EQ(OnlyGang(*before).members[0].state, MemberState::kPending);
}

TEST_F(ClusterStoreTest, AssumeRefusesWhatMayNotBeBound) {
  const PodInfo gated = Pod("ta", "gated").Gated();
  const PodInfo leaving = Pod("ta", "leaving").Deleting();
  const PodInfo fine = Pod("ta", "fine");
  for (const PodInfo& pod : {gated, leaving, fine}) store_.UpsertPod(pod, kNow);
  EXPECT_FALSE(store_.Assume(Ref(gated), kFirst, 0, kNow));
  EXPECT_FALSE(store_.Assume(Ref(leaving), kFirst, 0, kNow));
  EXPECT_FALSE(store_.Assume({"ta", "fine", "other-uid"}, kFirst, 0, kNow));
  EXPECT_FALSE(store_.Assume({"ta", "unknown", "u"}, kFirst, 0, kNow));
  EXPECT_EQ(store_.pending_count(), 1U);
  store_.RemoveNode("n-0");
  EXPECT_FALSE(store_.Assume(Ref(fine), kFirst, 0, kNow));
}

}  // namespace
}  // namespace fairlead
