// Room: shares of GPUs.
#include <algorithm>
#include <bit>

#include "fairlead/base/check.h"
#include "fairlead/model/gpu_share.h"
#include "fairlead/placement/room.h"

namespace fairlead {
namespace {

constexpr std::int32_t kNoSlot = -1;

}  // namespace

// What the snapshot says.
void Room::ListShared() {
  first_slot_.assign(nodes_->size(), kNoSlot);
  free_slices_.assign(nodes_->size(), 0);
  for (const SharedGpu& gpu : usage_.shared) {
    SlotsOf(gpu.node)[static_cast<std::size_t>(gpu.device)] = {true, gpu.free, gpu.share_class};
  }
  for (const SharedGpu& gpu : usage_.shared) IndexSlices(gpu.node);
}

// Of all devices of the node, made on first use.
std::span<Room::Slot> Room::SlotsOf(NodeId node) {
  const auto count = static_cast<std::size_t>(nodes_->gpus[node.index()]);
  std::int32_t& first = first_slot_[node.index()];
  if (first == kNoSlot) {
    first = static_cast<std::int32_t>(slots_.size());
    slotted_.push_back(node);
    slots_.resize(slots_.size() + count);
    if (slice_bits_.empty()) {
      slice_bits_.assign(kMaxGpuSlices, RankBits((ranks() + 63) / 64, 0));
      slice_count_.assign(kMaxGpuSlices, 0);
    }
  }
  return std::span(slots_).subspan(static_cast<std::size_t>(first), count);
}

// Of nodes that have slots here or there.
void Room::FollowShared(const std::vector<SharedGpu>& shared, std::vector<std::uint8_t>* changed) {
  for (const SharedGpu& gpu : shared) SlotsOf(gpu.node);
  std::vector<Slot> next(slots_.size());
  for (const SharedGpu& gpu : shared) {
    const auto slot = static_cast<std::size_t>(first_slot_[gpu.node.index()] + gpu.device);
    next[slot] = {true, gpu.free, gpu.share_class};
  }
  slots_.swap(next);
  for (const NodeId node : slotted_) {
    const auto first = static_cast<std::size_t>(first_slot_[node.index()]);
    const std::span<Slot> now = SlotsOf(node);
    if (std::equal(now.begin(), now.end(), next.begin() + static_cast<std::ptrdiff_t>(first))) {
      continue;
    }
    (*changed)[node.index()] = 1;
    IndexSlices(node);
  }
}

std::int64_t Room::FreeMilli(NodeId node) const {
  constexpr std::int64_t kMilli = 1000;
  std::int64_t free = kMilli * free_gpus_[node.index()];
  const std::int32_t first = first_slot_[node.index()];
  if (first == kNoSlot) return free;
  std::int64_t slices = 0;
  for (std::int32_t d = 0; d < nodes_->gpus[node.index()]; ++d) {
    slices += slots_[static_cast<std::size_t>(first + d)].free;
  }
  return free + kMilli * slices / nodes_->info[node.index()].gpu_slices;
}

void Room::IndexSlices(NodeId node) {
  std::uint64_t now = 0;
  for (const Slot& slot : SlotsOf(node)) {
    if (slot.shared && slot.free > 0 && slot.free < kMaxGpuSlices) {
      now |= std::uint64_t{1} << slot.free;
    }
  }
  std::uint64_t& before = free_slices_[node.index()];
  if (!nodes_->present[node.index()]) return;
  const std::uint32_t rank = nodes_->name_rank[node.index()];
  for (std::uint64_t changed = before ^ now; changed != 0; changed &= changed - 1) {
    const auto f = static_cast<std::size_t>(std::countr_zero(changed));
    slice_bits_[f][rank / 64] ^= std::uint64_t{1} << (rank % 64);
    (now >> f & 1) != 0 ? ++slice_count_[f] : --slice_count_[f];
  }
  before = now;
}

std::int32_t Room::SlicesOn(const ShapeNeed& need, NodeId node) const {
  const ModelId kind = nodes_->model[node.index()];
  return kind.valid() ? need.slices[kind.index()] : 0;
}

std::int64_t Room::ShareFits(const ShapeNeed& need, NodeId node) const {
  const std::int32_t slices = SlicesOn(need, node);
  if (slices == 0) return 0;
  const std::int32_t whole = nodes_->info[node.index()].gpu_slices;
  std::int64_t parts = std::int64_t{free_gpus_[node.index()]} * (whole / slices);
  std::int64_t devices = free_gpus_[node.index()];
  const std::int32_t first = first_slot_[node.index()];
  for (std::int32_t d = 0; first != kNoSlot && d < nodes_->gpus[node.index()]; ++d) {
    const Slot& slot = slots_[static_cast<std::size_t>(first + d)];
    if (!slot.shared || slot.share_class != need.share_class || slot.free < slices) continue;
    parts += slot.free / slices;
    ++devices;
  }
  return devices < need.gpus ? 0 : parts / need.gpus;
}

GpuMask Room::TakeShare(const ShapeNeed& need, NodeId node, bool only_shared) {
  if (need.impossible) return 0;
  const std::int32_t slices = SlicesOn(need, node);
  if (slices == 0) return 0;
  for (const auto& [resource, amount] : need.amounts) {
    if (usage_.Free(resource, node) < amount) return 0;
  }
  const bool may_break = !only_shared && free_gpus_[node.index()] > 0;
  if (first_slot_[node.index()] == kNoSlot && !may_break) return 0;
  const std::span<Slot> slots = SlotsOf(node);
  GpuMask chosen = 0;
  std::int32_t missing = need.gpus;
  for (; missing > 0; --missing) {
    std::size_t best = slots.size();
    for (std::size_t d = 0; d < slots.size(); ++d) {
      const Slot& slot = slots[d];
      const bool fits = slot.shared && slot.share_class == need.share_class && slot.free >= slices;
      if (!fits || (chosen >> d & 1) != 0) continue;
      if (best == slots.size() || slot.free < slots[best].free) best = d;
    }
    if (best == slots.size()) break;
    chosen |= GpuMask{1} << best;
  }
  if (missing > (may_break ? free_gpus_[node.index()] : 0)) return 0;
  const GpuMask used_before = usage_.gpu_used[node.index()];
  if (missing > 0) {
    const GpuMask broken = LowestFreeGpus(*nodes_, usage_, node, missing);
    const std::int32_t whole =
        nodes_->model[node.index()].valid() ? nodes_->info[node.index()].gpu_slices : 0;
    for (const std::int32_t d : MaskToDevices(broken)) {
      slots[static_cast<std::size_t>(d)] = {true, whole, need.share_class};
    }
    chosen |= broken;
    usage_.gpu_used[node.index()] |= broken;
    SetFreeGpus(node, free_gpus_[node.index()] - missing);
  }
  for (const std::int32_t d : MaskToDevices(chosen)) {
    slots[static_cast<std::size_t>(d)].free -= slices;
  }
  for (const auto& [resource, amount] : need.amounts) usage_.Free(resource, node) -= amount;
  log_.push_back({node, &need, 1, used_before, chosen});
  IndexSlices(node);
  return chosen;
}

void Room::GiveBackShare(const Taken& taken) {
  const std::span<Slot> slots = SlotsOf(taken.node);
  GpuMask& used = usage_.gpu_used[taken.node.index()];
  const GpuMask freed = used & ~taken.gpu_used_before;
  for (const std::int32_t d : MaskToDevices(taken.shares)) {
    Slot& slot = slots[static_cast<std::size_t>(d)];
    slot.free += SlicesOn(*taken.need, taken.node);
    if ((freed >> d & 1) != 0) slot = Slot{};
  }
  used = taken.gpu_used_before;
  if (freed != 0) {
    SetFreeGpus(taken.node, free_gpus_[taken.node.index()] + std::popcount(freed));
  }
  IndexSlices(taken.node);
}

}  // namespace fairlead
