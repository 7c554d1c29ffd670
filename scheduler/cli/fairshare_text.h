// The answer of `fairlead fairshare`, as a table for people and as JSON for programs.
#pragma once

#include <string>

#include "scheduler/cli/fairshare_answer.h"

namespace fairlead::cli {

// Queues as a tree, siblings by name; then what is left. With `order` the sequence of grants.
std::string FairshareText(const FairshareFile& file, const FairshareAnswer& answer, bool order,
                          bool colour);

// {"queues":[{"name","parent"?,"entitlement":{},"dominant_share":"2/3","bound_by","resource"?,
// "bound_queue"?,"guarantee_cut"?,"tasks"?}],"unused":{},"order"?:[]}. Amounts are quantities.
// A queue's entitlement has every resource that it wants, unused every resource of the capacity.
std::string FairshareJson(const FairshareFile& file, const FairshareAnswer& answer, bool order);

}  // namespace fairlead::cli
