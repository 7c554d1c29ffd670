// Fixed against Exact: whatever is computed, the exact value lies in the interval, and what Fixed
// says about signs and floors is true.
#include "queues/fixed.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "queues/exact.h"

namespace fairlead::fair {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

template <typename Num>
class FixedTest : public testing::Test {};
using Widths = testing::Types<Fixed<3>, Fixed<10>>;
TYPED_TEST_SUITE(FixedTest, Widths);

TYPED_TEST(FixedTest, KnowsExactValues) {
  using Num = TypeParam;
  EXPECT_EQ((Num::Ratio(6, 3) - Num::Of(2)).Sign(), 0);
  EXPECT_EQ((Num::Ratio(1, 4) * Num::Of(8) - Num::Of(2)).Sign(), 0);
  EXPECT_EQ((Num::Of(-3) * Num::Of(-5) - Num::Of(15)).Sign(), 0);
  EXPECT_EQ((Num::Of(-3).Times(5) + Num::Of(15)).Sign(), 0);
  EXPECT_TRUE(Num::Of(0).IsExactZero());
  EXPECT_TRUE((Num::Ratio(1, 3) * Num()).IsExactZero());
}

TYPED_TEST(FixedTest, ComparesWhatIsApartAndSaysSoWhenItCannot) {
  using Num = TypeParam;
  EXPECT_EQ((Num::Ratio(1, 3) - Num::Ratio(1, 4)).Sign(), 1);
  EXPECT_EQ((Num::Ratio(1, 4) - Num::Ratio(1, 3)).Sign(), -1);
  // 1/kMax - 1/(kMax - 1) is about -2^-126.
  EXPECT_EQ((Num::Ratio(1, kMax) - Num::Ratio(1, kMax - 1)).Sign(), -1);
  // Equal, but neither is a finite binary fraction.
  EXPECT_THROW((Num::Ratio(1, 3) - Num::Ratio(2, 6)).Sign(), Undecided);
  EXPECT_THROW((Num::Ratio(1, 3) * Num::Of(3) - Num::Of(1)).Sign(), Undecided);
}

TYPED_TEST(FixedTest, RefusesWhatDoesNotFit) {
  using Num = TypeParam;
  EXPECT_THROW(Num::Of(kMax) + Num::Of(kMax), Undecided);
  EXPECT_THROW(Num::Of(-kMax) - Num::Of(kMax), Undecided);
  EXPECT_THROW(Num::Of(kMax) * Num::Of(2), Undecided);
  EXPECT_THROW(Num::Of(kMax).Times(2), Undecided);
  EXPECT_THROW(Num::Ratio(1, kMax).Inverse(), Undecided);
  EXPECT_THROW(Num().Inverse(), Undecided);
}

TYPED_TEST(FixedTest, FloorsAfterAddingALittle) {
  struct Case {
    std::int64_t n, d, scale, expected;
  };
  const std::vector<Case> cases = {
      {1, 3, 3, 1},        // 0.999.. with a radius: exactly 1
      {1, 3, 10, 3},       // 3.33
      {2, 3, 1, 0},        // 0.67
      {-1, 3, 3, -1},      // exactly -1
      {-1, 3, 1, -1},      // -0.33
      {1, 1, kMax, kMax},  // the largest
      {1, 3, kMax, kMax / 3}, {0, 1, kMax, 0},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(TypeParam::Ratio(c.n, c.d).Times(c.scale).Floor(), c.expected)
        << c.n << "/" << c.d << " x " << c.scale;
    EXPECT_EQ(Exact::Ratio(c.n, c.d).Times(c.scale).Floor(), c.expected)
        << c.n << "/" << c.d << " x " << c.scale;
  }
}

// Walks of random operations on numbers of very different sizes.
TYPED_TEST(FixedTest, AgreesWithExactOnRandomWalks) {
  using Num = TypeParam;
  struct Both {
    Num fixed;
    Exact exact;
  };
  std::mt19937_64 draw(7);  // NOLINT(cert-msc51-cpp): the same walks in every run
  int decided = 0;
  for (int walk = 0; walk < 400; ++walk) {
    std::vector<Both> numbers;
    for (int i = 0; i < 4; ++i) {
      const auto n = static_cast<std::int64_t>(draw() >> (1 + draw() % 60));
      const auto d = static_cast<std::int64_t>(draw() >> (1 + draw() % 60)) + 1;
      const std::int64_t signed_n = draw() % 2 == 0 ? n : -n;
      numbers.push_back({Num::Ratio(signed_n, d), Exact::Ratio(signed_n, d)});
    }
    for (int step = 0; step < 25; ++step) {
      const Both a = numbers[draw() % numbers.size()];
      const Both b = numbers[draw() % numbers.size()];
      const std::uint64_t what = draw() % 4;
      const auto scale = static_cast<std::int64_t>(draw() >> 40);
      const std::size_t into = draw() % numbers.size();
      try {
        Both c = what == 0   ? Both{a.fixed + b.fixed, a.exact + b.exact}
                 : what == 1 ? Both{a.fixed - b.fixed, a.exact - b.exact}
                 : what == 2 ? Both{a.fixed * b.fixed, a.exact * b.exact}
                             : Both{a.fixed / b.fixed, a.exact / b.exact};
        const int sign = c.fixed.Sign();
        ASSERT_EQ(sign, c.exact.Sign());
        ASSERT_EQ(c.fixed.Times(scale).Floor(), c.exact.Times(scale).Floor());
        numbers[into] = c;
        ++decided;
      } catch (const Undecided&) {
        continue;
      }
    }
  }
  EXPECT_GT(decided, 3000);
}

}  // namespace
}  // namespace fairlead::fair
