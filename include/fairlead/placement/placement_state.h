// PlacementState: what a Placer knows about nodes and shapes, so that the next one need not find it
// out again.
//
// Per shape: the nodes on which it may run, those of them that are not known to be full, and their
// ranking by merit. All are kept up to date by what changes: every rank whose room changed is noted
// in `touched`, and a shape looks at those that came since it was last used.
//
// I1: a node that is not `open` to a shape has no room for a member of it, or may not run it.
// I2: what a Placer does is the same with a state that followed other snapshots as with a new one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/base/share.h"
#include "fairlead/model/snapshot.h"
#include "fairlead/placement/node_classes.h"
#include "fairlead/placement/outlook.h"
#include "fairlead/placement/ranking.h"
#include "fairlead/placement/room.h"

namespace fairlead {

struct ShapeState {
  static constexpr std::int64_t kUnbounded = std::numeric_limits<std::int64_t>::max();

  bool fresh = true;  // not used yet
  ShapeNeed need;
  RankBits feasible;
  RankBits open;                // feasible and not known to be full
  std::vector<RankBits> tiers;  // by preference, the best first; empty = all the same
  std::vector<NodeClasses::Standing> standings;  // by class; empty until a member needs them
  std::int64_t at_most = kUnbounded;  // no more members than this fit in the whole cluster now
  std::vector<MeritScale> scales;     // by ModelId, the last one for nodes without GPUs
  Ranking ranking;                    // of all open nodes and some more, by merit
  std::size_t seen = 0;               // of `touched`
  std::uint64_t used = 0;             // in the round of so many decisions
};

class PlacementState {
 public:
  PlacementState(Room room, Outlook outlook);

  Room& room() { return room_; }
  const Room& room() const { return room_; }
  const Outlook& outlook() const { return outlook_; }

  // Of a shape that is used from now on, up to date.
  ShapeState& Of(const Snapshot& snapshot, const NodeClasses& classes, ShapeId shape);
  // Brings its ranking up to date too.
  void CatchUp(const NodeTable& nodes, ShapeState* state);
  // Room of the node has changed.
  void Touch(NodeId node, const NodeTable& nodes) {
    touched_.push_back(nodes.name_rank[node.index()]);
  }
  // Rooms that changed so far; and: all that changed since are again what they were.
  std::size_t Mark() const { return touched_.size(); }
  void Restored(std::size_t mark);

  // The classes are others.
  void ForgetClasses();
  // A decision begins: what none has used for long is forgotten.
  void NextRound();
  // Takes what is free from another snapshot of the same store with the same node table.
  void Follow(const Snapshot& snapshot, Outlook outlook);

 private:
  void Rank(const NodeTable& nodes, std::uint32_t rank, ShapeState* state) const;
  void RankAll(const Snapshot& snapshot, ShapeId shape, ShapeState* state);

  Room room_;
  Outlook outlook_;
  std::uint64_t round_ = 0;
  std::vector<std::uint32_t> touched_;               // name ranks, in order
  std::size_t caught_up_ = 0;                        // of `touched`, by any shape
  std::vector<std::unique_ptr<ShapeState>> shapes_;  // by ShapeId, made on first use
};

}  // namespace fairlead
