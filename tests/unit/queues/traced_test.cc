#include "queues/traced.h"

#include <gtest/gtest.h>

#include <limits>

namespace fairlead::fair {
namespace {

constexpr std::int64_t kPrime = (std::int64_t{1} << 61) - 1;

Short R(std::int64_t numerator, std::int64_t denominator) {
  return Short::Ratio(numerator, denominator);
}

TEST(Traced, RecognisesEqualNumbersOfDifferentOrigin) {
  const Short third = R(1, 3);
  EXPECT_EQ((third + third + third - Short::Of(1)).Sign(), 0);
  EXPECT_EQ((R(1, 7) * R(7, 9) - R(2, 18)).Sign(), 0);
  EXPECT_EQ((Short::Of(5) / Short::Of(15) - third).Sign(), 0);
  EXPECT_EQ((R(-1, 3) + third).Sign(), 0);
  EXPECT_TRUE((third - third).IsExactZero());
  EXPECT_EQ((third.Times(-6) + Short::Of(2)).Sign(), 0);
}

TEST(Traced, ComparesLikeTheInterval) {
  EXPECT_EQ((R(1, 3) - R(1, 4)).Sign(), 1);
  EXPECT_EQ((R(-1, 3) - R(1, 4)).Sign(), -1);
  EXPECT_TRUE(ProbablyLess(R(1, 4), R(1, 3)));
  EXPECT_FALSE(ProbablyLess(R(1, 3), R(2, 6)));
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ((R(1, most) - R(1, most - 1)).Sign(), -1);
}

// 1 + 2^-200 is not 1: the interval cannot tell, and the residue says that it is no tie.
TEST(Traced, SaysWhenNeitherDecides) {
  Short little = R(1, 3);
  for (int i = 0; i < 4; ++i) little = little * R(1, std::int64_t{1} << 50);
  EXPECT_THROW((Short::Of(1) + little - Short::Of(1)).Sign(), Undecided);
}

TEST(Traced, RefusesDenominatorsThatThePrimeDivides) {
  EXPECT_THROW(R(1, kPrime), Undecided);
  EXPECT_THROW((Short::Of(1) / Short::Of(kPrime)), Undecided);
  EXPECT_EQ((Short::Of(kPrime) - Short::Of(0)).Sign(), 1);
}

}  // namespace
}  // namespace fairlead::fair
