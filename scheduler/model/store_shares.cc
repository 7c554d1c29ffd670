// Shares of GPUs in the store: who holds which slices of which device.
#include <algorithm>
#include <bit>

#include "fairlead/model/gpu_share.h"
#include "scheduler/model/store_state.h"

namespace fairlead {

std::uint32_t ClusterStore::State::InternClass(const std::string& share_class) {
  const auto& known = names->share_classes;
  const auto it = std::find(known.begin(), known.end(), share_class);
  const auto id = static_cast<std::uint32_t>(it - known.begin());
  if (it != known.end()) return id;
  if (names.use_count() > 1) names = std::make_shared<ResourceNames>(*names);
  names->share_classes.push_back(share_class);
  return id;
}

// Takes a share on each of these devices; false, and takes none, where they have no room for it.
// Without a grant it is what the request costs on this node.
bool ClusterStore::State::HoldShares(PodIndex index, GpuMask gpus, GpuGrant grant) {
  PodRecord& pod = pods[index];
  NodeHeld& row = held[pod.node.index()];
  const GpuShare& share = (*shapes)[pod.shape.index()]->gpu_share;
  const ModelId model = nodes->model[pod.node.index()];
  if (grant.of == 0) {
    if (!model.valid()) return false;
    const GpuKind& kind = names->kinds[model.index()];
    grant = {SlicesFor(share, kind), kind.slices};
  }
  if (grant.slices < 1 || grant.slices > grant.of) return false;
  const std::uint32_t share_class = InternClass(share.share_class);
  for (const std::int32_t device : MaskToDevices(gpus)) {
    std::vector<GpuGrant> grants;
    for (const HeldShare& other : row.shares) {
      if (other.device != device) continue;
      if (other.share_class != share_class) return false;
      grants.push_back(other.grant);
    }
    const bool taken = (usage.gpu_used[pod.node.index()] >> device & 1) != 0;
    if (taken && grants.empty()) return false;  // whole
    if (SlicesLeft(grants, grant.of) < grant.slices) return false;
  }
  for (const std::int32_t device : MaskToDevices(gpus)) {
    row.shares.push_back({device, grant, share_class, index});
  }
  pod.grant = grant;
  shared_nodes.insert(pod.node);
  shares_listed = false;
  return true;
}

// Called when the pod's devices are marked free already: those that others share are not.
void ClusterStore::State::ReleaseShares(PodIndex index) {
  PodRecord& pod = pods[index];
  if (pod.grant.of == 0) return;
  pod.grant = {};
  std::vector<HeldShare>& shares = held[pod.node.index()].shares;
  std::erase_if(shares, [index](const HeldShare& share) { return share.pod == index; });
  for (const HeldShare& share : shares) {
    usage.gpu_used[pod.node.index()] |= GpuMask{1} << share.device;
  }
  if (shares.empty()) shared_nodes.erase(pod.node);
  shares_listed = false;
}

// Writes usage.shared. Devices that the node does not show any more are left out.
void ClusterStore::State::ListShares() {
  if (shares_listed) return;
  usage.shared.clear();
  for (const NodeId node : shared_nodes) {
    const std::int32_t gpus = nodes->gpus[node.index()];
    std::vector<HeldShare> shares = held[node.index()].shares;
    std::stable_sort(shares.begin(), shares.end(),
                     [](const HeldShare& a, const HeldShare& b) { return a.device < b.device; });
    for (std::size_t begin = 0; begin < shares.size();) {
      std::vector<GpuGrant> grants;
      std::size_t end = begin;
      for (; end < shares.size() && shares[end].device == shares[begin].device; ++end) {
        grants.push_back(shares[end].grant);
      }
      const HeldShare& first = shares[begin];
      begin = end;
      if (first.device >= gpus) continue;
      const GpuKind& kind = names->kinds[nodes->model[node.index()].index()];
      std::int64_t milli = 0;
      for (const GpuGrant& grant : grants) milli += GpuMilli(1, grant);
      usage.shared.push_back({node, first.device, SlicesLeft(grants, kind.slices),
                              first.share_class, static_cast<std::int32_t>(milli)});
    }
  }
  shares_listed = true;
}

// What the pod's GPUs are accounted for, in thousandths. Devices that are not known are whole ones.
std::int64_t ClusterStore::State::GpuMilliOf(const PodRecord& pod) const {
  return GpuMilli(GpusAsked(*(*shapes)[pod.shape.index()]), pod.grant);
}

}  // namespace fairlead
