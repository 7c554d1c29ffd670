// Tokens and allow lists.
#include "scheduler/apiserver/auth.h"

#include <gtest/gtest.h>

namespace fairlead::apiserver {
namespace {

ApiServerOptions SomeUsers() {
  ApiServerOptions options;
  options.tokens = {
      {"t-admin", "admin", {{{"*"}, {"*"}, {"*"}}}},
      {"t-sched",
       "sched",
       {{{"list", "watch"}, {""}, {"pods", "nodes"}},
        {{"create"}, {""}, {"pods/binding"}},
        {{"get"}, {""}, {"*/status"}},
        {{"get", "list"}, {""}, {"secrets"}, {"team"}}}},
  };
  return options;
}

Route Parse(std::string_view method, std::string_view target) {
  const std::size_t mark = target.find('?');
  const Query query(mark == std::string_view::npos ? "" : target.substr(mark + 1));
  Route route;
  EXPECT_TRUE(ParseRoute(method, target.substr(0, mark), query, &route));
  return route;
}

TEST(Auth, Tokens) {
  const ApiServerOptions options = SomeUsers();
  const std::pair<const char*, const char*> cases[] = {
      {"Bearer t-admin", "admin"},    {"bearer t-sched", "sched"},
      {"", "system:anonymous"},       {"Basic abc", "system:anonymous"},
      {"Bearer", "system:anonymous"}, {"Bearer  ", "system:anonymous"},
      {"Bearer nosuch", "401"},       {"Bearer t-admi", "401"},
      {"Bearer t-adminx", "401"},
  };
  for (const auto& [header, expected] : cases) {
    const Answer<Caller> caller = Authenticate(options, header);
    EXPECT_EQ(caller ? caller->user : std::to_string(caller.error().code), expected) << header;
  }
}

TEST(Auth, WithoutTokensEverybodyMayDoEverything) {
  const Answer<Caller> caller = Authenticate(ApiServerOptions(), "Bearer anything");
  ASSERT_TRUE(caller);
  EXPECT_FALSE(Authorize(*caller, Parse("DELETE", "/api/v1/nodes")).has_value());
  EXPECT_FALSE(Authorize(*caller, Parse("GET", "/metrics")).has_value());
}

struct AccessCase {
  const char* header;
  const char* method;
  const char* target;
  const char* refused;  // "": allowed
};

TEST(Auth, Rules) {
  const ApiServerOptions options = SomeUsers();
  constexpr const char* kSched = "Bearer t-sched";
  const AccessCase cases[] = {
      {"Bearer t-admin", "DELETE", "/api/v1/nodes/n", ""},
      {"Bearer t-admin", "GET", "/metrics", ""},
      {kSched, "GET", "/api/v1/pods", ""},
      {kSched, "GET", "/api/v1/pods?watch=1", ""},
      {kSched, "POST", "/api/v1/namespaces/a/pods/p/binding", ""},
      {kSched, "GET", "/api/v1/namespaces/a/pods/p/status", ""},
      {kSched, "GET", "/api/v1/namespaces/team/secrets", ""},
      {kSched, "GET", "/version", ""},
      {kSched, "GET", "/apis/batch", ""},
      {kSched, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", ""},
      {kSched, "GET", "/api/v1/namespaces/a/pods/p",
       "pods \"p\" is forbidden: User \"sched\" cannot get resource \"pods\" in API group \"\" in "
       "the namespace \"a\""},
      {kSched, "POST", "/api/v1/namespaces/a/pods/p/eviction",
       "pods \"p\" is forbidden: User \"sched\" cannot create resource \"pods/eviction\" in API "
       "group \"\" in the namespace \"a\""},
      {kSched, "GET", "/api/v1/secrets",
       "secrets is forbidden: User \"sched\" cannot list resource \"secrets\" in API group \"\" at "
       "the cluster scope"},
      {kSched, "GET", "/api/v1/namespaces/other/secrets",
       "secrets is forbidden: User \"sched\" cannot list resource \"secrets\" in API group \"\" in "
       "the namespace \"other\""},
      {kSched, "GET", "/apis/apps/v1/namespaces/q/deployments",
       "deployments.apps is forbidden: User \"sched\" cannot list resource \"deployments\" in API "
       "group \"apps\" in the namespace \"q\""},
      {kSched, "DELETE", "/api/v1/namespaces/q",
       "namespaces \"q\" is forbidden: User \"sched\" cannot delete resource \"namespaces\" in API "
       "group \"\" in the namespace \"q\""},
      {kSched, "DELETE", "/api/v1/namespaces/q/pods",
       "pods is forbidden: User \"sched\" cannot deletecollection resource \"pods\" in API group "
       "\"\" in the namespace \"q\""},
      {kSched, "GET", "/api/v1/secrets?fieldSelector=metadata.name%3Ds",
       "secrets \"s\" is forbidden: User \"sched\" cannot list resource \"secrets\" in API group "
       "\"\" at the cluster scope"},
      {kSched, "GET", "/metrics", "forbidden: User \"sched\" cannot get path \"/metrics\""},
      {"", "GET", "/healthz", ""},
      {"", "GET", "/version", ""},
      {"", "GET", "/api", "forbidden: User \"system:anonymous\" cannot get path \"/api\""},
      {"", "GET", "/api/v1/pods",
       "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group "
       "\"\" at the cluster scope"},
  };
  for (const AccessCase& c : cases) {
    const Answer<Caller> caller = Authenticate(options, c.header);
    ASSERT_TRUE(caller);
    const auto refused = Authorize(*caller, Parse(c.method, c.target));
    EXPECT_EQ(refused ? refused->message : "", c.refused) << c.method << " " << c.target;
    if (refused) {
      EXPECT_EQ(refused->code, 403);
      EXPECT_EQ(refused->reason, "Forbidden");
    }
  }
}

json::object Review(std::string_view text) {
  json::value value;
  std::string why;
  EXPECT_TRUE(ParseJson(text, &value, &why)) << why;
  return value.get_object();
}

TEST(Auth, ReviewsAnswerFromTheSameRules) {
  const ApiServerOptions options = SomeUsers();
  const Answer<Caller> caller = Authenticate(options, "Bearer t-sched");
  ASSERT_TRUE(caller);
  const std::pair<const char*, bool> cases[] = {
      {R"({"spec":{"resourceAttributes":{"verb":"list","resource":"pods"}}})", true},
      {R"({"spec":{"resourceAttributes":{"verb":"delete","resource":"pods"}}})", false},
      {R"({"spec":{"resourceAttributes":{"verb":"create","resource":"pods","subresource":"binding",
           "namespace":"x"}}})",
       true},
      {R"({"spec":{"resourceAttributes":{"verb":"get","resource":"secrets","namespace":"team"}}})",
       true},
      {R"({"spec":{"resourceAttributes":{"verb":"get","resource":"secrets"}}})", false},
      {R"({"spec":{"nonResourceAttributes":{"verb":"get","path":"/version"}}})", true},
      {R"({"spec":{"nonResourceAttributes":{"verb":"get","path":"/metrics"}}})", false},
  };
  for (const auto& [text, allowed] : cases) {
    const Answer<json::object> review = ReviewSelf(*caller, Review(text));
    ASSERT_TRUE(review) << text;
    EXPECT_EQ(GetBool(*review, {"status", "allowed"}, !allowed), allowed) << text;
  }
  const Answer<json::object> neither = ReviewSelf(*caller, Review(R"({"spec":{}})"));
  ASSERT_FALSE(neither);
  EXPECT_EQ(neither.error().code, 422);
  EXPECT_EQ(neither.error().message,
            ".authorization.k8s.io \"\" is invalid: spec.resourceAttributes: Invalid value: "
            "\"null\": exactly one of nonResourceAttributes or resourceAttributes must be "
            "specified");
}

}  // namespace
}  // namespace fairlead::apiserver
