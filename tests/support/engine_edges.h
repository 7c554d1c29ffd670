// The two edges of an engine that a test steps by hand: a writer that does nothing but remember,
// and a clock that moves when it is told to.
#pragma once

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/base/time.h"
#include "fairlead/engine/ports.h"

namespace fairlead::testing {

class RecordingWriter : public ClusterWriter {
 public:
  void Bind(std::vector<BindRequest> requests) override { Append(std::move(requests), &binds); }
  void Evict(std::vector<EvictRequest> requests) override {
    Append(std::move(requests), &evictions);
  }
  void SetPending(std::vector<PendingStatus> told) override { Append(std::move(told), &statuses); }
  void SetQueueStatus(std::vector<QueueStatus> told) override { Append(std::move(told), &queues); }
  void Note(std::vector<EventNote> told) override { Append(std::move(told), &notes); }

  std::vector<std::string> BoundNames() const {
    std::vector<std::string> names;
    for (const BindRequest& request : binds) names.push_back(request.pod.name);
    return names;
  }
  // What was said last about a pod that waits; empty if nothing was.
  std::string PendingMessage(const std::string& pod) const {
    for (auto it = statuses.rbegin(); it != statuses.rend(); ++it) {
      if (it->pod.name == pod) return it->message;
    }
    return "";
  }

  std::vector<BindRequest> binds;
  std::vector<EvictRequest> evictions;
  std::vector<PendingStatus> statuses;
  std::vector<QueueStatus> queues;
  std::vector<EventNote> notes;

 private:
  template <typename T>
  static void Append(std::vector<T> more, std::vector<T>* all) {
    all->insert(all->end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
  }
};

class VirtualClock : public Clock {
 public:
  Instant Now() const override {
    now = now + step;
    return now;
  }
  mutable Instant now{1'000'000'000'000};
  Duration step;  // that passes between two looks at the clock
};

}  // namespace fairlead::testing
