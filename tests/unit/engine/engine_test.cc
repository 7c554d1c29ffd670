#include "fairlead/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/engine_edges.h"
#include "tests/support/objects.h"

namespace fairlead {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Node;
using testing::Pod;
using testing::RecordingWriter;
using ::testing::SizeIs;
using testing::VirtualClock;

// A cluster of nodes with 8 GPUs each and an engine that is stepped by hand.
class EngineTest : public ::testing::Test {
 protected:
  EngineTest() { Make({}); }

  void Make(EngineOptions options) {
    options.abort_on_bug = true;
    options.instance = "test";
    Policy policy;
    policy.bind_timeout = Duration::Seconds(30);
    engine_ = std::make_unique<Engine>(policy, options, &writer_, &clock_, &metrics_);
    engine_->ExpectSync({ObjectKind::kNode, ObjectKind::kPod});
  }
  void Start(int nodes) {
    EventBatch batch{RelistBegun{ObjectKind::kNode}, RelistBegun{ObjectKind::kPod}};
    for (int n = 0; n < nodes; ++n) {
      batch.push_back(NodeUpserted{Node("n-" + std::to_string(n)).Gpus(8)});
    }
    batch.push_back(RelistEnded{ObjectKind::kNode});
    batch.push_back(RelistEnded{ObjectKind::kPod});
    engine_->Post(std::move(batch));
    engine_->RunOnce();
  }
  void Post(Event event) {
    engine_->Post({std::move(event)});
    engine_->RunOnce();
  }
  void Add(const PodInfo& pod) { Post(PodUpserted{pod}); }
  void AddGang(const std::string& name, int size, int gpus) {
    EventBatch batch;
    for (int i = 0; i < size; ++i) {
      batch.push_back(
          PodUpserted{Pod("ta", name + "-" + std::to_string(i)).Gang(name, size).Gpus(gpus)});
    }
    engine_->Post(std::move(batch));
    engine_->RunOnce();
  }
  void Answer(const BindRequest& request, BindOutcome outcome) {
    Post(BindFinished{request.pod, request.node, outcome, "detail"});
  }
  void Advance(Duration d) {
    clock_.now = clock_.now + d;
    engine_->RunOnce();
  }
  RecordingWriter writer_;
  VirtualClock clock_;
  Metrics metrics_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, NothingIsDecidedBeforeAllKindsAreListed) {
  engine_->Post({RelistBegun{ObjectKind::kNode}, NodeUpserted{Node("n").Gpus(8)},
                 RelistEnded{ObjectKind::kNode}, PodUpserted{Pod("ta", "p")}});
  EXPECT_FALSE(engine_->RunOnce());
  EXPECT_FALSE(engine_->Synced());
  EXPECT_THAT(writer_.binds, IsEmpty());
  Post(RelistEnded{ObjectKind::kPod});
  EXPECT_TRUE(engine_->Synced());
}

TEST_F(EngineTest, GangStartsWholeWithItsLastMember) {
  Start(1);
  for (int i = 0; i < 7; ++i) Add(Pod("ta", "w-" + std::to_string(i)).Gang("g", 8).Gpus(1));
  EXPECT_THAT(writer_.binds, IsEmpty());
  EXPECT_THAT(writer_.statuses, IsEmpty()) << "members come one after another: no news yet";
  EXPECT_EQ(engine_->NextTimer(), clock_.now + Duration::Seconds(1));
  Advance(Duration::Seconds(1));
  ASSERT_THAT(writer_.statuses, SizeIs(7));
  EXPECT_THAT(writer_.notes, SizeIs(1));
  EXPECT_THAT(writer_.statuses.back().message, HasSubstr("WaitingForMembers"));
  EXPECT_EQ(writer_.statuses.back().reason, "Unschedulable");
  Add(Pod("ta", "w-7").Gang("g", 8).Gpus(1));
  EXPECT_THAT(writer_.binds, SizeIs(8));
  EXPECT_THAT(writer_.binds[0].gpu_devices, ElementsAre(0));
  EXPECT_THAT(writer_.binds[7].gpu_devices, ElementsAre(7));
  EXPECT_THAT(writer_.binds[0].decision, HasSubstr("test-"));
}

TEST_F(EngineTest, BindingsAreSentOnceAndRoomIsTakenMeanwhile) {
  Start(1);
  AddGang("g", 2, 4);
  EXPECT_THAT(writer_.binds, SizeIs(2));
  AddGang("h", 1, 1);
  engine_->RunOnce();
  EXPECT_THAT(writer_.binds, SizeIs(2)) << "the node is full of bindings under way";
  EXPECT_THAT(writer_.statuses.back().message, HasSubstr("Insufficient nvidia.com/gpu"));
}

TEST_F(EngineTest, FailedMemberIsPlacedAgainInsideTheGang) {
  Start(2);
  AddGang("g", 2, 8);
  ASSERT_THAT(writer_.binds, SizeIs(2));
  const BindRequest first = writer_.binds[0];
  const BindRequest second = writer_.binds[1];
  Answer(first, BindOutcome::kBound);
  Add(Pod("ta", "g-0").Gang("g", 2).Gpus(8).On(first.node));
  Answer(second, BindOutcome::kFailed);
  EXPECT_THAT(writer_.binds, SizeIs(2)) << "backs off first";
  EXPECT_LE(engine_->NextTimer(), clock_.now + Duration::Seconds(1));
  Advance(Duration::Seconds(1));
  ASSERT_THAT(writer_.binds, SizeIs(3));
  EXPECT_EQ(writer_.binds[2].pod.name, "g-1");
  EXPECT_THAT(writer_.evictions, IsEmpty());
}

TEST_F(EngineTest, GangThatCannotBeCompletedIsRolledBackOnceAfterTheTimeout) {
  Start(2);
  AddGang("g", 2, 8);
  ASSERT_THAT(writer_.binds, SizeIs(2));
  const BindRequest first = writer_.binds[0];
  const BindRequest second = writer_.binds[1];
  Answer(first, BindOutcome::kBound);
  Add(Pod("ta", first.pod.name).Gang("g", 2).Gpus(8).On(first.node));
  Post(NodeRemoved{second.node});
  Answer(second, BindOutcome::kFailed);
  Advance(Duration::Seconds(29));
  EXPECT_THAT(writer_.evictions, IsEmpty());
  Advance(Duration::Seconds(2));
  ASSERT_THAT(writer_.evictions, SizeIs(1));
  EXPECT_EQ(writer_.evictions[0].pod.name, first.pod.name);
  EXPECT_EQ(writer_.evictions[0].reason, "gang_rollback");
  for (int i = 0; i < 10; ++i) Advance(Duration::Seconds(5));
  EXPECT_THAT(writer_.evictions, SizeIs(1));
}

TEST_F(EngineTest, BlockedEvictionIsTriedAgain) {
  Start(1);
  Add(Pod("ta", "g-0").Gang("g", 2).Gpus(8).On("n-0"));
  Add(Pod("ta", "g-1").Gang("g", 2).Gpus(8));
  Advance(Duration::Seconds(31));
  ASSERT_THAT(writer_.evictions, SizeIs(1));
  Post(EvictFinished{writer_.evictions[0].pod, EvictOutcome::kBlocked, "disruption budget"});
  Advance(Duration::Seconds(2));
  EXPECT_THAT(writer_.evictions, SizeIs(2));
}

TEST_F(EngineTest, RestartedSchedulerCompletesAGang) {
  EventBatch batch{RelistBegun{ObjectKind::kNode}, RelistBegun{ObjectKind::kPod},
                   NodeUpserted{Node("n-0").Gpus(8)}};
  for (int i = 0; i < 8; ++i) {
    Pod pod("ta", "g-" + std::to_string(i));
    pod.Gang("g", 8).Gpus(1);
    if (i < 3) pod.On("n-0").Devices({i});
    batch.push_back(PodUpserted{pod});
  }
  batch.push_back(RelistEnded{ObjectKind::kNode});
  batch.push_back(RelistEnded{ObjectKind::kPod});
  engine_->Post(std::move(batch));
  engine_->RunOnce();
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("g-3", "g-4", "g-5", "g-6", "g-7"));
  EXPECT_THAT(writer_.binds[0].gpu_devices, ElementsAre(3)) << "devices 0..2 are taken";
}

TEST_F(EngineTest, NodeThatChangedBeforeTheBindingWasSentIsNotUsed) {
  Start(40);
  // More bindings than the window: the last ones wait in the engine.
  AddGang("big", 300, 1);
  ASSERT_THAT(writer_.binds, SizeIs(128));
  EventBatch batch;
  for (int n = 0; n < 40; ++n) {
    batch.push_back(NodeUpserted{Node("n-" + std::to_string(n)).Gpus(8).Cordoned()});
  }
  engine_->Post(std::move(batch));
  engine_->RunOnce();
  for (std::size_t i = 0; i < 128; ++i) Answer(writer_.binds[i], BindOutcome::kBound);
  EXPECT_THAT(writer_.binds, SizeIs(128)) << "cordoned meanwhile: given back, not sent";
}

TEST_F(EngineTest, RecreatedPodBoundByAStaleBindingIsEvicted) {
  Start(1);
  Add(Pod("ta", "p").Uid("first").Gpus(1));
  ASSERT_THAT(writer_.binds, SizeIs(1));
  Post(PodRemoved{{"ta", "p", "first"}});
  // An old server binds the new pod of the same name.
  Add(Pod("ta", "p").Uid("second").Gpus(1).On("n-0"));
  ASSERT_THAT(writer_.evictions, SizeIs(1));
  EXPECT_EQ(writer_.evictions[0].pod.uid, "second");
  EXPECT_EQ(writer_.evictions[0].reason, "unplanned_bind");
  EXPECT_THAT(metrics_.Text(), HasSubstr("fairlead_unplanned_binds_total 1"));
}

TEST_F(EngineTest, PodBoundToAVanishedNodeIsEvicted) {
  Start(1);
  Add(Pod("ta", "p").Gpus(1));
  ASSERT_THAT(writer_.binds, SizeIs(1));
  Post(NodeRemoved{"n-0"});
  Answer(writer_.binds[0], BindOutcome::kBound);
  Add(Pod("ta", "p").Gpus(1).On("n-0"));
  ASSERT_THAT(writer_.evictions, SizeIs(1));
  EXPECT_EQ(writer_.evictions[0].reason, "node_lost");
}

TEST_F(EngineTest, RefusedBindingBacksOffLongerEachTime) {
  Start(1);
  Add(Pod("ta", "p"));
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 4; ++i) {
    Answer(writer_.binds.back(), BindOutcome::kRefused);
    waits.push_back((engine_->NextTimer() - clock_.now).ns / 1'000'000'000);
    Advance(engine_->NextTimer() - clock_.now);
  }
  EXPECT_THAT(waits, ElementsAre(1, 2, 4, 8));
  EXPECT_THAT(writer_.binds, SizeIs(5));
  EXPECT_EQ(writer_.notes.back().reason, "FailedBinding");
}

TEST_F(EngineTest, WaitingIsToldOncePerReason) {
  Start(1);
  AddGang("huge", 2, 8);
  EXPECT_THAT(writer_.statuses, SizeIs(2));
  EXPECT_THAT(writer_.notes, SizeIs(1));
  EXPECT_EQ(writer_.notes[0].reason, "FailedScheduling");
  for (int i = 0; i < 20; ++i) {
    Add(Pod("ta", "tick").Cpu(100 + i));  // wakes a decision
    Advance(Duration::Milliseconds(100));
  }
  std::size_t about_huge = 0;
  for (const PendingStatus& s : writer_.statuses) about_huge += s.pod.name.starts_with("huge");
  EXPECT_EQ(about_huge, 2U);
}

TEST_F(EngineTest, DryRunWritesNothing) {
  EngineOptions options;
  options.dry_run = true;
  Make(options);
  Start(1);
  AddGang("g", 2, 4);
  AddGang("huge", 9, 8);
  EXPECT_THAT(writer_.binds, IsEmpty());
  EXPECT_THAT(writer_.statuses, IsEmpty());
  EXPECT_THAT(writer_.notes, IsEmpty());
}

TEST_F(EngineTest, KubeletRejectionIsCountedAndItsRoomGivenBack) {
  Start(1);
  Add(Pod("ta", "p").Gpus(8));
  Answer(writer_.binds.at(0), BindOutcome::kBound);
  Add(Pod("ta", "p").Gpus(8).On("n-0").Phase(PodPhase::kFailed).Reason("OutOfnvidia.com/gpu"));
  EXPECT_THAT(metrics_.Text(), HasSubstr("fairlead_rejected_pods_total 1"));
  Add(Pod("ta", "q").Gpus(8));
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("p", "q"));
}

TEST_F(EngineTest, AfterADecisionThatTookLongItRests) {
  Start(1);
  clock_.step = Duration::Milliseconds(10);
  Add(Pod("ta", "a"));
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("a"));
  clock_.step = Duration{};
  Add(Pod("ta", "b"));
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("a"))
      << "the last decision took 10 ms: 30 ms of rest";
  EXPECT_EQ(engine_->NextTimer(), clock_.now + Duration::Milliseconds(30));
  Advance(Duration::Milliseconds(30));
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("a", "b"));
}

TEST_F(EngineTest, AClockThatIsSetBackStallsNoDecision) {
  Start(1);
  clock_.step = Duration::Milliseconds(10);
  Add(Pod("ta", "a"));
  clock_.step = Duration{};
  clock_.now = clock_.now - Duration::Seconds(600);
  Add(Pod("ta", "b"));
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("a", "b"));
}

// A device fails on a full node. What cannot be sent must not be decided again and again.
TEST_F(EngineTest, ANodeThatLostADeviceStillTakesWhatNeedsNone) {
  Start(1);
  Add(Pod("ta", "seven").Gpus(7).Devices({0, 1, 2, 3, 4, 5, 6}).On("n-0"));
  Add(Pod("ta", "one").Gpus(1).Devices({7}).On("n-0"));
  Post(NodeUpserted{Node("n-0").Gpus(7)});
  Add(Pod("ta", "cpu"));
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("cpu"));
  EXPECT_FALSE(engine_->RunOnce());
  Post(PodRemoved{{"ta", "seven", "uid-ta-seven"}});
  Add(Pod("ta", "six").Gpus(6));
  Add(Pod("ta", "more").Gpus(1));
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("cpu", "six"));
  EXPECT_FALSE(engine_->RunOnce());
}

TEST_F(EngineTest, StopEndsRun) {
  Start(1);
  engine_->Stop();
  engine_->Run();
}

}  // namespace
}  // namespace fairlead
