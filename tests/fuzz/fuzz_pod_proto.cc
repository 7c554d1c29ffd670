// Pods from protobuf.
#include "fairlead/base/check.h"
#include "fairlead/kube/decode.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fairlead;
  kube::ObjectMeta meta;
  const Result<PodInfo> pod = kube::PodFromProto(FuzzInput(data, size), {}, &meta);
  if (!pod.ok()) return 0;
  FAIRLEAD_CHECK(!pod->name.empty() && pod->name == meta.name);
  FAIRLEAD_CHECK(pod->shape.requests.milli_cpu >= 0 && pod->shape.requests.memory_bytes >= 0);
  FAIRLEAD_CHECK(pod->shape.requests.gpus >= 0 && pod->shape.requests.ephemeral_bytes >= 0);
  FAIRLEAD_CHECK(pod->ours || pod->gang == GangKey{});
  FAIRLEAD_CHECK(!pod->gang_size || (*pod->gang_size >= 1 && *pod->gang_size <= 10'000));
  return 0;
}
