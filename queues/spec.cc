#include "fairlead/queues/spec.h"

#include <algorithm>
#include <array>

namespace fairlead {
namespace {

constexpr std::array<std::string_view, 4> kOrders = {"priority_fifo", "fifo_strict",
                                                     "shortest_first", "fair_users"};
constexpr std::array<std::string_view, 3> kStates = {"open", "hold", "drain"};

template <typename Enum, std::size_t kSize>
std::optional<Enum> ParseName(const std::array<std::string_view, kSize>& names,
                              std::string_view text) {
  const auto it = std::find(names.begin(), names.end(), text);
  if (it == names.end()) return std::nullopt;
  return static_cast<Enum>(it - names.begin());
}

}  // namespace

std::string_view LeafOrderName(LeafOrder order) { return kOrders[static_cast<std::size_t>(order)]; }

std::optional<LeafOrder> ParseLeafOrder(std::string_view text) {
  return ParseName<LeafOrder>(kOrders, text);
}

std::string_view QueueStateName(QueueState state) {
  return kStates[static_cast<std::size_t>(state)];
}

std::optional<QueueState> ParseQueueState(std::string_view text) {
  return ParseName<QueueState>(kStates, text);
}

std::optional<std::int64_t> FindAmount(const NamedAmounts& amounts, std::string_view name) {
  const auto it =
      std::lower_bound(amounts.begin(), amounts.end(), name,
                       [](const auto& entry, std::string_view n) { return entry.first < n; });
  if (it == amounts.end() || it->first != name) return std::nullopt;
  return it->second;
}

}  // namespace fairlead
