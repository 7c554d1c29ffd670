// Decisions with memos of the ones before are the same as decisions without, whatever happens to
// the cluster in between.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

#include "fairlead/cycle/decide.h"
#include "tests/property/scene.h"

namespace fairlead {
namespace {

using namespace scenes;  // NOLINT(google-build-using-namespace): generators

// One thing that happens to the cluster.
void Happen(Cluster* cluster, Scene* scene, int number) {
  const int nodes = static_cast<int>(scene->nodes.size());
  const auto& [node, shape] = scene->nodes[static_cast<std::size_t>(Below(nodes))];
  NodeShape other = RandomNode();
  other.labels.emplace_back("host", node);
  const int gangs = static_cast<int>(scene->gangs.size());
  switch (Below(8)) {
    case 0:
      scene->gangs.push_back(RandomGang(number, nodes, Rules::kAll));
      return cluster->Gang(scene->gangs.back());
    case 1:
      return cluster->store().RemoveNode(node);
    case 2:
      return cluster->Node(node, shape);
    case 3:
      return cluster->Node(node, other);
    default:
      if (gangs == 0) return;
      const GangShape& gang = scene->gangs[static_cast<std::size_t>(Below(gangs))];
      cluster->store().RemovePod(gang.ns, Cluster::Numbered(gang.name, Below(8)), "", kNow);
  }
}

// Carries out what was decided, but for some bindings that fail.
void CarryOut(Cluster* cluster, const Snapshot& snapshot, const Plan& plan) {
  for (const Placement& placement : plan.bind) {
    const GangView& gang = *FindGang(snapshot, placement.gang);
    const MemberView& member = gang.members[placement.member];
    const PodRef pod{gang.key.ns, member.pod, member.uid};
    RC_ASSERT(cluster->store().Assume(pod, placement.node, placement.gpus, kNow));
    if (OneIn(6)) cluster->store().Forget(pod, kNow);
  }
}

TEST(DecideProperty, MemosChangeNothing) {
  EXPECT_TRUE(rc::check([] {
    Scene scene = RandomScene();
    Cluster cluster;
    for (const auto& [name, shape] : scene.nodes) cluster.Node(name, shape);
    for (const GangShape& gang : scene.gangs) cluster.Gang(gang);
    EntitlementMemo entitlements;
    PlacementMemo placement;
    std::size_t placed = 0;
    for (int round = 0; round < 12; ++round) {
      const auto snapshot = cluster.Take();
      const DecideInput fresh{.snapshot = *snapshot, .policy = scene.policy, .now = kNow};
      DecideInput kept = fresh;
      kept.memo = &entitlements;
      kept.placement = &placement;
      const Plan plan = Decide(kept).plan;
      RC_ASSERT(PlanToJson(*snapshot, plan) == PlanToJson(*snapshot, Decide(fresh).plan));
      if (round > 0) placed += plan.bind.size();
      if (!OneIn(5)) CarryOut(&cluster, *snapshot, plan);
      const int events = Below(4);
      for (int e = 0; e < events; ++e) Happen(&cluster, &scene, 100 + 4 * round + e);
    }
    RC_CLASSIFY(placed > 0, "places after the first decision");
  }));
}

}  // namespace
}  // namespace fairlead
