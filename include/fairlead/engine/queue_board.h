// QueueBoard: the latest table of queues, and of nodes, from the engine to everybody who shows it
// (gRPC, the status of Queue objects). Safe from any thread.
//
// I1: editions are numbered 1, 2, 3 ...; 0 means that nothing has been published yet.
// I2: a table does not change once it is published; readers share it and keep it as long as they
// like. Publishing swaps a pointer: it costs the same whatever the table holds and however many
// wait.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fairlead/base/time.h"
#include "fairlead/cycle/node_report.h"
#include "fairlead/cycle/queue_report.h"

namespace fairlead {

// Every resource that any of the six amounts of the queue names, sorted: whoever shows a queue
// shows all amounts of each of them.
std::vector<std::string> ResourcesOf(const QueueReport& queue);

class QueueBoard {
 public:
  struct Edition {
    std::uint64_t number = 0;
    std::shared_ptr<const QueueTable> table;   // null where the number is 0
    std::shared_ptr<const NodesReport> nodes;  // of the same moment; may be null
  };

  void Publish(std::shared_ptr<const QueueTable> table,
               std::shared_ptr<const NodesReport> nodes = nullptr);
  Edition Current() const;
  // The latest edition as soon as its number is above `seen`, and in any case after `patience`
  // (real time, also where the engine's clock is virtual). Editions in between are skipped.
  Edition WaitNewer(std::uint64_t seen, Duration patience) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable published_;
  Edition edition_;  // under mutex_
};

}  // namespace fairlead
