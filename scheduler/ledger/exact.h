// Exact fractions for money; heavy, for a few .cc files only.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>

#include "fairlead/base/check.h"

namespace fairlead::ledger {

using Exact = boost::multiprecision::cpp_rational;
using Big = boost::multiprecision::cpp_int;

inline Big FloorOf(const Exact& value) {
  const Big num = boost::multiprecision::numerator(value);
  const Big den = boost::multiprecision::denominator(value);
  Big quotient = num / den;
  if (num < 0 && quotient * den != num) --quotient;
  return quotient;
}

// Half to even.
inline Big RoundOf(const Exact& value) {
  Big floor = FloorOf(value);
  const Exact rest = value - Exact(floor);
  const Exact half(1, 2);
  if (rest < half) return floor;
  if (rest > half || (floor & 1) != 0) return floor + 1;
  return floor;
}

inline std::int64_t ToInt64(const Big& value) {
  FAIRLEAD_CHECK(value >= INT64_MIN && value <= INT64_MAX, "an amount beyond 63 bits");
  return static_cast<std::int64_t>(value);
}

}  // namespace fairlead::ledger
