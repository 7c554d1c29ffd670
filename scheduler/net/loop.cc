#include "fairlead/net/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <unordered_map>
#include <utility>

#include "fairlead/base/check.h"

namespace fairlead::net {

namespace asio = boost::asio;

namespace {

constexpr Instant kNever{INT64_MAX};

}  // namespace

// All timers are in one ordered map; in real time one Asio timer waits for the first of them.
struct IoLoop::State {
  using Due = std::pair<Instant, TimerId>;

  explicit State(LoopTime t) : time(t) {}

  const LoopTime time;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::steady_timer alarm{context};
  Instant armed = kNever;  // when the alarm rings
  std::map<Due, Task> timers;
  std::unordered_map<TimerId, Instant> due;
  TimerId last_timer = 0;
  Instant now;  // virtual time

  Instant Now() const;
  Instant First() const { return timers.empty() ? kNever : timers.begin()->first.first; }
  void Arm();
  void OnAlarm();
  void FireFirst();
};

Instant IoLoop::State::Now() const {
  if (time == LoopTime::kVirtual) return now;
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

// An alarm that rings too early only looks; so it is set anew for earlier timers alone.
void IoLoop::State::Arm() {
  if (time == LoopTime::kVirtual || First() >= armed) return;
  armed = First();
  alarm.expires_at(
      std::chrono::steady_clock::time_point(std::chrono::steady_clock::duration(armed.ns)));
  alarm.async_wait([this](const boost::system::error_code& error) {
    if (!error) OnAlarm();
  });
}

void IoLoop::State::OnAlarm() {
  armed = kNever;
  // Those that are set meanwhile wait for the next ring, so that sockets get their turn.
  const TimerId last = last_timer;
  const Instant until = Now();
  while (First() <= until && timers.begin()->first.second <= last) FireFirst();
  Arm();
}

void IoLoop::State::FireFirst() {
  const auto first = timers.begin();
  Task task = std::move(first->second);
  due.erase(first->first.second);
  timers.erase(first);
  task();
}

IoLoop::IoLoop(LoopTime time) : state_(std::make_unique<State>(time)) {}

IoLoop::~IoLoop() {
  // Tasks may own what refers to the context.
  state_->timers.clear();
}

void IoLoop::Run() {
  FAIRLEAD_CHECK(state_->time == LoopTime::kReal, "Run() of a virtual loop");
  state_->context.run();
}
void IoLoop::Stop() { state_->context.stop(); }
void IoLoop::Post(Task task) { asio::post(state_->context, std::move(task)); }
asio::io_context& IoLoop::context() { return state_->context; }

IoLoop::TimerId IoLoop::After(Duration delay, Task task) {
  State& s = *state_;
  const TimerId id = ++s.last_timer;
  const Instant at = s.Now() + Duration{std::max<std::int64_t>(delay.ns, 0)};
  s.timers.emplace(State::Due{at, id}, std::move(task));
  s.due.emplace(id, at);
  s.Arm();
  return id;
}

void IoLoop::Cancel(TimerId timer) {
  State& s = *state_;
  const auto found = s.due.find(timer);
  if (found == s.due.end()) return;
  // The task may own what cancels further timers: it ends after the books are in order.
  auto node = s.timers.extract(State::Due{found->second, timer});
  s.due.erase(found);
}

Instant IoLoop::Now() const { return state_->Now(); }

std::size_t IoLoop::Poll() {
  FAIRLEAD_CHECK(state_->time == LoopTime::kVirtual, "Poll() of a loop in real time");
  std::size_t ran = 0;
  while (const std::size_t n = state_->context.poll()) ran += n;
  return ran;
}

Instant IoLoop::NextTimer() const { return state_->First(); }

void IoLoop::AdvanceTo(Instant time) {
  State& s = *state_;
  FAIRLEAD_CHECK(s.time == LoopTime::kVirtual, "AdvanceTo() of a loop in real time");
  while (s.First() <= time) {
    s.now = std::max(s.now, s.First());
    s.FireFirst();
    Poll();
  }
  s.now = std::max(s.now, time);
}

}  // namespace fairlead::net
