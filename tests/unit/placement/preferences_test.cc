// Where pods go that prefer some pods to be near or far, and would rather be spread.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fairlead/placement/placer.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing_support::Cluster;
using testing_support::GangShape;

PodSelector Of(const std::string& app) {
  PodSelector pods;
  pods.namespaces = {"default"};
  pods.labels = {{"app", RequirementOp::kIn, {app}}};
  return pods;
}

// Nodes a, b, c, d: zones z1, z1, z2, none.
class Scene {
 public:
  Scene() {
    cluster_.Node("a", {.cpu = 4, .labels = {{"zone", "z1"}, {"host", "a"}}});
    cluster_.Node("b", {.cpu = 4, .labels = {{"zone", "z1"}, {"host", "b"}}});
    cluster_.Node("c", {.cpu = 4, .labels = {{"zone", "z2"}, {"host", "c"}}});
    cluster_.Node("d", {.cpu = 4, .labels = {{"host", "d"}}});
  }

  Cluster& cluster() { return cluster_; }

  void Runs(const std::string& app, const std::string& node, bool deleting = false) {
    GangShape shape{.name = "r" + std::to_string(++running_), .labels = {{"app", app}}};
    PodInfo pod = Cluster::Pod(shape, 0);
    pod.node_name = node;
    pod.phase = PodPhase::kRunning;
    pod.deleting = deleting;
    cluster_.store().UpsertPod(pod, {});
  }

  // The nodes that the gang's pods go to, one after the other.
  std::string Goes(GangShape gang) {
    if (gang.name.empty()) gang.name = "g";
    gang.milli_cpu = 1000;
    cluster_.Gang(gang);
    const auto snapshot = cluster_.Take();
    const GangView& view = *snapshot->waiting.back();
    std::vector<ShapeId> shapes;
    for (const MemberView& member : view.members) shapes.push_back(member.shape);
    const NodeClasses classes(*snapshot, shapes);
    PlacementState state(Room::Free(*snapshot), {});
    Placer placer(*snapshot, classes, &state, PeerBook::Now(*snapshot), Capacity(*snapshot));
    std::vector<Placement> out;
    EXPECT_TRUE(placer.PlaceGang(view, gang.pods, &out));
    std::string nodes;
    for (const Placement& placement : out) {
      nodes += snapshot->nodes->info[placement.node.index()].name;
    }
    return nodes;
  }

 private:
  Cluster cluster_;
  int running_ = 0;
};

GangShape Prefers(std::vector<PodPreference> preferred, std::int64_t pods = 1) {
  GangShape gang{.pods = pods, .labels = {{"app", "web"}}};
  gang.rules.preferred = std::move(preferred);
  return gang;
}

SpreadRule Over(const std::string& label) {
  SpreadRule rule;
  rule.pods = Of("web");
  rule.topology = label;
  return rule;
}

TEST(Preferences, NearThePodsThatItWantsBesideIt) {
  Scene scene;
  scene.Runs("db", "c");
  EXPECT_EQ(scene.Goes(Prefers({{1, {Of("db"), "zone"}}})), "c");
}

TEST(Preferences, FarFromThePodsThatItDoesNot) {
  Scene scene;
  scene.Runs("db", "a");
  scene.Runs("db", "c");
  EXPECT_EQ(scene.Goes(Prefers({{-1, {Of("db"), "host"}}})), "b");
  EXPECT_EQ(scene.Goes(Prefers({{-1, {Of("db"), "zone"}}})), "d") << "a node without the label";
}

// Each pod there counts, and weights add up: a 2 x 10 - 5 = 15, b 20, c 14.
TEST(Preferences, WeightsAreSummedOverPodsAndTerms) {
  Scene scene;
  scene.Runs("db", "a");
  scene.Runs("db", "b");
  scene.Runs("noisy", "a");
  scene.Runs("cache", "c");
  scene.Runs("cache", "c");
  EXPECT_EQ(
      scene.Goes(Prefers(
          {{10, {Of("db"), "zone"}}, {-5, {Of("noisy"), "host"}}, {7, {Of("cache"), "host"}}})),
      "b");
}

// 30 of its node affinity on c, 20 to each of the two pods on a.
TEST(Preferences, NodeAffinityIsAddedToThem) {
  for (const int of_node : {39, 41}) {
    Scene scene;
    scene.Runs("db", "a");
    scene.Runs("db", "a");
    GangShape gang = Prefers({{20, {Of("db"), "host"}}});
    NodePreference node;
    node.weight = of_node;
    node.term.labels = {{"zone", RequirementOp::kIn, {"z2"}}};
    gang.preferred = {node};
    EXPECT_EQ(scene.Goes(gang), of_node > 40 ? "c" : "a");
  }
}

TEST(Preferences, SoftTaintsComeFirst) {
  Scene scene;
  scene.cluster().Node("c", {.cpu = 4,
                             .labels = {{"zone", "z2"}},
                             .taints = {{"t", "", TaintEffect::kPreferNoSchedule}}});
  scene.Runs("db", "c");
  EXPECT_EQ(scene.Goes(Prefers({{100, {Of("db"), "zone"}}})), "a");
}

// They choose between nodes that are equally good, and wait for none.
TEST(Preferences, StandBelowTheObjectiveAndKeepNobodyOut) {
  Scene scene;
  scene.cluster().Node("g", {.cpu = 4, .gpus = 1, .labels = {{"zone", "z9"}}});
  scene.Runs("db", "g");
  EXPECT_EQ(scene.Goes(Prefers({{100, {Of("db"), "zone"}}})), "a") << "not to a node with GPUs";
  Scene full;
  full.Runs("db", "c");
  EXPECT_EQ(full.Goes(Prefers({{100, {Of("db"), "zone"}}}, 6)), "ccccaa");
}

TEST(Preferences, MembersSeeEachOther) {
  Scene scene;
  EXPECT_EQ(scene.Goes(Prefers({{-1, {Of("web"), "host"}}}, 6)), "abcdab");
  Scene zones;
  EXPECT_EQ(zones.Goes(Prefers({{1, {Of("web"), "zone"}}}, 3)), "aaa");
}

// a and b in z1, c in z2; d has no zone and comes last.
TEST(Preferences, SpreadAsFarAsItGoes) {
  Scene scene;
  scene.Runs("web", "a");
  GangShape gang{.pods = 4, .labels = {{"app", "web"}}};
  gang.rules.spread_softly = {Over("zone")};
  EXPECT_EQ(scene.Goes(gang), "caca") << "from 1:0 to 1:1, 2:1, 2:2, 3:2";
}

TEST(Preferences, SpreadLeavesOutWhatIsBeingDeleted) {
  Scene scene;
  scene.Runs("web", "a", true);
  scene.Runs("web", "c");
  GangShape gang{.labels = {{"app", "web"}}};
  gang.rules.spread_softly = {Over("zone")};
  EXPECT_EQ(scene.Goes(gang), "a");
}

// Over zones and hosts: the sums are a 2+2, b 2+0, c 3+3.
TEST(Preferences, SpreadOverSeveralLabelsIsSummed) {
  Scene scene;
  scene.Runs("web", "a");
  scene.Runs("web", "a");
  for (int i = 0; i < 3; ++i) scene.Runs("web", "c");
  GangShape gang{.labels = {{"app", "web"}}};
  gang.rules.spread_softly = {Over("zone"), Over("host")};
  EXPECT_EQ(scene.Goes(gang), "b");
}

TEST(Preferences, WeightsComeBeforeSpread) {
  Scene scene;
  scene.Runs("web", "c");
  scene.Runs("db", "c");
  GangShape gang = Prefers({{1, {Of("db"), "host"}}});
  gang.rules.spread_softly = {Over("zone")};
  EXPECT_EQ(scene.Goes(gang), "c");
}

// A pod that prefers others is no reason to decide again when one is bound.
TEST(Preferences, WakeNobody) {
  Scene scene;
  ClusterStore& store = scene.cluster().store();
  scene.cluster().Gang(Prefers({{1, {Of("db"), "host"}}}));
  GangShape other{.name = "other"};
  const PodInfo pod = Cluster::Pod(other, 0);
  store.UpsertPod(pod, {});
  const std::uint64_t wakes = store.wake_count();
  ASSERT_TRUE(store.Assume({pod.ns, pod.name, pod.uid}, NodeId(0), 0, {}));
  EXPECT_EQ(store.wake_count(), wakes);
}

}  // namespace
}  // namespace fairlead
