// Measure: a rational >= 0 of which an interval and a residue are known, so that two can be told
// apart, or be recognised as equal, without unbounded arithmetic.
//
// I1: lo <= the number <= hi, both multiples of 2^-128 below 2^128. hi = 0 only of the number 0.
// I2: `residue` is the number modulo the prime 2^61 - 1. Where a denominator is a multiple of that
//     prime, the residue is some function of how the number was computed: numbers that are equal
//     may then look different, which costs the caller an exact comparison.
//
// Operations that return bool fail where the result does not fit (or a divisor may be 0), and then
// leave `out` unspecified.
#pragma once

#include <gmp.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>

namespace fairlead::queues {

// value x 2^128, the least significant word first.
using Fixed = std::array<mp_limb_t, 4>;

struct Measure {
  Fixed lo = {};
  Fixed hi = {};
  std::uint64_t residue = 0;

  bool IsPoint() const { return lo == hi; }
  bool IsZero() const { return (hi[0] | hi[1] | hi[2] | hi[3]) == 0; }
};

// Residues: below 2^61 - 1. The inverse of 0 is 1 here, see I2.
std::uint64_t ResidueOf(std::int64_t value);  // >= 0
std::uint64_t ResidueProduct(std::uint64_t a, std::uint64_t b);
std::uint64_t ResidueInverse(std::uint64_t a);

// num / den; `residue` is its residue, which the caller may have at hand.
Measure RatioOf(std::int64_t num, std::int64_t den, std::uint64_t residue);

bool Multiply(const Measure& a, const Measure& b, Measure* out);
bool Invert(const Measure& a, Measure* out);
// a x num / den, both > 0; `residue` is that of num / den.
bool Scale(const Measure& a, std::int64_t num, std::int64_t den, std::uint64_t residue,
           Measure* out);
bool Add(const Measure& a, Measure* sum);
// Takes away what was added to the sum before: gives what it was without it.
void Subtract(const Measure& a, Measure* sum);
// So small that 2^32 of them can be added.
bool IsSummable(const Measure& a);

// Nothing where neither interval nor residue decides.
std::optional<std::strong_ordering> Compare(const Measure& a, const Measure& b);

}  // namespace fairlead::queues
