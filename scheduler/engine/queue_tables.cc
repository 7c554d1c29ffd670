#include <algorithm>
#include <memory>

#include "scheduler/engine/engine_state.h"

namespace fairlead {
namespace {

// A table is made at most this often, and takes at most a tenth of the time.
constexpr Duration kTableEvery = Duration::Milliseconds(100);
constexpr Duration kLongestTableRest = Duration::Seconds(5);
constexpr std::int64_t kRestPerCost = 9;
// Time alone changes a table in which somebody waits or decayed usage decays.
constexpr Duration kRefreshEvery = Duration::Seconds(10);

bool ChangesWithTime(const QueueTable& table) {
  return std::any_of(table.queues.begin(), table.queues.end(), [](const QueueReport& queue) {
    return queue.oldest_wait.has_value() || queue.decayed_usage != 0;
  });
}

}  // namespace

// Called after everything that may have changed the store. Shows the store as it is now, so with
// what the last decision has just assumed.
void Engine::State::PublishQueues(Instant now) {
  if (options.queue_board == nullptr) return;
  if (!table_due && store.version() == table_version && now < table_refresh) return;
  // A clock that was set back must not silence the board.
  if (now < table_rest_until && table_rest_until - now <= kLongestTableRest) {
    next_table = table_rest_until;
    return;
  }
  const Instant begun = clock->Now();
  const auto snapshot = store.TakeSnapshot();
  const auto table =
      std::make_shared<const QueueTable>(ReportQueues(*snapshot, policy, now, &history));
  metrics->SetQueues(table);
  options.queue_board->Publish(table);
  table_due = false;
  table_version = store.version();
  const Instant done = clock->Now();
  const Duration cost_rest{kRestPerCost * (done - begun).ns};
  table_rest_until = done + std::clamp(cost_rest, kTableEvery, kLongestTableRest);
  table_refresh = ChangesWithTime(*table) ? now + kRefreshEvery : Instant{INT64_MAX};
  next_table = table_refresh;
}

}  // namespace fairlead
