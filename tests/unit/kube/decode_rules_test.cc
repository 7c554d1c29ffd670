// Rules between pods, as both decoders read them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fairlead/model/objects.h"
#include "scheduler/kube/translate.h"
#include "tests/support/proto_builder.h"

namespace fairlead::kube {
namespace {

using testing::LabelSelectorSpec;
using testing::PodSpec;
using testing::PodTermSpec;
using testing::SpreadSpec;
using Op = RequirementOp;
using Strings = std::vector<std::string>;

PodInfo Decode(const PodSpec& pod) {
  const auto from_proto = PodFromProto(testing::ToProto(pod), {}, nullptr);
  const auto from_json = PodFromJson(testing::ToJson(pod), {}, nullptr);
  EXPECT_TRUE(from_proto.ok() && from_json.ok());
  EXPECT_EQ(from_proto->rules, from_json->rules);
  EXPECT_EQ(from_proto->invalid, from_json->invalid);
  return *from_proto;
}

TEST(DecodeRules, WhatOnlyPrefersIsKeptApart) {
  PodSpec pod;
  EXPECT_TRUE(Decode(pod).rules.empty());
  pod.ns = "ml";
  pod.away_preferred = {{7, {.topology = "host", .pods = LabelSelectorSpec{}}}};
  pod.near_preferred = {{100, {.pods = LabelSelectorSpec{}, .namespaces = {"x"}}},
                        {1, {.pods = LabelSelectorSpec{}}}};
  pod.spread = {{.pods = LabelSelectorSpec{}},
                {.action = "ScheduleAnyway", .topology = "host", .pods = LabelSelectorSpec{}}};
  const PodInfo read = Decode(pod);
  EXPECT_EQ(read.invalid, "");
  EXPECT_TRUE(read.rules.near.empty() && read.rules.away.empty());
  ASSERT_EQ(read.rules.preferred.size(), 3U);  // in order of weights
  EXPECT_EQ(read.rules.preferred[0].weight, -7);
  EXPECT_EQ(read.rules.preferred[0].term.topology, "host");
  EXPECT_EQ(read.rules.preferred[1].weight, 1);
  EXPECT_EQ(read.rules.preferred[1].term.pods.namespaces, Strings{"ml"});
  EXPECT_EQ(read.rules.preferred[2].weight, 100);
  EXPECT_EQ(read.rules.preferred[2].term.pods.namespaces, Strings{"x"});
  ASSERT_EQ(read.rules.spread.size(), 1U);
  ASSERT_EQ(read.rules.spread_softly.size(), 1U);
  EXPECT_EQ(read.rules.spread_softly[0].topology, "host");
  EXPECT_TRUE(read.rules.strict());
}

TEST(DecodeRules, ClaimsToVolumesAlsoOfPodsOfOthers) {
  PodSpec pod;
  pod.claims = {"b", "+scratch", "a", "b"};
  pod.scheduler_name = "default-scheduler";
  pod.node_name = "n-1";
  const std::vector<VolumeUse> expected = {{"a"}, {"b"}, {"p0-scratch", "p0", "u-p0"}};
  EXPECT_EQ(Decode(pod).rules.volumes, expected);
}

TEST(DecodeRules, SelectorsSayNobodyEverybodyOrSome) {
  PodSpec pod;
  pod.ns = "ml";
  pod.near = {{},
              {.pods = LabelSelectorSpec{}},
              {.pods = LabelSelectorSpec{{{"app", "a"}},
                                         {{"tier", "NotIn", {"y", "x"}}, {"b", "Exists"}}}}};
  const PodInfo read = Decode(pod);
  ASSERT_EQ(read.rules.near.size(), 3U);
  EXPECT_TRUE(read.rules.near[0].pods.nobody);
  EXPECT_FALSE(read.rules.near[1].pods.nobody);
  EXPECT_TRUE(read.rules.near[1].pods.labels.empty());
  const std::vector<LabelRequirement> some = {
      {"app", Op::kIn, {"a"}}, {"b", Op::kExists, {}}, {"tier", Op::kNotIn, {"x", "y"}}};
  EXPECT_EQ(read.rules.near[2].pods.labels, some);
  EXPECT_EQ(read.rules.near[2].pods.namespaces, Strings{"ml"});
}

TEST(DecodeRules, NamespacesOfTerms) {
  PodSpec pod;
  pod.ns = "ml";
  pod.away = {{.topology = "host", .namespaces = {"b", "a", "b"}},
              {.namespaces = {"b"}, .namespace_labels = LabelSelectorSpec{}},
              {.namespaces = {"b"},
               .namespace_labels = LabelSelectorSpec{{{"team", "x"}}, {{"b", "Exists"}}}},
              {.namespace_labels = LabelSelectorSpec{{{"team", "x"}}, {}}}};
  const PodInfo read = Decode(pod);
  ASSERT_EQ(read.rules.away.size(), 4U);
  EXPECT_EQ(read.rules.away[0].topology, "host");
  EXPECT_EQ(read.rules.away[0].pods.namespaces, (Strings{"a", "b"}));
  EXPECT_FALSE(read.rules.away[0].pods.everywhere);
  EXPECT_TRUE(read.rules.away[1].pods.everywhere);
  EXPECT_FALSE(read.rules.away[2].pods.everywhere);
  EXPECT_EQ(read.rules.away[2].pods.namespaces, Strings{"b"});
  const std::vector<LabelRequirement> team = {{"b", Op::kExists, {}}, {"team", Op::kIn, {"x"}}};
  EXPECT_EQ(read.rules.away[2].pods.of_namespaces, team);
  // The pod's own namespace only where neither is stated.
  EXPECT_TRUE(read.rules.away[3].pods.namespaces.empty());
}

TEST(DecodeRules, OwnValuesOfLabelsThatThePodHas) {
  PodSpec pod;
  pod.labels = {{"rev", "7"}, {"tenant", "t"}};
  pod.near = {
      {.pods = LabelSelectorSpec{}, .match_keys = {"rev", "absent"}, .mismatch_keys = {"tenant"}}};
  pod.spread = {{.pods = LabelSelectorSpec{{{"rev", "7"}}, {}}, .match_keys = {"rev"}}};
  const PodInfo read = Decode(pod);
  const std::vector<LabelRequirement> near = {{"rev", Op::kIn, {"7"}},
                                              {"tenant", Op::kNotIn, {"t"}}};
  EXPECT_EQ(read.rules.near.at(0).pods.labels, near);
  const std::vector<LabelRequirement> once = {{"rev", Op::kIn, {"7"}}};
  EXPECT_EQ(read.rules.spread.at(0).pods.labels, once);
}

TEST(DecodeRules, SpreadWithDefaultsAndWithAllStated) {
  PodSpec pod;
  pod.ns = "ml";
  pod.spread = {{},
                {.topology = "host",
                 .max_skew = 3,
                 .min_domains = 5,
                 .pods = LabelSelectorSpec{},
                 .affinity_policy = "Ignore",
                 .taints_policy = "Honor"}};
  const PodInfo read = Decode(pod);
  SpreadRule plain;
  plain.pods = {.everywhere = false, .namespaces = {"ml"}, .nobody = true, .labels = {}};
  plain.topology = "zone";
  SpreadRule full;
  full.pods = {.everywhere = false, .namespaces = {"ml"}, .nobody = false, .labels = {}};
  full.topology = "host";
  full.max_skew = 3;
  full.min_domains = 5;
  full.only_nodes_selected = false;
  full.only_nodes_tolerated = true;
  EXPECT_EQ(read.rules.spread, (std::vector<SpreadRule>{plain, full}));
}

TEST(DecodeRules, PortsOfTheHostAlsoOfPodsOfOthers) {
  PodSpec pod;
  pod.scheduler_name = "default-scheduler";
  pod.node_name = "n-1";
  pod.containers = {{{}, false, 8080}, {{}, false, 53, "10.0.0.1", "UDP"}, {{}, false, 8080}};
  pod.init_containers = {{{}, false, 7000}, {{}, true, 7001}};
  const PodInfo read = Decode(pod);
  EXPECT_FALSE(read.ours);
  const std::vector<HostPort> expected = {
      {"0.0.0.0", "TCP", 7001}, {"0.0.0.0", "TCP", 8080}, {"10.0.0.1", "UDP", 53}};
  EXPECT_EQ(read.rules.ports, expected);
}

TEST(DecodeRules, WhatIsWrongIsNamed) {
  const std::string required = "requiredDuringSchedulingIgnoredDuringExecution";
  const auto near = [](PodTermSpec term) {
    PodSpec pod;
    pod.near = {{}, std::move(term)};
    return Decode(pod).invalid;
  };
  const std::string second = "spec.affinity.podAffinity." + required + "[1].";
  EXPECT_EQ(near({.topology = ""}), second + "topologyKey: expected the name of a node label");
  EXPECT_EQ(near({.pods = LabelSelectorSpec{{}, {{"a", "Gt", {"1"}}}}}),
            second +
                "labelSelector.matchExpressions[0].operator: \"Gt\" is none of In, NotIn, "
                "Exists, DoesNotExist");
  EXPECT_EQ(near({.namespace_labels = LabelSelectorSpec{{}, {{"team", "In"}}}}),
            second +
                "namespaceSelector.matchExpressions[0].values: In has 0 values, expected at least "
                "one value");
  for (const int weight : {0, 101}) {
    PodSpec pod;
    pod.away_preferred = {{weight, {}}};
    EXPECT_EQ(Decode(pod).invalid,
              "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]."
              "weight: " +
                  std::to_string(weight) + ", expected 1 to 100");
  }
  PodSpec preferring;
  preferring.near_preferred = {{1, {}}, {1, {.topology = ""}}};
  EXPECT_EQ(Decode(preferring).invalid,
            "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[1]."
            "podAffinityTerm.topologyKey: expected the name of a node label");

  const auto spread = [](SpreadSpec of) {
    PodSpec pod;
    pod.spread = {{.action = "ScheduleAnyway"}, std::move(of)};
    return Decode(pod).invalid;
  };
  const std::string rule = "spec.topologySpreadConstraints[1].";
  EXPECT_EQ(spread({.topology = ""}), rule + "topologyKey: expected the name of a node label");
  EXPECT_EQ(spread({.action = "Maybe"}),
            rule + "whenUnsatisfiable: \"Maybe\", expected DoNotSchedule or ScheduleAnyway");
  EXPECT_EQ(spread({.max_skew = 0}), rule + "maxSkew: 0, expected 1 or more");
  EXPECT_EQ(spread({.affinity_policy = "Maybe"}),
            rule + "nodeAffinityPolicy: \"Maybe\", expected Honor or Ignore");
}

}  // namespace
}  // namespace fairlead::kube
