// What clients ask before they ask for objects.
#include "scheduler/apiserver/discovery.h"

#include "tests/unit/apiserver/server_fixture.h"

namespace fairlead::apiserver {
namespace {

constexpr const char* kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
constexpr const char* kCrd = R"({
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.dev"},
    "spec": {"group": "example.dev", "scope": "Namespaced",
             "names": {"plural": "things", "singular": "thing", "kind": "Thing",
                       "listKind": "ThingList", "shortNames": ["th"]},
             "versions": [{"name": "v1", "served": true, "storage": true,
                           "schema": {"openAPIV3Schema": {"type": "object",
                             "x-kubernetes-preserve-unknown-fields": true}}}]}})";

class DiscoveryTest : public ServerFixture {
 protected:
  // The entry of a list that has this name; empty if there is none.
  static json::object Entry(const json::object& list, std::string_view array, std::string_view key,
                            std::string_view name) {
    const json::array* entries = FindArray(list, {array});
    if (entries == nullptr) return {};
    for (const json::value& entry : *entries) {
      const json::object* object = entry.if_object();
      if (object != nullptr && GetString(*object, {key}) == name) return *object;
    }
    return {};
  }
  static std::string Text(const json::object& object, std::string_view key) {
    const json::value* value = Find(object, {key});
    return value == nullptr ? "-" : json::serialize(*value);
  }
};

TEST_F(DiscoveryTest, Version) {
  const json::object old = Parse(Get("/version"));
  EXPECT_EQ(GetString(old, {"major"}), "1");
  EXPECT_EQ(GetString(old, {"minor"}), "20");
  EXPECT_EQ(GetString(old, {"gitVersion"}).substr(0, 7), "v1.20.2");
  Start(Profile::kCurrent);
  EXPECT_EQ(GetString(Parse(Get("/version")), {"minor"}), "34");
}

TEST_F(DiscoveryTest, Pages) {
  struct Case {
    const char* method;
    const char* path;
    int status;
    const char* body;  // its beginning
  };
  const Case cases[] = {
      {"GET", "/healthz", 200, "ok"},
      {"GET", "/livez", 200, "ok"},
      {"GET", "/readyz", 200, "ok"},
      {"POST", "/healthz", 200, "ok"},
      {"GET", "/metrics", 404, "404 page not found\n"},
      {"GET", "/", 200, "{\"paths\":["},
      {"GET", "/nosuch", 404, "{\"paths\":["},
      {"GET", "/api", 200, "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]"},
      {"GET", "/api/", 200, "{\"kind\":\"APIVersions\""},
      {"GET", "/apis/", 200, "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\""},
      {"GET", "/apis/nosuch", 404, "404 page not found\n"},
      {"GET", "/apis/nosuch/v1", 404, "404 page not found\n"},
      {"GET", "/apis/batch/v9", 404, "{\"kind\":\"Status\""},
      {"GET", "/api/v2", 404, "{\"kind\":\"Status\""},
      {"GET", "/openapi/v3", 404, "{\"paths\":["},
      {"POST", "/api", 405, "{\"kind\":\"Status\""},
      {"DELETE", "/version", 405, "{\"kind\":\"Status\""},
  };
  for (const Case& c : cases) {
    const Response response = Send(c.method, c.path);
    EXPECT_EQ(response.status, c.status) << c.path;
    EXPECT_EQ(response.body.substr(0, std::string_view(c.body).size()), c.body) << c.path;
  }
}

TEST_F(DiscoveryTest, ResourcesOfTheCoreGroup) {
  const json::object list = Parse(Get("/api/v1"));
  EXPECT_EQ(GetString(list, {"groupVersion"}), "v1");
  EXPECT_EQ(Find(list, {"apiVersion"}), nullptr);
  const json::object pods = Entry(list, "resources", "name", "pods");
  EXPECT_EQ(Text(pods, "verbs"),
            R"(["create","delete","deletecollection","get","list","patch","update","watch"])");
  EXPECT_EQ(Text(pods, "shortNames"), R"(["po"])");
  EXPECT_EQ(Text(pods, "categories"), R"(["all"])");
  EXPECT_EQ(Text(pods, "namespaced"), "true");
  EXPECT_EQ(Text(pods, "singularName"), R"("")");
  const json::object binding = Entry(list, "resources", "name", "pods/binding");
  EXPECT_EQ(Text(binding, "kind"), R"("Binding")");
  EXPECT_EQ(Text(binding, "verbs"), R"(["create"])");
  const json::object eviction = Entry(list, "resources", "name", "pods/eviction");
  EXPECT_EQ(Text(eviction, "kind"), R"("Eviction")");
  EXPECT_EQ(Text(eviction, "group"), R"("policy")");
  EXPECT_EQ(Text(eviction, "version"), R"("v1beta1")");
  const json::object namespaces = Entry(list, "resources", "name", "namespaces");
  EXPECT_EQ(Text(namespaces, "verbs"),
            R"(["create","delete","get","list","patch","update","watch"])");
  EXPECT_EQ(Text(Entry(list, "resources", "name", "bindings"), "verbs"), R"(["create"])");
  EXPECT_EQ(Text(Entry(list, "resources", "name", "pods/status"), "verbs"),
            R"(["get","patch","update"])");
}

TEST_F(DiscoveryTest, CurrentServersNameTheirSingulars) {
  Start(Profile::kCurrent);
  const json::object list = Parse(Get("/api/v1"));
  EXPECT_EQ(Text(Entry(list, "resources", "name", "pods"), "singularName"), R"("pod")");
  EXPECT_EQ(Text(Entry(list, "resources", "name", "pods/eviction"), "version"), R"("v1")");
}

TEST_F(DiscoveryTest, Groups) {
  const json::object groups = Parse(Get("/apis"));
  const json::object batch = Entry(groups, "groups", "name", "batch");
  EXPECT_EQ(GetString(batch, {"preferredVersion", "groupVersion"}), "batch/v1");
  EXPECT_EQ(Find(batch, {"kind"}), nullptr);
  const json::object one = Parse(Get("/apis/batch"));
  EXPECT_EQ(GetString(one, {"kind"}), "APIGroup");
  EXPECT_EQ(GetString(one, {"name"}), "batch");
  const json::object list = Parse(Get("/apis/batch/v1"));
  EXPECT_EQ(GetString(list, {"groupVersion"}), "batch/v1");
  EXPECT_FALSE(Entry(list, "resources", "name", "jobs/status").empty());
  EXPECT_FALSE(Entry(groups, "groups", "name", "authorization.k8s.io").empty());
}

TEST_F(DiscoveryTest, CustomResourcesAppear) {
  const Response made =
      Send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", kCrd);
  ASSERT_EQ(made.status, 201) << made.body;
  const json::object list = Parse(Get("/apis/example.dev/v1"));
  const json::object things = Entry(list, "resources", "name", "things");
  EXPECT_EQ(Text(things, "kind"), R"("Thing")");
  EXPECT_EQ(Text(things, "verbs"),
            R"(["delete","deletecollection","get","list","patch","create","update","watch"])");
  EXPECT_EQ(Get("/apis/example.dev/v9").body, "404 page not found\n");
}

TEST_F(DiscoveryTest, AllAtOnce) {
  EXPECT_EQ(GetString(Parse(Get("/apis", kAggregated)), {"kind"}), "APIGroupList")
      << "1.20 does not know it";
  Start(Profile::kCurrent);
  const Response response = Get("/api", kAggregated);
  EXPECT_EQ(response.content_type,
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  const json::object core = Parse(response);
  EXPECT_EQ(GetString(core, {"kind"}), "APIGroupDiscoveryList");
  const json::array* items = FindArray(core, {"items"});
  ASSERT_TRUE(items != nullptr && items->size() == 1);
  const json::object& group = (*items)[0].get_object();
  const json::array* versions = FindArray(group, {"versions"});
  ASSERT_TRUE(versions != nullptr && versions->size() == 1);
  const json::object pods = Entry((*versions)[0].get_object(), "resources", "resource", "pods");
  EXPECT_EQ(Text(pods, "scope"), R"("Namespaced")");
  EXPECT_EQ(Text(pods, "singularResource"), R"("pod")");
  EXPECT_EQ(GetString(pods, {"responseKind", "kind"}), "Pod");
  const json::object eviction = Entry(pods, "subresources", "subresource", "eviction");
  EXPECT_EQ(GetString(eviction, {"responseKind", "group"}), "policy");
  const json::object groups = Parse(Get("/apis", kAggregated));
  EXPECT_GT(FindArray(groups, {"items"})->size(), 3U);
}

TEST_F(DiscoveryTest, OpenApi) {
  const json::object document = Parse(Get("/openapi/v2"));
  EXPECT_EQ(GetString(document, {"swagger"}), "2.0");
  EXPECT_NE(FindObject(document, {"paths", "/api/v1/namespaces/{namespace}/pods/{name}", "patch"}),
            nullptr);
  constexpr const char* kType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
  const Response proto = Get("/openapi/v2", kType);
  EXPECT_EQ(proto.content_type, "application/octet-stream");
  EXPECT_EQ(proto.body.substr(0, 5), std::string("\x0a\x03") + "2.0");
  Start(Profile::kCurrent);
  EXPECT_EQ(Get("/openapi/v3").body, "{\"paths\":{}}\n");
}

}  // namespace
}  // namespace fairlead::apiserver
