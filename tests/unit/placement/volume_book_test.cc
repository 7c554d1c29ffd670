// Where pods with claims to volumes may run.
#include "fairlead/placement/volume_book.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "fairlead/placement/peer_book.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing_support::Cluster;
using testing_support::GangShape;

// Nodes a, b, c, d: zones z1, z1, z2, none.
class Scene {
 public:
  Scene() {
    const char* zone = "topology.kubernetes.io/zone";
    cluster_.Node("a", {.labels = {{zone, "z1"}, {"host", "a"}}});
    cluster_.Node("b", {.labels = {{zone, "z1"}, {"host", "b"}}});
    cluster_.Node("c", {.labels = {{zone, "z2"}, {"host", "c"}}});
    cluster_.Node("d", {.labels = {{"host", "d"}}});
    for (const ObjectKind kind : kVolumeKinds) store().EndRelist(kind, {});
  }

  ClusterStore& store() { return cluster_.store(); }
  Cluster& cluster() { return cluster_; }

  // A claim that is bound to a volume, named v-CLAIM.
  static VolumeClaimInfo Bound(const std::string& name) {
    VolumeClaimInfo claim{"default", name, "", "v-" + name, ""};
    claim.bound = true;
    return claim;
  }
  void Claim(const VolumeClaimInfo& claim) { store().UpsertVolumeClaim(claim); }
  void Volume(const VolumeInfo& volume) { store().UpsertVolume(volume); }
  // A claim and its volume of a driver.
  void Attachable(const std::string& name, const std::string& driver, const std::string& handle) {
    Claim(Bound(name));
    Volume({"v-" + name, std::nullopt, {}, driver, handle, ""});
  }

  void Runs(const std::string& node, std::vector<VolumeUse> volumes) {
    GangShape shape{.name = "r" + std::to_string(++pods_)};
    shape.rules.volumes = std::move(volumes);
    PodInfo pod = Cluster::Pod(shape, 0);
    pod.node_name = node;
    pod.phase = PodPhase::kRunning;
    store().UpsertPod(pod, {});
  }

  // A letter for each node: '.' the pod may run there, else the rule that keeps it out. What is
  // wrong with the claims where that is it.
  std::string Asks(std::vector<VolumeUse> volumes) {
    GangShape shape{.name = "asks" + std::to_string(++pods_)};
    shape.rules.volumes = std::move(volumes);
    cluster_.Gang(shape);
    const auto snapshot = cluster_.Take();
    PeerBook book = PeerBook::Now(*snapshot);
    const PeerBook::Kind kind = book.KindOf(snapshot->waiting.back()->members.front());
    if (!book.ClaimsProblem(kind).empty()) return book.ClaimsProblem(kind);
    std::string letters;
    for (std::uint32_t rank = 0; rank < snapshot->nodes->by_name.size(); ++rank) {
      letters += ".cPumxvzlSnak"[static_cast<std::size_t>(book.Broken(kind, rank))];
    }
    return letters;
  }

 private:
  Cluster cluster_;
  int pods_ = 0;
};

TEST(VolumeBook, WhatIsWrongWithAClaim) {
  struct Case {
    const char* text;
    void (*change)(VolumeClaimInfo*);
  };
  const std::vector<Case> cases = {
      {"....", [](VolumeClaimInfo*) {}},
      {"persistentvolumeclaim \"data\" is being deleted",
       [](VolumeClaimInfo* claim) { claim->deleting = true; }},
      {"persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"v-data\"",
       [](VolumeClaimInfo* claim) { claim->lost = true; }},
      {"pod has unbound immediate PersistentVolumeClaims",
       [](VolumeClaimInfo* claim) { claim->bound = false; }},
      {"pod has unbound immediate PersistentVolumeClaims",
       [](VolumeClaimInfo* claim) {
         claim->bound = false;
         claim->volume = "";
       }},
      {"persistentvolumeclaim \"data\" is not bound, and volumeBindingMode: WaitForFirstConsumer "
       "of "
       "storageclass \"late\" is not supported yet",
       [](VolumeClaimInfo* claim) {
         claim->bound = false;
         claim->volume = "";
         claim->storage_class = "late";
       }},
      // A volume was named for it: it will be bound to that, wherever the pod is.
      {"pod has unbound immediate PersistentVolumeClaims",
       [](VolumeClaimInfo* claim) {
         claim->bound = false;
         claim->storage_class = "late";
       }},
      {"xxxx", [](VolumeClaimInfo* claim) { claim->volume = "gone"; }},
  };
  for (const Case& c : cases) {
    Scene scene;
    VolumeClaimInfo claim = Scene::Bound("data");
    c.change(&claim);
    scene.Claim(claim);
    scene.Volume({"v-data", std::nullopt, {}, "", "", ""});
    scene.store().UpsertStorageClass({"late", true});
    EXPECT_EQ(scene.Asks({{"data"}}), c.text);
  }
  Scene scene;
  EXPECT_EQ(scene.Asks({{"data"}}), "persistentvolumeclaim \"data\" not found");
}

TEST(VolumeBook, AClaimMayBecomeReadyWithoutThePod) {
  Scene scene;
  EXPECT_EQ(scene.Asks({{"data"}}), "persistentvolumeclaim \"data\" not found");
  std::uint64_t wakes = scene.store().wake_count();
  scene.Attachable("data", "", "");
  EXPECT_GT(scene.store().wake_count(), wakes);
  EXPECT_EQ(scene.Asks({{"data"}}), "....");
  scene.store().RemoveVolumeClaim("default", "data");
  EXPECT_EQ(scene.Asks({{"data"}}), "persistentvolumeclaim \"data\" not found");
}

TEST(VolumeBook, AnEphemeralVolumeIsThePodsOwn) {
  Scene scene;
  const VolumeUse use{"p-scratch", "p", "uid-p"};
  EXPECT_EQ(scene.Asks({use}),
            "waiting for ephemeral volume controller to create the persistentvolumeclaim "
            "\"p-scratch\"");
  scene.Attachable("p-scratch", "", "");
  EXPECT_EQ(scene.Asks({use}),
            "PVC default/p-scratch was not created for pod default/p (pod is not owner)");
  VolumeClaimInfo claim = Scene::Bound("p-scratch");
  claim.owner_uid = "uid-p";
  scene.Claim(claim);
  EXPECT_EQ(scene.Asks({use}), "....");
}

TEST(VolumeBook, NothingIsKnownBeforeAllKindsAreListed) {
  Cluster cluster;
  cluster.Node("a", {});
  GangShape shape{.name = "asks"};
  shape.rules.volumes = {{"data"}};
  cluster.Gang(shape);
  for (const ObjectKind kind : kVolumeKinds) {
    const auto snapshot = cluster.Take();
    PeerBook book = PeerBook::Now(*snapshot);
    const PeerBook::Kind asks = book.KindOf(snapshot->waiting.back()->members.front());
    EXPECT_THAT(book.ClaimsProblem(asks), testing::HasSubstr("are not listed yet"));
    const std::uint64_t wakes = cluster.store().wake_count();
    cluster.store().EndRelist(kind, {});
    EXPECT_GT(cluster.store().wake_count(), wakes);
  }
  const auto snapshot = cluster.Take();
  PeerBook book = PeerBook::Now(*snapshot);
  EXPECT_EQ(book.ClaimsProblem(book.KindOf(snapshot->waiting.back()->members.front())),
            "persistentvolumeclaim \"data\" not found");
}

TEST(VolumeBook, VolumesSayOnWhichNodesTheyAre) {
  Scene scene;
  for (const char* name : {"local", "other", "nowhere"}) scene.Claim(Scene::Bound(name));
  const auto on = [](const std::string& name, std::vector<std::string> hosts) {
    VolumeInfo volume{name, std::vector<NodeTerm>{}, {}, "", "", ""};
    for (const std::string& host : hosts) {
      volume.node_terms->push_back({{{"host", RequirementOp::kIn, {host}}}, {}});
    }
    return volume;
  };
  scene.Volume(on("v-local", {"b", "c"}));
  scene.Volume(on("v-other", {"c", "d"}));
  scene.Volume(on("v-nowhere", {}));
  EXPECT_EQ(scene.Asks({{"local"}}), "v..v");
  EXPECT_EQ(scene.Asks({{"local"}, {"other"}}), "vv.v");
  EXPECT_EQ(scene.Asks({{"nowhere"}}), "vvvv");
}

// Labels of the volume; a node without any label for zones or regions takes it.
TEST(VolumeBook, ZonesOfVolumes) {
  struct Case {
    const char* label;
    std::vector<std::string> values;
    const char* verdict;
  };
  const std::vector<Case> cases = {
      {"topology.kubernetes.io/zone", {"z1"}, "..z."},
      {"topology.kubernetes.io/zone", {"z1", "z2"}, "...."},
      {"topology.kubernetes.io/zone", {"z3"}, "zzz."},
      {"failure-domain.beta.kubernetes.io/zone", {"z2"}, "zz.."},
      {"topology.kubernetes.io/region", {"r"}, "zzz."},
  };
  for (const Case& c : cases) {
    Scene scene;
    scene.Claim(Scene::Bound("data"));
    scene.Volume({"v-data", std::nullopt, {{c.label, c.values}}, "", "", ""});
    EXPECT_EQ(scene.Asks({{"data"}}), c.verdict) << c.label;
  }
}

TEST(VolumeBook, OneNodeAttachesSoManyVolumesOfADriver) {
  Scene scene;
  scene.store().UpsertCsiNode({"a", {{"fast", 2}, {"slow", 1}}});
  scene.store().UpsertCsiNode({"b", {{"fast", 0}}});
  for (const char* name : {"f1", "f2", "f3"}) scene.Attachable(name, "fast", name);
  scene.Attachable("f1-again", "fast", "f1");
  scene.Attachable("s1", "slow", "f1");  // of another driver
  scene.Attachable("plain", "", "");
  scene.Runs("a", {{"f1"}});
  EXPECT_EQ(scene.Asks({{"f2"}}), ".m..");
  EXPECT_EQ(scene.Asks({{"f2"}, {"f3"}}), "mm..");
  EXPECT_EQ(scene.Asks({{"f1"}, {"f2"}}), ".m..") << "f1 is there already";
  EXPECT_EQ(scene.Asks({{"f1-again"}, {"f2"}}), ".m..") << "the same volume";
  EXPECT_EQ(scene.Asks({{"f2"}, {"s1"}}), ".m..");
  EXPECT_EQ(scene.Asks({{"plain"}}), "....");
  scene.Runs("a", {{"f2"}});
  EXPECT_EQ(scene.Asks({{"f3"}}), "mm..");
  EXPECT_EQ(scene.Asks({{"s1"}}), "....");
}

TEST(VolumeBook, AClaimForOnePodHasOne) {
  Scene scene;
  VolumeClaimInfo claim = Scene::Bound("data");
  claim.one_pod = true;
  scene.Claim(claim);
  scene.Volume({"v-data", std::nullopt, {}, "", "", ""});
  EXPECT_EQ(scene.Asks({{"data"}}), "....");
  scene.Runs("c", {{"data"}});
  EXPECT_EQ(scene.Asks({{"data"}}), "uuuu") << "also on the same node";
  claim.one_pod = false;
  scene.Claim(claim);
  EXPECT_EQ(scene.Asks({{"data"}}), "....");
}

TEST(VolumeBook, WhatIsNotSupportedIsNamed) {
  Scene scene;
  scene.Claim(Scene::Bound("data"));
  scene.Volume({"v-data", std::nullopt, {}, "", "", "spec.azureDisk: not supported yet"});
  EXPECT_EQ(scene.Asks({{"data"}}),
            "persistentvolume \"v-data\": spec.azureDisk: not supported yet");
}

TEST(VolumeBook, CostsNothingWhereNoPodWaitsWithAClaim) {
  Scene scene;
  scene.Attachable("data", "fast", "h");
  scene.Runs("a", {{"data"}});
  scene.cluster().Gang({.name = "plain"});
  const std::uint64_t version = scene.store().version();
  scene.Attachable("more", "fast", "i");
  scene.store().UpsertCsiNode({"a", {{"fast", 2}}});
  EXPECT_EQ(scene.store().version(), version);
  const auto snapshot = scene.cluster().Take();
  EXPECT_EQ(snapshot->volumes, nullptr);
  EXPECT_EQ(snapshot->residents, nullptr);
}

}  // namespace
}  // namespace fairlead
