// Sweeps and searches.
#include "fairlead/sim/experiment.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/unit/sim/scenarios.h"

namespace fairlead::sim {
namespace {

const std::string kScenario =
    "mode: replay\ncluster: {nodes: 4, gpus: 8}\nseeds: {first: 1, count: 3}\n"
    "workload: {generator: {jobs: 200, span: 2h, tenants: {count: 2}}}\n"
    "policy: {order: [greedy, default]}\n";

Result<Results> Experiment(const std::string& text, const ExperimentOptions& options = {},
                           RunControl control = {}) {
  Result<yaml::Node> document = yaml::Parse(text, "s.yaml");
  if (!document) return document.error();
  const Result<Scenario> scenario = ReadScenario(*document, "s.yaml", ReadPolicy);
  if (!scenario) return scenario.error();
  return RunExperiment(*scenario, *document, ReadPolicy, options, &control);
}

TEST(Experiment, ASweepRunsTheProduct) {
  const std::string text =
      kScenario + "sweep: {cluster.nodes: [1, 2], policy.order: [greedy, fifo_strict, default]}\n";
  const Result<Results> results = Experiment(text);
  ASSERT_TRUE(results.ok()) << results.error().ToString();
  ASSERT_EQ(results->sweep.size(), 6U);
  ASSERT_EQ(results->replay.size(), 18U);
  EXPECT_EQ(results->sweep[4].settings[0].second, "2");
  EXPECT_EQ(results->sweep[4].order, "fifo_strict");
  EXPECT_EQ(results->sweep[4].seeds, 3);
  EXPECT_GT(results->sweep[0].wait_mean.mean, results->sweep[3].wait_mean.mean) << "fewer nodes";
  EXPECT_GT(results->sweep[0].wait_mean.half, 0);
  const Result<Results> together = Experiment(text, {.workers = 3, .resume_dir = ""});
  EXPECT_EQ(ResultsJson(*together), ResultsJson(*results)) << "in whatever order points end";
  EXPECT_EQ(ResultsHtml(*together), ResultsHtml(*results));
}

TEST(Experiment, ASweepGoesOnWhereItWasEnded) {
  const std::string dir = testing::TempDir() + "sweep-points";
  std::filesystem::remove_all(dir);
  const std::string text = kScenario + "sweep: {cluster.nodes: [1, 2, 3]}\n";
  RunControl watched;
  int all = 0;
  watched.stop = [&all] { return ++all < 0; };
  const Result<Results> whole = Experiment(text, {}, watched);
  const ExperimentOptions options{.workers = 1, .resume_dir = dir};
  RunControl ended;
  int looks = 0;
  ended.stop = [&looks, all] { return ++looks > all * 3 / 4; };
  const Result<Results> part = Experiment(text, options, ended);
  ASSERT_TRUE(part.ok() && part->interrupted);
  ASSERT_LT(part->replay.size(), whole->replay.size());
  const auto files = [&dir] { return std::distance(std::filesystem::directory_iterator(dir), {}); };
  EXPECT_GE(files(), 1);
  const Result<Results> rest = Experiment(text, options);
  EXPECT_EQ(ResultsJson(*rest), ResultsJson(*whole));
  EXPECT_EQ(ResultsHtml(*rest), ResultsHtml(*whole));
  EXPECT_EQ(files(), 3);
  // All is known now, so that nothing has to run.
  RunControl counted;
  int runs = 0;
  counted.stop = [&runs] { return ++runs > 100; };
  EXPECT_EQ(ResultsJson(*Experiment(text, options, counted)), ResultsJson(*whole));
  std::filesystem::remove_all(dir);
}

TEST(Experiment, SavedRunsAreReadBackExactly) {
  const Result<Results> results = Experiment(kScenario);
  ASSERT_TRUE(results.ok());
  const std::string text = SaveRun(results->replay[0]);
  const Result<ReplayResult> back = LoadRun(text);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(SaveRun(*back), text);
  EXPECT_FALSE(LoadRun(text.substr(0, text.size() - 5)).ok());
  EXPECT_FALSE(LoadRun("x" + text).ok());
}

TEST(Experiment, TheSmallestClusterOfOctober) {
  const Result<Results> results = Experiment(
      "mode: replay\ncluster: {gpus: 8, nodes: 1}\nworkload: {format: philly, jobs: " + kTraces +
      "philly_pass_2017-10.csv.gz}\npolicy: {order: greedy}\n"
      "find: {vary: cluster.nodes, least: 16, most: 200, such_that: \"wait.mean <= 600\"}\n");
  ASSERT_TRUE(results.ok()) << results.error().ToString();
  EXPECT_EQ(results->find->value, 93);
  EXPECT_EQ(MeanText(results->replay.at(0).wait.sum, results->replay.at(0).wait.count), "585.86");
}

TEST(Experiment, ASearchMayFindNothing) {
  const std::string none =
      kScenario + "find: {vary: cluster.nodes, most: 3, such_that: \"gpu_utilisation > 2\"}\n";
  const Result<Results> results = Experiment(none);
  ASSERT_TRUE(results.ok()) << results.error().ToString();
  EXPECT_FALSE(results->find->value);
  const std::string unknown =
      kScenario + "find: {vary: cluster.nodes, such_that: \"happiness > 2\"}\n";
  EXPECT_NE(Experiment(unknown).error().ToString().find("'happiness': expected one of wait.mean"),
            std::string::npos);
}

TEST(Experiment, AClusterThatCannotRunAllJobsDoesNotPass) {
  const Result<Results> results = Experiment(
      "mode: replay\ncluster: {nodes: 4, gpus: 8}\n"
      "workload: {generator: {jobs: 20, gangs: [{pods: 3, gpus: 8}, {gpus: 1}]}}\n"
      "policy: {order: greedy}\n"
      "find: {vary: cluster.nodes, most: 64, such_that: \"wait.mean <= 100000\"}\n");
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(results->find->value, 3);
}

}  // namespace
}  // namespace fairlead::sim
