// The saturation experiment: scores worked out by hand, and what a run does.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "scheduler/sim/saturation.h"

namespace fairlead::saturation {
namespace {

Node MakeNode(std::int64_t cpu, std::vector<std::int64_t> free, std::uint32_t model = 0) {
  Node node;
  node.cpu = cpu;
  node.memory = 1000;
  node.devices = free.size();
  std::copy(free.begin(), free.end(), node.free.begin());
  node.model = model;
  return node;
}

Pod MakePod(std::int64_t cpu, std::size_t devices, std::int64_t each, ModelSet models = 0) {
  Pod pod;
  pod.cpu = cpu;
  pod.memory = 1;
  pod.devices = devices;
  pod.each = each;
  pod.models = models;
  return pod;
}

std::int64_t ScoreOf(PolicyKind policy, const Node& node, const Pod& pod,
                     const std::vector<TypicalPod>& typical = {}) {
  const Workload workload{{MakeNode(96'000, std::vector<std::int64_t>(8, 1000))}, {}, {"A", "B"}};
  return Scorer(policy, workload, typical).Score(node, pod).score;
}

const Node kIdle = MakeNode(96'000, std::vector<std::int64_t>(8, 1000));

TEST(Saturation, PodsFitByDevicesAndModel) {
  const Node node = MakeNode(1000, {1000, 400, 0}, 1);
  EXPECT_TRUE(Fits(node, MakePod(1000, 2, 400)));
  EXPECT_FALSE(Fits(node, MakePod(1000, 2, 401)));
  EXPECT_FALSE(Fits(node, MakePod(1001, 0, 0)));
  EXPECT_TRUE(Fits(node, MakePod(0, 1, 1000, 0b10)));
  EXPECT_FALSE(Fits(node, MakePod(0, 1, 1000, 0b01)));
  EXPECT_EQ(BestFitDevices(node, MakePod(0, 1, 300)), 0b010U);
  EXPECT_EQ(BestFitDevices(kIdle, MakePod(0, 2, 1000)), 0b011U);
}

TEST(Saturation, ScoresOfThePublishedPolicies) {
  const Pod whole = MakePod(12'000, 1, 1000);
  // 1 - (0.75 x 0.09375 + 1 x 0.125) / 2
  EXPECT_EQ(ScoreOf(PolicyKind::kDotProd, kIdle, whole), 90);
  // 1 - 0.5 x 84/128 - 0.5 x 7/8
  EXPECT_EQ(ScoreOf(PolicyKind::kBestFit, kIdle, whole), 23);
  EXPECT_EQ(ScoreOf(PolicyKind::kPacking, kIdle, whole), 25);
  const Node part = MakeNode(96'000, {400, 1000, 1000, 1000, 1000, 1000, 1000, 1000});
  EXPECT_EQ(ScoreOf(PolicyKind::kPacking, part, MakePod(0, 1, 300)), 96);
  EXPECT_EQ(ScoreOf(PolicyKind::kPacking, part, MakePod(0, 1, 500)), 49);
  EXPECT_EQ(ScoreOf(PolicyKind::kPacking, part, MakePod(0, 0, 0)), 0);
}

TEST(Saturation, ClusteringKeepsClassesTogether) {
  const Pod whole = MakePod(0, 1, 1000);
  Node node = kIdle;
  EXPECT_EQ(ScoreOf(PolicyKind::kClustering, node, whole), 25);
  Take(whole, 0b1, &node);  // 25 x 1000 / 8000 = 3
  EXPECT_EQ(ScoreOf(PolicyKind::kClustering, node, whole), 78);
  EXPECT_EQ(ScoreOf(PolicyKind::kClustering, node, MakePod(0, 1, 500)), 3);
  Take(MakePod(0, 1, 500), 0b10, &node);
  EXPECT_EQ(ScoreOf(PolicyKind::kClustering, node, whole), 54);
}

TEST(Saturation, FragmentationIsWhatTypicalPodsCannotUse) {
  const std::vector<TypicalPod> typical = {{MakePod(1000, 1, 500), 1, 0.5},
                                           {MakePod(1000, 0, 0), 1, 0.25},
                                           {MakePod(1000, 1, 1000, 0b10), 1, 0.25}};
  // 300 for the first; all 1300 for those without GPUs and those of another model.
  EXPECT_DOUBLE_EQ(Fragmentation(MakeNode(1000, {300, 1000}), typical), 0.5 * 300 + 0.5 * 1300);
  // Too few CPUs for anybody.
  EXPECT_DOUBLE_EQ(Fragmentation(MakeNode(999, {300, 1000}), typical), 1300);
}

TEST(Saturation, GradientDescentPrefersWhatBreaksNothing) {
  const std::vector<TypicalPod> halves = {{MakePod(0, 1, 500), 1, 1.0}};
  const Node node = MakeNode(1000, {1000, 500});
  // On device 0 nothing is lost: the first of the best.
  EXPECT_EQ(ScoreOf(PolicyKind::kFgd, node, MakePod(0, 1, 500), halves), 50);
  // 300 are left on device 0 that nobody can use.
  EXPECT_EQ(ScoreOf(PolicyKind::kFgd, MakeNode(1000, {1000}), MakePod(0, 1, 700), halves),
            static_cast<std::int64_t>(100 / (1 + std::exp(0.3))));
}

TEST(Saturation, DefaultKeepsCpusAndGpusInProportion) {
  const std::vector<TypicalPod> typical = {{MakePod(8'192, 1, 1000), 10, 1.0}};
  const auto merit = [&typical](const Node& node, const Pod& pod) {
    return ScoreOf(PolicyKind::kDefault, node, pod, typical) / (17 * 1001 * 18);
  };
  const Node node = MakeNode(16'384, {1000, 1000});
  EXPECT_EQ(merit(node, MakePod(8'192, 1, 1000)), 50);
  // The other GPU is left without CPUs: 1000 mGPU out of balance, of which half counts.
  EXPECT_EQ(merit(node, MakePod(16'384, 1, 1000)),
            static_cast<std::int64_t>(100 / (1 + std::exp(500.0 / 4000))));
  EXPECT_GT(merit(MakeNode(16'384, {1000}), MakePod(8'192, 0, 0)), 50);
}

TEST(Saturation, OfEqualMeritDefaultFillsWhatIsUsed) {
  const std::vector<TypicalPod> typical = {{MakePod(0, 1, 500), 10, 1.0}};
  const auto score = [&typical](const Node& node) {
    return ScoreOf(PolicyKind::kDefault, node, MakePod(0, 1, 500), typical);
  };
  EXPECT_GT(score(MakeNode(0, {600, 1000})), score(MakeNode(0, {700, 1000})));
  EXPECT_GT(score(MakeNode(0, {700, 1000})), score(MakeNode(0, {0, 1000})));
  EXPECT_GT(score(MakeNode(0, {0, 1000})), score(MakeNode(0, {1000, 1000})));
}

TEST(Saturation, DefaultSparesModelsThatOthersNeed) {
  const std::vector<Node> nodes = {MakeNode(0, {1000, 1000, 1000}, 0), MakeNode(0, {1000}, 1)};
  const std::vector<TypicalPod> typical = {{MakePod(8'000, 1, 1000), 7, 0.875},
                                           {MakePod(8'000, 1, 1000, 0b10), 1, 0.125}};
  const Outlook outlook = OutlookOf(nodes, typical, 2);
  EXPECT_EQ(outlook.ratio, 7'680);  // 8,000 in four bits
  // An eighth of 4 GPUs is wanted of model B, which has one.
  EXPECT_EQ(outlook.scarcity, (std::vector<std::int64_t>{0, 8}));
}

TEST(Saturation, TypicalPodsAreTheMostFrequent) {
  std::vector<Pod> pods(60, MakePod(1, 1, 500));
  pods.insert(pods.end(), 36, MakePod(2, 1, 500));
  pods.insert(pods.end(), 4, MakePod(3, 1, 500));
  const std::vector<TypicalPod> typical = TypicalPods(pods);
  ASSERT_EQ(typical.size(), 2U);
  EXPECT_EQ(typical[0].count, 60);
  EXPECT_DOUBLE_EQ(typical[1].part, 36.0 / 96);
}

TEST(Saturation, ArrivalsAskForNoMoreThanTheRatio) {
  Workload workload{{kIdle}, {MakePod(0, 1, 700), MakePod(0, 2, 1000)}, {"A"}};
  const auto total = [](const std::vector<Pod>& pods) {
    std::int64_t sum = 0;
    for (const Pod& pod : pods) sum += pod.Gpu();
    return sum;
  };
  const std::vector<Pod> more = Arrivals(workload, 130, 42);
  EXPECT_GT(total(more), 8'000);
  EXPECT_LE(total(more), 10'400 + 1000) << "a draw is judged by one of its GPUs";
  EXPECT_EQ(Arrivals(workload, 130, 42), more);
  EXPECT_NE(Arrivals(workload, 130, 43), more);
  workload.pods.assign(20, MakePod(0, 1, 1000));
  EXPECT_EQ(total(Arrivals(workload, 130, 42)), 10'000);
}

// Halves fill all GPUs under any policy; nothing is ever given twice.
TEST(Saturation, ARunFillsTheCluster) {
  const Workload workload{{kIdle, kIdle}, std::vector<Pod>(32, MakePod(1000, 1, 500)), {"A"}};
  for (const PolicyKind policy : {PolicyKind::kRandom, PolicyKind::kFgd, PolicyKind::kDefault}) {
    const Curve curve = Saturate(workload, policy, 1);
    EXPECT_DOUBLE_EQ(curve.allocated[50], 50);
    EXPECT_DOUBLE_EQ(curve.allocated[100], 100);
    EXPECT_DOUBLE_EQ(curve.allocated[125], 100);
  }
}

}  // namespace
}  // namespace fairlead::saturation
