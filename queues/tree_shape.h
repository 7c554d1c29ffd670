// What the checks of a tree and the tree itself both need: names to positions, an order in which
// parents come first, and sums from the bottom up.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/queues/spec.h"

namespace fairlead::queues {

// Positions in order of name, bytewise; of equal names the earlier position first.
std::vector<QueueId> PositionsByName(const std::vector<QueueSpec>& list);
// The position of a name, by the above; None where there is none.
QueueId FindPosition(const std::vector<QueueSpec>& list, const std::vector<QueueId>& by_name,
                     std::string_view name);

struct ParentOrder {
  std::vector<QueueId> top_down;  // parents before children; empty where there is a cycle
  std::vector<QueueId> cycle;     // of cycles that with the lowest position, from there upwards
};

// `parents` by QueueId, None where it is a child of the root. Linear.
ParentOrder OrderByParents(const std::vector<QueueId>& parents);

struct GuaranteeSums {
  struct Overflow {
    QueueId parent;  // None: the root
    QueueId child;   // the one with which the sum does not fit in 63 bits any more
    std::string resource;
  };
  std::vector<NamedAmounts> of_children;  // by QueueId; the root's last
  std::optional<Overflow> overflow;       // the first from the bottom; then sums are incomplete
};

GuaranteeSums SumGuarantees(const std::vector<QueueSpec>& list, const std::vector<QueueId>& parents,
                            const std::vector<QueueId>& top_down);

}  // namespace fairlead::queues
