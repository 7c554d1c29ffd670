#include "fairlead/queues/history.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <string>
#include <vector>

namespace fairlead {
namespace {

constexpr std::int64_t kOne = std::int64_t{1} << kHistoryBits;
constexpr std::int64_t kFactorOne = std::int64_t{1} << 62;
constexpr Duration kHour = Duration::Seconds(3600);

Instant Minute(std::int64_t n) { return Instant{n * kHistoryTick.ns}; }

using Shares = std::map<std::string, QueueShares>;

TEST(DecayFactor, WholeHalvingsAreExact) {
  struct Case {
    std::int64_t halvings;
    std::int64_t factor;
  };
  const std::vector<Case> cases = {
      {0, kFactorOne}, {1, kFactorOne / 2}, {3, kFactorOne / 8}, {61, 2}, {62, 0}, {1000, 0}};
  for (const Case& c : cases) {
    EXPECT_EQ(DecayFactor(Duration{c.halvings * kHour.ns}, kHour), c.factor) << c.halvings;
  }
}

// Slurm's fair-share factor F = 2^(-usage / shares), from its documentation; to six digits.
TEST(DecayFactor, EqualsSlurmsPublishedPowers) {
  struct Case {
    std::int64_t usage;   // millionths
    std::int64_t shares;  // millionths
    std::int64_t factor;  // millionths
  };
  const std::vector<Case> cases = {{387'500, 300'000, 408'479},
                                   {275'000, 50'000, 22'097},
                                   {150'000, 50'000, 125'000},
                                   {250'000, 250'000, 500'000},
                                   {145'833, 350'000, 749'154}};
  for (const Case& c : cases) {
    const std::int64_t factor = DecayFactor(Duration{c.usage}, Duration{c.shares});
    // factor / 2^62 in millionths, rounded, by way of 2^42 to stay in 64 bits.
    const std::int64_t millionths = ((factor >> 20) * 1'000'000 / (std::int64_t{1} << 41) + 1) / 2;
    EXPECT_EQ(millionths, c.factor) << c.usage;
  }
}

TEST(DecayFactor, TheLongestTimesDoNotOverflow) {
  const Duration longest{std::numeric_limits<std::int64_t>::max()};
  EXPECT_EQ(DecayFactor(longest, longest), kFactorOne / 2);
  EXPECT_EQ(DecayFactor(longest, Duration{1}), 0);
  // 2^-(1/2^63): all 32 bits of the fraction are 0.
  EXPECT_EQ(DecayFactor(Duration{1}, longest), kFactorOne);
}

TEST(Advance, TheFirstCallOnlySetsTheTick) {
  UsageHistory history;
  Advance(&history, Minute(7) + Duration::Seconds(59), kHour, {{"a", {{1, 2}, {1, 4}}}});
  EXPECT_EQ(history.tick, Minute(7));
  EXPECT_TRUE(history.queues.empty());
  // Inside the same minute nothing happens, and a clock that was set back changes nothing.
  Advance(&history, Minute(7) + Duration::Seconds(1), kHour, {{"a", {{1, 2}, {1, 4}}}});
  Advance(&history, Minute(3), kHour, {{"a", {{1, 2}, {1, 4}}}});
  EXPECT_EQ(history.tick, Minute(7));
  EXPECT_TRUE(history.queues.empty());
}

TEST(Advance, SumsShareSecondsAndHalvesThem) {
  // With a half-life of one tick: 0.5 x 60 = 30; then 30 / 2 + 30 = 45; idle: 22.5, 11.25.
  UsageHistory history{Minute(1), {}};
  const Shares busy = {{"a", {{1, 2}, {1, 4}}}};
  Advance(&history, Minute(2), kHistoryTick, busy);
  EXPECT_EQ(history.queues.at("a"), (QueueUsage{30 * kOne, 15 * kOne}));
  Advance(&history, Minute(3), kHistoryTick, busy);
  EXPECT_EQ(history.queues.at("a"), (QueueUsage{45 * kOne, 45 * kOne / 2}));
  Advance(&history, Minute(4), kHistoryTick, {});
  Advance(&history, Minute(5), kHistoryTick, {});
  EXPECT_EQ(history.queues.at("a"), (QueueUsage{45 * kOne / 4, 45 * kOne / 8}));
}

TEST(Advance, ManyTicksAtOnceEqualOneAfterAnother) {
  const Shares shares = {{"a", {{1, 3}, {2, 7}}}, {"b", {{0, 1}, {1, 1}}}};
  UsageHistory once{Minute(1), {{"b", {123'456'789, 987'654'321}}, {"gone", {5'000'000, 1}}}};
  UsageHistory steps = once;
  Advance(&once, Minute(1001), kHour, shares);
  for (int m = 2; m <= 1001; ++m) Advance(&steps, Minute(m), kHour, shares);
  EXPECT_EQ(once, steps);
}

TEST(Advance, AQueueThatIsGoneIsForgottenInTheEnd) {
  UsageHistory history{Minute(1), {{"a", {1'000'000 * kOne, kOne}}}};
  // 10^6 x 2^20 is between 2^39 and 2^40: after 40 halvings nothing is left.
  Advance(&history, Minute(40), kHistoryTick, {});
  EXPECT_EQ(history.queues.count("a"), 1U);
  Advance(&history, Minute(41), kHistoryTick, {});
  EXPECT_EQ(history.queues.count("a"), 0U);
}

TEST(Advance, AShareCountsAsOneAtMost) {
  UsageHistory history{Minute(1), {}};
  const Share infinite{std::numeric_limits<std::int64_t>::max(), 1};
  Advance(&history, Minute(2), kHour, {{"a", {infinite, {5, 2}}}});
  EXPECT_EQ(history.queues.at("a"), (QueueUsage{60 * kOne, 60 * kOne}));
}

TEST(Advance, StaysBelowItsBound) {
  // A full share for a very long time: at most half_life / ln 2 + a tick = 5,193.7 + 60 seconds.
  UsageHistory history{Minute(1), {}};
  Advance(&history, Minute(10'000'000), kHour, {{"a", {{1, 1}, {1, 1}}}});
  EXPECT_GT(history.queues.at("a").usage, 5193 * kOne);
  EXPECT_LT(history.queues.at("a").usage, 5254 * kOne);
}

TEST(WeightAfterHistory, FollowsTheFormula) {
  struct Case {
    const char* what;
    std::int64_t weight;
    QueueUsage usage;  // usage, target
    std::int64_t strength;
    std::int64_t expected;
  };
  const std::int64_t w = kWeightOne;
  const std::int64_t many = std::int64_t{1} << 57;
  const std::vector<Case> cases = {
      {"off", 3 * w, {kOne, 100 * kOne}, 0, 3 * w},
      {"nothing known", 3 * w, {0, 0}, w, 3 * w},
      {"as entitled", 3 * w, {kOne, kOne}, w, 3 * w},
      {"half of what it was entitled to", w, {kOne, 2 * kOne}, w, 2 * w},
      {"the same, half as strong: 0.5 + 0.5 x 2", w, {kOne, 2 * kOne}, w / 2, 1'500'000},
      {"twice what it was entitled to", w, {2 * kOne, kOne}, w, w / 2},
      {"never used: 8", w, {0, kOne}, w, 8 * w},
      {"no more than 8", w, {1, many}, w, 8 * w},
      {"no less than 1/8", w, {many, 1}, w, w / 8},
      {"never entitled: 1/8", w, {kOne, 0}, w, w / 8},
      {"stays above 0", 1, {kOne, 0}, w, 1},
      {"large numbers, in millionths of the weight",
       1'000'000 * w,
       {many, many / 3 * 3},
       w,
       999'999'000'000},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(WeightAfterHistory(c.weight, c.usage, c.strength), c.expected) << c.what;
  }
}

}  // namespace
}  // namespace fairlead
