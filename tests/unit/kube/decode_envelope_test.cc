// Lists, watch frames, Status and bookmarks.
#include <gtest/gtest.h>

#include "fairlead/kube/decode.h"
#include "tests/support/proto_builder.h"

namespace fairlead::kube {
namespace {

using testing::Proto;

const std::string kMagic("k8s\0", 4);

std::string Wrapped(const std::string& kind, const std::string& raw) {
  return kMagic + Proto()
                      .Message(1, Proto().Text(1, "v1").Text(2, kind))
                      .Text(2, raw)
                      .Text(3, "")
                      .Text(4, "")
                      .bytes();
}

std::string Frame(const std::string& type, const std::string& object) {
  return Proto().Text(1, type).Message(2, Proto().Text(1, object)).bytes();
}

TEST(Envelope, Unwrap) {
  const std::string bytes = Wrapped("Pod", "payload");
  const auto unknown = UnwrapProto(bytes);
  ASSERT_TRUE(unknown.ok());
  EXPECT_EQ(unknown->api_version, "v1");
  EXPECT_EQ(unknown->kind, "Pod");
  EXPECT_EQ(unknown->raw, "payload");
  EXPECT_GE(unknown->raw.data(), bytes.data());  // a view, not a copy
  EXPECT_LT(unknown->raw.data(), bytes.data() + bytes.size());
}

TEST(Envelope, UnwrapNeedsTheMagic) {
  for (const std::string bytes : {"", "k8", "{\"kind\":\"Pod\"}", "k8s\1...."}) {
    const auto unknown = UnwrapProto(bytes);
    ASSERT_FALSE(unknown.ok()) << bytes;
    EXPECT_EQ(unknown.error().message,
              "not a Kubernetes protobuf object: expected the magic \"k8s\\0\" first");
  }
}

TEST(Envelope, ProtoList) {
  const std::string list = Proto()
                               .Message(1, Proto().Text(2, "41").Text(3, "more"))
                               .Text(2, "one")
                               .Text(2, "")
                               .Text(2, "three")
                               .bytes();
  std::vector<std::string> items;
  const auto collect = [&items](std::string_view item) -> Status {
    items.emplace_back(item);
    return Ok{};
  };
  const auto meta = ForEachItemProto(list, collect);
  ASSERT_TRUE(meta.ok());
  EXPECT_EQ(meta->resource_version, "41");
  EXPECT_EQ(meta->continue_token, "more");
  EXPECT_EQ(items, (std::vector<std::string>{"one", "", "three"}));
}

TEST(Envelope, JsonList) {
  std::vector<std::string> items;
  const auto collect = [&items](std::string_view item) -> Status {
    items.emplace_back(item);
    return Ok{};
  };
  const auto meta = ForEachItemJson(
      R"({"kind":"List","items":[{"a":[1,{"b":"]}"}]}, {} ,{"c":null}],
          "metadata":{"resourceVersion":"41","continue":"more"}})",
      collect);
  ASSERT_TRUE(meta.ok()) << meta.error().ToString();
  EXPECT_EQ(meta->resource_version, "41");
  EXPECT_EQ(meta->continue_token, "more");
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0], R"({"a":[1,{"b":"]}"}]})");
  EXPECT_EQ(items[1].substr(0, 2), "{}");
  EXPECT_EQ(items[2], R"({"c":null})");
}

TEST(Envelope, AnItemsErrorEndsTheListAndIsReturned) {
  int calls = 0;
  const auto refuse_second = [&calls](std::string_view) -> Status {
    if (++calls < 2) return Ok{};
    Error error;
    error.message = "enough";
    return error;
  };
  const auto proto =
      ForEachItemProto(Proto().Text(2, "1").Text(2, "2").Text(2, "3").bytes(), refuse_second);
  ASSERT_FALSE(proto.ok());
  EXPECT_EQ(proto.error().message, "enough");
  EXPECT_EQ(calls, 2);
  calls = 0;
  const auto json = ForEachItemJson(R"({"items":[{},{},{}]})", refuse_second);
  ASSERT_FALSE(json.ok());
  EXPECT_EQ(json.error().message, "enough");
  EXPECT_EQ(calls, 2);
}

TEST(Envelope, EmptyLists) {
  const auto fail = [](std::string_view) -> Status { return Error{}; };
  EXPECT_TRUE(ForEachItemProto("", fail).ok());
  EXPECT_TRUE(ForEachItemJson(R"({"items":[]})", fail).ok());
  EXPECT_TRUE(ForEachItemJson(R"({"items":null})", fail).ok());
  EXPECT_FALSE(ForEachItemJson("", fail).ok());
  EXPECT_FALSE(ForEachItemJson("[]", fail).ok());
}

TEST(Envelope, WatchFrame) {
  const std::string bytes = Frame("MODIFIED", Wrapped("Pod", "payload"));
  const auto frame = WatchFrameFromProto(bytes);
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(frame->type, "MODIFIED");
  EXPECT_EQ(frame->kind, "Pod");
  EXPECT_EQ(frame->raw, "payload");
  EXPECT_EQ(WatchFrameFromProto(Frame("", Wrapped("Pod", ""))).error().message,
            "watch event without a type");
  EXPECT_FALSE(WatchFrameFromProto(Frame("ADDED", "no magic")).ok());
}

TEST(Envelope, JsonWatchFrame) {
  const std::string line = R"({"type":"ADDED","object":{"kind":"PodGroup","x":{"y":"}"}}})";
  const auto frame = WatchFrameFromJson(line);
  ASSERT_TRUE(frame.ok()) << frame.error().ToString();
  EXPECT_EQ(frame->type, "ADDED");
  EXPECT_EQ(frame->object, R"({"kind":"PodGroup","x":{"y":"}"}})");
  EXPECT_GE(frame->object.data(), line.data());  // a view into the line
  EXPECT_LT(frame->object.data(), line.data() + line.size());
  EXPECT_EQ(WatchFrameFromJson(R"({"object":{}})").error().message, "watch event without a type");
  EXPECT_EQ(WatchFrameFromJson(R"({"type":"ADDED"})").error().message,
            "watch event without an object");
  EXPECT_FALSE(WatchFrameFromJson(R"({"type":"ADDED","object":{}} x)").ok());
  EXPECT_FALSE(WatchFrameFromJson(R"({"type":"ADDED","object":"text"})").ok());
}

TEST(Envelope, StatusOfAnError) {
  const std::string raw = Proto()
                              .Message(1, Proto())
                              .Text(2, "Failure")
                              .Text(3, "too old resource version: 5 (9)")
                              .Text(4, "Expired")
                              .Message(5, Proto().Text(3, "pods").Int(5, 7))
                              .Int(6, 410)
                              .bytes();
  const std::string json = R"json({"kind":"Status","metadata":{},"status":"Failure","code":410,
      "reason":"Expired","message":"too old resource version: 5 (9)",
      "details":{"kind":"pods","retryAfterSeconds":7}})json";
  for (const auto& status : {StatusFromProto(raw), StatusFromJson(json)}) {
    ASSERT_TRUE(status.ok()) << status.error().ToString();
    EXPECT_EQ(status->code, 410);
    EXPECT_EQ(status->reason, "Expired");
    EXPECT_EQ(status->message, "too old resource version: 5 (9)");
    EXPECT_EQ(status->retry_after_seconds, 7);
  }
  EXPECT_EQ(StatusFromProto("")->code, 0);
  EXPECT_EQ(StatusFromJson("{}")->code, 0);
  EXPECT_FALSE(StatusFromJson("<html>").ok());
}

TEST(Envelope, Bookmarks) {
  const Proto plain = Proto().Text(6, "77");
  Proto last = plain;
  last.Entry(12, "k8s.io/initial-events-end", "true");
  const auto middle = BookmarkFromProto(Proto().Message(1, plain).bytes());
  const auto end = BookmarkFromProto(Proto().Message(1, last).bytes());
  ASSERT_TRUE(middle.ok() && end.ok());
  EXPECT_EQ(middle->resource_version, "77");
  EXPECT_FALSE(middle->initial_events_end);
  EXPECT_TRUE(end->initial_events_end);
  const auto json = BookmarkFromJson(
      R"({"metadata":{"resourceVersion":"77","annotations":{"k8s.io/initial-events-end":"true"}}})");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(json->resource_version, "77");
  EXPECT_TRUE(json->initial_events_end);
}

TEST(Envelope, MetaOfAnyObject) {
  const testing::PodSpec pod;
  for (const auto& meta :
       {MetaFromProto(testing::ToProto(pod)), MetaFromJson(testing::ToJson(pod))}) {
    ASSERT_TRUE(meta.ok());
    EXPECT_EQ(meta->ns + "/" + meta->name + "/" + meta->uid + "@" + meta->resource_version,
              "tenant-a/p0/u-p0@7");
  }
}

}  // namespace
}  // namespace fairlead::kube
