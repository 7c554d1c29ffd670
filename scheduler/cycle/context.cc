#include <algorithm>

#include "scheduler/cycle/passes.h"

namespace fairlead {
namespace {

// Sums over the cluster fit 63 bits; with what pods hold on nodes that are gone they might not.
std::int64_t SumUpTo(std::int64_t a, std::int64_t b, std::int64_t most) {
  return a > most - std::min(b, most) ? most : a + b;
}

// What is free on nodes that are not cordoned and what gangs hold, at most what the nodes have.
ResourceVector UsableCapacity(const Snapshot& snapshot, const std::vector<ResourceId>& gpu_of) {
  const NodeTable& nodes = *snapshot.nodes;
  const NodeUsage& usage = snapshot.usage;
  const ResourceVector whole = Capacity(snapshot);
  std::vector<std::int64_t> free(snapshot.names->resources.size(), 0);
  for (const NodeId node : nodes.by_name) {
    if (nodes.info[node.index()].unschedulable) continue;
    for (std::uint32_t r = 0; r < usage.resources; ++r) free[r] += usage.Free(ResourceId(r), node);
    if (nodes.gpus[node.index()] == 0) continue;
    const std::int64_t gpus = FreeGpus(nodes, usage, node);
    free[gpu_of[nodes.model[node.index()].index()].index()] += gpus * 1000;
  }
  ResourceVector usable;
  for (std::uint32_t r = 0; r < free.size(); ++r) {
    const ResourceId id(r);
    std::int64_t total = free[r];
    for (const Claim& claim : snapshot.claims) {
      total = SumUpTo(total, claim.allocated.Get(id), whole.Get(id));
    }
    usable.Set(id, std::min(total, whole.Get(id)));
  }
  return usable;
}

}  // namespace

QueueContext MakeContext(const Snapshot& snapshot, const Policy& policy) {
  QueueContext context{QueueTree(policy.queues), {}, {}, {}, {}};
  context.claims = ResolveClaims(snapshot, policy, context.tree);
  for (std::uint32_t m = 0; m < snapshot.names->models.size(); ++m) {
    context.model_resources.push_back(GpuResource(*snapshot.names, ModelId(m)));
  }
  context.capacity = UsableCapacity(snapshot, context.model_resources);
  return context;
}

ResourceVector FreeOf(const QueueContext& context, const Snapshot& snapshot) {
  ResourceVector free = context.capacity;
  for (const Claim& claim : snapshot.claims) {
    for (std::uint32_t r = 0; r < claim.allocated.size(); ++r) {
      const ResourceId id(r);
      free.Set(id, std::max<std::int64_t>(0, free.Get(id) - claim.allocated.Get(id)));
    }
  }
  return free;
}

const std::vector<ResourceId>& AcceptedGpus(const Snapshot& snapshot, const QueueContext& context,
                                            ShapeId shape) {
  if (context.accepted.empty()) context.accepted.resize(snapshot.shapes->size());
  std::optional<std::vector<ResourceId>>& memo = context.accepted[shape.index()];
  if (memo) return *memo;
  std::vector<ResourceId>& accepted = memo.emplace();
  const std::vector<std::string>& models = snapshot.names->models;
  for (std::size_t m = 0; m < models.size(); ++m) {
    const ResourceId gpu = context.model_resources[m];
    if (context.capacity.Get(gpu) == 0) continue;
    const auto& wanted = (*snapshot.shapes)[shape.index()]->gpu_models;
    const bool named = std::find(wanted.begin(), wanted.end(), models[m]) != wanted.end();
    if (wanted.empty() || named) accepted.push_back(gpu);
  }
  std::sort(accepted.begin(), accepted.end());
  return accepted;
}

ResourceVector Bound(const Snapshot& snapshot, const QueueContext& context, const GangView& gang,
                     const std::vector<Placement>& bind, std::size_t first) {
  ResourceVector amounts;
  for (std::size_t i = first; i < bind.size(); ++i) {
    const ShapeId shape = gang.members[bind[i].member].shape;
    amounts += (*snapshot.shape_requests)[shape.index()];
    const std::int64_t gpus = (*snapshot.shapes)[shape.index()]->requests.gpus;
    if (gpus == 0) continue;
    const ModelId model = snapshot.nodes->model[bind[i].node.index()];
    amounts.Add(context.model_resources[model.index()], gpus * 1000);
  }
  return amounts;
}

}  // namespace fairlead
