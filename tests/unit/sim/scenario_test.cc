// Scenarios: what is read, what is refused and where, and what --set does.
#include "fairlead/sim/scenario.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/sim/scenarios.h"

namespace fairlead::sim {
namespace {

const std::string kPlain =
    "mode: replay\n"
    "cluster: {nodes: 4, gpus: 8}\n"
    "workload: {generator: {jobs: 20}}\n";

TEST(Scenario, ErrorsHaveLineAndColumn) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"mode: replay\ncluster: {nodes: 4, gpus: 8}\n", "workload: missing"},
      {kPlain + "wokload: 1\n", "s.yaml:4:1: wokload: unknown key"},
      {"mode: rewind\ncluster: {nodes: 4, gpus: 8}\nworkload: {generator: {}}\n",
       "s.yaml:1:7: mode: 'rewind': expected one of saturation, replay"},
      {"mode: replay\ncluster: {nodes: 0, gpus: 8}\nworkload: {generator: {}}\n",
       "s.yaml:2:18: cluster.nodes"},
      {"mode: replay\ncluster: {nodes: 4}\nworkload: {generator: {}}\n", "no nodes"},
      {"mode: replay\ncluster: {nodes: 4, gpus: 8, gpu: 1}\nworkload: {generator: {}}\n",
       "s.yaml:2:30: cluster.gpu: unknown key"},
      {"mode: replay\ncluster: {nodes: 4, gpus: 8}\nworkload: {jobs: a.csv}\n",
       "workload.format: missing"},
      {"mode: replay\ncluster: {nodes: 4, gpus: 8}\nworkload: {jobs: a, format: x}\n",
       "s.yaml:3:29: workload.format: 'x': expected one of openb"},
      {"mode: replay\ncluster: {nodes: 4, gpus: 8}\nworkload: {}\n",
       "expected one of jobs, pods and generator"},
      {kPlain + "policy: {order: fastest}\n",
       "s.yaml:4:17: policy.order: 'fastest': expected one of default, fifo_strict"},
      {kPlain + "policy: {agng: {}}\n", "s.yaml:4:10: policy.agng: unknown key"},
      {kPlain + "queues: [{name: a, weight: -1}]\n", "s.yaml:4:28: queues[0].weight"},
      {kPlain + "faults: [{at: 5, node: x}]\n", "faults[0].kind: missing"},
      {kPlain + "find: {vary: cluster.nodes, such_that: soon}\n",
       "s.yaml:4:40: find.such_that: 'soon': expected a figure"},
      {kPlain + "seeds: []\n", "s.yaml:4:8: seeds: an empty list"},
  };
  for (const auto& [text, message] : cases) {
    const Result<Scenario> scenario = ScenarioOf(text);
    ASSERT_FALSE(scenario.ok()) << text;
    EXPECT_NE(scenario.error().ToString().find(message), std::string::npos)
        << scenario.error().ToString() << "\nexpected: " << message;
  }
}

TEST(Scenario, SettingsTakeThePlaceOfWhatStandsThere) {
  const Result<Scenario> scenario = ScenarioOf(
      kPlain, {"cluster.nodes=96", "policy.order=[greedy, default]", "policy.placement=fgd",
               "workload.generator.jobs=7", "seeds={first: 3, count: 2}"});
  ASSERT_TRUE(scenario.ok()) << scenario.error().ToString();
  EXPECT_EQ(scenario->cluster.shapes.at(0).second, 96);
  EXPECT_EQ(scenario->orders, (std::vector<Order>{Order::kGreedy, Order::kDefault}));
  EXPECT_EQ(scenario->placements, std::vector<Placement>{Placement::kFgd});
  EXPECT_EQ(scenario->workload.generator->jobs, 7);
  EXPECT_EQ(scenario->seeds, (std::vector<std::uint32_t>{3, 4}));
  EXPECT_FALSE(ScenarioOf(kPlain, {"cluster.nodes"}).ok());
  EXPECT_FALSE(ScenarioOf(kPlain, {"mode.x=1"}).ok());
  EXPECT_FALSE(ScenarioOf(kPlain, {"cluster.nods=1"}).ok());
}

TEST(Scenario, FilesOnTheCommandLineTakeThePlaceOfTheWorkload) {
  const Result<Scenario> pods = ScenarioOf(kPlain, {"workload.pods=p.csv"});
  ASSERT_TRUE(pods.ok()) << pods.error().ToString();
  EXPECT_EQ(pods->workload.format, "openb");
  EXPECT_EQ(pods->workload.pods, "p.csv");
  EXPECT_FALSE(pods->workload.generator);
  const Result<Scenario> jobs =
      ScenarioOf(kPlain, {"workload.jobs=j.csv", "workload.format=philly"});
  ASSERT_TRUE(jobs.ok()) << jobs.error().ToString();
  EXPECT_EQ(jobs->workload.jobs, "j.csv");
}

TEST(Scenario, TheSchemaIsJsonThatNamesTheKeys) {
  const std::string schema = ScenarioSchema();
  for (const char* key : {"\"nodes_file\"", "\"generator\"", "\"such_that\"", "\"decide_every\""}) {
    EXPECT_NE(schema.find(key), std::string::npos) << key;
  }
  EXPECT_TRUE(yaml::Parse(schema, "schema").ok()) << "JSON is YAML";
}

TEST(Scenario, SameScenarioAndSeedSameBytes) {
  const std::string text =
      "mode: replay\ncluster: {nodes: 3, gpus: 8}\nseeds: [1, 2]\n"
      "workload: {generator: {jobs: 300, span: 1h, tenants: {count: 3, skew: 0.5}, gangs: "
      "[{weight: 4, gpus: 2}, {pods: 2, gpus: 8}]}}\n"
      "policy: {order: [default, greedy]}\n";
  const Result<Results> once = RunOf(text);
  const Result<Results> again = RunOf(text);
  ASSERT_TRUE(once.ok()) << once.error().ToString();
  EXPECT_EQ(ResultsJson(*once), ResultsJson(*again));
  EXPECT_EQ(ResultsHtml(*once), ResultsHtml(*again));
  EXPECT_EQ(ResultsCsv(*once), ResultsCsv(*again));
  EXPECT_NE(once->replay[0].wait.sum, once->replay[2].wait.sum) << "another seed";
}

TEST(Scenario, JobsLargerThanTheClusterAreListed) {
  const std::string text =
      "mode: replay\ncluster: {nodes: 2, gpus: 8}\n"
      "workload: {generator: {jobs: 10, gangs: [{pods: 3, gpus: 8}]}}\n"
      "policy: {order: [greedy, default]}\n";
  const Result<Results> results = RunOf(text);
  ASSERT_TRUE(results.ok()) << results.error().ToString();
  for (const ReplayResult& run : results->replay) {
    EXPECT_EQ(run.too_large.size(), 10U);
    EXPECT_EQ(run.jobs, 0);
  }
}

TEST(Scenario, WhatWasPublishedMustBeThere) {
  const std::string text = "mode: saturation\nseeds: [42]\ncluster: {nodes_file: " + kTraces +
                           "openb_node_list_gpu_node.csv.gz}\nworkload: {pods: " + kTraces +
                           "openb_pod_list_default.csv.gz}\npolicy: {placement: fgd}\n";
  EXPECT_FALSE(RunOf(text, {"expect.file=/none.csv"}).ok()) << "no such file";
  const std::string head = "workload,policy,metric,arrived_pct,n_seeds,mean,sd,min,max\n";
  const std::string path = testing::TempDir() + "published.csv";
  const auto write = [&](const std::string& rows) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    std::fputs((head + rows).c_str(), file);
    std::fclose(file);
  };
  write("default,Random,alloc_pct,100,10,86.3,0,0,0\n");
  EXPECT_FALSE(RunOf(text, {"expect.file=" + path}).ok()) << "nothing of fgd";
  write("default,FGD,alloc_pct,100,10,95.23,0,0,0\n");
  Result<Results> results = RunOf(text, {"expect.file=" + path});
  ASSERT_TRUE(results.ok()) << results.error().ToString();
  EXPECT_TRUE(results->summary.at(0).Reproduced());
  write("default,FGD,alloc_pct,100,10,94.23,0,0,0\n");
  results = RunOf(text, {"expect.file=" + path});
  EXPECT_FALSE(results->summary.at(0).Reproduced());
  (void)std::remove(path.c_str());
}

}  // namespace
}  // namespace fairlead::sim
