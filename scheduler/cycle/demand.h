// Demand of the leaves, as the classes of queues/entitlement.h (rule 1).
//
// It counts what gangs hold, on the GPU model that they run on, and what eligible gangs wait for,
// by the models that they accept: candidates, and those that a failure delays for a moment. A gang
// that asks for more of something than the cluster has does not count.
//
// A class is a set of resources and of sets of accepted models; a gang belongs to the class of what
// all its members together hold or wait for. What gangs hold comes as sums per claim from the
// snapshot, and waiting gangs of one shape are counted and multiplied once, so that the cost is
// one addition per such gang.
//
// Sums stop at 2^61: what is beyond that changes no share, and must not overflow.
#pragma once

#include <vector>

#include "fairlead/queues/entitlement.h"
#include "scheduler/cycle/passes.h"

namespace fairlead {

struct LeafDemand {
  std::vector<DemandClass> classes;
  std::vector<ResourceId>
      uses;  // what waiting gangs use, with every model that they accept; sorted
};

// By QueueId; of inner queues empty.
std::vector<LeafDemand> CountDemand(const Snapshot& snapshot, const QueueContext& context,
                                    const Admission& admission);

// What the gang's placeable members ask for in all.
DemandClass DemandOf(const Snapshot& snapshot, const QueueContext& context,
                     const Candidate& candidate);

// The share of the cluster that this is: the largest over what it names.
Share ShareOf(const DemandClass& demand, const ResourceVector& capacity);

}  // namespace fairlead
