// QueueSpec: one queue as a person declares it, in the configuration file or as a Queue object.
//
// Queues form a tree below an implicit root; only leaves hold gangs. Amounts are by name, since the
// ids of resources belong to one cluster at one moment; the `names` of a snapshot turn them into
// vectors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fairlead/base/time.h"

namespace fairlead {

// Weights and user limits are exact decimals with up to six digits after the point, as millionths.
inline constexpr std::int64_t kWeightOne = 1'000'000;

// Sorted by name, names unique, amounts >= 0. Units by name: cpu milli-CPU, memory and
// ephemeral-storage bytes, pods count, gpu/<model> milli-GPU, any other extended resource its
// count.
using NamedAmounts = std::vector<std::pair<std::string, std::int64_t>>;

// Which gang of a leaf goes first. Every rule ends in submission time, then GangId.
enum class LeafOrder : std::uint8_t {
  kPriorityFifo,   // priority (high first); a gang that does not fit is passed by others
  kFifoStrict,     // submission alone; nobody passes a gang that does not fit
  kShortestFirst,  // the smaller dominant share first, then priority
  kFairUsers,      // the user who holds the smaller dominant share of the leaf first, then priority
};

enum class QueueState : std::uint8_t {
  kOpen,
  kHold,   // starts nothing
  kDrain,  // starts nothing and accepts nothing: what is submitted later is refused
};

struct QueueSpec {
  std::string name = {};
  std::int64_t weight = kWeightOne;  // > 0, millionths
  std::string parent = {};           // empty: a child of the root

  NamedAmounts guarantee = {};      // absent = 0
  NamedAmounts limit = {};          // absent = unlimited, 0 = nothing
  bool lendable = true;             // may unused guarantee be lent
  bool borrowing = true;            // may it hold more than its guarantee
  NamedAmounts lending_limit = {};  // of unused guarantee; absent = all of it
  std::int32_t priority = 0;        // higher gets surplus first, among siblings

  LeafOrder order = LeafOrder::kPriorityFifo;
  bool reclaimable = true;
  Duration min_runtime = {};
  QueueState state = QueueState::kOpen;                // of an inner queue: of all below it
  std::optional<std::int64_t> max_pending_gangs = {};  // absent = no cap
  std::optional<std::int64_t> max_running_gangs = {};  // absent = no cap
  std::int64_t user_limit = kWeightOne;                // part of the queue, millionths, (0, 1]
  std::vector<std::string> tenants = {};               // may submit, beside those that list it

  friend bool operator==(const QueueSpec&, const QueueSpec&) = default;
};

std::string_view LeafOrderName(LeafOrder order);  // "priority_fifo"
std::optional<LeafOrder> ParseLeafOrder(std::string_view text);
std::string_view QueueStateName(QueueState state);  // "open"
std::optional<QueueState> ParseQueueState(std::string_view text);

// The amount of a name, nullopt where absent.
std::optional<std::int64_t> FindAmount(const NamedAmounts& amounts, std::string_view name);

}  // namespace fairlead
