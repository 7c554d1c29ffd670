#include "queues/measure.h"

#include "fairlead/base/check.h"

namespace fairlead::queues {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;
constexpr int kWords = 4;
constexpr int kPointWords = 2;  // words after the point

bool AddOne(Fixed* value) { return mpn_add_1(value->data(), value->data(), kWords, 1) == 0; }

std::uint64_t ResidueSum(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t sum = a + b;
  return sum >= kPrime ? sum - kPrime : sum;
}

bool Product(const Fixed& a, const Fixed& b, bool up, Fixed* out) {
  std::array<mp_limb_t, 2 * kWords> full;
  mpn_mul_n(full.data(), a.data(), b.data(), kWords);
  if ((full[6] | full[7]) != 0) return false;
  *out = {full[kPointWords], full[kPointWords + 1], full[kPointWords + 2], full[kPointWords + 3]};
  return !up || (full[0] | full[1]) == 0 || AddOne(out);
}

// 1 / divisor.
bool Inverse(const Fixed& divisor, bool up, Fixed* out) {
  mp_size_t words = kWords;
  while (words > 0 && divisor[static_cast<std::size_t>(words - 1)] == 0) --words;
  if (words == 0) return false;
  constexpr std::array<mp_limb_t, kWords + 1> kOne = {0, 0, 0, 0, 1};  // 2^128 x 2^128
  std::array<mp_limb_t, kWords + 1> quotient = {};
  Fixed remainder = {};
  mpn_tdiv_qr(quotient.data(), remainder.data(), 0, kOne.data(), kWords + 1, divisor.data(), words);
  if (quotient[kWords] != 0) return false;
  *out = {quotient[0], quotient[1], quotient[2], quotient[3]};
  const bool rest = (remainder[0] | remainder[1] | remainder[2] | remainder[3]) != 0;
  return !up || !rest || AddOne(out);
}

bool ScaleEnd(const Fixed& a, std::int64_t num, std::int64_t den, bool up, Fixed* out) {
  std::array<mp_limb_t, kWords + 1> full;
  full[kWords] = mpn_mul_1(full.data(), a.data(), kWords, static_cast<mp_limb_t>(num));
  const mp_limb_t rest =
      mpn_divrem_1(full.data(), 0, full.data(), kWords + 1, static_cast<mp_limb_t>(den));
  if (full[kWords] != 0) return false;
  *out = {full[0], full[1], full[2], full[3]};
  return !up || rest == 0 || AddOne(out);
}

}  // namespace

std::uint64_t ResidueOf(std::int64_t value) { return static_cast<std::uint64_t>(value) % kPrime; }

std::uint64_t ResidueProduct(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  const auto low = static_cast<std::uint64_t>(product) & kPrime;
  return ResidueSum(low, static_cast<std::uint64_t>(product >> 61));
}

std::uint64_t ResidueInverse(std::uint64_t a) {
  if (a == 0) return 1;
  std::uint64_t result = 1;  // a^(p - 2), by Fermat
  for (std::uint64_t exponent = kPrime - 2; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = ResidueProduct(result, a);
    a = ResidueProduct(a, a);
  }
  return result;
}

Measure RatioOf(std::int64_t num, std::int64_t den, std::uint64_t residue) {
  FAIRLEAD_CHECK(num >= 0 && den > 0, "{}/{}", num, den);
  Measure ratio;
  const Fixed scaled = {0, 0, static_cast<mp_limb_t>(num), 0};
  const mp_limb_t rest =
      mpn_divrem_1(ratio.lo.data(), 0, scaled.data(), kWords, static_cast<mp_limb_t>(den));
  ratio.hi = ratio.lo;
  if (rest != 0) AddOne(&ratio.hi);
  ratio.residue = residue;
  return ratio;
}

bool Multiply(const Measure& a, const Measure& b, Measure* out) {
  out->residue = ResidueProduct(a.residue, b.residue);
  return Product(a.lo, b.lo, false, &out->lo) && Product(a.hi, b.hi, true, &out->hi);
}

bool Invert(const Measure& a, Measure* out) {
  out->residue = ResidueInverse(a.residue);
  return Inverse(a.hi, false, &out->lo) && Inverse(a.lo, true, &out->hi);
}

bool Scale(const Measure& a, std::int64_t num, std::int64_t den, std::uint64_t residue,
           Measure* out) {
  out->residue = ResidueProduct(a.residue, residue);
  return ScaleEnd(a.lo, num, den, false, &out->lo) && ScaleEnd(a.hi, num, den, true, &out->hi);
}

bool Add(const Measure& a, Measure* sum) {
  sum->residue = ResidueSum(sum->residue, a.residue);
  mpn_add_n(sum->lo.data(), sum->lo.data(), a.lo.data(), kWords);
  return mpn_add_n(sum->hi.data(), sum->hi.data(), a.hi.data(), kWords) == 0;
}

void Subtract(const Measure& a, Measure* sum) {
  sum->residue = ResidueSum(sum->residue, kPrime - a.residue);
  const mp_limb_t low = mpn_sub_n(sum->lo.data(), sum->lo.data(), a.lo.data(), kWords);
  const mp_limb_t high = mpn_sub_n(sum->hi.data(), sum->hi.data(), a.hi.data(), kWords);
  FAIRLEAD_CHECK(low == 0 && high == 0, "more was taken away than there was");
}

bool IsSummable(const Measure& a) { return (a.hi[kWords - 1] >> 32) == 0; }

std::optional<std::strong_ordering> Compare(const Measure& a, const Measure& b) {
  if (mpn_cmp(a.hi.data(), b.lo.data(), kWords) < 0) return std::strong_ordering::less;
  if (mpn_cmp(a.lo.data(), b.hi.data(), kWords) > 0) return std::strong_ordering::greater;
  if (a.residue == b.residue) return std::strong_ordering::equal;
  return std::nullopt;
}

}  // namespace fairlead::queues
