// Nodes, jobs, namespaces and pod groups.
#include <gtest/gtest.h>

#include "fairlead/kube/decode.h"
#include "tests/support/proto_builder.h"

namespace fairlead::kube {
namespace {

using testing::Pairs;
using testing::Proto;

struct NodeSpec {
  Pairs labels, allocatable;
  std::vector<std::vector<std::string>> taints;  // key, value, effect
  bool unschedulable = false;
};

std::string MapJson(const Pairs& pairs) {
  std::string out = "{";
  for (const auto& [key, value] : pairs) {
    out += (out.size() > 1 ? ",\"" : "\"") + key + "\":\"" + value + "\"";
  }
  return out + "}";
}

std::string NodeProto(const NodeSpec& node) {
  Proto meta, spec, status;
  meta.Text(1, "n-1").Text(5, "u-n").Text(6, "9");
  for (const auto& [key, value] : node.labels) meta.Entry(11, key, value);
  spec.Bool(4, node.unschedulable);
  for (const auto& t : node.taints) {
    spec.Message(5, Proto().Text(1, t[0]).Text(2, t[1]).Text(3, t[2]));
  }
  for (const auto& [key, value] : node.allocatable) status.Quantity(1, key, "999");  // capacity
  for (const auto& [key, value] : node.allocatable) status.Quantity(2, key, value);
  return Proto().Message(1, meta).Message(2, spec).Message(3, status).bytes();
}

std::string NodeJson(const NodeSpec& node) {
  std::string taints;
  for (const auto& t : node.taints) {
    taints += (taints.empty() ? "" : ",");
    taints += MapJson({{"key", t[0]}, {"value", t[1]}, {"effect", t[2]}});
  }
  return R"({"metadata":{"name":"n-1","uid":"u-n","resourceVersion":"9","labels":)" +
         MapJson(node.labels) + R"(},"spec":{"taints":[)" + taints + R"(],"unschedulable":)" +
         (node.unschedulable ? "true" : "false") + R"(},"status":{"capacity":{"cpu":"999"},)" +
         R"("allocatable":)" + MapJson(node.allocatable) + "}}";
}

NodeInfo Decode(const NodeSpec& node, const TranslateOptions& options = {}) {
  ObjectMeta meta;
  Result<NodeInfo> out = NodeFromProto(NodeProto(node), options, &meta);
  EXPECT_EQ(meta.name + meta.uid + meta.resource_version, "n-1u-n9");
  Result<NodeInfo> json = NodeFromJson(NodeJson(node), options, &meta);
  EXPECT_TRUE(out.ok() && json.ok()) << json.error().ToString();
  EXPECT_EQ(*out, *json);
  return *out;
}

TEST(DecodeNode, AllocatableRoundsDown) {
  NodeSpec node;
  node.allocatable = {{"cpu", "1500500u"},  // 1.5005 CPU
                      {"memory", "1.9"},       {"ephemeral-storage", "1Gi"},
                      {"pods", "110"},         {"example.com/b", "2"},
                      {"example.com/a", "3"},  {"example.com/none", "0"},
                      {"hugepages-2Mi", "bad"}};
  const Amounts got = Decode(node).allocatable;
  EXPECT_EQ(got.milli_cpu, 1500);
  EXPECT_EQ(got.memory_bytes, 1);
  EXPECT_EQ(got.ephemeral_bytes, 1 << 30);
  EXPECT_EQ(got.pods, 110);
  EXPECT_EQ(got.gpus, 0);
  const std::vector<std::pair<std::string, std::int64_t>> extended = {{"example.com/a", 3},
                                                                      {"example.com/b", 2}};
  EXPECT_EQ(got.extended, extended);
}

TEST(DecodeNode, WhatCannotBeReadIsNotOffered) {
  NodeSpec node;
  node.allocatable = {{"cpu", "-1"}, {"memory", ""}, {"pods", "x"}, {"ephemeral-storage", "4Ei"}};
  const Amounts got = Decode(node).allocatable;
  EXPECT_EQ(got.milli_cpu, 0);
  EXPECT_EQ(got.memory_bytes, 0);
  EXPECT_EQ(got.pods, 0);
  EXPECT_EQ(got.ephemeral_bytes, std::int64_t{1} << 48);  // the largest that is counted
}

// Slices and memory of each GPU, by the labels that GPU feature discovery writes.
TEST(DecodeNode, KindOfGpu) {
  struct Case {
    Pairs labels;
    std::int32_t slices;
    std::int64_t memory;
  };
  const std::string gpu = "nvidia.com/gpu.";
  for (const Case& c : std::vector<Case>{
           {{}, 1, 0},
           {{{gpu + "memory", "81559"}}, 1, std::int64_t{81'559} << 20},
           {{{gpu + "replicas", "4"}}, 1, 0},  // of how many GPUs nobody says
           {{{"fairlead.dev/gpu-slices", "4"}}, 4, 0},
           {{{"fairlead.dev/gpu-slices", "2"}, {gpu + "replicas", "4"}, {gpu + "count", "8"}},
            2,
            0},
           {{{"fairlead.dev/gpu-slices", "0"}, {gpu + "replicas", "4"}, {gpu + "count", "8"}},
            4,
            0},
           {{{gpu + "replicas", "4"}, {gpu + "count", "8"}}, 4, 0},
           {{{gpu + "replicas", "4"}, {gpu + "count", "2"}}, 1, 0},  // advertises 2 x 4
           {{{gpu + "replicas", "65"}, {gpu + "count", "8"}}, 1, 0},
           {{{gpu + "replicas", "0"}, {gpu + "count", "8"}}, 1, 0},
           {{{"fairlead.dev/gpu-slices", "x"}, {gpu + "memory", "-1"}}, 1, 0},
       }) {
    NodeSpec node;
    node.allocatable = {{"nvidia.com/gpu", "8"}};
    node.labels = c.labels;
    const NodeInfo out = Decode(node);
    EXPECT_EQ(out.gpu_slices, c.slices);
    EXPECT_EQ(out.gpu_memory, c.memory);
  }
}

struct GpuCase {
  Pairs allocatable, labels;
  std::int32_t gpus;
  std::string model;
};

TEST(DecodeNode, GpusAndModel) {
  TranslateOptions options;
  options.gpu_resources = {"nvidia.com/gpu", "amd.com/gpu"};
  options.gpu_model_labels = {"nvidia.com/gpu.product", "example.com/gpu"};
  const Pairs h100 = {{"nvidia.com/gpu.product", "H100"}, {"example.com/gpu", "other"}};
  const std::vector<GpuCase> cases = {
      {{}, {}, 0, ""},
      {{}, h100, 0, ""},  // labelled, but no device yet
      {{{"nvidia.com/gpu", "0"}}, h100, 0, ""},
      {{{"nvidia.com/gpu", "8"}}, h100, 8, "H100"},
      {{{"nvidia.com/gpu", "8"}}, {}, 8, ""},
      {{{"nvidia.com/gpu", "8"}},
       {{"nvidia.com/gpu.product", ""}, {"example.com/gpu", "B"}},
       8,
       "B"},
      {{{"nvidia.com/gpu", "2"}, {"amd.com/gpu", "1"}}, {}, 3, ""},
      {{{"nvidia.com/gpu", "1.9"}}, {}, 1, ""},
      {{{"nvidia.com/gpu", "64"}}, {}, 64, ""},
      {{{"nvidia.com/gpu", "65"}}, {}, 64, ""},
      {{{"nvidia.com/gpu", "9E"}}, {}, 64, ""},
  };
  for (const GpuCase& c : cases) {
    NodeSpec node;
    node.allocatable = c.allocatable;
    node.labels = c.labels;
    const NodeInfo out = Decode(node, options);
    EXPECT_EQ(out.allocatable.gpus, c.gpus);
    EXPECT_EQ(out.gpu_model, c.model);
    EXPECT_TRUE(out.allocatable.extended.empty());
  }
}

TEST(DecodeNode, LabelsTaintsCordon) {
  NodeSpec node;
  node.labels = {{"zone", "b"}, {"arch", "amd64"}, {"zone", "c"}};  // the last of equal keys
  node.taints = {{"a", "1", "NoSchedule"},
                 {"b", "", "PreferNoSchedule"},
                 {"c", "", "NoExecute"},
                 {"d", "", "Unheard"}};
  node.unschedulable = true;
  const NodeInfo out = Decode(node);
  EXPECT_EQ(out.name, "n-1");
  EXPECT_EQ(out.uid, "u-n");
  EXPECT_EQ(out.labels, (Labels{{"arch", "amd64"}, {"zone", "c"}}));
  const std::vector<Taint> taints = {{"a", "1", TaintEffect::kNoSchedule},
                                     {"b", "", TaintEffect::kPreferNoSchedule},
                                     {"c", "", TaintEffect::kNoExecute}};
  EXPECT_EQ(out.taints, taints);
  EXPECT_TRUE(out.unschedulable);
}

TEST(DecodeNode, NameIsRequired) {
  EXPECT_EQ(NodeFromProto("", {}, nullptr).error().message, "node without metadata.name");
  EXPECT_EQ(NodeFromJson("{}", {}, nullptr).error().message, "node without metadata.name");
  EXPECT_FALSE(JobFromProto("", nullptr).ok());
  EXPECT_FALSE(JobFromJson("{}", nullptr).ok());
  EXPECT_FALSE(NamespaceFromProto("", nullptr).ok());
  EXPECT_FALSE(NamespaceFromJson("{}", nullptr).ok());
  EXPECT_FALSE(PodGroupFromJson("{}", {}, nullptr).ok());
}

TEST(DecodeJob, Parallelism) {
  const Proto meta = Proto().Text(1, "j").Text(3, "ns").Text(5, "u");
  const std::string head = R"({"metadata":{"name":"j","namespace":"ns","uid":"u"},"spec":{)";
  ObjectMeta seen;
  for (const std::int64_t n : {0, 1, 512, -3}) {
    const auto proto = JobFromProto(
        Proto().Message(1, meta).Message(2, Proto().Int(1, n).Int(2, 9)).bytes(), &seen);
    const auto json = JobFromJson(head + "\"parallelism\":" + std::to_string(n) + "}}", &seen);
    ASSERT_TRUE(proto.ok() && json.ok());
    EXPECT_EQ(proto->parallelism, n < 0 ? 0 : n);
    EXPECT_EQ(json->parallelism, n < 0 ? 0 : n);
  }
  EXPECT_EQ(JobFromProto(Proto().Message(1, meta).bytes(), &seen)->parallelism, 1);
  const auto json = JobFromJson(head + "}}", &seen);
  EXPECT_EQ(json->parallelism, 1);
  EXPECT_EQ(json->ns + json->name + json->uid, "nsju");
}

TEST(DecodeNamespace, Tenant) {
  const auto proto = NamespaceFromProto(
      Proto().Message(1, Proto().Text(1, "ml").Entry(11, "fairlead.dev/tenant", "ta")).bytes(),
      nullptr);
  const auto json = NamespaceFromJson(
      R"({"metadata":{"name":"ml","labels":{"fairlead.dev/tenant":"ta"}}})", nullptr);
  ASSERT_TRUE(proto.ok() && json.ok());
  EXPECT_EQ(proto->name + "=" + proto->tenant, "ml=ta");
  EXPECT_EQ(json->name + "=" + json->tenant, "ml=ta");
  EXPECT_EQ(NamespaceFromJson(R"({"metadata":{"name":"ml"}})", nullptr)->tenant, "");
}

TEST(DecodePodGroup, MinMemberAndQueue) {
  struct Case {
    std::string spec;
    std::int64_t min_member;
    std::string invalid;
  };
  const std::vector<Case> cases = {
      {R"({"minMember":8,"minResources":{"cpu":"3"}})", 8, ""},
      {"{}", 1, ""},
      {R"({"minMember":0})", 1, "spec.minMember: 0 is not a whole number from 1 to 10000"},
      {R"({"minMember":10001})", 1, "spec.minMember: 10001 is not a whole number from 1 to 10000"},
  };
  for (const Case& c : cases) {
    const auto group = PodGroupFromJson(
        R"({"metadata":{"namespace":"a","name":"pg","uid":"u",
            "labels":{"fairlead.dev/queue":"q"}},"spec":)" +
            c.spec + "}",
        {}, nullptr);
    ASSERT_TRUE(group.ok()) << group.error().ToString();
    EXPECT_EQ(group->ns + "/" + group->name + "/" + group->uid + "/" + group->queue, "a/pg/u/q");
    EXPECT_EQ(group->min_member, c.min_member);
    EXPECT_EQ(group->invalid, c.invalid);
  }
}

}  // namespace
}  // namespace fairlead::kube
