#include "fairlead/cycle/queue_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing_support::Cluster;
using testing_support::Seconds;

Policy TreePolicy() {
  Policy policy;
  policy.queues = {{.name = "z"},
                   {.name = "team", .guarantee = {{"gpu/H100", 6000}}},
                   {.name = "b", .parent = "team", .state = QueueState::kHold},
                   {.name = "a", .weight = 2 * kWeightOne, .parent = "team"}};
  return policy;
}

std::map<std::string, QueueReport> ByName(const QueueTable& table) {
  std::map<std::string, QueueReport> reports;
  for (const QueueReport& report : table.queues) reports[report.name] = report;
  return reports;
}

TEST(QueueReport, AnEmptyClusterHasQueuesToo) {
  Cluster cluster;
  const QueueTable table = ReportQueues(*cluster.Take(), TreePolicy(), Seconds(5));
  EXPECT_EQ(table.at, Seconds(5));
  std::vector<std::string> names;
  for (const QueueReport& report : table.queues) names.push_back(report.name);
  EXPECT_THAT(names, ElementsAre("team", "a", "b", "z"));
  const QueueReport& a = table.queues[1];
  EXPECT_EQ(a.parent, "team");
  EXPECT_EQ(a.depth, 1U);
  EXPECT_TRUE(a.leaf);
  EXPECT_FALSE(table.queues[0].leaf);
  EXPECT_EQ(a.weight, 2 * kWeightOne);
  EXPECT_EQ(table.queues[2].state, QueueState::kHold);
  EXPECT_THAT(a.demand, IsEmpty());
  EXPECT_EQ(a.bound_by, "demand");
  EXPECT_FALSE(a.oldest_wait.has_value());
}

TEST(QueueReport, SaysWhatQueuesHoldAndWaitFor) {
  Cluster cluster;
  cluster.Node("h", {.cpu = 100, .gpus = 8, .model = "H100"});
  cluster.Node("i", {.cpu = 100, .gpus = 8, .model = "A100"});
  cluster.Gang(
      {.name = "runs", .queue = "a", .pods = 2, .milli_cpu = 500, .gpus = 1, .bound = {"h", "h"}});
  cluster.Gang({.name = "any", .queue = "a", .pods = 3, .gpus = 1, .submitted = Seconds(30)});
  cluster.Gang(
      {.name = "h100", .queue = "a", .gpus = 2, .submitted = Seconds(10), .models = {"H100"}});
  cluster.Gang({.name = "gated", .queue = "a", .gpus = 1, .submitted = Seconds(20), .gated = true});
  cluster.Gang({.name = "toolarge", .queue = "a", .pods = 20, .gpus = 1, .submitted = Seconds(40)});
  cluster.Gang({.name = "held", .queue = "b", .gpus = 1, .submitted = Seconds(50)});
  cluster.Gang({.name = "zz", .queue = "z", .gpus = 7, .bound = {"h"}});
  const auto reports = ByName(ReportQueues(*cluster.Take(), TreePolicy(), Seconds(60)));

  const QueueReport& a = reports.at("a");
  // The running two, the three of any model, the two H100: neither what is gated nor what no
  // cluster of 16 GPUs can hold.
  EXPECT_THAT(a.demand, ElementsAre(Pair("cpu", 1000), Pair("gpu/A100|H100", 3000),
                                    Pair("gpu/H100", 4000), Pair("pods", 6)));
  EXPECT_THAT(a.allocated, ElementsAre(Pair("cpu", 1000), Pair("gpu/H100", 2000), Pair("pods", 2)));
  EXPECT_EQ(a.running_gangs, 1);
  EXPECT_EQ(a.pending_gangs, 4);
  EXPECT_EQ(a.pending_pods, 3 + 1 + 1 + 20);
  EXPECT_EQ(a.oldest_wait, Duration::Seconds(50));
  // 2 of 8 H100; the node is overbooked by one, which zz holds.
  EXPECT_EQ(a.dominant_share, (Share{2, 8}));

  const QueueReport& team = reports.at("team");
  EXPECT_EQ(team.demand, a.demand) << "what is on hold is no demand";
  EXPECT_THAT(team.guarantee, ElementsAre(Pair("gpu/H100", 6000)));
  // 6 guaranteed, 2 held, none free: the other 4 are lent.
  EXPECT_THAT(team.lent, ElementsAre(Pair("gpu/H100", 4000)));
  EXPECT_EQ(team.pending_gangs, 5);
  EXPECT_EQ(team.running_gangs, 1);
  EXPECT_THAT(reports.at("z").borrowed, ElementsAre(Pair("gpu/H100", 7000), Pair("pods", 1)));
  EXPECT_EQ(reports.at("b").demand, NamedAmounts{});
  EXPECT_EQ(reports.at("b").oldest_wait, Duration::Seconds(10));
}

TEST(QueueReport, EntitlementsAreThoseOfTheSolver) {
  // 8 GPUs, a:z = 2:1 (team:z = 1:1 on the root, a alone below team): 4 each.
  Cluster cluster;
  cluster.Node("h", {.gpus = 8, .model = "H100"});
  Policy policy = TreePolicy();
  policy.queues[1].guarantee.clear();
  policy.queues[3].limit = {{"gpu/H100", 3000}};
  for (const char* queue : {"a", "z"}) {
    cluster.Gang({.name = std::string("g") + queue, .queue = queue, .pods = 8, .gpus = 1});
  }
  const auto reports = ByName(ReportQueues(*cluster.Take(), policy, Seconds(60)));
  // a is held by its limit of 3; z gets the rest.
  EXPECT_EQ(FindAmount(reports.at("a").entitlement, "gpu/H100"), 3000);
  EXPECT_EQ(FindAmount(reports.at("z").entitlement, "gpu/H100"), 5000);
  EXPECT_EQ(reports.at("a").bound_by, "limit gpu/H100");
  EXPECT_EQ(reports.at("a").entitled_share, (Share{3, 8}));
}

TEST(QueueReport, ShowsDecayedUsage) {
  Cluster cluster;
  const UsageHistory history{Seconds(60), {{"a", {17, 4}}, {"gone", {1, 1}}}};
  const auto reports = ByName(ReportQueues(*cluster.Take(), TreePolicy(), Seconds(60), &history));
  EXPECT_EQ(reports.at("a").decayed_usage, 17);
  EXPECT_EQ(reports.at("z").decayed_usage, 0);
}

TEST(QueueReport, TheLargestRequestsDoNotOverflow) {
  Cluster cluster;
  cluster.Node("n", {.cpu = 9'000'000'000'000'000});
  for (int g = 0; g < 50; ++g) {
    cluster.Gang({.name = "g" + std::to_string(g),
                  .queue = "z",
                  .pods = 9,
                  .milli_cpu = 1'000'000'000'000'000'000});
  }
  const auto reports = ByName(ReportQueues(*cluster.Take(), TreePolicy(), Seconds(60)));
  // Sums stop at 2^61 or before, and stay above what the cluster has.
  const std::int64_t wanted = FindAmount(reports.at("z").demand, "cpu").value_or(0);
  EXPECT_GE(wanted, 1'000'000'000'000'000'000);
  EXPECT_LE(wanted, std::int64_t{1} << 61);
}

}  // namespace
}  // namespace fairlead
