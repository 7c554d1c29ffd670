// The metrics of the process: one registry, made once and handed to whoever counts. Safe from any
// thread. Names, units and labels are an interface to dashboards and are listed in
// scheduler/README.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fairlead/base/time.h"

namespace fairlead {

struct NodesReport;
struct QueueTable;

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // fairlead_schedule_attempts_total{result="scheduled|unschedulable|error"}, per gang and
  // decision.
  void CountAttempts(std::string_view result, std::uint64_t n);
  // fairlead_scheduling_attempt_duration_seconds: snapshot to plan, verified.
  void ObserveDecision(Duration d);
  // fairlead_bind_duration_seconds: request to answer.
  void ObserveBind(Duration d, std::string_view outcome);
  // fairlead_pod_scheduling_duration_seconds: creation of the pod to the answer of its binding.
  void ObservePodLatency(Duration d);
  // fairlead_pending_pods{queue}; a queue absent from the call has none and its series vanishes.
  void SetPending(const std::vector<std::pair<std::string, std::int64_t>>& by_queue);
  // fairlead_queue_*: what the table says of each queue, until the next call. Costs the caller
  // nothing: the series are made of it when somebody asks for the text.
  void SetQueues(std::shared_ptr<const QueueTable> table);
  // fairlead_gpus, fairlead_gpus_free and fairlead_gpu_fragmentation_ratio, of all nodes: free GPUs
  // that the typical pod cannot use, as a part of all GPUs.
  void SetNodes(std::shared_ptr<const NodesReport> nodes);
  // fairlead_cache_size{kind="nodes|pods|gangs"}.
  void SetCacheSize(std::string_view kind, std::int64_t n);
  // fairlead_watch_restarts_total{kind,reason}.
  void CountWatchRestart(std::string_view kind, std::string_view reason);
  // fairlead_api_requests_total{verb,code} and fairlead_api_request_duration_seconds{verb}.
  void ObserveRequest(std::string_view verb, int code, Duration d);
  // fairlead_unplanned_binds_total, fairlead_evictions_total{reason}, fairlead_rejected_pods_total,
  // fairlead_verify_failures_total, fairlead_events_dropped_total.
  void CountUnplannedBind();
  void CountEviction(std::string_view reason);
  void CountKubeletRejection();
  void CountVerifyFailure();
  void CountDroppedEvents(std::uint64_t n);
  // fairlead_usage_waiting_changes: of usage, that the ledger has not written yet.
  void SetUsageWaiting(std::int64_t n);
  // fairlead_config_reloads_total{result="applied|refused"}.
  void CountConfigReload(std::string_view result);

  // All of it in the Prometheus text format.
  std::string Text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead
