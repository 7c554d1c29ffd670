#include "scheduler/kube/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <unordered_map>
#include <utility>

namespace fairlead::kube {

namespace asio = boost::asio;

struct IoLoop::State {
  struct Timer {
    asio::steady_timer timer;
    Task task;
  };

  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::unordered_map<TimerId, std::unique_ptr<Timer>> timers;
  TimerId last_timer = 0;

  void Fire(TimerId id) {
    auto it = timers.find(id);
    if (it == timers.end()) return;
    Task task = std::move(it->second->task);
    timers.erase(it);
    task();
  }
};

IoLoop::IoLoop() : state_(std::make_unique<State>()) {}

IoLoop::~IoLoop() {
  // Timers refer to the context, and their tasks may own what refers to it.
  state_->timers.clear();
}

void IoLoop::Run() { state_->context.run(); }
void IoLoop::Stop() { state_->context.stop(); }
void IoLoop::Post(Task task) { asio::post(state_->context, std::move(task)); }
boost::asio::io_context& IoLoop::context() { return state_->context; }

IoLoop::TimerId IoLoop::After(Duration delay, Task task) {
  const TimerId id = ++state_->last_timer;
  auto timer = std::make_unique<State::Timer>(
      State::Timer{asio::steady_timer(state_->context), std::move(task)});
  timer->timer.expires_after(std::chrono::nanoseconds(delay.ns));
  timer->timer.async_wait([state = state_.get(), id](const boost::system::error_code& error) {
    if (!error) state->Fire(id);
  });
  state_->timers.emplace(id, std::move(timer));
  return id;
}

void IoLoop::Cancel(TimerId timer) { state_->timers.erase(timer); }

}  // namespace fairlead::kube
