#include "fairlead/net/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace fairlead::net {
namespace {

using testing::ElementsAre;

TEST(VirtualLoop, TimersFireInOrderOfTimeAndThenOfTheirSetting) {
  IoLoop loop(LoopTime::kVirtual);
  std::vector<std::string> order;
  loop.After(Duration::Seconds(2), [&] { order.emplace_back("2 s"); });
  loop.After(Duration::Seconds(1), [&] { order.emplace_back("1 s, first"); });
  loop.After(Duration::Seconds(1), [&] {
    order.emplace_back("1 s, second");
    loop.After(Duration::Milliseconds(500), [&] { order.emplace_back("1.5 s"); });
  });
  EXPECT_EQ(loop.NextTimer(), Instant{} + Duration::Seconds(1));
  EXPECT_EQ(loop.Poll(), 0U) << "Poll fires no timers";
  loop.AdvanceTo(Instant{} + Duration::Seconds(3));
  EXPECT_THAT(order, ElementsAre("1 s, first", "1 s, second", "1.5 s", "2 s"));
  EXPECT_EQ(loop.Now(), Instant{} + Duration::Seconds(3));
  EXPECT_EQ(loop.NextTimer(), Instant{INT64_MAX});
}

TEST(VirtualLoop, TimeIsThatOfTheTimerWhileItRuns) {
  IoLoop loop(LoopTime::kVirtual);
  Instant seen;
  loop.After(Duration::Seconds(5), [&] { seen = loop.Now(); });
  loop.AdvanceTo(Instant{} + Duration::Seconds(60));
  EXPECT_EQ(seen, Instant{} + Duration::Seconds(5));
}

TEST(VirtualLoop, PostedTasksOfATimerRunBeforeTheNextTimer) {
  IoLoop loop(LoopTime::kVirtual);
  std::vector<std::string> order;
  loop.After(Duration::Seconds(1), [&] { loop.Post([&] { order.emplace_back("posted"); }); });
  loop.After(Duration::Seconds(2), [&] { order.emplace_back("timer"); });
  loop.AdvanceTo(Instant{} + Duration::Seconds(2));
  EXPECT_THAT(order, ElementsAre("posted", "timer"));
}

TEST(VirtualLoop, ACancelledTimerDoesNotFire) {
  IoLoop loop(LoopTime::kVirtual);
  int fired = 0;
  const IoLoop::TimerId timer = loop.After(Duration::Seconds(1), [&] { ++fired; });
  loop.Cancel(timer);
  loop.Cancel(timer);
  loop.Cancel(0);
  loop.AdvanceTo(Instant{} + Duration::Seconds(2));
  EXPECT_EQ(fired, 0);
}

// Whatever passes between two calls: only what is certain of their order is asked for.
TEST(RealLoop, TimersFireAndCanBeCancelled) {
  IoLoop loop;
  std::vector<int> order;
  const IoLoop::TimerId never = loop.After(Duration::Seconds(3600), [&] { order.push_back(2); });
  loop.After(Duration::Milliseconds(1), [&] {
    order.push_back(1);
    loop.Cancel(never);
    loop.After(Duration::Milliseconds(1), [&] {
      order.push_back(3);
      loop.Stop();
    });
  });
  loop.Run();
  EXPECT_THAT(order, ElementsAre(1, 3));
  EXPECT_EQ(loop.NextTimer(), Instant{INT64_MAX}) << "the cancelled one is gone";
}

TEST(RealLoop, TasksComeFromAnyThread) {
  IoLoop loop;
  int ran = 0;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.Post([&] { ++ran; });
    loop.Post([&] { loop.Stop(); });
  });
  loop.Run();
  other.join();
  EXPECT_EQ(ran, 100);
}

}  // namespace
}  // namespace fairlead::net
