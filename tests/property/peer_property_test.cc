// Rules between pods: what a book learns step by step is what a fresh one finds, and agrees with
// the check of plans, which is written from the definitions.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "fairlead/placement/peer_book.h"
#include "scheduler/cycle/verify_peers.h"
#include "scheduler/cycle/verify_volumes.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing_support::Cluster;
using testing_support::GangShape;

constexpr int kNodes = 6;

int Below(int n) { return *rc::gen::resize(100, rc::gen::inRange(0, n)); }
bool OneIn(int n) { return Below(n) == 0; }
std::string Letter(int n) { return {static_cast<char>('a' + Below(n))}; }

PodSelector RandomSelector() {
  PodSelector pods;
  pods.everywhere = OneIn(4);
  if (!pods.everywhere) pods.namespaces = {OneIn(4) ? "other" : "default"};
  pods.nobody = OneIn(12);
  if (!pods.everywhere && OneIn(3)) {
    pods.namespaces.clear();
    const auto op = static_cast<RequirementOp>(Below(4));
    pods.of_namespaces = {{"team", op, {}}};
    if (op < RequirementOp::kExists) pods.of_namespaces[0].values = {Letter(2)};
  }
  if (!OneIn(8)) {
    const auto op = OneIn(4) ? RequirementOp::kNotIn : RequirementOp::kIn;
    pods.labels.push_back({"app", op, {Letter(3)}});
  }
  return pods;
}

std::string RandomLabel() { return OneIn(3) ? "rack" : OneIn(2) ? "zone" : "host"; }

PeerRules RandomRules() {
  PeerRules rules;
  for (int i = Below(3) - 1; i > 0; --i) rules.near.push_back({RandomSelector(), RandomLabel()});
  for (int i = Below(3) - 1; i > 0; --i) rules.away.push_back({RandomSelector(), RandomLabel()});
  if (OneIn(3)) {
    rules.ports.push_back({OneIn(2) ? "0.0.0.0" : "10.0.0." + Letter(2), "TCP", 80 + Below(2)});
  }
  for (int i = Below(3) - 1; i > 0; --i) {
    rules.preferred.push_back({Below(201) - 100, {RandomSelector(), RandomLabel()}});
  }
  if (OneIn(4)) rules.volumes = {{"c" + Letter(4)}};
  if (OneIn(6)) rules.volumes.push_back({"d" + Letter(2)});
  std::vector<std::string> labels = {"zone", "rack", "host"};
  for (int i = OneIn(3) ? 1 + Below(2) : 0; i > 0; --i) {
    SpreadRule& rule = rules.spread.emplace_back();
    rule.pods = RandomSelector();
    rule.pods.everywhere = false;
    rule.pods.namespaces = {"default"};
    rule.pods.of_namespaces.clear();  // which a constraint of the API has not either
    rule.topology = labels[static_cast<std::size_t>(i)];
    rule.max_skew = 1 + Below(2);
    rule.min_domains = 1 + Below(4);
    rule.only_nodes_selected = !OneIn(3);
    rule.only_nodes_tolerated = OneIn(2);
  }
  if (OneIn(3)) rules.spread_softly = rules.spread;
  if (OneIn(3)) rules.spread.clear();
  return rules;
}

GangShape RandomPod(int index) {
  GangShape pod;
  pod.name = "p" + std::to_string(index);
  pod.ns = OneIn(4) ? "other" : "default";
  pod.labels = {{"app", Letter(3)}};
  if (!OneIn(3)) pod.rules = RandomRules();
  if (OneIn(4)) pod.selector = {{"zone", "z0"}};
  if (OneIn(3)) pod.tolerations = {{"t", TolerationOperator::kExists, "", std::nullopt}};
  return pod;
}

struct Scene {
  std::vector<std::pair<std::string, testing_support::NodeShape>> nodes;
  std::vector<NamespaceInfo> namespaces;
  VolumeTable volumes;
  std::vector<GangShape> pods;  // pending, except those with a node
  std::vector<bool> deleting;
};

// Claims ca .. cd and da, db, most of them bound.
void AddVolumes(VolumeTable* table) {
  table->classes["late"] = std::make_shared<StorageClassInfo>(StorageClassInfo{"late", true});
  for (const char* ns : {"default", "other"}) {
    for (const char* name : {"ca", "cb", "cc", "cd", "da", "db"}) {
      if (OneIn(10)) continue;
      VolumeClaimInfo claim{ns, name, "", std::string("v-") + ns + name, OneIn(8) ? "late" : ""};
      claim.bound = !OneIn(8);
      if (OneIn(8)) claim.volume.clear();
      claim.bound = claim.bound && !claim.volume.empty();
      claim.lost = OneIn(12);
      claim.deleting = OneIn(12);
      claim.one_pod = OneIn(4);
      VolumeInfo volume{claim.volume, std::nullopt, {}, OneIn(3) ? "" : "driver", "", ""};
      // Two claims may come to one attachment.
      if (!volume.driver.empty()) volume.handle = "h" + Letter(3);
      if (OneIn(4)) volume.node_terms = {{{{"rack", RequirementOp::kIn, {"r0"}}}, {}}};
      if (OneIn(4)) volume.zones = {{"topology.kubernetes.io/zone", {"z0", "z1"}}};
      if (OneIn(10)) volume.unsupported = "spec.azureDisk: not supported yet";
      if (!claim.volume.empty() && !OneIn(10)) {
        table->volumes[volume.name] = std::make_shared<VolumeInfo>(volume);
      }
      table->claims[{ns, name}] = std::make_shared<VolumeClaimInfo>(claim);
    }
  }
  for (int n = 0; n < kNodes; ++n) {
    if (OneIn(3)) continue;
    const CsiNodeInfo node{Cluster::Numbered("n", n), {{"driver", Below(4)}}};
    table->nodes[node.node] = std::make_shared<CsiNodeInfo>(node);
  }
}

Scene RandomScene() {
  Scene scene;
  for (int n = 0; n < kNodes; ++n) {
    testing_support::NodeShape node;
    const std::string name = Cluster::Numbered("n", n);
    node.labels = {{"host", name}};
    if (!OneIn(6)) node.labels.emplace_back("zone", "z" + std::to_string(Below(3)));
    if (!OneIn(4)) node.labels.emplace_back("rack", "r" + std::to_string(Below(2)));
    if (OneIn(2)) {
      node.labels.emplace_back("topology.kubernetes.io/zone", "z" + std::to_string(Below(3)));
    }
    if (OneIn(4)) node.taints = {{"t", "", TaintEffect::kNoSchedule}};
    scene.nodes.emplace_back(name, node);
  }
  for (const char* ns : {"default", "other"}) {
    if (OneIn(4)) continue;
    scene.namespaces.push_back({ns, "", {}});
    if (OneIn(2)) scene.namespaces.back().labels = {{"team", Letter(2)}};
  }
  AddVolumes(&scene.volumes);
  for (int p = 0; p < 14; ++p) {
    scene.pods.push_back(RandomPod(p));
    if (p < 6) scene.pods.back().bound = {Cluster::Numbered("n", Below(kNodes))};
    scene.deleting.push_back(p < 6 && OneIn(4));
  }
  return scene;
}

void Fill(const Scene& scene, Cluster* cluster) {
  ClusterStore& store = cluster->store();
  for (const auto& [name, shape] : scene.nodes) cluster->Node(name, shape);
  for (const NamespaceInfo& ns : scene.namespaces) store.UpsertNamespace(ns);
  for (const auto& [key, claim] : scene.volumes.claims) store.UpsertVolumeClaim(*claim);
  for (const auto& [name, volume] : scene.volumes.volumes) store.UpsertVolume(*volume);
  for (const auto& [name, info] : scene.volumes.classes) store.UpsertStorageClass(*info);
  for (const auto& [name, node] : scene.volumes.nodes) store.UpsertCsiNode(*node);
  for (const ObjectKind kind : kVolumeKinds) store.EndRelist(kind, {});
  for (std::size_t p = 0; p < scene.pods.size(); ++p) {
    PodInfo pod = Cluster::Pod(scene.pods[p], 0);
    pod.deleting = scene.deleting[p];
    if (!scene.pods[p].bound.empty()) {
      pod.node_name = scene.pods[p].bound.front();
      pod.phase = PodPhase::kRunning;
    }
    cluster->store().UpsertPod(pod, {});
  }
}

// What each waiting pod is told on each node, and how much it prefers it.
using Verdict = std::pair<PeerRule, PeerBook::Preference>;
std::vector<Verdict> Verdicts(const Snapshot& snapshot, PeerBook* book, std::size_t last) {
  std::vector<Verdict> verdicts;
  for (std::size_t g = snapshot.waiting.size() - last; g < snapshot.waiting.size(); ++g) {
    const PeerBook::Kind kind = book->KindOf(snapshot.waiting[g]->members.front());
    for (std::uint32_t rank = 0; rank < kNodes; ++rank) {
      verdicts.emplace_back(book->Broken(kind, rank), book->PreferenceAt(kind, rank));
    }
  }
  return verdicts;
}

RC_GTEST_PROP(PeerProperty, StepByStepEqualsAFreshLook, ()) {
  Scene scene = RandomScene();
  Cluster before;
  Fill(scene, &before);
  const auto snapshot = before.Take();
  PeerBook book = PeerBook::Now(*snapshot);
  const std::size_t all = snapshot->waiting.size();
  const std::vector<Verdict> first = Verdicts(*snapshot, &book, all);
  // The first pods come to nodes, whatever the rules say.
  const std::size_t come = static_cast<std::size_t>(Below(6));
  book.Begin();
  for (std::size_t i = 0; i < come; ++i) {
    const auto rank = static_cast<std::uint32_t>(Below(kNodes));
    book.Add(book.KindOf(snapshot->waiting[i]->members.front()), rank);
    scene.pods[6 + i].bound = {Cluster::Numbered("n", static_cast<int>(rank))};
    if (OneIn(2)) Verdicts(*snapshot, &book, all);  // so that sums are known in between
  }
  Cluster after;
  Fill(scene, &after);
  const auto fresh_snapshot = after.Take();
  PeerBook fresh = PeerBook::Now(*fresh_snapshot);
  RC_ASSERT(Verdicts(*snapshot, &book, all - come) ==
            Verdicts(*fresh_snapshot, &fresh, all - come));
  book.Undo();
  RC_ASSERT(Verdicts(*snapshot, &book, all) == first);
}

// One pod at a time on each node, where the book lets it and where not.
RC_GTEST_PROP(PeerProperty, TheCheckOfPlansAgrees, ()) {
  const Scene scene = RandomScene();
  Cluster cluster;
  Fill(scene, &cluster);
  const auto snapshot = cluster.Take();
  PeerBook book = PeerBook::Now(*snapshot);
  int refused = 0;
  int near = 0;
  int volumes = 0;
  for (const auto& gang : snapshot->waiting) {
    const PeerBook::Kind kind = book.KindOf(gang->members.front());
    for (std::uint32_t rank = 0; rank < kNodes; ++rank) {
      Plan plan;
      plan.bind = {{gang->id, 0, snapshot->nodes->by_name[rank], 0}};
      const bool sound =
          VerifyPeers(*snapshot, plan).empty() && VerifyVolumes(*snapshot, plan).empty();
      const PeerRule broken = book.Broken(kind, rank);
      refused += broken == PeerRule::kNone ? 0 : 1;
      near += broken == PeerRule::kNear ? 1 : 0;
      const bool by_volume =
          broken == PeerRule::kClaimInUse ||
          (broken >= PeerRule::kTooManyVolumes && broken <= PeerRule::kVolumeZone);
      volumes += by_volume ? 1 : 0;
      RC_ASSERT(sound == (broken == PeerRule::kNone));
    }
  }
  RC_CLASSIFY(refused > 0, "refuses");
  RC_CLASSIFY(near > 0, "misses a partner");
  RC_CLASSIFY(volumes > 0, "cannot have its volumes");
}

// A dump holds all that the rules look at.
RC_GTEST_PROP(PeerProperty, ADumpIsReadBack, ()) {
  Cluster cluster;
  Fill(RandomScene(), &cluster);
  const auto snapshot = cluster.Take();
  const std::string text = DumpSnapshot(*snapshot);
  const auto read = LoadSnapshot(text);
  RC_ASSERT(read.ok());
  RC_ASSERT(DumpSnapshot(*read) == text);
  PeerBook before = PeerBook::Now(*snapshot);
  PeerBook after = PeerBook::Now(*read);
  const std::size_t all = snapshot->waiting.size();
  RC_ASSERT(Verdicts(*snapshot, &before, all) == Verdicts(*read, &after, all));
}

}  // namespace
}  // namespace fairlead
