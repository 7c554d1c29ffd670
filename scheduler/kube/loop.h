// The IO thread's loop: tasks from any thread, timers, and the asynchronous sockets of http.cc. All
// state of this adapter lives on the thread that calls Run(), so nothing else needs a lock.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "fairlead/base/time.h"

namespace boost::asio {
class io_context;
}

namespace fairlead::kube {

class IoLoop {
 public:
  using Task = std::function<void()>;
  using TimerId = std::uint64_t;  // 0 = none

  IoLoop();
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  void Run();  // until Stop()
  void Stop();
  void Post(Task task);

  // On the loop's thread, or before Run().
  TimerId After(Duration delay, Task task);
  void Cancel(TimerId timer);

  boost::asio::io_context& context();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::kube
