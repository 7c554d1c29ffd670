// What a pod requests. Expected sums are derived beside each case.
#include <gtest/gtest.h>

#include "fairlead/kube/decode.h"
#include "tests/support/proto_builder.h"

namespace fairlead::kube {
namespace {

using testing::ContainerSpec;
using testing::Pairs;
using testing::PodSpec;

PodInfo Decode(const PodSpec& pod, const TranslateOptions& options = {}) {
  Result<PodInfo> out = PodFromProto(testing::ToProto(pod), options, nullptr);
  Result<PodInfo> json = PodFromJson(testing::ToJson(pod), options, nullptr);
  EXPECT_TRUE(out.ok() && json.ok());
  EXPECT_EQ(out->shape, json->shape);
  EXPECT_EQ(out->invalid, json->invalid);
  return *out;
}

ContainerSpec Cpu(const std::string& cpu) { return {{{"cpu", cpu}}}; }
ContainerSpec Sidecar(const std::string& cpu) { return {{{"cpu", cpu}}, true}; }

struct CpuCase {
  const char* what;
  std::vector<ContainerSpec> containers, init;
  Pairs overhead, pod_level;
  std::int64_t milli;
};

TEST(PodRequests, ContainersInitContainersSidecarsOverheadPodLevel) {
  const std::vector<CpuCase> cases = {
      {"sum of containers: 1000 + 500", {Cpu("1"), Cpu("500m")}, {}, {}, {}, 1500},
      {"an init container below the sum changes nothing: max(1500, 1000)",
       {Cpu("1"), Cpu("500m")},
       {Cpu("1")},
       {},
       {},
       1500},
      {"init containers run one after the other: max(1000, 3000, 2000)",
       {Cpu("1")},
       {Cpu("3"), Cpu("2")},
       {},
       {},
       3000},
      {"a sidecar runs on: 1000 + 250", {Cpu("1")}, {Sidecar("250m")}, {}, {}, 1250},
      {"an init container after a sidecar needs both: max(1000 + 500, 2000 + 500)",
       {Cpu("1")},
       {Sidecar("500m"), Cpu("2")},
       {},
       {},
       2500},
      {"an init container before a sidecar does not: max(1000 + 500, 2000)",
       {Cpu("1")},
       {Cpu("2"), Sidecar("500m")},
       {},
       {},
       2000},
      {"sidecars add up in order: max(100 + 1000 + 2000, 1000 + 1500)",
       {Cpu("100m")},
       {Sidecar("1"), Cpu("1500m"), Sidecar("2")},
       {},
       {},
       3100},
      {"overhead comes on top: max(1000, 3000) + 250",
       {Cpu("1")},
       {Cpu("3")},
       {{"cpu", "250m"}},
       {},
       3250},
      {"requests of the pod replace the sum: 4000",
       {Cpu("1")},
       {Cpu("3")},
       {},
       {{"cpu", "4"}},
       4000},
      {"also when they are lower, and overhead still adds: 2000 + 250",
       {Cpu("1")},
       {Cpu("3")},
       {{"cpu", "250m"}},
       {{"cpu", "2"}},
       2250},
      {"a pod-level request of another resource leaves cpu alone",
       {Cpu("1")},
       {},
       {},
       {{"memory", "1Gi"}},
       1000},
      {"fractions of a milli-CPU round up: 1 + 1", {Cpu("1u"), Cpu("0.0005")}, {}, {}, {}, 2},
      {"no request at all", {ContainerSpec{}}, {}, {}, {}, 0},
  };
  for (const CpuCase& c : cases) {
    PodSpec pod;
    pod.containers = c.containers;
    pod.init_containers = c.init;
    pod.overhead = c.overhead;
    pod.pod_requests = c.pod_level;
    const PodInfo out = Decode(pod);
    EXPECT_EQ(out.shape.requests.milli_cpu, c.milli) << c.what;
    EXPECT_EQ(out.invalid, "") << c.what;
  }
}

TEST(PodRequests, EachResourceByItself) {
  PodSpec pod;
  pod.containers = {{{{"cpu", "1"}, {"memory", "1Gi"}, {"example.com/b", "2"}}},
                    {{{"ephemeral-storage", "1.5"}, {"example.com/a", "1"}}}};
  pod.init_containers = {{{{"memory", "3Gi"}, {"example.com/b", "1"}, {"example.com/c", "7"}}}};
  pod.pod_requests = {{"hugepages-2Mi", "4Mi"}};
  const Amounts got = Decode(pod).shape.requests;
  EXPECT_EQ(got.milli_cpu, 1000);
  EXPECT_EQ(got.memory_bytes, std::int64_t{3} << 30);  // max(1 GiB, 3 GiB)
  EXPECT_EQ(got.ephemeral_bytes, 2);                   // 1.5 bytes, up
  EXPECT_EQ(got.pods, 1);
  EXPECT_EQ(got.gpus, 0);
  const std::vector<std::pair<std::string, std::int64_t>> extended = {
      {"example.com/a", 1}, {"example.com/b", 2}, {"example.com/c", 7}, {"hugepages-2Mi", 4 << 20}};
  EXPECT_EQ(got.extended, extended);
}

TEST(PodRequests, ZeroOfAnExtendedResourceIsNone) {
  PodSpec pod;
  pod.containers = {{{{"example.com/a", "0"}}}};
  EXPECT_TRUE(Decode(pod).shape.requests.extended.empty());
}

TEST(PodRequests, GpusOfAllConfiguredResources) {
  TranslateOptions options;
  options.gpu_resources = {"nvidia.com/gpu", "amd.com/gpu"};
  PodSpec pod;
  pod.containers = {{{{"nvidia.com/gpu", "2"}}}, {{{"amd.com/gpu", "1"}}}};
  // Init containers of the same GPUs share them: max(2 + 1, 4).
  pod.init_containers = {{{{"nvidia.com/gpu", "4"}}}};
  EXPECT_EQ(Decode(pod, options).shape.requests.gpus, 4);
  // Without the configuration the other vendor's are an extended resource.
  const Amounts plain = Decode(pod).shape.requests;
  EXPECT_EQ(plain.gpus, 4);
  EXPECT_EQ(plain.extended.size(), 1U);
}

TEST(PodRequests, MoreGpusThanAnyNodeHasIsNotInvalid) {
  PodSpec pod;
  pod.containers = {{{{"nvidia.com/gpu", "65"}}}};
  const PodInfo out = Decode(pod);
  EXPECT_EQ(out.shape.requests.gpus, 65);
  EXPECT_EQ(out.invalid, "");
}

struct BadCase {
  std::vector<ContainerSpec> containers, init;
  Pairs overhead, pod_level;
  std::string start;  // of PodInfo::invalid
};

TEST(PodRequests, BadQuantitiesNameTheField) {
  const ContainerSpec good = Cpu("1");
  const std::vector<BadCase> cases = {
      {{good, Cpu("-1")}, {}, {}, {}, R"(spec.containers[1].resources.requests["cpu"]: )"},
      {{Cpu("1 ")}, {}, {}, {}, R"(spec.containers[0].resources.requests["cpu"]: )"},
      {{Cpu("")}, {}, {}, {}, R"(spec.containers[0].resources.requests["cpu"]: )"},
      {{{{{"memory", "8Ei"}}}}, {}, {}, {}, R"(spec.containers[0].resources.requests["memory"]: )"},
      {{{{{"memory", "257Ti"}}}},
       {},
       {},
       {},
       R"(spec.containers[0].resources.requests["memory"]: "257Ti" is more than any node has)"},
      {{{{{"nvidia.com/gpu", "0.5"}}}},
       {},
       {},
       {},
       R"(spec.containers[0].resources.requests["nvidia.com/gpu"]: "0.5" is not a whole number of GPUs)"},
      {{good}, {good, Cpu("x")}, {}, {}, R"(spec.initContainers[1].resources.requests["cpu"]: )"},
      {{good}, {}, {{"memory", "1Gb"}}, {}, R"(spec.overhead["memory"]: )"},
      {{good}, {}, {}, {{"cpu", "-2"}}, R"(spec.resources.requests["cpu"]: )"},
      {{{{{"memory", "200Ti"}}}, {{{"memory", "200Ti"}}}},
       {},
       {},
       {},
       "spec: requests of memory add up to more than any node has"},
      {{{{{"nvidia.com/gpu", "3000000000"}}}},
       {},
       {},
       {},
       "spec: requests of GPUs add up to more than any node has"},
  };
  for (const BadCase& c : cases) {
    PodSpec pod;
    pod.containers = c.containers;
    pod.init_containers = c.init;
    pod.overhead = c.overhead;
    pod.pod_requests = c.pod_level;
    const PodInfo out = Decode(pod);
    EXPECT_TRUE(out.invalid.starts_with(c.start)) << out.invalid << "\n  want " << c.start;
    EXPECT_GT(out.invalid.size(), c.start.size() - 1);
    Amounts zero;
    zero.pods = 1;
    EXPECT_EQ(out.shape.requests, zero) << c.start;
  }
}

// However many there are, sums stay in bounds.
TEST(PodRequests, ManyLargeRequestsDoNotOverflow) {
  PodSpec pod;
  pod.containers.assign(100'000, {{{"memory", "256Ti"}}});
  EXPECT_EQ(Decode(pod).invalid, "spec: requests of memory add up to more than any node has");
}

TEST(PodRequests, BadQuantitiesOfBoundForeignPodsCountAsNothing) {
  PodSpec pod;
  pod.scheduler_name = "other";
  pod.node_name = "n";
  pod.containers = {Cpu("bad")};
  const PodInfo out = Decode(pod);
  EXPECT_EQ(out.shape.requests.milli_cpu, 0);
  EXPECT_EQ(out.shape.requests.pods, 1);
}

}  // namespace
}  // namespace fairlead::kube
