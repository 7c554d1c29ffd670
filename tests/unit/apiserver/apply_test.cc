// Server-side apply: ownership, conflicts and fields that are given up.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "scheduler/apiserver/patch.h"
#include "scheduler/apiserver/schema.h"

namespace fairlead::apiserver {
namespace {

json::object Parse(std::string_view text) {
  json::value value;
  std::string why;
  EXPECT_TRUE(ParseJson(text, &value, &why)) << why << " in " << text;
  return value.is_object() ? value.get_object() : json::object();
}

// Applies to one object, one after the other.
class Applies : public testing::Test {
 protected:
  Applies() { UseKind("Pod"); }

  void UseKind(std::string_view kind) {
    resource_.version = "v1";
    resource_.kind = kind;
    resource_.plural = "pods";
    resource_.schema = FindMessage("", "v1", kind);
    ASSERT_NE(resource_.schema, nullptr);
  }

  // `config` without apiVersion and kind. The error's message, or empty.
  std::string Apply(std::string_view manager, std::string_view config, bool force = false) {
    json::object patch = Parse(config);
    patch["apiVersion"] = Str(resource_.ApiVersion());
    patch["kind"] = Str(resource_.kind);
    ApplyOptions options;
    options.manager = manager;
    options.force = force;
    options.now = Instant{seconds_++ * 1'000'000'000 + 5};
    Answer<json::object> answer = ServerSideApply(resource_, object_, patch, options);
    if (!answer.ok()) {
      error_ = answer.error();
      return error_.message;
    }
    object_ = *std::move(answer);
    return {};
  }

  // The object without what every object has and without managedFields.
  json::object Rest() const {
    json::object rest = object_;
    rest.erase("apiVersion");
    rest.erase("kind");
    Erase(&rest, {"metadata", "managedFields"});
    return rest;
  }

  json::object FieldsOf(std::string_view manager) const {
    const json::array* entries = FindArray(object_, {"metadata", "managedFields"});
    for (std::size_t i = 0; entries != nullptr && i < entries->size(); ++i) {
      const json::object& entry = (*entries)[i].get_object();
      if (GetString(entry, {"manager"}) == manager) return entry.at("fieldsV1").get_object();
    }
    return {{"none", true}};
  }

  Resource resource_;
  json::object object_;
  ApiError error_;
  std::int64_t seconds_ = 1'767'225'600;  // 2026-01-01T00:00:00Z
};

TEST_F(Applies, OwnWhatTheyName) {
  ASSERT_EQ(Apply("m", R"({"metadata":{"name":"p","labels":{"l":"1"},"finalizers":["a.b/c"],
      "ownerReferences":[{"uid":"u1","name":"x"}]},"spec":{"containers":[{"name":"c","image":"i",
      "command":["a","b"],"env":[{"name":"X","value":"1"}],"ports":[{"containerPort":80}]}],
      "tolerations":[{"key":"k"}]}})"),
            "");
  EXPECT_EQ(FieldsOf("m"), Parse(R"({"f:metadata":{"f:labels":{"f:l":{}},
      "f:finalizers":{"v:\"a.b/c\"":{}},
      "f:ownerReferences":{"k:{\"uid\":\"u1\"}":{".":{},"f:name":{},"f:uid":{}}}},
      "f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:command":{},
      "f:env":{"k:{\"name\":\"X\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},"f:name":{},
      "f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}}}},
      "f:tolerations":{}}})"));
  const json::object& entry =
      FindArray(object_, {"metadata", "managedFields"})->front().get_object();
  EXPECT_EQ(GetString(entry, {"operation"}), "Apply");
  EXPECT_EQ(GetString(entry, {"apiVersion"}), "v1");
  EXPECT_EQ(GetString(entry, {"time"}), "2026-01-01T00:00:00Z");
  EXPECT_EQ(GetString(entry, {"fieldsType"}), "FieldsV1");
}

TEST_F(Applies, TheSameAgainChangeNothing) {
  const std::string_view config = R"({"metadata":{"name":"p","labels":{"l":"1"}}})";
  ASSERT_EQ(Apply("m", config), "");
  const json::object before = object_;
  ASSERT_EQ(Apply("m", config), "");
  EXPECT_EQ(object_, before);
}

TEST_F(Applies, ConflictOnOneField) {
  ASSERT_EQ(Apply("m1", R"({"metadata":{"labels":{"a":"1","b":"2"}}})"), "");
  EXPECT_EQ(Apply("m2", R"({"metadata":{"labels":{"a":"9"}}})"),
            "Apply failed with 1 conflict: conflict with \"m1\": .metadata.labels.a");
  EXPECT_EQ(error_.code, 409);
  EXPECT_EQ(error_.reason, "Conflict");
  ASSERT_EQ(error_.causes.size(), 1U);
  EXPECT_EQ(error_.causes[0].reason, "FieldManagerConflict");
  EXPECT_EQ(error_.causes[0].message, "conflict with \"m1\"");
  EXPECT_EQ(error_.causes[0].field, ".metadata.labels.a");
  EXPECT_EQ(Apply("m2", R"({"metadata":{"labels":{"a":"1"}}})"), "") << "the same value is none";
}

TEST_F(Applies, ConflictOnSeveralFields) {
  ASSERT_EQ(Apply("m1", R"({"spec":{"tolerations":[{"key":"k"}],
                            "containers":[{"name":"c","image":"i"}]}})"),
            "");
  ASSERT_EQ(Apply("m0", R"({"metadata":{"labels":{"a":"1"}}})"), "");
  EXPECT_EQ(Apply("m2", R"({"metadata":{"labels":{"a":"2"}},"spec":{"tolerations":[{"key":"z"}],
                            "containers":[{"name":"c","image":"j"}]}})"),
            "Apply failed with 3 conflicts: conflicts with \"m0\":\n- .metadata.labels.a\n"
            "conflicts with \"m1\":\n- .spec.tolerations\n- .spec.containers[name=\"c\"].image");
}

TEST_F(Applies, ForceTakesOwnership) {
  ASSERT_EQ(Apply("m1", R"({"metadata":{"labels":{"a":"1","b":"2"}}})"), "");
  ASSERT_EQ(Apply("m2", R"({"metadata":{"labels":{"a":"9"}}})", true), "");
  EXPECT_EQ(Rest(), Parse(R"({"metadata":{"labels":{"a":"9","b":"2"}}})"));
  EXPECT_EQ(FieldsOf("m1"), Parse(R"({"f:metadata":{"f:labels":{"f:b":{}}}})"));
  EXPECT_EQ(FieldsOf("m2"), Parse(R"({"f:metadata":{"f:labels":{"f:a":{}}}})"));
  // m1 no longer names a, which is not its own any more: it stays.
  ASSERT_EQ(Apply("m1", R"({"metadata":{"labels":{"b":"2"}}})"), "");
  EXPECT_EQ(Rest(), Parse(R"({"metadata":{"labels":{"a":"9","b":"2"}}})"));
}

TEST_F(Applies, GiveUpWhatTheyNoLongerName) {
  ASSERT_EQ(Apply("m1", R"({"metadata":{"labels":{"a":"1"},"finalizers":["x.y/a"]},
      "spec":{"containers":[{"name":"c","image":"i","env":[{"name":"X","value":"1"}]},
                            {"name":"d","image":"i"}]}})"),
            "");
  object_["spec"].get_object()["containers"].get_array()[1].get_object()["defaulted"] = "x";
  ASSERT_EQ(Apply("m2", R"({"metadata":{"labels":{"a":"1"},"finalizers":["x.y/b"]}})"), "");
  ASSERT_EQ(Apply("m1", R"({"spec":{"containers":[{"name":"c","image":"i"}]}})"), "");
  // The label is kept by m2, the finalizer and the container go with all that is in them.
  EXPECT_EQ(Rest(), Parse(R"({"metadata":{"labels":{"a":"1"},"finalizers":["x.y/b"]},
                              "spec":{"containers":[{"name":"c","image":"i"}]}})"));
  ASSERT_EQ(Apply("m2", "{}"), "");
  EXPECT_EQ(FieldsOf("m2"), Parse(R"({"none":true})")) << "who owns nothing has no entry";
  EXPECT_EQ(FindObject(object_, {"metadata", "labels"}), nullptr);
}

TEST_F(Applies, AnElementStaysForItsOtherOwners) {
  ASSERT_EQ(Apply("m1", R"({"spec":{"containers":[{"name":"c","image":"i"}]}})"), "");
  ASSERT_EQ(Apply("m2", R"({"spec":{"containers":[{"name":"c","workingDir":"/"}]}})"), "");
  ASSERT_EQ(Apply("m1", R"({"spec":{}})"), "");
  EXPECT_EQ(Rest().at("spec"), Parse(R"({"containers":[{"name":"c","workingDir":"/"}]})"));
}

TEST_F(Applies, MergeListsInTheOrderOfTheObject) {
  ASSERT_EQ(Apply("m1", R"({"spec":{"containers":[{"name":"b","image":"i"},{"name":"c"}]}})"), "");
  ASSERT_EQ(Apply("m2", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})"), "");
  EXPECT_EQ(Rest().at("spec"),
            Parse(R"({"containers":[{"name":"b","image":"i"},{"name":"c"},{"name":"a"}]})"));
}

TEST_F(Applies, KeepEntriesOfUpdates) {
  object_ = Parse(R"({"apiVersion":"v1","kind":"Pod","metadata":{"managedFields":[
      {"manager":"kubectl","operation":"Update","fieldsV1":{"f:metadata":{}}}]}})");
  ASSERT_EQ(Apply("m", R"({"metadata":{"labels":{"a":"1"}}})"), "");
  EXPECT_EQ(FindArray(object_, {"metadata", "managedFields"})->size(), 2U);
  EXPECT_EQ(FieldsOf("kubectl"), Parse(R"({"f:metadata":{}})"));
}

TEST_F(Applies, OfCustomResourcesReplaceLists) {
  resource_ = Resource();
  resource_.group = "g.io";
  resource_.version = "v1alpha1";
  resource_.kind = "Thing";
  resource_.custom = true;
  ASSERT_EQ(Apply("m1", R"({"spec":{"a":1,"l":[{"name":"x"}],"m":{"k":1}}})"), "");
  EXPECT_EQ(FieldsOf("m1"),
            Parse(R"({"f:spec":{".":{},"f:a":{},"f:l":{},"f:m":{".":{},"f:k":{}}}})"));
  ASSERT_EQ(Apply("m2", R"({"spec":{"m":{"j":2}}})"), "");
  EXPECT_EQ(Rest(),
            Parse(R"({"spec":{"a":1,"l":[{"name":"x"}],"m":{"k":1,"j":2}},"metadata":{}})"));
  EXPECT_EQ(Apply("m2", R"({"spec":{"l":[{"name":"y"}]}})"),
            "Apply failed with 1 conflict: conflict with \"m1\": .spec.l");
  ASSERT_EQ(Apply("m2", R"({"spec":{"l":[{"name":"y"}]}})", true), "");
  EXPECT_EQ(FieldsOf("m1"), Parse(R"({"f:spec":{".":{},"f:a":{},"f:m":{".":{},"f:k":{}}}})"));
  ASSERT_EQ(Apply("m1", R"({"spec":{"a":1}})"), "");
  EXPECT_EQ(Rest(), Parse(R"({"spec":{"a":1,"l":[{"name":"y"}]},"metadata":{}})"));
}

TEST_F(Applies, RefuseWhatIsNoConfiguration) {
  EXPECT_EQ(Apply("m", R"({"metadata":{"managedFields":[]}})"),
            "metadata.managedFields must be nil");
  EXPECT_EQ(error_.code, 400);
  EXPECT_EQ(Apply("m", R"({"foo":1})"),
            "failed to create typed patch object: .foo: field not declared in schema");
  EXPECT_EQ(error_.code, 500);
  EXPECT_EQ(Apply("m", R"({"spec":[1]})"),
            "failed to create typed patch object: .spec: expected map, got &{[1]}");
  EXPECT_EQ(Apply("m", R"({"spec":{"containers":[{"name":"c"},{"name":"c"}]}})"),
            "failed to create typed patch object: .spec.containers: duplicate entries for key "
            "[name=\"c\"]");
  const auto refused = [&](std::string_view config) {
    const Answer<json::object> answer = ServerSideApply(resource_, {}, Parse(config), {});
    return answer.ok() ? "" : answer.error().message;
  };
  EXPECT_EQ(refused(R"({"kind":"Pod"})"),
            "Incorrect version specified in apply patch. Specified patch version: , expected: v1");
  EXPECT_EQ(refused(R"({"kind":"Pod","apiVersion":"apps/v1"})"),
            "Incorrect version specified in apply patch. Specified patch version: apps/v1, "
            "expected: v1");
  EXPECT_EQ(refused(R"({"apiVersion":"v1"})"),
            "failed to create typed patch object: no corresponding type for /v1, Kind=");
}

}  // namespace
}  // namespace fairlead::apiserver
