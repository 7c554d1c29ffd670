// Strong ids: small dense integers that cannot be mixed up. Ids order by value, and every
// comparator of the project ends in one.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

namespace fairlead {

template <typename Tag, typename Rep = std::uint32_t>
class StrongId {
 public:
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}

  static constexpr StrongId None() { return StrongId(); }
  constexpr bool valid() const { return value_ != kNone; }
  constexpr Rep value() const { return value_; }
  constexpr std::size_t index() const { return static_cast<std::size_t>(value_); }

  friend constexpr auto operator<=>(StrongId, StrongId) = default;

 private:
  static constexpr Rep kNone = std::numeric_limits<Rep>::max();
  Rep value_ = kNone;
};

using NodeId = StrongId<struct NodeTag>;          // row of the node table
using QueueId = StrongId<struct QueueTag>;        // position in Policy::queues
using GangId = StrongId<struct GangTag>;          // never reused while the process lives
using ShapeId = StrongId<struct ShapeTag>;        // position in the shape table
using ClaimId = StrongId<struct ClaimTag>;        // position in the claim table
using ResourceId = StrongId<struct ResourceTag>;  // position in the resource table
using ModelId = StrongId<struct ModelTag>;        // position in the GPU model table

}  // namespace fairlead

template <typename Tag, typename Rep>
struct std::hash<fairlead::StrongId<Tag, Rep>> {
  std::size_t operator()(fairlead::StrongId<Tag, Rep> id) const noexcept {
    return std::hash<Rep>()(id.value());
  }
};
