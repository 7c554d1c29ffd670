#include "fairlead/placement/peer_book.h"

#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <vector>

#include "fairlead/placement/placer.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing_support::Cluster;
using testing_support::GangShape;
using testing_support::NodeShape;

// Nodes a, b, c, d: zones z1, z1, z2, none; and what runs on them.
class Scene {
 public:
  Scene() {
    cluster_.Node("a", {.labels = {{"zone", "z1"}, {"host", "a"}}});
    cluster_.Node("b", {.labels = {{"zone", "z1"}, {"host", "b"}}});
    cluster_.Node("c", {.labels = {{"zone", "z2"}, {"host", "c"}}});
    cluster_.Node("d", {.labels = {{"host", "d"}}});
  }

  Cluster& cluster() { return cluster_; }

  void Runs(const std::string& app, const std::string& node, PeerRules rules = {},
            bool deleting = false, const std::string& ns = "default") {
    GangShape shape{.name = "r" + std::to_string(++running_), .labels = {{"app", app}}};
    shape.ns = ns;
    shape.rules = std::move(rules);
    PodInfo pod = Cluster::Pod(shape, 0);
    pod.node_name = node;
    pod.phase = PodPhase::kRunning;
    pod.deleting = deleting;
    cluster_.store().UpsertPod(pod, {});
  }

  // A letter for each node: '.' the pod may run there, else the rule that keeps it out.
  std::string Asks(GangShape pod) {
    if (pod.name.empty()) pod.name = "asks";
    cluster_.Gang(pod);
    const auto snapshot = cluster_.Take();
    PeerBook book = PeerBook::Now(*snapshot);
    const PeerBook::Kind kind = book.KindOf(snapshot->waiting.back()->members.front());
    std::string letters;
    for (std::uint32_t rank = 0; rank < snapshot->nodes->by_name.size(); ++rank) {
      letters += ".cPumxvzlSnak"[static_cast<std::size_t>(book.Broken(kind, rank))];
    }
    return letters;
  }

 private:
  Cluster cluster_;
  int running_ = 0;
};

PodSelector Of(const std::string& app) {
  PodSelector pods;
  pods.namespaces = {"default"};
  pods.labels = {{"app", RequirementOp::kIn, {app}}};
  return pods;
}

GangShape Pod(PeerRules rules) {
  GangShape pod{.labels = {{"app", "web"}}};
  pod.rules = std::move(rules);
  return pod;
}

TEST(PeerBook, AffinityIsToDomainsWithSuchPods) {
  Scene scene;
  scene.Runs("db", "a");
  EXPECT_EQ(scene.Asks(Pod({.near = {{Of("db"), "zone"}}, .away = {}, .spread = {}, .ports = {}})),
            "..nn");
}

TEST(PeerBook, AllAffinityTermsAreOfTheSamePods) {
  Scene scene;
  scene.Runs("db", "a");
  scene.Runs("cache", "c");
  // No pod is both, so there is none to be near to, although both zones have one of them.
  EXPECT_EQ(scene.Asks(Pod({.near = {{Of("db"), "host"}, {Of("cache"), "zone"}},
                            .away = {},
                            .spread = {},
                            .ports = {}})),
            "nnnn");
}

TEST(PeerBook, TheFirstOfItsKindNeedsNoOther) {
  Scene scene;
  const PeerRules to_its_like{.near = {{Of("web"), "zone"}}, .away = {}, .spread = {}, .ports = {}};
  EXPECT_EQ(scene.Asks(Pod(to_its_like)), "...n");  // d has no zone
  scene.Runs("web", "d");                           // in no domain: as if it were not there
  EXPECT_EQ(scene.Asks(Pod(to_its_like)), "...n");
  scene.Runs("web", "c");
  EXPECT_EQ(scene.Asks(Pod(to_its_like)), "nn.n");
}

TEST(PeerBook, AntiAffinityHoldsBothWays) {
  Scene scene;
  scene.Runs("db", "c", {.near = {}, .away = {{Of("web"), "host"}}, .spread = {}, .ports = {}});
  scene.Runs("db", "a", {}, true);  // being deleted, but there
  EXPECT_EQ(scene.Asks(Pod({.near = {}, .away = {{Of("db"), "host"}}, .spread = {}, .ports = {}})),
            "a.a.");
  GangShape plain = Pod({});
  plain.name = "plain";
  EXPECT_EQ(scene.Asks(plain), "..k.");
}

TEST(PeerBook, PortsCollideByNumberProtocolAndAddress) {
  const auto with = [](const HostPort& port) {
    PeerRules rules;
    rules.ports = {port};
    return rules;
  };
  Scene scene;
  scene.Runs("x", "a", with({"0.0.0.0", "TCP", 80}));
  scene.Runs("x", "b", with({"10.0.0.1", "TCP", 80}));
  scene.Runs("x", "c", with({"0.0.0.0", "UDP", 80}));
  scene.Runs("x", "d", with({"0.0.0.0", "TCP", 81}));
  EXPECT_EQ(scene.Asks(Pod(with({"0.0.0.0", "TCP", 80}))), "PP..");
  EXPECT_EQ(scene.Asks(Pod(with({"10.0.0.2", "TCP", 80}))), "P...");
  EXPECT_EQ(scene.Asks(Pod(with({"10.0.0.1", "UDP", 80}))), "..P.");
}

SpreadRule Over(const std::string& label) {
  SpreadRule rule;
  rule.pods = Of("web");
  rule.topology = label;
  return rule;
}

GangShape Spread(const SpreadRule& rule) {
  PeerRules rules;
  rules.spread = {rule};
  return Pod(rules);
}

TEST(PeerBook, SpreadIsAboveTheFewest) {
  Scene scene;
  scene.Runs("web", "a");
  EXPECT_EQ(scene.Asks(Spread(Over("zone"))), "SS.l");
  scene.Runs("web", "c");
  EXPECT_EQ(scene.Asks(Spread(Over("zone"))), "...l");
  scene.Runs("web", "b");
  EXPECT_EQ(scene.Asks(Spread(Over("zone"))), "SS.l");
  SpreadRule two = Over("zone");
  two.max_skew = 2;
  EXPECT_EQ(scene.Asks(Spread(two)), "...l");
}

TEST(PeerBook, SpreadCountsTheMemberItselfOnlyIfItMatches) {
  Scene scene;
  scene.Runs("web", "a");
  GangShape other = Spread(Over("zone"));
  other.labels = {{"app", "other"}};
  EXPECT_EQ(scene.Asks(other), "...l");  // 1 - 0 <= 1
}

TEST(PeerBook, SpreadLeavesOutWhatIsBeingDeleted) {
  Scene scene;
  scene.Runs("web", "a", {}, true);
  EXPECT_EQ(scene.Asks(Spread(Over("zone"))), "...l");
}

// minDomains: with fewer domains than that, the fewest is taken to be 0.
TEST(PeerBook, SpreadOverAtLeastSoManyDomains) {
  Scene scene;
  scene.Runs("web", "a");
  scene.Runs("web", "c");
  SpreadRule rule = Over("zone");
  for (const auto& [domains, verdict] :
       std::vector<std::pair<std::int64_t, std::string>>{{1, "...l"}, {2, "...l"}, {3, "SSSl"}}) {
    rule.min_domains = domains;
    EXPECT_EQ(scene.Asks(Spread(rule)), verdict) << domains;
  }
}

// nodeAffinityPolicy: Honor leaves out nodes that the pod does not select, Ignore counts them.
TEST(PeerBook, SpreadOverNodesThatThePodSelects) {
  for (const bool honor : {true, false}) {
    Scene scene;
    scene.Runs("web", "a");
    scene.Runs("web", "b");
    SpreadRule rule = Over("host");
    rule.only_nodes_selected = honor;
    GangShape pod = Spread(rule);
    pod.selector = {{"zone", "z1"}};
    // Of a and b alone, none has fewer; c and d have none.
    EXPECT_EQ(scene.Asks(pod), honor ? "...." : "SS..");
  }
}

// nodeTaintsPolicy: Honor leaves out nodes with taints that the pod does not tolerate.
TEST(PeerBook, SpreadOverNodesThatThePodTolerates) {
  for (const bool honor : {true, false}) {
    Scene scene;
    scene.cluster().Node("e", {.labels = {{"host", "e"}, {"zone", "z3"}},
                               .taints = {{"t", "", TaintEffect::kNoSchedule},
                                          {"p", "", TaintEffect::kPreferNoSchedule}}});
    scene.Runs("web", "a");
    scene.Runs("web", "c");
    SpreadRule rule = Over("zone");
    rule.only_nodes_tolerated = honor;
    EXPECT_EQ(scene.Asks(Spread(rule)), honor ? "...l." : "SSSl.");
    GangShape tolerant = Spread(rule);
    tolerant.tolerations = {{"t", TolerationOperator::kExists, "", std::nullopt}};
    EXPECT_EQ(scene.Asks(tolerant), "SSSl.");
  }
}

// namespaceSelector: by the labels of namespaces, of which the name is one.
TEST(PeerBook, NamespacesBySelector) {
  struct Case {
    const char* what;
    LabelRequirement of_namespaces;
    const char* verdict;
  };
  // On a runs a pod of namespace lab (team red, as is the label), on b one of prod (team blue), on
  // c one of plain (no labels), on d one of a namespace that is not known.
  const std::vector<Case> cases = {
      {"In", {"team", RequirementOp::kIn, {"red", "x"}}, "a..."},
      {"In nothing that there is", {"team", RequirementOp::kIn, {"x"}}, "...."},
      {"NotIn", {"team", RequirementOp::kNotIn, {"red"}}, ".aaa"},
      {"Exists", {"team", RequirementOp::kExists, {}}, "aa.."},
      {"DoesNotExist", {"team", RequirementOp::kDoesNotExist, {}}, "..aa"},
      {"by name", {kNamespaceNameLabel, RequirementOp::kIn, {"plain", "unknown"}}, "..aa"},
      {"not by name", {kNamespaceNameLabel, RequirementOp::kNotIn, {"prod"}}, "a.aa"},
  };
  for (const Case& c : cases) {
    for (const bool theirs : {false, true}) {  // whose anti-affinity it is
      Scene scene;
      ClusterStore& store = scene.cluster().store();
      const Labels lab = {{kNamespaceNameLabel, "lab"}, {"team", "red"}};
      store.UpsertNamespace({"lab", "", lab});
      store.UpsertNamespace({"prod", "", {{kNamespaceNameLabel, "prod"}, {"team", "blue"}}});
      store.UpsertNamespace({"plain", "", {{kNamespaceNameLabel, "plain"}}});
      PodSelector pods = Of("web");
      pods.namespaces.clear();
      pods.of_namespaces = {c.of_namespaces};
      PeerRules rules;
      rules.away = {{pods, "host"}};
      const char* namespaces[] = {"lab", "prod", "plain", "unknown"};
      const char* nodes[] = {"a", "b", "c", "d"};
      if (!theirs) {
        for (int i = 0; i < 4; ++i) scene.Runs("web", nodes[i], {}, false, namespaces[i]);
        EXPECT_EQ(scene.Asks(Pod(rules)), c.verdict) << c.what;
        continue;
      }
      // The pods that ask are of these namespaces, one after the other; one on node a keeps away.
      scene.Runs("db", "a", rules);
      for (int i = 0; i < 4; ++i) {
        GangShape pod = Pod({});
        pod.name = namespaces[i];
        pod.ns = namespaces[i];
        EXPECT_EQ(scene.Asks(pod), c.verdict[i] == 'a' ? "k..." : "....") << c.what << i;
      }
    }
  }
}

// Beside the namespaces that are listed; and the labels of namespaces change.
TEST(PeerBook, SelectedNamespacesJoinThoseListed) {
  Scene scene;
  ClusterStore& store = scene.cluster().store();
  scene.Runs("db", "a", {}, false, "listed");
  scene.Runs("db", "b", {}, false, "lab");
  PodSelector pods = Of("db");
  pods.namespaces = {"listed"};
  pods.of_namespaces = {{"team", RequirementOp::kIn, {"red"}}};
  PeerRules rules;
  rules.near = {{pods, "host"}};
  GangShape first = Pod(rules);
  EXPECT_EQ(scene.Asks(first), ".nnn");
  const std::uint64_t wakes = store.wake_count();
  store.UpsertNamespace({"lab", "", {{"team", "red"}}});
  EXPECT_GT(store.wake_count(), wakes);
  GangShape second = Pod(rules);
  second.name = "second";
  EXPECT_EQ(scene.Asks(second), "..nn");
  store.UpsertNamespace({"lab", "", {{"team", "blue"}}});
  GangShape third = Pod(rules);
  third.name = "third";
  EXPECT_EQ(scene.Asks(third), ".nnn");
}

// Where no rule asks for them, labels of namespaces wake nobody and are not shown.
TEST(PeerBook, LabelsOfNamespacesCostNothingWithoutSuchRules) {
  Scene scene;
  ClusterStore& store = scene.cluster().store();
  PeerRules rules;
  rules.away = {{Of("db"), "host"}};
  scene.cluster().Gang(Pod(rules));
  store.UpsertNamespace({"lab", "", {}});
  const std::uint64_t version = store.version();
  store.UpsertNamespace({"lab", "", {{"team", "red"}}});
  EXPECT_EQ(store.version(), version);
  EXPECT_EQ(scene.cluster().Take()->namespaces, nullptr);
}

TEST(PeerBook, NobodyIsAskedAboutWhereThereAreNoRules) {
  Scene scene;
  scene.Runs("db", "a");
  scene.cluster().Gang(Pod({}));
  EXPECT_EQ(scene.cluster().Take()->residents, nullptr);
}

// Workers of a gang are harder to place and are tried first, but want to be where the leader is.
TEST(Placer, APartnerOfTheSameGangMayComeLater) {
  Cluster cluster;
  cluster.Nodes("n", 3, {.cpu = 8, .labels = {{"zone", "z"}}});
  GangShape worker{.name = "g", .pods = 3, .milli_cpu = 4000};
  worker.labels = {{"role", "worker"}};
  PodSelector leader;
  leader.namespaces = {"default"};
  leader.labels = {{"role", RequirementOp::kIn, {"leader"}}};
  worker.rules.near = {{leader, "zone"}};
  for (int i = 0; i < 2; ++i) cluster.store().UpsertPod(Cluster::Pod(worker, i), {});
  GangShape lead = worker;
  lead.milli_cpu = 1000;
  lead.labels = {{"role", "leader"}};
  lead.rules = {};
  cluster.store().UpsertPod(Cluster::Pod(lead, 2), {});
  const auto snapshot = cluster.Take();
  const GangView& gang = *snapshot->waiting.front();
  const NodeClasses classes(*snapshot, {gang.members[0].shape, gang.members[2].shape});
  PlacementState state(Room::Free(*snapshot), {});
  Placer placer(*snapshot, classes, &state, PeerBook::Now(*snapshot), Capacity(*snapshot));
  std::vector<Placement> out;
  EXPECT_TRUE(placer.PlaceGang(gang, 3, &out));
  EXPECT_EQ(out.size(), 3U);
  EXPECT_EQ(out.front().member, 2U);
}

}  // namespace
}  // namespace fairlead
