// Where pods go: parts of GPUs and levels of the topology.
#include <set>

#include "tests/e2e/e2e_test.h"

namespace fairlead::e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class PlacementTest : public E2eTest {
 protected:
  void Share(const std::string& name, const std::string& share) {
    CreatePod({.name = name, .annotations = {{"fairlead.dev/gpu-share", share}}});
  }
  Json Pod(const std::string& name) { return api().Get(PodPath(name)).ToJson(); }
  std::string Assignment(const std::string& name) {
    return Pod(name)["metadata"]["annotations"].value("fairlead.dev/gpu-assignment", "");
  }
  std::string NodeOf(const std::string& name) { return Pod(name)["spec"].value("nodeName", ""); }
};

TEST_F(PlacementTest, SharesFillGpusAlsoAfterARestart) {
  AddNodes(1, {.name = "", .gpus = 2, .labels = {{"fairlead.dev/gpu-slices", "4"}}});
  SchedulerProcess& first = StartScheduler();
  for (int i = 0; i < 3; ++i) Share("a-" + std::to_string(i), "0.25");
  ASSERT_TRUE(WaitRunning(3));
  ASSERT_EQ(first.Terminate(), 0);
  ForgetSchedulers();
  StartScheduler();
  Share("b", "0.25");
  Share("c", "0.75");
  ASSERT_TRUE(WaitRunning(5));
  EXPECT_EQ(Assignment("b"), "0:1/4");
  EXPECT_EQ(Assignment("c"), "1:3/4");
  CreatePod({.name = "whole", .gpus = 1});
  EXPECT_THAT(WaitPending("whole"), HasSubstr("Insufficient nvidia.com/gpu"));
  Share("d", "0.5");
  EXPECT_THAT(WaitPending("d"), HasSubstr("Insufficient shares of GPUs"));
  DeletePod("c");
  EXPECT_TRUE(WaitPhase("whole", "Running") || WaitPhase("d", "Running"));
  Share("wrong", "1.5");
  EXPECT_THAT(WaitPending("wrong"), HasSubstr("annotation fairlead.dev/gpu-share"));
}

TEST_F(PlacementTest, AGangIsInOneRackOrWaits) {
  std::vector<NodeSpec> nodes;
  for (int i = 0; i < 5; ++i) {
    NodeSpec& node = nodes.emplace_back(NodeSpec{.name = NodeName(i), .gpus = 2});
    node.labels = {{"zone", "z"}, {"rack", "r" + std::to_string(i / 2)}};
  }
  ASSERT_EQ(kubelets().AddNodes(nodes), nodes.size());
  SchedulerOptions options;
  options.config = "policy: {topology: [{name: zone, label: zone}, {name: rack, label: rack}]}\n";
  StartScheduler(options);
  const PodOptions like = {
      .gpus = 1, .gang_size = "3", .annotations = {{"fairlead.dev/topology-required", "rack"}}};
  for (const char* gang : {"one", "two", "three"}) CreateGang(gang, 0, 3, like);
  ASSERT_TRUE(WaitRunning(6));
  std::map<std::string, std::set<bool>> racks;
  std::string waits;
  for (const std::string gang : {"one", "two", "three"}) {
    for (int i = 0; i < 3; ++i) {
      const std::string node = NodeOf(gang + "-" + std::to_string(i));
      if (node.empty()) waits = gang;
      if (!node.empty()) racks[gang].insert(node == NodeName(0) || node == NodeName(1));
    }
  }
  ASSERT_EQ(racks.size(), 2U);
  for (const auto& [gang, of_gang] : racks) EXPECT_EQ(of_gang.size(), 1U) << gang;
  EXPECT_THAT(WaitPending(waits + "-0"),
              HasSubstr("gang needs 3 pods of 1 GPU in one rack; the best, z/r2, takes 2 now"));
  const std::string ends = racks.begin()->first;
  for (int i = 0; i < 3; ++i) DeletePod(ends + "-" + std::to_string(i));
  EXPECT_TRUE(WaitRunning(6));
  EXPECT_EQ(BoundOf(waits), 3);
}

}  // namespace
}  // namespace fairlead::e2e
