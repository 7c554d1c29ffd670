#include "scheduler/cli/demo_scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace fairlead::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kSmall = R"(
speed: 5
nodes:
  - {count: 2, gpus: 4, model: A100, cpu: 32, memory: 256Gi, per_rack: 1}
tenants:
  - {name: vision, weight: 2.5}
  - {name: language}
workload:
  - {tenant: vision, name: train, at: 1s, count: 3, every: 10s, pods: 4, gpus: 2, runtime: 20s}
  - {tenant: language, name: notebook, kind: Pod, gpus: 1}
)";

TEST(DemoScenario, ReadsWhatTheFileSays) {
  const auto read = ParseDemo(kSmall, "small.yaml");
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->speed, 5);
  EXPECT_EQ(read->total_nodes(), 2);
  EXPECT_EQ(read->total_gpus(), 8);
  EXPECT_EQ(read->nodes[0].memory_gib, 256);
  ASSERT_EQ(read->tenants.size(), 2U);
  EXPECT_EQ(read->tenants[0].weight, 2'500'000);
  EXPECT_EQ(read->tenants[1].weight, kWeightOne);
  ASSERT_EQ(read->gangs.size(), 4U);
  EXPECT_EQ(read->gangs[0].name, "notebook");
  EXPECT_TRUE(read->gangs[0].single_pod);
  EXPECT_EQ(read->gangs[3].name, "train-2");
  EXPECT_EQ(read->gangs[3].at, Duration::Seconds(21));
  EXPECT_EQ(read->gangs[3].total_gpus(), 8);
}

TEST(DemoScenario, RefusesWithThePlaceAndWhatWasExpected) {
  const std::string head = "nodes: [{count: 1}]\ntenants: [{name: a}]\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "bad.yaml:1:1: expected a map"},
      {"speed: 2", "nodes"},
      {"nodes: []", "bad.yaml:1:8: nodes: expected a list of at least one"},
      {"nodes: [{count: 0}]", "nodes[0].count"},
      {"nodes: [{count: 1, memory: much}]", "nodes[0].memory"},
      {"nodes: [{count: 1}]\nspeed: 0", "bad.yaml:2:8: speed"},
      {"nodes: [{count: 1}]\ntenants: [{name: a}]", "expected a workload beside it"},
      {"nodes: [{count: 1}]\nworkload: [{}]", "expected tenants beside it"},
      {"nodes: [{count: 1}]\ntenants: [{name: a}, {name: a}]\nworkload: [{}]", "'a' twice"},
      {head + "workload: [{tenant: b, name: x}]", "workload[0].tenant: 'b': expected one of"},
      {head + "workload: [{tenant: a}]", "name"},
      {head + "workload: [{tenant: a, name: X}]", "'X': expected 1 to 40 of a-z"},
      {head + "workload: [{tenant: a, name: x, kind: Cron}]", "'Cron': expected Job or Pod"},
      {head + "workload: [{tenant: a, name: x, kind: Pod, pods: 2}]", "expected kind Job"},
      {head + "workload: [{tenant: a, name: x, runtime: soon}]", "workload[0].runtime"},
      {head + "workload: [{tenant: a, name: x}, {tenant: a, name: x}]", "'x' twice"},
      {head + "workload: [{tenant: a, name: x, gpu: 1}]", "gpu"},
  };
  for (const auto& [text, expected] : cases) {
    const auto read = ParseDemo(text, "bad.yaml");
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_THAT(read.error().ToString(), HasSubstr(expected)) << text;
  }
}

TEST(DemoScenario, TheGeneratedLoadIsTheSameForTheSameSeed) {
  const DemoScenario one = GenerateDemo({DemoNodes{}}, 7);
  const DemoScenario two = GenerateDemo({DemoNodes{}}, 7);
  const DemoScenario other = GenerateDemo({DemoNodes{}}, 8);
  const auto text = [](const DemoScenario& scenario) {
    std::string all;
    for (const DemoGang& gang : scenario.gangs) {
      all += gang.tenant + gang.name + std::to_string(gang.at.ns) + std::to_string(gang.gpus);
    }
    return all;
  };
  EXPECT_EQ(text(one), text(two));
  EXPECT_NE(text(one), text(other));
}

TEST(DemoScenario, TheGeneratedLoadAsksForAQuarterMoreThanThereIs) {
  for (const std::int64_t count : {1, 4, 40, 400}) {
    DemoNodes nodes;
    nodes.count = count;
    const DemoScenario scenario = GenerateDemo({nodes}, 1);
    std::map<std::string, std::int64_t> gpu_seconds;
    std::set<std::string> names;
    for (const DemoGang& gang : scenario.gangs) {
      gpu_seconds[gang.tenant] += gang.total_gpus() * gang.runtime.ns / 1'000'000'000;
      EXPECT_TRUE(names.insert(gang.tenant + "/" + gang.name).second);
      EXPECT_LE(gang.total_gpus(), std::max<std::int64_t>(count * 2, 1));
      EXPECT_LE(gang.at, Duration::Seconds(60));
    }
    // 320 GPUs x 60 s = 19,200 GPU-seconds; by 2:1:1 and 5/4: 12,000, 6,000, 6,000.
    const std::int64_t capacity = count * 8 * 60;
    EXPECT_GE(gpu_seconds["vision"], capacity * 5 / 8);
    EXPECT_GE(gpu_seconds["language"], capacity * 5 / 16);
    EXPECT_LE(gpu_seconds["language"], capacity * 5 / 16 + 64 * 26);
  }
}

}  // namespace
}  // namespace fairlead::cli
