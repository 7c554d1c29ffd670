// Traced: a Fixed (fixed.h) together with the number's residue modulo the prime 2^61 - 1, so that
// equal numbers are recognised however they were computed.
//
// Rational arithmetic holds modulo a prime as long as no denominator is a multiple of it; one that
// is throws Undecided. Numbers that are equal have equal residues. Two that differ are taken for
// equal only if their intervals overlap and their residues agree: of rationals that come less than
// 2^-100 apart by chance, one pair in 2^61 would.
//
// The interface is that of Exact (exact.h): the solver is a template over both.
#pragma once

#include <cstdint>

#include "queues/fixed.h"
#include "queues/measure.h"

namespace fairlead::fair {

template <int kFraction>
class Traced {
 public:
  using Ball = Fixed<kFraction>;

  constexpr Traced() = default;
  static Traced Of(std::int64_t integer) { return {Ball::Of(integer), ResidueOf(integer)}; }
  static Traced Ratio(std::int64_t numerator, std::int64_t denominator) {
    return {Ball::Ratio(numerator, denominator),
            queues::ResidueProduct(ResidueOf(numerator), InverseOf(ResidueOf(denominator)))};
  }

  Traced& operator+=(const Traced& other) {
    ball_ += other.ball_;
    residue_ = Reduced(residue_ + other.residue_);
    return *this;
  }
  Traced& operator-=(const Traced& other) {
    ball_ -= other.ball_;
    residue_ = Reduced(residue_ + kPrime - other.residue_);
    return *this;
  }
  friend Traced operator+(Traced a, const Traced& b) { return a += b; }
  friend Traced operator-(Traced a, const Traced& b) { return a -= b; }
  friend Traced operator*(const Traced& a, const Traced& b) {
    return {a.ball_ * b.ball_, queues::ResidueProduct(a.residue_, b.residue_)};
  }
  friend Traced operator/(const Traced& a, const Traced& b) { return a * b.Inverse(); }
  Traced Times(std::int64_t factor) const {
    return {ball_.Times(factor), queues::ResidueProduct(residue_, ResidueOf(factor))};
  }
  Traced Inverse() const { return {ball_.Inverse(), InverseOf(residue_)}; }

  // -1, 0 or 1; throws Undecided unless the interval decides, or the residue says 0.
  int Sign() const {
    if (residue_ == 0 && ball_.MayBeZero()) return 0;
    return ball_.Sign();
  }
  bool IsExactZero() const { return residue_ == 0 && ball_.MayBeZero(); }
  friend bool ProbablyLess(const Traced& a, const Traced& b) {
    return a.residue_ != b.residue_ && ProbablyLess(a.ball_, b.ball_);
  }

  // floor(x + 2^-64).
  std::int64_t Floor() const { return ball_.Floor(); }

 private:
  static constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;

  constexpr Traced(const Ball& ball, std::uint64_t residue) : ball_(ball), residue_(residue) {}

  static std::uint64_t Reduced(std::uint64_t sum) { return sum >= kPrime ? sum - kPrime : sum; }
  static std::uint64_t ResidueOf(std::int64_t value) {
    if (value >= 0) return queues::ResidueOf(value);
    const auto magnitude = 0 - static_cast<std::uint64_t>(value);
    return Reduced(kPrime - magnitude % kPrime);
  }
  static std::uint64_t InverseOf(std::uint64_t residue) {
    if (residue == 0) throw Undecided{};
    return queues::ResidueInverse(residue);
  }

  Ball ball_;
  std::uint64_t residue_ = 0;
};

// Fast, and enough where few resources are used up one after the other.
using Short = Traced<3>;
// Every resource that is used up multiplies the radius; this holds dozens of them.
using Long = Traced<10>;

}  // namespace fairlead::fair
