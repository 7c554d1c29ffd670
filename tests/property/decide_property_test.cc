// Random clusters and gangs: what must hold of every decision.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing_support::Cluster;
using testing_support::GangShape;
using testing_support::NodeShape;
using testing_support::Seconds;

constexpr int kQueues = 3;
const Instant kNow = Seconds(100'000);

int Below(int n) { return *rc::gen::inRange(0, n); }
bool OneIn(int n) { return Below(n) == 0; }

struct Scene {
  std::vector<std::pair<std::string, NodeShape>> nodes;
  std::vector<GangShape> gangs;
  Policy policy;
};

NodeShape RandomNode() {
  NodeShape node{.cpu = 1 + Below(16), .memory_gib = 1 + Below(16), .gpus = Below(9)};
  node.pods = OneIn(4) ? 1 + Below(3) : 110;
  if (node.gpus > 0) node.model = OneIn(2) ? "A" : "H";
  if (OneIn(2)) node.gpu_slices = 1 + Below(6);
  if (OneIn(2)) node.gpu_memory = 1000 * (1 + Below(3));
  node.labels = {{"zone", "z" + std::to_string(Below(2))}};
  if (!OneIn(8)) node.labels.emplace_back("rack", "r" + std::to_string(Below(2)));
  if (OneIn(6)) node.taints = {{"t", "", TaintEffect::kNoSchedule}};
  if (OneIn(6)) node.taints.push_back({"p", "", TaintEffect::kPreferNoSchedule});
  node.cordoned = OneIn(8);
  return node;
}

std::string OneOf(const std::vector<std::string>& values) {
  return values[static_cast<std::size_t>(Below(static_cast<int>(values.size())))];
}

PodSelector RandomPeers() {
  PodSelector pods;
  pods.everywhere = OneIn(4);
  if (!pods.everywhere) pods.namespaces = {OneIn(6) ? "other" : "default"};
  const std::string app = OneOf({"a", "b", "c"});
  if (!OneIn(8)) pods.labels = {{"app", RequirementOp::kIn, {app}}};
  return pods;
}

PodTerm RandomTerm() { return {RandomPeers(), OneOf({"zone", "rack", "host"})}; }

// Rules that more pods never make easier to meet, and the others.
PeerRules RandomRules(bool any) {
  PeerRules rules;
  if (OneIn(3)) rules.away.push_back(RandomTerm());
  if (OneIn(4)) rules.ports.push_back({OneOf({"0.0.0.0", "10.0.0.1"}), "TCP", 80 + Below(2)});
  if (!any) return rules;
  if (OneIn(3)) rules.near.push_back(RandomTerm());
  if (!rules.near.empty() && OneIn(3)) rules.near.push_back(RandomTerm());
  const std::string label = OneOf({"zone", "host"});
  const int rules_of_spread = OneIn(3) ? 1 + Below(2) : 0;
  for (int i = 0; i < rules_of_spread; ++i) {
    SpreadRule& rule = rules.spread.emplace_back();
    rule.pods = RandomPeers();
    rule.topology = i == 0 ? label : "rack";
    rule.max_skew = 1 + Below(2);
    rule.min_domains = 1 + Below(3);
    rule.only_nodes_selected = !OneIn(3);
    rule.only_nodes_tolerated = OneIn(3);
  }
  return rules;
}

enum class Rules { kNone, kMonotone, kAll };  // between pods

GangShape RandomGang(int index, int nodes, Rules rules) {
  GangShape gang;
  gang.name = "g" + std::to_string(index);
  gang.queue = "q" + std::to_string(Below(kQueues + 1));  // one of them does not exist
  gang.user = "u" + std::to_string(Below(3));
  gang.pods = 1 + Below(8);
  gang.min_member = OneIn(3) ? 1 + Below(8) : 0;
  gang.milli_cpu = 500 * Below(9);
  gang.memory_mib = 512 * Below(5);
  if (OneIn(2)) {
    gang.gpus = Below(5);
  } else {
    gang.share.devices = OneIn(3) ? 2 : 1;
    gang.share.millionths = 1000 * Below(1000);
    if (gang.share.millionths == 0 || OneIn(3)) gang.share.memory_bytes = 1 + Below(2500);
    if (OneIn(3)) gang.share.share_class = "latency";
  }
  gang.priority = Below(3);
  gang.submitted = Seconds(1 + index);  // distinct: the order does not fall back on ids
  if (OneIn(5)) {
    gang.node_terms = {{{{{"zone",
                           OneIn(2) ? RequirementOp::kIn : RequirementOp::kNotIn,
                           {"z" + std::to_string(Below(3))}}},
                         {}}}};
  }
  if (OneIn(4)) {
    gang.preferred = {{1 + Below(9), {{{"zone", RequirementOp::kIn, {"z1"}}}, {}}}};
  }
  if (OneIn(4)) gang.selector = {{"zone", "z" + std::to_string(Below(3))}};
  if (OneIn(4)) gang.tolerations = {{"t", TolerationOperator::kExists, "", std::nullopt}};
  if (OneIn(4)) gang.models = {"H"};
  const std::vector<std::string> levels = {"zone", "rack", "row"};  // one of them does not exist
  if (OneIn(4)) gang.topology_required = levels[static_cast<std::size_t>(Below(3))];
  if (OneIn(4)) gang.topology_preferred = levels[static_cast<std::size_t>(Below(3))];
  if (rules != Rules::kNone) {
    gang.labels = {{"app", OneOf({"a", "b", "c"})}};
    if (OneIn(2)) gang.rules = RandomRules(rules == Rules::kAll);
  }
  if (OneIn(4)) {
    gang.terms.roles = {{"a", Below(3)}, {"b", Below(3)}};
    gang.roles = {"a", "b", "b", "a", "b"};
  }
  if (OneIn(4)) gang.terms.most = std::max<std::int64_t>(1, gang.pods + 2 - Below(4));
  if (OneIn(4)) gang.terms.stale_grace = Duration::Seconds(Below(60));
  gang.gated = OneIn(10);
  if (OneIn(12)) gang.invalid = "spec: no";
  // Some run already, whole or in part, maybe where they overbook a node.
  const int bound = OneIn(4) ? Below(static_cast<int>(gang.pods) + 1) : 0;
  for (int b = 0; b < bound; ++b) {
    gang.bound.push_back(Cluster::Numbered("n", Below(nodes)));
  }
  gang.bound_at = kNow - Duration::Seconds(Below(60));
  return gang;
}

NamedAmounts RandomLimit() {
  NamedAmounts limit;
  if (OneIn(2)) limit.emplace_back("cpu", 1000 * Below(20));
  if (OneIn(2)) limit.emplace_back("gpu/A", 1000 * Below(10));
  if (OneIn(2)) limit.emplace_back("gpu/H", 1000 * Below(10));
  return limit;
}

// Leaves q0, q1, q2, some of them below an inner queue.
Policy RandomPolicy() {
  Policy policy;
  policy.queues.clear();
  if (OneIn(2)) policy.queues.push_back({.name = "inner", .limit = RandomLimit()});
  const bool tree = !policy.queues.empty();
  for (int q = 0; q < kQueues; ++q) {
    QueueSpec& queue = policy.queues.emplace_back();
    queue.name = "q" + std::to_string(q);
    queue.weight = kWeightOne * (1 + Below(3));
    if (tree && (q == 0 || OneIn(2))) queue.parent = "inner";
    if (OneIn(3)) queue.limit = RandomLimit();
    queue.order = static_cast<LeafOrder>(Below(4));
    if (OneIn(6)) queue.state = OneIn(2) ? QueueState::kHold : QueueState::kDrain;
    if (OneIn(4)) queue.max_running_gangs = Below(4);
    if (OneIn(4)) queue.user_limit = kWeightOne / (1 + Below(4));
    if (OneIn(4)) queue.priority = Below(3);
  }
  policy.topology = {{"zone", "zone"}, {"rack", "rack"}};
  if (OneIn(3)) policy.aging = {Duration::Seconds(1000), 1 + Below(3)};
  return policy;
}

Scene RandomScene(Rules most = Rules::kAll) {
  Scene scene;
  const int nodes = 1 + Below(12);
  for (int n = 0; n < nodes; ++n) {
    scene.nodes.emplace_back(Cluster::Numbered("n", n), RandomNode());
    scene.nodes.back().second.labels.emplace_back("host", scene.nodes.back().first);
  }
  const int gangs = Below(16);
  const Rules rules = OneIn(2) ? Rules::kNone : most;
  for (int g = 0; g < gangs; ++g) scene.gangs.push_back(RandomGang(g, nodes, rules));
  scene.policy = RandomPolicy();
  return scene;
}

std::shared_ptr<const Snapshot> Build(const Scene& scene) {
  Cluster cluster;
  for (const auto& [name, shape] : scene.nodes) cluster.Node(name, shape);
  for (const GangShape& gang : scene.gangs) cluster.Gang(gang);
  return cluster.Take();
}

// What a plan says, by names, in an order that does not depend on ids.
std::vector<std::string> ByName(const Snapshot& snapshot, const Plan& plan) {
  std::vector<std::string> lines;
  for (const Placement& p : plan.bind) {
    const GangView& gang = *FindGang(snapshot, p.gang);
    lines.push_back("bind " + gang.members[p.member].pod + " " +
                    snapshot.nodes->info[p.node.index()].name + " " + std::to_string(p.gpus));
  }
  std::vector<std::string> rest;
  for (const PendingGang& p : plan.pending) {
    rest.push_back("wait " + FindGang(snapshot, p.gang)->key.name + " " +
                   std::string(ReasonName(p.code)) + " " + p.message);
  }
  for (const Eviction& e : plan.evict) {
    rest.push_back("evict " + FindGang(snapshot, e.gang)->key.name);
  }
  std::sort(rest.begin(), rest.end());
  lines.insert(lines.end(), rest.begin(), rest.end());
  return lines;
}

bool BindsRuled(const Snapshot& snapshot, const Plan& plan) {
  return std::any_of(plan.bind.begin(), plan.bind.end(), [&](const Placement& p) {
    return !FindGang(snapshot, p.gang)->members[p.member].peer->rules.empty();
  });
}

TEST(DecideProperty, VerifyFindsNothing) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene();
    const auto snapshot = Build(scene);
    const Decision decision = Decide({*snapshot, scene.policy, kNow});
    const auto objections = Verify(*snapshot, scene.policy, decision.plan);
    RC_CLASSIFY(!decision.plan.bind.empty(), "places");
    RC_CLASSIFY(!decision.plan.evict.empty(), "rolls back");
    RC_CLASSIFY(BindsRuled(*snapshot, decision.plan), "places pods with rules");
    RC_ASSERT(objections == std::vector<std::string>{});
  }));
}

TEST(DecideProperty, NoGangInPart) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene();
    const auto snapshot = Build(scene);
    const Plan plan = Decide({*snapshot, scene.policy, kNow}).plan;
    std::map<GangId, std::int64_t> bound;
    for (const Placement& p : plan.bind) ++bound[p.gang];
    for (const auto& [id, count] : bound) {
      const GangView& gang = *FindGang(*snapshot, id);
      const auto held = std::count_if(gang.members.begin(), gang.members.end(),
                                      [](const auto& m) { return m.state == MemberState::kBound; });
      RC_ASSERT(held + count >= gang.min_member);
      if (gang.terms.most) RC_ASSERT(held + count <= *gang.terms.most);
    }
    // Every waiting gang is either bound or told why not.
    for (const auto& gang : snapshot->waiting) {
      const bool told = std::any_of(plan.pending.begin(), plan.pending.end(),
                                    [&](const PendingGang& p) { return p.gang == gang->id; });
      RC_ASSERT(told != (bound.count(gang->id) > 0));
    }
  }));
}

TEST(DecideProperty, InputOrderDoesNotMatter) {
  EXPECT_TRUE(rc::check([] {
    Scene scene = RandomScene();
    // Overbooked devices are first come, first served by the order of events.
    for (GangShape& gang : scene.gangs) gang.bound.clear();
    const auto first = Build(scene);
    const auto expected = ByName(*first, Decide({*first, scene.policy, kNow}).plan);
    Scene shuffled = scene;
    for (std::size_t i = shuffled.nodes.size(); i > 1; --i) {
      std::swap(shuffled.nodes[i - 1],
                shuffled.nodes[static_cast<std::size_t>(Below(static_cast<int>(i)))]);
    }
    for (std::size_t i = shuffled.gangs.size(); i > 1; --i) {
      std::swap(shuffled.gangs[i - 1],
                shuffled.gangs[static_cast<std::size_t>(Below(static_cast<int>(i)))]);
    }
    std::reverse(shuffled.policy.queues.begin(), shuffled.policy.queues.end());
    const auto second = Build(shuffled);
    const auto got = ByName(*second, Decide({*second, shuffled.policy, kNow}).plan);
    // The list of queues in a message follows the policy; everything else is the same.
    const auto without_queues = [](std::vector<std::string> lines) {
      for (std::string& line : lines) line = line.substr(0, line.find("; queues:"));
      return lines;
    };
    RC_ASSERT(without_queues(got) == without_queues(expected));
  }));
}

TEST(DecideProperty, ReplayGivesTheSameBytes) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene();
    const auto snapshot = Build(scene);
    const DecideInput input{*snapshot, scene.policy, kNow, 3};
    const std::string dump = DumpDecision(input, Decide(input).plan);
    const auto record = LoadDecision(dump);
    RC_ASSERT(record.ok());
    const DecideInput again{record->snapshot, record->policy, record->now, record->seed,
                            record->step_budget};
    const Plan plan = Decide(again).plan;
    RC_ASSERT(PlanToJson(record->snapshot, plan) == record->plan_json);
    RC_ASSERT(DumpDecision(again, plan) == dump);
  }));
}

bool OfSeveralLimits(const PendingGang& pending) {
  return pending.message.starts_with("limits of queue");
}

// Without rules that another pod can help to meet: takes the plan's room and then looks for a gang
// that was told to wait and would still fit.
TEST(DecideProperty, NoWaitingGangWouldStillFit) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene(Rules::kMonotone);
    Cluster cluster;
    for (const auto& [name, shape] : scene.nodes) cluster.Node(name, shape);
    for (const GangShape& gang : scene.gangs) cluster.Gang(gang);
    const auto before = cluster.Take();
    const Plan plan = Decide({*before, scene.policy, kNow}).plan;
    for (const Placement& p : plan.bind) {
      const GangView& gang = *FindGang(*before, p.gang);
      const MemberView& member = gang.members[p.member];
      RC_ASSERT(
          cluster.store().Assume({gang.key.ns, member.pod, member.uid}, p.node, p.gpus, kNow));
    }
    const auto after = cluster.Take();
    const Decision second = Decide({*after, scene.policy, kNow});
    // Nothing more starts.
    RC_ASSERT(second.plan.bind.empty());
    // And the room that the reasons speak of is the room that was left.
    for (const PendingGang& p : plan.pending) {
      const auto same = std::find_if(second.plan.pending.begin(), second.plan.pending.end(),
                                     [&](const PendingGang& q) { return q.gang == p.gang; });
      RC_ASSERT(same != second.plan.pending.end());
      // Which of a lack of room and limits of several models is met first depends on the room.
      if (OfSeveralLimits(p) || OfSeveralLimits(*same)) continue;
      RC_ASSERT(same->message == p.message);
    }
  }));
}

// Sums by name of what leaves and the queues above them hold with the plan, against their limits: a
// queue that was above its limit before gets nothing more of that.
TEST(DecideProperty, NoQueueExceedsItsLimit) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene();
    const auto snapshot = Build(scene);
    const Plan plan = Decide({*snapshot, scene.policy, kNow}).plan;
    std::map<std::string, std::string> parents;
    for (const QueueSpec& queue : scene.policy.queues) parents[queue.name] = queue.parent;
    std::map<std::pair<std::string, std::string>, std::int64_t> held;  // queue, resource
    std::map<std::pair<std::string, std::string>, std::int64_t> added;
    const auto count = [&](const GangView& gang, ShapeId shape, NodeId node, auto* sums) {
      const Amounts& asks = (*snapshot->shapes)[shape.index()]->requests;
      const std::string gpu = "gpu/" + snapshot->nodes->info[node.index()].gpu_model;
      std::string queue = snapshot->claims[gang.claim.index()].queue;
      for (; parents.contains(queue); queue = parents[queue]) {
        (*sums)[{queue, "cpu"}] += asks.milli_cpu;
        (*sums)[{queue, gpu}] += asks.gpus * 1000;
      }
    };
    for (const auto& chunk : snapshot->gangs) {
      for (const auto& gang : *chunk) {
        for (const MemberView& member : gang->members) {
          if (member.node.valid()) count(*gang, member.shape, member.node, &held);
        }
      }
    }
    for (const Placement& p : plan.bind) {
      const GangView& gang = *FindGang(*snapshot, p.gang);
      count(gang, gang.members[p.member].shape, p.node, &added);
    }
    for (const QueueSpec& queue : scene.policy.queues) {
      for (const auto& [resource, limit] : queue.limit) {
        const std::int64_t more = added[{queue.name, resource}];
        RC_CLASSIFY(more > 0, "adds to a limited queue");
        RC_ASSERT(more == 0 || (held[{queue.name, resource}] + more <= limit));
      }
    }
  }));
}

// Whatever the budget, what was decided is sound, and a larger budget only goes further.
TEST(DecideProperty, BudgetsCutTheLineOnly) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene();
    const auto snapshot = Build(scene);
    const Plan whole = Decide({*snapshot, scene.policy, kNow}).plan;
    DecideInput input{*snapshot, scene.policy, kNow};
    input.step_budget = static_cast<std::uint64_t>(Below(100));
    const Decision cut = Decide(input);
    RC_ASSERT(Verify(*snapshot, scene.policy, cut.plan) == std::vector<std::string>{});
    RC_ASSERT(cut.plan.bind.size() <= whole.bind.size());
    RC_ASSERT(std::equal(cut.plan.bind.begin(), cut.plan.bind.end(), whole.bind.begin()));
  }));
}

}  // namespace
}  // namespace fairlead
