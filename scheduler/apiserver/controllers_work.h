// What controllers and kubelets need from the loop and the store: tasks that die with their owner,
// delays in the cluster's time, and changes handed on outside of the write that made them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "fairlead/net/loop.h"
#include "scheduler/apiserver/api.h"

namespace fairlead::apiserver {

// Tasks on a loop. What has not run when this ends never runs.
class LoopWork {
 public:
  using Task = net::IoLoop::Task;
  using TimerId = net::IoLoop::TimerId;

  // `speed`: how many times faster the cluster's clock runs than the loop, at least 1.
  LoopWork(net::IoLoop* loop, std::int64_t speed);

  void Post(Task task);
  // `delay` is in the cluster's time; rounded up, so that the clock has reached it.
  TimerId After(Duration delay, Task task);
  // Zeroes the id; 0 is fine.
  void Cancel(TimerId* timer);

 private:
  net::IoLoop* loop_;
  std::int64_t speed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The store's changes that pass the filter, in order, each handed on once in a task of its own
// turn; some at a time, so that requests get theirs. `idle` is called when no change is left.
class ChangeInbox {
 public:
  using Filter = std::function<bool(const Change&)>;
  using Handler = std::function<void(const Change&)>;

  ChangeInbox(LoopWork* work, Store* store, Filter filter, Handler handler,
              std::function<void()> idle);
  ~ChangeInbox();
  ChangeInbox(const ChangeInbox&) = delete;
  ChangeInbox& operator=(const ChangeInbox&) = delete;

  // Hands on what is stored of this kind as if it had just been created. Before any change.
  void Replay(std::string_view storage);

 private:
  void Push(const Change& change);
  void Drain();

  LoopWork* work_;
  Store* store_;
  Filter filter_;
  Handler handler_;
  std::function<void()> idle_;
  std::deque<Change> waiting_;
  bool posted_ = false;
  std::uint64_t listener_;
};

// RFC 3339 to seconds, as metav1.Time is written, and to microseconds for metav1.MicroTime.
std::string StampText(Instant time);
std::string MicroTimeText(Instant time);
// The epoch where the text is no such time.
Instant TimeOf(std::string_view text);

// Sets status.conditions[type]; lastTransitionTime moves only if the status changes.
struct Condition {
  std::string_view type, status;
  std::string_view reason = {}, message = {};  // empty: left out
};
void PutCondition(json::object* object, const Condition& condition, std::string_view time_field,
                  Instant now);
const json::object* FindCondition(const json::object& object, std::string_view type);

// An Event about an object; nothing happens where it cannot be written.
struct EventNotice {
  const json::object* about;   // with apiVersion, kind and metadata
  std::string_view component;  // "job-controller"
  bool warning = false;
  std::string_view reason = {};
  std::string message = {};
};
void RecordEvent(Api* api, const EventNotice& notice);

}  // namespace fairlead::apiserver
