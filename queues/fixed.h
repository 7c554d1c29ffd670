// Fixed: a real number known to lie within a radius of a midpoint. The midpoint is in fixed point,
// 64 integer bits with sign and 64 x kFraction fractional bits; the radius is a small floating
// number that is always rounded up.
//
// I1: every operation contains the exact result: if x lies in a and y in b, then x op y lies in
//     a op b. A radius of 0 means that the value is exact.
// I2: no operation overflows silently: what does not fit throws Undecided.
// I3: comparisons are true statements about the exact numbers; where the intervals overlap they
// throw
//     Undecided, and the caller repeats the computation with more digits or in Exact.
//
// The interface is that of Exact (exact.h): the solver is a template over both. Balls of a midpoint
// and a radius are after F. Johansson, "Arb: efficient arbitrary-precision midpoint-radius interval
// arithmetic", IEEE Transactions on Computers 66(8), 2017.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fairlead::fair {

// Thrown inside the solver only; SolveEntitlements catches it.
struct Undecided {};

// An upper bound of an error: mantissa x 2^exponent; mantissa is 0 or in [2^31, 2^32).
class Radius {
 public:
  constexpr Radius() = default;
  // At least mantissa x 2^exponent.
  static Radius Of(std::uint64_t mantissa, int exponent);

  bool IsZero() const { return mantissa_ == 0; }
  std::uint64_t mantissa() const { return mantissa_; }
  int exponent() const { return exponent_; }
  friend Radius operator+(Radius a, Radius b);
  friend Radius operator*(Radius a, Radius b);

 private:
  std::uint64_t mantissa_ = 0;
  int exponent_ = 0;
};

template <int kFraction>
class Fixed {
 public:
  static constexpr std::size_t kLimbs = kFraction + 1;  // little-endian, the last is the integer
  using Limbs = std::array<std::uint64_t, kLimbs>;

  constexpr Fixed() = default;
  static Fixed Of(std::int64_t integer);
  // numerator / denominator; denominator > 0.
  static Fixed Ratio(std::int64_t numerator, std::int64_t denominator);

  Fixed& operator+=(const Fixed& other);
  Fixed& operator-=(const Fixed& other);
  friend Fixed operator+(Fixed a, const Fixed& b) { return a += b; }
  friend Fixed operator-(Fixed a, const Fixed& b) { return a -= b; }
  friend Fixed operator*(const Fixed& a, const Fixed& b) { return Product(a, b); }
  friend Fixed operator/(const Fixed& a, const Fixed& b) { return Product(a, b.Inverse()); }
  Fixed Times(std::int64_t factor) const;
  Fixed Inverse() const;

  // -1, 0 or 1; throws Undecided unless that is certain.
  int Sign() const;
  // Certainly exactly zero: says no where it is not known.
  bool IsExactZero() const { return radius_.IsZero() && limbs_ == Limbs{}; }
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
  static Fixed Product(const Fixed& a, const Fixed& b);
  bool negative() const { return (limbs_.back() >> 63) != 0; }
  // |midpoint| as limbs.
  Limbs Magnitude() const;
  void Widen(Radius more) { radius_ = radius_ + more; }

  Limbs limbs_{};
  Radius radius_;
};

// Fast, and enough where few resources are used up one after the other.
using Short = Fixed<3>;
// Every resource that is used up multiplies the radius; this holds dozens of them.
using Long = Fixed<10>;

}  // namespace fairlead::fair
