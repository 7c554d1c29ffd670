// Decoding of a list of 10,000 pods, as protobuf and as JSON. Each pod has about 4 kB: what
// scheduling reads, and the environment, managed fields and conditions that it skips.
//
// Measured: `items_per_second` are pods; the time of one iteration is that of a whole list.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "fairlead/kube/decode.h"
#include "tests/support/proto_builder.h"

namespace {

using namespace fairlead;
using testing::PodSpec;
using testing::Proto;

constexpr int kPods = 10'000;
constexpr std::size_t kPodBytes = 4096;

PodSpec MakePod(int index) {
  PodSpec pod;
  const std::string number = std::to_string(index);
  pod.name = "train-" + std::to_string(index / 8) + "-worker-" + number;
  pod.uid = "2b1c6d0e-93d5-4c1c-8f6e-" + std::string(12 - number.size(), '0') + number;
  pod.resource_version = std::to_string(1'000'000 + index);
  pod.labels = {{"app.kubernetes.io/name", "train"},
                {"batch.kubernetes.io/job-completion-index", std::to_string(index % 8)},
                {"fairlead.dev/gang", "true"},
                {"fairlead.dev/queue", "research"},
                {"job-name", "train-" + std::to_string(index / 8)}};
  pod.annotations = {{"fairlead.dev/gang-size", "8"}, {"prometheus.io/scrape", "true"}};
  pod.owners = {{"batch/v1", "Job", "train-" + std::to_string(index / 8),
                 "7f1c6d0e-93d5-4c1c-8f6e-000000000000", true}};
  pod.containers = {{{{"cpu", "8"}, {"memory", "64Gi"}, {"nvidia.com/gpu", "1"}}},
                    {{{"cpu", "100m"}, {"memory", "128Mi"}}}};
  pod.tolerations = {{"node.kubernetes.io/not-ready", "Exists", "", "NoExecute"},
                     {"node.kubernetes.io/unreachable", "Exists", "", "NoExecute"}};
  pod.node_selector = {{"kubernetes.io/arch", "amd64"}};
  pod.service_account = "default";
  return pod;
}

// The pod with managed fields (ObjectMeta field 17) that bring it to kPodBytes. Two messages of the
// same field are merged, so a second metadata adds to the first.
std::string ProtoPod(int index) {
  std::string bytes = testing::ToProto(MakePod(index));
  Proto meta;
  std::size_t ballast = bytes.size() < kPodBytes ? kPodBytes - bytes.size() : 0;
  for (; ballast > 200; ballast -= 200) {
    meta.Message(17, Proto().Text(1, "kubelet").Text(2, "Update").Text(7, std::string(180, 'f')));
  }
  return bytes + Proto().Message(1, meta).bytes();
}

std::string JsonPod(int index) {
  std::string text = testing::ToJson(MakePod(index));
  std::string fields;
  for (std::size_t ballast = text.size(); ballast + 60 < kPodBytes; ballast += 60) {
    fields += R"("f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{}}}},)";
  }
  text.pop_back();
  return text + R"(,"managedFields":{)" + fields + R"("end":{}}})";
}

std::string ProtoList() {
  Proto list;
  list.Message(1, Proto().Text(2, "12345"));
  for (int i = 0; i < kPods; ++i) list.Text(2, ProtoPod(i));
  return list.bytes();
}

std::string JsonList() {
  std::string out = R"({"metadata":{"resourceVersion":"12345"},"items":[)";
  for (int i = 0; i < kPods; ++i) out += (i == 0 ? "" : ",") + JsonPod(i);
  return out + "]}";
}

void Require(bool condition) {
  if (!condition) std::abort();
}

void BM_PodListProto(benchmark::State& state) {
  const std::string list = ProtoList();
  const kube::TranslateOptions options;
  for (auto _ : state) {
    const auto done = kube::ForEachItemProto(list, [&](std::string_view item) -> Status {
      kube::ObjectMeta meta;
      const auto pod = kube::PodFromProto(item, options, &meta);
      Require(pod.ok() && pod->invalid.empty());
      benchmark::DoNotOptimize(pod->shape.requests.milli_cpu);
      return Ok{};
    });
    Require(done.ok());
  }
  state.SetItemsProcessed(state.iterations() * kPods);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(list.size()));
}
BENCHMARK(BM_PodListProto)->Unit(benchmark::kMillisecond);

// One pod that is in the cache, as a watch event finds it.
void BM_PodProto(benchmark::State& state) {
  const std::string bytes = ProtoPod(0);
  const kube::TranslateOptions options;
  for (auto _ : state) {
    kube::ObjectMeta meta;
    const auto pod = kube::PodFromProto(bytes, options, &meta);
    Require(pod.ok());
    benchmark::DoNotOptimize(pod->shape.requests.milli_cpu);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_PodProto);

void BM_PodListJson(benchmark::State& state) {
  const std::string list = JsonList();
  const kube::TranslateOptions options;
  for (auto _ : state) {
    const auto done = kube::ForEachItemJson(list, [&](std::string_view item) -> Status {
      kube::ObjectMeta meta;
      const auto pod = kube::PodFromJson(item, options, &meta);
      Require(pod.ok() && pod->invalid.empty());
      benchmark::DoNotOptimize(pod->shape.requests.milli_cpu);
      return Ok{};
    });
    Require(done.ok());
  }
  state.SetItemsProcessed(state.iterations() * kPods);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(list.size()));
}
BENCHMARK(BM_PodListJson)->Unit(benchmark::kMillisecond);

}  // namespace
