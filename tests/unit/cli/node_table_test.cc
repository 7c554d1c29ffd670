#include "scheduler/cli/node_table.h"

#include <gmock/gmock.h>

namespace fairlead::cli {
namespace {

NodesReport Sample() {
  NodesReport report;
  report.at = Instant{1'767'225'600'000'000'000};
  report.version = 3;
  NodeReport& gpu = report.nodes.emplace_back();
  gpu.name = "gpu-1";
  gpu.gpu_model = "H100";
  gpu.gpu_slices = 4;
  gpu.devices = {{DeviceUse::kFree, 0},
                 {DeviceUse::kWhole, 0},
                 {DeviceUse::kShared, 3},
                 {DeviceUse::kShared, 0}};
  gpu.unknown_gpus = 1;
  gpu.free_gpu_milli = 750;
  gpu.fragmented_milli = 250;
  gpu.free_cpu_milli = 1500;
  gpu.cpu_milli = 8000;
  gpu.free_memory = std::int64_t{1} << 30;
  gpu.memory = std::int64_t{2} << 30;
  gpu.free_pods = 100;
  gpu.pods = 110;
  NodeReport& plain = report.nodes.emplace_back();
  plain.name = "plain";
  plain.cpu_milli = plain.free_cpu_milli = 4000;
  plain.out_of_use = {"cordoned", "taint k:NoSchedule"};
  report.gpu_milli = 4000;
  report.free_gpu_milli = 750;
  report.fragmented_milli = 250;
  return report;
}

TEST(NodesText, OneLineForEachNodeAndOneForAll) {
  ScreenStyle style;
  style.colour = false;
  style.unicode = false;
  EXPECT_EQ(
      NodesText(Sample(), style),
      "NODE   MODEL  GPUS     FREE  UNUSABLE  CPU    MEMORY   PODS     STATE\n"
      "gpu-1  H100   .#27 +1  0.75  0.25      1.5/8  1Gi/2Gi  100/110  ready\n"
      "plain  -      -        -     -         4/4    0/0      0/0      cordoned, taint "
      "k:NoSchedule\n"
      "2 nodes, 0.75 of 4 GPUs free; 6.3 % of all GPUs free and of no use to the typical pod\n");
}

TEST(NodesText, BlocksAndColoursOnATerminal) {
  const std::string text = NodesText(Sample(), ScreenStyle());
  EXPECT_THAT(text, testing::HasSubstr("H100   ·█▂▇ +1  0.75"));
  EXPECT_THAT(text, testing::HasSubstr("\x1b[32mready\x1b[0m"));
}

TEST(NodesText, WithoutGpus) {
  NodesReport report = Sample();
  report.nodes.erase(report.nodes.begin());
  report.gpu_milli = 0;
  EXPECT_THAT(NodesText(report, ScreenStyle()), testing::EndsWith("1 node\n"));
}

TEST(NodesJson, HoldsAllOfIt) {
  EXPECT_EQ(NodesJson(Sample()),
            R"({"at":"2026-01-01T00:00:00Z","version":3,"nodes":[{"name":"gpu-1",)"
            R"("gpu_model":"H100","gpu_slices":4,"devices":[{"use":"free"},{"use":"whole"},)"
            R"({"use":"shared","free_slices":3},{"use":"shared","free_slices":0}],)"
            R"("unknown_gpus":1,"free_gpus":"0.75","unusable_gpus":"0.25",)"
            R"("free":{"cpu":"1500m","memory":"1Gi","pods":"100"},)"
            R"("allocatable":{"cpu":"8","memory":"2Gi","pods":"110"},"out_of_use":[]},)"
            R"({"name":"plain","gpu_model":"","gpu_slices":1,"devices":[],"unknown_gpus":0,)"
            R"("free_gpus":"0","unusable_gpus":"0","free":{"cpu":"4","memory":"0","pods":"0"},)"
            R"("allocatable":{"cpu":"4","memory":"0","pods":"0"},)"
            R"("out_of_use":["cordoned","taint k:NoSchedule"]}],"gpus":"4","free_gpus":"0.75",)"
            R"("unusable_gpus":"0.25"})"
            "\n");
}

}  // namespace
}  // namespace fairlead::cli
