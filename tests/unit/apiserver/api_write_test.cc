// Create, update and patch: which name and version the body may have, what is kept, what no-op
// writes do, and what a dry run leaves alone. The words of the errors are those of Kubernetes 1.20.
#include "tests/unit/apiserver/api_fixture.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kModified =
    "the object has been modified; please apply your changes to the latest version and try again";

class ApiWrite : public ApiFixture {
 protected:
  const Resource& Maps() const { return Of("configmaps"); }
  Answer<VersionPtr> Put(const std::string& name, json::object object) {
    return api_->Update(Maps(), {"default", name}, "", std::move(object));
  }
  Answer<VersionPtr> Merge(const std::string& name, std::string_view patch) {
    Api::PatchRequest request;
    request.kind = PatchKind::kMerge;
    request.body = Parse(patch);
    return api_->Patch(Maps(), {"default", name}, "", request);
  }
};

TEST_F(ApiWrite, ANewServerHasWhatAClusterHas) {
  std::vector<std::string> names;
  for (const auto& [key, version] : api_->store().table("namespaces")) names.push_back(key.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"default", "kube-node-lease", "kube-public", "kube-system"}));
  const auto found =
      api_->Get(Of("priorityclasses.scheduling.k8s.io"), {"", "system-node-critical"});
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(GetInt((*found)->object, {"value"}, 0), 2'000'001'000);
}

TEST_F(ApiWrite, CreateFillsInWhatTheServerSets) {
  const VersionPtr made =
      Make("configmaps", ConfigMap("a", "1", R"(,"uid":"x","selfLink":"y","resourceVersion":"xx",
        "creationTimestamp":"2001-01-01T00:00:00Z","deletionTimestamp":"2001-01-01T00:00:00Z",
        "deletionGracePeriodSeconds":5,"managedFields":[{"manager":"m"}])"));
  const json::object& meta = made->object.at("metadata").as_object();
  EXPECT_EQ(GetString(meta, {"namespace"}), "default");
  EXPECT_EQ(GetString(meta, {"creationTimestamp"}), "2026-01-01T00:00:00Z");
  const std::string uid(GetString(meta, {"uid"}));
  ASSERT_EQ(uid.size(), 36U);
  EXPECT_EQ(uid[14], '4');
  EXPECT_NE(std::string("89ab").find(uid[19]), std::string::npos);
  for (const char* gone :
       {"selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"}) {
    EXPECT_EQ(meta.if_contains(gone), nullptr) << gone;
  }
  EXPECT_EQ(GetString(meta, {"resourceVersion"}), std::to_string(made->revision));
}

TEST_F(ApiWrite, TheSameSeedGivesTheSameNames) {
  json::object object = Parse(R"({"metadata":{"generateName":"gg-"}})");
  const VersionPtr first = Make("configmaps", object);
  const std::string name(GetString(first->object, {"metadata", "name"}));
  ASSERT_EQ(name.size(), 8U);
  EXPECT_EQ(name.find_first_not_of("bcdfghjklmnpqrstvwxz2456789", 3), std::string::npos) << name;
  Start(Profile::k120, 1000);
  EXPECT_EQ(GetString(Make("configmaps", object)->object, {"metadata", "name"}), name);
  // The base is cut so that the name has 63 characters.
  const json::object long_base =
      Parse(fmt::format(R"({{"metadata":{{"generateName":"{}"}}}})", std::string(100, 'g')));
  EXPECT_EQ(GetString(Make("configmaps", long_base)->object, {"metadata", "name"}).size(), 63U);
}

TEST_F(ApiWrite, CreateRefuses) {
  Make("configmaps", ConfigMap("a"));
  Make("configmaps", ConfigMap("dying", "1", R"(,"finalizers":["x.io/y"])"));
  ASSERT_TRUE(api_->Delete(Maps(), {"default", "dying"}).ok());
  const struct {
    json::object object;
    std::string ns, outcome;
  } kCases[] = {
      {ConfigMap("a"), "default", "409 AlreadyExists: configmaps \"a\" already exists"},
      {ConfigMap("dying"), "default",
       "409 AlreadyExists: object is being deleted: configmaps \"dying\" already exists"},
      {ConfigMap("b", "1", R"(,"resourceVersion":"5")"), "default",
       "500 : resourceVersion should not be set on objects to be created"},
      {ConfigMap("b", "1", R"(,"resourceVersion":"0")"), "default", "ok"},
      {ConfigMap("c", "1", R"(,"namespace":"x")"), "default",
       "400 BadRequest: the namespace of the provided object does not match the namespace sent on "
       "the request"},
      {ConfigMap("c"), "nope", "404 NotFound: namespaces \"nope\" not found"},
      {Parse(R"({"data":{}})"), "default",
       "422 Invalid: ConfigMap \"\" is invalid: metadata.name: Required value: name or "
       "generateName is required"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(Outcome(api_->Create(Maps(), test.ns, test.object)), test.outcome);
  }
}

TEST_F(ApiWrite, UpdateChecksNameVersionAndUid) {
  const VersionPtr made = Make("configmaps", ConfigMap("a"));
  const std::string uid(GetString(made->object, {"metadata", "uid"}));
  const std::string conflict = "409 Conflict: Operation cannot be fulfilled on configmaps \"a\": ";
  const std::string key =
      "StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/a, "
      "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: zzz, "
      "UID in object meta: ";
  const struct {
    std::string name;
    json::object object;
    std::string outcome;
  } kCases[] = {
      {"a", ConfigMap("a", "2", R"(,"resourceVersion":"1")"), conflict + std::string(kModified)},
      {"a", ConfigMap("a", "2", R"(,"resourceVersion":"q")"),
       "500 : strconv.ParseUint: parsing \"q\": invalid syntax"},
      {"a", ConfigMap("a", "2", R"(,"uid":"zzz","resourceVersion":"1")"), conflict + key + uid},
      {"a", ConfigMap("b"),
       "400 BadRequest: the name of the object (b) does not match the name on the URL (a)"},
      {"a", Parse(R"({"data":{}})"),
       "400 BadRequest: the name of the object (a based on URL) was undeterminable: name must be "
       "provided"},
      {"a", ConfigMap("a", "2", R"(,"namespace":"zz")"),
       "400 BadRequest: the namespace of the object (zz) does not match the namespace on the "
       "request (default)"},
      {"mm", ConfigMap("mm", "2", R"(,"resourceVersion":"3")"),
       "404 NotFound: configmaps \"mm\" not found"},
      {"a",
       ConfigMap("a", "2",
                 R"(,"deletionTimestamp":"2031-01-01T00:00:00Z","deletionGracePeriodSeconds":4)"),
       "422 Invalid: ConfigMap \"a\" is invalid: [metadata.deletionTimestamp: Invalid value: "
       "2031-01-01 00:00:00 +0000 UTC: field is immutable, metadata.deletionGracePeriodSeconds: "
       "Invalid value: 4: field is immutable]"},
      {"a", ConfigMap("a", "2", R"(,"resourceVersion":"0")"), "ok"},
      {"a", ConfigMap("a", "3"), "ok"},
  };
  for (const auto& test : kCases) EXPECT_EQ(Outcome(Put(test.name, test.object)), test.outcome);
  EXPECT_EQ(Text("configmaps", "a", {"data", "a"}), "3");
  EXPECT_EQ(Text("configmaps", "a", {"metadata", "uid"}), uid);
}

TEST_F(ApiWrite, WhatClientsCannotChangeComesBack) {
  const VersionPtr made = Make("configmaps", ConfigMap("a"));
  ASSERT_TRUE(Put("a", ConfigMap("a", "2", R"(,"generation":9,"selfLink":"q","managedFields":[{}],
                                 "creationTimestamp":"2001-01-01T00:00:00Z")"))
                  .ok());
  json::object now = (*api_->Get(Maps(), {"default", "a"}))->object;
  json::object before = made->object;
  At(&before, {"data", "a"}) = "2";
  EXPECT_NE(now.at("metadata"), before.at("metadata"));
  Erase(&now, {"metadata", "resourceVersion"});
  Erase(&before, {"metadata", "resourceVersion"});
  EXPECT_EQ(now, before);
}

TEST_F(ApiWrite, ANoOpKeepsTheRevision) {
  const VersionPtr made = Make("configmaps", ConfigMap("a"));
  EXPECT_EQ(*Put("a", ConfigMap("a")), made);
  EXPECT_EQ(*Merge("a", R"({"data":{"a":"1"}})"), made);
  EXPECT_EQ(api_->store().revision(), made->revision);
  EXPECT_EQ((*Merge("a", R"({"data":{"a":"2"}})"))->revision, made->revision + 1);
}

TEST_F(ApiWrite, SomeKindsAreCreatedByUpdateAndSomeWantAVersion) {
  const Resource& leases = Of("leases.coordination.k8s.io");
  const auto put = [&](std::string_view metadata, std::string_view holder, bool* created) {
    return api_->Update(
        leases, {"default", "l"}, "",
        Parse(fmt::format(R"({{"metadata":{{"name":"l"{}}},"spec":{{"holderIdentity":"{}"}}}})",
                          metadata, holder)),
        {}, created);
  };
  bool created = false;
  EXPECT_EQ(Outcome(put(R"(,"uid":"zz")", "x", &created)),
            "409 Conflict: Operation cannot be fulfilled on leases.coordination.k8s.io \"l\": "
            "StorageError: invalid object, Code: 4, Key: /registry/leases/default/l, "
            "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: zz, "
            "UID in object meta: ");
  EXPECT_EQ(Outcome(put(R"(,"resourceVersion":"4")", "x", &created)), "ok");
  EXPECT_TRUE(created);
  EXPECT_EQ(Outcome(put("", "y", &created)),
            "422 Invalid: leases.coordination.k8s.io \"l\" is invalid: metadata.resourceVersion: "
            "Invalid value: 0x0: must be specified for an update");
  EXPECT_FALSE(created);
}

TEST_F(ApiWrite, PatchFollowsTheRulesOfUpdate) {
  const VersionPtr made = Make("configmaps", ConfigMap("b"));
  const struct {
    std::string_view patch, outcome;
  } kCases[] = {
      {R"({"metadata":{"resourceVersion":"1"}})",
       "409 Conflict: Operation cannot be fulfilled on configmaps \"b\": the object has been "
       "modified; please apply your changes to the latest version and try again"},
      {R"({"metadata":{"uid":"1"}})",
       "422 Invalid: ConfigMap \"b\" is invalid: metadata.uid: Invalid value: \"1\": field is "
       "immutable"},
      {R"({"metadata":{"name":"zz"}})",
       "400 BadRequest: the name of the object (zz) does not match the name on the URL (b)"},
      {R"({"metadata":{"name":null}})",
       "400 BadRequest: the name of the object (b based on URL) was undeterminable: name must be "
       "provided"},
      {R"({"metadata":{"namespace":"zz"}})",
       "400 BadRequest: the namespace of the object (zz) does not match the namespace on the "
       "request (default)"},
      {R"({"metadata":{"uid":null,"namespace":null,"creationTimestamp":null,"generation":5}})",
       "ok"},
  };
  for (const auto& test : kCases) EXPECT_EQ(Outcome(Merge("b", test.patch)), test.outcome);
  EXPECT_EQ(*api_->Get(Maps(), {"default", "b"}), made);
  EXPECT_EQ(Outcome(Merge("nope", "{}")), "404 NotFound: configmaps \"nope\" not found");
  const auto kind = Merge("b", R"({"apiVersion":"v9"})");
  ASSERT_FALSE(kind.ok());
  EXPECT_EQ(kind.error().code, 422);
  EXPECT_EQ(kind.error().message.find(" \"\" is invalid: patch: Invalid value: \"{"), 0U);
}

TEST_F(ApiWrite, ApplyMayCreate) {
  Api::PatchRequest request;
  request.kind = PatchKind::kApply;
  request.body = ConfigMap("ap", "1", R"(,"resourceVersion":"1")");
  WriteOptions options;
  options.field_manager = "m";
  bool created = false;
  const auto apply = [&](const std::string& name) {
    return api_->Patch(Maps(), {"default", name}, "", request, options, &created);
  };
  EXPECT_EQ(Outcome(apply("zz")),
            "400 BadRequest: the name of the object (ap) does not match the name on the URL (zz)");
  EXPECT_EQ(Outcome(apply("ap")), "ok");
  EXPECT_TRUE(created);
  EXPECT_EQ(Outcome(apply("ap")),
            "409 Conflict: Operation cannot be fulfilled on configmaps "
            "\"ap\": " +
                std::string(kModified));
  request.body = ConfigMap("ap2", "1", R"(,"uid":"zz")");
  EXPECT_EQ(Outcome(apply("ap2")),
            "409 Conflict: Operation cannot be fulfilled on configmaps \"ap2\": uid mismatch: the "
            "provided object specified uid zz, and no existing object was found");
  EXPECT_FALSE(created);
  request.body = ConfigMap("p");
  EXPECT_EQ(Outcome(api_->Patch(Of("pods"), {"default", "p"}, "status", request, options)),
            "404 NotFound: pods \"p\" not found");
}

TEST_F(ApiWrite, ADryRunStoresNothing) {
  const VersionPtr made = Make("configmaps", ConfigMap("a"));
  WriteOptions dry;
  dry.dry_run = true;
  const auto created = api_->Create(Maps(), "default", ConfigMap("b"), dry);
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(Find((*created)->object, {"metadata", "resourceVersion"}), nullptr);
  EXPECT_EQ(Outcome(api_->Create(Maps(), "default", ConfigMap("a"), dry)),
            "409 AlreadyExists: configmaps \"a\" already exists");
  const auto updated = api_->Update(Maps(), {"default", "a"}, "", ConfigMap("a", "2"), dry);
  ASSERT_TRUE(updated.ok());
  EXPECT_EQ(GetString((*updated)->object, {"data", "a"}), "2");
  EXPECT_EQ(GetString((*updated)->object, {"metadata", "resourceVersion"}),
            std::to_string(made->revision));
  EXPECT_EQ(api_->store().revision(), made->revision);
  EXPECT_FALSE(Exists("configmaps", "b"));
}

TEST_F(ApiWrite, CustomKindsFollowTheirDefinition) {
  Make("customresourcedefinitions.apiextensions.k8s.io", Parse(R"({
    "apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
    "metadata":{"name":"foos.x.io"},
    "spec":{"group":"x.io","scope":"Namespaced",
      "names":{"plural":"foos","singular":"foo","kind":"Foo","listKind":"FooList"},
      "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
        "schema":{"openAPIV3Schema":{"type":"object",
          "x-kubernetes-preserve-unknown-fields":true}}}]}})"));
  const auto foo = [](std::string_view metadata) {
    return Parse(fmt::format(R"({{"apiVersion":"x.io/v1","kind":"Foo","metadata":{{"name":"f"{}}},
                             "spec":{{"a":2}},"status":{{"b":1}}}})",
                             metadata));
  };
  const VersionPtr made = Make("foos.x.io", foo(""));
  EXPECT_EQ(made->object.if_contains("status"), nullptr);
  EXPECT_EQ(GetInt(made->object, {"metadata", "generation"}, 0), 1);
  const Resource& foos = Of("foos.x.io");
  EXPECT_EQ(Outcome(api_->Update(foos, {"default", "f"}, "", foo(""))),
            "422 Invalid: foos.x.io \"f\" is invalid: metadata.resourceVersion: Invalid value: "
            "0x0: must be specified for an update");
  const std::string version = fmt::format(R"(,"resourceVersion":"{}")", made->revision);
  const auto status = api_->Update(foos, {"default", "f"}, "status", foo(version));
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(GetInt((*status)->object, {"status", "b"}, 0), 1);
  EXPECT_EQ(GetInt((*status)->object, {"metadata", "generation"}, 0), 1);
  ASSERT_TRUE(
      api_->Delete(Of("customresourcedefinitions.apiextensions.k8s.io"), {"", "foos.x.io"}).ok());
  EXPECT_TRUE(api_->store().table("foos.x.io").empty());
  EXPECT_EQ(api_->resources().Stored("foos.x.io"), nullptr);
}

}  // namespace
}  // namespace fairlead::apiserver
