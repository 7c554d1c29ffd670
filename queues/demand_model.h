// The solver's dimensions: which amounts there are, and which sets of them share a capacity.
#pragma once

#include <cstdint>
#include <vector>

#include "fairlead/queues/entitlement.h"

namespace fairlead::fair {

// What a class can ask for: a resource, or an amount that any of several GPU models can serve.
struct Dimension {
  std::vector<ResourceId> models;  // one: that resource
  std::int64_t capacity = 0;       // of all models together, at most 2^63 - 1
};

// A set of resources that some dimensions draw on: a resource alone, or GPU models that amounts
// with alternatives connect. What accepts only members of the set fits in their sum.
struct ResourceSet {
  std::vector<ResourceId> resources;      // sorted
  std::vector<std::uint32_t> dimensions;  // those that accept nothing else
};

// A part of a dimension that one resource serves: what a guarantee of the resource can cover.
struct Slot {
  std::uint32_t dimension = 0;
  ResourceId resource;
};

struct Amount {
  std::uint32_t dimension = 0;
  std::int64_t amount = 0;  // > 0
};

struct DemandModel {
  std::vector<Dimension> dimensions;  // by (number of models, models)
  std::vector<ResourceSet> sets;
  std::vector<Slot> slots;                                // by dimension, then resource
  std::vector<std::vector<std::vector<Amount>>> classes;  // by queue and class, without zeros
  std::vector<std::vector<std::uint32_t>> children;       // by queue, the root's last; by rank
  std::vector<std::uint32_t> depth_first;                 // parents first, siblings by rank
  std::size_t resources = 0;
};

DemandModel MakeDemandModel(const EntitlementInput& input);

}  // namespace fairlead::fair
