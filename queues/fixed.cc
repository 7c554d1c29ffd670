#include "queues/fixed.h"

#include <bit>
#include <utility>

namespace fairlead::fair {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t Low(Wide w) { return static_cast<std::uint64_t>(w); }
std::uint64_t High(Wide w) { return static_cast<std::uint64_t>(w >> 64); }

template <std::size_t kSize>
void Add(std::array<std::uint64_t, kSize>* a, const std::array<std::uint64_t, kSize>& b) {
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < kSize; ++i) {
    const Wide sum = Wide{(*a)[i]} + b[i] + carry;
    (*a)[i] = Low(sum);
    carry = High(sum);
  }
}

template <std::size_t kSize>
void Subtract(std::array<std::uint64_t, kSize>* a, const std::array<std::uint64_t, kSize>& b) {
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < kSize; ++i) {
    const Wide difference = Wide{(*a)[i]} - b[i] - borrow;
    (*a)[i] = Low(difference);
    borrow = High(difference) & 1;
  }
}

template <std::size_t kSize>
void Negate(std::array<std::uint64_t, kSize>* a) {
  std::uint64_t carry = 1;
  for (std::uint64_t& limb : *a) {
    const Wide sum = Wide{~limb} + carry;
    limb = Low(sum);
    carry = High(sum);
  }
}

// 2^31 <= head < 2^32 and x in [head, head + 1) x 2^exponent.
struct Head {
  std::uint64_t head = 0;
  int exponent = 0;
};

template <std::size_t kSize>
Head HeadOf(const std::array<std::uint64_t, kSize>& x) {
  std::size_t top = kSize;
  while (top > 0 && x[top - 1] == 0) --top;
  if (top == 0) return {};
  const int zeros = std::countl_zero(x[top - 1]);
  std::uint64_t bits = x[top - 1] << zeros;
  if (zeros > 0 && top > 1) bits |= x[top - 2] >> (64 - zeros);
  const int lowest = 64 * (static_cast<int>(top) - static_cast<int>(kSize)) - zeros;
  return {bits >> 32, lowest + 32};
}

// An upper bound of x.
template <std::size_t kSize>
Radius Bound(const std::array<std::uint64_t, kSize>& x) {
  const Head head = HeadOf(x);
  return head.head == 0 ? Radius() : Radius::Of(head.head + 1, head.exponent);
}

}  // namespace

Radius Radius::Of(std::uint64_t mantissa, int exponent) {
  Radius radius;
  if (mantissa == 0) return radius;
  const int spare = std::countl_zero(mantissa) - 32;
  if (spare >= 0) {
    radius.mantissa_ = mantissa << spare;
    radius.exponent_ = exponent - spare;
    return radius;
  }
  radius.mantissa_ = (mantissa >> -spare) + 1;
  radius.exponent_ = exponent - spare;
  if (radius.mantissa_ >> 32 != 0) {
    radius.mantissa_ >>= 1;  // it was exactly 2^32
    ++radius.exponent_;
  }
  return radius;
}

Radius operator+(Radius a, Radius b) {
  if (a.IsZero()) return b;
  if (b.IsZero()) return a;
  if (a.exponent_ < b.exponent_) std::swap(a, b);
  const int shift = a.exponent_ - b.exponent_;
  return Radius::Of(a.mantissa_ + (shift > 32 ? 0 : b.mantissa_ >> shift) + 1, a.exponent_);
}

Radius operator*(Radius a, Radius b) {
  return Radius::Of(a.mantissa_ * b.mantissa_, a.exponent_ + b.exponent_);
}

template <int F>
Fixed<F> Fixed<F>::Of(std::int64_t integer) {
  Fixed x;
  x.limbs_.back() = static_cast<std::uint64_t>(integer);
  return x;
}

template <int F>
Fixed<F> Fixed<F>::Ratio(std::int64_t numerator, std::int64_t denominator) {
  const auto d = static_cast<std::uint64_t>(denominator);
  const auto n = static_cast<std::uint64_t>(numerator);
  Fixed x;
  Wide rest = 0;
  for (std::size_t i = kLimbs; i-- > 0;) {
    rest = (rest << 64) | (i == F ? (numerator < 0 ? 0 - n : n) : 0);
    x.limbs_[i] = Low(rest / d);
    rest %= d;
  }
  if (rest != 0) x.radius_ = Radius::Of(1, -64 * F);
  if (numerator < 0) Negate(&x.limbs_);
  return x;
}

template <int F>
typename Fixed<F>::Limbs Fixed<F>::Magnitude() const {
  Limbs m = limbs_;
  if (negative()) Negate(&m);
  return m;
}

template <int F>
Fixed<F>& Fixed<F>::operator+=(const Fixed& other) {
  const bool a = negative();
  const bool b = other.negative();
  Add(&limbs_, other.limbs_);
  if (a == b && negative() != a) throw Undecided{};
  Widen(other.radius_);
  return *this;
}

template <int F>
Fixed<F>& Fixed<F>::operator-=(const Fixed& other) {
  const bool a = negative();
  const bool b = other.negative();
  Subtract(&limbs_, other.limbs_);
  if (a != b && negative() != a) throw Undecided{};
  Widen(other.radius_);
  return *this;
}

template <int F>
Fixed<F> Fixed<F>::Product(const Fixed& a, const Fixed& b) {
  if (a.IsExactZero() || b.IsExactZero()) return {};
  const Limbs x = a.Magnitude();
  const Limbs y = b.Magnitude();
  std::array<std::uint64_t, 2 * kLimbs> product{};
  for (std::size_t i = 0; i < kLimbs; ++i) {
    std::uint64_t carry = 0;
    for (std::size_t j = 0; j < kLimbs; ++j) {
      const Wide t = Wide{x[i]} * y[j] + product[i + j] + carry;
      product[i + j] = Low(t);
      carry = High(t);
    }
    product[i + kLimbs] = carry;
  }
  if (product[2 * kLimbs - 1] != 0 || (product[2 * kLimbs - 2] >> 63) != 0) throw Undecided{};
  Fixed result;
  std::uint64_t dropped = 0;
  for (std::size_t i = 0; i < F; ++i) dropped |= product[i];
  for (std::size_t i = 0; i < kLimbs; ++i) result.limbs_[i] = product[i + F];
  // |xy - x'y'| <= |x| ry + |y| rx + rx ry.
  if (!a.radius_.IsZero()) result.Widen(Bound(y) * a.radius_ + a.radius_ * b.radius_);
  if (!b.radius_.IsZero()) result.Widen(Bound(x) * b.radius_);
  if (dropped != 0) result.Widen(Radius::Of(1, -64 * F));
  if (a.negative() != b.negative()) Negate(&result.limbs_);
  return result;
}

template <int F>
Fixed<F> Fixed<F>::Times(std::int64_t factor) const {
  const auto n = static_cast<std::uint64_t>(factor);
  const std::uint64_t f = factor < 0 ? 0 - n : n;
  const Limbs m = Magnitude();
  Fixed result;
  std::uint64_t carry = 0;
  for (std::size_t i = 0; i < kLimbs; ++i) {
    const Wide t = Wide{m[i]} * f + carry;
    result.limbs_[i] = Low(t);
    carry = High(t);
  }
  if (carry != 0 || result.negative()) throw Undecided{};
  if (!radius_.IsZero()) result.radius_ = radius_ * Radius::Of(f, 0);
  if (negative() != (factor < 0)) Negate(&result.limbs_);
  return result;
}

template <int F>
int Fixed<F>::Sign() const {
  if (!radius_.IsZero()) {
    // Certain if |midpoint| > radius, whose heads are on one scale: both in [2^31, 2^32).
    const Head head = HeadOf(Magnitude());
    const bool certain =
        head.head != 0 && (head.exponent > radius_.exponent() ||
                           (head.exponent == radius_.exponent() && head.head > radius_.mantissa()));
    if (!certain) throw Undecided{};
  } else if (limbs_ == Limbs{}) {
    return 0;
  }
  return negative() ? -1 : 1;
}

// Newton's iteration x <- x + x (1 - b x), which doubles the number of right bits; the error is
// bounded from the residual, so that the bound holds whatever the iteration did.
template <int F>
Fixed<F> Fixed<F>::Inverse() const {
  if (Sign() == 0) throw Undecided{};
  Fixed b = *this;
  b.radius_ = Radius();
  if (b.negative()) Negate(&b.limbs_);
  const Head head = HeadOf(b.limbs_);
  // b is about head x 2^exponent, so 1 / b is about 2^94 / head x 2^(-94 - exponent), with
  // 2^94 / head in (2^62, 2^63].
  const Wide start = (Wide{1} << 94) / head.head;
  const int shift = 64 * F - 94 - head.exponent;
  if (shift < 0 || shift + 63 >= 64 * static_cast<int>(kLimbs) - 1) throw Undecided{};
  Fixed x;
  const auto limb = static_cast<std::size_t>(shift / 64);
  const Wide placed = start << (shift % 64);
  x.limbs_[limb] = Low(placed);
  if (limb + 1 < kLimbs) x.limbs_[limb + 1] = High(placed);
  const Fixed one = Of(1);
  for (int bits = 31; bits < 64 * F; bits *= 2) {
    x += Product(x, one - Product(b, x));
    x.radius_ = Radius();
  }
  // 1 / b' - x = (1 - b' x) / b' for every b' of the interval. A residual below 2^-32 says that b'
  // is more than b / 2, which is at least head x 2^(exponent - 1).
  b.radius_ = radius_;
  const Fixed residual = one - Product(b, x);
  const Radius error = Bound(residual.Magnitude()) + residual.radius_;
  if (!error.IsZero()) {
    if (error.exponent() > -64) throw Undecided{};
    // 1 / head < 2^-31.
    x.radius_ = error * Radius::Of(1, 1 - 31 - head.exponent);
  }
  if (negative()) Negate(&x.limbs_);
  return x;
}

template <int F>
std::int64_t Fixed<F>::Floor() const {
  Limbs low = limbs_;
  Limbs little{};
  little[F - 1] = 1;
  Add(&low, little);
  if (radius_.IsZero()) return static_cast<std::int64_t>(low.back());
  const int shift = radius_.exponent() + 64 * F;
  Limbs radius{};
  if (shift < -32) {
    radius[0] = 1;
  } else {
    if (shift + 32 >= 64 * F) throw Undecided{};
    const Wide bits = shift < 0 ? (Wide{radius_.mantissa()} >> -shift) + 1
                                : Wide{radius_.mantissa()} << (shift % 64);
    const auto limb = static_cast<std::size_t>(shift < 0 ? 0 : shift / 64);
    radius[limb] = Low(bits);
    if (limb + 1 < kLimbs) radius[limb + 1] = High(bits);
  }
  Limbs high = low;
  Add(&high, radius);
  Subtract(&low, radius);
  if (low.back() != high.back()) throw Undecided{};
  return static_cast<std::int64_t>(low.back());
}

template class Fixed<3>;
template class Fixed<10>;

}  // namespace fairlead::fair
