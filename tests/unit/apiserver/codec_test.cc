// The fixtures are answers of kube-apiserver 1.20.2 to the same GET, once as JSON and once as
// protobuf.
#include "scheduler/apiserver/codec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace fairlead::apiserver {
namespace {

std::string ReadFixture(const std::string& name) {
  std::ifstream file(std::string(FAIRLEAD_SOURCE_DIR) + "/tests/data/apiserver/" + name,
                     std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

json::object Json(const std::string& text) {
  json::value value;
  std::string why;
  EXPECT_TRUE(ParseJson(text, &value, &why)) << why << " in " << text;
  return value.is_object() ? value.get_object() : json::object();
}

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

struct Fixture {
  std::string file, group, version, kind;
};
const Fixture kFixtures[] = {
    {"pod", "", "v1", "Pod"},
    {"node", "", "v1", "Node"},
    {"ev", "", "v1", "Event"},
    {"lease", "coordination.k8s.io", "v1", "Lease"},
    {"pdbs", "policy", "v1beta1", "PodDisruptionBudgetList"},
};

TEST(Codec, BothWaysAsTheRealServer) {
  for (const Fixture& fixture : kFixtures) {
    SCOPED_TRACE(fixture.file);
    const Message* message = FindMessage(fixture.group, fixture.version, fixture.kind);
    ASSERT_NE(message, nullptr);
    const json::object object = Json(ReadFixture(fixture.file + ".json"));
    const std::string bytes = ReadFixture(fixture.file + ".pb");
    EXPECT_EQ(Hex(EncodeUnknown(*message, object)), Hex(bytes));

    const Answer<UnknownView> unknown = ParseUnknown(bytes);
    ASSERT_TRUE(unknown.ok());
    Answer<json::object> decoded = DecodeMessage(*message, unknown->raw);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    (*decoded)["apiVersion"] = Str(unknown->api_version);
    (*decoded)["kind"] = Str(unknown->kind);
    ASSERT_TRUE(Prune(*message, Profile::k120, &*decoded).ok());
    EXPECT_EQ(json::serialize(*decoded), json::serialize(object));

    json::object pruned = object;
    ASSERT_TRUE(Prune(*message, Profile::k120, &pruned).ok());
    EXPECT_EQ(json::serialize(pruned), json::serialize(object)) << "already in stored form";
  }
}

TEST(Codec, NewFieldsSurviveTheWay) {
  const json::object object = Json(
      R"({"metadata":{"name":"a","creationTimestamp":null},"spec":{"containers":[{"name":"c",)"
      R"("resources":{"claims":[{"name":"gpu"}]},"lifecycle":{"preStop":{"sleep":{"seconds":5}}},)"
      R"("restartPolicy":"Always"}],"priority":-7,"os":{"name":"linux"},"hostUsers":false,)"
      R"("schedulingGates":[{"name":"g"}],"schedulingGroup":{"podGroupName":"p"}},)"
      R"("status":{"conditions":[{"type":"Ready","status":"True","lastProbeTime":null,)"
      R"("lastTransitionTime":"2026-01-01T00:00:00Z","observedGeneration":3}]}})");
  const Message* pod = FindMessage("", "v1", "Pod");
  Answer<json::object> decoded = DecodeMessage(*pod, EncodeMessage(*pod, object));
  ASSERT_TRUE(decoded.ok());
  json::object current = *decoded;
  ASSERT_TRUE(Prune(*pod, Profile::kCurrent, &current).ok());
  EXPECT_EQ(json::serialize(current), json::serialize(object));
  ASSERT_TRUE(Prune(*pod, Profile::k120, &*decoded).ok());
  EXPECT_EQ(json::serialize(*decoded).find("schedulingGates"), std::string::npos);
}

TEST(Codec, MapsAreWrittenInTheOrderOfTheirKeys) {
  const Message* meta = MessageNamed("meta.v1.ObjectMeta");
  EXPECT_EQ(EncodeMessage(*meta, Json(R"({"labels":{"b":"2","a":"1","c":"3"}})")),
            EncodeMessage(*meta, Json(R"({"labels":{"a":"1","b":"2","c":"3"}})")));
}

TEST(Codec, MembersMayComeInAnyOrderAndBeUnknown) {
  const Message* taint = MessageNamed("core.v1.Taint");
  const std::string want = "0a016b1201611a0a4e6f5363686564756c65";
  EXPECT_EQ(Hex(EncodeMessage(*taint, Json(R"({"key":"k","value":"a","effect":"NoSchedule"})"))),
            want);
  EXPECT_EQ(
      Hex(EncodeMessage(*taint, Json(R"({"effect":"NoSchedule","x":{},"value":"a","key":"k"})"))),
      want);
}

TEST(Codec, ValuesOfTheWrongTypeAreZero) {
  const Message* taint = MessageNamed("core.v1.Taint");
  EXPECT_EQ(Hex(EncodeMessage(*taint, Json(R"({"key":5,"value":[],"effect":null})"))),
            "0a0012001a00");
}

TEST(Codec, LaterValuesWin) {
  const Message* taint = MessageNamed("core.v1.Taint");
  const Answer<json::object> decoded =
      DecodeMessage(*taint, std::string_view("\x0a\x01k\x12\x01v\x0a\x01m\x12\x00", 11));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(json::serialize(*decoded), R"({"key":"m"})");
}

TEST(Codec, PackedNumbersAreUnderstood) {
  const Message* message = MessageNamed("core.v1.PodSecurityContext");
  const Answer<json::object> decoded =
      DecodeMessage(*message, std::string_view("\x22\x02\x01\x02\x20\x03", 6));
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(json::serialize(*decoded), R"({"supplementalGroups":[1,2,3]})");
}

TEST(Codec, TextThatIsNoUtf8IsReplaced) {
  const Message* taint = MessageNamed("core.v1.Taint");
  const std::pair<std::string, std::string> kCases[] = {
      {"a\xff", "a\uFFFD"},
      {"\xc0\x80x", "\uFFFD\uFFFDx"},
      {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
      {"\xe2\x82", "\uFFFD\uFFFD"},
      {"\xf0\x9f\x98\x80\xc3\xa9", "\U0001F600\u00E9"},
  };
  for (const auto& [bytes, want] : kCases) {
    const Answer<json::object> decoded =
        DecodeMessage(*taint, std::string("\x0a") + static_cast<char>(bytes.size()) + bytes);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(GetString(*decoded, {"key"}), want);
  }
}

TEST(Codec, BytesThatDoNotFitAreRefused) {
  const Message* pod = FindMessage("", "v1", "Pod");
  const std::string prefix = "Pod in version \"v1\" cannot be handled as a Pod: ";
  const std::pair<std::string_view, std::string> kCases[] = {
      {"\x0a\x05", "unexpected EOF"},
      {"\x08\x01", "proto: wrong wireType = 0 for field ObjectMeta"},
      {{"\x0a\x02\x08\x01", 4}, "proto: wrong wireType = 0 for field Name"},
      {"\x0a\x04\x42\x02\x08\xff", "unexpected EOF"},
  };
  for (const auto& [bytes, want] : kCases) {
    const Answer<json::object> decoded = DecodeMessage(*pod, bytes);
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.error().code, 400);
    EXPECT_EQ(decoded.error().message, prefix + want);
  }
}

TEST(Codec, EveryCutOfAPodIsHandled) {
  const std::string bytes = ReadFixture("pod.pb");
  const Message* pod = FindMessage("", "v1", "Pod");
  const Answer<UnknownView> whole = ParseUnknown(bytes);
  ASSERT_TRUE(whole.ok());
  int refused = 0;
  for (std::size_t size = 0; size < whole->raw.size(); ++size) {
    refused += DecodeMessage(*pod, whole->raw.substr(0, size)).ok() ? 0 : 1;
  }
  // Only cuts between the three members and before the first of them leave a message.
  EXPECT_EQ(refused, static_cast<int>(whole->raw.size()) - 3);
}

TEST(Codec, UnknownNamesWhatItHolds) {
  const std::string bytes = WrapUnknown("v1", "Pod", "\x0a\x00");
  EXPECT_EQ(Hex(bytes),
            "6b387300"
            "0a090a0276311203506f64"
            "1201"
            "0a"
            "1a002200");
  const Answer<UnknownView> unknown = ParseUnknown(bytes);
  ASSERT_TRUE(unknown.ok());
  EXPECT_EQ(unknown->api_version, "v1");
  EXPECT_EQ(unknown->kind, "Pod");
  EXPECT_EQ(unknown->raw, "\x0a");

  const std::pair<std::string, std::string> kBad[] = {
      {"", "empty data"},
      {"{}",
       "provided data does not appear to be a protobuf message, expected prefix "
       "[107 56 115 0]"},
      {std::string("k8s\0", 4), "empty body"},
      {std::string("k8s\0\x0a", 5), "unexpected EOF"},
  };
  for (const auto& [text, want] : kBad) {
    const Answer<UnknownView> parsed = ParseUnknown(text);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().message, want);
  }
}

TEST(Codec, UnrecognizedBodiesAreShown) {
  const std::string prefix = "the object provided is unrecognized (must be of type Pod): why ";
  EXPECT_EQ(Unrecognized("Pod", "why", "").message, prefix + "(<empty>)");
  EXPECT_EQ(Unrecognized("Pod", "why", std::string_view("k\xff\0", 3)).message,
            prefix + "(6bff00)");
  EXPECT_EQ(Unrecognized("Pod", "why", "{}").message, prefix + "({})");
  EXPECT_EQ(Unrecognized("Pod", "why", std::string(31, 'a')).message,
            prefix + "(616161616161616161616161616161616161616161616161616161616161 ...)");
}

TEST(Codec, FramesAndListsHoldWhatWasEncoded) {
  std::string frame = "x";
  AppendWatchFrame("ADDED", "abc", &frame);
  // WatchEvent{1 "ADDED", 2 RawExtension{1 "abc"}}: 7 + 2 + 5 bytes.
  EXPECT_EQ(Hex(frame),
            "78"
            "0000000e"
            "0a054144444544"
            "12050a03616263");

  const json::object meta = Json(R"({"resourceVersion":"7"})");
  EXPECT_EQ(Hex(EncodeList(meta, {"ab", "c"})),
            "0a070a001201371a00"
            "12026162"
            "120163");
}

}  // namespace
}  // namespace fairlead::apiserver
