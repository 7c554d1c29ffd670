#include "scheduler/cli/demo_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/cli/demo_screen.h"

namespace fairlead::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr Instant kStart{1'000'000'000'000};

Instant At(std::int64_t seconds) { return kStart + Duration::Seconds(seconds); }

// 2 nodes x 4 GPUs in one rack; a (weight 3) and b (weight 1).
DemoScenario Small() {
  DemoScenario scenario;
  scenario.nodes = {{.count = 2, .gpus = 4, .per_rack = 8}};
  scenario.tenants = {{"a", 3 * kWeightOne}, {"b", kWeightOne}};
  for (const char* tenant : {"a", "b"}) {
    DemoGang gang;
    gang.tenant = tenant;
    gang.name = "train";
    gang.pods = 2;
    gang.gpus = 2;
    scenario.gangs.push_back(gang);
  }
  return scenario;
}

DemoPod Pod(const std::string& tenant, const std::string& name, const std::string& node = "",
            std::vector<std::int64_t> devices = {}) {
  return {"team-" + tenant, name, "train", 2, node, std::move(devices), false, ""};
}

TEST(DemoEvent, ReadsALineOfAWatch) {
  const auto event = DemoEventFrom(
      R"({"type":"MODIFIED","object":{"metadata":{"namespace":"team-a","name":"train-x",
          "labels":{"job-name":"train"},"annotations":{"fairlead.dev/gpu-assignment":"1,3"}},
          "spec":{"nodeName":"n","containers":[{"resources":{"limits":{"nvidia.com/gpu":"2"}}}]},
          "status":{"phase":"Succeeded","conditions":[
            {"type":"PodScheduled","status":"False","message":"why"}]}}})");
  ASSERT_TRUE(event.has_value());
  EXPECT_FALSE(event->deleted);
  EXPECT_EQ(event->pod.gang, "train");
  EXPECT_EQ(event->pod.gpus, 2);
  EXPECT_EQ(event->pod.node, "n");
  EXPECT_THAT(event->pod.devices, ElementsAre(1, 3));
  EXPECT_TRUE(event->pod.ended);
  EXPECT_EQ(event->pod.waits_for, "why");
}

TEST(DemoEvent, OtherLinesAreNone) {
  for (const char* line : {"", "{", "[]", R"({"type":"BOOKMARK","object":{}})",
                           R"({"type":"ERROR","object":{"code":410}})", R"({"type":"ADDED"})"}) {
    EXPECT_FALSE(DemoEventFrom(line).has_value()) << line;
  }
}

TEST(DemoView, AGangHasStartedWhenAllItsPodsAreBound) {
  const DemoScenario scenario = Small();
  DemoView view(scenario);
  view.Submitted(scenario.gangs[0], At(0));
  view.Upsert(Pod("a", "train-1", "node-000", {0, 1}), At(2));
  EXPECT_EQ(view.StartsAfter(0).size(), 0U);
  EXPECT_EQ(view.Tenants()[0].allocated, 2);
  view.Upsert(Pod("a", "train-2", "node-000", {2, 3}), At(3));
  ASSERT_EQ(view.StartsAfter(0).size(), 1U);
  EXPECT_EQ(view.StartsAfter(0)[0].waited, Duration::Seconds(3));
  EXPECT_EQ(view.StartsAfter(1).size(), 0U);
  EXPECT_THAT(view.Racks()[0].nodes[0].gpus, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(view.Racks()[0].nodes[1].gpus, ElementsAre(-1, -1, -1, -1));
}

TEST(DemoView, WhatEndsOrVanishesGivesItsGpusBackOnce) {
  const DemoScenario scenario = Small();
  DemoView view(scenario);
  view.Submitted(scenario.gangs[0], At(0));
  view.Upsert(Pod("a", "train-1", "node-000", {0, 1}), At(1));
  view.Upsert(Pod("a", "train-2", "node-001", {0, 1}), At(1));
  DemoPod ended = Pod("a", "train-1", "node-000", {0, 1});
  ended.ended = true;
  view.Upsert(ended, At(2));
  view.Upsert(ended, At(2));
  view.Remove("team-a", "train-1", At(3));
  EXPECT_EQ(view.Tenants()[0].allocated, 2);
  EXPECT_EQ(view.running(), 1U);
  view.Remove("team-a", "train-2", At(4));
  EXPECT_EQ(view.Tenants()[0].allocated, 0);
  EXPECT_THAT(view.Racks()[0].nodes[1].gpus, ElementsAre(-1, -1, -1, -1));
}

TEST(DemoView, SharesAreMeasuredWhileAllTenantsWait) {
  DemoScenario scenario = Small();
  DemoGang second = scenario.gangs[0];
  second.name = "second";
  scenario.gangs.push_back(second);
  DemoView view(scenario);
  view.Submitted(scenario.gangs[0], At(0));
  view.Submitted(second, At(0));
  view.Submitted(scenario.gangs[1], At(10));
  view.Upsert(Pod("a", "train-1", "node-000", {0, 1}), At(10));
  view.Upsert(Pod("a", "train-2", "node-000", {2, 3}), At(10));
  view.Upsert(Pod("b", "train-1", "node-001", {0, 1}), At(12));
  view.Upsert(Pod("b", "train-2", "node-001", {2, 3}), At(14));
  const DemoResult result = view.Result(At(20));
  // From 10 to 14 both wait: a holds 4 GPUs, b holds 2 from 12 on: 16 and 4 GPU-seconds.
  EXPECT_EQ(result.contended_ms, 4'000);
  EXPECT_EQ(result.tenants[0].contended_gpu_ms, 16'000);
  EXPECT_EQ(result.tenants[1].contended_gpu_ms, 4'000);
  // In all: a 4 GPUs x 10 s; b 2 x 2 s + 4 x 6 s.
  EXPECT_EQ(result.tenants[0].gpu_ms, 40'000);
  EXPECT_EQ(result.tenants[1].gpu_ms, 28'000);
  EXPECT_EQ(result.gangs_started, 2);
  EXPECT_EQ(result.gangs_total, 3);
  EXPECT_EQ(result.pods_bound, 4);
  EXPECT_EQ(result.tenants[1].wait_p90, Duration::Seconds(4));
}

TEST(DemoView, TheLongestWaitComesFirstWithItsReason) {
  const DemoScenario scenario = Small();
  DemoView view(scenario);
  view.Submitted(scenario.gangs[1], At(0));
  view.Submitted(scenario.gangs[0], At(5));
  DemoPod waits = Pod("b", "train-1");
  waits.waits_for = "gang needs 2 pods of 2 GPUs, 0 fit now";
  view.Upsert(waits, At(6));
  const std::vector<GangRow> waiting = view.Waiting(At(8));
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_EQ(waiting[0].tenant, "b");
  EXPECT_EQ(waiting[0].waited, Duration::Seconds(8));
  EXPECT_EQ(waiting[0].reason, "gang needs 2 pods of 2 GPUs, 0 fit now");
}

// As seen: without escape sequences, and a character of UTF-8 counts as one.
int SeenWidth(const std::string& line) {
  int width = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      i = line.find('m', i);
    } else if ((static_cast<unsigned char>(line[i]) & 0xc0U) != 0x80U) {
      ++width;
    }
  }
  return width;
}

TEST(DemoFrame, FitsTheTerminalWhateverItsSize) {
  DemoNodes nodes;
  for (const std::int64_t count : {1, 40, 1'000}) {
    nodes.count = count;
    const DemoScenario scenario = GenerateDemo({nodes}, 1);
    DemoView view(scenario);
    for (const DemoGang& gang : scenario.gangs) view.Submitted(gang, At(0));
    DemoHeader header{count, count * 8, 2, Duration::Seconds(42)};
    for (const int columns : {64, 80, 200}) {
      for (const int rows : {16, 24, 60}) {
        const ScreenStyle style{columns, rows, true, true};
        const std::string frame = DemoFrame(view, header, At(9), style);
        int lines = 1;
        std::size_t begin = 0;
        for (std::size_t end = 0; end != std::string::npos; begin = end + 1, ++lines) {
          end = frame.find('\n', begin);
          EXPECT_LE(SeenWidth(frame.substr(begin, end - begin)), columns);
          if (end == std::string::npos) break;
        }
        EXPECT_LE(lines, rows) << columns << "x" << rows << " with " << count << " nodes";
      }
    }
  }
}

TEST(DemoFrame, WithoutColoursTenantsAreLetters) {
  const DemoScenario scenario = Small();
  DemoView view(scenario);
  view.Submitted(scenario.gangs[0], At(0));
  view.Upsert(Pod("a", "train-1", "node-000", {0, 1}), At(1));
  const DemoHeader header{2, 8, 2, Duration::Seconds(1)};
  const std::string frame = DemoFrame(view, header, At(2), {80, 24, false, false});
  EXPECT_THAT(frame, HasSubstr("rack-0 AA.. ...."));
  EXPECT_THAT(frame, Not(HasSubstr("\x1b")));
  EXPECT_THAT(frame, HasSubstr("2 nodes, 8 GPUs  00:01 (x2)  0 run, 1 wait, 0 done"));
}

TEST(DemoSummary, SaysSharesAgainstWeights) {
  DemoSummary summary;
  summary.result.tenants = {
      {"a", 2 * kWeightOne, 3, 100, 60, Duration::Seconds(2), Duration::Milliseconds(4'500)},
      {"b", kWeightOne, 2, 50, 30, Duration::Seconds(1), Duration{}}};
  summary.result.contended_ms = 30'000;
  summary.result.pods_bound = 9;
  summary.result.gangs_started = 5;
  summary.result.gangs_total = 5;
  const std::string text = SummaryText(summary, false);
  EXPECT_THAT(text, HasSubstr("pods bound: 9\n"));
  EXPECT_THAT(text, HasSubstr("gangs started: 5 of 5\n"));
  EXPECT_THAT(text, HasSubstr("double bookings: 0\n"));
  EXPECT_THAT(text,
              HasSubstr("a                 2    66.7 %   66.7 %      3       2.0s       4.5s"));
  const std::string json = SummaryJson(summary);
  EXPECT_THAT(json, HasSubstr(R"("pods_bound":9)"));
  EXPECT_THAT(json, HasSubstr(R"("share_per_mille":667)"));
}

}  // namespace
}  // namespace fairlead::cli
