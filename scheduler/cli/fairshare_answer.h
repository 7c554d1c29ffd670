// What `fairlead fairshare` works out: entitlements, what is left, and whole tasks.
#pragma once

#include <cstdint>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/queues/entitlement.h"
#include "scheduler/cli/fairshare_file.h"

namespace fairlead::cli {

// By QueueId.
struct WholeTasks {
  std::vector<std::int64_t> tasks;  // of leaves that have a task
  std::vector<QueueId> order;       // one leaf per grant
};

struct FairshareAnswer {
  std::vector<Entitlement> entitlements;
  ResourceVector unused;
  WholeTasks whole;
};

// Capacity less all entitlements, which fit. Amounts that any of several models can serve are
// assigned to models so that they do.
ResourceVector UnusedCapacity(const EntitlementInput& input,
                              const std::vector<Entitlement>& entitlements);

// Hands out tasks, one at a time, each to the leaf that the hierarchical order names
// (queues/hierarchy_order.h), until nothing fits. Leaves without a task hold their entitlement
// meanwhile. A leaf goes last once it has all of its
// entitlement of some resource that its task uses; it drops out when its demand is met or its next
// task does not fit in the capacity, in a limit, or in what is left beside guarantees that are not
// lent. GPUs of a task come from one model: of those with room the one that the fewest tasks insist
// on, then the one with the most room. Error: an absurd number of tasks.
Result<WholeTasks> GiveWholeTasks(const FairshareFile& file, const EntitlementInput& input,
                                  const std::vector<Entitlement>& entitlements);

Result<FairshareAnswer> AnswerFairshare(const FairshareFile& file);

}  // namespace fairlead::cli
