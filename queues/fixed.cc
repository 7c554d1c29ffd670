#include "queues/fixed.h"

namespace fairlead::fair {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t Low(Wide w) { return static_cast<std::uint64_t>(w); }
std::uint64_t High(Wide w) { return static_cast<std::uint64_t>(w >> 64); }

}  // namespace

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
  AddTo(&low, little);
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
  AddTo(&high, radius);
  SubtractFrom(&low, radius);
  if (low.back() != high.back()) throw Undecided{};
  return static_cast<std::int64_t>(low.back());
}

template class Fixed<3>;
template class Fixed<10>;

}  // namespace fairlead::fair
