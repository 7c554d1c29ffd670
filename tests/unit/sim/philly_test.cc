// Microsoft's gangs of October 2017 under the reference orders, held against results that were
// computed by two other implementations.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/unit/sim/scenarios.h"

namespace fairlead::sim {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows ReadRows(const std::string& name) {
  std::ifstream file(std::string(FAIRLEAD_SOURCE_DIR) + "/tests/data/replay/" + name);
  Rows rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    std::vector<std::string>& row = rows.emplace_back();
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
  }
  return rows;
}

const std::map<std::string, std::string>& OrderNames() {
  static const std::map<std::string, std::string> kNames = {{"FIFO", "fifo_strict"},
                                                            {"SJF", "shortest_first"},
                                                            {"GREEDY", "greedy"},
                                                            {"FAIR", "fair_least_allocated"}};
  return kNames;
}

std::string October(const std::string& nodes, const std::string& order) {
  return "mode: replay\ncluster: {gpus: 8, nodes: " + nodes +
         "}\nworkload: {format: philly, jobs: " + kTraces +
         "philly_pass_2017-10.csv.gz}\npolicy: {order: " + order + "}\n";
}

ReplayResult Replayed(const std::string& nodes, const std::string& order) {
  static std::map<std::string, ReplayResult> known;
  const auto it = known.find(nodes + order);
  if (it != known.end()) return it->second;
  const Result<Results> results = RunOf(October(nodes, order));
  EXPECT_TRUE(results.ok()) << results.error().ToString();
  return known[nodes + order] = results->replay.at(0);
}

std::string Fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

TEST(Philly, ReferenceOrdersMatchToTheCent) {
  const Rows rows = ReadRows("expected_replay.csv");
  ASSERT_EQ(rows.size(), 12U);
  for (const std::vector<std::string>& row : rows) {
    const ReplayResult got = Replayed(row[1], OrderNames().at(row[2]));
    const std::vector<std::string> ours = {row[0],
                                           row[1],
                                           row[2],
                                           std::to_string(got.jobs),
                                           MeanText(got.wait.sum, got.wait.count),
                                           std::to_string(got.wait.p50),
                                           std::to_string(got.wait.p90),
                                           std::to_string(got.wait.p95),
                                           std::to_string(got.wait.p99),
                                           std::to_string(got.wait.max),
                                           MeanText(got.jct_sum, got.ended),
                                           std::to_string(got.makespan),
                                           Fixed(got.utilisation),
                                           std::to_string(got.jobs_waited)};
    EXPECT_EQ(ours, row);
  }
}

TEST(Philly, EachQueueMatchesToTheCent) {
  const Rows rows = ReadRows("expected_replay_per_vc.csv");
  ASSERT_EQ(rows.size(), 66U);
  for (const std::vector<std::string>& row : rows) {
    const ReplayResult got = Replayed(row[1], OrderNames().at(row[2]));
    for (const QueueResult& queue : got.queues) {
      if (queue.queue != row[3]) continue;
      EXPECT_EQ(std::to_string(queue.jobs), row[4]);
      EXPECT_EQ(MeanText(queue.wait.sum, queue.wait.count), row[5]) << row[1] << row[2] << row[3];
    }
  }
}

TEST(Philly, FairnessErrors) {
  EXPECT_NEAR(Replayed("80", "greedy").fairness_error, 0.00523, 0.00001);
  EXPECT_NEAR(Replayed("80", "fair_least_allocated").fairness_error, 0.00393, 0.00001);
  EXPECT_NEAR(Replayed("80", "shortest_first").fairness_error, 0.00254, 0.00001);
  EXPECT_EQ(Replayed("80", "fifo_strict").longest_wait_many, 129'926);
}

}  // namespace
}  // namespace fairlead::sim
