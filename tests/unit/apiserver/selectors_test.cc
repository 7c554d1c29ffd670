// Selectors: the grammar with the real server's complaints, and what matches.
#include "scheduler/apiserver/selectors.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead::apiserver {
namespace {

json::object Parse(std::string_view text) {
  json::value value;
  std::string why;
  EXPECT_TRUE(ParseJson(text, &value, &why)) << why;
  return value.is_object() ? value.get_object() : json::object();
}

Resource Builtin(std::string group, std::string plural, std::string kind, bool namespaced = true) {
  Resource resource;
  resource.storage = group.empty() ? plural : plural + "." + group;
  resource.group = std::move(group);
  resource.version = "v1";
  resource.plural = std::move(plural);
  resource.kind = std::move(kind);
  resource.namespaced = namespaced;
  return resource;
}

struct LabelCase {
  std::string selector;
  std::string labels;
  bool matches;
};

TEST(LabelSelectors, Match) {
  const std::vector<LabelCase> cases = {
      {"", R"({})", true},
      {"a=b", R"({"a":"b"})", true},
      {"a==b", R"({"a":"c"})", false},
      {"a=b", R"({})", false},
      {"a!=b", R"({})", true},
      {"a!=b", R"({"a":"b"})", false},
      {"a in (b,c)", R"({"a":"c"})", true},
      {"a in (b,c)", R"({"a":"d"})", false},
      {"a notin (b,c)", R"({"a":"d"})", true},
      {"a notin (b,c)", R"({})", true},
      {"a notin (b)", R"({"a":"b"})", false},
      {"a", R"({"a":""})", true},
      {"a", R"({"b":""})", false},
      {"!a", R"({"b":""})", true},
      {"! a", R"({"a":""})", false},
      {"a>5", R"({"a":"6"})", true},
      {"a>5", R"({"a":"5"})", false},
      {"a<5", R"({"a":"-3"})", true},
      {"a<5", R"({"a":"x"})", false},
      {"a<5", R"({})", false},
      {"a=", R"({"a":""})", true},
      {"a=", R"({})", false},
      {"a in ()", R"({"a":""})", true},
      {"a in (,b)", R"({"a":""})", true},
      {"a in (b,)", R"({"a":""})", true},
      {"a in (b,,c)", R"({"a":"c"})", true},
      {" a = b ", R"({"a":"b"})", true},
      {"a\tin\t(b)", R"({"a":"b"})", true},
      {"in in (in)", R"({"in":"in"})", true},
      {"notin", R"({"notin":"x"})", true},
      {"a=in", R"({"a":"in"})", true},
      {"a!=,b", R"({"a":"x","b":"y"})", true},
      {"a=b,x.y/c=d", R"({"a":"b","x.y/c":"d"})", true},
      {"a=b,x.y/c=d", R"({"a":"b"})", false},
  };
  for (const LabelCase& test : cases) {
    const Answer<LabelSelector> selector = ParseLabelSelector(test.selector);
    ASSERT_TRUE(selector.ok()) << test.selector << ": " << selector.error().message;
    const json::object labels = Parse(test.labels);
    EXPECT_EQ(selector->Matches(&labels), test.matches) << test.selector << " " << test.labels;
  }
  EXPECT_TRUE(ParseLabelSelector("!a")->Matches(nullptr));
  EXPECT_FALSE(ParseLabelSelector("a")->Matches(nullptr));
}

TEST(LabelSelectors, ComplainLikeTheRealServer) {
  const std::string name =
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
      "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
      "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  const std::string value =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
      "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
      "'my_value',  or '12345', regex used for validation is "
      "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
  const std::string long_name(64, 'x');
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a=b,", "found '', expected: identifier after ','"},
      {"a,,b", "found ',', expected: identifier after ','"},
      {"!a,", "found '', expected: identifier after ','"},
      {",", "found ',', expected: !, identifier, or 'end of string'"},
      {"=b", "found '=', expected: !, identifier, or 'end of string'"},
      {"(a)", "found '(', expected: !, identifier, or 'end of string'"},
      {">5", "found '>', expected: !, identifier, or 'end of string'"},
      {"a=b=c", "found '=', expected: ',' or 'end of string'"},
      {"!a=b", "found '=', expected: ',' or 'end of string'"},
      {"a=b!", "found '!', expected: ',' or 'end of string'"},
      {"a=b c", "found 'c', expected: ',' or 'end of string'"},
      {"a in (b))", "found ')', expected: ',' or 'end of string'"},
      {"a b", "unable to parse requirement: found 'b', expected: '=', '!=', '==', 'in', notin'"},
      {"a!", "unable to parse requirement: found '!', expected: '=', '!=', '==', 'in', notin'"},
      {"a in b", "unable to parse requirement: found 'b' expected: '('"},
      {"a in", "unable to parse requirement: found '' expected: '('"},
      {"a notin", "unable to parse requirement: found '' expected: '('"},
      {"a in (b", "unable to parse requirement: found '', expected: ',' or ')'"},
      {"a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"},
      {"!", "unable to parse requirement: found '', expected: identifier"},
      {"a===b", "unable to parse requirement: found '=', expected: identifier"},
      {"a=!b", "unable to parse requirement: found '!', expected: identifier"},
      {"a>=5", "unable to parse requirement: found '=', expected: identifier"},
      {"a=(b)", "unable to parse requirement: found '(', expected: identifier"},
      {"a>x",
       "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer"},
      {"a>", "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer"},
      {"-a=b", "unable to parse requirement: invalid label key \"-a\": " + name},
      {"a^b", "unable to parse requirement: invalid label key \"a^b\": " + name},
      {"a/",
       "unable to parse requirement: invalid label key \"a/\": name part must be non-empty; " +
           name},
      {"/a",
       "unable to parse requirement: invalid label key \"/a\": prefix part must be non-empty"},
      {long_name + "=a", "unable to parse requirement: invalid label key \"" + long_name +
                             "\": name part must be no more than 63 characters"},
      {"a=" + long_name, "unable to parse requirement: invalid label value: \"" + long_name +
                             "\": at key: \"a\": must be no more than 63 characters"},
      {"a=-b", "unable to parse requirement: invalid label value: \"-b\": at key: \"a\": " + value},
      {"a>-5", "unable to parse requirement: invalid label value: \"-5\": at key: \"a\": " + value},
      {"A.b/c=e",
       "unable to parse requirement: invalid label key \"A.b/c\": prefix part a lowercase RFC 1123 "
       "subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
       "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
       "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"},
  };
  for (const auto& [text, message] : cases) {
    const Answer<LabelSelector> selector = ParseLabelSelector(text);
    ASSERT_FALSE(selector.ok()) << text;
    EXPECT_EQ(selector.error().message, message) << text;
    EXPECT_EQ(selector.error().code, 400);
    EXPECT_EQ(selector.error().reason, "BadRequest");
  }
}

TEST(LabelSelectors, FromObjects) {
  const Answer<LabelSelector> selector = LabelSelectorFrom(Parse(
      R"({"matchLabels":{"a":"b"},"matchExpressions":[{"key":"c","operator":"In","values":["d","e"]},
          {"key":"f","operator":"DoesNotExist"}]})"));
  ASSERT_TRUE(selector.ok());
  const json::object good = Parse(R"({"a":"b","c":"e"})");
  const json::object bad = Parse(R"({"a":"b","c":"e","f":""})");
  EXPECT_TRUE(selector->Matches(&good));
  EXPECT_FALSE(selector->Matches(&bad));
  EXPECT_FALSE(LabelSelectorFrom(Parse(R"({"matchExpressions":[{"key":"c","operator":"X"}]})")));
  EXPECT_FALSE(LabelSelectorFrom(Parse(R"({"matchExpressions":[{"key":"c","operator":"In"}]})")));
}

TEST(LabelSelectors, AreValidatedInSpecs) {
  const std::vector<Cause> causes =
      CheckLabelSelector(Parse(R"({"matchLabels":{"a":"-"},"matchExpressions":[
        {"key":"c","operator":"In"},{"key":"d","operator":"Exists","values":["x"]},
        {"key":"e","operator":"Foo"}]})"),
                         "spec.selector");
  ASSERT_EQ(causes.size(), 4U);
  EXPECT_EQ(causes[0].field, "spec.selector.matchLabels");
  EXPECT_TRUE(causes[0].message.starts_with("Invalid value: \"-\": a valid label must be"));
  EXPECT_EQ(causes[1].field, "spec.selector.matchExpressions[0].values");
  EXPECT_EQ(causes[1].message,
            "Required value: must be specified when `operator` is 'In' or 'NotIn'");
  EXPECT_EQ(causes[2].reason, "FieldValueForbidden");
  EXPECT_EQ(causes[3].field, "spec.selector.matchExpressions[2].operator");
  EXPECT_EQ(causes[3].message, "Invalid value: \"Foo\": not a valid selector operator");
}

TEST(LabelSelectors, AreShownSorted) {
  EXPECT_EQ(FormatLabelSelector(Parse(R"({"matchLabels":{"z":"1","b":"2"},
      "matchExpressions":[{"key":"c","operator":"NotIn","values":["y","x"]},
                          {"key":"a","operator":"Exists"}]})")),
            "a,b=2,c notin (x,y),z=1");
  EXPECT_EQ(FormatLabelSelector({}), "<none>");
}

struct FieldCase {
  std::string selector;
  bool matches;
};

TEST(FieldSelectors, MatchPods) {
  const Resource pods = Builtin("", "pods", "Pod");
  const json::object pod = Parse(
      R"({"metadata":{"name":"p","namespace":"n"},"spec":{"nodeName":"x","hostNetwork":true},
          "status":{"phase":"Running"}})");
  const std::vector<FieldCase> cases = {
      {"", true},
      {",", true},
      {"metadata.name=p", true},
      {"metadata.name==p", true},
      {"metadata.name!=p", false},
      {"metadata.name=q", false},
      {"metadata.namespace=n,spec.nodeName=x", true},
      {"spec.host=x", true},
      {"spec.nodeName=", false},
      {"spec.nodeName!=,status.phase!=Failed", true},
      {"status.nominatedNodeName=", true},
      {"status.podIPs=", true},
      {"spec.hostNetwork=true", true},
      {"metadata.name=p\\,q", false},
  };
  for (const FieldCase& test : cases) {
    const Answer<FieldSelector> selector = ParseFieldSelector(pods, test.selector);
    ASSERT_TRUE(selector.ok()) << test.selector << ": " << selector.error().message;
    EXPECT_EQ(selector->Matches(pod), test.matches) << test.selector;
  }
  EXPECT_EQ(ParseFieldSelector(pods, "metadata.name=p,spec.nodeName=x")->Name(), "p");
  EXPECT_EQ(ParseFieldSelector(pods, "metadata.name!=p")->Name(), "");
  EXPECT_FALSE(ParseFieldSelector(pods, "spec.hostNetwork=true", Profile::k120).ok());
}

TEST(FieldSelectors, MatchOtherKinds) {
  const auto matches = [](const Resource& resource, std::string_view selector,
                          std::string_view object) {
    const Answer<FieldSelector> parsed = ParseFieldSelector(resource, selector);
    EXPECT_TRUE(parsed.ok()) << selector;
    return parsed.ok() && parsed->Matches(Parse(object));
  };
  const Resource nodes = Builtin("", "nodes", "Node", false);
  EXPECT_TRUE(matches(nodes, "spec.unschedulable=false", "{}"));
  EXPECT_TRUE(matches(nodes, "spec.unschedulable=true", R"({"spec":{"unschedulable":true}})"));
  EXPECT_FALSE(matches(nodes, "spec.unschedulable!=true", R"({"spec":{"unschedulable":true}})"));
  const Resource jobs = Builtin("batch", "jobs", "Job");
  EXPECT_TRUE(matches(jobs, "status.successful=0", "{}"));
  EXPECT_TRUE(matches(jobs, "status.successful=12", R"({"status":{"succeeded":12}})"));
  const Resource events = Builtin("", "events", "Event");
  EXPECT_TRUE(matches(events, "involvedObject.name=p,source=s",
                      R"({"involvedObject":{"name":"p"},"source":{"component":"s"}})"));
  EXPECT_TRUE(matches(events, "source=r,reportingComponent=r", R"({"reportingComponent":"r"})"));
  const Resource new_events = Builtin("events.k8s.io", "events", "Event");
  EXPECT_TRUE(matches(new_events, "regarding.name=p,type=Normal",
                      R"({"involvedObject":{"name":"p"},"type":"Normal"})"));
  Resource custom = Builtin("g.io", "things", "Thing");
  custom.custom = true;
  custom.crd_version = Parse(R"({"selectableFields":[{"jsonPath":".spec.color"}]})");
  EXPECT_TRUE(matches(custom, "spec.color=red", R"({"spec":{"color":"red"}})"));
  EXPECT_FALSE(matches(custom, "spec.color=red", "{}"));
}

struct RefusedCase {
  Resource resource;
  std::string selector;
  std::string message;
};

TEST(FieldSelectors, ComplainLikeTheRealServer) {
  const Resource pods = Builtin("", "pods", "Pod");
  const Resource nodes = Builtin("", "nodes", "Node", false);
  Resource custom = Builtin("g.io", "things", "Thing", false);
  custom.custom = true;
  const std::string unknown =
      "\"x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
  const std::vector<RefusedCase> cases = {
      {pods, "x=1", "field label not supported: x"},
      {pods, "=1", "field label not supported: "},
      {pods, " metadata.name = a", "field label not supported:  metadata.name "},
      {nodes, "metadata.namespace=x", "field label not supported: metadata.namespace"},
      {custom, "metadata.namespace=x", "field label not supported: metadata.namespace"},
      {Builtin("", "events", "Event"), "regarding.name=x",
       "field label not supported: regarding.name"},
      {Builtin("", "secrets", "Secret"), "x=1", "field label not supported: x"},
      {Builtin("batch", "jobs", "Job"), "x=1", "field label \"x\" not supported for batchv1.Job"},
      {Builtin("", "configmaps", "ConfigMap"), "x=1", unknown},
      {Builtin("coordination.k8s.io", "leases", "Lease"), "x=1", unknown},
      {pods, "metadata.name",
       "invalid selector: 'metadata.name'; can't understand 'metadata.name'"},
      {pods, "z=1,metadata.name",
       "invalid selector: 'z=1,metadata.name'; can't understand 'metadata.name'"},
      {pods, "metadata.name=a=b", "invalid field selector: unescaped character in value: 61"},
      {pods, "metadata.name===a", "invalid field selector: unescaped character in value: 61"},
      {pods, "metadata.name=a\\xb", "invalid field selector: invalid escape sequence: \\x"},
      {pods, "metadata.name=a\\", "invalid field selector: invalid escape sequence: \\"},
  };
  for (const RefusedCase& test : cases) {
    const Answer<FieldSelector> selector =
        ParseFieldSelector(test.resource, test.selector, Profile::k120);
    ASSERT_FALSE(selector.ok()) << test.selector;
    EXPECT_EQ(selector.error().message, test.message) << test.selector;
    EXPECT_EQ(selector.error().code, 400);
  }
}

}  // namespace
}  // namespace fairlead::apiserver
