#include "fairlead/base/time.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace fairlead {
namespace {

TEST(InstantText, Parses) {
  const std::vector<std::pair<std::string, std::int64_t>> cases = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T00:00:00.000000001Z", 1},
      {"2026-01-01T12:00:00Z", 1'767'268'800'000'000'000},
      {"2026-01-01T13:30:00+01:30", 1'767'268'800'000'000'000},
      {"2026-01-01T04:00:00-08:00", 1'767'268'800'000'000'000},
      {"2026-01-01t12:00:00z", 1'767'268'800'000'000'000},
      {"2024-02-29T00:00:00Z", 1'709'164'800'000'000'000},
      {"2000-02-29T23:59:59.5Z", 951'868'799'500'000'000},
      {"2261-12-31T23:59:59.999999999Z", 9'214'646'399'999'999'999}};
  for (const auto& [text, ns] : cases) {
    const Result<Instant> result = ParseInstant(text);
    ASSERT_TRUE(result.ok()) << text << ": " << result.error().ToString();
    EXPECT_EQ(result->ns, ns) << text;
  }
}

TEST(InstantText, Refuses) {
  for (const char* text : {"",
                           "2026-01-01",
                           "2026-01-01T12:00:00",
                           "2026-01-01 12:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.0000000001Z",
                           "2026-01-01T00:00:00+1:00",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00Zx",
                           "1969-12-31T23:59:59Z",
                           "1970-01-01T00:00:00+00:01",
                           "2262-01-01T00:00:00Z",
                           "26-01-01T00:00:00Z",
                           "+2026-01-01T00:00:00Z",
                           "2026-1-1T00:00:00Z"}) {
    const Result<Instant> result = ParseInstant(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().message, "'" + std::string(text) +
                                          "' is not a time: expected RFC 3339 of the years 1970 to "
                                          "2261, such as 2026-01-31T12:00:00Z");
  }
}

TEST(InstantText, Formats) {
  const std::vector<std::pair<std::int64_t, std::string>> cases = {
      {0, "1970-01-01T00:00:00Z"},
      {1'767'268'800'000'000'000, "2026-01-01T12:00:00Z"},
      {1'767'268'800'250'000'000, "2026-01-01T12:00:00.25Z"},
      {1, "1970-01-01T00:00:00.000000001Z"},
      {-1, "1969-12-31T23:59:59.999999999Z"},
      {-86'400'000'000'000, "1969-12-31T00:00:00Z"},
      {std::numeric_limits<std::int64_t>::min(), "1677-09-21T00:12:43.145224192Z"},
      {std::numeric_limits<std::int64_t>::max(), "2262-04-11T23:47:16.854775807Z"}};
  for (const auto& [ns, text] : cases) EXPECT_EQ(FormatInstant(Instant{ns}), text);
}

TEST(DurationText, ParsesAndFormats) {
  struct Case {
    std::string text;
    std::int64_t ns;
    std::string normal;
  };
  const std::vector<Case> cases = {
      {"0s", 0, "0s"},
      {"30s", 30'000'000'000, "30s"},
      {"1h30m", 5'400'000'000'000, "1h30m"},
      {"90m", 5'400'000'000'000, "1h30m"},
      {"250ms", 250'000'000, "250ms"},
      {"2m3ms", 120'003'000'000, "2m3ms"},
      {"1500us", 1'500'000, "1ms500us"},
      {"7ns", 7, "7ns"},
      {"1d2h3m4s5ms6us7ns", 93'784'005'006'007, "1d2h3m4s5ms6us7ns"},
      {"24h", 86'400'000'000'000, "1d"},
      {"9223372036854775807ns", std::numeric_limits<std::int64_t>::max(),
       "106751d23h47m16s854ms775us807ns"}};
  for (const Case& c : cases) {
    const Result<Duration> result = ParseDuration(c.text);
    ASSERT_TRUE(result.ok()) << c.text << ": " << result.error().ToString();
    EXPECT_EQ(result->ns, c.ns) << c.text;
    EXPECT_EQ(FormatDuration(*result), c.normal);
  }
}

TEST(DurationText, FormatsNegative) {
  EXPECT_EQ(FormatDuration(Duration{-1'500'000'000}), "-1s500ms");
  EXPECT_EQ(FormatDuration(Duration{std::numeric_limits<std::int64_t>::min()}),
            "-106751d23h47m16s854ms775us808ns");
}

TEST(DurationText, Refuses) {
  for (const char* text : {"", "30", "s", "30 s", "1.5h", "-1s", "+1s", "1m1h", "1s1s", "1w", "1S",
                           "1h30", "1h 30m", "1e3s", "1ms1s"}) {
    const Result<Duration> result = ParseDuration(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_NE(result.error().message.find("is not a duration"), std::string::npos) << text;
  }
  for (const char* text : {"106752d", "9223372036854775808ns", "99999999999999999999999s",
                           "106751d23h47m16s854ms775us808ns"}) {
    const Result<Duration> result = ParseDuration(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_NE(result.error().message.find("is too long"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace fairlead
