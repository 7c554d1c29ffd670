// What claims to volumes lead to, from JSON.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "fairlead/kube/decode.h"

namespace fairlead::kube {
namespace {

using ::testing::HasSubstr;

TEST(DecodeVolumes, Claims) {
  struct Case {
    const char* json;
    VolumeClaimInfo expected;
  };
  VolumeClaimInfo plain{"ml", "c", "", "", ""};
  VolumeClaimInfo bound = plain;
  bound.volume = "v";
  bound.storage_class = "fast";
  bound.bound = true;
  VolumeClaimInfo named = plain;
  named.volume = "v";
  VolumeClaimInfo lost = plain;
  lost.lost = lost.deleting = lost.one_pod = true;
  VolumeClaimInfo owned = plain;
  owned.owner_uid = "u2";
  owned.storage_class = "old";
  const std::vector<Case> cases = {
      {R"({"metadata":{"namespace":"ml","name":"c"},"spec":{"storageClassName":null}})", plain},
      {R"({"metadata":{"namespace":"ml","name":"c","annotations":
           {"pv.kubernetes.io/bind-completed":"yes"}},
           "spec":{"volumeName":"v","storageClassName":"fast","accessModes":["ReadWriteOnce"]},
           "status":{"phase":"Bound"}})",
       bound},
      // The control plane is not done yet.
      {R"({"metadata":{"namespace":"ml","name":"c"},"spec":{"volumeName":"v"}})", named},
      {R"({"metadata":{"namespace":"ml","name":"c","deletionTimestamp":"2026-01-01T00:00:00Z"},
           "spec":{"accessModes":["ReadOnlyMany","ReadWriteOncePod"]},"status":{"phase":"Lost"}})",
       lost},
      {R"({"metadata":{"namespace":"ml","name":"c","annotations":
           {"volume.beta.kubernetes.io/storage-class":"old"},"ownerReferences":
           [{"kind":"Pod","uid":"u1"},{"kind":"Pod","uid":"u2","controller":true}]},
           "spec":{"storageClassName":"new"}})",
       owned},
  };
  for (const Case& c : cases) {
    ObjectMeta meta;
    const auto read = VolumeClaimFromJson(c.json, &meta);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, c.expected) << c.json;
    EXPECT_EQ(meta.name, "c");
  }
}

TEST(DecodeVolumes, Volumes) {
  const auto read = VolumeFromJson(
      R"({"metadata":{"name":"v","labels":{"topology.kubernetes.io/zone":"z2__z1 ",
          "topology.kubernetes.io/region":"__","app":"x"}},
          "spec":{"csi":{"driver":"d","volumeHandle":"h"},"nodeAffinity":{"required":
          {"nodeSelectorTerms":[{"matchExpressions":[{"key":"host","operator":"In",
          "values":["b","a"]}]}]}}}})",
      nullptr);
  ASSERT_TRUE(read.ok()) << read.error().message;
  const std::vector<NodeTerm> terms = {{{{"host", RequirementOp::kIn, {"a", "b"}}}, {}}};
  const VolumeInfo expected{"v", terms, {{"topology.kubernetes.io/zone", {"z1", "z2"}}},
                            "d", "h",   ""};
  EXPECT_EQ(*read, expected);
  const auto plain =
      VolumeFromJson(R"({"metadata":{"name":"v"},"spec":{"nfs":{"path":"/x"}}})", nullptr);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(*plain, (VolumeInfo{"v", std::nullopt, {}, "", "", ""}));
}

TEST(DecodeVolumes, WhatIsNotSupportedIsNamed) {
  for (const std::string source : {"awsElasticBlockStore", "azureDisk", "azureFile", "cinder",
                                   "gcePersistentDisk", "portworxVolume", "vsphereVolume"}) {
    const auto read =
        VolumeFromJson(R"({"metadata":{"name":"v"},"spec":{")" + source + R"(":{}}})", nullptr);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->unsupported, "spec." + source + ": not supported yet");
  }
  const auto odd = VolumeFromJson(
      R"({"metadata":{"name":"v"},"spec":{"nodeAffinity":{"required":{"nodeSelectorTerms":
          [{"matchExpressions":[{"key":"a","operator":"Like"}]}]}}}})",
      nullptr);
  ASSERT_TRUE(odd.ok());
  EXPECT_THAT(odd->unsupported,
              HasSubstr("spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0]."
                        "operator: \"Like\""));
}

TEST(DecodeVolumes, ClassesAndNodes) {
  const auto late = StorageClassFromJson(
      R"({"metadata":{"name":"s"},"provisioner":"p","volumeBindingMode":"WaitForFirstConsumer"})",
      nullptr);
  const auto at_once = StorageClassFromJson(R"({"metadata":{"name":"s"}})", nullptr);
  ASSERT_TRUE(late.ok() && at_once.ok());
  EXPECT_EQ(*late, (StorageClassInfo{"s", true}));
  EXPECT_EQ(*at_once, (StorageClassInfo{"s", false}));
  const auto node = CsiNodeFromJson(
      R"({"metadata":{"name":"n"},"spec":{"drivers":[
          {"name":"b","nodeID":"x","allocatable":{"count":3}},{"name":"none","nodeID":"x"},
          {"name":"a","nodeID":"x","allocatable":{"count":0}}]}})",
      nullptr);
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(*node, (CsiNodeInfo{"n", {{"a", 0}, {"b", 3}}}));
}

TEST(DecodeVolumes, MalformedIsAnError) {
  EXPECT_FALSE(VolumeClaimFromJson(R"({"metadata":{}})", nullptr).ok());
  EXPECT_FALSE(VolumeFromJson(R"({"metadata":{"name":"v"},"spec":[]})", nullptr).ok());
  EXPECT_FALSE(StorageClassFromJson("{", nullptr).ok());
  EXPECT_FALSE(CsiNodeFromJson(R"({"metadata":{"name":7}})", nullptr).ok());
}

}  // namespace
}  // namespace fairlead::kube
