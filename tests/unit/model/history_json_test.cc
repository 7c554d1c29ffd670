#include "fairlead/model/history_json.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fairlead {
namespace {

UsageHistory Example() {
  return {Instant{} + Duration::Seconds(600), {{"a \"b\"", {1, 2}}, {"c", {1LL << 50, 0}}}};
}

TEST(HistoryJson, ComesBackTheSame) {
  for (const UsageHistory& history : {UsageHistory{}, Example()}) {
    const std::string text = HistoryToJson(history);
    const auto again = HistoryFromJson(text);
    ASSERT_TRUE(again.ok()) << again.error().ToString();
    EXPECT_EQ(*again, history);
    EXPECT_EQ(HistoryToJson(*again), text);
  }
}

TEST(HistoryJson, RefusesWhatItDidNotWrite) {
  const std::string good = HistoryToJson(Example());
  struct Case {
    const char* from;
    const char* to;
    const char* error;
  };
  const std::vector<Case> cases = {
      {"{\"kind\"", "[\"kind\"", "not JSON"},
      {"fairlead-usage", "fairlead-decision", "usage.kind: expected \"fairlead-usage\""},
      {"\"format\":1", "\"format\":2", "usage.format: expected an integer from 1 to 1"},
      {"\"tick_ns\":600000000000", "\"tick_ns\":600000000001",
       "usage.tick_ns: expected a multiple of one minute"},
      {"\"tick_ns\":600000000000", "\"tick_ns\":-60000000000",
       "usage.tick_ns: expected an integer"},
      {"\"usage\":1,", "\"usage\":-1,", "usage.queues.usage: expected an integer from 0"},
      {"\"usage\":1,", "\"usage\":1.5,", "usage.queues.usage: expected an integer"},
      {"\"target\":2", "\"target\":9223372036854775807", "usage.queues.target: expected"},
      {"\"target\":2", "\"target\":2,\"more\":1", "usage.queues: expected exactly 3 fields"},
      {"\"format\":1", "\"format\":1,\"more\":1", "usage: expected exactly 4 fields"},
      {"\"c\"", "\"a\"", "usage.queues.name: expected names in order, each once"},
  };
  for (const Case& c : cases) {
    std::string text = good;
    const std::size_t at = text.find(c.from);
    ASSERT_NE(at, std::string::npos) << c.from;
    text.replace(at, std::string(c.from).size(), c.to);
    const auto history = HistoryFromJson(text);
    ASSERT_FALSE(history.ok()) << c.to;
    EXPECT_NE(history.error().ToString().find(c.error), std::string::npos)
        << history.error().ToString();
  }
  EXPECT_FALSE(HistoryFromJson("").ok());
}

}  // namespace
}  // namespace fairlead
