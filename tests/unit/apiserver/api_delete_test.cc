// Deletes: preconditions, grace periods of pods, finalizers, propagation, namespaces, collections.
// Expectations were taken from a Kubernetes 1.20 server.
#include "tests/unit/apiserver/api_fixture.h"

namespace fairlead::apiserver {
namespace {

class ApiDelete : public ApiFixture {
 protected:
  Answer<DeleteResult> Delete(std::string_view storage, const std::string& name,
                              DeleteOptions options = {}) {
    return api_->Delete(Of(storage), {"default", name}, options);
  }
  static DeleteOptions Grace(std::int64_t seconds) {
    DeleteOptions options;
    options.grace_period_s = seconds;
    return options;
  }
  static DeleteOptions Propagate(std::string propagation) {
    DeleteOptions options;
    options.propagation = std::move(propagation);
    return options;
  }
  Answer<VersionPtr> Merge(std::string_view storage, const std::string& name,
                           std::string_view patch) {
    Api::PatchRequest request;
    request.kind = PatchKind::kMerge;
    request.body = Parse(patch);
    return api_->Patch(Of(storage), {"default", name}, "", request);
  }
  std::string Deletion(const std::string& pod) const {
    return Text("pods", pod, {"metadata", "deletionTimestamp"});
  }
  std::string Finalizers(std::string_view storage, const std::string& name) const {
    const auto found = api_->Get(Of(storage), {"default", name});
    if (!found) return "(not found)";
    const json::array* list = FindArray((*found)->object, {"metadata", "finalizers"});
    return list == nullptr ? "" : json::serialize(*list);
  }
  static json::object Job() {
    return Parse(R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},
      "spec":{"template":{"spec":{"restartPolicy":"Never",
        "containers":[{"name":"c","image":"i"}]}}}})");
  }
};

TEST_F(ApiDelete, PreconditionsNameTheKind) {
  const VersionPtr made = Make("pods", Pod("c"));
  const std::string uid(GetString(made->object, {"metadata", "uid"}));
  const std::string conflict = "409 Conflict: Operation cannot be fulfilled on Pod \"c\": the ";
  DeleteOptions options;
  options.uid = "zz";
  EXPECT_EQ(Outcome(Delete("pods", "c", options)),
            conflict + "UID in the precondition (zz) does not match the UID in record (" + uid +
                "). The object might have been deleted and then recreated");
  options = {};
  options.resource_version = "1";
  EXPECT_EQ(Outcome(Delete("pods", "c", options)),
            conflict + fmt::format("ResourceVersion in the precondition (1) does not match the "
                                   "ResourceVersion in record ({}). The object might have been "
                                   "modified",
                                   made->revision));
  EXPECT_EQ(Outcome(Delete("pods", "c", Propagate("x"))),
            "422 Invalid: DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: "
            "Unsupported value: \"x\": supported values: \"Foreground\", \"Background\", "
            "\"Orphan\", \"nil\"");
  options.uid = uid;
  options.resource_version = std::to_string(made->revision);
  EXPECT_EQ(Outcome(Delete("pods", "c", options)), "ok");
  EXPECT_EQ(Outcome(Delete("pods", "c")), "404 NotFound: pods \"c\" not found");
}

TEST_F(ApiDelete, AnUnboundPodIsMarkedAndGone) {
  const VersionPtr made = Make("pods", Pod("a"));
  const auto result = Delete("pods", "a");
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->gone);
  // Marked with one revision, removed with the next; the answer is the marked state.
  EXPECT_EQ(result->object->revision, made->revision + 1);
  EXPECT_EQ(GetInt(result->object->object, {"metadata", "deletionGracePeriodSeconds"}, -1), 0);
  EXPECT_EQ(api_->store().revision(), made->revision + 2);
  EXPECT_EQ(api_->store().changes().back().type, ChangeType::kDeleted);
}

TEST_F(ApiDelete, ABoundPodGetsItsGraceAndAShorterOneLater) {
  Make("pods", Pod("b", "n"));
  clock_.now = clock_.now + Duration::Seconds(10);
  const auto result = Delete("pods", "b");
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->gone);
  EXPECT_EQ(Deletion("b"), "2026-01-01T00:00:40Z");
  const std::uint64_t revision = api_->store().revision();
  clock_.now = clock_.now + Duration::Seconds(7);
  ASSERT_TRUE(Delete("pods", "b").ok());
  ASSERT_TRUE(Delete("pods", "b", Grace(100)).ok());
  EXPECT_EQ(api_->store().revision(), revision);
  // Counted from when the deletion was asked for first.
  ASSERT_TRUE(Delete("pods", "b", Grace(5)).ok());
  EXPECT_EQ(Deletion("b"), "2026-01-01T00:00:15Z");
  // An update cannot change that, whatever it says.
  EXPECT_EQ(Outcome(Merge("pods", "b", R"({"metadata":{"deletionTimestamp":null}})")), "ok");
  EXPECT_EQ(Deletion("b"), "2026-01-01T00:00:15Z");
  const auto last = Delete("pods", "b", Grace(0));
  ASSERT_TRUE(last.ok());
  EXPECT_TRUE(last->gone);
  EXPECT_FALSE(Exists("pods", "b"));
}

TEST_F(ApiDelete, AFinishedPodIsGoneAtOnce) {
  Make("pods", Pod("f", "n"));
  json::object done = Pod("f", "n");
  At(&done, {"status", "phase"}) = "Succeeded";
  ASSERT_TRUE(api_->Update(Of("pods"), {"default", "f"}, "status", done).ok());
  const auto result = Delete("pods", "f");
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->gone);
}

TEST_F(ApiDelete, FinalizersHoldAnObjectUntilTheLastIsRemoved) {
  Make("configmaps", ConfigMap("a", "1", R"(,"finalizers":["x.io/y","x.io/z"])"));
  const auto first = Delete("configmaps", "a");
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(first->gone);
  EXPECT_EQ(Text("configmaps", "a", {"metadata", "deletionTimestamp"}), "2026-01-01T00:00:00Z");
  const std::uint64_t revision = api_->store().revision();
  clock_.now = clock_.now + Duration::Seconds(5);
  ASSERT_TRUE(Delete("configmaps", "a").ok());
  EXPECT_EQ(api_->store().revision(), revision);

  EXPECT_EQ(Outcome(Merge("configmaps", "a", R"({"metadata":{"finalizers":["q.io/q","x.io/y"]}})")),
            "422 Invalid: ConfigMap \"a\" is invalid: metadata.finalizers: Forbidden: no new "
            "finalizers can be added if the object is being deleted, found new finalizers "
            "[]string{\"q.io/q\"}");
  ASSERT_TRUE(Merge("configmaps", "a", R"({"metadata":{"finalizers":["x.io/z"]}})").ok());
  EXPECT_TRUE(Exists("configmaps", "a"));
  const auto last =
      Merge("configmaps", "a", R"({"metadata":{"finalizers":null},"data":{"n":"m"}})");
  ASSERT_TRUE(last.ok());
  EXPECT_EQ((*last)->revision, revision + 1);  // as before, nothing was stored
  EXPECT_FALSE(Exists("configmaps", "a"));
  // Watchers see what was stored last, not what the final update brought.
  const Change& change = api_->store().changes().back();
  EXPECT_EQ(change.type, ChangeType::kDeleted);
  EXPECT_EQ(GetString(change.now->object, {"data", "n"}), "");
}

TEST_F(ApiDelete, APodWithGraceOutlivesItsFinalizers) {
  Make("pods", Pod("e", "n", R"(,"finalizers":["x.io/y"])"));
  ASSERT_TRUE(Delete("pods", "e").ok());
  ASSERT_TRUE(Merge("pods", "e", R"({"metadata":{"finalizers":null}})").ok());
  EXPECT_TRUE(Exists("pods", "e"));
  EXPECT_TRUE(Delete("pods", "e", Grace(0))->gone);
  // With grace 0 it waits for the finalizer alone.
  Make("pods", Pod("g", "n", R"(,"finalizers":["x.io/y"])"));
  EXPECT_FALSE(Delete("pods", "g", Grace(0))->gone);
  ASSERT_TRUE(Merge("pods", "g", R"({"metadata":{"finalizers":null}})").ok());
  EXPECT_FALSE(Exists("pods", "g"));
}

TEST_F(ApiDelete, PropagationBecomesAFinalizer) {
  Make("jobs.batch", Job());
  ASSERT_TRUE(Delete("jobs.batch", "j").ok());  // batch/v1 leaves its pods alone by default
  EXPECT_EQ(Finalizers("jobs.batch", "j"), R"(["orphan"])");
  ASSERT_TRUE(Delete("jobs.batch", "j", Propagate("Foreground")).ok());
  EXPECT_EQ(Finalizers("jobs.batch", "j"), R"(["foregroundDeletion"])");
  EXPECT_TRUE(Delete("jobs.batch", "j", Propagate("Background"))->gone);

  Make("configmaps", ConfigMap("a"));
  EXPECT_FALSE(Delete("configmaps", "a", Propagate("Orphan"))->gone);
  EXPECT_EQ(Finalizers("configmaps", "a"), R"(["orphan"])");
  // Events have no dependents.
  Make("events", Parse(R"({"metadata":{"name":"e","namespace":"default"},"reason":"r",
                           "involvedObject":{"namespace":"default"}})"));
  EXPECT_TRUE(Delete("events", "e", Propagate("Foreground"))->gone);
}

TEST_F(ApiDelete, ANamespaceTerminatesAndIsFinalized) {
  const Resource& namespaces = Of("namespaces");
  ASSERT_TRUE(api_->Create(namespaces, "", Parse(R"({"metadata":{"name":"nn"}})")).ok());
  const auto first = api_->Delete(namespaces, {"", "nn"});
  ASSERT_TRUE(first.ok());
  EXPECT_FALSE(first->gone);
  json::object ns = first->object->object;
  EXPECT_EQ(GetString(ns, {"status", "phase"}), "Terminating");
  EXPECT_EQ(Find(ns, {"metadata", "deletionGracePeriodSeconds"}), nullptr);
  const std::uint64_t revision = api_->store().revision();
  EXPECT_FALSE(api_->Delete(namespaces, {"", "nn"})->gone);
  EXPECT_EQ(api_->store().revision(), revision);

  At(&ns, {"spec", "finalizers"}) = json::array({"kubernetes", "a"});
  EXPECT_EQ(Outcome(api_->Finalize("nn", ns)),
            "422 Invalid: Namespace \"nn\" is invalid: spec.finalizers[1]: Invalid value: \"a\": "
            "name is neither a standard finalizer name nor is it fully qualified");
  At(&ns, {"metadata", "resourceVersion"}) = "1";
  At(&ns, {"spec", "finalizers"}) = json::array();
  EXPECT_EQ(api_->Finalize("nn", ns).error().code, 409);
  Erase(&ns, {"metadata", "resourceVersion"});
  ASSERT_TRUE(api_->Finalize("nn", ns, true).ok());
  EXPECT_TRUE(api_->Get(namespaces, {"", "nn"}).ok());
  ASSERT_TRUE(api_->Finalize("nn", ns).ok());
  EXPECT_FALSE(api_->Get(namespaces, {"", "nn"}).ok());
  EXPECT_EQ(Outcome(api_->Finalize("nn", ns)), "404 NotFound: namespaces \"nn\" not found");
}

TEST_F(ApiDelete, TheSystemProtectsItsOwn) {
  EXPECT_EQ(
      Outcome(api_->Delete(Of("namespaces"), {"", "default"})),
      "403 Forbidden: namespaces \"default\" is forbidden: this namespace may not be deleted");
  EXPECT_EQ(
      Outcome(api_->Delete(Of("priorityclasses.scheduling.k8s.io"), {"", "system-node-critical"})),
      "403 Forbidden: priorityclasses.scheduling.k8s.io \"system-node-critical\" is "
      "forbidden: this is a system priority class and cannot be deleted");
}

TEST_F(ApiDelete, ADryRunDeletesNothing) {
  Make("configmaps", ConfigMap("a"));
  Make("pods", Pod("p"));
  Make("pods", Pod("q", "n"));
  const std::uint64_t revision = api_->store().revision();
  DeleteOptions dry;
  dry.dry_run = true;
  EXPECT_TRUE(Delete("configmaps", "a", dry)->gone);
  EXPECT_TRUE(Delete("pods", "p", dry)->gone);
  const auto bound = Delete("pods", "q", dry);
  ASSERT_TRUE(bound.ok());
  EXPECT_FALSE(bound->gone);
  EXPECT_EQ(GetInt(bound->object->object, {"metadata", "deletionGracePeriodSeconds"}, 0), 30);
  EXPECT_EQ(Deletion("q"), "");
  EXPECT_EQ(api_->store().revision(), revision);
}

TEST_F(ApiDelete, ACollectionIsWhatTheListSelects) {
  for (const char* name : {"a", "b", "c"}) {
    Make("configmaps", ConfigMap(name, "1", fmt::format(R"(,"labels":{{"x":"{}"}})", name)));
  }
  ListOptions which;
  which.ns = "default";
  which.labels = *ParseLabelSelector("x in (a,c)");
  const auto page = api_->DeleteCollection(Of("configmaps"), which);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->items.size(), 2U);
  EXPECT_FALSE(Exists("configmaps", "a"));
  EXPECT_TRUE(Exists("configmaps", "b"));
  which.labels = {};
  which.limit = 1;
  EXPECT_EQ(api_->DeleteCollection(Of("configmaps"), which)->items.size(), 1U);
}

TEST_F(ApiDelete, TheGraceOfACollectionIsSharedIn120Only) {
  for (const Profile profile : {Profile::k120, Profile::kCurrent}) {
    Start(profile, 1000);
    Make("pods", Pod("a"));       // gone at once: grace 0
    Make("pods", Pod("b", "n"));  // 30 s of its own
    ListOptions which;
    which.ns = "default";
    ASSERT_TRUE(api_->DeleteCollection(Of("pods"), which).ok());
    EXPECT_EQ(Exists("pods", "b"), profile == Profile::kCurrent);
  }
}

}  // namespace
}  // namespace fairlead::apiserver
