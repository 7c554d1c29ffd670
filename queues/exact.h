// Exact: an unbounded rational number, with the interface of Fixed (fixed.h). Slow where numerators
// grow; nothing is ever undecided.
#pragma once

#include <gmpxx.h>

#include <cstdint>
#include <utility>

namespace fairlead::fair {

class Exact {
 public:
  Exact() = default;
  explicit Exact(mpq_class value) : value_(std::move(value)) {}
  static Exact Of(std::int64_t integer) { return Exact(mpq_class(integer)); }
  static Exact Ratio(std::int64_t numerator, std::int64_t denominator) {
    mpq_class value(numerator, denominator);
    value.canonicalize();
    return Exact(std::move(value));
  }

  Exact& operator+=(const Exact& other) {
    value_ += other.value_;
    return *this;
  }
  Exact& operator-=(const Exact& other) {
    value_ -= other.value_;
    return *this;
  }
  friend Exact operator+(Exact a, const Exact& b) { return a += b; }
  friend Exact operator-(Exact a, const Exact& b) { return a -= b; }
  friend Exact operator*(const Exact& a, const Exact& b) {
    return Exact(mpq_class(a.value_ * b.value_));
  }
  friend Exact operator/(const Exact& a, const Exact& b) {
    return Exact(mpq_class(a.value_ / b.value_));
  }
  Exact Times(std::int64_t factor) const { return Exact(mpq_class(value_ * factor)); }
  Exact Inverse() const { return Exact(mpq_class(1 / value_)); }

  int Sign() const { return sgn(value_); }
  bool IsExactZero() const { return Sign() == 0; }
  friend bool ProbablyLess(const Exact& a, const Exact& b) { return a.value_ < b.value_; }

  // floor(x + 2^-64).
  std::int64_t Floor() const {
    const mpz_class numerator = (value_.get_num() << 64) + value_.get_den();
    const mpz_class denominator = value_.get_den() << 64;
    mpz_class result;
    mpz_fdiv_q(result.get_mpz_t(), numerator.get_mpz_t(), denominator.get_mpz_t());
    return result.get_si();
  }

  const mpq_class& value() const { return value_; }

 private:
  mpq_class value_;
};

}  // namespace fairlead::fair
