#include "fairlead/base/resources.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>
#include <vector>

#include "fairlead/base/share.h"

namespace fairlead {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

ResourceVector Vector(const std::vector<std::int64_t>& amounts) {
  ResourceVector result;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    result.Set(ResourceId(static_cast<std::uint32_t>(i)), amounts[i]);
  }
  return result;
}

TEST(ResourceVector, AbsentIsZero) {
  const ResourceVector empty;
  EXPECT_EQ(empty.Get(kMemory), 0);
  EXPECT_TRUE(empty.IsZero());
  EXPECT_EQ(Vector({1, 0, 0}), Vector({1}));
  EXPECT_EQ(Vector({0, 0}), empty);
  EXPECT_FALSE(Vector({1, 2}) == Vector({1}));
}

TEST(ResourceVector, AddsAndSubtracts) {
  ResourceVector a = Vector({1, 2});
  a += Vector({10, 0, 30});
  EXPECT_EQ(a, Vector({11, 2, 30}));
  a -= Vector({11, 1});
  EXPECT_EQ(a, Vector({0, 1, 30}));
  a.AddTimes(Vector({1, 2, 3}), 4);
  EXPECT_EQ(a, Vector({4, 9, 42}));
  a.AddTimes(Vector({1, 2, 3}), -4);
  EXPECT_EQ(a, Vector({0, 1, 30}));
}

TEST(ResourceVector, FitsInEveryEntry) {
  EXPECT_TRUE(FitsIn(Vector({1, 2}), Vector({1, 2, 3})));
  EXPECT_TRUE(FitsIn(Vector({1, 2, 0}), Vector({1, 2})));
  EXPECT_FALSE(FitsIn(Vector({1, 2, 1}), Vector({1, 2})));
  EXPECT_FALSE(FitsIn(Vector({2, 0}), Vector({1, 9})));
}

TEST(ResourceVectorDeathTest, RefusesOverflowAndNegativeAmounts) {
  ResourceVector a = Vector({kMax});
  EXPECT_DEATH(a += Vector({1}), "check failed.*overflows");
  EXPECT_DEATH(a.AddTimes(Vector({kMax}), 2), "check failed.*overflows");
  EXPECT_DEATH(a -= Vector({0, 1}), "check failed.*resource 1 set to -1");
  EXPECT_DEATH(a.Set(kCpu, -1), "check failed.*resource 0 set to -1");
}

TEST(ResourceLimits, AbsentIsUnlimitedAndZeroIsNothing) {
  ResourceLimits limits;
  EXPECT_TRUE(limits.Allows(Vector({kMax, kMax})));
  limits.Set(kMemory, 5);
  EXPECT_EQ(limits.Get(kCpu), std::nullopt);
  EXPECT_TRUE(limits.Allows(Vector({kMax, 5, kMax})));
  EXPECT_FALSE(limits.Allows(Vector({0, 6})));
  limits.Set(kMemory, 0);
  EXPECT_TRUE(limits.Allows(Vector({1})));
  EXPECT_FALSE(limits.Allows(Vector({0, 1})));
}

TEST(Share, ComparesExactly) {
  EXPECT_EQ((Share{1, 3}), (Share{2, 6}));
  EXPECT_LT((Share{0, 7}), (Share{1, kMax}));
  EXPECT_LT((Share{kMax - 2, kMax - 1}), (Share{kMax - 1, kMax}));
  EXPECT_GT((Share{kMax, 1}), (Share{kMax - 1, 1}));
}

// (n-1)/n / w against n/(n+1) / w differ by 1/(n(n+1)w): far below what 64, 128 bits or a double
// see.
TEST(Share, ComparesWeightedExactly) {
  const Share a{kMax - 2, kMax - 1};
  const Share b{kMax - 1, kMax};
  EXPECT_EQ(CompareWeighted(a, kMax, b, kMax), std::strong_ordering::less);
  EXPECT_EQ(CompareWeighted(b, kMax, a, kMax), std::strong_ordering::greater);
  EXPECT_EQ(CompareWeighted(b, kMax, b, kMax), std::strong_ordering::equal);
  EXPECT_EQ(CompareWeighted(b, kMax, b, kMax - 1), std::strong_ordering::less);
  // 2^62 / 1 against 2^62 / 8: the products cross a 64-bit border.
  EXPECT_EQ(CompareWeighted({1LL << 62, 1}, 1, {1LL << 62, 1}, 8), std::strong_ordering::greater);
  // 1/2 / 2 = 1/4 / 1
  EXPECT_EQ(CompareWeighted({1, 2}, 2, {1, 4}, 1), std::strong_ordering::equal);
  EXPECT_EQ(CompareWeighted({1, 2}, 3, {1, 4}, 1), std::strong_ordering::less);
}

TEST(Share, Text) {
  const std::vector<std::pair<Share, std::string>> cases = {
      {{0, 1}, "0.0000"},       {{1, 8}, "0.1250"},
      {{1, 3}, "0.3333"},       {{2, 3}, "0.6667"},
      {{1, 20'000}, "0.0001"},  {{1, 20'001}, "0.0000"},
      {{5, 2}, "2.5000"},       {{99'999, 100'000}, "1.0000"},
      {{kMax, kMax}, "1.0000"}, {{kMax, 1}, "9223372036854775807.0000"}};
  for (const auto& [share, text] : cases) EXPECT_EQ(share.ToString(), text);
}

TEST(Share, DominantIsTheLargest) {
  ResourceId dominant;
  // cpu 2/8 = 1/4, memory 30/100, pods 1/10: memory.
  EXPECT_EQ(DominantShare(Vector({2, 30, 1}), Vector({8, 100, 10}), &dominant), (Share{30, 100}));
  EXPECT_EQ(dominant, kMemory);
  // cpu 1/4 = memory 25/100: the lower id.
  DominantShare(Vector({2, 25}), Vector({8, 100}), &dominant);
  EXPECT_EQ(dominant, kCpu);
  EXPECT_EQ(DominantShare(ResourceVector(), Vector({8}), &dominant), (Share{0, 1}));
  EXPECT_EQ(dominant, kCpu);
}

TEST(Share, WhatHasNoCapacitySortsLastIfHeld) {
  ResourceId dominant;
  const Share infinite = DominantShare(Vector({8, 1}), Vector({8}), &dominant);
  EXPECT_EQ(dominant, kMemory);
  EXPECT_GT(infinite, (Share{kMax - 1, 1}));
  EXPECT_EQ(DominantShare(Vector({4, 0}), Vector({8}), nullptr), (Share{4, 8}));
}

}  // namespace
}  // namespace fairlead
