// The engine's ports: what it asks of the outside. Adapters implement them (the API client, tests,
// later the simulator). Every call returns at once; results come back through the inbox as events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/base/time.h"
#include "fairlead/cycle/queue_report.h"
#include "fairlead/engine/events.h"
#include "fairlead/model/cluster_store.h"

namespace fairlead {

struct BindRequest {
  PodRef pod;
  std::string node;
  std::vector<std::int32_t> gpu_devices;  // written as fairlead.dev/gpu-assignment where not empty
  std::string decision;                   // written as fairlead.dev/decision
  GpuGrant gpu_grant = {};                // of each of gpu_devices, where they are shared
};

struct EvictRequest {
  PodRef pod;
  std::string reason;  // for the log; the API takes none
};

// PodScheduled=False with a reason and a message.
struct PendingStatus {
  PodRef pod;
  std::string reason;  // "Unschedulable" or "SchedulingGated": the words that autoscalers read
  std::string code;    // ours, e.g. "WaitingForCapacity"
  std::string message;
};

// What a Queue object is to show as its status: whether it counts, and where something of it is in
// force what it has.
struct QueueStatus {
  std::string name;
  std::string uid;
  std::int64_t generation = 0;  // of the object that the rest is about
  bool accepted = false;        // the condition Accepted
  std::string reason;           // one word in CamelCase
  std::string message;
  Instant since;                      // of the condition
  std::optional<QueueReport> report;  // absent where nothing of it is in force
};

struct EventNote {
  PodRef pod;
  bool warning = false;
  std::string reason;  // "Scheduled", "FailedScheduling", ...
  std::string message;
  // Not empty: the pod was assigned to this node, and the message is to say so. Most of these are
  // dropped by the rate limit, before a sentence is made of them.
  std::string node = {};
};

class ClusterWriter {
 public:
  virtual ~ClusterWriter() = default;
  // Answered by exactly one BindFinished per request.
  virtual void Bind(std::vector<BindRequest> requests) = 0;
  // Answered by exactly one EvictFinished per request.
  virtual void Evict(std::vector<EvictRequest> requests) = 0;
  // Best effort, after bindings, not answered. A later status of the same pod replaces a waiting
  // one.
  virtual void SetPending(std::vector<PendingStatus> statuses) = 0;
  // Best effort, after bindings and pods' statuses, not answered. A later status of the same queue
  // replaces a waiting one; one that fails is tried again until then or until the queue is gone.
  virtual void SetQueueStatus(std::vector<QueueStatus> statuses) = 0;
  // Best effort and rate-limited: events beyond the rate are dropped and counted.
  virtual void Note(std::vector<EventNote> notes) = 0;
};

// Changes of who holds what, as of one moment.
struct UsageBatch {
  Instant at;
  // Everything that holds something is in it: what is not, holds nothing. The first one is.
  bool all = false;
  UsageDelta delta;  // tenants by name
};

// Who accounts for usage. Called on the engine's thread, and has to return at once. A batch comes
// before the bindings that it tells of are handed to the writer.
class UsageSink {
 public:
  virtual ~UsageSink() = default;
  virtual void Record(UsageBatch batch) = 0;
};

// Where adapters put events; safe from any thread.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Post(EventBatch batch) = 0;
};

// The only clocks. Virtual in tests.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant Now() const = 0;
};

}  // namespace fairlead
