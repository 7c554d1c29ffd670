// Recorder: the engine's usage into a store, and bindings held back until their intent is there.
//
// Order: a binding's reservation is committed (its intent), then the binding is sent, then what the
// watch shows opens the usage, then its end closes it. A crash between any two loses nothing: what
// is open in the ledger is held against the API by the next process.
//
// I1: changes are written in the order in which they came, each batch whole.
// I2: what cannot be written waits, in memory; nothing is dropped. Bindings go on while at most
//     `most_waiting` changes wait, and then wait too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fairlead/engine/metrics.h"
#include "fairlead/engine/ports.h"
#include "fairlead/ledger/usage_book.h"

namespace fairlead::ledger {

struct RecorderOptions {
  BookOptions book;
  std::int64_t most_waiting = 100'000;
};

// On one thread: writes inside of Record. For virtual time, the simulator and the thread below.
class Recorder : public UsageSink {
 public:
  // The store outlives it.
  Recorder(Store* store, RecorderOptions options);

  // Reads what is open. Before the first batch; an error leaves nothing usable.
  Status Restore();
  void Record(UsageBatch batch) override;
  // Takes a batch without writing it.
  void Take(const UsageBatch& batch);
  // Writes what waits. Error: it still waits.
  Status Flush();
  // May a binding be sent although the store may be behind?
  bool MayBind() const { return waiting() <= options_.most_waiting; }
  std::int64_t waiting() const { return static_cast<std::int64_t>(changes_.size()); }
  std::int64_t written() const { return written_; }
  const std::string& trouble() const { return trouble_; }  // why the last write failed; else empty

 private:
  Store* store_;
  RecorderOptions options_;
  UsageBook book_;
  std::vector<Change> changes_;
  Instant at_;  // of the last batch
  std::int64_t written_ = 0;
  std::string trouble_;
};

// The same on a thread of its own, and a writer that lets bindings through once their intent is
// written: the engine gets it in place of the client.
class RecorderThread {
 public:
  // All of them outlive it. Store and recorder belong to its thread from here on.
  RecorderThread(Recorder* recorder, ClusterWriter* writer, Metrics* metrics);
  // Writes what waits, if it can be written, and ends.
  ~RecorderThread();
  RecorderThread(const RecorderThread&) = delete;
  RecorderThread& operator=(const RecorderThread&) = delete;

  UsageSink* sink();
  ClusterWriter* writer();
  // Calls it on the thread, after everything that came before is written, and waits for it.
  void Look(const std::function<void()>& look);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::ledger
