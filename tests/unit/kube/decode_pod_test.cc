// Pods from protobuf and from JSON: both must give the same value, whatever the pod.
#include <gtest/gtest.h>

#include "fairlead/kube/decode.h"
#include "tests/support/proto_builder.h"

namespace fairlead::kube {
namespace {

using testing::ContainerSpec;
using testing::Pairs;
using testing::PodSpec;

PodInfo FromProto(const PodSpec& pod, const TranslateOptions& options = {}) {
  Result<PodInfo> out = PodFromProto(testing::ToProto(pod), options, nullptr);
  EXPECT_TRUE(out.ok()) << out.error().ToString();
  return *out;
}

PodInfo FromJson(const PodSpec& pod, const TranslateOptions& options = {}) {
  Result<PodInfo> out = PodFromJson(testing::ToJson(pod), options, nullptr);
  EXPECT_TRUE(out.ok()) << out.error().ToString();
  return *out;
}

void ExpectSame(const PodInfo& a, const PodInfo& b) {
  EXPECT_EQ(a.ns, b.ns);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.uid, b.uid);
  EXPECT_EQ(a.created, b.created);
  EXPECT_EQ(a.ours, b.ours);
  EXPECT_EQ(a.deleting, b.deleting);
  EXPECT_EQ(a.gated, b.gated);
  EXPECT_EQ(a.phase, b.phase);
  EXPECT_EQ(a.status_reason, b.status_reason);
  EXPECT_EQ(a.node_name, b.node_name);
  EXPECT_EQ(a.gpu_devices, b.gpu_devices);
  EXPECT_EQ(a.gpu_grant, b.gpu_grant);
  EXPECT_EQ(a.shape, b.shape);
  EXPECT_EQ(a.priority, b.priority);
  EXPECT_EQ(a.gang, b.gang);
  EXPECT_EQ(a.gang_size, b.gang_size);
  EXPECT_EQ(a.queue, b.queue);
  EXPECT_EQ(a.user, b.user);
  EXPECT_EQ(a.invalid, b.invalid);
}

// Decodes by both ways, which must agree.
PodInfo Decode(const PodSpec& pod, const TranslateOptions& options = {}) {
  PodInfo out = FromProto(pod, options);
  ExpectSame(out, FromJson(pod, options));
  return out;
}

TEST(DecodePod, Identity) {
  PodSpec pod;
  pod.priority = -5;
  pod.service_account = "builder";
  pod.labels = {{"app", "x"}, {"fairlead.dev/queue", "research"}};
  const PodInfo out = Decode(pod);
  EXPECT_EQ(out.ns, "tenant-a");
  EXPECT_EQ(out.name, "p0");
  EXPECT_EQ(out.uid, "u-p0");
  EXPECT_EQ(out.created.ns, 1'767'225'600'000'000'000);
  EXPECT_TRUE(out.ours);
  EXPECT_FALSE(out.deleting);
  EXPECT_FALSE(out.gated);
  EXPECT_EQ(out.phase, PodPhase::kPending);
  EXPECT_EQ(out.priority, -5);
  EXPECT_EQ(out.user, "builder");
  EXPECT_EQ(out.queue, "research");
  EXPECT_EQ(out.gang, (GangKey{"tenant-a", GangKind::kSinglePod, "p0", "u-p0"}));
  EXPECT_EQ(out.invalid, "");
  EXPECT_EQ(out.shape.requests.milli_cpu, 1000);
  EXPECT_EQ(out.shape.requests.pods, 1);

  ObjectMeta meta;
  ASSERT_TRUE(PodFromProto(testing::ToProto(pod), {}, &meta).ok());
  EXPECT_EQ(meta.ns + "/" + meta.name + "/" + meta.uid + "@" + meta.resource_version,
            "tenant-a/p0/u-p0@7");
  meta = {};
  ASSERT_TRUE(PodFromJson(testing::ToJson(pod), {}, &meta).ok());
  EXPECT_EQ(meta.ns + "/" + meta.name + "/" + meta.uid + "@" + meta.resource_version,
            "tenant-a/p0/u-p0@7");
}

TEST(DecodePod, UserAnnotationComesBeforeServiceAccount) {
  PodSpec pod;
  pod.service_account = "builder";
  pod.annotations = {{"fairlead.dev/user", "ann"}};
  EXPECT_EQ(Decode(pod).user, "ann");
}

TEST(DecodePod, Phases) {
  const std::vector<std::pair<std::string, PodPhase>> cases = {
      {"", PodPhase::kPending},        {"Pending", PodPhase::kPending},
      {"Running", PodPhase::kRunning}, {"Succeeded", PodPhase::kSucceeded},
      {"Failed", PodPhase::kFailed},   {"Unknown", PodPhase::kUnknown},
      {"Odd", PodPhase::kUnknown},
  };
  for (const auto& [text, phase] : cases) {
    PodSpec pod;
    pod.phase = text;
    EXPECT_EQ(Decode(pod).phase, phase) << text;
  }
}

TEST(DecodePod, StateFields) {
  PodSpec pod;
  pod.deleting = true;
  pod.gates = {"kueue.x-k8s.io/admission"};
  pod.node_name = "n-1";
  pod.phase = "Failed";
  pod.reason = "OutOfcpu";
  const PodInfo out = Decode(pod);
  EXPECT_TRUE(out.deleting);
  EXPECT_TRUE(out.gated);
  EXPECT_EQ(out.node_name, "n-1");
  EXPECT_EQ(out.status_reason, "OutOfcpu");
}

TEST(DecodePod, SelectorsAndTolerations) {
  PodSpec pod;
  pod.node_selector = {{"zone", "b"}, {"arch", "amd64"}};
  pod.tolerations = {{"gpu", "", "yes", "NoSchedule"},
                     {"", "Exists", "", ""},
                     {"soft", "Equal", "", "PreferNoSchedule"},
                     {"out", "Exists", "", "NoExecute"}};
  const PodInfo out = Decode(pod);
  EXPECT_EQ(out.shape.node_selector, (Labels{{"arch", "amd64"}, {"zone", "b"}}));
  const std::vector<Toleration> expected = {
      {"gpu", TolerationOperator::kEqual, "yes", TaintEffect::kNoSchedule},
      {"", TolerationOperator::kExists, "", std::nullopt},
      {"soft", TolerationOperator::kEqual, "", TaintEffect::kPreferNoSchedule},
      {"out", TolerationOperator::kExists, "", TaintEffect::kNoExecute}};
  EXPECT_EQ(out.shape.tolerations, expected);
  EXPECT_EQ(out.invalid, "");
}

TEST(DecodePod, GpuModels) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"", {}},
      {"  ", {}},
      {"H100", {"H100"}},
      {"H100,A100", {"A100", "H100"}},
      {" H100 , A100 ,H100", {"A100", "H100"}},
  };
  for (const auto& [text, models] : cases) {
    PodSpec pod;
    pod.annotations = {{"fairlead.dev/gpu-model", text}};
    const PodInfo out = Decode(pod);
    EXPECT_EQ(out.shape.gpu_models, models) << text;
    EXPECT_EQ(out.invalid, "") << text;
  }
}

TEST(DecodePod, GpuAssignment) {
  const std::vector<std::pair<std::string, std::vector<std::int32_t>>> cases = {
      {"0", {0}},    {"5,0,1", {0, 1, 5}}, {"63", {63}}, {"64", {}},   {"0,0", {}},
      {"0,x,1", {}}, {"-1", {}},           {"", {}},     {"0, 1", {}}, {"1,", {}},
  };
  for (const auto& [text, devices] : cases) {
    PodSpec pod;
    pod.node_name = "n-1";
    pod.annotations = {{"fairlead.dev/gpu-assignment", text}};
    EXPECT_EQ(Decode(pod).gpu_devices, devices) << text;
  }
}

TEST(DecodePod, GpuAssignmentOfShares) {
  struct Case {
    std::string text;
    std::vector<std::int32_t> devices;
    GpuGrant grant;
  };
  for (const Case& c : std::vector<Case>{
           {"2:1/4", {2}, {1, 4}},
           {"3:2/4,1:2/4", {1, 3}, {2, 4}},
           {"0:1/1", {0}, {1, 1}},
           {"0:1/64", {0}, {1, 64}},
           {"0:1/65", {}, {}},
           {"0:0/4", {}, {}},
           {"0:5/4", {}, {}},
           {"0:1/4,1:2/4", {}, {}},
           {"0:1/4,1", {}, {}},
           {"0:1", {}, {}},
           {"0:1/", {}, {}},
           {":1/4", {}, {}},
       }) {
    PodSpec pod;
    pod.node_name = "n-1";
    pod.annotations = {{"fairlead.dev/gpu-assignment", c.text}};
    const PodInfo out = Decode(pod);
    EXPECT_EQ(out.gpu_devices, c.devices) << c.text;
    EXPECT_EQ(out.gpu_grant, c.grant) << c.text;
  }
}

TEST(DecodePod, SharesOfGpus) {
  constexpr std::int64_t kGib = std::int64_t{1} << 30;
  struct Case {
    Pairs annotations;
    GpuShare share;
    std::int32_t whole = 0;
  };
  const std::string own = "fairlead.dev/gpu-";
  for (const Case& c : std::vector<Case>{
           {{{own + "share", "0.25"}}, {1, 250'000, 0, ""}},
           {{{"gpu-fraction", "0.5"}}, {1, 500'000, 0, ""}},
           {{{own + "share", "0.25"}, {"gpu-fraction", "0.5"}}, {1, 250'000, 0, ""}},
           {{{own + "memory", "20Gi"}}, {1, 0, 20 * kGib, ""}},
           {{{"gpu-memory", "2048"}}, {1, 0, 2 * kGib, ""}},
           {{{own + "share", "0.1"}, {own + "memory", "1Gi"}}, {1, 100'000, kGib, ""}},
           {{{own + "share", "0.5"}, {own + "share-devices", "2"}}, {2, 500'000, 0, ""}},
           {{{own + "share", "0.5"}, {own + "share-class", "batch"}}, {1, 500'000, 0, "batch"}},
           {{{own + "share", "1"}}, {}, 1},
           {{{own + "share", "1.0"}, {own + "share-devices", "3"}}, {}, 3},
       }) {
    PodSpec pod;
    pod.annotations = c.annotations;
    const PodInfo out = Decode(pod);
    EXPECT_EQ(out.invalid, "");
    EXPECT_EQ(out.shape.gpu_share, c.share) << c.annotations.front().second;
    EXPECT_EQ(out.shape.requests.gpus, c.whole);
  }
}

TEST(DecodePod, RefusesSharesThatMakeNoSense) {
  const std::string own = "fairlead.dev/gpu-";
  const std::string number =
      "expected a number above 0 and up to 1 with at most 6 digits after the "
      "point";
  struct Case {
    Pairs annotations;
    std::string gpus;
    std::string invalid;
  };
  std::vector<Case> cases = {
      {{{"gpu-fraction", "2"}}, "", "annotation gpu-fraction: \"2\": " + number},
      {{{own + "memory", "0"}},
       "",
       "annotation fairlead.dev/gpu-memory: \"0\": expected an amount above 0, such as 20Gi"},
      {{{own + "memory", "much"}},
       "",
       "annotation fairlead.dev/gpu-memory: \"much\": expected an amount above 0, such as 20Gi"},
      {{{"gpu-memory", "20Gi"}},
       "",
       "annotation gpu-memory: \"20Gi\": expected a whole number of MiB above 0"},
      {{{own + "share", "0.5"}, {own + "share-devices", "0"}},
       "",
       "annotation fairlead.dev/gpu-share-devices: \"0\": expected a whole number from 1 to 64"},
      {{{own + "share", "0.5"}, {own + "share-class", ""}},
       "",
       "annotation fairlead.dev/gpu-share-class: \"\": expected a name of 1 to 63 characters"},
      {{{own + "share-devices", "2"}},
       "",
       "annotation fairlead.dev/gpu-share-devices: no share is asked for; expected annotation "
       "fairlead.dev/gpu-share or fairlead.dev/gpu-memory beside it"},
      {{{own + "share", "0.5"}},
       "2",
       "annotation fairlead.dev/gpu-share: the pod also asks for 2 whole GPUs; expected one of the "
       "two"},
      {{{own + "share", "1"}, {own + "memory", "1Gi"}},
       "",
       "annotation fairlead.dev/gpu-share: a share of 1 is a whole GPU with all its memory; "
       "expected a share below 1, or no memory"},
  };
  for (const std::string text : {"0", "1.5", "-1", "half", "", "0.1234567", "NaN"}) {
    cases.push_back({{{own + "share", text}},
                     "",
                     "annotation fairlead.dev/gpu-share: \"" + text + "\": " + number});
  }
  for (const Case& c : cases) {
    PodSpec pod;
    pod.annotations = c.annotations;
    if (!c.gpus.empty()) pod.containers = {{{{"nvidia.com/gpu", c.gpus}}}};
    const PodInfo out = Decode(pod);
    EXPECT_EQ(out.invalid, c.invalid);
    EXPECT_EQ(out.shape.gpu_share, GpuShare{});
  }
}

TEST(DecodePod, SchedulerNames) {
  TranslateOptions options;
  options.scheduler_names = {"fairlead", "fairlead-canary"};
  PodSpec pod;
  pod.scheduler_name = "fairlead-canary";
  EXPECT_TRUE(Decode(pod, options).ours);
  EXPECT_FALSE(Decode(pod).ours);
  pod.scheduler_name = "default-scheduler";
  EXPECT_FALSE(Decode(pod, options).ours);
}

TEST(DecodePod, ForeignPodsAreRoomOnly) {
  PodSpec pod;
  pod.scheduler_name = "default-scheduler";
  pod.node_name = "n-1";
  pod.containers = {{{{"cpu", "1500m"}, {"nvidia.com/gpu", "2"}}}};
  pod.labels = {{"fairlead.dev/gang", "g"}};  // no size: would be refused if it were ours
  pod.node_terms.emplace();
  pod.deleting = true;
  const PodInfo bound = Decode(pod);
  EXPECT_FALSE(bound.ours);
  EXPECT_TRUE(bound.deleting);
  EXPECT_EQ(bound.node_name, "n-1");
  EXPECT_EQ(bound.shape.requests.milli_cpu, 1500);
  EXPECT_EQ(bound.shape.requests.gpus, 2);
  EXPECT_EQ(bound.invalid, "");
  // Unbound it takes no room, and nothing more is read.
  pod.node_name = "";
  EXPECT_EQ(Decode(pod).shape, PodShape{});
}

TEST(DecodePod, NameIsRequired) {
  PodSpec pod;
  pod.name = "";
  EXPECT_EQ(PodFromProto(testing::ToProto(pod), {}, nullptr).error().message,
            "pod without metadata.name");
  EXPECT_EQ(PodFromJson("{}", {}, nullptr).error().message, "pod without metadata.name");
}

TEST(DecodePod, JsonTypeErrorsNameTheField) {
  const Result<PodInfo> out =
      PodFromJson(R"({"spec":{"containers":[{},{"ports":[{"hostPort":"x"}]}]}})", {}, nullptr);
  ASSERT_FALSE(out.ok());
  EXPECT_TRUE(
      out.error().message.starts_with("malformed JSON Pod: spec.containers.1.ports.0.hostPort: "))
      << out.error().message;
}

TEST(DecodePod, JsonTakesNumbersAsQuantitiesAndNullAsAbsent) {
  const Result<PodInfo> out = PodFromJson(
      R"({"metadata":{"name":"p","labels":null,"creationTimestamp":null},
          "spec":{"schedulerName":"fairlead","affinity":null,"containers":[
            {"resources":{"requests":{"cpu": 0.5 , "memory": 1000}}}]},"status":null})",
      {}, nullptr);
  ASSERT_TRUE(out.ok()) << out.error().ToString();
  EXPECT_EQ(out->shape.requests.milli_cpu, 500);
  EXPECT_EQ(out->shape.requests.memory_bytes, 1000);
  EXPECT_EQ(out->invalid, "");
}

TEST(DecodePod, JsonUnescapesKeysAndValues) {
  const Result<PodInfo> out = PodFromJson(
      R"({"metadata":{"n\u0061me":"p\u0030","annotations":{"fairlead.dev\/user":"\"a\""}},
          "spec":{"schedulerName":"fairlead"}})",
      {}, nullptr);
  ASSERT_TRUE(out.ok()) << out.error().ToString();
  EXPECT_EQ(out->name, "p0");
  EXPECT_EQ(out->user, "\"a\"");
}

}  // namespace
}  // namespace fairlead::kube
