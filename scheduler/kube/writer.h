// Writer: what the engine wants written, in order of importance: bindings, evictions, statuses of
// pods and queues, events. At most `connections` requests are in flight; statuses may hold a
// quarter of them and events an eighth, so that a burst of either never stands in a binding's way.
//
// Everything happens on the loop's thread. Results go to the sink in batches: all that came in
// between two turns of the loop.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "scheduler/kube/binding.h"
#include "scheduler/kube/eviction.h"
#include "scheduler/kube/write_env.h"

namespace fairlead::kube {

class Writer {
 public:
  explicit Writer(WriteEnv env);

  void Bind(std::vector<BindRequest> requests);
  void Evict(std::vector<EvictRequest> requests);
  void SetPending(std::vector<PendingStatus> statuses);
  void SetQueueStatus(std::vector<QueueStatus> statuses);
  void Note(std::vector<EventNote> notes);

  void SetEvictionApi(std::string api_version) { env_.eviction_api = std::move(api_version); }

  // Drops statuses and events that wait, and calls back once the last binding and eviction is
  // answered: a gang that is half sent is better finished than left.
  void Drain(std::function<void()> drained);
  // Answers all that is still open as failed and posts the answers at once.
  void GiveUp(std::string_view why);

 private:
  struct WaitingStatus {
    std::variant<PendingStatus, QueueStatus> status;
    int tries = 0;
  };

  void Pump();
  void StartBind();
  void StartEvict();
  void StartStatus();
  HttpRequest StatusRequest(const WaitingStatus& waiting) const;
  void OnStatus(const std::string& key, WaitingStatus sent, const HttpAnswer& answer);
  void StartNote();
  void Enqueue(const std::string& key, WaitingStatus status);
  bool TakeToken();
  void Answer(Event result);
  void PostResults();
  void CheckDrained();
  void DropUnanswered();

  WriteEnv env_;
  std::deque<BindRequest> binds_;
  std::deque<EvictRequest> evicts_;
  std::deque<std::string> status_order_;
  std::unordered_map<std::string, WaitingStatus> statuses_;  // by namespace/name, /queue
  std::deque<EventNote> notes_;
  // In the order of their start; at most `connections`.
  std::vector<std::shared_ptr<BindTask>> open_binds_;
  std::vector<std::shared_ptr<EvictTask>> open_evicts_;
  int open_statuses_ = 0;
  int open_notes_ = 0;

  EventBatch results_;
  std::function<void()> drained_;
  bool draining_ = false;
  bool queues_forbidden_ = false;  // has been said

  std::int64_t tokens_;  // of the events' bucket, in 1/1000
  Instant filled_;
  std::uint64_t unique_;  // of events' names
  // What is left on the loop looks here whether the writer still is.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace fairlead::kube
