// Fixed: a real number known to lie within a radius of a midpoint. The midpoint is in fixed point,
// 64 integer bits with sign and 64 x kFraction fractional bits; the radius is a small floating
// number that is always rounded up.
//
// I1: every operation contains the exact result: if x lies in a and y in b, then x op y lies in
//     a op b. A radius of 0 means that the value is exact.
// I2: no operation overflows silently: what does not fit throws Undecided.
// I3: comparisons are true statements about the exact numbers; where the intervals overlap they
//     throw Undecided, and the caller repeats the computation with more digits or in Exact.
//
// Balls of a midpoint and a radius are after F. Johansson, "Arb: efficient arbitrary-precision
// midpoint-radius interval arithmetic", IEEE Transactions on Computers 66(8), 2017.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "queues/radius.h"

namespace fairlead::fair {

// Thrown inside the solver only; SolveEntitlements catches it.
struct Undecided {};

template <int kFraction>
class Fixed {
 public:
  static constexpr std::size_t kLimbs = kFraction + 1;  // little-endian, the last is the integer
  using Limbs = std::array<std::uint64_t, kLimbs>;

  constexpr Fixed() = default;
  static Fixed Of(std::int64_t integer);
  // numerator / denominator; denominator > 0.
  static Fixed Ratio(std::int64_t numerator, std::int64_t denominator);

  Fixed& operator+=(const Fixed& other) {
    const bool same_sign = negative() == other.negative();
    const bool before = negative();
    AddTo(&limbs_, other.limbs_);
    if (same_sign && negative() != before) throw Undecided{};
    Widen(other.radius_);
    return *this;
  }
  Fixed& operator-=(const Fixed& other) {
    const bool same_sign = negative() == other.negative();
    const bool before = negative();
    SubtractFrom(&limbs_, other.limbs_);
    if (!same_sign && negative() != before) throw Undecided{};
    Widen(other.radius_);
    return *this;
  }
  friend Fixed operator+(Fixed a, const Fixed& b) { return a += b; }
  friend Fixed operator-(Fixed a, const Fixed& b) { return a -= b; }
  friend Fixed operator*(const Fixed& a, const Fixed& b) { return Product(a, b); }
  friend Fixed operator/(const Fixed& a, const Fixed& b) { return Product(a, b.Inverse()); }
  Fixed Times(std::int64_t factor) const;
  Fixed Inverse() const;

  // -1, 0 or 1; throws Undecided unless that is certain.
  int Sign() const {
    if (MayBeZero()) {
      if (!radius_.IsZero()) throw Undecided{};
      return 0;
    }
    return negative() ? -1 : 1;
  }
  // The interval reaches zero. Certain to be said where it does.
  bool MayBeZero() const {
    if (radius_.IsZero()) return IsZeroMidpoint();
    // Not if |midpoint| > radius, whose heads are on one scale: both in [2^31, 2^32).
    const Head head = HeadOf(Magnitude());
    return head.head == 0 || head.exponent < radius_.exponent() ||
           (head.exponent == radius_.exponent() && head.head <= radius_.mantissa());
  }
  // Certainly exactly zero: says no where it is not known.
  bool IsExactZero() const { return radius_.IsZero() && IsZeroMidpoint(); }
  // Orders by the midpoints: total, but not a statement about the numbers.
  friend bool ProbablyLess(const Fixed& a, const Fixed& b) {
    const auto x = static_cast<std::int64_t>(a.limbs_.back());
    const auto y = static_cast<std::int64_t>(b.limbs_.back());
    if (x != y) return x < y;
    for (std::size_t i = kFraction; i-- > 0;) {
      if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] < b.limbs_[i];
    }
    return false;
  }

  // floor(x + 2^-64).
  std::int64_t Floor() const;

 private:
  __extension__ using Wide = unsigned __int128;

  // 2^31 <= head < 2^32 and x in [head, head + 1) x 2^exponent; 0 for 0.
  struct Head {
    std::uint64_t head = 0;
    int exponent = 0;
  };

  static void AddTo(Limbs* a, const Limbs& b) {
    std::uint64_t carry = 0;
    for (std::size_t i = 0; i < kLimbs; ++i) {
      const Wide sum = Wide{(*a)[i]} + b[i] + carry;
      (*a)[i] = static_cast<std::uint64_t>(sum);
      carry = static_cast<std::uint64_t>(sum >> 64);
    }
  }
  static void SubtractFrom(Limbs* a, const Limbs& b) {
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < kLimbs; ++i) {
      const Wide difference = Wide{(*a)[i]} - b[i] - borrow;
      (*a)[i] = static_cast<std::uint64_t>(difference);
      borrow = static_cast<std::uint64_t>(difference >> 64) & 1;
    }
  }
  static void Negate(Limbs* a) {
    std::uint64_t carry = 1;
    for (std::uint64_t& limb : *a) {
      limb = ~limb + carry;
      carry = carry & static_cast<std::uint64_t>(limb == 0);
    }
  }
  static Head HeadOf(const Limbs& x) {
    std::size_t top = kLimbs;
    while (top > 0 && x[top - 1] == 0) --top;
    if (top == 0) return {};
    const int zeros = std::countl_zero(x[top - 1]);
    std::uint64_t bits = x[top - 1] << zeros;
    if (zeros > 0 && top > 1) bits |= x[top - 2] >> (64 - zeros);
    const int lowest = 64 * (static_cast<int>(top) - static_cast<int>(kLimbs)) - zeros;
    return {bits >> 32, lowest + 32};
  }
  // An upper bound of x.
  static Radius Bound(const Limbs& x) {
    const Head head = HeadOf(x);
    return head.head == 0 ? Radius() : Radius::Of(head.head + 1, head.exponent);
  }

  bool IsZeroMidpoint() const {
    std::uint64_t any = 0;
    for (const std::uint64_t limb : limbs_) any |= limb;
    return any == 0;
  }
  static Fixed Product(const Fixed& a, const Fixed& b);
  bool negative() const { return (limbs_.back() >> 63) != 0; }
  // |midpoint| as limbs.
  Limbs Magnitude() const {
    Limbs m = limbs_;
    if (negative()) Negate(&m);
    return m;
  }
  void Widen(Radius more) { radius_ = radius_ + more; }

  Limbs limbs_{};
  Radius radius_;
};

template <int F>
Fixed<F> Fixed<F>::Product(const Fixed& a, const Fixed& b) {
  if (a.IsExactZero() || b.IsExactZero()) return {};
  const Limbs x = a.Magnitude();
  const Limbs y = b.Magnitude();
  std::array<std::uint64_t, 2 * kLimbs> product{};
  for (std::size_t i = 0; i < kLimbs; ++i) {
    if (x[i] == 0) continue;
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < kLimbs; ++j) {
      const Wide t = Wide{x[i]} * y[j] + product[i + j] + carry;
      product[i + j] = static_cast<std::uint64_t>(t);
      carry = static_cast<std::uint64_t>(t >> 64);
    }
    product[i + kLimbs] = carry;
  }
  if (product[2 * kLimbs - 1] != 0 || (product[2 * kLimbs - 2] >> 63) != 0) throw Undecided{};
  Fixed result;
  std::uint64_t dropped = 0;
  for (std::size_t i = 0; i < F; ++i) dropped |= product[i];
  for (std::size_t i = 0; i < kLimbs; ++i) result.limbs_[i] = product[i + F];
  // |xy - x'y'| <= |x| ry + |y| rx + rx ry.
  if (!a.radius_.IsZero()) {
    result.Widen(Bound(y) * a.radius_);
    if (!b.radius_.IsZero()) result.Widen(a.radius_ * b.radius_);
  }
  if (!b.radius_.IsZero()) result.Widen(Bound(x) * b.radius_);
  if (dropped != 0) result.Widen(Radius::Of(1, -64 * F));
  if (a.negative() != b.negative()) Negate(&result.limbs_);
  return result;
}

}  // namespace fairlead::fair
