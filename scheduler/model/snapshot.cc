#include "fairlead/model/snapshot.h"

#include <algorithm>

#include "fairlead/base/check.h"
#include "fairlead/model/gpu_share.h"

namespace fairlead {

std::vector<std::int64_t> RolesMissing(const GangView& gang) {
  std::vector<std::int64_t> missing;
  if (gang.terms.roles.empty()) return missing;
  missing.reserve(gang.terms.roles.size());
  for (const GangRole& role : gang.terms.roles) missing.push_back(role.least);
  for (const MemberView& member : gang.members) {
    if (member.state == MemberState::kPending || member.terminating) continue;
    if (member.role != kNoRole) --missing[member.role];
  }
  for (std::int64_t& count : missing) count = std::max<std::int64_t>(0, count);
  return missing;
}

bool NeedsDecision(const GangView& gang) {
  const auto waits = [](const MemberView& m) { return m.state == MemberState::kPending; };
  return gang.partial || std::any_of(gang.members.begin(), gang.members.end(), waits);
}

const GangView* FindGang(const Snapshot& snapshot, GangId id) {
  // Chunks are in order of id and never empty.
  const auto chunk =
      std::lower_bound(snapshot.gangs.begin(), snapshot.gangs.end(), id,
                       [](const auto& c, GangId wanted) { return c->back()->id < wanted; });
  if (chunk == snapshot.gangs.end()) return nullptr;
  const auto gang = std::lower_bound((*chunk)->begin(), (*chunk)->end(), id,
                                     [](const auto& g, GangId wanted) { return g->id < wanted; });
  return (*gang)->id == id ? gang->get() : nullptr;
}

int CompareResourceSets(const ResourceVector& a, const ResourceVector& b) {
  const std::size_t size = std::max(a.size(), b.size());
  for (std::uint32_t r = 0; r < size; ++r) {
    const bool in_a = a.Get(ResourceId(r)) > 0;
    const bool in_b = b.Get(ResourceId(r)) > 0;
    if (in_a != in_b) return in_a ? -1 : 1;
  }
  return 0;
}

void AddHolding(std::vector<Holding>* holdings, const ResourceVector& amounts, std::int64_t sign) {
  const auto place = std::lower_bound(holdings->begin(), holdings->end(), amounts,
                                      [](const Holding& holding, const ResourceVector& wanted) {
                                        return CompareResourceSets(holding.amounts, wanted) < 0;
                                      });
  const bool there = place != holdings->end() && CompareResourceSets(place->amounts, amounts) == 0;
  if (!there) {
    FAIRLEAD_CHECK(sign > 0, "a gang that is not there is taken away");
    holdings->insert(place, Holding{amounts, 1});
    return;
  }
  if (place->gangs == 1 && sign < 0) {
    holdings->erase(place);
    return;
  }
  place->amounts.AddTimes(amounts, sign);
  place->gangs += sign;
}

std::int64_t RunningGangs(const Claim& claim) {
  std::int64_t gangs = 0;
  if (!claim.holdings) return gangs;
  for (const Holding& holding : *claim.holdings) gangs += holding.gangs;
  return gangs;
}

ResourceId GpuResource(const ResourceNames& names, ModelId model) {
  FAIRLEAD_CHECK(model.index() < names.models.size(), "model {} of {}", model.value(),
                 names.models.size());
  const std::string wanted = "gpu/" + names.models[model.index()];
  const auto it = std::find(names.resources.begin(), names.resources.end(), wanted);
  FAIRLEAD_CHECK(it != names.resources.end(), "no resource is named {}", wanted);
  return ResourceId(static_cast<std::uint32_t>(it - names.resources.begin()));
}

ResourceVector Capacity(const Snapshot& snapshot) {
  const NodeTable& nodes = *snapshot.nodes;
  const ResourceNames& names = *snapshot.names;
  std::vector<std::int64_t> totals(names.resources.size(), 0);
  std::vector<std::int64_t> gpus(names.models.size(), 0);
  for (const NodeId node : nodes.by_name) {
    const ResourceVector& capacity = nodes.capacity[node.index()];
    for (std::uint32_t r = 0; r < capacity.size(); ++r) {
      const bool overflow =
          __builtin_add_overflow(totals[r], capacity.Get(ResourceId(r)), &totals[r]);
      FAIRLEAD_CHECK(!overflow, "capacity of {}", names.resources[r]);
    }
    if (nodes.gpus[node.index()] > 0) {
      gpus[nodes.model[node.index()].index()] += nodes.gpus[node.index()];
    }
  }
  ResourceVector total;
  for (std::uint32_t r = 0; r < totals.size(); ++r) total.Set(ResourceId(r), totals[r]);
  for (std::uint32_t m = 0; m < gpus.size(); ++m) {
    if (gpus[m] > 0) total.Add(GpuResource(names, ModelId(m)), gpus[m] * 1000);
  }
  return total;
}

GpuGrant GrantOf(const Snapshot& snapshot, ShapeId shape, NodeId node) {
  const GpuShare& share = (*snapshot.shapes)[shape.index()]->gpu_share;
  const ModelId model = snapshot.nodes->model[node.index()];
  if (share.devices == 0 || !model.valid()) return {};
  const GpuKind& kind = snapshot.names->kinds[model.index()];
  return {SlicesFor(share, kind), kind.slices};
}

ResourceVector Held(const Snapshot& snapshot, ShapeId shape, NodeId node) {
  ResourceVector held = (*snapshot.shape_requests)[shape.index()];
  const PodShape& asked = *(*snapshot.shapes)[shape.index()];
  if (GpusAsked(asked) > 0) {
    const ModelId model = snapshot.nodes->model[node.index()];
    held.Add(GpuResource(*snapshot.names, model),
             GpuMilli(asked, snapshot.names->kinds[model.index()]));
  }
  return held;
}

}  // namespace fairlead
