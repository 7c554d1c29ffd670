#include "fairlead/model/gpu_share.h"

#include <algorithm>
#include <numeric>

namespace fairlead {
namespace {

__extension__ using Wide = __int128;

Wide CeilDiv(Wide a, Wide b) { return (a + b - 1) / b; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool ParseGpuShare(std::string_view text, std::int64_t* millionths) {
  constexpr std::size_t kMostDigits = 6;
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view part = text.substr(std::min(point + 1, text.size()));
  if (whole != "0" && whole != "1") return false;
  if (part.size() > kMostDigits || (point < text.size() && part.empty())) return false;
  if (!std::all_of(part.begin(), part.end(), IsDigit)) return false;
  std::int64_t value = whole == "1" ? kWholeGpu : 0;
  std::int64_t unit = kWholeGpu;
  for (const char c : part) value += (unit /= 10) * (c - '0');
  if (value <= 0 || value > kWholeGpu) return false;
  *millionths = value;
  return true;
}

std::int32_t SlicesFor(const GpuShare& share, const GpuKind& kind) {
  Wide slices = CeilDiv(Wide{share.millionths} * kind.slices, kWholeGpu);
  if (share.memory_bytes > 0) {
    if (share.memory_bytes > kind.memory_bytes) return 0;
    slices = std::max(slices, CeilDiv(Wide{share.memory_bytes} * kind.slices, kind.memory_bytes));
  }
  return slices > kind.slices ? 0 : static_cast<std::int32_t>(slices);
}

std::int32_t GpusAsked(const PodShape& shape) {
  return shape.requests.gpus > 0 ? shape.requests.gpus : shape.gpu_share.devices;
}

std::int64_t GpuMilli(const PodShape& shape, const GpuKind& kind) {
  if (shape.gpu_share.devices == 0) return std::int64_t{shape.requests.gpus} * 1000;
  return GpuMilli(shape.gpu_share.devices, {SlicesFor(shape.gpu_share, kind), kind.slices});
}

std::int64_t GpuMilli(std::int32_t devices, const GpuGrant& grant) {
  const std::int64_t each = grant.of == 0 ? 1000 : std::int64_t{grant.slices} * 1000 / grant.of;
  return devices * each;
}

std::int32_t SlicesLeft(std::span<const GpuGrant> grants, std::int32_t of) {
  // num / den is the sum. Grants under more different numbers of slices than 64 bits can be a
  // denominator of are rounded up, which only ever leaves less.
  constexpr Wide kMostDen = Wide{1} << 62;
  Wide num = 0;
  Wide den = 1;
  for (const GpuGrant& grant : grants) {
    const Wide common =
        den / std::gcd(static_cast<std::int64_t>(den), std::int64_t{grant.of}) * grant.of;
    if (common <= kMostDen) {
      num = num * (common / den) + Wide{grant.slices} * (common / grant.of);
      den = common;
    } else {
      num += CeilDiv(den * grant.slices, grant.of);
    }
  }
  if (num >= den) return 0;
  return static_cast<std::int32_t>((den - num) * of / den);
}

}  // namespace fairlead
