#include "fairlead/cycle/node_report.h"

#include <gmock/gmock.h>

#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Cluster;
using testing_support::GangShape;

GangShape Share(const std::string& name, std::int64_t millionths) {
  GangShape gang{.name = name, .milli_cpu = 1000};
  gang.share.devices = 1;
  gang.share.millionths = millionths;
  return gang;
}

std::vector<DeviceUse> Uses(const NodeReport& node) {
  std::vector<DeviceUse> uses;
  for (const DeviceReport& device : node.devices) uses.push_back(device.use);
  return uses;
}

TEST(ReportNodes, SaysWhatIsFreeAndWhatKeepsPodsOff) {
  Cluster cluster;
  cluster.Node("a",
               {.cpu = 8, .memory_gib = 4, .gpus = 3, .pods = 10, .model = "H", .gpu_slices = 4});
  cluster.Node("b", {.cpu = 8,
                     .taints = {{"k", "v", TaintEffect::kNoSchedule},
                                {"p", "", TaintEffect::kPreferNoSchedule},
                                {"x", "", TaintEffect::kNoExecute}},
                     .cordoned = true});
  GangShape whole{.name = "w", .milli_cpu = 2000, .memory_mib = 1024, .gpus = 1, .bound = {"a"}};
  PodInfo pod = Cluster::Pod(whole, 0);
  pod.node_name = "a";
  pod.phase = PodPhase::kRunning;
  pod.gpu_devices = {1};
  cluster.store().UpsertPod(pod, {});
  PodInfo share = Cluster::Pod(Share("s", 250'000), 0);
  share.node_name = "a";
  share.phase = PodPhase::kRunning;
  share.gpu_devices = {2};
  share.gpu_grant = {1, 4};
  cluster.store().UpsertPod(share, {});

  const NodesReport report = ReportNodes(*cluster.Take(), Instant{7});
  EXPECT_EQ(report.at, Instant{7});
  ASSERT_THAT(report.nodes, testing::SizeIs(2));
  const NodeReport& a = report.nodes[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.gpu_model, "H");
  EXPECT_THAT(Uses(a), ElementsAre(DeviceUse::kFree, DeviceUse::kWhole, DeviceUse::kShared));
  EXPECT_EQ(a.devices[2].free_slices, 3);
  EXPECT_EQ(a.free_gpu_milli, 1750);
  EXPECT_EQ(a.free_cpu_milli, 5000);
  EXPECT_EQ(a.cpu_milli, 8000);
  EXPECT_EQ(a.free_memory, std::int64_t{3} << 30);
  EXPECT_EQ(a.memory, std::int64_t{4} << 30);
  EXPECT_EQ(a.free_pods, 8);
  EXPECT_EQ(a.pods, 10);
  EXPECT_THAT(a.out_of_use, IsEmpty());
  EXPECT_THAT(report.nodes[1].out_of_use,
              ElementsAre("cordoned", "taint k=v:NoSchedule", "taint x:NoExecute"));
  EXPECT_EQ(report.gpu_milli, 3000);
  EXPECT_EQ(report.free_gpu_milli, 1750);
}

TEST(ReportNodes, GpusThatNobodyNames) {
  Cluster cluster;
  cluster.Node("a", {.gpus = 4});
  PodInfo foreign = Cluster::Pod({.name = "f", .gpus = 3}, 0);
  foreign.ours = false;
  foreign.node_name = "a";
  cluster.store().UpsertPod(foreign, {});
  const NodesReport report = ReportNodes(*cluster.Take(), {});
  EXPECT_EQ(report.nodes[0].unknown_gpus, 3);
  EXPECT_EQ(report.nodes[0].free_gpu_milli, 1000);
}

// Node a has half a GPU free, b one and a half.
TEST(ReportNodes, FragmentationIsWhatTheTypicalPodCannotUse) {
  Cluster cluster;
  cluster.Node("a", {.gpus = 1, .gpu_slices = 2});
  cluster.Node("b", {.gpus = 2, .gpu_slices = 2});
  for (const char* node : {"a", "b"}) {
    PodInfo half = Cluster::Pod(Share(std::string("half-") + node, 500'000), 0);
    half.node_name = node;
    half.phase = PodPhase::kRunning;
    half.gpu_devices = {0};
    half.gpu_grant = {1, 2};
    cluster.store().UpsertPod(half, {});
  }
  cluster.Gang({.name = "whole", .pods = 6, .gpus = 1});
  const NodesReport report = ReportNodes(*cluster.Take(), {});
  // Six want a whole GPU, two a half. On a, the half is of no use to the six; on b, they can use
  // the free GPU and not the half.
  EXPECT_EQ(report.nodes[0].free_gpu_milli, 500);
  EXPECT_EQ(report.nodes[0].fragmented_milli, 500 * 6 / 8);
  EXPECT_EQ(report.nodes[1].free_gpu_milli, 1500);
  EXPECT_EQ(report.nodes[1].fragmented_milli, 500 * 6 / 8);
  EXPECT_EQ(report.fragmented_milli, 750);
}

TEST(ReportNodes, AllIsFragmentedForPodsThatCannotUseIt) {
  Cluster cluster;
  cluster.Node("a", {.cpu = 1, .gpus = 2});
  cluster.Node("b", {.cpu = 64, .gpus = 2, .cordoned = true});
  cluster.Node("c", {.cpu = 64, .gpus = 2});
  cluster.Gang({.name = "g", .milli_cpu = 2000, .gpus = 1});
  const NodesReport report = ReportNodes(*cluster.Take(), {});
  EXPECT_EQ(report.nodes[0].fragmented_milli, 2000) << "too few CPUs";
  EXPECT_EQ(report.nodes[1].fragmented_milli, 2000) << "cordoned";
  EXPECT_EQ(report.nodes[2].fragmented_milli, 0);
}

TEST(ReportNodes, RareShapesAreNotTypical) {
  Cluster cluster;
  cluster.Node("a", {.gpus = 2});
  cluster.Gang({.name = "common", .pods = 95, .gpus = 1});
  cluster.Gang({.name = "rare", .pods = 5, .milli_cpu = 1'000'000, .gpus = 1});
  EXPECT_EQ(ReportNodes(*cluster.Take(), {}).fragmented_milli, 0);
}

TEST(ReportNodes, WithoutPodsNothingIsOfUse) {
  Cluster cluster;
  cluster.Node("a", {.gpus = 2});
  EXPECT_EQ(ReportNodes(*cluster.Take(), {}).fragmented_milli, 2000);
}

}  // namespace
}  // namespace fairlead
