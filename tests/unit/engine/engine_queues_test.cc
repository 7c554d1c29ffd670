// Queues that come, change and go while the engine runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fairlead/engine/engine.h"
#include "fairlead/engine/log.h"
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

class EngineQueuesTest : public ::testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }
  void TearDown() override { SetLogLevel(LogLevel::kInfo); }

  // One node of 8 GPUs; queues are listed too, with `queues`.
  void Start(std::vector<QueueInfo> queues = {}, EngineOptions options = {}) {
    options.abort_on_bug = true;
    engine_ = std::make_unique<Engine>(Policy{}, options, &writer_, &clock_, &metrics_);
    engine_->ExpectSync({ObjectKind::kNode, ObjectKind::kPod, ObjectKind::kQueue});
    Post(RelistBegun{ObjectKind::kNode});
    Post(RelistBegun{ObjectKind::kQueue});
    Post(NodeUpserted{Node("n-0").Gpus(8)});
    Post(RelistBegun{ObjectKind::kPod});
    Post(RelistEnded{ObjectKind::kNode});
    Post(RelistEnded{ObjectKind::kPod});
    EXPECT_FALSE(engine_->Synced());
    for (const QueueInfo& queue : queues) Post(QueueUpserted{queue});
    EXPECT_THAT(writer_.queues, IsEmpty());
    Post(RelistEnded{ObjectKind::kQueue});
    EXPECT_TRUE(engine_->Synced());
  }
  // Some time later: decisions take at most a part of it.
  bool Post(Event event) {
    clock_.now = clock_.now + Duration::Milliseconds(500);
    engine_->Post({std::move(event)});
    return engine_->RunOnce();
  }
  static QueueInfo Queue(const std::string& name, std::int64_t generation = 1) {
    QueueInfo info;
    info.object.spec.name = name;
    info.object.uid = "u-" + name;
    info.object.generation = generation;
    return info;
  }

  RecordingWriter writer_;
  VirtualClock clock_;
  Metrics metrics_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineQueuesTest, AQueueThatComesTakesEffectInTheNextDecision) {
  Start();
  Post(PodUpserted{Pod("ta", "p").Gpus(1).Queue("vision")});
  EXPECT_THAT(writer_.BoundNames(), IsEmpty());
  EXPECT_THAT(writer_.PendingMessage("p"), HasSubstr("UnknownQueue"));
  EXPECT_TRUE(Post(QueueUpserted{Queue("vision")}));
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("p"));
}

TEST_F(EngineQueuesTest, QueuesAreThereForTheFirstDecision) {
  Start({Queue("vision")});
  Post(PodUpserted{Pod("ta", "p").Gpus(1).Queue("vision")});
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("p"));
}

TEST_F(EngineQueuesTest, ADeletedQueueLeavesRunningWorkAlone) {
  Start({Queue("vision")});
  Post(PodUpserted{Pod("ta", "p").Gpus(1).Queue("vision")});
  Post(BindFinished{{"ta", "p", "u-p"}, "n-0", BindOutcome::kBound, ""});
  Post(QueueRemoved{"vision"});
  Post(PodUpserted{Pod("ta", "q").Gpus(1).Queue("vision")});
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("p"));
  EXPECT_THAT(writer_.evictions, IsEmpty());
  EXPECT_THAT(writer_.PendingMessage("q"), HasSubstr("UnknownQueue"));
}

TEST_F(EngineQueuesTest, WhatChangesNothingCausesNoDecision) {
  Start({Queue("vision")});
  EXPECT_FALSE(Post(QueueUpserted{Queue("vision")})) << "as our own write of the status comes back";
  QueueInfo broken = Queue("vision", 2);
  broken.object.invalid = "spec.weight: bad";
  EXPECT_FALSE(Post(QueueUpserted{broken}));
  ASSERT_THAT(writer_.queues, SizeIs(2)) << "but its condition is told at once";
  EXPECT_TRUE(writer_.queues[0].accepted);
  EXPECT_FALSE(writer_.queues[1].accepted);
  EXPECT_EQ(writer_.queues[1].generation, 2);
}

TEST_F(EngineQueuesTest, ADryRunWritesNothingToQueues) {
  EngineOptions options;
  options.dry_run = true;
  Start({Queue("vision")}, options);
  EXPECT_THAT(writer_.queues, IsEmpty());
  EXPECT_GT(engine_->NextTimer(), clock_.now);
}

TEST_F(EngineQueuesTest, AConfigurationThatIsReplacedKeepsTheObjects) {
  Start({Queue("vision")});
  Post(PodUpserted{Pod("ta", "p").Gpus(1).Queue("speech")});
  Post(PodUpserted{Pod("ta", "q").Gpus(1).Queue("vision")});
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("q"));
  Policy policy;
  QueueSpec speech;
  speech.name = "speech";
  policy.queues.push_back(speech);
  EXPECT_TRUE(Post(PolicyReplaced{policy}));
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("q", "p"));
  Post(PodUpserted{Pod("ta", "r").Gpus(1).Queue("vision")});
  EXPECT_THAT(writer_.BoundNames(), ElementsAre("q", "p", "r"));
}

TEST_F(EngineQueuesTest, WhatAQueueHasIsWrittenAfterADecision) {
  Start({Queue("vision")});
  ASSERT_THAT(writer_.queues, SizeIs(1));
  ASSERT_TRUE(writer_.queues[0].report);
  EXPECT_EQ(writer_.queues[0].report->pending_gangs, 0);
  Post(PodUpserted{Pod("ta", "big").Gpus(9).Queue("vision")});
  EXPECT_THAT(writer_.queues, SizeIs(1)) << "not that soon";
  EXPECT_LE(engine_->NextTimer(), clock_.now + Duration::Seconds(5));
  clock_.now = clock_.now + Duration::Seconds(5);
  engine_->RunOnce();
  ASSERT_THAT(writer_.queues, SizeIs(2));
  EXPECT_EQ(writer_.queues[1].report->pending_gangs, 1);
  EXPECT_GT(engine_->NextTimer(), clock_.now);
}

// A board as well: what is computed for the objects is on it, also before its own time has come.
TEST_F(EngineQueuesTest, OneTableServesTheObjectsAndTheBoard) {
  QueueBoard board;
  EngineOptions options;
  options.queue_board = &board;
  Start({Queue("vision")}, options);
  Post(PodUpserted{Pod("ta", "big").Gpus(9).Queue("vision")});
  const std::uint64_t before = board.Current().number;
  clock_.now = clock_.now + Duration::Milliseconds(50);
  engine_->Post({PodUpserted{Pod("ta", "bigger").Gpus(10).Queue("vision")}});
  engine_->RunOnce();
  EXPECT_EQ(board.Current().number, before) << "50 ms after the last one";
  engine_->Post({QueueUpserted{Queue("speech")}});
  engine_->RunOnce();
  EXPECT_EQ(board.Current().number, before + 1);
  ASSERT_THAT(writer_.queues, SizeIs(2));
  EXPECT_EQ(writer_.queues[1].name, "speech");
  EXPECT_EQ(writer_.queues[1].report->name, "speech");
}

// Nothing has happened since the board was given its table.
TEST_F(EngineQueuesTest, ATableThatIsStillTrueIsNotMadeAgainForTheObjects) {
  QueueBoard board;
  EngineOptions options;
  options.queue_board = &board;
  Start({Queue("vision")}, options);
  Post(PodUpserted{Pod("ta", "big").Gpus(9).Queue("vision")});
  const QueueBoard::Edition edition = board.Current();
  clock_.now = clock_.now + Duration::Seconds(5);
  engine_->RunOnce();
  ASSERT_THAT(writer_.queues, SizeIs(2));
  EXPECT_EQ(writer_.queues[1].report->pending_gangs, 1);
  EXPECT_EQ(board.Current().number, edition.number);
  EXPECT_EQ(writer_.queues[1].report->oldest_wait, edition.table->queues.at(1).oldest_wait);
}

// Without a board nobody looks at tables in between.
TEST_F(EngineQueuesTest, ATableForTheObjectsAloneWakesNobody) {
  Start({Queue("vision")});
  EXPECT_EQ(engine_->NextTimer(), Instant{INT64_MAX});
}

}  // namespace
}  // namespace fairlead
