#include "fairlead/placement/placement_memo.h"

#include <algorithm>

namespace fairlead {

bool PlacementMemo::SameNodes(const Snapshot& snapshot) const {
  return nodes_ == snapshot.nodes && resources_ == snapshot.usage.resources &&
         kinds_ == snapshot.names->kinds.size();
}

void PlacementMemo::Follow(const Snapshot& snapshot, const std::vector<ShapeId>& shapes) {
  const bool same = SameNodes(snapshot);
  snapshot_ = &snapshot;
  nodes_ = snapshot.nodes;
  resources_ = snapshot.usage.resources;
  kinds_ = snapshot.names->kinds.size();
  if (!same) {
    classes_.reset();
    now_.reset();
    empty_.reset();
  }
  FollowClasses(snapshot, shapes);
  if (empty_) empty_->NextRound();
  Outlook outlook = OutlookOf(snapshot);
  if (now_) {
    now_->Follow(snapshot, std::move(outlook));
  } else {
    now_.emplace(Room::Free(snapshot), std::move(outlook));
  }
}

// Classes that tell more nodes apart than they must are as good, so those that are there stay until
// a shape comes that they were not made for.
void PlacementMemo::FollowClasses(const Snapshot& snapshot, const std::vector<ShapeId>& shapes) {
  const bool enough = classes_ && std::all_of(shapes.begin(), shapes.end(), [this](ShapeId shape) {
                        return shape.index() < covered_.size() && covered_[shape.index()];
                      });
  if (enough) {
    classes_->Follow(snapshot);
    return;
  }
  classes_.emplace(snapshot, shapes);
  if (now_) now_->ForgetClasses();
  if (empty_) empty_->ForgetClasses();
  covered_.assign(snapshot.shapes->size(), false);
  for (const ShapeId shape : shapes) covered_[shape.index()] = true;
}

PlacementState* PlacementMemo::Empty() {
  if (!empty_) empty_.emplace(Room::Empty(*snapshot_), Outlook{});
  return &*empty_;
}

}  // namespace fairlead
