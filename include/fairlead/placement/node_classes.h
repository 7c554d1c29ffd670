// NodeClasses: nodes that no waiting shape can tell apart, apart from what is free on them. Labels,
// taints and models are compared once per (shape, class) instead of once per (shape, node).
//
// Two present nodes are in one class if they agree in: cordon, taints (with order), kind of GPU and
// whether they have GPUs, and the values of the label keys that the given shapes select by. A node
// that a shape names is in a class of its own.
//
// Checks stand in the order of kube-scheduler's filters, so that the first one that fails is the
// one it would name: cordon, taints, node selector with node affinity. Accepted GPU models come
// after these, and whether a GPU of the kind is large enough for a share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/model/snapshot.h"
#include "fairlead/placement/room.h"

namespace fairlead {

enum class Predicate : std::uint8_t { kNone, kUnschedulable, kTaint, kSelector, kModel, kShare };

// The first check that a node of the class fails; kNone = a member may run there if there is room.
struct Verdict {
  Predicate failed = Predicate::kNone;
  std::uint32_t taint = 0;  // for kTaint: position in the node's taints
};

class NodeClasses {
 public:
  // `shapes`: all that Check will be asked about. The snapshot must outlive this.
  NodeClasses(const Snapshot& snapshot, const std::vector<ShapeId>& shapes);

  // From now on for another snapshot with the same node table and more shapes, if any.
  void Follow(const Snapshot& snapshot) { snapshot_ = &snapshot; }

  std::uint32_t size() const { return static_cast<std::uint32_t>(sample_.size()); }
  std::uint32_t ClassAt(std::uint32_t rank) const { return class_at_[rank]; }
  std::uint32_t Count(std::uint32_t node_class) const { return count_[node_class]; }
  // A node of the class.
  NodeId Sample(std::uint32_t node_class) const { return sample_[node_class]; }

  Verdict Check(ShapeId shape, std::uint32_t node_class) const;

  // How much the shape prefers nodes of the class: those with fewer soft taints, then those with
  // more weight.
  struct Standing {
    std::int64_t soft_taints = 0;  // PreferNoSchedule, that it does not tolerate
    std::int64_t weight = 0;       // of its preferred node affinity
  };
  Standing StandingOf(ShapeId shape, std::uint32_t node_class) const;
  // Nodes on which members of the shape may run, by name rank.
  RankBits Feasible(ShapeId shape) const;
  // All nodes by how much the shape prefers them, the best first: those with fewer PreferNoSchedule
  // taints that it does not tolerate, then those for which more weight of its preferred node
  // affinity holds. Empty where it is all the same.
  std::vector<RankBits> Tiers(ShapeId shape) const;

 private:
  const Snapshot* snapshot_;
  bool soft_taints_ = false;             // a node has a PreferNoSchedule taint
  std::vector<std::uint32_t> class_at_;  // by name rank
  std::vector<std::uint32_t> count_;     // by class
  std::vector<NodeId> sample_;           // by class
};

// Do the node selector and the node affinity hold for the node?
bool Selects(const PodShape& shape, const NodeInfo& node);

// Does a pod with these tolerations get past the taint? PreferNoSchedule keeps nobody out.
bool GetsPast(const Taint& taint, const std::vector<Toleration>& tolerations);

}  // namespace fairlead
