// Amounts of resources.
//
// ResourceVector: one integer per resource, absent = 0; what a pod requests, a node has, a queue
// holds. ResourceLimits: absent = unlimited, 0 = nothing. They are types of their own because
// "absent" means the opposite in each.
//
// Units per resource: cpu milli-CPU, memory and ephemeral-storage bytes, pods count, gpu/<model>
// milli-GPU, any other extended resource its count. Both are flat arrays indexed by ResourceId; the
// first ids are fixed (below), the rest are given by the cluster's resource table.
//
// I1: no entry is negative (capacity that is overbooked by foreign pods is clamped where it is
// computed). I2: sums are checked: an overflow of 63 bits is a programmer's error, since parsing
// bounds inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "fairlead/base/ids.h"

namespace fairlead {

inline constexpr ResourceId kCpu{0};               // milli-CPU
inline constexpr ResourceId kMemory{1};            // bytes
inline constexpr ResourceId kPods{2};              // count
inline constexpr ResourceId kEphemeralStorage{3};  // bytes
inline constexpr std::uint32_t kFixedResources = 4;

class ResourceVector {
 public:
  ResourceVector() = default;

  std::int64_t Get(ResourceId r) const {
    return r.index() < amounts_.size() ? amounts_[r.index()] : 0;
  }
  void Set(ResourceId r, std::int64_t amount);  // amount >= 0
  void Add(ResourceId r, std::int64_t amount);  // result >= 0
  // The number of leading ids that may be non-zero.
  std::size_t size() const { return amounts_.size(); }
  bool IsZero() const;

  ResourceVector& operator+=(const ResourceVector& other);
  ResourceVector& operator-=(const ResourceVector& other);  // checked: never below 0
  // Adds or subtracts `times` x other.
  void AddTimes(const ResourceVector& other, std::int64_t times);

  // Equal as functions of ResourceId: trailing zeros do not matter.
  friend bool operator==(const ResourceVector& a, const ResourceVector& b);
  // True if every entry of `a` is <= that of `b`.
  friend bool FitsIn(const ResourceVector& a, const ResourceVector& b);

 private:
  std::vector<std::int64_t> amounts_;
};

class ResourceLimits {
 public:
  std::optional<std::int64_t> Get(ResourceId r) const {
    return r.index() < limits_.size() ? limits_[r.index()] : std::nullopt;
  }
  void Set(ResourceId r, std::int64_t limit);  // limit >= 0
  bool Allows(const ResourceVector& amounts) const;

  // Equal as functions of ResourceId.
  friend bool operator==(const ResourceLimits& a, const ResourceLimits& b);

 private:
  std::vector<std::optional<std::int64_t>> limits_;
};

}  // namespace fairlead
