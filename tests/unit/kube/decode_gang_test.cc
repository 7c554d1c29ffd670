// Own keys: gangs, sizes, and every text by which a pod is refused.
#include <gtest/gtest.h>

#include <functional>

#include "fairlead/kube/decode.h"
#include "tests/support/proto_builder.h"

namespace fairlead::kube {
namespace {

using testing::ContainerSpec;
using testing::OwnerSpec;
using testing::Pairs;
using testing::PodSpec;

// By both ways, which must agree.
PodInfo Decode(const PodSpec& pod, const TranslateOptions& options = {}) {
  Result<PodInfo> out = PodFromProto(testing::ToProto(pod), options, nullptr);
  Result<PodInfo> json = PodFromJson(testing::ToJson(pod), options, nullptr);
  EXPECT_TRUE(out.ok() && json.ok());
  EXPECT_EQ(out->gang, json->gang);
  EXPECT_EQ(out->gang_size, json->gang_size);
  EXPECT_EQ(out->invalid, json->invalid);
  return *out;
}

const OwnerSpec kJob = {"batch/v1", "Job", "train", "u-job", true};

struct GangCase {
  Pairs labels, annotations;
  std::vector<OwnerSpec> owners;
  GangKey key;
  std::optional<std::int64_t> size;
  std::string invalid;
};

GangKey Single() { return {"tenant-a", GangKind::kSinglePod, "p0", "u-p0"}; }
GangKey Of(GangKind kind, const std::string& name, const std::string& uid = "") {
  return {"tenant-a", kind, name, uid};
}

const std::string kNoJob =
    "label fairlead.dev/gang: \"true\" stands for the owning Job, but no Job controls this pod; "
    "expected the name of a gang";

std::vector<GangCase> GangCases() {
  const Pairs gang = {{"fairlead.dev/gang", "g1"}};
  const Pairs job_gang = {{"fairlead.dev/gang", "true"}};
  const Pairs pod_group = {{"scheduling.x-k8s.io/pod-group", "pg"}};
  const Pairs four = {{"fairlead.dev/gang-size", "4"}};
  const auto size_error = [](const std::string& text) {
    return "annotation fairlead.dev/gang-size: \"" + text +
           "\" is not a whole number from 1 to 10000";
  };
  std::vector<GangCase> cases = {
      {{}, {}, {}, Single(), std::nullopt, ""},
      {{}, {}, {kJob}, Single(), std::nullopt, ""},
      {gang, four, {}, Of(GangKind::kLabel, "g1"), 4, ""},
      {gang, four, {kJob}, Of(GangKind::kLabel, "g1"), 4, ""},
      {job_gang, {}, {kJob}, Of(GangKind::kJob, "train", "u-job"), std::nullopt, ""},
      {job_gang, four, {kJob}, Of(GangKind::kJob, "train", "u-job"), 4, ""},
      {job_gang, four, {}, Single(), 4, kNoJob},
      {pod_group, {}, {}, Of(GangKind::kPodGroup, "pg"), std::nullopt, ""},
      {pod_group, four, {}, Of(GangKind::kPodGroup, "pg"), 4, ""},
      {{{"scheduling.x-k8s.io/pod-group", ""}}, {}, {}, Single(), std::nullopt, ""},
      // Our own label comes before the dialect's.
      {{gang[0], pod_group[0]}, four, {}, Of(GangKind::kLabel, "g1"), 4, ""},
      {gang,
       {},
       {},
       Of(GangKind::kLabel, "g1"),
       std::nullopt,
       "annotation fairlead.dev/gang-size: missing; a gang named by label fairlead.dev/gang needs "
       "it (a whole number from 1 to 10000)"},
      {{{"fairlead.dev/gang", ""}},
       four,
       {},
       Single(),
       4,
       "label fairlead.dev/gang: is empty; expected the name of a gang, or \"true\""},
      {{},
       four,
       {},
       Single(),
       4,
       "annotation fairlead.dev/gang-size: 4 pods, but no gang is named; expected label "
       "fairlead.dev/gang"},
      {{}, {{"fairlead.dev/gang-size", "1"}}, {}, Single(), 1, ""},
      {gang, {{"fairlead.dev/gang-size", "10000"}}, {}, Of(GangKind::kLabel, "g1"), 10'000, ""},
  };
  for (const OwnerSpec& owner : std::vector<OwnerSpec>{{"batch/v1", "Job", "j", "u", false},
                                                       {"apps/v1", "Job", "j", "u", true},
                                                       {"batch/v1", "CronJob", "j", "u", true}}) {
    cases.push_back({job_gang, {}, {owner}, Single(), std::nullopt, kNoJob});
  }
  for (const std::string text :
       {"abc", "", "0", "-1", "10001", "4.0", " 4", "99999999999999999999"}) {
    cases.push_back({gang,
                     {{"fairlead.dev/gang-size", text}},
                     {},
                     Of(GangKind::kLabel, "g1"),
                     std::nullopt,
                     size_error(text)});
  }
  return cases;
}

TEST(DecodeGang, KeysAndSizes) {
  for (const GangCase& c : GangCases()) {
    PodSpec pod;
    pod.labels = c.labels;
    pod.annotations = c.annotations;
    pod.owners = c.owners;
    const PodInfo out = Decode(pod);
    EXPECT_EQ(out.invalid, c.invalid);
    EXPECT_EQ(out.gang, c.key) << c.invalid << " got " << out.gang.name;
    EXPECT_EQ(out.gang_size, c.size) << c.invalid;
  }
}

TEST(DecodeGang, LargestSizeIsConfigured) {
  TranslateOptions options;
  options.max_gang_size = 8;
  PodSpec pod;
  pod.labels = {{"fairlead.dev/gang", "g"}};
  pod.annotations = {{"fairlead.dev/gang-size", "9"}};
  EXPECT_EQ(Decode(pod, options).invalid,
            "annotation fairlead.dev/gang-size: \"9\" is not a whole number from 1 to 8");
}

struct TermsCase {
  Pairs labels;
  Pairs annotations;  // beside the size, 9
  std::string invalid;
  GangTerms terms;
};

std::vector<TermsCase> TermsCases() {
  const Pairs worker = {{"fairlead.dev/gang", "g"}, {"fairlead.dev/gang-role", "worker"}};
  const Pairs plain = {{"fairlead.dev/gang", "g"}};
  const auto roles = [](const std::string& text) {
    return Pairs{{"fairlead.dev/gang-roles", text}};
  };
  const auto refused = [](const std::string& text) {
    return "annotation fairlead.dev/gang-roles: \"" + text +
           "\": expected up to 64 names, each once and with the number of members that it needs, "
           "together up to 10000, such as launcher=1,worker=8";
  };
  std::vector<TermsCase> cases = {
      {worker, roles("worker=8,launcher=1"), "", {{{"launcher", 1}, {"worker", 8}}, {}, {}, {}}},
      {worker, roles("worker=0"), "", {{{"worker", 0}}, {}, {}, {}}},
      {plain, roles("a=1"), "label fairlead.dev/gang-role: missing; expected one of a", {}},
      {worker,
       roles("a=1,b=1"),
       "label fairlead.dev/gang-role: \"worker\"; expected one of a, b",
       {}},
      {worker,
       roles("worker=10"),
       "annotation fairlead.dev/gang-size: 9; expected at least the 10 members that the roles need",
       {}},
      {plain, {{"fairlead.dev/gang-max", "9"}}, "", {{}, 9, {}, {}}},
      {plain,
       {{"fairlead.dev/gang-max", "8"}},
       "annotation fairlead.dev/gang-max: \"8\" is not a whole number from 9 to 10000",
       {}},
      {plain, {{"fairlead.dev/start-timeout", "1h30m"}}, "", {{}, {}, Duration::Seconds(5400), {}}},
      {plain,
       {{"fairlead.dev/start-timeout", "never"}},
       "annotation fairlead.dev/start-timeout: \"never\": expected a time above 0 such as 90s or "
       "1h30m",
       {}},
      {plain, {{"fairlead.dev/stale-grace", "never"}}, "", {{}, {}, {}, Duration{}}},
      {plain,
       {{"fairlead.dev/stale-grace", "0s"}},
       "annotation fairlead.dev/stale-grace: \"0s\": expected a time above 0 such as 90s or 1h30m, "
       "or "
       "never",
       {}},
  };
  for (const char* text : {"", "worker", "worker=", "=1", "worker=-1", "worker=1,worker=2",
                           "worker=1,", "worker=10001", "worker=9999,launcher=2", "worker=1.5"}) {
    cases.push_back({worker, roles(text), refused(text), {}});
  }
  return cases;
}

TEST(DecodeGang, TermsBesideTheSize) {
  for (const TermsCase& c : TermsCases()) {
    PodSpec pod;
    pod.labels = c.labels;
    pod.annotations = c.annotations;
    pod.annotations.emplace_back("fairlead.dev/gang-size", "9");
    const PodInfo out = Decode(pod);
    EXPECT_EQ(out.invalid, c.invalid);
    if (!c.invalid.empty()) continue;
    EXPECT_EQ(out.gang_terms, c.terms) << c.annotations.front().second;
  }
}

TEST(DecodeGang, RolesStandForTheSize) {
  PodSpec pod;
  pod.labels = {{"fairlead.dev/gang", "g"}, {"fairlead.dev/gang-role", "worker"}};
  pod.annotations = {{"fairlead.dev/gang-roles", "worker=3"}};
  EXPECT_EQ(Decode(pod).invalid, "");
  EXPECT_EQ(Decode(pod).gang_role, "worker");
  pod.labels = {{"fairlead.dev/gang-role", "worker"}};
  EXPECT_EQ(
      Decode(pod).invalid,
      "annotation fairlead.dev/gang-roles: no gang is named; expected label fairlead.dev/gang");
}

struct Refusal {
  std::function<void(PodSpec*)> change;
  std::string text;
};

std::vector<Refusal> SpecRefusals() {
  return {
      {[](PodSpec* p) {
         p->volume_sources = {"emptyDir", "rbd", "iscsi"};
       },
       "spec.volumes[1].rbd: not supported yet"},
      {[](PodSpec* p) { p->volume_sources = {"persistentVolumeClaim"}; },
       "spec.volumes: volume \"v\": persistentVolumeClaim.claimName: expected a name"},
      {[](PodSpec* p) { p->volume_sources = {"gcePersistentDisk"}; },
       "spec.volumes[0].gcePersistentDisk: not supported yet"},
      {[](PodSpec* p) { p->volume_sources = {"awsElasticBlockStore"}; },
       "spec.volumes[0].awsElasticBlockStore: not supported yet"},
      {[](PodSpec* p) { p->volume_sources = {"iscsi"}; },
       "spec.volumes[0].iscsi: not supported yet"},
      {[](PodSpec* p) { p->volume_sources = {"rbd"}; }, "spec.volumes[0].rbd: not supported yet"},
      {[](PodSpec* p) { p->volume_sources = {"cinder"}; },
       "spec.volumes[0].cinder: not supported yet"},
      {[](PodSpec* p) { p->volume_sources = {"vsphereVolume"}; },
       "spec.volumes[0].vsphereVolume: not supported yet"},
      {[](PodSpec* p) { p->volume_sources = {"azureDisk"}; },
       "spec.volumes[0].azureDisk: not supported yet"},
      {[](PodSpec* p) { p->resource_claims = true; }, "spec.resourceClaims: not supported yet"},
      {[](PodSpec* p) { p->scheduling_group = true; }, "spec.schedulingGroup: not supported yet"},
      {[](PodSpec* p) {
         p->tolerations = {{"k", "Exists", "", ""}, {"k", "Gt", "5", ""}};
       },
       "spec.tolerations[1].operator: Gt: not supported yet"},
      {[](PodSpec* p) {
         p->tolerations = {{"k", "Exists", "", "Sometimes"}};
       },
       "spec.tolerations[0].effect: Sometimes: not supported yet"},
      {[](PodSpec* p) {
         p->annotations = {{"fairlead.dev/gpu-model", "H100,"}};
       },
       "annotation fairlead.dev/gpu-model: \"H100,\" has an empty name; expected models separated "
       "by commas"},
      {[](PodSpec* p) {
         p->annotations = {{"fairlead.dev/topology-required", ""}};
       },
       "annotation fairlead.dev/topology-required: is empty; expected the name of a topology "
       "level"},
      {[](PodSpec* p) {
         p->annotations = {{"fairlead.dev/topology-required", "rack"},
                           {"fairlead.dev/topology-preferred", ""}};
       },
       "annotation fairlead.dev/topology-preferred: is empty; expected the name of a topology "
       "level"},
      {[](PodSpec* p) {
         p->labels = {{"fairlead.dev/gang-role", "worker"}};
       },
       "label fairlead.dev/gang-role: \"worker\", but there are no roles; expected annotation "
       "fairlead.dev/gang-roles"},
  };
}

std::vector<Refusal> AllRefusals() {
  std::vector<Refusal> all = SpecRefusals();
  all.push_back({[](PodSpec* p) {
                   p->annotations = {{"fairlead.dev/topology-segment", "rack"}};
                 },
                 "annotation fairlead.dev/topology-segment: not supported yet"});
  return all;
}

TEST(DecodeRefusals, PendingPodsOfOurs) {
  for (const Refusal& refusal : AllRefusals()) {
    PodSpec pod;
    refusal.change(&pod);
    EXPECT_EQ(Decode(pod).invalid, refusal.text);
  }
}

TEST(DecodeRefusals, NotOncePlacedNotOfOthersNotWhenGone) {
  for (const Refusal& refusal : AllRefusals()) {
    PodSpec pod;
    refusal.change(&pod);
    PodSpec bound = pod;
    bound.node_name = "n-1";
    EXPECT_EQ(Decode(bound).invalid, "") << refusal.text;
    PodSpec foreign = pod;
    foreign.scheduler_name = "default-scheduler";
    EXPECT_EQ(Decode(foreign).invalid, "") << refusal.text;
    PodSpec done = pod;
    done.phase = "Succeeded";
    EXPECT_EQ(Decode(done).invalid, "") << refusal.text;
    PodSpec going = pod;
    going.deleting = true;
    EXPECT_EQ(Decode(going).invalid, "") << refusal.text;
  }
}

TEST(DecodeRefusals, TheFirstInOrderIsNamed) {
  PodSpec pod;
  pod.annotations = {{"gpu-memory", "x"},
                     {"fairlead.dev/gang-max", "x"},
                     {"fairlead.dev/topology-segment", "rack"},
                     {"fairlead.dev/gang-size", "x"}};
  EXPECT_EQ(Decode(pod).invalid, "annotation fairlead.dev/topology-segment: not supported yet");
  pod.scheduling_group = true;
  EXPECT_EQ(Decode(pod).invalid, "spec.schedulingGroup: not supported yet");
  pod.containers = {{{{"cpu", "x"}}}};
  EXPECT_TRUE(Decode(pod).invalid.starts_with("spec.containers[0]"));
}

TEST(DecodeKeys, LevelsOfTheTopology) {
  PodSpec pod;
  pod.annotations = {{"fairlead.dev/topology-required", "zone"},
                     {"fairlead.dev/topology-preferred", "rack"}};
  const PodInfo read = Decode(pod);
  EXPECT_EQ(read.shape.topology_required, "zone");
  EXPECT_EQ(read.shape.topology_preferred, "rack");
  EXPECT_EQ(read.invalid, "");
}

TEST(DecodeRefusals, WhatOnlyPrefersOrDoesNotMatterIsFine) {
  PodSpec pod;
  pod.near_preferred = {{1, {}}};
  pod.away_preferred = {{100, {}}};
  pod.claims = {"data"};
  pod.spread = {{"ScheduleAnyway"}};
  pod.volume_sources = {"hostPath",    "emptyDir",  "secret",   "nfs",
                        "downwardAPI", "configMap", "projected"};
  pod.init_containers = {{{}, false, 8080}};  // ends before the containers start
  pod.labels = {{"app", "x"}, {"fairlead.dev/queue", "q"}, {"gpu-memory", "not ours"}};
  for (const std::string key : {"topology-preferred", "max-runtime", "preemptible", "checkpoint-at",
                                "restart-cost", "decision"}) {
    pod.annotations.emplace_back("fairlead.dev/" + key, "x");
  }
  EXPECT_EQ(Decode(pod).invalid, "");
}

}  // namespace
}  // namespace fairlead::kube
