#include "fairlead/placement/room.h"

#include <algorithm>

#include "fairlead/base/check.h"
#include "fairlead/model/gpu_share.h"

namespace fairlead {

ShapeNeed NeedOf(const Snapshot& snapshot, ShapeId shape) {
  ShapeNeed need;
  const PodShape& asked = *(*snapshot.shapes)[shape.index()];
  need.gpus = GpusAsked(asked);
  const ResourceNames& names = *snapshot.names;
  for (const GpuKind& kind : names.kinds) need.gpu_milli.push_back(GpuMilli(asked, kind));
  if (asked.gpu_share.devices > 0) {
    for (const GpuKind& kind : names.kinds) need.slices.push_back(SlicesFor(asked.gpu_share, kind));
    const auto& classes = names.share_classes;
    need.share_class = static_cast<std::uint32_t>(
        std::find(classes.begin(), classes.end(), asked.gpu_share.share_class) - classes.begin());
  }
  const ResourceVector& requests = (*snapshot.shape_requests)[shape.index()];
  for (std::uint32_t r = 0; r < requests.size(); ++r) {
    const std::int64_t amount = requests.Get(ResourceId(r));
    if (amount == 0) continue;
    if (r < snapshot.usage.resources) {
      need.amounts.emplace_back(ResourceId(r), amount);
    } else {
      need.impossible = true;
    }
  }
  return need;
}

Room Room::Free(const Snapshot& snapshot) { return Room(snapshot, snapshot.usage); }

Room Room::Empty(const Snapshot& snapshot) {
  NodeUsage usage = snapshot.usage;
  for (const NodeId node : snapshot.nodes->by_name) {
    for (std::uint32_t r = 0; r < usage.resources; ++r) {
      usage.Free(ResourceId(r), node) = snapshot.nodes->capacity[node.index()].Get(ResourceId(r));
    }
  }
  std::fill(usage.gpu_used.begin(), usage.gpu_used.end(), 0);
  std::fill(usage.gpu_unknown.begin(), usage.gpu_unknown.end(), 0);
  usage.shared.clear();
  return Room(snapshot, std::move(usage));
}

Room::Room(const Snapshot& snapshot, NodeUsage usage)
    : nodes_(snapshot.nodes.get()), usage_(std::move(usage)) {
  for (const NodeId node : nodes_->by_name) {
    most_gpus_ = std::max(most_gpus_, nodes_->gpus[node.index()]);
  }
  const std::size_t levels = 2 * static_cast<std::size_t>(most_gpus_) + 2;
  level_bits_.assign(levels, RankBits((ranks() + 63) / 64, 0));
  level_count_.assign(levels, 0);
  free_gpus_.assign(nodes_->size(), 0);
  for (std::uint32_t rank = 0; rank < ranks(); ++rank) {
    const NodeId node = NodeAt(rank);
    free_gpus_[node.index()] = FreeGpus(*nodes_, usage_, node);
    const auto level = static_cast<std::size_t>(LevelOf(node));
    level_bits_[level][rank / 64] |= std::uint64_t{1} << (rank % 64);
    ++level_count_[level];
  }
  ListShared();
}

std::vector<NodeId> Room::Follow(const Snapshot& snapshot) {
  nodes_ = snapshot.nodes.get();
  log_.clear();
  const NodeUsage& next = snapshot.usage;
  std::vector<std::uint8_t> changed(nodes_->size(), 0);
  const auto compare = [&changed](const auto* before, const auto* after) {
    for (std::size_t n = 0; n < changed.size(); ++n) changed[n] |= before[n] != after[n] ? 1 : 0;
  };
  for (std::size_t r = 0; r < next.resources; ++r) {
    compare(usage_.free.data() + r * next.nodes, next.free.data() + r * next.nodes);
  }
  compare(usage_.gpu_used.data(), next.gpu_used.data());
  compare(usage_.gpu_unknown.data(), next.gpu_unknown.data());
  usage_ = next;
  FollowShared(next.shared, &changed);
  std::vector<NodeId> nodes;
  for (std::uint32_t n = 0; n < changed.size(); ++n) {
    if (changed[n] == 0) continue;
    const NodeId node(n);
    nodes.push_back(node);
    if (nodes_->present[n]) SetFreeGpus(node, FreeGpus(*nodes_, usage_, node));
  }
  return nodes;
}

std::int32_t Room::LevelOf(NodeId node) const {
  const std::int32_t all = nodes_->gpus[node.index()];
  const std::int32_t free = free_gpus_[node.index()];
  if (all == 0) return 0;
  return free < all ? 1 + free : 1 + most_gpus_ + free;
}

std::int32_t Room::LevelGpus(std::int32_t level) const {
  if (level == 0) return 0;
  return level <= most_gpus_ ? level - 1 : level - 1 - most_gpus_;
}

void Room::SetFreeGpus(NodeId node, std::int32_t gpus) {
  const std::uint32_t rank = nodes_->name_rank[node.index()];
  const std::uint64_t bit = std::uint64_t{1} << (rank % 64);
  const auto from = static_cast<std::size_t>(LevelOf(node));
  free_gpus_[node.index()] = gpus;
  const auto to = static_cast<std::size_t>(LevelOf(node));
  level_bits_[from][rank / 64] &= ~bit;
  --level_count_[from];
  level_bits_[to][rank / 64] |= bit;
  ++level_count_[to];
}

std::int64_t Room::Fits(const ShapeNeed& need, NodeId node, std::int64_t want) const {
  if (need.impossible) return 0;
  std::int64_t fits = want;
  if (!need.slices.empty()) {
    fits = std::min(fits, ShareFits(need, node));
  } else if (need.gpus > 0) {
    const std::int32_t free = free_gpus_[node.index()];
    if (free < need.gpus) return 0;
    fits = std::min<std::int64_t>(fits, free / need.gpus);
  }
  for (const auto& [resource, amount] : need.amounts) {
    const std::int64_t free = usage_.Free(resource, node);
    if (free < amount) return 0;
    // Divides only where it can matter: most calls ask for one member.
    if (fits > 1) fits = std::min(fits, free / amount);
  }
  return fits;
}

GpuMask Room::Take(const ShapeNeed& need, NodeId node, std::int64_t count) {
  GpuMask& used = usage_.gpu_used[node.index()];
  log_.push_back({node, &need, count, used, 0});
  for (const auto& [resource, amount] : need.amounts) {
    std::int64_t& free = usage_.Free(resource, node);
    free -= amount * count;
    FAIRLEAD_CHECK(free >= 0, "node {} resource {} free {}", node.value(), resource.value(), free);
  }
  if (need.gpus == 0) return 0;
  const auto devices = static_cast<std::int32_t>(need.gpus * count);
  const GpuMask taken = LowestFreeGpus(*nodes_, usage_, node, devices);
  used |= taken;
  SetFreeGpus(node, free_gpus_[node.index()] - devices);
  return taken;
}

void Room::UndoLast() {
  const Taken last = log_.back();
  log_.pop_back();
  for (const auto& [resource, amount] : last.need->amounts) {
    usage_.Free(resource, last.node) += amount * last.count;
  }
  if (last.need->gpus == 0) return;
  if (last.shares != 0) return GiveBackShare(last);
  usage_.gpu_used[last.node.index()] = last.gpu_used_before;
  const auto devices = static_cast<std::int32_t>(last.need->gpus * last.count);
  SetFreeGpus(last.node, free_gpus_[last.node.index()] + devices);
}

}  // namespace fairlead
