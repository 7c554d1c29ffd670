#include "fairlead/queues/tree.h"

#include <algorithm>

#include "fairlead/base/check.h"
#include "queues/tree_shape.h"

namespace fairlead {

QueueTree::QueueTree(const std::vector<QueueSpec>& queues)
    : parents_(queues.size()),
      children_(queues.size() + 1),
      name_ranks_(queues.size()),
      states_(queues.size()),
      guarantees_(queues.size()) {
  const std::vector<QueueId> by_name = queues::PositionsByName(queues);
  for (std::size_t rank = 0; rank < by_name.size(); ++rank) {
    const QueueId queue = by_name[rank];
    const QueueSpec& spec = queues[queue.index()];
    name_ranks_[queue.index()] = static_cast<std::uint32_t>(rank);
    if (!spec.parent.empty()) {
      parents_[queue.index()] = queues::FindPosition(queues, by_name, spec.parent);
      FAIRLEAD_CHECK(parent(queue).valid(), "unknown parent {} of {}", spec.parent, spec.name);
    }
    // In order of name, since the queues are visited so.
    children_[parent(queue).valid() ? parent(queue).index() : size()].push_back(queue);
  }
  const std::vector<QueueId> top_down = queues::OrderByParents(parents_).top_down;
  FAIRLEAD_CHECK(top_down.size() == size(), "a cycle among {} queues", size());

  queues::GuaranteeSums sums = queues::SumGuarantees(queues, parents_, top_down);
  FAIRLEAD_CHECK(!sums.overflow, "guarantees overflow in {}", sums.overflow->resource);
  for (const QueueId queue : top_down) {
    const std::size_t i = queue.index();
    states_[i] = queues[i].state;
    if (parent(queue).valid()) states_[i] = std::max(states_[i], EffectiveState(parent(queue)));
    if (queues[i].guarantee.empty()) {
      guarantees_[i] = std::move(sums.of_children[i]);
    } else {
      guarantees_[i] = queues[i].guarantee;
    }
  }

  // A stack of what is still to be visited, the next one last.
  std::vector<QueueId> left(children_.back().rbegin(), children_.back().rend());
  while (!left.empty()) {
    const QueueId queue = left.back();
    left.pop_back();
    depth_first_.push_back(queue);
    left.insert(left.end(), children(queue).rbegin(), children(queue).rend());
  }
}

const std::vector<QueueId>& QueueTree::children(QueueId queue) const {
  return queue.valid() ? children_[queue.index()] : children_.back();
}

}  // namespace fairlead
