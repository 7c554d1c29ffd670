#include "fairlead/base/share.h"

#include <fmt/format.h>

#include <array>
#include <limits>

#include "fairlead/base/check.h"

namespace fairlead {
namespace {

__extension__ using Wide = unsigned __int128;

Wide Product(std::int64_t a, std::int64_t b) {
  FAIRLEAD_CHECK(a >= 0 && b >= 0, "{} x {}", a, b);
  return static_cast<Wide>(a) * static_cast<Wide>(b);
}

// a * b * c as three 64-bit words, the most significant first.
std::array<std::uint64_t, 3> Product(std::int64_t a, std::int64_t b, std::int64_t c) {
  FAIRLEAD_CHECK(c >= 0, "{}", c);
  const Wide ab = Product(a, b);
  const Wide low = static_cast<Wide>(static_cast<std::uint64_t>(ab)) * static_cast<Wide>(c);
  const Wide high = (ab >> 64) * static_cast<Wide>(c) + (low >> 64);
  return {static_cast<std::uint64_t>(high >> 64), static_cast<std::uint64_t>(high),
          static_cast<std::uint64_t>(low)};
}

std::strong_ordering Order(Wide a, Wide b) {
  if (a == b) return std::strong_ordering::equal;
  return a < b ? std::strong_ordering::less : std::strong_ordering::greater;
}

}  // namespace

std::strong_ordering operator<=>(const Share& a, const Share& b) {
  return Order(Product(a.num, b.den), Product(b.num, a.den));
}

std::string Share::ToString() const {
  FAIRLEAD_CHECK(num >= 0 && den > 0, "{}/{}", num, den);
  constexpr std::int64_t kDigits = 10'000;
  const Wide units =
      (Product(num, 2 * kDigits) + static_cast<Wide>(den)) / (2 * static_cast<Wide>(den));
  return fmt::format("{}.{:04}", static_cast<std::uint64_t>(units / kDigits),
                     static_cast<std::uint64_t>(units % kDigits));
}

std::strong_ordering CompareWeighted(const Share& a, std::int64_t wa, const Share& b,
                                     std::int64_t wb) {
  FAIRLEAD_CHECK(wa > 0 && wb > 0, "weights {} and {}", wa, wb);
  const auto left = Product(a.num, b.den, wb);
  const auto right = Product(b.num, a.den, wa);
  if (left == right) return std::strong_ordering::equal;
  return left < right ? std::strong_ordering::less : std::strong_ordering::greater;
}

Share DominantShare(const ResourceVector& allocated, const ResourceVector& capacity,
                    ResourceId* resource) {
  constexpr Share kInfinite{std::numeric_limits<std::int64_t>::max(), 1};
  Share largest;
  ResourceId dominant{0};
  for (std::size_t i = 0; i < allocated.size(); ++i) {
    const ResourceId r{static_cast<std::uint32_t>(i)};
    if (allocated.Get(r) == 0) continue;
    const std::int64_t total = capacity.Get(r);
    const Share share = total == 0 ? kInfinite : Share{allocated.Get(r), total};
    if (share > largest) {
      largest = share;
      dominant = r;
    }
  }
  if (resource != nullptr) *resource = dominant;
  return largest;
}

}  // namespace fairlead
