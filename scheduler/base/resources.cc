#include "fairlead/base/resources.h"

#include <algorithm>

#include "fairlead/base/check.h"

namespace fairlead {

void ResourceVector::Set(ResourceId r, std::int64_t amount) {
  FAIRLEAD_CHECK(r.valid() && amount >= 0, "resource {} set to {}", r.value(), amount);
  if (r.index() >= amounts_.size()) {
    if (amount == 0) return;
    amounts_.resize(r.index() + 1, 0);
  }
  amounts_[r.index()] = amount;
}

void ResourceVector::Add(ResourceId r, std::int64_t amount) {
  std::int64_t sum = 0;
  FAIRLEAD_CHECK(!__builtin_add_overflow(Get(r), amount, &sum), "resource {}: {} + {} overflows",
                 r.value(), Get(r), amount);
  Set(r, sum);
}

bool ResourceVector::IsZero() const {
  return std::all_of(amounts_.begin(), amounts_.end(), [](std::int64_t a) { return a == 0; });
}

ResourceVector& ResourceVector::operator+=(const ResourceVector& other) {
  AddTimes(other, 1);
  return *this;
}

ResourceVector& ResourceVector::operator-=(const ResourceVector& other) {
  AddTimes(other, -1);
  return *this;
}

void ResourceVector::AddTimes(const ResourceVector& other, std::int64_t times) {
  for (std::size_t i = 0; i < other.amounts_.size(); ++i) {
    std::int64_t product = 0;
    FAIRLEAD_CHECK(!__builtin_mul_overflow(other.amounts_[i], times, &product),
                   "resource {}: {} x {} overflows", i, other.amounts_[i], times);
    if (product != 0) Add(ResourceId(static_cast<std::uint32_t>(i)), product);
  }
}

bool operator==(const ResourceVector& a, const ResourceVector& b) {
  return FitsIn(a, b) && FitsIn(b, a);
}

bool FitsIn(const ResourceVector& a, const ResourceVector& b) {
  for (std::size_t i = 0; i < a.amounts_.size(); ++i) {
    if (a.amounts_[i] > b.Get(ResourceId(static_cast<std::uint32_t>(i)))) return false;
  }
  return true;
}

void ResourceLimits::Set(ResourceId r, std::int64_t limit) {
  FAIRLEAD_CHECK(r.valid() && limit >= 0, "limit of resource {} set to {}", r.value(), limit);
  if (r.index() >= limits_.size()) limits_.resize(r.index() + 1);
  limits_[r.index()] = limit;
}

bool ResourceLimits::Allows(const ResourceVector& amounts) const {
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    if (limits_[i] && amounts.Get(ResourceId(static_cast<std::uint32_t>(i))) > *limits_[i]) {
      return false;
    }
  }
  return true;
}

bool operator==(const ResourceLimits& a, const ResourceLimits& b) {
  const auto all = static_cast<std::uint32_t>(std::max(a.limits_.size(), b.limits_.size()));
  for (std::uint32_t r = 0; r < all; ++r) {
    if (a.Get(ResourceId(r)) != b.Get(ResourceId(r))) return false;
  }
  return true;
}

}  // namespace fairlead
