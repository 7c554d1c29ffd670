// Nodes, jobs and namespaces from protobuf: the first byte of the input picks the kind.
#include "fairlead/base/check.h"
#include "fairlead/kube/decode.h"
#include "fairlead/model/node_table.h"
#include "tests/fuzz/input.h"

namespace {

void DecodeNode(std::string_view bytes) {
  const auto node = fairlead::kube::NodeFromProto(bytes, {}, nullptr);
  if (!node.ok()) return;
  FAIRLEAD_CHECK(!node->name.empty());
  FAIRLEAD_CHECK(node->allocatable.milli_cpu >= 0 && node->allocatable.memory_bytes >= 0);
  FAIRLEAD_CHECK(node->allocatable.gpus >= 0 &&
                 node->allocatable.gpus <= fairlead::kMaxGpusPerNode);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = FuzzInput(data, size).substr(1);
  fairlead::kube::ObjectMeta meta;
  switch (data[0] % 3) {
    case 0:
      DecodeNode(bytes);
      break;
    case 1:
      (void)fairlead::kube::JobFromProto(bytes, &meta).ok();
      break;
    default:
      (void)fairlead::kube::NamespaceFromProto(bytes, &meta).ok();
  }
  return 0;
}
