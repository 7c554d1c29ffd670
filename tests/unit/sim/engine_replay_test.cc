// The live engine in virtual time.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/unit/sim/scenarios.h"

namespace fairlead::sim {
namespace {

// Four jobs on one node of 8 GPUs.
class EngineReplayTest : public testing::Test {
 protected:
  EngineReplayTest() : path_(testing::TempDir() + "engine_replay.csv") {}
  ~EngineReplayTest() override { (void)std::remove(path_.c_str()); }

  Result<Results> Run(const std::string& rows, const std::string& more = "", int nodes = 1) {
    std::ofstream(path_) << "id,queue,submit_s,duration_s,pods,gpus\n" << rows;
    return RunOf("mode: replay\ncluster: {gpus: 8, nodes: " + std::to_string(nodes) +
                 "}\nworkload: {format: csv, jobs: " + path_ + "}\n" + more);
  }

  std::string path_;
};

TEST_F(EngineReplayTest, JobsWaitForRoom) {
  const Result<Results> results =
      Run("a,q,0,100,1,8\n"
          "b,q,10,50,1,8\n"
          "c,q,20,50,1,1\n");
  ASSERT_TRUE(results.ok()) << results.error().ToString();
  const ReplayResult& run = results->replay.at(0);
  // a 0..100; b 100..150; c waits for both, since b takes the whole node.
  EXPECT_EQ(run.wait.sum, 0 + 90 + 130);
  EXPECT_EQ(run.makespan, 200);
  EXPECT_EQ(run.jobs_waited, 2);
  EXPECT_EQ(run.unfinished, 0);
  // 800 + 400 + 50 GPU seconds of 8 x 200.
  EXPECT_DOUBLE_EQ(run.utilisation, 1250.0 / 1600);
}

TEST_F(EngineReplayTest, GangsStartWholeOrNotAtAll) {
  const Result<Results> results =
      Run("a,q,0,100,1,8\n"
          "gang,q,1,10,2,8\n"
          "b,q,50,30,1,8\n",
          "", 2);
  ASSERT_TRUE(results.ok());
  // The second node is free at 1, but the gang needs both; b passes it at 50.
  EXPECT_EQ(results->replay.at(0).wait.sum, 99);
  EXPECT_EQ(results->replay.at(0).evictions, 0);
}

TEST_F(EngineReplayTest, WeightsOfQueuesDivideTheCluster) {
  std::string rows;
  for (int j = 0; j < 400; ++j) {
    rows += "x" + std::to_string(j) + ",x,0,100,1,1\n";
    rows += "y" + std::to_string(j) + ",y,0,100,1,1\n";
  }
  const Result<Results> results = Run(rows, "queues: [{name: x, weight: 3}, {name: y}]\n");
  ASSERT_TRUE(results.ok()) << results.error().ToString();
  const ReplayResult& run = results->replay.at(0);
  ASSERT_EQ(run.queues.size(), 2U);
  // 6 and 2 of 8 GPUs until x is through: 67 rounds of 100 s; then y alone.
  EXPECT_NEAR(run.series.front().share[0], 0.75, 0.001);
  EXPECT_NEAR(run.series.front().share[1], 0.25, 0.001);
  EXPECT_NEAR(run.series.front().entitled[0], 0.75, 0.001);
  EXPECT_LT(run.fairness_error, 0.003);
  EXPECT_EQ(run.makespan, 10'000);
}

TEST_F(EngineReplayTest, AJobOfAQueueThatDoesNotExistNeverStarts) {
  const Result<Results> results =
      Run("a,q,0,100,1,8\nb,other,0,100,1,8\n", "queues: [{name: q}]\n");
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(results->replay.at(0).unstarted, std::vector<std::string>{"b"});
  EXPECT_EQ(results->replay.at(0).unfinished, 1);
}

TEST_F(EngineReplayTest, NodesFailAndComeBack) {
  const std::string rows = "a,q,0,100,1,8\nb,q,0,100,1,8\n";
  const std::string faults =
      "faults: [{at: 50, node: node-0, kind: down}, {at: 120, node: node-0, kind: up}]\n";
  for (const std::string order : {"default", "greedy"}) {
    const Result<Results> results = Run(rows, faults + "policy: {order: " + order + "}\n", 2);
    ASSERT_TRUE(results.ok()) << results.error().ToString();
    const ReplayResult& run = results->replay.at(0);
    // One of the two loses 50 s on 8 GPUs and starts anew on the other node at 100.
    EXPECT_EQ(run.preempted_gpu_milli_seconds, 400'000) << order;
    EXPECT_EQ(run.evictions, 1) << order;
    EXPECT_EQ(run.makespan, 200) << order;
    EXPECT_EQ(run.unfinished, 0) << order;
  }
}

TEST_F(EngineReplayTest, ADrainedNodeGetsNothingNew) {
  const std::string rows = "a,q,0,100,1,8\nb,q,10,100,1,8\n";
  const std::string faults =
      "faults: [{at: 5, node: node-0, kind: drain}, {at: 5, node: node-1, kind: drain},"
      " {at: 300, node: node-1, kind: up}]\n";
  for (const std::string order : {"default", "greedy"}) {
    const Result<Results> results = Run(rows, faults + "policy: {order: " + order + "}\n", 2);
    ASSERT_TRUE(results.ok()) << results.error().ToString();
    EXPECT_EQ(results->replay.at(0).wait.sum, 290) << order;
    EXPECT_EQ(results->replay.at(0).preempted_gpu_milli_seconds, 0) << order;
  }
}

TEST_F(EngineReplayTest, SharesOfGpusAreGranted) {
  std::ofstream(path_) << "id,queue,submit_s,duration_s,gpus,gpu_milli\n"
                          "a,q,0,100,1,500\nb,q,0,100,1,500\nc,q,0,100,1,250\n";
  const Result<Results> results =
      RunOf("mode: replay\ncluster: {gpus: 1, nodes: 1}\nworkload: {format: csv, jobs: " + path_ +
            "}\npolicy: {order: [default, greedy]}\n");
  ASSERT_TRUE(results.ok()) << results.error().ToString();
  for (const ReplayResult& run : results->replay) EXPECT_EQ(run.wait.sum, 100) << run.order;
}

TEST_F(EngineReplayTest, RoundsOfDecisions) {
  const Result<Results> results =
      Run("a,q,1,100,1,8\nb,q,70,5,1,8\n", "policy: {decide_every: 60}\n");
  ASSERT_TRUE(results.ok()) << results.error().ToString();
  // a starts at 60 and ends at 160; b at 180.
  EXPECT_EQ(results->replay.at(0).wait.sum, 59 + 110);
}

}  // namespace
}  // namespace fairlead::sim
