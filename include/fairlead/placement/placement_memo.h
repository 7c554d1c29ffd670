// PlacementMemo: what decisions about one store learn about its nodes, kept from one to the next:
// classes of nodes, sets of nodes per shape, free room. It saves time and changes nothing: a
// decision with a memo is the same as one with a new memo (held by a property test).
//
// What has changed is found by comparing with what was there before, so no event can be missed. All
// of it is forgotten when a node, a resource or a kind of GPU comes, goes or changes.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "fairlead/model/snapshot.h"
#include "fairlead/placement/node_classes.h"
#include "fairlead/placement/placement_state.h"

namespace fairlead {

class PlacementMemo {
 public:
  // For a decision about this snapshot, in which only these shapes are placed. Snapshots of one
  // memo are of one store; the snapshot must stay until the next call or the end of this object.
  void Follow(const Snapshot& snapshot, const std::vector<ShapeId>& shapes);

  // After Follow.
  const NodeClasses& classes() const { return *classes_; }
  PlacementState* now() { return &*now_; }
  // The same cluster with nothing running on it, without merits.
  PlacementState* Empty();

 private:
  bool SameNodes(const Snapshot& snapshot) const;
  void FollowClasses(const Snapshot& snapshot, const std::vector<ShapeId>& shapes);

  const Snapshot* snapshot_ = nullptr;
  std::shared_ptr<const NodeTable> nodes_;
  std::size_t resources_ = 0;
  std::size_t kinds_ = 0;
  std::optional<NodeClasses> classes_;
  std::vector<bool> covered_;  // by ShapeId: the classes tell nodes apart for it
  std::optional<PlacementState> now_;
  std::optional<PlacementState> empty_;
};

}  // namespace fairlead
