// Base and kept amounts: rules 2 and 3 of entitlement.h.
//
// A guarantee of a resource covers, in this order, what is asked for of that resource alone and
// then amounts with alternatives, fewer alternatives first. What an inner queue guarantees beyond
// its children goes to those that still lack it, by weighted max-min, as far as their limits allow.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fairlead/queues/entitlement.h"
#include "queues/demand_model.h"

namespace fairlead::fair {

// The limit of a set of resources that is in force at a queue, and whether it stands for a
// guarantee that may not be exceeded. nullopt = unlimited.
struct EffectiveLimit {
  std::int64_t amount = 0;
  bool from_guarantee = false;
};
std::optional<EffectiveLimit> LimitOf(const EntitlementQueue& queue, const ResourceSet& set);

template <typename Num>
struct Guarantees {
  bool any = false;                     // else the rest is empty
  std::vector<std::vector<Num>> slots;  // by queue (leaves) and slot: its base, units
  std::vector<std::vector<Num>> used;   // by queue and set: base and kept below it, units
  std::vector<std::vector<Num>> kept;   // by queue and resource: its own h, units
  std::vector<Num> used_by_all;         // by set
  std::vector<bool> cut;                // by resource
};

template <typename Num>
Guarantees<Num> GrantGuarantees(const EntitlementInput& input, const DemandModel& model);

// The base of each amount of a leaf's class, in the order of model.classes[queue][c]; units.
template <typename Num>
std::vector<Num> BaseOfClass(const Guarantees<Num>& guarantees, const DemandModel& model,
                             std::uint32_t queue, std::size_t c);

}  // namespace fairlead::fair
