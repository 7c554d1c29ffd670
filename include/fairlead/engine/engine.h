// Engine: the loop. One thread owns the store; others post events. It waits for events, applies
// them, and then runs one cycle: snapshot -> decide -> verify -> assume -> commit through the
// ports.
//
// Binding protocol (per gang; see commit.h):
//   - every member of a plan is assumed before the first request leaves; a gang is never assumed in
//   part;
//   - an answer kFailed gives the member's room back, and the gang, now partial, is completed by
//   the next
//     decisions: that is what "try to place that member again inside the gang" means;
//   - a gang that stays partial longer than Policy::bind_timeout and cannot be completed is rolled
//   back by
//     an eviction that decide() itself plans, so that a restarted process does the same;
//   - a pod that turns out bound under another uid than planned, or on another node, is an
//   unplanned bind:
//     evicted, counted, and its controller's replacement is scheduled anew.
//
// Ends: Stop() makes Run() return after the current cycle; bindings in flight are the adapter's to
// drain.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "fairlead/engine/events.h"
#include "fairlead/engine/metrics.h"
#include "fairlead/engine/ports.h"
#include "fairlead/engine/queue_board.h"
#include "fairlead/model/policy.h"

namespace fairlead {

struct EngineOptions {
  bool dry_run = false;  // decide and say, write nothing
  std::string
      dump_dir;  // where decisions are dumped (on request and when verify fails); empty = never
  // Decayed usage is kept here and found again after a restart (LoadState); empty = nowhere.
  std::string state_file;
  std::uint64_t seed = 0;
  std::string instance;  // goes into decision ids
  // Nobody is told why gangs wait, and decisions do not find it out: for simulations.
  bool silent = false;
  bool abort_on_bug = false;  // in tests: a decision that does not verify ends the process
  // Events that arrive within this long of the first are handled together.
  Duration batch_window = Duration::Milliseconds(1);
  // Gets a table of the queues after every decision and once more when all is quiet, at most every
  // 100 ms and for at most a tenth of the engine's time. Null: nobody looks, and none is made.
  QueueBoard* queue_board = nullptr;
  // Is told who holds what. Null: nobody accounts for it.
  UsageSink* usage_sink = nullptr;
};

class Engine : public EventSink {
 public:
  Engine(Policy policy, EngineOptions options, ClusterWriter* writer, const Clock* clock,
         Metrics* metrics);
  ~Engine() override;

  // Reads options.state_file. Call before Run(). A file that is not there is no error; one that
  // cannot be read or is no state of ours is, and then nothing is changed.
  Status LoadState();

  void Post(EventBatch batch) override;

  // Until Stop(). Call from one thread.
  void Run();
  void Stop();
  // Applies what is in the inbox and runs one cycle if something changed or a timer is due; never
  // waits. For tests and the simulator. True if it decided something.
  bool RunOnce();
  // When RunOnce() wants to be called again although no event comes (backoff, bind timeout, a table
  // of queues that is due); far future if never.
  Instant NextTimer() const;

  // What is kept in memory, but for failures of bindings, whose number is bounded. All of it is
  // zero once the cluster has been empty for as long as a binding is remembered (five minutes). On
  // the engine's thread.
  struct Remembered {
    std::size_t queued = 0;     // bindings decided and not sent
    std::size_t in_flight = 0;  // bindings sent and not answered
    std::size_t issued = 0;     // bindings that the watch has not shown yet
    std::size_t evicting = 0;
    std::size_t told = 0;  // gangs whose owners know why they wait
    std::size_t objects = 0;
    std::size_t sum() const { return queued + in_flight + issued + evicting + told + objects; }
  };
  Remembered remembered() const;

  // True once every kind that was announced with ExpectSync has been listed.
  bool Synced() const;
  // Kinds that must be listed before the first decision. Call before Run().
  void ExpectSync(std::vector<ObjectKind> kinds);
  // The next decision is written to dump_dir (signal-safe in effect: sets a flag).
  void RequestDump();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead
