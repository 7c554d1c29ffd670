// QueueTree: queues that were checked to form a tree, and the ways through it.
//
// I1: parents are inner queues, leaves hold gangs; the root is implicit (QueueId::None()).
// I2: children are in order of name, bytewise; DepthFirst() visits parents before children, in that
//     order. Neither depends on the order in which the queues were declared.
// I3: a queue's guarantee holds the sum of its children's; one that declares none has that sum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/queues/spec.h"

namespace fairlead {

inline constexpr std::size_t kMaxQueueDepth = 16;  // children of the root are at depth 1

// What is wrong with a list of queues: at one queue and field, and, where two do not go together,
// the other end. Positions are indices into the list.
struct TreeProblem {
  std::size_t queue = 0;
  std::string field;    // "parent", "guarantee.cpu"
  std::string message;  // names both ends and what was expected
  std::optional<std::size_t> other;
};

// Checks names (unique), parents (known, no cycle, depth <= kMaxQueueDepth), weights, ranges, that
// guarantees of children fit in the parent's, guarantee <= limit at the queue and at every
// ancestor, that sums of guarantees fit in 63 bits, that lending_limit and user_limit make sense,
// and that queues with children have no order, caps or user_limit. What can be said about single
// queues goes before the tree, and the tree before amounts; of one kind the first in order of the
// list. Linear but for sorting by name.
std::optional<TreeProblem> CheckTree(const std::vector<QueueSpec>& queues);

class QueueTree {
 public:
  // `queues` passes CheckTree. QueueId = position in the list.
  explicit QueueTree(const std::vector<QueueSpec>& queues);

  std::size_t size() const { return parents_.size(); }
  QueueId parent(QueueId queue) const { return parents_[queue.index()]; }
  const std::vector<QueueId>& children(QueueId queue) const;  // None: those of the root
  bool IsLeaf(QueueId queue) const { return children(queue).empty(); }
  const std::vector<QueueId>& DepthFirst() const { return depth_first_; }
  // Position among all queues by name, bytewise: the order of ties.
  std::uint32_t NameRank(QueueId queue) const { return name_ranks_[queue.index()]; }
  // The strictest state of the queue and its ancestors.
  QueueState EffectiveState(QueueId queue) const { return states_[queue.index()]; }
  // The guarantee, or where none is declared the sum of the children's.
  const NamedAmounts& Guarantee(QueueId queue) const { return guarantees_[queue.index()]; }

 private:
  std::vector<QueueId> parents_;
  std::vector<std::vector<QueueId>> children_;  // the root's last
  std::vector<QueueId> depth_first_;
  std::vector<std::uint32_t> name_ranks_;
  std::vector<QueueState> states_;
  std::vector<NamedAmounts> guarantees_;
};

}  // namespace fairlead
