// Gangs whose members are to be near each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "fairlead/placement/placer.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Cluster;
using testing_support::GangShape;

const std::vector<TopologyLevel> kLevels = {{"zone", "zone"}, {"rack", "rack"}};

Labels In(const std::string& zone, const std::string& rack) {
  return {{"rack", rack}, {"zone", zone}};
}

// The nodes of the waiting gang "g", in order of its members; none if it is refused.
std::vector<std::string> Near(Cluster* cluster, const Nearness& nearness, std::int64_t need) {
  const auto snapshot = cluster->Take();
  std::vector<ShapeId> shapes;
  for (std::uint32_t s = 0; s < snapshot->shapes->size(); ++s) shapes.emplace_back(s);
  const NodeClasses classes(*snapshot, shapes);
  PlacementState state(Room::Free(*snapshot), {});
  Placer placer(*snapshot, classes, &state, PeerBook::Now(*snapshot), Capacity(*snapshot));
  const Topology topology(*snapshot, kLevels);
  std::vector<std::string> nodes;
  for (const auto& gang : snapshot->waiting) {
    if (gang->key.name != "g") continue;
    std::vector<Placement> out;
    const bool placed = placer.PlaceNear(*gang, need, &out, nullptr, {topology, nearness});
    EXPECT_EQ(placed, !out.empty());
    if (!out.empty()) nodes.resize(gang->members.size());
    for (const Placement& p : out) nodes[p.member] = snapshot->nodes->info[p.node.index()].name;
  }
  return nodes;
}

constexpr Nearness kInOneRack{.required = 1};

TEST(Nearness, TheDomainThatLeavesTheLeastGoesFirst) {
  Cluster cluster;
  cluster.Node("a", {.gpus = 8, .labels = In("z", "r1")});
  cluster.Node("b", {.gpus = 4, .labels = In("z", "r2")});
  cluster.Node("c", {.gpus = 6, .labels = In("z", "r3")});
  cluster.Gang({.name = "g", .pods = 2, .gpus = 2});
  EXPECT_THAT(Near(&cluster, kInOneRack, 2), ElementsAre("b", "b"));
}

// More members than the minimum are worth more than a tight fit.
TEST(Nearness, TheDomainThatTakesTheMostGoesBeforeIt) {
  Cluster cluster;
  cluster.Node("a", {.gpus = 2, .labels = In("z", "r1")});
  cluster.Node("b", {.gpus = 8, .labels = In("z", "r2")});
  cluster.Gang({.name = "g", .pods = 3, .min_member = 2, .gpus = 1});
  EXPECT_THAT(Near(&cluster, kInOneRack, 2), ElementsAre("b", "b", "b"));
}

// Rack r1 has room for either of the two shapes, not for both.
TEST(Nearness, AGangOfTwoShapesTriesTheNextDomain) {
  Cluster cluster;
  cluster.Node("a", {.cpu = 8, .labels = In("z", "r1")});
  cluster.Node("b1", {.cpu = 8, .labels = In("z", "r2")});
  cluster.Node("b2", {.cpu = 8, .labels = In("z", "r2")});
  PodInfo big = Cluster::Pod({.name = "g", .pods = 3, .milli_cpu = 6000}, 0);
  PodInfo small = Cluster::Pod({.name = "g", .pods = 3, .milli_cpu = 2000}, 1);
  PodInfo last = Cluster::Pod({.name = "g", .pods = 3, .milli_cpu = 2000}, 2);
  for (const PodInfo& pod : {big, small, last}) cluster.store().UpsertPod(pod, Instant{});
  EXPECT_THAT(Near(&cluster, kInOneRack, 3), ElementsAre("b1", "b1", "b2"));
}

TEST(Nearness, MembersThatRunFixTheDomain) {
  Cluster cluster;
  cluster.Node("a", {.gpus = 2, .labels = In("z", "r1")});
  cluster.Node("b", {.gpus = 8, .labels = In("z", "r2")});
  cluster.Node("c", {.gpus = 8, .labels = In("y", "r2")});
  cluster.Gang({.name = "g", .pods = 3, .gpus = 1, .bound = {"b"}});
  EXPECT_THAT(Near(&cluster, kInOneRack, 2), ElementsAre("", "b", "b"));
  Cluster full;
  full.Node("a", {.gpus = 8, .labels = In("z", "r1")});
  full.Node("b", {.gpus = 2, .labels = In("z", "r2")});
  full.Gang({.name = "g", .pods = 3, .gpus = 1, .bound = {"b"}});
  EXPECT_THAT(Near(&full, kInOneRack, 2), IsEmpty());
  EXPECT_THAT(Near(&full, {.preferred = 1}, 2), ElementsAre("", "b", "a"));
}

TEST(Nearness, APreferredLevelWidensUpToTheRequiredOne) {
  Cluster cluster;
  cluster.Node("a1", {.gpus = 2, .labels = In("a", "r1")});
  cluster.Node("a2", {.gpus = 2, .labels = In("a", "r2")});
  cluster.Node("b1", {.gpus = 1, .labels = In("b", "r1")});
  cluster.Gang({.name = "g", .pods = 4, .gpus = 1});
  EXPECT_THAT(Near(&cluster, {.required = 0, .preferred = 1}, 4),
              ElementsAre("a1", "a1", "a2", "a2"));
  Cluster larger;
  larger.Node("a1", {.gpus = 2, .labels = In("a", "r1")});
  larger.Node("b1", {.gpus = 2, .labels = In("b", "r1")});
  larger.Gang({.name = "g", .pods = 4, .gpus = 1});
  EXPECT_THAT(Near(&larger, {.required = 0, .preferred = 1}, 4), IsEmpty());
  EXPECT_THAT(Near(&larger, {.preferred = 1}, 4), ElementsAre("a1", "a1", "b1", "b1"));
}

// What the minimum leaves over follows as near as there is room.
TEST(Nearness, MembersBeyondTheMinimumWidenIt) {
  Cluster cluster;
  cluster.Node("a1", {.gpus = 2, .labels = In("a", "r1")});
  cluster.Node("a2", {.gpus = 1, .labels = In("a", "r2")});
  cluster.Node("b1", {.gpus = 1, .labels = In("b", "r1")});
  cluster.Gang({.name = "g", .pods = 5, .min_member = 2, .gpus = 1});
  EXPECT_THAT(Near(&cluster, {.preferred = 1}, 2), ElementsAre("a1", "a1", "a2", "b1", ""));
  EXPECT_THAT(Near(&cluster, {.required = 0, .preferred = 1}, 2),
              ElementsAre("a1", "a1", "a2", "", ""));
  EXPECT_THAT(Near(&cluster, kInOneRack, 2), ElementsAre("a1", "a1", "", "", ""));
}

TEST(Topology, DomainsAreWithinTheirParents) {
  Cluster cluster;
  cluster.Node("n1", {.labels = In("b", "r1")});
  cluster.Node("n2", {.labels = In("a", "r1")});
  cluster.Node("n3", {.labels = In("a", "r1")});
  cluster.Node("n4", {.labels = {{"zone", "a"}}});
  cluster.Node("n5", {.labels = {{"rack", "r1"}}});
  const auto snapshot = cluster.Take();
  const Topology topology(*snapshot, kLevels);
  ASSERT_EQ(topology.domains(0), 2U);
  ASSERT_EQ(topology.domains(1), 2U);
  EXPECT_EQ(topology.NameOf(1, 0), "a/r1");
  EXPECT_EQ(topology.NameOf(1, 1), "b/r1");
  const std::vector<std::uint32_t> racks = {1, 0, 0, Topology::kNoDomain, Topology::kNoDomain};
  for (std::uint32_t rank = 0; rank < 5; ++rank) {
    EXPECT_EQ(topology.DomainAt(1, rank), racks[rank]) << rank;
  }
}

}  // namespace
}  // namespace fairlead
