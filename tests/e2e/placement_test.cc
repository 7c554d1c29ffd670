// Where pods go: parts of GPUs and levels of the topology.
#include <set>

#include "tests/e2e/e2e_test.h"

namespace fairlead::e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class PlacementTest : public E2eTest {
 protected:
  void Share(const std::string& name, const std::string& share) {
    CreatePod({.name = name, .annotations = {{"fairlead.dev/gpu-share", share}}});
  }
  Json Pod(const std::string& name) { return api().Get(PodPath(name)).ToJson(); }
  std::string Assignment(const std::string& name) {
    return Pod(name)["metadata"]["annotations"].value("fairlead.dev/gpu-assignment", "");
  }
  std::string NodeOf(const std::string& name) { return Pod(name)["spec"].value("nodeName", ""); }
};

TEST_F(PlacementTest, SharesFillGpusAlsoAfterARestart) {
  AddNodes(1, {.name = "", .gpus = 2, .labels = {{"fairlead.dev/gpu-slices", "4"}}});
  SchedulerProcess& first = StartScheduler();
  for (int i = 0; i < 3; ++i) Share("a-" + std::to_string(i), "0.25");
  ASSERT_TRUE(WaitRunning(3));
  ASSERT_EQ(first.Terminate(), 0);
  ForgetSchedulers();
  StartScheduler();
  Share("b", "0.25");
  Share("c", "0.75");
  ASSERT_TRUE(WaitRunning(5));
  EXPECT_EQ(Assignment("b"), "0:1/4");
  EXPECT_EQ(Assignment("c"), "1:3/4");
  CreatePod({.name = "whole", .gpus = 1});
  EXPECT_THAT(WaitPending("whole"), HasSubstr("Insufficient nvidia.com/gpu"));
  Share("d", "0.5");
  EXPECT_THAT(WaitPending("d"), HasSubstr("Insufficient shares of GPUs"));
  DeletePod("c");
  EXPECT_TRUE(WaitPhase("whole", "Running") || WaitPhase("d", "Running"));
  Share("wrong", "1.5");
  EXPECT_THAT(WaitPending("wrong"), HasSubstr("annotation fairlead.dev/gpu-share"));
}

TEST_F(PlacementTest, AGangIsInOneRackOrWaits) {
  std::vector<NodeSpec> nodes;
  for (int i = 0; i < 5; ++i) {
    NodeSpec& node = nodes.emplace_back(NodeSpec{.name = NodeName(i), .gpus = 2});
    node.labels = {{"zone", "z"}, {"rack", "r" + std::to_string(i / 2)}};
  }
  ASSERT_EQ(kubelets().AddNodes(nodes), nodes.size());
  SchedulerOptions options;
  options.config = "policy: {topology: [{name: zone, label: zone}, {name: rack, label: rack}]}\n";
  StartScheduler(options);
  const PodOptions like = {
      .gpus = 1, .gang_size = "3", .annotations = {{"fairlead.dev/topology-required", "rack"}}};
  for (const char* gang : {"one", "two", "three"}) CreateGang(gang, 0, 3, like);
  ASSERT_TRUE(WaitRunning(6));
  std::map<std::string, std::set<bool>> racks;
  std::string waits;
  for (const std::string gang : {"one", "two", "three"}) {
    for (int i = 0; i < 3; ++i) {
      const std::string node = NodeOf(gang + "-" + std::to_string(i));
      if (node.empty()) waits = gang;
      if (!node.empty()) racks[gang].insert(node == NodeName(0) || node == NodeName(1));
    }
  }
  ASSERT_EQ(racks.size(), 2U);
  for (const auto& [gang, of_gang] : racks) EXPECT_EQ(of_gang.size(), 1U) << gang;
  EXPECT_THAT(WaitPending(waits + "-0"),
              HasSubstr("gang needs 3 pods of 1 GPU in one rack; the best, z/r2, takes 2 now"));
  const std::string ends = racks.begin()->first;
  for (int i = 0; i < 3; ++i) DeletePod(ends + "-" + std::to_string(i));
  EXPECT_TRUE(WaitRunning(6));
  EXPECT_EQ(BoundOf(waits), 3);
}

// Volumes that are bound already, as the control plane would have left them.
class VolumesTest : public PlacementTest {
 protected:
  void TearDown() override {
    for (const std::string& path : made_) {
      // In this order, for controllers put finalizers back while nothing is being deleted.
      api().Delete(path, Json::object());
      api().Send("PATCH", path, R"({"metadata":{"finalizers":null}})", kMergePatch);
    }
    PlacementTest::TearDown();
  }

  // A volume of a driver on node `host`, and a claim of the same name that is bound to it.
  void MakeVolume(const std::string& name, const std::string& host) {
    const std::string volume = ns() + "-" + name;
    Json spec = {{"capacity", {{"storage", "1Gi"}}},
                 {"accessModes", {"ReadWriteOnce"}},
                 {"storageClassName", "none"},
                 {"csi", {{"driver", "disk.example.com"}, {"volumeHandle", volume}}}};
    if (!host.empty()) {
      const Json term = {{"key", "kubernetes.io/hostname"}, {"operator", "In"}, {"values", {host}}};
      const Json terms = Json::array({{{"matchExpressions", Json::array({term})}}});
      spec["nodeAffinity"] = {{"required", {{"nodeSelectorTerms", terms}}}};
    }
    Make("/api/v1/persistentvolumes",
         {{"kind", "PersistentVolume"}, {"metadata", {{"name", volume}}}, {"spec", spec}});
    MakeClaim(name, volume);
  }

  void MakeClaim(const std::string& name, const std::string& volume) {
    Json spec = {{"accessModes", {"ReadWriteOnce"}},
                 {"storageClassName", volume.empty() ? "other" : "none"},
                 {"resources", {{"requests", {{"storage", "1Gi"}}}}}};
    Json metadata = {{"name", name}};
    if (!volume.empty()) {
      spec["volumeName"] = volume;
      metadata["annotations"] = {{"pv.kubernetes.io/bind-completed", "yes"}};
    }
    Make("/api/v1/namespaces/" + ns() + "/persistentvolumeclaims",
         {{"kind", "PersistentVolumeClaim"}, {"metadata", metadata}, {"spec", spec}});
  }

  void Limit(const std::string& node, int count) {
    const Json driver = {
        {"name", "disk.example.com"}, {"nodeID", node}, {"allocatable", {{"count", count}}}};
    Make("/apis/storage.k8s.io/v1/csinodes", {{"apiVersion", "storage.k8s.io/v1"},
                                              {"kind", "CSINode"},
                                              {"metadata", {{"name", node}}},
                                              {"spec", {{"drivers", Json::array({driver})}}}});
  }

  void PodWith(const std::string& name, const std::string& claim) {
    Json pod = PodObject({.name = name});
    const Json source = {{"claimName", claim}};
    pod["spec"]["volumes"] = Json::array({{{"name", "v"}, {"persistentVolumeClaim", source}}});
    const Response made = api().Post(PodPath(), pod);
    ASSERT_TRUE(made.ok()) << made.body;
  }

 private:
  void Make(const std::string& path, const Json& object) {
    const Response made = api().Post(path, object);
    ASSERT_TRUE(made.ok()) << made.body;
    made_.push_back(path + "/" + object["metadata"]["name"].get<std::string>());
  }

  std::vector<std::string> made_;
};

TEST_F(VolumesTest, PodsGoWhereTheirVolumesAre) {
  std::vector<NodeSpec> nodes;
  for (int i = 0; i < 3; ++i) {
    NodeSpec& node = nodes.emplace_back(NodeSpec{.name = NodeName(i)});
    node.labels = {{"kubernetes.io/hostname", NodeName(i)}};
  }
  ASSERT_EQ(kubelets().AddNodes(nodes), nodes.size());
  MakeVolume("on-1", NodeName(1));
  MakeVolume("on-2", NodeName(2));
  StartScheduler();
  CreatePod({.name = "plain"});  // nothing is known of volumes before one is asked for
  ASSERT_TRUE(WaitPhase("plain", "Running"));
  PodWith("a", "on-2");
  PodWith("b", "on-1");
  ASSERT_TRUE(WaitPhase("a", "Running"));
  ASSERT_TRUE(WaitPhase("b", "Running"));
  EXPECT_EQ(NodeOf("a"), NodeName(2));
  EXPECT_EQ(NodeOf("b"), NodeName(1));
  PodWith("late", "comes-later");
  EXPECT_THAT(WaitPending("late"), HasSubstr("persistentvolumeclaim \"comes-later\" not found"));
  MakeVolume("comes-later", NodeName(0));
  ASSERT_TRUE(WaitPhase("late", "Running"));
  EXPECT_EQ(NodeOf("late"), NodeName(0));
  MakeClaim("unbound", "");
  PodWith("waits", "unbound");
  EXPECT_THAT(WaitPending("waits"), HasSubstr("pod has unbound immediate PersistentVolumeClaims"));
}

TEST_F(VolumesTest, NodesAttachSoManyVolumes) {
  AddNodes(2);
  Limit(NodeName(0), 1);
  Limit(NodeName(1), 1);
  for (const char* name : {"v0", "v1", "v2"}) MakeVolume(name, "");
  StartScheduler();
  PodWith("a", "v0");
  PodWith("b", "v1");
  ASSERT_TRUE(WaitRunning(2));
  EXPECT_NE(NodeOf("a"), NodeOf("b"));
  PodWith("c", "v2");
  EXPECT_THAT(WaitPending("c"), HasSubstr("2 node(s) exceed max volume count"));
  PodWith("shares", "v1");  // attached there already
  ASSERT_TRUE(WaitPhase("shares", "Running"));
  EXPECT_EQ(NodeOf("shares"), NodeOf("b"));
  DeletePod("a");
  EXPECT_TRUE(WaitPhase("c", "Running"));
}

}  // namespace
}  // namespace fairlead::e2e
