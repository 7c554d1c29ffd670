// Room: what is free on every node, as a what-if state.
//
// Take() takes room for members; Mark() and Rollback() give back everything taken since a mark, so
// that a gang that does not fit leaves nothing behind. There is no other way to give room back.
//
// Nodes stand in a line from best to worst: by level, then by name rank. The level is the score, an
// integer, lower is better:
//
//   0                  nodes without GPUs
//   1 + f              nodes whose GPUs are partly or all taken, f of them free
//   1 + G + f          untouched nodes with f GPUs, all free; G = the most GPUs that a node has
//
// So pods with GPUs fill partly used nodes, the fullest that still fits first, before they break
// into a whole one, the smallest whole one first; pods without GPUs go to nodes without GPUs, then
// to nodes whose GPUs are taken anyway, and touch whole nodes last.
//
// A GPU is whole or shared. A share goes to the shared GPU of its class with the fewest free slices
// that are enough, before a free GPU is broken into; nodes with such GPUs can be found by the
// number of their free slices. A shared GPU that becomes empty is free again.
//
// I1: free amounts and free devices are never negative.
// I2: after Rollback(m) the state is, bit for bit, what it was at m = Mark().
//
// Cost: Take and its undoing are O(resources of the shape); a level is a bitmap over name ranks.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/base/resources.h"
#include "fairlead/model/node_table.h"
#include "fairlead/model/snapshot.h"

namespace fairlead {

// One bit per present node, by name rank.
using RankBits = std::vector<std::uint64_t>;

// What one member of a shape takes; without the resources that it takes nothing of.
struct ShapeNeed {
  std::vector<std::pair<ResourceId, std::int64_t>> amounts;
  std::int32_t gpus = 0;                // whole ones, or devices of which slices are taken
  std::vector<std::int32_t> slices;     // on each, by ModelId; empty = whole
  std::uint32_t share_class = 0;        // of the slices
  std::vector<std::int64_t> gpu_milli;  // that all of them are accounted for, by ModelId
  bool impossible = false;              // asks for a resource that no node of the snapshot has
};

ShapeNeed NeedOf(const Snapshot& snapshot, ShapeId shape);

class Room {
 public:
  // Free now.
  static Room Free(const Snapshot& snapshot);
  // Free if no pod ran anywhere.
  static Room Empty(const Snapshot& snapshot);

  std::size_t ranks() const { return nodes_->by_name.size(); }
  NodeId NodeAt(std::uint32_t rank) const { return nodes_->by_name[rank]; }

  std::int32_t levels() const { return static_cast<std::int32_t>(level_bits_.size()); }
  const RankBits& Level(std::int32_t level) const {
    return level_bits_[static_cast<std::size_t>(level)];
  }
  bool LevelEmpty(std::int32_t level) const {
    return level_count_[static_cast<std::size_t>(level)] == 0;
  }
  // Free devices of every node of the level.
  std::int32_t LevelGpus(std::int32_t level) const;

  // How many members fit on the node now; at most `want`. Of shares of several GPUs each, no more.
  std::int64_t Fits(const ShapeNeed& need, NodeId node, std::int64_t want) const;

  // Takes room for `count` members, which must fit. The devices taken: count * gpus, the lowest
  // free ones. `need` must stay where it is until the room is given back or this object ends.
  GpuMask Take(const ShapeNeed& need, NodeId node, std::int64_t count);

  // Shares. Where a member goes: on each of the devices that are returned, none where it does not
  // fit on the node. `only_shared`: no free GPU is broken into. `need` stays, as for Take.
  GpuMask TakeShare(const ShapeNeed& need, NodeId node, bool only_shared);
  // Nodes that have a shared GPU with so many free slices, 1 .. kMaxGpuSlices - 1.
  const RankBits& WithFreeSlices(std::int32_t slices) const {
    return slice_bits_[static_cast<std::size_t>(slices)];
  }
  bool NoneWithFreeSlices(std::int32_t slices) const {
    return slice_count_.empty() || slice_count_[static_cast<std::size_t>(slices)] == 0;
  }
  // Has any node shared GPUs?
  bool Shares() const { return !slots_.empty(); }
  // How many members find their slices on the node, whatever else is free.
  std::int64_t ShareFits(const ShapeNeed& need, NodeId node) const;

  std::size_t Mark() const { return log_.size(); }
  // Gives back all that was taken since; calls `returned(node)` for each Take undone.
  template <typename Returned>
  void Rollback(std::size_t mark, Returned returned) {
    while (log_.size() > mark) {
      returned(log_.back().node);
      UndoLast();
    }
  }

  // Takes over what is free in another snapshot with the same node table, resources and kinds, and
  // returns the nodes on which anything is different from what it was here. Forgets how to undo.
  std::vector<NodeId> Follow(const Snapshot& snapshot);

  // Forgets how to undo what was taken so far.
  void Commit() { log_.clear(); }

  std::int64_t FreeAmount(ResourceId r, NodeId node) const { return usage_.Free(r, node); }
  std::int32_t FreeDevices(NodeId node) const { return free_gpus_[node.index()]; }
  // Free devices and slices, in thousandths of GPUs, rounded down.
  std::int64_t FreeMilli(NodeId node) const;

 private:
  struct Taken {
    NodeId node;
    const ShapeNeed* need;
    std::int64_t count;
    GpuMask gpu_used_before;
    GpuMask shares;  // devices of which slices were taken
  };
  // A device of a node that has shared GPUs.
  struct Slot {
    bool shared = false;
    std::int32_t free = 0;
    std::uint32_t share_class = 0;

    friend bool operator==(const Slot&, const Slot&) = default;
  };

  Room(const Snapshot& snapshot, NodeUsage usage);
  std::int32_t LevelOf(NodeId node) const;
  void SetFreeGpus(NodeId node, std::int32_t gpus);
  void UndoLast();
  void ListShared();
  void FollowShared(const std::vector<SharedGpu>& shared, std::vector<std::uint8_t>* changed);
  std::span<Slot> SlotsOf(NodeId node);
  void IndexSlices(NodeId node);
  std::int32_t SlicesOn(const ShapeNeed& need, NodeId node) const;
  void GiveBackShare(const Taken& taken);

  const NodeTable* nodes_;
  NodeUsage usage_;
  std::vector<std::int32_t> free_gpus_;  // by NodeId
  std::int32_t most_gpus_ = 0;
  std::vector<RankBits> level_bits_;
  std::vector<std::uint32_t> level_count_;
  std::vector<Taken> log_;
  std::vector<Slot> slots_;                 // of the nodes that have shared GPUs
  std::vector<std::int32_t> first_slot_;    // by NodeId; -1 = none
  std::vector<NodeId> slotted_;             // nodes that have slots
  std::vector<std::uint64_t> free_slices_;  // by NodeId: bit f = a shared GPU has f free slices
  std::vector<RankBits> slice_bits_;        // by number of free slices; empty until needed
  std::vector<std::uint32_t> slice_count_;  // nodes in each of these
};

}  // namespace fairlead
