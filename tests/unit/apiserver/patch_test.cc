// JSON, merge and strategic merge patches, with the answers that the real server gave.
#include "scheduler/apiserver/patch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scheduler/apiserver/schema.h"

namespace fairlead::apiserver {
namespace {

json::value Parse(std::string_view text) {
  json::value value;
  std::string why;
  EXPECT_TRUE(ParseJson(text, &value, &why)) << why << " in " << text;
  return value;
}

json::object Object(std::string_view text) {
  json::value value = Parse(text);
  return value.is_object() ? value.get_object() : json::object();
}

constexpr std::string_view kRejected =
    "the server rejected our request due to an error in our request";

struct PatchCase {
  std::string patch;
  std::string result;  // a JSON object, or the message of the error
};

void Expect(const PatchCase& test, const Answer<json::object>& answer, int code) {
  if (test.result.starts_with('{')) {
    ASSERT_TRUE(answer.ok()) << test.patch << ": " << answer.error().message;
    EXPECT_EQ(*answer, Object(test.result)) << test.patch << "\n" << json::serialize(*answer);
    return;
  }
  ASSERT_FALSE(answer.ok()) << test.patch << "\n" << json::serialize(*answer);
  EXPECT_EQ(answer.error().message, test.result) << test.patch;
  EXPECT_EQ(answer.error().code, code) << test.patch;
}

TEST(JsonPatches, ChangeObjects) {
  const json::object object = Object(R"({"d":{"k":"v","a/b":1},"l":["x","y"]})");
  const std::vector<PatchCase> cases = {
      {R"([])", R"({"d":{"k":"v","a/b":1},"l":["x","y"]})"},
      {R"(null)", R"({"d":{"k":"v","a/b":1},"l":["x","y"]})"},
      {R"([{"op":"add","path":"/d/q","value":"w"}])",
       R"({"d":{"k":"v","a/b":1,"q":"w"},"l":["x","y"]})"},
      {R"([{"op":"add","path":"/d/q"}])", R"({"d":{"k":"v","a/b":1,"q":null},"l":["x","y"]})"},
      {R"([{"op":"add","path":"/d/a~1b","value":2}])", R"({"d":{"k":"v","a/b":2},"l":["x","y"]})"},
      {R"([{"op":"add","path":"/l/0","value":"z"}])",
       R"({"d":{"k":"v","a/b":1},"l":["z","x","y"]})"},
      {R"([{"op":"add","path":"/l/-","value":"z"}])",
       R"({"d":{"k":"v","a/b":1},"l":["x","y","z"]})"},
      {R"([{"op":"add","path":"/l/2","value":"z"}])",
       R"({"d":{"k":"v","a/b":1},"l":["x","y","z"]})"},
      {R"([{"op":"add","path":"/l/-1","value":"z"}])",
       R"({"d":{"k":"v","a/b":1},"l":["x","y","z"]})"},
      {R"([{"op":"add","path":"/l/-3","value":"z"}])",
       R"({"d":{"k":"v","a/b":1},"l":["z","x","y"]})"},
      {R"([{"op":"remove","path":"/l/+0"}])", R"({"d":{"k":"v","a/b":1},"l":["y"]})"},
      {R"([{"op":"remove","path":"/d/k"}])", R"({"d":{"a/b":1},"l":["x","y"]})"},
      {R"([{"op":"replace","path":"/l/1","value":"z"}])",
       R"({"d":{"k":"v","a/b":1},"l":["x","z"]})"},
      {R"([{"op":"replace","path":"/d/q","value":"w"}])",
       R"({"d":{"k":"v","a/b":1,"q":"w"},"l":["x","y"]})"},
      {R"([{"op":"test","path":"/d","value":{"a/b":1,"k":"v"}},{"op":"remove","path":"/l"}])",
       R"({"d":{"k":"v","a/b":1}})"},
      {R"([{"op":"test","path":"/d/q","value":null},{"op":"remove","path":"/l"}])",
       R"({"d":{"k":"v","a/b":1}})"},
      {R"([{"op":"move","from":"/d/k","path":"/z"}])", R"({"d":{"a/b":1},"l":["x","y"],"z":"v"})"},
      {R"([{"op":"copy","from":"/d/k","path":"/z"}])",
       R"({"d":{"k":"v","a/b":1},"l":["x","y"],"z":"v"})"},
      {R"([{"op":"copy","from":"/d/q","path":"/z"}])",
       R"({"d":{"k":"v","a/b":1},"l":["x","y"],"z":null})"},
  };
  for (const PatchCase& test : cases) Expect(test, JsonPatch(object, Parse(test.patch)), 0);
}

TEST(JsonPatches, AreRejected) {
  const json::object object = Object(R"({"d":{"k":"v"},"l":["x","y"]})");
  const std::vector<std::string> rejected = {
      R"([{"op":"test","path":"/d/k","value":"w"}])",
      R"([{"op":"test","path":"/d/k"}])",
      R"([{"op":"test","path":"/d/q","value":"w"}])",
      R"([{"op":"test","path":"/e/q","value":null}])",
      R"([{"op":"test","path":"/l/2","value":null}])",
      R"([{"op":"replace","path":"/e/q","value":1}])",
      R"([{"op":"replace","path":"/l/2","value":1}])",
      R"([{"op":"replace","path":"/l/x","value":1}])",
      R"([{"op":"remove","path":"/d/q"}])",
      R"([{"op":"remove","path":"/l/2"}])",
      R"([{"op":"remove","path":"/l/-"}])",
      R"([{"op":"remove","path":"/l/-9"}])",
      R"([{"op":"add","path":"/e/q","value":1}])",
      R"([{"op":"add","path":"/l/3","value":1}])",
      R"([{"op":"add","path":"/l/-4","value":1}])",
      R"([{"op":"add","path":"/d/k/z","value":1}])",
      R"([{"op":"add","path":"d","value":1}])",
      R"([{"op":"add","path":"","value":{}}])",
      R"([{"op":"frob","path":"/d/k"}])",
      R"([{"path":"/d/k"}])",
      R"([{"op":1,"path":"/d/k"}])",
      R"([{"op":"remove"}])",
      R"([{"op":"move","from":"/d/q","path":"/z"}])",
      R"([{"op":"move","path":"/z"}])",
      R"([{"op":"copy","from":"/l/9","path":"/z"}])",
      R"([{"op":"move","from":"/d/k","path":"/e/z"}])",
      R"([null])",
  };
  for (const std::string& patch : rejected) {
    const Answer<json::object> answer = JsonPatch(object, Parse(patch));
    ASSERT_FALSE(answer.ok()) << patch;
    EXPECT_EQ(answer.error().message, kRejected);
    EXPECT_EQ(answer.error().code, 422);
    EXPECT_EQ(answer.error().reason, "Invalid");
  }
}

TEST(JsonPatches, AreMalformed) {
  const std::vector<PatchCase> cases = {
      {R"({"op":"add"})", "json: cannot unmarshal object into Go value of type jsonpatch.Patch"},
      {R"("a")", "json: cannot unmarshal string into Go value of type jsonpatch.Patch"},
      {R"(["a"])", "json: cannot unmarshal string into Go value of type jsonpatch.Operation"},
  };
  for (const PatchCase& test : cases) Expect(test, JsonPatch({}, Parse(test.patch)), 400);
  json::array many;
  many.resize(10'001, json::object{{"op", "test"}, {"path", "/a"}, {"value", nullptr}});
  const Answer<json::object> answer = JsonPatch({}, many);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, 413);
  EXPECT_EQ(answer.error().message,
            "Request entity too large: The allowed maximum operations in a JSON patch is 10000, "
            "got 10001");
  many.pop_back();
  EXPECT_TRUE(JsonPatch({}, many).ok());
}

TEST(MergePatches, FollowTheRfc) {
  const json::object object = Object(R"({"a":{"b":1,"c":2},"l":[1,2],"s":"x"})");
  const std::vector<PatchCase> cases = {
      {R"({})", R"({"a":{"b":1,"c":2},"l":[1,2],"s":"x"})"},
      {R"({"a":{"b":null,"d":3}})", R"({"a":{"c":2,"d":3},"l":[1,2],"s":"x"})"},
      {R"({"l":[3]})", R"({"a":{"b":1,"c":2},"l":[3],"s":"x"})"},
      {R"({"a":null,"zz":null})", R"({"l":[1,2],"s":"x"})"},
      {R"({"s":{"t":{"u":1,"v":null}}})", R"({"a":{"b":1,"c":2},"l":[1,2],"s":{"t":{"u":1}}})"},
      {R"({"n":{"m":null}})", R"({"a":{"b":1,"c":2},"l":[1,2],"s":"x","n":{}})"},
  };
  for (const PatchCase& test : cases) Expect(test, MergePatch(object, Object(test.patch)), 0);
}

TEST(Patches, KindComesFromTheContentType) {
  Resource resource;
  EXPECT_EQ(*PatchKindOf(resource, "application/json-patch+json"), PatchKind::kJson);
  EXPECT_EQ(*PatchKindOf(resource, "application/merge-patch+json; charset=utf-8"),
            PatchKind::kMerge);
  EXPECT_EQ(*PatchKindOf(resource, "application/apply-patch+yaml"), PatchKind::kApply);
  EXPECT_EQ(*PatchKindOf(resource, "application/strategic-merge-patch+json"),
            PatchKind::kStrategic);
  for (const std::string_view bad : {"", "application/json", "APPLICATION/MERGE-PATCH+JSON"}) {
    const Answer<PatchKind> kind = PatchKindOf(resource, bad);
    ASSERT_FALSE(kind.ok()) << bad;
    EXPECT_EQ(kind.error().code, 415);
    EXPECT_EQ(kind.error().message, "415: Unsupported Media Type");
  }
  resource.custom = true;
  EXPECT_EQ(PatchKindOf(resource, "application/strategic-merge-patch+json").error().message,
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json-patch+json, application/merge-patch+json, "
            "application/apply-patch+yaml");
}

TEST(Patches, BodiesThatAreNoPatches) {
  EXPECT_EQ(NotAnObject(PatchKind::kStrategic, json::array()).message,
            "json: cannot unmarshal array into Go value of type map[string]interface {}");
  EXPECT_EQ(NotAnObject(PatchKind::kMerge, 5).code, 500);
  EXPECT_EQ(NotAnObject(PatchKind::kMerge, 5).message, "Invalid JSON Patch");
  const ApiError array = NotAnObject(PatchKind::kMerge, json::array());
  EXPECT_EQ(array.code, 422);
  EXPECT_TRUE(
      array.message.starts_with(" \"\" is invalid: patch: Invalid value: \"[]\": couldn't "
                                "get version/kind; json parse error: json: cannot "
                                "unmarshal array into Go value of type struct { APIVersion "
                                "string \"json:\\\"apiVersion,omitempty\\\"\";"));
  EXPECT_EQ(UnreadablePatch(PatchKind::kApply, "x").message, "error decoding YAML: x");
}

struct StrategicCase {
  std::string object, patch;
  std::string result;
};

// Of a pod; objects and patches are its spec, except where they start with "metadata".
TEST(StrategicPatches, MergeLists) {
  const Message* pod = FindMessage("", "v1", "Pod");
  ASSERT_NE(pod, nullptr);
  const std::vector<StrategicCase> cases = {
      // by name; what the patch names comes first, in its order
      {R"({"containers":[{"name":"a","image":"i"},{"name":"b","image":"j"}]})",
       R"({"containers":[{"name":"b","image":"k"},{"name":"c","image":"l"}]})",
       R"({"containers":[{"name":"a","image":"i"},{"name":"b","image":"k"},
                         {"name":"c","image":"l"}]})"},
      {R"({"containers":[{"name":"a"},{"name":"b"}]})",
       R"({"containers":[{"name":"a","$patch":"delete"}]})", R"({"containers":[{"name":"b"}]})"},
      {R"({"containers":[{"name":"a"},{"name":"b"}]})",
       R"({"containers":[{"name":"c"},{"$patch":"replace"}]})", R"({"containers":[{"name":"c"}]})"},
      {R"({"containers":[{"name":"a"},{"name":"b"}]})",
       R"({"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]})",
       R"({"containers":[{"name":"b"},{"name":"a"}]})"},
      {R"({"containers":[{"name":"a"},{"name":"b"}]})",
       R"({"$setElementOrder/containers":[{"name":"c"},{"name":"a"}],"containers":[{"name":"c"}]})",
       R"({"containers":[{"name":"c"},{"name":"a"},{"name":"b"}]})"},
      {R"({"containers":[{"name":"a","ports":[{"containerPort":1,"name":"x"}]}]})",
       R"({"containers":[{"name":"a","ports":[{"containerPort":1,"name":"y"},
                                              {"containerPort":2}]}]})",
       R"({"containers":[{"name":"a","ports":[{"containerPort":1,"name":"y"},
                                              {"containerPort":2}]}]})"},
      {R"({"containers":[{"name":"a","args":["x","y"]}]})",
       R"({"containers":[{"name":"a","args":["z"]}]})",
       R"({"containers":[{"name":"a","args":["z"]}]})"},
      // tolerations have no key
      {R"({"tolerations":[{"key":"a"}]})", R"({"tolerations":[{"key":"b"}]})",
       R"({"tolerations":[{"key":"b"}]})"},
      // volumes keep only the source that the patch names
      {R"({"volumes":[{"name":"v","emptyDir":{}}]})",
       R"({"volumes":[{"name":"v","hostPath":{"path":"/x"},"$retainKeys":["name","hostPath"]}]})",
       R"({"volumes":[{"name":"v","hostPath":{"path":"/x"}}]})"},
      {R"({"nodeSelector":{"a":"1","b":"2"}})", R"({"nodeSelector":{"a":null,"c":"3"}})",
       R"({"nodeSelector":{"b":"2","c":"3"}})"},
      {R"({"nodeSelector":{"a":"1"}})", R"({"nodeSelector":{"$patch":"replace","c":"3"}})",
       R"({"nodeSelector":{"c":"3"}})"},
      {R"({"nodeSelector":{"a":"1"}})", R"({"nodeSelector":{"$patch":"delete","c":"3"}})",
       R"({"nodeSelector":{}})"},
      {R"({"nodeName":"x"})", R"({"nodeName":null,"priority":3})", R"({"priority":3})"},
  };
  for (const StrategicCase& test : cases) {
    const json::object object{{"spec", Parse(test.object)}};
    const json::object patch{{"spec", Parse(test.patch)}};
    const Answer<json::object> answer = StrategicMergePatch(*pod, object, patch);
    ASSERT_TRUE(answer.ok()) << test.patch << ": " << answer.error().message;
    EXPECT_EQ(answer->at("spec"), Parse(test.result)) << test.patch << "\n"
                                                      << json::serialize(*answer);
  }
}

TEST(StrategicPatches, MergeMetadataAndStatus) {
  const Message* pod = FindMessage("", "v1", "Pod");
  ASSERT_NE(pod, nullptr);
  const std::vector<StrategicCase> cases = {
      {R"({"metadata":{"finalizers":["a","b"]}})", R"({"metadata":{"finalizers":["c","b"]}})",
       R"({"metadata":{"finalizers":["c","a","b"]}})"},
      {R"({"metadata":{"finalizers":["a","b"]}})",
       R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}})",
       R"({"metadata":{"finalizers":["b"]}})"},
      {R"({"metadata":{"finalizers":["a","b"]}})",
       R"({"metadata":{"$setElementOrder/finalizers":["b","a"]}})",
       R"({"metadata":{"finalizers":["b","a"]}})"},
      {R"({"metadata":{"ownerReferences":[{"uid":"1","name":"x"}]}})",
       R"({"metadata":{"ownerReferences":[{"uid":"1","name":"y"},{"uid":"2"}]}})",
       R"({"metadata":{"ownerReferences":[{"uid":"1","name":"y"},{"uid":"2"}]}})"},
      {R"({"status":{"conditions":[{"type":"Ready","status":"False","reason":"r"}]}})",
       R"({"status":{"conditions":[{"type":"Ready","status":"True"},{"type":"X"}]}})",
       R"({"status":{"conditions":[{"type":"Ready","status":"True","reason":"r"},{"type":"X"}]}})"},
      {R"({"metadata":{"name":"t"}})", R"({"metadata":{"labels":{"a":"b"}},"unknown":1})",
       R"({"metadata":{"name":"t","labels":{"a":"b"}},"unknown":1})"},
  };
  for (const StrategicCase& test : cases) {
    Expect({test.patch, test.result},
           StrategicMergePatch(*pod, Object(test.object), Object(test.patch)), 0);
  }
}

struct FailureCase {
  std::string patch;
  int code;
  std::string message;
};

TEST(StrategicPatches, ComplainLikeTheRealServer) {
  const Message* pod = FindMessage("", "v1", "Pod");
  ASSERT_NE(pod, nullptr);
  const json::object object = Object(
      R"({"metadata":{"name":"t","labels":{"a":"b"},"finalizers":["x"]},
          "spec":{"containers":[{"name":"a"}]}})");
  const std::string bad = " \"\" is invalid: patch: Invalid value: ";
  const std::vector<FailureCase> cases = {
      {R"({"metadata":{"labels":{"$patch":"foo","z":"y"}}})", 500,
       "unknown patch type: foo in map: map[$patch:foo z:y]"},
      {R"({"metadata":{"labels":{"$patch":3}}})", 500,
       "unknown patch type: %!s(int64=3) in map: map[$patch:3]"},
      {R"({"metadata":{"labels":5}})", 422,
       bad + "\"map[metadata:map[labels:5]]\": cannot restore map from int64"},
      {R"({"metadata":{"ownerReferences":["x"]}})", 0, ""},
      {R"({"metadata":{"ownerReferences":{"x":"y"}}})", 422,
       bad + "\"map[metadata:map[ownerReferences:map[x:y]]]\": cannot restore slice from map"},
      {R"({"spec":{"containers":["x"]}})", 422,
       bad + "\"map[spec:map[containers:[x]]]\": cannot restore struct from: string"},
      {R"({"spec":{"containers":[{"image":"x"}]}})", 500,
       "map: map[image:x] does not contain declared merge key: name"},
      {R"({"spec":{"containers":[{"$patch":"delete"}]}})", 500,
       "map: map[$patch:delete] does not contain declared merge key: name"},
      {R"({"spec":{"containers":[{"$patch":"merge"}]}})", 500,
       "merging lists cannot yet be specified in the patch"},
      {R"({"metadata":{"$retainKeys":["z"],"name":"t"}})", 400,
       "invalid patch format of retainKeys"},
      {R"({"metadata":{"$setElementOrder/finalizers":["a"],"finalizers":["b"]}})", 500,
       "The order in patch list:\n[b]\n doesn't match $setElementOrder list:\n[a]\n"},
      {R"({"$setElementOrder/foo":[]})", 500,
       "unable to find api field in struct Pod for the json field \"foo\""},
  };
  for (const FailureCase& test : cases) {
    const Answer<json::object> answer = StrategicMergePatch(*pod, object, Object(test.patch));
    if (test.code == 0) {
      // Nothing to merge with: what is wrong is found when the object is decoded.
      EXPECT_TRUE(answer.ok()) << test.patch;
      continue;
    }
    ASSERT_FALSE(answer.ok()) << test.patch;
    EXPECT_EQ(answer.error().message, test.message) << test.patch;
    EXPECT_EQ(answer.error().code, test.code) << test.patch;
  }
}

}  // namespace
}  // namespace fairlead::apiserver
