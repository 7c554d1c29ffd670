#include "scheduler/model/snapshot_derive.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "fairlead/model/gpu_share.h"

namespace fairlead {
namespace {

// Adds where all sums fit 63 bits; false, and `sum` is in part changed, where one does not.
bool AddWithin(const ResourceVector& amounts, ResourceVector* sum) {
  for (std::uint32_t r = 0; r < amounts.size(); ++r) {
    std::int64_t total = 0;
    if (__builtin_add_overflow(sum->Get(ResourceId(r)), amounts.Get(ResourceId(r)), &total)) {
      return false;
    }
    sum->Set(ResourceId(r), total);
  }
  return true;
}

bool HoldsRoom(const MemberView& member) {
  return member.state == MemberState::kAssumed || member.state == MemberState::kBound;
}

// The resource under which the GPUs of a node are accounted, also after the node is gone.
std::optional<ResourceId> GpuOf(const Snapshot& snapshot, NodeId node) {
  const ModelId model = snapshot.nodes->model[node.index()];
  if (model.valid()) return GpuResource(*snapshot.names, model);
  const auto& resources = snapshot.names->resources;
  const auto unnamed = std::find(resources.begin(), resources.end(), "gpu/");
  if (unnamed == resources.end()) return std::nullopt;
  return ResourceId(static_cast<std::uint32_t>(unnamed - resources.begin()));
}

// What the gang holds; nullopt where that cannot be summed.
std::optional<ResourceVector> HeldBy(const Snapshot& snapshot, const GangView& gang) {
  ResourceVector sum;
  for (const MemberView& member : gang.members) {
    if (!HoldsRoom(member)) continue;
    if (!AddWithin((*snapshot.shape_requests)[member.shape.index()], &sum)) return std::nullopt;
    const std::int32_t gpus = GpusAsked(*(*snapshot.shapes)[member.shape.index()]);
    if (gpus == 0) continue;
    const std::optional<ResourceId> resource = GpuOf(snapshot, member.node);
    ResourceVector devices;
    if (resource) devices.Set(*resource, GpuMilli(gpus, member.grant));
    if (!resource || !AddWithin(devices, &sum)) return std::nullopt;
  }
  return sum;
}

}  // namespace

void DeriveShapeMembers(Snapshot* snapshot) {
  std::vector<std::int64_t> members(snapshot->shapes->size(), 0);
  for (const auto& chunk : snapshot->gangs) {
    for (const auto& gang : *chunk) {
      for (const MemberView& member : gang->members) {
        if (member.state != MemberState::kDone) ++members[member.shape.index()];
      }
    }
  }
  snapshot->shape_members = std::make_shared<const std::vector<std::int64_t>>(std::move(members));
}

std::optional<std::string> DeriveHoldings(Snapshot* snapshot) {
  std::vector<std::vector<Holding>> holdings(snapshot->claims.size());
  std::vector<ResourceVector> totals(snapshot->claims.size());
  for (const auto& chunk : snapshot->gangs) {
    for (const auto& gang : *chunk) {
      if (std::none_of(gang->members.begin(), gang->members.end(), HoldsRoom)) continue;
      const std::optional<ResourceVector> held = HeldBy(*snapshot, *gang);
      const std::size_t claim = gang->claim.index();
      if (!held || !AddWithin(*held, &totals[claim])) {
        return "gangs that hold known resources, with sums in 63 bits";
      }
      AddHolding(&holdings[claim], *held, 1);
    }
  }
  for (std::size_t c = 0; c < holdings.size(); ++c) {
    if (holdings[c].empty()) continue;
    snapshot->claims[c].holdings =
        std::make_shared<const std::vector<Holding>>(std::move(holdings[c]));
  }
  return std::nullopt;
}

}  // namespace fairlead
