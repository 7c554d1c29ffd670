#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fairlead/model/objects.h"
#include "scheduler/kube/translate.h"
#include "tests/support/proto_builder.h"

namespace fairlead::kube {
namespace {

using testing::NodeTermSpec;
using testing::PodSpec;

// Both decoders, which must agree.
PodInfo Decode(const PodSpec& pod) {
  TranslateOptions options;
  const auto from_proto = PodFromProto(testing::ToProto(pod), options, nullptr);
  const auto from_json = PodFromJson(testing::ToJson(pod), options, nullptr);
  EXPECT_TRUE(from_proto.ok() && from_json.ok());
  EXPECT_EQ(from_proto->shape, from_json->shape);
  EXPECT_EQ(from_proto->invalid, from_json->invalid);
  return *from_proto;
}

TEST(DecodeNodeAffinity, TermsWithLabelsAndNames) {
  PodSpec pod;
  pod.node_terms = {{{{"zone", "In", {"b", "a", "b"}}, {"spot", "DoesNotExist"}},
                     {{"metadata.name", "NotIn", {"n-1"}}}},
                    {{{"age", "Gt", {"3"}}, {"old", "NotIn", {"yes"}}, {"age", "Lt", {"9"}}}},
                    {{}, {{"metadata.name", "In", {"n-2"}}}},
                    {{{"ssd", "Exists"}}},
                    {}};
  const PodInfo read = Decode(pod);
  EXPECT_EQ(read.invalid, "");
  using Op = RequirementOp;
  const std::vector<NodeTerm> expected = {
      {{{"zone", Op::kIn, {"a", "b"}}, {"spot", Op::kDoesNotExist, {}}},
       {{"", Op::kNotIn, {"n-1"}}}},
      {{{"age", Op::kGt, {"3"}}, {"old", Op::kNotIn, {"yes"}}, {"age", Op::kLt, {"9"}}}, {}},
      {{}, {{"", Op::kIn, {"n-2"}}}},
      {{{"ssd", Op::kExists, {}}}, {}},
      {}};
  EXPECT_EQ(read.shape.node_terms, expected);
}

TEST(DecodeNodeAffinity, PreferredTermsWithTheirWeights) {
  PodSpec pod;
  pod.preferred_nodes = {{1, {{{"zone", "In", {"a"}}}, {}}},
                         {100, {{{"age", "Lt", {"3"}}}, {{"metadata.name", "In", {"n-1"}}}}},
                         {7, {}}};
  const PodInfo read = Decode(pod);
  EXPECT_EQ(read.invalid, "");
  EXPECT_FALSE(read.shape.node_terms.has_value());
  const std::vector<NodePreference> expected = {
      {1, {{{"zone", RequirementOp::kIn, {"a"}}}, {}}},
      {100, {{{"age", RequirementOp::kLt, {"3"}}}, {{"", RequirementOp::kIn, {"n-1"}}}}}};
  EXPECT_EQ(read.shape.preferred, expected);
}

TEST(DecodeNodeAffinity, WhatIsWrongInAPreferredTermIsNamed) {
  const std::string where =
      "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].";
  PodSpec pod;
  for (const int weight : {0, 101, -1}) {
    pod.preferred_nodes = {{weight, {{{"zone", "Exists"}}, {}}}};
    EXPECT_EQ(Decode(pod).invalid,
              where + "weight: " + std::to_string(weight) + ", expected 1 to 100");
  }
  pod.preferred_nodes = {{5, {{{"zone", "Near", {"a"}}}, {}}}};
  EXPECT_EQ(Decode(pod).invalid,
            where +
                "preference.matchExpressions[0].operator: \"Near\" is none of In, NotIn, Exists, "
                "DoesNotExist, Gt, Lt");
}

TEST(DecodeNodeAffinity, AbsentIsNotTheSameAsNoTerm) {
  PodSpec pod;
  EXPECT_FALSE(Decode(pod).shape.node_terms.has_value());
  pod.node_terms.emplace();
  const PodInfo read = Decode(pod);
  ASSERT_TRUE(read.shape.node_terms.has_value());
  EXPECT_TRUE(read.shape.node_terms->empty());
  EXPECT_EQ(read.invalid, "");
}

TEST(DecodeNodeAffinity, WhatIsWrongIsNamed) {
  const std::string where =
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
      "nodeSelectorTerms[1].";
  struct Case {
    NodeTermSpec term;
    std::string problem;
  };
  const std::vector<Case> cases = {
      {{{{"zone", "Exists"}, {"zone", "Like", {"a"}}}},
       "matchExpressions[1].operator: \"Like\" is none of In, NotIn, Exists, DoesNotExist, Gt, "
       "Lt"},
      {{{{"zone", "In"}}},
       "matchExpressions[0].values: In has 0 values, expected at least one value"},
      {{{{"zone", "Exists", {"a"}}}},
       "matchExpressions[0].values: Exists has 1 values, expected no value"},
      {{{{"age", "Gt", {"1", "2"}}}},
       "matchExpressions[0].values: Gt has 2 values, expected one value"},
      {{{}, {{"metadata.uid", "In", {"x"}}}},
       "matchFields[0].key: \"metadata.uid\", expected metadata.name"},
      {{{}, {{"metadata.name", "Exists"}}},
       "matchFields[0].operator: \"Exists\", expected In or NotIn"},
  };
  for (const Case& c : cases) {
    PodSpec pod;
    pod.node_terms = {{{{"fine", "Exists"}}}, c.term};
    EXPECT_EQ(Decode(pod).invalid, where + c.problem);
  }
}

}  // namespace
}  // namespace fairlead::kube
