// What the accounts are told: after every turn, and before bindings leave, whatever changed in who
// holds what. Times never run back, also where the clock does.
#include <algorithm>

#include "scheduler/engine/engine_state.h"

namespace fairlead {

// The tenant whose configuration lists the namespace, else the one that its label names, else the
// namespace itself: usage always has somebody.
std::string Engine::State::TenantOf(const std::string& ns, const std::string& label) const {
  for (const TenantSpec& tenant : policy.tenants) {
    const auto& names = tenant.namespaces;
    if (std::find(names.begin(), names.end(), ns) != names.end()) return tenant.name;
  }
  return label.empty() ? ns : label;
}

// By the last table of queues: what its queue holds against what it has by guarantee, and against
// what it is entitled to. Without a table, as where nobody looks at queues, 1.
std::int32_t Engine::State::LevelOf(const PodHolding& holding) const {
  if (!table || !holding.ours) return 1;
  std::string name = holding.queue.empty() ? "default" : holding.queue;
  for (const TenantSpec& tenant : policy.tenants) {
    if (holding.queue.empty() && tenant.name == holding.tenant) name = tenant.default_queue;
  }
  const auto fits = [](const NamedAmounts& held, const NamedAmounts& has) {
    return std::all_of(held.begin(), held.end(), [&](const auto& amount) {
      return amount.second <= FindAmount(has, amount.first).value_or(0);
    });
  };
  for (const QueueReport& report : table->queues) {
    if (report.name != name) continue;
    if (fits(report.allocated, report.guarantee)) return 2;
    return fits(report.allocated, report.entitlement) ? 1 : 0;
  }
  return 1;
}

void Engine::State::TellUsage(Instant now) {
  if (options.usage_sink == nullptr || !synced.load()) return;
  usage_at = std::max(usage_at, now);
  UsageBatch batch;
  batch.delta = store.DrainUsage();
  batch.all = !usage_told;
  if (batch.delta.empty() && !batch.all) return;
  usage_told = true;
  batch.at = usage_at;
  for (PodHolding& holding : batch.delta.held) {
    holding.tenant = holding.ours ? TenantOf(holding.ns, holding.tenant) : "";
    holding.level = LevelOf(holding);
  }
  for (PodReleased& released : batch.delta.released) {
    const auto reason = evicted_for.find(released.uid);
    if (reason == evicted_for.end()) continue;
    if (released.cause != ReleaseCause::kForgotten) released.evicted_for = reason->second;
    evicted_for.erase(reason);
  }
  options.usage_sink->Record(std::move(batch));
}

}  // namespace fairlead
