// From demand and guarantees to the problem that Fill() solves, and what it says about each class.
#pragma once

#include <cstdint>
#include <vector>

#include "queues/demand_model.h"
#include "queues/filling.h"
#include "queues/guarantee.h"

namespace fairlead::fair {

// Why a class has what it has.
struct ClassEnd {
  enum class Kind : std::uint8_t { kDemand, kLimit, kCapacity };
  Kind kind = Kind::kDemand;
  std::uint32_t queue = 0;  // kLimit: whose
  std::uint32_t set = 0;    // kLimit, kCapacity: of which resources
};

// A class after the solve. Its amounts are base + part x (demand - base).
template <typename Num>
struct SolvedClass {
  std::vector<Num> base;  // by amount of the class, units; empty = 0
  Num part;               // of the demand beyond the base
  ClassEnd end;

  // What the demand of `amount` leaves to want beyond the base.
  Num Missing(std::int64_t amount, std::size_t i) const {
    return base.empty() ? Num::Of(amount) : Num::Of(amount) - base[i];
  }
  Num Surplus(std::int64_t amount, std::size_t i) const {
    return base.empty() ? part.Times(amount) : part * Missing(amount, i);
  }
};

template <typename Num>
struct SolvedSurplus {
  Guarantees<Num> guarantees;
  std::vector<std::vector<SolvedClass<Num>>> classes;  // by queue and class
  std::size_t events = 0;
};

// Throws Undecided where Num is a Fixed.
template <typename Num>
SolvedSurplus<Num> SolveSurplus(const EntitlementInput& input, const DemandModel& model);

}  // namespace fairlead::fair
