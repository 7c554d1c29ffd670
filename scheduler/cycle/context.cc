#include <algorithm>
#include <utility>

#include "fairlead/model/gpu_share.h"

#include "scheduler/cycle/passes.h"

namespace fairlead {
namespace {

// Sums over the cluster fit 63 bits; with what pods hold on nodes that are gone they might not.
std::int64_t SumUpTo(std::int64_t a, std::int64_t b, std::int64_t most) {
  return a > most - std::min(b, most) ? most : a + b;
}

// What is free on nodes that are not cordoned and what gangs hold, at most what the nodes have.
ResourceVector UsableCapacity(const Snapshot& snapshot, const ResourceVector& whole,
                              const std::vector<ResourceId>& gpu_of) {
  const NodeTable& nodes = *snapshot.nodes;
  const NodeUsage& usage = snapshot.usage;
  std::vector<std::int64_t> free(snapshot.names->resources.size(), 0);
  // Rows without a node have nothing free.
  for (std::size_t r = 0; r < usage.resources; ++r) {
    const std::int64_t* column = usage.free.data() + r * usage.nodes;
    for (std::size_t n = 0; n < usage.nodes; ++n) free[r] += column[n];
  }
  const auto add_gpus = [&](NodeId node, std::int64_t sign) {
    if (nodes.gpus[node.index()] == 0) return;
    const std::int64_t gpus = FreeGpus(nodes, usage, node);
    free[gpu_of[nodes.model[node.index()].index()].index()] += sign * gpus * 1000;
  };
  for (std::uint32_t n = 0; n < nodes.size(); ++n) {
    if (nodes.present[n]) add_gpus(NodeId(n), 1);
  }
  for (const SharedGpu& gpu : usage.shared) {
    if (nodes.info[gpu.node.index()].unschedulable) continue;
    free[gpu_of[nodes.model[gpu.node.index()].index()].index()] += 1000 - gpu.milli;
  }
  for (const NodeId node : nodes.cordoned) {
    for (std::uint32_t r = 0; r < usage.resources; ++r) free[r] -= usage.Free(ResourceId(r), node);
    add_gpus(node, -1);
  }
  for (const Claim& claim : snapshot.claims) {
    for (std::uint32_t r = 0; r < claim.allocated.size(); ++r) {
      const ResourceId id(r);
      free[r] = SumUpTo(free[r], claim.allocated.Get(id), whole.Get(id));
    }
  }
  ResourceVector usable;
  for (std::size_t r = free.size(); r-- > 0;) {
    const ResourceId id(static_cast<std::uint32_t>(r));
    usable.Set(id, std::min(free[r], whole.Get(id)));
  }
  return usable;
}

}  // namespace

QueueContext MakeContext(const Snapshot& snapshot, const Policy& policy) {
  QueueContext context{QueueTree(policy.queues), {}, Capacity(snapshot), {}, {}, {}};
  context.claims = ResolveClaims(snapshot, policy, context.tree);
  for (std::uint32_t m = 0; m < snapshot.names->models.size(); ++m) {
    context.model_resources.push_back(GpuResource(*snapshot.names, ModelId(m)));
  }
  context.capacity = UsableCapacity(snapshot, context.whole, context.model_resources);
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
  accepted.erase(std::unique(accepted.begin(), accepted.end()), accepted.end());
  return accepted;
}

std::int64_t GpusWanted(const Snapshot& snapshot, const QueueContext& context, ShapeId shape) {
  const PodShape& asked = *(*snapshot.shapes)[shape.index()];
  if (asked.gpu_share.devices == 0) return std::int64_t{asked.requests.gpus} * 1000;
  const std::vector<ResourceId>& accepted = AcceptedGpus(snapshot, context, shape);
  std::int64_t most = 0;
  for (std::size_t m = 0; m < snapshot.names->kinds.size(); ++m) {
    if (std::binary_search(accepted.begin(), accepted.end(), context.model_resources[m])) {
      most = std::max(most, GpuMilli(asked, snapshot.names->kinds[m]));
    }
  }
  // Where no kind would do, it waits whatever it counts for.
  return most > 0 ? most : std::int64_t{asked.gpu_share.devices} * 1000;
}

ResourceVector Bound(const Snapshot& snapshot, const QueueContext& context, const GangView& gang,
                     const std::vector<Placement>& bind, std::size_t first) {
  ResourceVector amounts;
  const auto kind = [&](std::size_t i) {
    return std::make_pair(gang.members[bind[i].member].shape,
                          snapshot.nodes->model[bind[i].node.index()]);
  };
  for (std::size_t begin = first; begin < bind.size();) {
    const auto [shape, model] = kind(begin);
    std::size_t end = begin + 1;
    while (end < bind.size() && kind(end) == std::make_pair(shape, model)) ++end;
    const auto count = static_cast<std::int64_t>(end - begin);
    begin = end;
    const PodShape& asked = *(*snapshot.shapes)[shape.index()];
    if (GpusAsked(asked) > 0) {
      amounts.Add(context.model_resources[model.index()],
                  GpuMilli(asked, snapshot.names->kinds[model.index()]) * count);
    }
    amounts.AddTimes((*snapshot.shape_requests)[shape.index()], count);
  }
  return amounts;
}

}  // namespace fairlead
