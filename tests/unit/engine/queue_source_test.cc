#include "scheduler/engine/queue_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fairlead/engine/log.h"

namespace fairlead {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Instant kStart{1'767'225'600'000'000'000};  // 2026-01-01T00:00:00Z

QueueSpec Spec(const std::string& name, std::int64_t weight = 1, const std::string& parent = "") {
  QueueSpec spec;
  spec.name = name;
  spec.weight = weight * kWeightOne;
  spec.parent = parent;
  return spec;
}

class QueueSourceTest : public ::testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }
  void TearDown() override { SetLogLevel(LogLevel::kInfo); }

  static QueueInfo Object(const QueueSpec& spec, std::int64_t generation = 1) {
    QueueInfo info;
    info.object.spec = spec;
    info.object.uid = "u-" + spec.name;
    info.object.generation = generation;
    return info;
  }
  static QueueInfo Broken(const std::string& name, std::int64_t generation) {
    QueueInfo info = Object(Spec(name), generation);
    info.object.invalid = "spec.weight: bad";
    return info;
  }
  bool Put(const QueueInfo& info) {
    source_.Upsert(info);
    return source_.Refresh(now_);
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const QueueSpec& queue : source_.queues()) names.push_back(queue.name);
    return names;
  }
  std::vector<QueueStatus> After(Duration time) {
    now_ = now_ + time;
    return source_.TakeStatuses(now_);
  }
  // A decision in which the queue has so many pending gangs.
  void Decide(const std::string& name, std::int64_t pending,
              std::optional<Duration> wait = std::nullopt) {
    QueueReport report;
    report.name = name;
    report.pending_gangs = pending;
    report.pending_pods = ++decisions_;  // which no status shows
    report.decayed_usage = decisions_;
    report.oldest_wait = wait;
    source_.Decided();
    source_.Show({.at = now_, .version = 1, .queues = {report}});
  }

  Instant now_ = kStart;
  std::int64_t decisions_ = 0;
  QueueSource source_{{Spec("default")}};
};

TEST_F(QueueSourceTest, ObjectsComeChangeAndGo) {
  EXPECT_THAT(Names(), ElementsAre("default"));
  EXPECT_FALSE(source_.Refresh(now_));
  EXPECT_TRUE(Put(Object(Spec("a"))));
  EXPECT_THAT(Names(), ElementsAre("default", "a"));
  EXPECT_THAT(After({}), SizeIs(1));
  EXPECT_FALSE(Put(Object(Spec("a")))) << "our own writes of the status come back so";
  EXPECT_EQ(source_.next_status(), Instant{INT64_MAX}) << "and cause nothing";
  EXPECT_TRUE(Put(Object(Spec("a", 7), 2)));
  EXPECT_EQ(source_.queues()[1].weight, 7 * kWeightOne);
  source_.Remove("a");
  EXPECT_TRUE(source_.Refresh(now_));
  EXPECT_THAT(Names(), ElementsAre("default"));
}

TEST_F(QueueSourceTest, AnEditThatCannotBeAcceptedLeavesTheLastGoodOneInForce) {
  Put(Object(Spec("a", 7)));
  EXPECT_FALSE(Put(Broken("a", 2)));
  EXPECT_EQ(source_.queues()[1].weight, 7 * kWeightOne);
  EXPECT_FALSE(Put(Object(Spec("a", 3, "nowhere"), 3)));
  EXPECT_FALSE(Put(Broken("a", 4))) << "still that of before";
  EXPECT_EQ(source_.queues()[1].weight, 7 * kWeightOne);
  EXPECT_TRUE(Put(Object(Spec("a", 3), 5)));
  EXPECT_EQ(source_.queues()[1].weight, 3 * kWeightOne);
}

TEST_F(QueueSourceTest, AnotherObjectOfTheNameHasNoPast) {
  Put(Object(Spec("a", 7)));
  QueueInfo other = Broken("a", 1);
  other.object.uid = "another";
  EXPECT_TRUE(Put(other));
  EXPECT_THAT(Names(), ElementsAre("default"));
}

TEST_F(QueueSourceTest, WhatAParentsAbsencePutOutComesBackWithIt) {
  Put(Object(Spec("team")));
  Put(Object(Spec("a", 7, "team")));
  source_.Remove("team");
  EXPECT_TRUE(source_.Refresh(now_));
  EXPECT_THAT(Names(), ElementsAre("default"));
  Put(Broken("a", 2));
  EXPECT_TRUE(Put(Object(Spec("team"))));
  EXPECT_THAT(Names(), ElementsAre("default", "a", "team"));
}

TEST_F(QueueSourceTest, AListIsTakenInAsAWhole) {
  Put(Object(Spec("a")));
  source_.BeginRelist();
  EXPECT_FALSE(Put(Object(Spec("c", 1, "b")))) << "its parent comes later in the list";
  source_.BeginRelist();  // the first one broke off
  EXPECT_FALSE(Put(Object(Spec("c", 1, "b"))));
  EXPECT_FALSE(Put(Object(Spec("b"))));
  source_.EndRelist();
  EXPECT_TRUE(source_.Refresh(now_));
  EXPECT_THAT(Names(), ElementsAre("default", "b", "c"));
  EXPECT_THAT(After({}), SizeIs(2));
}

TEST_F(QueueSourceTest, AnotherConfigurationReplacesItsQueuesAlone) {
  Put(Object(Spec("a")));
  Put(Object(Spec("b")));
  source_.Declare({Spec("default"), Spec("b", 9)});
  EXPECT_TRUE(source_.Refresh(now_));
  EXPECT_THAT(Names(), ElementsAre("default", "b", "a"));
  const std::vector<QueueStatus> statuses = After({});
  ASSERT_THAT(statuses, SizeIs(2));
  EXPECT_TRUE(statuses[0].accepted);
  EXPECT_EQ(statuses[1].reason, "DeclaredTwice");
  source_.Declare({Spec("default")});
  EXPECT_TRUE(source_.Refresh(now_));
  EXPECT_THAT(Names(), ElementsAre("default", "a", "b"));
}

TEST_F(QueueSourceTest, TheConditionIsToldAtOnceAndOnce) {
  EXPECT_THAT(After({}), IsEmpty());
  Put(Object(Spec("a")));
  EXPECT_EQ(source_.next_status(), now_);
  std::vector<QueueStatus> statuses = After({});
  ASSERT_THAT(statuses, SizeIs(1));
  EXPECT_EQ(statuses[0].name, "a");
  EXPECT_EQ(statuses[0].uid, "u-a");
  EXPECT_EQ(statuses[0].generation, 1);
  EXPECT_TRUE(statuses[0].accepted);
  EXPECT_EQ(statuses[0].since, kStart);
  EXPECT_FALSE(statuses[0].report);
  EXPECT_THAT(After(Duration::Seconds(100)), IsEmpty());
  EXPECT_EQ(source_.next_status(), Instant{INT64_MAX});

  Put(Broken("a", 2));
  statuses = After({});
  ASSERT_THAT(statuses, SizeIs(1));
  EXPECT_FALSE(statuses[0].accepted);
  EXPECT_EQ(statuses[0].reason, "InvalidSpec");
  EXPECT_THAT(statuses[0].message, HasSubstr("what was accepted before stays in force"));
  EXPECT_EQ(statuses[0].since, kStart + Duration::Seconds(100));
  // Another generation with the same complaint is told, but is no transition.
  now_ = now_ + Duration::Seconds(1);
  Put(Broken("a", 3));
  statuses = After({});
  ASSERT_THAT(statuses, SizeIs(1));
  EXPECT_EQ(statuses[0].generation, 3);
  EXPECT_EQ(statuses[0].since, kStart + Duration::Seconds(100));
}

TEST_F(QueueSourceTest, AConditionThatIsShownAlreadyKeepsItsTime) {
  for (const bool shown : {true, false}) {
    QueueInfo info = Object(Spec(shown ? "a" : "b"));
    info.shown_accepted = shown;
    info.shown_since = Instant{5};
    Put(info);
    const std::vector<QueueStatus> statuses = After(Duration::Seconds(1));
    ASSERT_THAT(statuses, SizeIs(1));
    EXPECT_EQ(statuses[0].since, shown ? Instant{5} : now_ - Duration::Seconds(1));
  }
}

TEST_F(QueueSourceTest, ReportsAreToldAtMostEveryFiveSeconds) {
  Put(Object(Spec("a")));
  EXPECT_THAT(After({}), SizeIs(1));
  Decide("a", 1);
  EXPECT_EQ(source_.next_status(), kStart + Duration::Seconds(1));
  EXPECT_THAT(After(Duration::Seconds(1)), IsEmpty());
  EXPECT_EQ(source_.next_status(), kStart + Duration::Seconds(5));
  Decide("a", 2);
  const std::vector<QueueStatus> statuses = After(Duration::Seconds(4));
  ASSERT_THAT(statuses, SizeIs(1));
  EXPECT_EQ(statuses[0].report->pending_gangs, 2);
  Decide("a", 2);
  Decide("unknown", 7);
  EXPECT_THAT(After(Duration::Seconds(60)), IsEmpty()) << "the same";
}

TEST_F(QueueSourceTest, AWaitThatGrowsIsToldEveryMinute) {
  Put(Object(Spec("a")));
  After({});
  Decide("a", 1, Duration::Seconds(1));
  EXPECT_THAT(After(Duration::Seconds(10)), SizeIs(1));
  int told = 0;
  for (int second = 2; second <= 121; ++second) {
    Decide("a", 1, Duration::Seconds(second));
    told += static_cast<int>(After(Duration::Seconds(1)).size());
  }
  EXPECT_EQ(told, 2);
  EXPECT_EQ(source_.next_status(), now_ + Duration::Seconds(60)) << "told at second 70 and 130";
}

TEST_F(QueueSourceTest, WhatIsNotInForceShowsNoReport) {
  Put(Object(Spec("a", 1, "nowhere")));
  After({});
  Decide("a", 3);  // of a queue of the name from somewhere else
  EXPECT_THAT(After(Duration::Seconds(100)), IsEmpty());
  Put(Object(Spec("a"), 2));
  Decide("a", 3);
  EXPECT_TRUE(After({})[0].report);
  source_.Declare({Spec("a")});
  source_.Refresh(now_);
  EXPECT_FALSE(After({})[0].report);
}

}  // namespace
}  // namespace fairlead
