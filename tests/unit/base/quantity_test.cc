#include "fairlead/base/quantity.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead {
namespace {

constexpr std::int64_t kMax = INT64_MAX;

struct Case {
  std::string text;
  std::int64_t scale;
  std::int64_t up;
  std::int64_t down;
};

class Parses : public testing::TestWithParam<Case> {};

TEST_P(Parses, RoundedUpAndDown) {
  const Case& c = GetParam();
  const Result<std::int64_t> up = ParseQuantity(c.text, c.scale, Rounding::kUp);
  const Result<std::int64_t> down = ParseQuantity(c.text, c.scale, Rounding::kDown);
  ASSERT_TRUE(up.ok()) << c.text << ": " << up.error().ToString();
  ASSERT_TRUE(down.ok()) << c.text << ": " << down.error().ToString();
  EXPECT_EQ(*up, c.up) << c.text;
  EXPECT_EQ(*down, c.down) << c.text;
}

INSTANTIATE_TEST_SUITE_P(Plain, Parses,
                         testing::Values(Case{"0", 1, 0, 0}, Case{"4", 1000, 4000, 4000},
                                         Case{"+1", 1, 1, 1}, Case{"-0", 1, 0, 0},
                                         Case{"-0.00", 1000, 0, 0}, Case{"007", 1, 7, 7},
                                         Case{"0.1", 1000, 100, 100}, Case{".5", 1000, 500, 500},
                                         Case{"5.", 1000, 5000, 5000}, Case{"5.k", 1, 5000, 5000},
                                         Case{"1.0000", 1, 1, 1}, Case{"0.0001", 1000, 1, 0},
                                         Case{"1.0001", 1000, 1001, 1000},
                                         Case{"9223372036854775807", 1, kMax, kMax},
                                         Case{"9223372036854775.807", 1000, kMax, kMax}));

INSTANTIATE_TEST_SUITE_P(
    DecimalSuffixes, Parses,
    testing::Values(Case{"250m", 1000, 250, 250}, Case{"1n", 1000, 1, 0}, Case{"1u", 1000, 1, 0},
                    Case{"1000u", 1000, 1, 1}, Case{"1000000n", 1000, 1, 1},
                    Case{"1000001n", 1000, 2, 1}, Case{"100m", 1, 1, 0}, Case{"1500m", 1, 2, 1},
                    Case{"2k", 1, 2000, 2000}, Case{"1.5M", 1, 1'500'000, 1'500'000},
                    Case{"3G", 1, 3'000'000'000, 3'000'000'000},
                    Case{"1T", 1, 1'000'000'000'000, 1'000'000'000'000},
                    Case{"1P", 1, 1'000'000'000'000'000, 1'000'000'000'000'000},
                    Case{"9E", 1, 9'000'000'000'000'000'000, 9'000'000'000'000'000'000}));

// 1.1Ki = 1126.4; 0.1Gi = 107374182.4; 1.1Ei = 1152921504606846976 * 1.1 = 1268213655067531673.6.
INSTANTIATE_TEST_SUITE_P(
    BinarySuffixes, Parses,
    testing::Values(Case{"1Ki", 1, 1024, 1024}, Case{"1Mi", 1, 1 << 20, 1 << 20},
                    Case{"256Gi", 1, 256LL << 30, 256LL << 30},
                    Case{"1.5Gi", 1, 1'610'612'736, 1'610'612'736},
                    Case{"1Ti", 1, 1LL << 40, 1LL << 40}, Case{"1Pi", 1, 1LL << 50, 1LL << 50},
                    Case{"7Ei", 1, 7LL << 60, 7LL << 60}, Case{"1.1Ki", 1, 1127, 1126},
                    Case{"0.1Gi", 1, 107'374'183, 107'374'182},
                    Case{"1.1Ei", 1, 1'268'213'655'067'531'674, 1'268'213'655'067'531'673},
                    Case{"1Ki", 1000, 1'024'000, 1'024'000}));

// A lone E is exa; E with digits is an exponent, as in Kubernetes.
INSTANTIATE_TEST_SUITE_P(
    Exponents, Parses,
    testing::Values(Case{"1e3", 1, 1000, 1000}, Case{"1E3", 1, 1000, 1000},
                    Case{"1E", 1, 1'000'000'000'000'000'000, 1'000'000'000'000'000'000},
                    Case{"1e+3", 1, 1000, 1000}, Case{"1e-3", 1000, 1, 1}, Case{"1.5e1", 1, 15, 15},
                    Case{"15e-1", 1, 2, 1}, Case{"1e0", 1, 1, 1},
                    Case{"0e99999999999999999999", 1, 0, 0},
                    Case{"1e-99999999999999999999", 1, 1, 0}, Case{"12345e-41", 1000, 1, 0},
                    Case{"0.000000000000000000000000000000000000000000005e45", 1, 5, 5},
                    Case{"50000000000000000000000000000000000000000000000e-46", 1, 5, 5}));

// However many digits, the last one counts.
TEST(Quantity, ManyDigits) {
  const std::string zeros(100'000, '0');
  EXPECT_EQ(*ParseQuantity("1." + zeros, 1, Rounding::kUp), 1);
  EXPECT_EQ(*ParseQuantity("1." + zeros + "1", 1, Rounding::kUp), 2);
  EXPECT_EQ(*ParseQuantity("1." + zeros + "1", 1, Rounding::kDown), 1);
  EXPECT_EQ(*ParseQuantity(zeros + "1", 1, Rounding::kDown), 1);
  EXPECT_EQ(*ParseQuantity("1" + zeros + "e-100000", 1, Rounding::kDown), 1);
  EXPECT_EQ(*ParseQuantity("0." + std::string(100'000, '9'), 1, Rounding::kDown), 0);
  EXPECT_EQ(*ParseQuantity("0." + std::string(100'000, '9') + "Ki", 1, Rounding::kUp), 1024);
}

TEST(Quantity, TooLarge) {
  const std::vector<std::pair<std::string, std::int64_t>> cases = {
      {"9223372036854775808", 1},
      {"9223372036854775807", 1000},
      {"8Ei", 1},
      {"10E", 1},
      {"9.3E", 1},
      {"1e19", 1},
      {"1e99999999999999999999", 1},
      {"9223372036854775.8071", 1000},
      {"281474976710656Ei", 1 << 20},  // 2^48 x 2^60 x 2^20 = 2^128
      {"9999999999999999999999999", 1},
      {"99999999999999999999999e-4", 1}};
  for (const auto& [text, scale] : cases) {
    const Result<std::int64_t> result = ParseQuantity(text, scale, Rounding::kUp);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_NE(result.error().message.find("is too large: expected at most 9223372036854775807"),
              std::string::npos)
        << result.error().message;
  }
  // Only rounding up leaves the range.
  EXPECT_EQ(*ParseQuantity("9223372036854775807.5", 1, Rounding::kDown), kMax);
  EXPECT_FALSE(ParseQuantity("9223372036854775807.5", 1, Rounding::kUp).ok());
}

TEST(Quantity, RefusesOtherText) {
  for (const char* text :
       {"",     " ",   "1 ",  " 1",    "+",    "-",   ".",    "-.",   "+.k",   "abc",
        "Ki",   "k",   "1K",  "1ki",   "1KI",  "1g",  "1 Gi", "1GiB", "1Gi2",  "1.2.3",
        "1..2", "1e",  "1e+", "1e1.5", "1e3k", "1mm", "1mi",  "0x10", "1_000", "1,5",
        "++1",  "+-1", "--1", "NaN",   "inf",  "1\n", "1h"}) {
    const Result<std::int64_t> result = ParseQuantity(text, 1, Rounding::kUp);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().message, "'" + std::string(text) +
                                          "' is not a quantity: expected a number such as 2, 0.5, "
                                          "250m, 1.5Gi or 1e3");
  }
  EXPECT_FALSE(ParseQuantity(std::string_view("1\0", 2), 1, Rounding::kUp).ok());
}

TEST(Quantity, RefusesNegative) {
  for (const char* text : {"-1", "-1n", "-0.0001", "-1e-99", "-1Gi"}) {
    const Result<std::int64_t> result = ParseQuantity(text, 1, Rounding::kDown);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().message,
              "'" + std::string(text) + "' is negative: expected a quantity of 0 or more");
  }
}

TEST(Quantity, LongTextIsCutInTheMessage) {
  const Result<std::int64_t> result = ParseQuantity(std::string(1000, 'x'), 1, Rounding::kUp);
  EXPECT_LT(result.error().message.size(), 200U);
}

TEST(Quantity, Formats) {
  EXPECT_EQ(FormatMilli(0), "0");
  EXPECT_EQ(FormatMilli(250), "250m");
  EXPECT_EQ(FormatMilli(4000), "4");
  EXPECT_EQ(FormatMilli(4001), "4001m");
  EXPECT_EQ(FormatBytes(0), "0");
  EXPECT_EQ(FormatBytes(1023), "1023");
  EXPECT_EQ(FormatBytes(1024), "1Ki");
  EXPECT_EQ(FormatBytes(1536LL << 20), "1536Mi");
  EXPECT_EQ(FormatBytes(256LL << 30), "256Gi");
  EXPECT_EQ(FormatBytes(7LL << 60), "7Ei");
  EXPECT_EQ(FormatBytes(kMax), "9223372036854775807");
}

}  // namespace
}  // namespace fairlead
