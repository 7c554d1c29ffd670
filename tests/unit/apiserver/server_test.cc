// Requests of every form through ApiServer::Handle, and the words of those that are refused.
#include "tests/unit/apiserver/server_fixture.h"

namespace fairlead::apiserver {
namespace {

constexpr const char* kMerge = "application/merge-patch+json";
constexpr const char* kApply = "application/apply-patch+yaml";

using ServerTest = ServerFixture;

struct RequestCase {
  const char* method;
  const char* target;
  const char* content_type;
  const char* body;
  const char* answer;
};

TEST_F(ServerTest, WhatIsRefusedAsByTheRealServer) {
  Send("POST", kPods, kPod);
  constexpr const char* kNotFound =
      "404 NotFound: the server could not find the requested resource";
  constexpr const char* kNotAllowed =
      "405 MethodNotAllowed: the server does not allow this method on the requested resource";
  const RequestCase cases[] = {
      {"GET", "/api/v1/nosuch", "", "", kNotFound},
      {"GET", "/api/v2/pods/x", "", "", kNotFound},
      {"GET", "/apis/batch/v1/nosuch", "", "", kNotFound},
      {"GET", "/apis/nosuch/v1/foo", "", "", "404 text/plain; charset=utf-8"},
      {"GET", "/api/v1/pods/p", "", "", kNotFound},
      {"GET", "/api/v1/namespaces/default/nodes", "", "", kNotFound},
      {"GET", "/api/v1/namespaces/default/pods/p/nosuch", "", "", kNotFound},
      {"GET", "/api/v1/namespaces/default/pods/p/status/x", "", "", kNotFound},
      {"GET", "/api/v1/namespaces/default/pods/x", "", "", "404 NotFound: pods \"x\" not found"},
      {"PUT", kPods, "", "{}", kNotAllowed},
      {"PATCH", kPods, "", "{}", kNotAllowed},
      {"FOO", kPods, "", "", kNotAllowed},
      {"POST", "/api/v1/namespaces/default/pods/p", "", "{}", kNotAllowed},
      {"POST", "/api/v1/pods", "", "{}", kNotAllowed},
      {"DELETE", "/api/v1/pods", "", "", kNotAllowed},
      {"DELETE", "/api/v1/namespaces", "", "", kNotAllowed},
      {"DELETE", "/api/v1/namespaces/default/pods/p/status", "", "", kNotAllowed},
      {"GET", "/api/v1/namespaces/default/bindings", "", "", kNotAllowed},
      {"POST", kPods, "text/plain", "{}",
       "415 UnsupportedMediaType: the body of the request was in an unknown format - accepted "
       "media types include: application/json, application/yaml, "
       "application/vnd.kubernetes.protobuf"},
      {"PATCH", "/api/v1/namespaces/default/pods/p", "application/json", "{}",
       "415 UnsupportedMediaType: 415: Unsupported Media Type"},
      {"PATCH", "/api/v1/namespaces/default/pods/p?dryRun=x", kMerge, "{}",
       "422 Invalid: PatchOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: "
       "[]string{\"x\"}: supported values: \"All\""},
      {"PATCH", "/api/v1/namespaces/default/pods/p?force=1", kMerge, "{}",
       "422 Invalid: PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be "
       "specified for non-apply patch"},
      {"PATCH", "/api/v1/namespaces/default/pods/p", kApply, "{}",
       "422 Invalid: PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is "
       "required for apply patch"},
      {"PATCH", "/api/v1/namespaces/default/pods/p", "application/json-patch+json", "{",
       "400 BadRequest: unexpected end of JSON input"},
      {"PATCH", "/api/v1/namespaces/default/pods/p", "application/strategic-merge-patch+json", "{",
       "400 BadRequest: unexpected EOF"},
      {"PATCH", "/api/v1/namespaces/default/pods/p", kMerge, "{", "500 : Invalid JSON Patch"},
      {"DELETE", "/api/v1/namespaces/default/pods/p", "", "{",
       "500 : couldn't get version/kind; json parse error: unexpected end of JSON input"},
      {"DELETE", "/api/v1/namespaces/default/pods/p", "", R"({"kind":"Pod","apiVersion":"v1"})",
       "500 : no kind \"Pod\" is registered for version \"v1\" in scheme "
       "\"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27\""},
      {"DELETE", "/api/v1/namespaces/default/pods/p?gracePeriodSeconds=x", "", "",
       "400 BadRequest: strconv.ParseInt: parsing \"x\": invalid syntax"},
      {"DELETE", "/api/v1/namespaces/default/pods/p?orphanDependents=1&propagationPolicy=Orphan",
       "", "",
       "422 Invalid: DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: "
       "\"Orphan\": orphanDependents and deletionPropagation cannot be both set"},
      {"DELETE", "/api/v1/namespaces/default/pods/p", kProtobuf, "abc",
       "500 : provided data does not appear to be a protobuf message, expected prefix [107 56 115 "
       "0]"},
      {"GET", "/api/v1/pods?limit=x", "", "",
       "400 BadRequest: strconv.ParseInt: parsing \"x\": invalid syntax"},
      {"GET", "/api/v1/pods?limit=99999999999999999999", "", "",
       "400 BadRequest: strconv.ParseInt: parsing \"99999999999999999999\": value out of range"},
      {"GET", "/api/v1/pods?watch=1&timeoutSeconds=x", "", "",
       "400 BadRequest: strconv.ParseInt: parsing \"x\": invalid syntax"},
      {"GET", "/api/v1/pods?fieldSelector=nosuch%3D1", "", "",
       "400 BadRequest: field label not supported: nosuch"},
      {"GET", "/api/v1/pods?labelSelector=a%3D%3D%3D", "", "",
       "400 BadRequest: unable to parse requirement: found '=', expected: identifier"},
      {"GET", "/api/v1/namespaces/default/pods/p?resourceVersion=x", "", "",
       "500 : resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid "
       "syntax"},
      {"GET", "/api/v1/namespaces/default/pods/%zz", "", "", "400 BadRequest: invalid path"},
  };
  for (const RequestCase& c : cases) {
    EXPECT_EQ(Short(Send(c.method, c.target, c.body, c.content_type)), c.answer)
        << c.method << " " << c.target << " " << c.body;
  }
}

TEST_F(ServerTest, BodiesThatCannotBeRead) {
  constexpr const char* kUnrecognized =
      "400 BadRequest: the object provided is unrecognized (must be of type Pod): ";
  constexpr const char* kJsonError = "couldn't get version/kind; json parse error: ";
  const std::tuple<const char*, std::string, std::string> cases[] = {
      {"", "{", std::string(kUnrecognized) + kJsonError + "unexpected end of JSON input ({)"},
      {"", "", std::string(kUnrecognized) + kJsonError + "unexpected end of JSON input (<empty>)"},
      {"", R"({"metadata":{"name":"0123456789"},})",
       std::string(kUnrecognized) + kJsonError +
           "invalid character '}' looking for beginning of object key string "
           R"(({"metadata":{"name":"012345678 ...))"},
      {"", "[]",
       std::string(kUnrecognized) + kJsonError +
           "json: cannot unmarshal array into Go value of type struct { APIVersion string "
           R"("json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" } (5b5d))"},
      {"", R"({"kind":5})",
       std::string(kUnrecognized) + kJsonError +
           R"(json: cannot unmarshal number into Go struct field .kind of type string ({"kind":5}))"},
      {"", R"({"kind":"Node","apiVersion":"v1"})",
       "400 BadRequest: Node in version \"v1\" cannot be handled as a Pod: converting (v1.Node) to "
       "(core.Pod): unknown conversion"},
      {"", R"({"kind":"Foo","apiVersion":"v1"})",
       "400 BadRequest: Foo in version \"v1\" cannot be handled as a Pod: no kind \"Foo\" is "
       "registered for version \"v1\" in scheme \"pkg/api/legacyscheme/scheme.go:30\""},
      {"", R"({"kind":"Pod","apiVersion":"v9"})",
       "400 BadRequest: Pod in version \"v9\" cannot be handled as a Pod: no kind \"Pod\" is "
       "registered for version \"v9\" in scheme \"pkg/api/legacyscheme/scheme.go:30\""},
      {"", R"({"metadata":[]})",
       "400 BadRequest: Pod in version \"v1\" cannot be handled as a Pod: v1.Pod.ObjectMeta: "
       "readObjectStart: expect { or n, but found [, error found in #10 byte of "
       R"(...|etadata":[]}|..., bigger context ...|{"metadata":[]}|...)"},
      {"", R"({"metadata":{"name":"p","namespace":"other"}})",
       "400 BadRequest: the namespace of the provided object does not match the namespace sent on "
       "the request"},
      {kProtobuf, "x",
       std::string(kUnrecognized) +
           "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] "
           "(78)"},
      {kProtobuf, std::string("k8s\0\x0a\x20", 6),
       std::string(kUnrecognized) + "unexpected EOF (6b3873000a20)"},
      {kProtobuf,
       std::string("k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x03"
                   "abc",
                   20),
       "400 BadRequest: Pod in version \"v1\" cannot be handled as a Pod: unexpected EOF"},
      {kProtobuf, std::string("k8s\0", 4), std::string(kUnrecognized) + "empty body (6b387300)"},
      {kProtobuf, "", std::string(kUnrecognized) + "empty data (<empty>)"},
  };
  for (const auto& [type, body, answer] : cases) {
    EXPECT_EQ(Short(Send("POST", kPods, body, type)), answer) << body;
  }
}

TEST_F(ServerTest, BodiesOverTheLimit) {
  options_.max_body = 1'000;
  Start(Profile::k120);
  const std::string big(1'001, ' ');
  constexpr const char* kAnswer =
      "413 RequestEntityTooLarge: Request entity too large: limit is 1000";
  EXPECT_EQ(Short(Send("POST", kPods, big)), kAnswer);
  EXPECT_EQ(Short(Send("PATCH", "/api/v1/namespaces/default/pods/p", big, kMerge)), kAnswer);
  EXPECT_EQ(Short(Send("DELETE", "/api/v1/namespaces/default/pods/p", big)), kAnswer);
}

TEST_F(ServerTest, WritesAnObject) {
  const Response made = Send("POST", kPods, kPod);
  EXPECT_EQ(Short(made), "201 Pod");
  const json::object pod = Parse(made);
  EXPECT_EQ(GetString(pod, {"metadata", "namespace"}), "default");
  const Response got = Get("/api/v1/namespaces/default/pods/p");
  EXPECT_EQ(got.body, made.body);
  EXPECT_EQ(Get("/api/v1/namespaces/default/pods/p/status").body, made.body);

  const Response patched = Send("PATCH", "/api/v1/namespaces/default/pods/p",
                                R"({"metadata":{"labels":{"x":"y"}}})", kMerge);
  EXPECT_EQ(Short(patched), "200 Pod");
  EXPECT_EQ(GetString(Parse(patched), {"metadata", "labels", "x"}), "y");

  const Response stale = Send("PUT", "/api/v1/namespaces/default/pods/p", made.body);
  EXPECT_EQ(stale.status, 409);
  const Response put = Send("PUT", "/api/v1/namespaces/default/pods/p", patched.body);
  EXPECT_EQ(Short(put), "200 Pod");
  EXPECT_EQ(Short(Send("PUT", "/api/v1/namespaces/default/pods/q", patched.body)),
            "400 BadRequest: the name of the object (p) does not match the name on the URL (q)");
  EXPECT_EQ(Short(Send("DELETE", "/api/v1/namespaces/default/pods/p",
                       R"({"gracePeriodSeconds":0,"preconditions":{"uid":"other"}})"))
                .substr(0, 12),
            "409 Conflict");
  EXPECT_EQ(Short(Send("DELETE", "/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0")),
            "200 Pod");
  EXPECT_EQ(Get("/api/v1/namespaces/default/pods/p").status, 404);
}

TEST_F(ServerTest, ADryRunLeavesNothing) {
  EXPECT_EQ(Short(Send("POST", std::string(kPods) + "?dryRun=All", kPod)), "201 Pod");
  EXPECT_EQ(Get("/api/v1/namespaces/default/pods/p").status, 404);
}

TEST_F(ServerTest, ApplyCreates) {
  const std::string target = "/api/v1/namespaces/default/configmaps/c?fieldManager=m";
  constexpr const char* kBody =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"k":"v"}})";
  EXPECT_EQ(Short(Send("PATCH", target, kBody, kApply)), "201 ConfigMap");
  EXPECT_EQ(Short(Send("PATCH", target, kBody, kApply)), "200 ConfigMap");
}

TEST_F(ServerTest, DeletionOfMostKindsAnswersWithAStatus) {
  Send("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"c"}})");
  const Response gone = Send("DELETE", "/api/v1/namespaces/default/configmaps/c");
  EXPECT_EQ(Short(gone), "200 Status");
  const json::object status = Parse(gone);
  EXPECT_EQ(GetString(status, {"status"}), "Success");
  EXPECT_EQ(GetString(status, {"details", "name"}), "c");
  EXPECT_EQ(GetString(status, {"details", "kind"}), "configmaps");
  EXPECT_FALSE(GetString(status, {"details", "uid"}).empty());
}

TEST_F(ServerTest, CascadingDeletionThatWaitsIsAccepted) {
  Send("POST", kPods, kPod);
  Send("PATCH", "/api/v1/namespaces/default/pods/p", R"({"metadata":{"finalizers":["a/b"]}})",
       kMerge);
  EXPECT_EQ(Short(Send("DELETE", "/api/v1/namespaces/default/pods/p",
                       R"({"orphanDependents":false,"gracePeriodSeconds":0})")),
            "202 Pod");
}

TEST_F(ServerTest, BindingsAndEvictions) {
  Send("POST", kPods, kPod);
  constexpr const char* kBinding =
      R"({"metadata":{"name":"p"},"target":{"kind":"Node","name":"n"}})";
  const std::string binding = std::string(kPods) + "/p/binding";
  const Response dry = Send("POST", binding + "?dryRun=All", kBinding);
  EXPECT_EQ(dry.body,
            R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success","code":201})"
            "\n");
  EXPECT_EQ(Short(Send("POST", binding, "{}")),
            "400 BadRequest: name in URL does not match name in Binding object");
  EXPECT_EQ(Short(Send("POST", binding, R"({"kind":"Pod","apiVersion":"v1"})")),
            "400 BadRequest: Pod in version \"v1\" cannot be handled as a Binding: converting "
            "(v1.Pod) to (core.Binding): unknown conversion");
  EXPECT_EQ(Short(Send("POST", binding, kBinding)), "201 Status");
  EXPECT_EQ(Send("POST", "/api/v1/namespaces/default/bindings", kBinding).status, 409);
  EXPECT_EQ(Short(Send("POST", "/api/v1/namespaces/default/bindings",
                       R"({"target":{"kind":"Node","name":"n"}})")),
            "400 BadRequest: Name parameter required.");
  EXPECT_EQ(Send("GET", binding).status, 405);
  EXPECT_EQ(GetString(Parse(Get(std::string(kPods) + "/p")), {"spec", "nodeName"}), "n");

  const std::string eviction = std::string(kPods) + "/p/eviction";
  EXPECT_EQ(Short(Send("POST", eviction, R"({"kind":"Eviction","apiVersion":"policy/v1"})")),
            "400 BadRequest: Eviction in version \"v1\" cannot be handled as a Eviction: no kind "
            "\"Eviction\" is registered for version \"policy/v1\" in scheme "
            "\"pkg/api/legacyscheme/scheme.go:30\"");
  EXPECT_EQ(Short(Send("POST", eviction + "?dryRun=All", R"({"metadata":{"name":"p"}})")),
            "201 Status");
  EXPECT_EQ(Find(Parse(Get(std::string(kPods) + "/p")), {"metadata", "deletionTimestamp"}),
            nullptr);
  EXPECT_EQ(Short(Send("POST", eviction, R"({"metadata":{"name":"p"}})")), "201 Status");
  EXPECT_NE(Find(Parse(Get(std::string(kPods) + "/p")), {"metadata", "deletionTimestamp"}),
            nullptr);
}

TEST_F(ServerTest, CurrentServersTakeEvictionsOfBothVersions) {
  Start(Profile::kCurrent);
  Send("POST", kPods, kPod);
  for (const char* version : {"policy/v1", "policy/v1beta1"}) {
    const std::string body = R"({"kind":"Eviction","apiVersion":")" + std::string(version) +
                             R"(","metadata":{"name":"p"}})";
    EXPECT_EQ(Short(Send("POST", std::string(kPods) + "/p/eviction?dryRun=All", body)),
              "201 Status");
  }
}

TEST_F(ServerTest, SimulatedPodsHaveNoLogs) {
  Send("POST", kPods, kPod);
  const Response log = Get(std::string(kPods) + "/p/log");
  EXPECT_EQ(Short(log),
            "400 BadRequest: pod p is simulated: it runs no containers and has no logs");
  EXPECT_EQ(Send("POST", std::string(kPods) + "/p/exec").status, 400);
  EXPECT_EQ(Send("GET", std::string(kPods) + "/p/proxy/x/y").status, 400);
  EXPECT_EQ(Short(Get(std::string(kPods) + "/x/log")), "404 NotFound: pods \"x\" not found");
}

TEST_F(ServerTest, TokensAreAskedFor) {
  options_.tokens = {{"t", "u", {{{"get", "list"}, {""}, {"pods"}}}}};
  Start(Profile::k120);
  EXPECT_EQ(Short(Get("/api/v1/pods")).substr(0, 13), "403 Forbidden");
  authorization_ = "Bearer x";
  EXPECT_EQ(Short(Get("/api/v1/pods")), "401 Unauthorized: Unauthorized");
  EXPECT_EQ(Short(Get("/version")), "401 Unauthorized: Unauthorized");
  authorization_ = "Bearer t";
  EXPECT_EQ(Short(Get("/api/v1/pods")), "200 PodList");
  EXPECT_EQ(Short(Send("POST", kPods, kPod)),
            "403 Forbidden: pods is forbidden: User \"u\" cannot create resource \"pods\" in API "
            "group \"\" in the namespace \"default\"");
  const Response review =
      Send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
           R"({"spec":{"resourceAttributes":{"verb":"list","resource":"pods"}}})");
  EXPECT_EQ(Short(review), "201 SelfSubjectAccessReview");
  EXPECT_TRUE(GetBool(Parse(review), {"status", "allowed"}, false));
}

}  // namespace
}  // namespace fairlead::apiserver
