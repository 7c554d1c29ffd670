// Decayed usage in decisions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing::ElementsAre;
using testing_support::Cluster;
using testing_support::Seconds;

std::vector<std::string> Started(const Snapshot& snapshot, const Plan& plan) {
  std::vector<std::string> names;
  for (const Placement& placement : plan.bind) {
    names.push_back(FindGang(snapshot, placement.gang)->key.name);
  }
  return names;
}

TEST(HistoryInOrder, WhoHasUsedMoreThanHisShareComesLater) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 3});
  for (const char* name : {"a1", "a2", "a3", "b1", "b2", "b3"}) {
    cluster.Gang({.name = name, .queue = std::string(name, 1), .gpus = 1, .submitted = Seconds(1)});
  }
  const auto snapshot = cluster.Take();
  Policy policy;
  policy.queues = {{.name = "a"}, {.name = "b"}};
  policy.history.strength = kWeightOne;
  // a has held four times what it was entitled to: its weight is 1/4.
  const UsageHistory history{Seconds(60), {{"a", {4'000'000, 1'000'000}}, {"b", {5, 5}}}};

  DecideInput input{*snapshot, policy, Seconds(100)};
  // 1.5 GPUs for each: in turn.
  EXPECT_THAT(Started(*snapshot, Decide(input).plan), ElementsAre("a1", "b1", "a2"));
  input.history = &history;
  // 0.6 for a and 2.4 for b; the first turn is a's by name.
  const Plan plan = Decide(input).plan;
  EXPECT_THAT(Started(*snapshot, plan), ElementsAre("a1", "b1", "b2"));

  const std::string dump = DumpDecision(input, plan);
  const auto record = LoadDecision(dump);
  ASSERT_TRUE(record.ok()) << record.error().ToString();
  ASSERT_TRUE(record->history.has_value());
  EXPECT_EQ(*record->history, history);
  EXPECT_EQ(PlanToJson(record->snapshot, Decide(record->Input()).plan), record->plan_json);
  EXPECT_EQ(DumpDecision(record->Input(), plan), dump);

  policy.history.strength = 0;
  EXPECT_THAT(Started(*snapshot, Decide(input).plan), ElementsAre("a1", "b1", "a2")) << "off";
}

}  // namespace
}  // namespace fairlead
