#include <algorithm>
#include <bit>
#include <utility>

#include "fairlead/base/check.h"
#include "fairlead/model/gpu_share.h"
#include "scheduler/model/store_state.h"

namespace fairlead {

ResourceId ClusterStore::State::InternResource(const std::string& name) {
  if (resource_ids.empty()) {
    for (std::uint32_t i = 0; i < kFixedResources; ++i) {
      resource_ids.emplace(names->resources[i], ResourceId(i));
    }
  }
  const auto [it, added] =
      resource_ids.emplace(name, ResourceId(static_cast<std::uint32_t>(names->resources.size())));
  if (added) {
    if (names.use_count() > 1) names = std::make_shared<ResourceNames>(*names);
    names->resources.push_back(name);
    usage_fits = false;
  }
  return it->second;
}

ModelId ClusterStore::State::InternKind(const std::string& model, const GpuKind& kind) {
  const auto [it, added] =
      kind_ids.emplace(std::make_tuple(model, kind.slices, kind.memory_bytes),
                       ModelId(static_cast<std::uint32_t>(names->models.size())));
  if (added) {
    model_resources.push_back(InternResource("gpu/" + model));
    if (names.use_count() > 1) names = std::make_shared<ResourceNames>(*names);
    names->models.push_back(model);
    names->kinds.push_back(kind);
  }
  return it->second;
}

ResourceVector ClusterStore::State::ToVector(const Amounts& amounts) {
  ResourceVector vector;
  vector.Set(kCpu, amounts.milli_cpu);
  vector.Set(kMemory, amounts.memory_bytes);
  vector.Set(kPods, amounts.pods);
  vector.Set(kEphemeralStorage, amounts.ephemeral_bytes);
  for (const auto& [name, amount] : amounts.extended) vector.Add(InternResource(name), amount);
  return vector;
}

NodeTable& ClusterStore::State::MutableNodes() {
  if (nodes.use_count() > 1) nodes = std::make_shared<NodeTable>(*nodes);
  return *nodes;
}

// A row exists from the first mention of the name, which may be a pod's: pods are listed beside
// nodes.
NodeId ClusterStore::State::RowFor(const std::string& name) {
  const auto it = node_ids.find(name);
  if (it != node_ids.end()) {
    // It comes back: nobody else may be given its row.
    if (std::exchange(held[it->second.index()].row_free, false)) {
      std::erase(free_rows, it->second);
    }
    return it->second;
  }
  names_sorted = false;
  NodeTable& table = MutableNodes();
  if (!free_rows.empty()) {
    const NodeId reused = free_rows.back();
    free_rows.pop_back();
    node_ids.erase(table.info[reused.index()].name);
    node_ids.emplace(name, reused);
    table.info[reused.index()].name = name;
    table.model[reused.index()] = ModelId::None();
    held[reused.index()].row_free = false;
    return reused;
  }
  const NodeId id(static_cast<std::uint32_t>(table.size()));
  node_ids.emplace(name, id);
  table.info.emplace_back().name = name;
  table.present.push_back(false);
  table.capacity.emplace_back();
  table.gpus.push_back(0);
  table.model.push_back(ModelId::None());
  held.emplace_back();
  usage.gpu_used.push_back(0);
  usage.gpu_unknown.push_back(0);
  usage_fits = false;
  return id;
}

// Rows of nodes that are gone and hold nothing are used again, so that churn does not grow the
// table.
void ClusterStore::State::FreeRow(NodeId id) {
  NodeHeld& row = held[id.index()];
  if (row.row_free || nodes->present[id.index()] || !row.pods.empty()) return;
  row.row_free = true;
  free_rows.push_back(id);
}

void ClusterStore::State::SetNode(const NodeInfo& info) {
  const NodeId id = RowFor(info.name);
  held[id.index()].generation = Generation(ObjectKind::kNode);
  if (nodes->present[id.index()] && nodes->info[id.index()] == info) return;
  FAIRLEAD_CHECK(info.allocatable.gpus <= kMaxGpusPerNode, "node {} has {} GPUs", info.name,
                 info.allocatable.gpus);
  FAIRLEAD_CHECK(info.gpu_slices >= 1 && info.gpu_slices <= kMaxGpuSlices, "node {} has {} slices",
                 info.name, info.gpu_slices);
  const ModelId model = info.allocatable.gpus > 0
                            ? InternKind(info.gpu_model, {info.gpu_slices, info.gpu_memory})
                            : ModelId::None();
  ResourceVector capacity = ToVector(info.allocatable);
  NodeTable& table = MutableNodes();
  if (!table.present[id.index()]) {
    ++present_nodes;
    names_sorted = false;
  }
  if (table.info[id.index()].unschedulable != info.unschedulable) names_sorted = false;
  table.info[id.index()] = info;
  table.present[id.index()] = true;
  table.capacity[id.index()] = std::move(capacity);
  table.gpus[id.index()] = info.allocatable.gpus;
  const bool new_model = table.model[id.index()] != model;
  table.model[id.index()] = model;
  shares_listed = shares_listed && held[id.index()].shares.empty();
  if (new_model) Recharge(id);
  NoteNode(id);
  RefreshFree(id);
  ++held[id.index()].stamp;
  Wake();
}

// Whether the pod's node has given away more than it has of anything that the pod asks for. What it
// does not ask for is no reason to take it away: a decision would put it there again.
bool ClusterStore::State::Overbooked(const PodRecord& pod) const {
  const std::size_t node = pod.node.index();
  const ResourceVector& requests = (*shape_requests)[pod.shape.index()];
  for (std::uint32_t r = 0; r < requests.size(); ++r) {
    const ResourceId id(r);
    if (requests.Get(id) > 0 && held[node].used.Get(id) > nodes->capacity[node].Get(id))
      return true;
  }
  if (GpusAsked(*(*shapes)[pod.shape.index()]) == 0) return false;
  return std::popcount(usage.gpu_used[node]) + usage.gpu_unknown[node] > nodes->gpus[node];
}

void ClusterStore::State::ClearNode(NodeId id) {
  if (!nodes->present[id.index()]) return;
  NoteNode(id);
  NodeTable& table = MutableNodes();
  const std::string name = table.info[id.index()].name;
  table.info[id.index()] = NodeInfo{};
  table.info[id.index()].name = name;
  table.present[id.index()] = false;
  table.capacity[id.index()] = ResourceVector();
  table.gpus[id.index()] = 0;
  shares_listed = shares_listed && held[id.index()].shares.empty();
  // The model stays: pods still bound to the vanished node keep being accounted under it.
  --present_nodes;
  names_sorted = false;
  RefreshFree(id);
  ++held[id.index()].stamp;
  FreeRow(id);
  Wake();
}

void ClusterStore::State::RefreshFree(NodeId id) {
  if (!usage_fits) return;
  const ResourceVector& capacity = nodes->capacity[id.index()];
  const ResourceVector& used = held[id.index()].used;
  for (std::uint32_t r = 0; r < usage.resources; ++r) {
    const ResourceId resource(r);
    usage.Free(resource, id) =
        std::max<std::int64_t>(0, capacity.Get(resource) - used.Get(resource));
  }
}

// Gives the usage columns room for today's nodes and resources. Devices survive; free is
// recomputed.
void ClusterStore::State::FitUsage() {
  if (usage_fits) return;
  usage.nodes = nodes->size();
  usage.resources = names->resources.size();
  usage.free.assign(usage.nodes * usage.resources, 0);
  usage_fits = true;
  for (std::uint32_t n = 0; n < usage.nodes; ++n) RefreshFree(NodeId(n));
}

void ClusterStore::State::SortNames() {
  if (names_sorted) return;
  NodeTable& table = MutableNodes();
  table.by_name.clear();
  for (std::uint32_t n = 0; n < table.size(); ++n) {
    if (table.present[n]) table.by_name.push_back(NodeId(n));
  }
  std::sort(table.by_name.begin(), table.by_name.end(), [&table](NodeId a, NodeId b) {
    return table.info[a.index()].name < table.info[b.index()].name;
  });
  table.name_rank.assign(table.size(), 0);
  table.cordoned.clear();
  for (std::uint32_t rank = 0; rank < table.by_name.size(); ++rank) {
    const NodeId node = table.by_name[rank];
    table.name_rank[node.index()] = rank;
    if (table.info[node.index()].unschedulable) table.cordoned.push_back(node);
  }
  names_sorted = true;
}

}  // namespace fairlead
