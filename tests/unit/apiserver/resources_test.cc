#include "scheduler/apiserver/resources.h"

#include <algorithm>

#include "tests/unit/apiserver/admission_world.h"

namespace fairlead::apiserver {
namespace {

using ::testing::ElementsAre;

TEST(Resources, BudgetsAreServedInTheVersionOfTheProfile) {
  const Resources old(Profile::k120);
  const Resources current(Profile::kCurrent);
  EXPECT_NE(old.Find("policy", "v1beta1", "poddisruptionbudgets"), nullptr);
  EXPECT_EQ(old.Find("policy", "v1", "poddisruptionbudgets"), nullptr);
  EXPECT_EQ(current.Find("policy", "v1beta1", "poddisruptionbudgets"), nullptr);
  EXPECT_NE(current.Find("policy", "v1", "poddisruptionbudgets"), nullptr);
}

TEST(Resources, PodsAreDescribed) {
  const Resources resources(Profile::k120);
  const Resource* pods = resources.Find("", "v1", "pods");
  ASSERT_NE(pods, nullptr);
  EXPECT_EQ(pods->kind, "Pod");
  EXPECT_EQ(pods->storage, "pods");
  EXPECT_EQ(pods->ApiVersion(), "v1");
  EXPECT_EQ(pods->Qualified(), "pods");
  EXPECT_THAT(pods->short_names, ElementsAre("po"));
  EXPECT_THAT(pods->categories, ElementsAre("all"));
  EXPECT_TRUE(pods->namespaced);
  for (const char* name : {"status", "binding", "eviction", "log"}) EXPECT_TRUE(pods->Has(name));
  EXPECT_FALSE(pods->Has("scale"));
  EXPECT_NE(pods->schema, nullptr);
  EXPECT_EQ(resources.FindKind("", "v1", "Pod"), pods);
  EXPECT_EQ(resources.Stored("pods"), pods);
  EXPECT_EQ(resources.Find("", "v1", "podtemplates"), nullptr);
}

TEST(Resources, EveryBuiltInKindHasASchema) {
  for (const Profile profile : {Profile::k120, Profile::kCurrent}) {
    const Resources resources(profile);
    for (const Resource* resource : resources.all()) {
      const bool is_crd = resource->plural == "customresourcedefinitions";
      EXPECT_TRUE(resource->schema != nullptr || is_crd) << resource->storage;
    }
  }
}

constexpr const char* kCrd = R"({"metadata":{"name":"foos.ex.io"},"spec":{"group":"ex.io",
  "scope":"Cluster","names":{"plural":"foos","singular":"foo","kind":"Foo","shortNames":["fo"]},
  "versions":[{"name":"v1","served":true,"storage":false},
              {"name":"v2","served":true,"storage":true,"subresources":{"status":{}}},
              {"name":"v3","served":false,"storage":false}]}})";

TEST(Resources, ADefinitionServesItsVersions) {
  Resources resources(Profile::k120);
  const std::size_t before = resources.all().size();
  resources.AddCrd(Parsed(kCrd));
  const Resource* first = resources.Find("ex.io", "v1", "foos");
  const Resource* second = resources.FindKind("ex.io", "v2", "Foo");
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(resources.Find("ex.io", "v3", "foos"), nullptr);
  EXPECT_EQ(resources.Stored("foos.ex.io"), second);
  EXPECT_TRUE(first->custom);
  EXPECT_FALSE(first->namespaced);
  EXPECT_FALSE(first->Has("status"));
  EXPECT_TRUE(second->Has("status"));
  EXPECT_EQ(second->ApiVersion(), "ex.io/v2");
  EXPECT_EQ(second->Qualified(), "foos.ex.io");
  EXPECT_EQ(GetString(second->crd_version, {"name"}), "v2");
  EXPECT_THAT(second->short_names, ElementsAre("fo"));
  // Added again it replaces itself.
  resources.AddCrd(Parsed(kCrd));
  EXPECT_EQ(resources.all().size(), before + 2);
  resources.RemoveCrd("foos.ex.io");
  EXPECT_EQ(resources.all().size(), before);
}

TEST(Resources, CustomOnesComeLastAndByName) {
  Resources resources(Profile::k120);
  for (const char* plural : {"zoos", "ants", "foos"}) {
    json::object crd = Parsed(kCrd);
    At(&crd, {"spec", "names", "plural"}) = plural;
    resources.AddCrd(crd);
  }
  std::vector<std::string> custom;
  for (const Resource* resource : resources.all()) {
    if (resource->custom) custom.push_back(resource->plural + "/" + resource->version);
    EXPECT_TRUE(resource->custom || custom.empty());
  }
  EXPECT_THAT(custom,
              ElementsAre("ants/v1", "ants/v2", "foos/v1", "foos/v2", "zoos/v1", "zoos/v2"));
}

}  // namespace
}  // namespace fairlead::apiserver
