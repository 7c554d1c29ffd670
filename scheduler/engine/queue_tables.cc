#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

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

// Called after everything that may have changed the store, and without waiting for a decision: that
// a Queue object is not accepted need not cause one. One table serves the board, the metrics and
// the objects.
void Engine::State::PublishQueues(Instant now) {
  const bool shows = options.queue_board != nullptr;
  const bool tells = !options.dry_run && now >= queue_source.next_status();
  const bool needs = tells && queue_source.has_objects();
  if ((shows || needs) && !TableIsCurrent(now)) {
    // Objects are told at once, and at most once a second of what decisions changed.
    if (!needs && Resting(now, table_rest_until, kLongestTableRest)) {
      next_table = table_rest_until;
    } else {
      MakeTable(now);
    }
  }
  if (!tells) return;
  if (needs) queue_source.Show(*table);
  std::vector<QueueStatus> statuses = queue_source.TakeStatuses(now);
  if (!statuses.empty()) writer->SetQueueStatus(std::move(statuses));
}

bool Engine::State::TableIsCurrent(Instant now) const {
  return !table_due && store.version() == table->version && now < table_refresh;
}

// Shows the store as it is now, so with what the last decision has just assumed.
void Engine::State::MakeTable(Instant now) {
  const Instant begun = clock->Now();
  const auto snapshot = store.TakeSnapshot();
  table = std::make_shared<const QueueTable>(ReportQueues(*snapshot, policy, now, &history));
  table_due = false;
  std::shared_ptr<const NodesReport> nodes;
  if (options.queue_board != nullptr) {
    nodes = std::make_shared<const NodesReport>(ReportNodes(*snapshot, now));
  }
  const Instant done = clock->Now();
  const Duration cost_rest{kRestPerCost * (done - begun).ns};
  table_rest_until = done + std::clamp(cost_rest, kTableEvery, kLongestTableRest);
  table_refresh = ChangesWithTime(*table) ? now + kRefreshEvery : Instant{INT64_MAX};
  if (options.queue_board == nullptr) return;
  metrics->SetQueues(table);
  metrics->SetNodes(nodes);
  options.queue_board->Publish(table, std::move(nodes));
  next_table = table_refresh;
}

}  // namespace fairlead
