// Broken bytes: cut at every place, and changed at random. No decoder may crash, and cut JSON is
// never taken for whole.
#include <gtest/gtest.h>

#include <random>

#include "fairlead/kube/decode.h"
#include "tests/support/proto_builder.h"

namespace fairlead::kube {
namespace {

using testing::PodSpec;
using testing::Proto;

// A pod that uses every field that is read.
PodSpec FullPod() {
  PodSpec pod;
  pod.labels = {{"fairlead.dev/gang", "true"}, {"fairlead.dev/queue", "q"}};
  pod.annotations = {{"fairlead.dev/gang-size", "4"},
                     {"fairlead.dev/gpu-model", "A,B"},
                     {"fairlead.dev/gpu-assignment", "0,1"},
                     {"fairlead.dev/gpu-share", "0.5"}};
  pod.owners = {{"batch/v1", "Job", "j", "u", true}};
  pod.containers = {{{{"cpu", "1"}, {"nvidia.com/gpu", "1"}}, false, 80}};
  pod.init_containers = {{{{"memory", "1Gi"}}, true, 81}, {{{"example.com/a", "2"}}}};
  pod.overhead = {{"cpu", "10m"}};
  pod.pod_requests = {{"cpu", "2"}};
  pod.node_selector = {{"zone", "b"}};
  pod.tolerations = {{"k", "Equal", "v", "NoSchedule"}};
  pod.gates = {"gate"};
  pod.spread = {{.min_domains = 2,
                 .pods = testing::LabelSelectorSpec{{{"app", "a"}}},
                 .taints_policy = "Honor",
                 .match_keys = {"rev"}}};
  pod.volume_sources = {"emptyDir", "iscsi"};
  pod.claims = {"data", "+scratch"};
  pod.node_terms = {{{{"zone", "In", {"a", "b"}}}, {{"metadata.name", "NotIn", {"n-1"}}}}};
  pod.near = {{.pods = testing::LabelSelectorSpec{{{"app", "a"}}, {{"tier", "Exists"}}},
               .namespaces = {"other"},
               .namespace_labels = testing::LabelSelectorSpec{},
               .match_keys = {"rev"},
               .mismatch_keys = {"tenant"}}};
  pod.away = {{.topology = "host"}};
  pod.near_preferred = {{5, {.pods = testing::LabelSelectorSpec{{{"app", "a"}}, {}}}}};
  pod.away_preferred = {{100, {.namespace_labels = testing::LabelSelectorSpec{{{"a", "b"}}, {}}}}};
  pod.resource_claims = pod.scheduling_group = true;
  return pod;
}

// Each decoder on the same bytes; what they make of them is not asked.
void TryAllProto(std::string_view bytes) {
  ObjectMeta meta;
  (void)PodFromProto(bytes, {}, &meta).ok();
  (void)NodeFromProto(bytes, {}, &meta).ok();
  (void)JobFromProto(bytes, &meta).ok();
  (void)NamespaceFromProto(bytes, &meta).ok();
  (void)UnwrapProto(bytes).ok();
  (void)WatchFrameFromProto(bytes).ok();
  (void)StatusFromProto(bytes).ok();
  (void)BookmarkFromProto(bytes).ok();
  (void)MetaFromProto(bytes).ok();
  (void)ForEachItemProto(bytes, [](std::string_view) -> Status { return Ok{}; }).ok();
}

bool AnyJsonAccepts(std::string_view text) {
  ObjectMeta meta;
  bool any = PodFromJson(text, {}, &meta).ok();
  any = NodeFromJson(text, {}, &meta).ok() || any;
  any = JobFromJson(text, &meta).ok() || any;
  any = NamespaceFromJson(text, &meta).ok() || any;
  any = PodGroupFromJson(text, {}, &meta).ok() || any;
  any = VolumeClaimFromJson(text, &meta).ok() || any;
  any = VolumeFromJson(text, &meta).ok() || any;
  any = StorageClassFromJson(text, &meta).ok() || any;
  any = CsiNodeFromJson(text, &meta).ok() || any;
  any = WatchFrameFromJson(text).ok() || any;
  any = StatusFromJson(text).ok() || any;
  any = BookmarkFromJson(text).ok() || any;
  any = MetaFromJson(text).ok() || any;
  return ForEachItemJson(text, [](std::string_view) -> Status { return Ok{}; }).ok() || any;
}

// A copy on the heap of exactly this size, so that a sanitizer sees a read past the end.
class Exact {
 public:
  explicit Exact(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;
};

std::string Watch(const std::string& raw) {
  const std::string object =
      std::string("k8s\0", 4) + Proto().Message(1, Proto().Text(2, "Pod")).Text(2, raw).bytes();
  return Proto().Text(1, "ADDED").Message(2, Proto().Text(1, object)).bytes();
}

TEST(DecodeRobust, ProtobufCutAtEveryByte) {
  const std::string pod = testing::ToProto(FullPod());
  for (const std::string& whole : {pod, Watch(pod), Proto().Text(2, pod).Text(2, pod).bytes()}) {
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      TryAllProto(Exact(std::string_view(whole).substr(0, size)).view());
    }
  }
}

TEST(DecodeRobust, APodCutInsideAFieldIsAnError) {
  const std::string whole = testing::ToProto(FullPod());
  // The last field is status (tag, length, bytes): every cut inside it leaves a field that is
  // short.
  const std::size_t status = 2 + Proto().Text(1, "Pending").Text(4, "").bytes().size();
  for (std::size_t cut = 1; cut < status; ++cut) {
    const auto pod =
        PodFromProto(std::string_view(whole).substr(0, whole.size() - cut), {}, nullptr);
    ASSERT_FALSE(pod.ok()) << cut;
    EXPECT_TRUE(pod.error().message.starts_with("malformed protobuf Pod: "));
  }
}

TEST(DecodeRobust, JsonCutAtEveryByteIsAnError) {
  const std::string pod = testing::ToJson(FullPod());
  ASSERT_TRUE(AnyJsonAccepts(pod));
  for (std::size_t size = 0; size < pod.size(); ++size) {
    EXPECT_FALSE(AnyJsonAccepts(Exact(std::string_view(pod).substr(0, size)).view())) << size;
  }
}

// Changes a few bytes, cuts a piece out, or doubles one.
std::string Mutated(std::string bytes, std::mt19937_64* random) {
  const auto below = [random](std::size_t n) { return static_cast<std::size_t>((*random)() % n); };
  const std::size_t changes = 1 + below(4);
  for (std::size_t i = 0; i < changes && !bytes.empty(); ++i) {
    const std::size_t at = below(bytes.size());
    const std::size_t length = std::min<std::size_t>(1 + below(16), bytes.size() - at);
    switch (below(3)) {
      case 0:
        bytes[at] = static_cast<char>((*random)());
        break;
      case 1:
        bytes.erase(at, length);
        break;
      default:
        bytes.insert(at, bytes.substr(at, length));
    }
  }
  return bytes;
}

TEST(DecodeRobust, RandomChanges) {
  std::mt19937_64 random(20260101);  // fixed: a failure repeats
  const std::string proto = testing::ToProto(FullPod());
  const std::string watch = Watch(proto);
  const std::string json = testing::ToJson(FullPod());
  for (int i = 0; i < 5'000; ++i) {
    TryAllProto(Exact(Mutated(proto, &random)).view());
    TryAllProto(Exact(Mutated(watch, &random)).view());
    (void)AnyJsonAccepts(Exact(Mutated(json, &random)).view());
  }
}

TEST(DecodeRobust, FieldsOfAnotherWireTypeAreSkipped) {
  // Every field of a pod's metadata, spec and status as a varint.
  Proto numbers;
  for (std::uint32_t field = 1; field < 60; ++field) numbers.Int(field, 1);
  const auto pod = PodFromProto(Proto()
                                    .Message(1, Proto(numbers).Text(1, "p"))
                                    .Message(2, Proto(numbers).Text(19, "fairlead"))
                                    .Message(3, numbers)
                                    .bytes(),
                                {}, nullptr);
  ASSERT_TRUE(pod.ok()) << pod.error().ToString();
  EXPECT_EQ(pod->invalid, "");
  EXPECT_EQ(pod->node_name, "");
}

TEST(DecodeRobust, TimesOutOfRangeAreTheEpoch) {
  for (const std::int64_t seconds : {std::int64_t{-1}, std::int64_t{9'999'999'999'999}}) {
    PodSpec pod;
    pod.created_seconds = seconds;
    EXPECT_EQ(PodFromProto(testing::ToProto(pod), {}, nullptr)->created, Instant{});
  }
}

TEST(DecodeRobust, DeepNestingIsRefused) {
  std::string deep(100'000, '[');
  deep += std::string(100'000, ']');
  const std::string text = R"({"metadata":{"name":"x"},"spec":{"deep":)" + deep + "}}";
  (void)PodFromJson(text, {}, nullptr).ok();  // either way, without a deep stack
}

}  // namespace
}  // namespace fairlead::kube
