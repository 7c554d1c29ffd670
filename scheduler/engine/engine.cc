#include "fairlead/engine/engine.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "fairlead/engine/log.h"
#include "scheduler/engine/engine_state.h"

namespace fairlead {

Engine::Engine(Policy policy, EngineOptions options, ClusterWriter* writer, const Clock* clock,
               Metrics* metrics)
    : state_(
          std::make_unique<State>(std::move(policy), std::move(options), writer, clock, metrics)) {}
Engine::~Engine() = default;

void Engine::Post(EventBatch batch) {
  if (batch.empty()) return;
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  const bool was_empty = s.inbox.empty();
  if (was_empty) {
    s.inbox = std::move(batch);
    s.arrived.notify_one();
  } else {
    std::move(batch.begin(), batch.end(), std::back_inserter(s.inbox));
  }
}

void Engine::Run() {
  State& s = *state_;
  while (true) {
    {
      std::unique_lock lock(s.mutex);
      const auto ready = [&s] { return s.stop || !s.inbox.empty(); };
      const Duration left = NextTimer() - s.clock->Now();
      const std::int64_t wait = std::clamp<std::int64_t>(left.ns, 0, Duration::Seconds(1).ns);
      s.arrived.wait_for(lock, std::chrono::nanoseconds(wait), ready);
      if (s.stop) return;
      // What arrives together is decided together.
      const auto stopped = [&s] { return s.stop; };
      const std::chrono::nanoseconds window(s.options.batch_window.ns);
      if (!s.inbox.empty() && s.arrived.wait_for(lock, window, stopped)) return;
    }
    RunOnce();
  }
}

void Engine::Stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stop = true;
  state_->arrived.notify_all();
}

bool Engine::RunOnce() {
  State& s = *state_;
  EventBatch batch;
  {
    const std::lock_guard lock(s.mutex);
    batch.swap(s.inbox);
  }
  const Instant now = s.clock->Now();
  for (Event& event : batch) s.Apply(event, now);
  s.ExpireIssued(now);
  s.Dispatch(now);
  if (!Synced()) return false;
  s.RefreshQueues(now);
  s.TickHistory(now);
  bool decided = false;
  if (s.Due(now)) {
    decided = s.Step(now);
    s.Dispatch(now);
  }
  s.TellUsage(now);
  s.PublishQueues(now);
  return decided;
}

Instant Engine::NextTimer() const {
  const State& s = *state_;
  const Instant first = std::min({s.next_timer, s.next_tick, s.next_table});
  if (!Synced() || s.options.dry_run) return first;
  return std::min(first, s.queue_source.next_status());
}

Engine::Remembered Engine::remembered() const {
  const State& s = *state_;
  return {.queued = s.queue.size(),
          .in_flight = s.in_flight.size(),
          .issued = s.issued.size() + s.issued_order.size(),
          .evicting = s.evicting.size(),
          .told = s.told.size(),
          .objects = s.store.node_count() + s.store.pod_count() + s.store.gang_count()};
}

bool Engine::Synced() const { return state_->synced.load(); }

void Engine::ExpectSync(std::vector<ObjectKind> kinds) {
  State& s = *state_;
  const std::lock_guard lock(s.mutex);
  s.expected = std::set<ObjectKind>(kinds.begin(), kinds.end());
  s.sync_known = true;
  s.synced = std::includes(s.listed.begin(), s.listed.end(), s.expected.begin(), s.expected.end());
}

void Engine::RequestDump() { state_->dump_requested = true; }

}  // namespace fairlead
