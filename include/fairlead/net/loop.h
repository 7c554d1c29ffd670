// A single-threaded event loop: tasks from any thread, timers, and the asynchronous sockets of
// whoever uses context(). All state of an adapter lives on the thread that runs its loop, so
// nothing else needs a lock.
//
// A loop keeps real time (Run) or virtual time: then a test owns it, Poll() runs what is ready, and
// time stands still until AdvanceTo(). Timers fire in the order of (time, id), so that the same
// program does the same steps every time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "fairlead/base/time.h"

namespace boost::asio {
class io_context;
}

namespace fairlead::net {

enum class LoopTime { kReal, kVirtual };

class IoLoop {
 public:
  using Task = std::function<void()>;
  using TimerId = std::uint64_t;  // 0 = none

  explicit IoLoop(LoopTime time = LoopTime::kReal);
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  void Run();  // real time; until Stop()
  void Stop();
  void Post(Task task);  // from any thread

  // On the loop's thread, or before Run().
  TimerId After(Duration delay, Task task);
  void Cancel(TimerId timer);

  // Monotonic, not the time of day. Virtual: what AdvanceTo() has set, at first 0.
  Instant Now() const;

  // Virtual time only. Poll() runs handlers and tasks that are ready, without waiting, until none
  // is left, and returns how many ran. It fires no timers.
  std::size_t Poll();
  Instant NextTimer() const;  // far future (INT64_MAX) if there is none
  // Sets Now() and runs the timers that are due by then, each at its own time.
  void AdvanceTo(Instant time);

  boost::asio::io_context& context();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::net
