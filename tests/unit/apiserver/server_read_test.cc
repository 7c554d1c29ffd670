// What the server gives: lists, tables, watches, in each form.
#include "scheduler/apiserver/codec.h"
#include "tests/unit/apiserver/server_fixture.h"

namespace fairlead::apiserver {
namespace {

constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
constexpr const char* kMetadata =
    "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";
constexpr const char* kMetadataList =
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
constexpr const char* kMaps = "/api/v1/namespaces/default/configmaps";

class ServerReadTest : public ServerFixture {
 protected:
  void Make(std::string_view name) {
    const Response made =
        Send("POST", kMaps, R"({"metadata":{"name":")" + std::string(name) + R"("}})");
    ASSERT_EQ(made.status, 201) << made.body;
  }

  // A message with its envelope, as JSON.
  static json::object Decoded(const Message& message, std::string_view bytes) {
    const Answer<UnknownView> unknown = ParseUnknown(bytes);
    EXPECT_TRUE(unknown);
    if (!unknown) return {};
    const Answer<json::object> object = DecodeMessage(message, unknown->raw);
    EXPECT_TRUE(object);
    return object ? *object : json::object();
  }
};

TEST_F(ServerReadTest, ListsAreMadeOfTheTextsOfTheirItems) {
  Make("a");
  Make("b");
  const Response list = Get(kMaps);
  const json::object object = Parse(list);
  EXPECT_EQ(GetString(object, {"kind"}), "ConfigMapList");
  EXPECT_EQ(GetString(object, {"apiVersion"}), "v1");
  EXPECT_EQ(GetString(object, {"metadata", "resourceVersion"}),
            std::to_string(server_->api().store().revision()));
  EXPECT_EQ(Find(object, {"metadata", "continue"}), nullptr);
  const json::array* items = FindArray(object, {"items"});
  ASSERT_NE(items, nullptr);
  ASSERT_EQ(items->size(), 2U);
  const json::object first = Parse(Get(std::string(kMaps) + "/a"));
  EXPECT_EQ((*items)[0].at("metadata"), first.at("metadata"));
  EXPECT_FALSE((*items)[0].get_object().contains("kind"));
  EXPECT_FALSE((*items)[0].get_object().contains("apiVersion"));
}

TEST_F(ServerReadTest, EmptyListsHaveNoItems) {
  const json::object object = Parse(Get(kMaps));
  const json::array* items = FindArray(object, {"items"});
  ASSERT_NE(items, nullptr);
  EXPECT_TRUE(items->empty());
}

TEST_F(ServerReadTest, Pages) {
  Make("a");
  Make("b");
  Make("c");
  const json::object first = Parse(Get(std::string(kMaps) + "?limit=2"));
  EXPECT_EQ(GetInt(first, {"metadata", "remainingItemCount"}, 0), 1);
  const std::string token(GetString(first, {"metadata", "continue"}));
  ASSERT_FALSE(token.empty());
  const json::object second = Parse(Get(std::string(kMaps) + "?limit=2&continue=" + token));
  EXPECT_EQ(FindArray(second, {"items"})->size(), 1U);
  EXPECT_EQ(Find(second, {"metadata", "continue"}), nullptr);
  EXPECT_EQ(GetString(second, {"metadata", "resourceVersion"}),
            GetString(first, {"metadata", "resourceVersion"}));
}

TEST_F(ServerReadTest, Selectors) {
  Make("a");
  Make("b");
  const json::object list = Parse(Get(std::string(kMaps) + "?fieldSelector=metadata.name%3Db"));
  EXPECT_EQ(FindArray(list, {"items"})->size(), 1U);
  EXPECT_EQ(FindArray(Parse(Get(std::string(kMaps) + "?labelSelector=x")), {"items"})->size(), 0U);
}

TEST_F(ServerReadTest, Protobuf) {
  Make("a");
  const Response one = Get(std::string(kMaps) + "/a", kProtobuf);
  EXPECT_EQ(one.content_type, kProtobuf);
  const Message* message = FindMessage("", "v1", "ConfigMap");
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(GetString(Decoded(*message, one.body), {"metadata", "name"}), "a");
  // What came out goes in again.
  EXPECT_EQ(Short(Send("PUT", std::string(kMaps) + "/a", one.body, kProtobuf)), "200 ConfigMap");

  const Response list = Get(kMaps, kProtobuf);
  const Message* list_message = FindMessage("", "v1", "ConfigMapList");
  ASSERT_NE(list_message, nullptr);
  const json::object decoded = Decoded(*list_message, list.body);
  ASSERT_NE(FindArray(decoded, {"items"}), nullptr);
  EXPECT_EQ(FindArray(decoded, {"items"})->size(), 1U);

  const Response missing = Get(std::string(kMaps) + "/x", kProtobuf);
  EXPECT_EQ(missing.content_type, kProtobuf);
  EXPECT_EQ(missing.status, 404);
  const Message* status = FindMessage("", "v1", "Status");
  ASSERT_NE(status, nullptr);
  EXPECT_EQ(GetString(Decoded(*status, missing.body), {"message"}), "configmaps \"x\" not found");
}

TEST_F(ServerReadTest, Tables) {
  Make("a");
  for (const std::string& target : {std::string(kMaps), std::string(kMaps) + "/a"}) {
    const json::object table = Parse(Get(target, kTable));
    EXPECT_EQ(GetString(table, {"kind"}), "Table") << target;
    EXPECT_EQ(GetString(table, {"apiVersion"}), "meta.k8s.io/v1");
    EXPECT_FALSE(GetString(table, {"metadata", "resourceVersion"}).empty());
    ASSERT_NE(FindArray(table, {"rows"}), nullptr);
    EXPECT_EQ(FindArray(table, {"rows"})->size(), 1U);
    EXPECT_NE(FindArray(table, {"columnDefinitions"}), nullptr);
  }
  EXPECT_EQ(Short(Get(std::string(kMaps) + "?includeObject=x", kTable)),
            "400 BadRequest: Unable to convert to Table as requested: includeObject: Invalid "
            "value: \"x\": must be 'Metadata', 'Object', 'None', or empty");
  EXPECT_EQ(Short(Get(std::string(kMaps) + "/x", kTable)),
            "404 NotFound: configmaps \"x\" not found");
}

TEST_F(ServerReadTest, MetadataOnly) {
  Make("a");
  const json::object partial = Parse(Get(std::string(kMaps) + "/a", kMetadata));
  EXPECT_EQ(GetString(partial, {"kind"}), "PartialObjectMetadata");
  EXPECT_EQ(partial.size(), 3U);
  const json::object list = Parse(Get(kMaps, kMetadataList));
  EXPECT_EQ(GetString(list, {"kind"}), "PartialObjectMetadataList");
  ASSERT_NE(FindArray(list, {"items"}), nullptr);
  EXPECT_EQ((*FindArray(list, {"items"}))[0].at("metadata").at("name"), "a");
  EXPECT_EQ(Short(Get(kMaps, kMetadata)),
            "406 NotAcceptable: you requested PartialObjectMetadata, but the requested object is a "
            "list");
}

TEST_F(ServerReadTest, WatchesInJson) {
  Make("a");
  const Response watch = Get(std::string(kMaps) + "?watch=1&resourceVersion=0");
  EXPECT_EQ(watch.content_type, "application/json");
  std::string object = Get(std::string(kMaps) + "/a").body;
  object.pop_back();
  EXPECT_EQ(Frames(watch), R"({"type":"ADDED","object":)" + object + "}\n");
  Send("DELETE", std::string(kMaps) + "/a");
  EXPECT_EQ(Frames(watch).substr(0, 18), R"({"type":"DELETED",)");
}

TEST_F(ServerReadTest, WatchesInProtobuf) {
  Make("a");
  const Response watch = Get(std::string(kMaps) + "?watch=1&resourceVersion=0",
                             "application/vnd.kubernetes.protobuf;stream=watch");
  EXPECT_EQ(watch.content_type, "application/vnd.kubernetes.protobuf;stream=watch");
  const std::string object = Get(std::string(kMaps) + "/a", kProtobuf).body;
  std::string frame;
  AppendWatchFrame("ADDED", object, &frame);
  EXPECT_EQ(Frames(watch), frame);
}

TEST_F(ServerReadTest, WatchesOfTablesHaveColumnsOnce) {
  Make("a");
  const Response watch = Get(std::string(kMaps) + "?watch=1&resourceVersion=0", kTable);
  const auto columns = [&watch] {
    Response frame;
    frame.body = Frames(watch);
    const json::object event = Parse(frame);
    EXPECT_EQ(GetString(event, {"object", "kind"}), "Table");
    return FindArray(event, {"object", "columnDefinitions"}) != nullptr;
  };
  EXPECT_TRUE(columns());
  Make("b");
  EXPECT_FALSE(columns());
}

TEST_F(ServerReadTest, WatchesOfOneObjectByItsPath) {
  Make("a");
  Make("b");
  const Response watch = Get("/api/v1/watch/namespaces/default/configmaps/b");
  EXPECT_NE(watch.watch, nullptr);
  const std::string frames = Frames(watch);
  EXPECT_EQ(frames.find("\"name\":\"a\""), std::string::npos);
  EXPECT_NE(frames.find("\"name\":\"b\""), std::string::npos);
}

TEST_F(ServerReadTest, AGetIsNoWatch) {
  Make("a");
  EXPECT_EQ(Short(Get(std::string(kMaps) + "/a?watch=1&limit=x")), "200 ConfigMap");
}

TEST_F(ServerReadTest, WatchesThatCannotBe) {
  EXPECT_EQ(Short(Get(std::string(kMaps) + "?watch=1", "text/plain")),
            "406 NotAcceptable: 406: Not Acceptable");
  EXPECT_EQ(Short(Get(std::string(kMaps) + "?watch=1", "application/yaml")),
            "406 NotAcceptable: only the following media types are accepted: "
            "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch");
}

TEST_F(ServerReadTest, ListsThatAreAheadOfTheServer) {
  const Response list = Get(std::string(kMaps) + "?resourceVersion=999999");
  EXPECT_EQ(list.status, 504);
  EXPECT_EQ(list.retry_after_s, 1);
}

}  // namespace
}  // namespace fairlead::apiserver
