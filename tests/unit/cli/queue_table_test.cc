#include "scheduler/cli/queue_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace fairlead::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kGi = 1LL << 30;

// Two teams below "research", and "batch" beside it, of a cluster with 64 GPUs.
QueueTable Sample() {
  QueueTable table;
  table.at = Instant{1'767'225'600'500'000'000};  // 2026-01-01T00:00:00.5Z
  table.version = 12;
  QueueReport research;
  research.name = "research";
  research.leaf = false;
  research.weight = 2 * kWeightOne;
  research.demand = {{"gpu/H100", 72'000}};
  research.guarantee = {{"gpu/H100", 32'000}};
  research.entitlement = {{"gpu/H100", 48'000}};
  research.allocated = {{"gpu/H100", 40'000}};
  research.borrowed = {{"gpu/H100", 8'000}};
  research.dominant_share = {40, 64};
  research.entitled_share = {48, 64};
  research.bound_by = "weight gpu/H100";
  research.pending_gangs = 3;
  research.running_gangs = 5;
  research.oldest_wait = Duration::Seconds(192);
  QueueReport vision = research;
  vision.name = "vision";
  vision.parent = "research";
  vision.depth = 1;
  vision.leaf = true;
  vision.weight = 1'500'000;
  vision.state = QueueState::kHold;
  vision.allocated = {{"cpu", 1'500}, {"gpu/H100", 40'000}, {"memory", 100 * kGi}};
  QueueReport batch;
  batch.name = "batch";
  batch.dominant_share = {1, 3};
  table.queues = {research, vision, batch};
  return table;
}

ScreenStyle Plain(int columns) {
  return {.columns = columns, .rows = 24, .colour = false, .unicode = false};
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(QueueTableText, ShowsEveryColumnWhereThereIsRoom) {
  EXPECT_EQ(
      QueueTableText(Sample(), Plain(kAnyWidth)),
      "QUEUE     STATE  WEIGHT  RESOURCE  DEMAND  GUARANTEE  ENTITLED  ALLOCATED  BORROWED  LENT  "
      "  SHARE  PENDING  RUNNING  OLDEST  BOUND BY\n"
      "research  open        2  gpu/H100      72         32        48         40         8     0  "
      "62.50 %        3        5   3m12s  weight gpu/H100\n"
      "  vision  hold      1.5  cpu            0          0         0        1.5         0     0  "
      "62.50 %        3        5   3m12s  weight gpu/H100\n"
      "                         gpu/H100      72         32        48         40         8     0\n"
      "                         memory         0          0         0      100Gi         0     0\n"
      "batch     open        1                                                                    "
      "33.33 %        0        0       -\n");
}

TEST(QueueTableText, LeavesOutTheLeastImportantWhereItIsNarrow) {
  const auto header = [](int columns) {
    return LinesOf(QueueTableText(Sample(), Plain(columns))).at(0);
  };
  EXPECT_THAT(header(141), HasSubstr("LENT"));
  EXPECT_THAT(header(140), Not(HasSubstr("LENT")));
  EXPECT_THAT(header(140), HasSubstr("BOUND BY"));
  EXPECT_EQ(header(80),
            "QUEUE     RESOURCE  DEMAND  ENTITLED  ALLOCATED    SHARE  PENDING  RUNNING");
  EXPECT_EQ(header(47), "QUEUE     RESOURCE  ENTITLED  ALLOCATED");
  EXPECT_EQ(header(48), "QUEUE     RESOURCE  ENTITLED  ALLOCATED    SHARE");
}

TEST(QueueTableText, NoLineIsWiderThanTheTerminal) {
  QueueTable table = Sample();
  table.queues[1].name = "a-team-with-quite-a-long-name-as-some-have";
  for (int columns = 1; columns < 260; ++columns) {
    for (const std::string& line : LinesOf(QueueTableText(table, Plain(columns)))) {
      EXPECT_LE(std::ssize(line), columns) << line;
    }
  }
}

// 171 columns are 141 of all columns, 2 between, and 28 of the bar: 62.5 % of them are 17 full
// cells, and the mark stands at 75 %, the 21st.
TEST(QueueTableText, DrawsABarWhereRoomIsLeft) {
  const std::vector<std::string> lines = LinesOf(QueueTableText(Sample(), Plain(171)));
  EXPECT_THAT(lines.at(1), HasSubstr("62.50 %  #################    |              3"));
  EXPECT_THAT(lines.at(3), EndsWith("40         8     0"));
}

TEST(QueueTableText, ColoursAreOnlyWhereTheyAreWanted) {
  ScreenStyle style = Plain(170);
  EXPECT_THAT(QueueTableText(Sample(), style), Not(HasSubstr("\x1b")));
  style.colour = true;
  style.unicode = true;
  const std::string text = QueueTableText(Sample(), style);
  EXPECT_THAT(text, HasSubstr("\x1b[33mhold\x1b[0m"));
  EXPECT_THAT(text, HasSubstr("\u2588"));
}

TEST(QueueTableText, WithoutQueuesItIsAHeader) {
  EXPECT_EQ(LinesOf(QueueTableText({}, Plain(kAnyWidth))).size(), 1U);
}

TEST(QueueFrame, SaysHowManyLinesDoNotFit) {
  ScreenStyle style = Plain(100);
  EXPECT_EQ(LinesOf(QueueFrame(Sample(), "title", style)).size(), 7U);
  style.rows = 4;
  const std::vector<std::string> lines = LinesOf(QueueFrame(Sample(), "title", style));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "title");
  EXPECT_THAT(lines[2], HasSubstr("research"));
  EXPECT_EQ(lines[3], "... and 4 lines more");
}

TEST(QueueTitle, CountsTheLeaves) {
  EXPECT_EQ(QueueTitle(Sample()), "2026-01-01T00:00:00Z  3 queues, 3 gangs wait, 5 run");
}

TEST(AmountText, IsShortAndInTheUnitsOfPeople) {
  struct Case {
    const char* resource;
    std::int64_t amount;
    const char* text;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"cpu", 250, "0.25"},
           {"cpu", 12'000, "12"},
           {"gpu/A100|H100", 8'500, "8.5"},
           {"cpu", std::numeric_limits<std::int64_t>::max(), "9223372036854775.807"},
           {"memory", 0, "0"},
           {"memory", 1023, "1023"},
           {"memory", 1536, "1.5Ki"},
           {"memory", 100 * kGi + kGi / 4, "100.3Gi"},
           {"memory", kGi - 1, "1024Mi"},
           {"ephemeral-storage", std::numeric_limits<std::int64_t>::max(), "8Ei"},
           {"pods", 110, "110"},
           {"example.com/nic", 4000, "4000"}}) {
    EXPECT_EQ(AmountText(c.resource, c.amount), c.text);
  }
}

TEST(QueueTableJson, IsOneLineWithExactValues) {
  QueueTable table = Sample();
  table.queues = {table.queues[1], table.queues[2]};
  table.queues[0].decayed_usage = 5 << 19;  // 2.5 with 20 fractional bits
  EXPECT_EQ(
      QueueTableJson(table),
      R"({"at":"2026-01-01T00:00:00.5Z","version":12,"queues":[)"
      R"({"name":"vision","parent":"research","depth":1,"leaf":true,"state":"hold","weight":"1.5",)"
      R"("demand":{"gpu/H100":"72"},"guarantee":{"gpu/H100":"32"},"entitlement":{"gpu/H100":"48"},)"
      R"("allocated":{"cpu":"1500m","gpu/H100":"40","memory":"100Gi"},"borrowed":{"gpu/H100":"8"},)"
      R"("lent":{},"dominant_share":"5/8","entitled_share":"3/4","bound_by":"weight gpu/H100",)"
      R"("decayed_usage":"2.5000","pending_gangs":3,"running_gangs":5,"pending_pods":0,)"
      R"("oldest_wait_ms":192000},)"
      R"({"name":"batch","parent":"","depth":0,"leaf":true,"state":"open","weight":"1",)"
      R"("demand":{},"guarantee":{},"entitlement":{},"allocated":{},"borrowed":{},"lent":{},)"
      R"("dominant_share":"1/3","entitled_share":"0/1","bound_by":"","decayed_usage":"0.0000",)"
      R"("pending_gangs":0,"running_gangs":0,"pending_pods":0,"oldest_wait_ms":null}]})"
      "\n");
}

}  // namespace
}  // namespace fairlead::cli
