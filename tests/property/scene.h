// Random clusters, gangs and policies for property tests; inside rc::check only.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/model/policy.h"
#include "tests/support/cluster.h"

namespace fairlead::scenes {

using testing_support::Cluster;
using testing_support::GangShape;
using testing_support::NodeShape;
using testing_support::Seconds;

inline constexpr int kQueues = 3;
inline const Instant kNow = Seconds(100'000);

inline int Below(int n) { return *rc::gen::inRange(0, n); }
inline bool OneIn(int n) { return Below(n) == 0; }

struct Scene {
  std::vector<std::pair<std::string, NodeShape>> nodes;
  std::vector<GangShape> gangs;
  Policy policy;
};

inline NodeShape RandomNode() {
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

inline std::string OneOf(const std::vector<std::string>& values) {
  return values[static_cast<std::size_t>(Below(static_cast<int>(values.size())))];
}

inline PodSelector RandomPeers() {
  PodSelector pods;
  pods.everywhere = OneIn(4);
  if (!pods.everywhere) pods.namespaces = {OneIn(6) ? "other" : "default"};
  const std::string app = OneOf({"a", "b", "c"});
  if (!OneIn(8)) pods.labels = {{"app", RequirementOp::kIn, {app}}};
  return pods;
}

inline PodTerm RandomTerm() { return {RandomPeers(), OneOf({"zone", "rack", "host"})}; }

// Rules that more pods never make easier to meet, and the others.
inline PeerRules RandomRules(bool any) {
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

inline GangShape RandomGang(int index, int nodes, Rules rules) {
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

inline NamedAmounts RandomLimit() {
  NamedAmounts limit;
  if (OneIn(2)) limit.emplace_back("cpu", 1000 * Below(20));
  if (OneIn(2)) limit.emplace_back("gpu/A", 1000 * Below(10));
  if (OneIn(2)) limit.emplace_back("gpu/H", 1000 * Below(10));
  return limit;
}

// Leaves q0, q1, q2, some of them below an inner queue.
inline Policy RandomPolicy() {
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

inline Scene RandomScene(Rules most = Rules::kAll) {
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

inline std::shared_ptr<const Snapshot> Build(const Scene& scene) {
  Cluster cluster;
  for (const auto& [name, shape] : scene.nodes) cluster.Node(name, shape);
  for (const GangShape& gang : scene.gangs) cluster.Gang(gang);
  return cluster.Take();
}

}  // namespace fairlead::scenes
