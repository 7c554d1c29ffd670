#include "fairlead/model/node_table.h"

#include <algorithm>
#include <bit>

#include "fairlead/base/check.h"

namespace fairlead {
namespace {

GpuMask AllDevices(std::int32_t gpus) {
  return gpus >= kMaxGpusPerNode ? ~GpuMask{0} : (GpuMask{1} << gpus) - 1;
}

}  // namespace

std::int32_t FreeGpus(const NodeTable& table, const NodeUsage& usage, NodeId node) {
  const std::int32_t gpus = table.gpus[node.index()];
  // A node that has lost devices may still hold some beyond its count: they count as much.
  const std::int32_t used = std::popcount(usage.gpu_used[node.index()]);
  return std::max(0, gpus - used - usage.gpu_unknown[node.index()]);
}

GpuMask LowestFreeGpus(const NodeTable& table, const NodeUsage& usage, NodeId node,
                       std::int32_t count) {
  FAIRLEAD_CHECK(count >= 0 && count <= FreeGpus(table, usage, node), "node {} count {}",
                 node.value(), count);
  GpuMask free = ~usage.gpu_used[node.index()] & AllDevices(table.gpus[node.index()]);
  GpuMask taken = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    const GpuMask lowest = free & (~free + 1);
    taken |= lowest;
    free &= ~lowest;
  }
  return taken;
}

std::vector<std::int32_t> MaskToDevices(GpuMask mask) {
  std::vector<std::int32_t> devices;
  devices.reserve(static_cast<std::size_t>(std::popcount(mask)));
  for (; mask != 0; mask &= mask - 1) devices.push_back(std::countr_zero(mask));
  return devices;
}

}  // namespace fairlead
