#include "fairlead/placement/placer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing::ElementsAre;
using testing_support::Cluster;
using testing_support::GangShape;
using testing_support::NodeShape;

// A placer over a snapshot with all its shapes.
struct Fixture {
  explicit Fixture(Cluster* cluster)
      : snapshot(cluster->Take()),
        classes(*snapshot, AllShapes(*snapshot)),
        state(Room::Free(*snapshot), {}) {
    placer.emplace(*snapshot, classes, &state, PeerBook::Now(*snapshot), Capacity(*snapshot));
  }

  static std::vector<ShapeId> AllShapes(const Snapshot& s) {
    std::vector<ShapeId> shapes;
    for (std::uint32_t i = 0; i < s.shapes->size(); ++i) shapes.emplace_back(i);
    return shapes;
  }

  const GangView& Gang(const std::string& name) const {
    for (const auto& gang : snapshot->waiting) {
      if (gang->key.name == name) return *gang;
    }
    ADD_FAILURE() << "no gang " << name;
    return *snapshot->waiting.front();
  }

  // Node name and devices of each placement, or "-" if the gang was refused.
  std::vector<std::string> Place(const std::string& name, std::int64_t need) {
    std::vector<Placement> out;
    if (!placer->PlaceGang(Gang(name), need, &out)) return {"-"};
    std::vector<std::string> texts;
    for (const Placement& p : out) {
      std::string text =
          Gang(name).members[p.member].pod + "@" + snapshot->nodes->info[p.node.index()].name;
      for (const std::int32_t d : MaskToDevices(p.gpus)) text += "," + std::to_string(d);
      texts.push_back(text);
    }
    return texts;
  }

  std::shared_ptr<const Snapshot> snapshot;
  NodeClasses classes;
  PlacementState state;
  std::optional<Placer> placer;
};

TEST(Placer, WalksNodesFromFullestToWhole) {
  Cluster cluster;
  cluster.Node("small", {.gpus = 4});
  cluster.Node("part", {.gpus = 8});
  cluster.Node("tight", {.gpus = 8});
  cluster.Gang({.name = "r1", .gpus = 2, .bound = {"part"}});
  cluster.Gang({.name = "r2", .gpus = 7, .bound = {"tight"}});
  cluster.Gang({.name = "g", .pods = 13, .gpus = 1});
  Fixture f(&cluster);
  std::vector<std::string> nodes;
  for (const std::string& text : f.Place("g", 11)) {
    nodes.push_back(text.substr(text.find('@') + 1));
    nodes.back() = nodes.back().substr(0, nodes.back().find(','));
  }
  // tight has 1 free, part 6, small is whole: 1 + 6 + 4 = 11 of 13.
  EXPECT_THAT(nodes, ElementsAre("tight", "part", "part", "part", "part", "part", "part", "small",
                                 "small", "small", "small"));
}

TEST(Placer, BestFitByGpusOfThePod) {
  struct Case {
    std::int32_t gpus;
    const char* expected;
  };
  // Free: a 3 of 8, b 5 of 8, c 8 of 8, d 4 of 4.
  const std::vector<Case> cases = {{1, "a"}, {3, "a"}, {4, "b"}, {5, "b"}, {6, "c"}, {8, "c"}};
  for (const Case& c : cases) {
    Cluster cluster;
    for (const char* name : {"a", "b", "c"}) cluster.Node(name, {.gpus = 8});
    cluster.Node("d", {.gpus = 4});
    cluster.Gang({.name = "ra", .gpus = 5, .bound = {"a"}});
    cluster.Gang({.name = "rb", .gpus = 3, .bound = {"b"}});
    cluster.Gang({.name = "g", .gpus = c.gpus});
    Fixture f(&cluster);
    EXPECT_EQ(f.Place("g", 1).front().substr(0, 9), std::string("g-00000@") + c.expected) << c.gpus;
  }
}

TEST(Placer, TiesGoByNameNotById) {
  Cluster cluster;
  for (const char* name : {"c", "a", "b"}) cluster.Node(name, {.gpus = 1});
  cluster.Gang({.name = "g", .pods = 2, .gpus = 1});
  Fixture f(&cluster);
  EXPECT_THAT(f.Place("g", 2), ElementsAre("g-00000@a,0", "g-00001@b,0"));
}

TEST(Placer, LowestFreeDevices) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 8});
  PodInfo other = Cluster::Pod({.name = "r", .gpus = 2}, 0);
  other.node_name = "n";
  other.gpu_devices = {1, 4};
  cluster.store().UpsertPod(other, Instant{});
  cluster.Gang({.name = "g", .pods = 2, .gpus = 3});
  Fixture f(&cluster);
  EXPECT_THAT(f.Place("g", 2), ElementsAre("g-00000@n,0,2,3", "g-00001@n,5,6,7"));
}

TEST(Placer, AllOrNothingLeavesNoTrace) {
  Cluster cluster;
  cluster.Nodes("n", 3, {.cpu = 4, .gpus = 4});
  cluster.Gang({.name = "big", .pods = 13, .gpus = 1});
  cluster.Gang({.name = "fits", .pods = 12, .gpus = 1});
  Fixture f(&cluster);
  EXPECT_THAT(f.Place("big", 13), ElementsAre("-"));
  EXPECT_EQ(f.Place("fits", 12).size(), 12U);
}

TEST(Placer, AtLeastTheNeedAndAsManyAsFit) {
  struct Case {
    std::int64_t need;
    std::size_t placed;  // 0 = refused
  };
  for (const Case& c : std::vector<Case>{{1, 5}, {5, 5}, {6, 0}, {9, 0}}) {
    Cluster cluster;
    cluster.Node("n", {.gpus = 5});
    cluster.Gang({.name = "g", .pods = 9, .gpus = 1});
    Fixture f(&cluster);
    const auto placed = f.Place("g", c.need);
    EXPECT_EQ(placed.front() == "-" ? 0 : placed.size(), c.placed) << c.need;
  }
}

// Two shapes as one gang: members of `name` with sizes given per member.
void MixedGang(Cluster* cluster, const std::string& name, const std::vector<GangShape>& members) {
  int index = 0;
  for (GangShape shape : members) {
    shape.name = name;
    PodInfo pod = Cluster::Pod(shape, index++);
    pod.gang_size = static_cast<std::int64_t>(members.size());
    cluster->store().UpsertPod(pod, Instant{});
  }
}

TEST(Placer, HardestShapeFirst) {
  Cluster cluster;
  cluster.Node("n", {.cpu = 8, .gpus = 4});
  // In order of members the small ones would take the devices that the large one needs.
  cluster.Node("m", {.cpu = 8, .gpus = 2});
  MixedGang(&cluster, "g",
            {{.gpus = 1}, {.milli_cpu = 6000}, {.gpus = 1}, {.gpus = 4}, {.milli_cpu = 7000}});
  Fixture f(&cluster);
  EXPECT_THAT(f.Place("g", 5), ElementsAre("g-00003@n,0,1,2,3", "g-00000@m,0", "g-00002@m,1",
                                           "g-00004@m", "g-00001@n"));
}

TEST(Placer, MixedGangThatDoesNotFitGivesEverythingBack) {
  Cluster cluster;
  cluster.Nodes("n", 2, {.cpu = 8, .gpus = 4});
  MixedGang(&cluster, "g", {{.gpus = 4}, {.gpus = 4}, {.milli_cpu = 9000}});
  MixedGang(&cluster, "h", {{.milli_cpu = 100, .gpus = 4}, {.milli_cpu = 8000}});
  cluster.Gang({.name = "k", .pods = 2, .gpus = 4});
  Fixture f(&cluster);
  EXPECT_THAT(f.Place("g", 3), ElementsAre("-"));
  EXPECT_THAT(f.Place("h", 2), ElementsAre("h-00000@n-00000,0,1,2,3", "h-00001@n-00001"));
  EXPECT_THAT(f.Place("k", 2), ElementsAre("-"));
  EXPECT_THAT(f.Place("g", 3), ElementsAre("-"));
}

// What a shape could not get because of the gang's other shape says nothing about it alone.
TEST(Placer, AShortageInsideAGangIsForgottenWithIt) {
  Cluster cluster;
  cluster.Node("n", {.cpu = 8, .gpus = 4});
  MixedGang(&cluster, "g", {{.milli_cpu = 6000, .gpus = 4}, {.milli_cpu = 4000}});
  cluster.Gang({.name = "k", .pods = 2, .milli_cpu = 4000});
  Fixture f(&cluster);
  ASSERT_EQ(f.Gang("g").members[1].shape, f.Gang("k").members[0].shape);
  EXPECT_THAT(f.Place("g", 2), ElementsAre("-"));
  EXPECT_EQ(f.Place("k", 2).size(), 2U);
}

TEST(Placer, RefusesAKnownShortageWithoutLooking) {
  Cluster cluster;
  cluster.Nodes("n", 100, {.gpus = 8});
  cluster.Gang({.name = "g", .pods = 801, .gpus = 1});
  cluster.Gang({.name = "h", .pods = 900, .gpus = 1});
  cluster.Gang({.name = "k", .pods = 800, .gpus = 1});
  Fixture f(&cluster);
  EXPECT_THAT(f.Place("g", 801), ElementsAre("-"));
  const std::uint64_t before = f.placer->steps();
  EXPECT_THAT(f.Place("h", 900), ElementsAre("-"));
  EXPECT_EQ(f.placer->steps(), before + 1);
  EXPECT_EQ(f.Place("k", 800).size(), 800U);
}

TEST(Placer, EqualPodsCostNodesNotPods) {
  Cluster cluster;
  cluster.Nodes("n", 50, {.gpus = 8});
  cluster.Gang({.name = "g", .pods = 400, .gpus = 1});
  Fixture f(&cluster);
  EXPECT_EQ(f.Place("g", 400).size(), 400U);
  // 50 for the feasible set, 50 nodes, 1 for the gang.
  EXPECT_EQ(f.placer->steps(), 101U);
}

TEST(Placer, FillAndUndoRestoreTheRoom) {
  Cluster cluster;
  cluster.Nodes("n", 4, {.cpu = 4, .gpus = 4});
  cluster.Gang({.name = "g", .pods = 20, .gpus = 1});
  cluster.Gang({.name = "h", .pods = 16, .gpus = 1});
  Fixture f(&cluster);
  const FillResult fill = f.placer->Fill(GroupByShape(f.Gang("g")));
  EXPECT_EQ(fill.placed, 16);
  EXPECT_EQ(fill.short_shape, f.Gang("g").members.front().shape);
  f.placer->Undo();
  EXPECT_EQ(f.Place("h", 16).size(), 16U);
  EXPECT_EQ(f.placer->Fill(GroupByShape(f.Gang("g"))).placed, 0);
  f.placer->Undo();
}

TEST(Placer, EveryResourceCounts) {
  struct Case {
    const char* what;
    NodeShape node;
    GangShape gang;
    std::size_t fit;
  };
  const std::vector<Case> cases = {
      {"cpu", {.cpu = 4}, {.milli_cpu = 1500}, 2},
      {"memory", {.memory_gib = 1}, {.memory_mib = 300}, 3},
      {"pods", {.pods = 4}, {.milli_cpu = 1}, 4},
      {"gpus", {.gpus = 7}, {.gpus = 3}, 2},
      {"nothing asked", {.pods = 3}, {}, 3},
  };
  for (const Case& c : cases) {
    Cluster cluster;
    cluster.Node("n", c.node);
    GangShape gang = c.gang;
    gang.name = "g";
    gang.pods = 9;
    cluster.Gang(gang);
    Fixture f(&cluster);
    EXPECT_EQ(f.Place("g", 1).size(), c.fit) << c.what;
  }
}

TEST(NodeClasses, TellsApartOnlyWhatShapesSelectBy) {
  Cluster cluster;
  for (int n = 0; n < 12; ++n) {
    NodeShape shape{.gpus = n % 2 == 0 ? 8 : 0, .model = n % 2 == 0 ? "H100" : ""};
    shape.labels = {{"host", "h" + std::to_string(n)}, {"zone", "z" + std::to_string(n % 3)}};
    cluster.Node("n" + std::to_string(n), shape);
  }
  cluster.Gang({.name = "g", .gpus = 1, .selector = {{"zone", "z1"}}});
  Fixture f(&cluster);
  EXPECT_EQ(f.classes.size(), 6U);  // 2 kinds x 3 zones
  const ShapeId shape = f.Gang("g").members.front().shape;
  EXPECT_EQ(std::popcount(f.classes.Feasible(shape).front()), 4);
}

TEST(NodeClasses, FirstFailingCheckInTheOrderOfFilters) {
  const Taint taint{"team", "ml", TaintEffect::kNoSchedule};
  const Taint soft{"old", "", TaintEffect::kPreferNoSchedule};
  const Taint evict{"broken", "", TaintEffect::kNoExecute};
  const Toleration all{"", TolerationOperator::kExists, "", std::nullopt};
  const Toleration ml{"team", TolerationOperator::kEqual, "ml", TaintEffect::kNoSchedule};
  const Toleration cordon{"node.kubernetes.io/unschedulable", TolerationOperator::kExists, "",
                          TaintEffect::kNoSchedule};
  const NodeTerm named{{}, {{"", RequirementOp::kIn, {"n"}}}};
  const NodeTerm other{{}, {{"", RequirementOp::kNotIn, {"n"}}}};
  using Terms = std::vector<NodeTerm>;
  const NodeTerm above{{{"age", RequirementOp::kGt, {"3"}}}, {}};
  struct Case {
    const char* what;
    NodeShape node;
    GangShape gang;
    Predicate expected;
  };
  const std::vector<Case> cases = {
      {"fits", {}, {}, Predicate::kNone},
      {"cordon first", {.taints = {taint}, .cordoned = true}, {}, Predicate::kUnschedulable},
      {"cordon tolerated", {.cordoned = true}, {.tolerations = {cordon}}, Predicate::kNone},
      {"taint", {.taints = {taint}}, {.selector = {{"a", "b"}}}, Predicate::kTaint},
      {"taint tolerated", {.taints = {taint}}, {.tolerations = {ml}}, Predicate::kNone},
      {"second taint", {.taints = {taint, evict}}, {.tolerations = {ml}}, Predicate::kTaint},
      {"soft taint", {.taints = {soft}}, {}, Predicate::kNone},
      {"all tolerated", {.taints = {taint, evict}}, {.tolerations = {all}}, Predicate::kNone},
      {"selector", {}, {.selector = {{"a", "b"}}}, Predicate::kSelector},
      {"other value", {.labels = {{"a", "c"}}}, {.selector = {{"a", "b"}}}, Predicate::kSelector},
      {"selector met", {.labels = {{"a", "b"}}}, {.selector = {{"a", "b"}}}, Predicate::kNone},
      {"no term", {}, {.node_terms = Terms{}}, Predicate::kSelector},
      {"empty term", {}, {.node_terms = Terms{{}}}, Predicate::kSelector},
      {"its name", {}, {.node_terms = Terms{named}}, Predicate::kNone},
      {"not its name", {}, {.node_terms = Terms{other}}, Predicate::kSelector},
      {"one term of two", {}, {.node_terms = Terms{other, named}}, Predicate::kNone},
      {"term and selector",
       {},
       {.selector = {{"a", "b"}}, .node_terms = Terms{named}},
       Predicate::kSelector},
      {"above", {.labels = {{"age", "12"}}}, {.node_terms = Terms{above}}, Predicate::kNone},
      {"not above", {.labels = {{"age", "3"}}}, {.node_terms = Terms{above}}, Predicate::kSelector},
      {"no number",
       {.labels = {{"age", "4x"}}},
       {.node_terms = Terms{above}},
       Predicate::kSelector},
      {"model", {.gpus = 1, .model = "A"}, {.gpus = 1, .models = {"B"}}, Predicate::kModel},
      {"model met", {.gpus = 1, .model = "A"}, {.gpus = 1, .models = {"A"}}, Predicate::kNone},
      {"no GPUs there", {}, {.gpus = 1, .models = {"B"}}, Predicate::kNone},
      {"no GPUs asked", {.gpus = 1, .model = "A"}, {.models = {"B"}}, Predicate::kNone},
  };
  for (const Case& c : cases) {
    Cluster cluster;
    cluster.Node("n", c.node);
    GangShape gang = c.gang;
    gang.name = "g";
    cluster.Gang(gang);
    Fixture f(&cluster);
    EXPECT_EQ(f.classes.Check(f.Gang("g").members.front().shape, 0).failed, c.expected) << c.what;
  }
}

TEST(Room, RollbackRestoresEveryBit) {
  Cluster cluster;
  cluster.Nodes("n", 3, {.cpu = 16, .gpus = 8});
  cluster.Gang({.name = "g", .milli_cpu = 1000, .gpus = 2});
  const auto snapshot = cluster.Take();
  const ShapeNeed need = NeedOf(*snapshot, ShapeId(0));
  Room room = Room::Free(*snapshot);
  room.Take(need, NodeId(1), 1);
  const std::size_t mark = room.Mark();
  EXPECT_EQ(room.Take(need, NodeId(1), 2), GpuMask{0b111100});
  EXPECT_EQ(room.Take(need, NodeId(0), 4), GpuMask{0xff});
  EXPECT_EQ(room.Fits(need, NodeId(0), 9), 0);
  int returned = 0;
  room.Rollback(mark, [&returned](NodeId) { ++returned; });
  EXPECT_EQ(returned, 2);
  EXPECT_EQ(room.FreeDevices(NodeId(0)), 8);
  EXPECT_EQ(room.FreeDevices(NodeId(1)), 6);
  EXPECT_EQ(room.FreeAmount(kCpu, NodeId(1)), 15'000);
  EXPECT_EQ(room.Level(1 + 6)[0], 0b010U);      // partly used, 6 free
  EXPECT_EQ(room.Level(1 + 8 + 8)[0], 0b101U);  // whole
  EXPECT_EQ(room.Take(need, NodeId(1), 1), GpuMask{0b1100});
}

TEST(Room, EmptyIsTheClusterWithoutPods) {
  Cluster cluster;
  cluster.Node("n", {.cpu = 4, .gpus = 4});
  cluster.Gang({.name = "r", .milli_cpu = 3000, .gpus = 3, .bound = {"n"}});
  const auto snapshot = cluster.Take();
  EXPECT_EQ(Room::Free(*snapshot).FreeDevices(NodeId(0)), 1);
  EXPECT_EQ(Room::Empty(*snapshot).FreeDevices(NodeId(0)), 4);
  EXPECT_EQ(Room::Free(*snapshot).FreeAmount(kCpu, NodeId(0)), 1000);
  EXPECT_EQ(Room::Empty(*snapshot).FreeAmount(kCpu, NodeId(0)), 4000);
}

NodePreference Prefers(std::int32_t weight, const std::string& zone) {
  return {weight, {{{"zone", RequirementOp::kIn, {zone}}}, {}}};
}

// Of nodes that are equally good, the preferred ones; then the others, so that nobody waits for it.
TEST(Placer, PreferredNodesComeFirst) {
  Cluster cluster;
  cluster.Node("a", {.cpu = 1, .labels = {{"zone", "x"}}});
  cluster.Node("b", {.cpu = 1, .labels = {{"zone", "y"}}});
  cluster.Node("c", {.cpu = 1, .labels = {{"zone", "z"}}});
  cluster.Node("d", {.cpu = 1});
  GangShape gang{.name = "g", .pods = 4, .milli_cpu = 1000};
  gang.preferred = {Prefers(10, "z"), Prefers(4, "y"), Prefers(5, "y")};
  cluster.Gang(gang);
  EXPECT_THAT(Fixture(&cluster).Place("g", 4),
              ElementsAre("g-00000@c", "g-00001@b", "g-00002@a", "g-00003@d"));
}

// PreferNoSchedule keeps a pod off while there is another node, whatever else it prefers.
TEST(Placer, NodesWithSoftTaintsComeLast) {
  Cluster cluster;
  const Taint soft{"soft", "", TaintEffect::kPreferNoSchedule};
  const Taint more{"more", "", TaintEffect::kPreferNoSchedule};
  cluster.Node("a", {.cpu = 1, .labels = {{"zone", "x"}}, .taints = {soft, more}});
  cluster.Node("b", {.cpu = 1, .labels = {{"zone", "x"}}, .taints = {soft}});
  cluster.Node("c", {.cpu = 1});
  GangShape gang{.name = "g", .pods = 3, .milli_cpu = 1000};
  gang.preferred = {Prefers(100, "x")};
  cluster.Gang(gang);
  GangShape tolerant = gang;
  tolerant.name = "t";
  tolerant.tolerations = {{"", TolerationOperator::kExists, "", std::nullopt}};
  cluster.Gang(tolerant);
  EXPECT_THAT(Fixture(&cluster).Place("g", 3), ElementsAre("g-00000@c", "g-00001@b", "g-00002@a"));
  EXPECT_THAT(Fixture(&cluster).Place("t", 3), ElementsAre("t-00000@a", "t-00001@b", "t-00002@c"));
}

// What pods prefer does not break into whole nodes.
TEST(Placer, PreferencesAreBelowTheFit) {
  Cluster cluster;
  cluster.Node("a", {.gpus = 8, .labels = {{"zone", "x"}}});
  cluster.Node("b", {.gpus = 8});
  cluster.Gang({.name = "there", .gpus = 4, .bound = {"b"}});
  GangShape gang{.name = "g", .pods = 1, .gpus = 1};
  gang.preferred = {Prefers(100, "x")};
  cluster.Gang(gang);
  Fixture f(&cluster);
  EXPECT_THAT(f.Place("g", 1).front(), testing::StartsWith("g-00000@b"));
}

TEST(Placer, SharesGoToPreferredGpusOfTheSameFill) {
  Cluster cluster;
  cluster.Node("a", {.gpus = 1, .gpu_slices = 4});
  cluster.Node("b", {.gpus = 1, .gpu_slices = 4, .labels = {{"zone", "x"}}});
  GangShape gang{.name = "g", .pods = 2};
  gang.share.devices = 1;
  gang.share.millionths = 250'000;
  gang.preferred = {Prefers(100, "x")};
  cluster.Gang(gang);
  EXPECT_THAT(Fixture(&cluster).Place("g", 2), ElementsAre("g-00000@b,0", "g-00001@b,0"));
}

}  // namespace
}  // namespace fairlead
