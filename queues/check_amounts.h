// What must hold between the guarantees, limits and lending limits of a tree of queues.
#pragma once

#include <optional>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/queues/tree.h"

namespace fairlead::queues {

// `parents` by QueueId and `top_down` describe a tree; amounts are sorted by name and >= 0. The
// first problem: guarantees above a limit on the way to the root; sums of guarantees above what
// their parent has; lending limits without a guarantee. Each in order of the list.
std::optional<TreeProblem> CheckAmounts(const std::vector<QueueSpec>& list,
                                        const std::vector<QueueId>& parents,
                                        const std::vector<QueueId>& top_down);

}  // namespace fairlead::queues
