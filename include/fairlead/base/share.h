// Share: an exact non-negative ratio (allocated / capacity, weight fraction, ...). Compared by
// cross-multiplication in 128 bits, never through floating point.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "fairlead/base/ids.h"
#include "fairlead/base/resources.h"

namespace fairlead {

struct Share {
  std::int64_t num = 0;  // >= 0
  std::int64_t den = 1;  // > 0

  friend std::strong_ordering operator<=>(const Share& a, const Share& b);
  friend bool operator==(const Share& a, const Share& b) { return (a <=> b) == 0; }

  // Decimal text with four digits after the point, rounded half up: "0.1250".
  std::string ToString() const;
};

// a.num/a.den / wa  <=>  b.num/b.den / wb, exactly (192-bit products; weights > 0).
std::strong_ordering CompareWeighted(const Share& a, std::int64_t wa, const Share& b,
                                     std::int64_t wb);

// The largest allocated[r] / capacity[r]. A resource with capacity 0 counts only if something of it
// is allocated, and then as infinite (num = 2^63 - 1, den = 1): it sorts last.
// `resource`, if not null, receives the resource that dominates, the lowest id on ties.
Share DominantShare(const ResourceVector& allocated, const ResourceVector& capacity,
                    ResourceId* resource = nullptr);

}  // namespace fairlead
