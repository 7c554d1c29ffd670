#include "fairlead/engine/queue_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "fairlead/engine/engine.h"
#include "tests/support/engine_edges.h"
#include "tests/support/objects.h"

namespace fairlead {
namespace {

using ::testing::ElementsAre;
using testing::Node;
using testing::Pod;
using testing::RecordingWriter;
using testing::VirtualClock;

constexpr Duration kLong = Duration::Seconds(60);

std::shared_ptr<const QueueTable> Table(std::uint64_t version) {
  QueueTable table;
  table.version = version;
  return std::make_shared<const QueueTable>(table);
}

TEST(QueueBoard, IsEmptyUntilTheFirstTable) {
  QueueBoard board;
  EXPECT_EQ(board.Current().number, 0U);
  EXPECT_EQ(board.Current().table, nullptr);
  EXPECT_EQ(board.WaitNewer(0, Duration{}).number, 0U) << "patience is over at once";
  board.Publish(Table(7));
  EXPECT_EQ(board.Current().number, 1U);
  EXPECT_EQ(board.Current().table->version, 7U);
}

TEST(QueueBoard, WaitingEndsAtOnceWhereSomethingNewerIsThere) {
  QueueBoard board;
  board.Publish(Table(1));
  board.Publish(Table(2));
  const QueueBoard::Edition edition = board.WaitNewer(1, kLong);
  EXPECT_EQ(edition.number, 2U);
  EXPECT_EQ(edition.table->version, 2U);
}

TEST(QueueBoard, ATableOutlivesTheNextOneInTheHandsOfItsReader) {
  QueueBoard board;
  board.Publish(Table(1));
  const QueueBoard::Edition first = board.Current();
  board.Publish(Table(2));
  EXPECT_EQ(first.table->version, 1U);
}

// Each reader sees numbers rise up to the last one, whatever it misses in between.
TEST(QueueBoard, EveryWaitingReaderComesToSeeTheLastTable) {
  constexpr std::uint64_t kTables = 200;
  QueueBoard board;
  std::vector<std::thread> readers;
  for (int r = 0; r < 4; ++r) {
    readers.emplace_back([&board] {
      std::uint64_t seen = 0;
      while (seen < kTables) {
        const QueueBoard::Edition edition = board.WaitNewer(seen, kLong);
        ASSERT_GT(edition.number, seen);
        ASSERT_EQ(edition.table->version, edition.number);
        seen = edition.number;
      }
    });
  }
  for (std::uint64_t n = 1; n <= kTables; ++n) board.Publish(Table(n));
  for (std::thread& reader : readers) reader.join();
}

// One node with 8 GPUs, one queue, and an engine that is stepped by hand.
class PublishingTest : public ::testing::Test {
 protected:
  PublishingTest() {
    options_.abort_on_bug = true;
    options_.queue_board = &board_;
    engine_ = std::make_unique<Engine>(Policy{}, options_, &writer_, &clock_, &metrics_);
    engine_->ExpectSync({ObjectKind::kNode, ObjectKind::kPod});
  }
  void Sync() {
    engine_->Post({RelistBegun{ObjectKind::kNode}, NodeUpserted{Node("n").Gpus(8)},
                   RelistEnded{ObjectKind::kNode}, RelistBegun{ObjectKind::kPod},
                   RelistEnded{ObjectKind::kPod}});
    engine_->RunOnce();
  }
  void Add(const std::string& pod, int gpus) {
    engine_->Post({PodUpserted{Pod("ta", pod).Gpus(gpus)}});
    engine_->RunOnce();
  }
  void Advance(Duration d) {
    clock_.now = clock_.now + d;
    engine_->RunOnce();
  }
  std::uint64_t editions() const { return board_.Current().number; }
  const QueueReport& Last() const { return board_.Current().table->queues.at(0); }

  QueueBoard board_;
  RecordingWriter writer_;
  VirtualClock clock_;
  Metrics metrics_;
  EngineOptions options_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(PublishingTest, NothingIsShownBeforeAllKindsAreListed) {
  engine_->RunOnce();
  EXPECT_EQ(editions(), 0U);
  Sync();
  EXPECT_EQ(editions(), 1U);
  EXPECT_EQ(board_.Current().table->at, clock_.now);
}

TEST_F(PublishingTest, ATenthOfASecondLiesBetweenTablesAndTheLastStateIsShown) {
  Sync();
  std::vector<std::uint64_t> seen;
  // A pod that waits every 30 ms: tables at 100 and 200 ms, that is with the 4th and the 7th at 120
  // and 210 ms, unless a timer calls in between.
  for (int i = 1; i <= 8; ++i) {
    clock_.now = clock_.now + Duration::Milliseconds(30);
    Add("huge-" + std::to_string(i), 9);
    seen.push_back(editions());
  }
  EXPECT_THAT(seen, ElementsAre(1, 1, 1, 2, 2, 2, 2, 3));
  EXPECT_EQ(Last().pending_gangs, 8);
  Add("huge-9", 9);
  EXPECT_EQ(editions(), 3U);
  EXPECT_EQ(engine_->NextTimer(), clock_.now + Duration::Milliseconds(100));
  Advance(Duration::Milliseconds(99));
  EXPECT_EQ(editions(), 3U);
  Advance(Duration::Milliseconds(1));
  EXPECT_EQ(editions(), 4U);
  EXPECT_EQ(Last().pending_gangs, 9);
}

TEST_F(PublishingTest, ATableShowsWhatTheDecisionBeforeItHasStarted) {
  Sync();
  Advance(Duration::Milliseconds(100));
  Add("p", 8);
  ASSERT_EQ(writer_.binds.size(), 1U);
  EXPECT_EQ(editions(), 2U);
  EXPECT_EQ(Last().pending_gangs, 0) << "its binding is under way";
}

TEST_F(PublishingTest, WhereNothingHappensNothingIsMade) {
  Sync();
  for (int i = 0; i < 100; ++i) Advance(Duration::Seconds(10));
  EXPECT_EQ(editions(), 1U);
  EXPECT_EQ(engine_->NextTimer(), Instant{INT64_MAX});
}

TEST_F(PublishingTest, WaitsGrowOnTheBoardAlthoughNothingHappens) {
  Sync();
  Advance(Duration::Milliseconds(100));
  Add("huge", 9);
  const std::uint64_t before = editions();
  const Duration wait = *Last().oldest_wait;
  EXPECT_EQ(engine_->NextTimer(), clock_.now + Duration::Seconds(10));
  Advance(Duration::Seconds(10));
  EXPECT_EQ(editions(), before + 1);
  EXPECT_EQ(*Last().oldest_wait, wait + Duration::Seconds(10));
}

// The clock moves by 20 ms per look; making a table takes two looks, so 20 ms. A tenth of the time
// is kept for tables, so that 180 ms of rest follow.
TEST_F(PublishingTest, TablesThatTakeLongAreMadeLessOften) {
  clock_.step = Duration::Milliseconds(20);
  Sync();
  clock_.step = Duration{};
  EXPECT_EQ(editions(), 1U);
  const Instant made = clock_.now;
  Advance(Duration::Milliseconds(60));  // by then the decisions have rested
  Add("huge", 9);
  EXPECT_EQ(editions(), 1U);
  EXPECT_EQ(engine_->NextTimer(), made + Duration::Milliseconds(180));
}

TEST_F(PublishingTest, AClockThatIsSetBackDoesNotSilenceTheBoard) {
  Sync();
  clock_.now = clock_.now - Duration::Seconds(3600);
  Add("huge", 9);
  EXPECT_EQ(editions(), 2U);
}

TEST_F(PublishingTest, TheMetricsSayTheSame) {
  EXPECT_EQ(metrics_.Text().find("fairlead_queue_"), std::string::npos);
  Sync();
  Advance(Duration::Milliseconds(100));
  Add("huge", 9);
  EXPECT_NE(metrics_.Text().find("\nfairlead_queue_pending_gangs{queue=\"default\"} 1\n"),
            std::string::npos);
}

}  // namespace
}  // namespace fairlead
