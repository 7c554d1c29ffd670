#include "fairlead/engine/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "scheduler/engine/queue_metrics.h"

namespace fairlead {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;

// Seconds. Decisions take fractions of a millisecond, requests milliseconds, both at worst seconds.
const Histogram::BucketBoundaries& ShortBuckets() {
  static const Histogram::BucketBoundaries buckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                      0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                                      1,      2.5,     5,      10};
  return buckets;
}

// Seconds. A pod waits for milliseconds on an idle cluster and for days on a full one.
const Histogram::BucketBoundaries& LongBuckets() {
  static const Histogram::BucketBoundaries buckets = {
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,  0.25,  0.5,   1,     2.5,
      5,     10,     30,    60,   300,   900,  3600, 14400, 43200, 86400, 604800};
  return buckets;
}

double Seconds(Duration d) { return static_cast<double>(d.ns) / 1e9; }

Family<Counter>& CounterFamily(prometheus::Registry& registry, const std::string& name,
                               const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Gauge>& GaugeFamily(prometheus::Registry& registry, const std::string& name,
                           const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Family<Histogram>& HistogramFamily(prometheus::Registry& registry, const std::string& name,
                                   const std::string& help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;

  Family<Counter>& attempts =
      CounterFamily(registry, "fairlead_schedule_attempts_total",
                    "Gangs looked at by decisions, by what the decision was.");
  Histogram& decision =
      HistogramFamily(registry, "fairlead_scheduling_attempt_duration_seconds",
                      "Time of one decision, from the snapshot to the verified plan.")
          .Add({}, ShortBuckets());
  Family<Histogram>& bind =
      HistogramFamily(registry, "fairlead_bind_duration_seconds",
                      "Time of one binding, from the request to its outcome, retries included.");
  Histogram& pod_latency =
      HistogramFamily(registry, "fairlead_pod_scheduling_duration_seconds",
                      "Time from the creation of a pod to the answer of its binding.")
          .Add({}, LongBuckets());
  Family<Gauge>& pending = GaugeFamily(registry, "fairlead_pending_pods",
                                       "Pods that wait to be scheduled, by their queue.");
  Family<Gauge>& cache = GaugeFamily(registry, "fairlead_cache_size",
                                     "Objects that the scheduler holds in memory, by their kind.");
  Family<Counter>& watch_restarts =
      CounterFamily(registry, "fairlead_watch_restarts_total",
                    "Watches that ended and were begun again, by the kind watched and the reason.");
  Family<Counter>& requests =
      CounterFamily(registry, "fairlead_api_requests_total",
                    "Requests to the API server, by verb and HTTP status; code 0 is no answer.");
  Family<Histogram>& request_duration =
      HistogramFamily(registry, "fairlead_api_request_duration_seconds",
                      "Time of one request to the API server, by verb.");
  Gauge& usage_waiting = GaugeFamily(registry, "fairlead_usage_waiting_changes",
                                     "Changes of usage that the ledger has not written yet.")
                             .Add({});
  Counter& unplanned_binds =
      CounterFamily(registry, "fairlead_unplanned_binds_total",
                    "Pods found bound under another identity or on another node than decided.")
          .Add({});
  Family<Counter>& evictions =
      CounterFamily(registry, "fairlead_evictions_total", "Evictions asked for, by their reason.");
  Counter& rejected =
      CounterFamily(registry, "fairlead_rejected_pods_total",
                    "Pods that a kubelet refused to run after this scheduler had bound them.")
          .Add({});
  Counter& verify_failures =
      CounterFamily(registry, "fairlead_verify_failures_total",
                    "Plans that the independent checker refused; each is a bug.")
          .Add({});
  Counter& dropped_events =
      CounterFamily(registry, "fairlead_events_dropped_total",
                    "Kubernetes Events left out because of the limit on their rate.")
          .Add({});
  Family<Counter>& config_reloads =
      CounterFamily(registry, "fairlead_config_reloads_total",
                    "Configuration files read anew, by whether they were applied or refused.");

  std::mutex pending_mutex;
  std::map<std::string, Gauge*, std::less<>> pending_series;  // by queue; under pending_mutex

  std::mutex queues_mutex;
  std::shared_ptr<const QueueTable> queues;  // under queues_mutex
  std::shared_ptr<const NodesReport> nodes;  // under queues_mutex
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::CountAttempts(std::string_view result, std::uint64_t n) {
  state_->attempts.Add({{"result", std::string(result)}}).Increment(static_cast<double>(n));
}

void Metrics::ObserveDecision(Duration d) { state_->decision.Observe(Seconds(d)); }

void Metrics::ObserveBind(Duration d, std::string_view outcome) {
  state_->bind.Add({{"outcome", std::string(outcome)}}, ShortBuckets()).Observe(Seconds(d));
}

void Metrics::ObservePodLatency(Duration d) { state_->pod_latency.Observe(Seconds(d)); }

void Metrics::SetPending(const std::vector<std::pair<std::string, std::int64_t>>& by_queue) {
  const std::lock_guard lock(state_->pending_mutex);
  std::set<std::string_view> named;
  for (const auto& [queue, n] : by_queue) {
    named.insert(queue);
    auto it = state_->pending_series.find(queue);
    if (it == state_->pending_series.end()) {
      it = state_->pending_series.emplace(queue, &state_->pending.Add({{"queue", queue}})).first;
    }
    it->second->Set(static_cast<double>(n));
  }
  std::erase_if(state_->pending_series, [&](const auto& entry) {
    if (named.contains(entry.first)) return false;
    state_->pending.Remove(entry.second);
    return true;
  });
}

void Metrics::SetQueues(std::shared_ptr<const QueueTable> table) {
  const std::lock_guard lock(state_->queues_mutex);
  state_->queues.swap(table);
}

void Metrics::SetNodes(std::shared_ptr<const NodesReport> nodes) {
  const std::lock_guard lock(state_->queues_mutex);
  state_->nodes.swap(nodes);
}

void Metrics::SetCacheSize(std::string_view kind, std::int64_t n) {
  state_->cache.Add({{"kind", std::string(kind)}}).Set(static_cast<double>(n));
}

void Metrics::CountWatchRestart(std::string_view kind, std::string_view reason) {
  state_->watch_restarts.Add({{"kind", std::string(kind)}, {"reason", std::string(reason)}})
      .Increment();
}

void Metrics::ObserveRequest(std::string_view verb, int code, Duration d) {
  state_->requests.Add({{"verb", std::string(verb)}, {"code", std::to_string(code)}}).Increment();
  state_->request_duration.Add({{"verb", std::string(verb)}}, ShortBuckets()).Observe(Seconds(d));
}

void Metrics::SetUsageWaiting(std::int64_t n) { state_->usage_waiting.Set(static_cast<double>(n)); }
void Metrics::CountUnplannedBind() { state_->unplanned_binds.Increment(); }

void Metrics::CountEviction(std::string_view reason) {
  state_->evictions.Add({{"reason", std::string(reason)}}).Increment();
}

void Metrics::CountKubeletRejection() { state_->rejected.Increment(); }

void Metrics::CountVerifyFailure() { state_->verify_failures.Increment(); }

void Metrics::CountDroppedEvents(std::uint64_t n) {
  state_->dropped_events.Increment(static_cast<double>(n));
}

void Metrics::CountConfigReload(std::string_view result) {
  state_->config_reloads.Add({{"result", std::string(result)}}).Increment();
}

std::string Metrics::Text() const {
  std::shared_ptr<const QueueTable> table;
  std::shared_ptr<const NodesReport> nodes;
  {
    const std::lock_guard lock(state_->queues_mutex);
    table = state_->queues;
    nodes = state_->nodes;
  }
  std::vector<prometheus::MetricFamily> families = state_->registry.Collect();
  if (table != nullptr) {
    std::vector<prometheus::MetricFamily> queues = QueueFamilies(*table);
    std::move(queues.begin(), queues.end(), std::back_inserter(families));
  }
  if (nodes != nullptr) {
    std::vector<prometheus::MetricFamily> gpus = GpuFamilies(*nodes);
    std::move(gpus.begin(), gpus.end(), std::back_inserter(families));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace fairlead
