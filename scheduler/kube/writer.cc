#include "scheduler/kube/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fairlead/engine/log.h"
#include "scheduler/kube/api_error.h"
#include "scheduler/kube/bodies.h"
#include "scheduler/kube/server_url.h"

namespace fairlead::kube {
namespace {

constexpr std::int64_t kToken = 1'000;
constexpr std::int64_t kBurst = 5;  // times the rate
constexpr std::size_t kMaxNotes = 1'000;
constexpr int kMaxStatusTries = 4;
constexpr std::string_view kStrategicMerge = "application/strategic-merge-patch+json";
constexpr std::string_view kJsonPatch = "application/json-patch+json";

std::string KeyOf(const PodRef& pod) { return pod.ns + "/" + pod.name; }

// After so many failures in a row.
Duration WaitAfter(int failures, const WriteEnv& env) {
  constexpr int kDoublings = 8;  // by then it is as long as it gets
  Backoff backoff(env.pace, env.random);
  Duration wait;
  for (int i = 0; i < std::min(failures, kDoublings); ++i) wait = backoff.Next();
  return wait;
}

template <typename Task>
void Close(const Task* task, std::vector<std::shared_ptr<Task>>* open) {
  std::erase_if(*open, [task](const auto& one) { return one.get() == task; });
}

}  // namespace

Writer::Writer(WriteEnv env)
    : env_(std::move(env)),
      tokens_(env_.events_per_second * kBurst * kToken),
      filled_(env_.loop->Now()),
      // Names of earlier processes' events must not come again.
      unique_(static_cast<std::uint64_t>(env_.clock->Now().ns)) {}

void Writer::Bind(std::vector<BindRequest> requests) {
  std::move(requests.begin(), requests.end(), std::back_inserter(binds_));
  Pump();
}

void Writer::Evict(std::vector<EvictRequest> requests) {
  std::move(requests.begin(), requests.end(), std::back_inserter(evicts_));
  Pump();
}

void Writer::SetPending(std::vector<PendingStatus> statuses) {
  if (draining_) return;
  for (PendingStatus& status : statuses) {
    const std::string key = KeyOf(status.pod);
    Enqueue(key, WaitingStatus{std::move(status)});
  }
  Pump();
}

void Writer::SetQueueStatus(std::vector<QueueStatus> statuses) {
  if (draining_) return;
  for (QueueStatus& status : statuses) {
    const std::string key = "/" + status.name;
    Enqueue(key, WaitingStatus{std::move(status)});
  }
  Pump();
}

void Writer::Enqueue(const std::string& key, WaitingStatus status) {
  const bool added = statuses_.insert_or_assign(key, std::move(status)).second;
  if (added) status_order_.push_back(key);
}

void Writer::Note(std::vector<EventNote> notes) {
  std::uint64_t dropped = 0;
  for (EventNote& note : notes) {
    if (draining_ || notes_.size() >= kMaxNotes || !TakeToken()) {
      ++dropped;
    } else {
      notes_.push_back(std::move(note));
    }
  }
  if (dropped > 0) env_.metrics->CountDroppedEvents(dropped);
  Pump();
}

bool Writer::TakeToken() {
  const std::int64_t rate = env_.events_per_second;
  const Instant now = env_.loop->Now();
  const std::int64_t earned = (now - filled_).ns / 1'000'000 * rate;  // ms times 1/1000 a second
  if (earned > 0) {
    tokens_ = std::min(tokens_ + earned, rate * kBurst * kToken);
    filled_ = now;
  }
  if (tokens_ < kToken) return false;
  tokens_ -= kToken;
  return true;
}

void Writer::Pump() {
  const auto running = [this] {
    return static_cast<int>(open_binds_.size() + open_evicts_.size()) + open_statuses_ +
           open_notes_;
  };
  while (running() < env_.connections) {
    if (!binds_.empty()) {
      StartBind();
    } else if (!evicts_.empty()) {
      StartEvict();
    } else if (!status_order_.empty() && open_statuses_ < std::max(1, env_.connections / 4)) {
      StartStatus();
    } else if (!notes_.empty() && open_notes_ < std::max(1, env_.connections / 8)) {
      StartNote();
    } else {
      break;
    }
  }
}

void Writer::StartBind() {
  BindRequest request = std::move(binds_.front());
  binds_.pop_front();
  auto task = std::make_shared<BindTask>(env_, std::move(request),
                                         [this](BindTask* done, BindFinished result) {
                                           Close(done, &open_binds_);
                                           Answer(std::move(result));
                                         });
  open_binds_.push_back(task);
  task->Start();
}

void Writer::StartEvict() {
  EvictRequest request = std::move(evicts_.front());
  evicts_.pop_front();
  auto task = std::make_shared<EvictTask>(env_, std::move(request),
                                          [this](EvictTask* done, EvictFinished result) {
                                            Close(done, &open_evicts_);
                                            Answer(std::move(result));
                                          });
  open_evicts_.push_back(task);
  task->Start();
}

void Writer::StartStatus() {
  const std::string key = std::move(status_order_.front());
  status_order_.pop_front();
  auto taken = statuses_.extract(key);
  WaitingStatus waiting = std::move(taken.mapped());
  HttpRequest request = StatusRequest(waiting);
  ++open_statuses_;
  const Instant begun = env_.loop->Now();
  env_.http->Send(std::move(request),
                  [this, key, begun, waiting = std::move(waiting)](const HttpAnswer& answer) {
                    --open_statuses_;
                    env_.metrics->ObserveRequest("patch", answer.status, env_.loop->Now() - begun);
                    OnStatus(key, waiting, answer);
                    Pump();
                  });
}

HttpRequest Writer::StatusRequest(const WaitingStatus& waiting) const {
  HttpRequest request;
  request.method = "PATCH";
  request.timeout = env_.request_timeout;
  if (const auto* pod = std::get_if<PendingStatus>(&waiting.status)) {
    request.target = PodPath(pod->pod, "status");
    request.accept = kProtobuf;
    request.content_type = kStrategicMerge;
    request.body = PendingPatch(*pod, env_.clock->Now());
  } else {
    const auto& queue = std::get<QueueStatus>(waiting.status);
    request.target = QueuePath(queue.name, "status");
    request.content_type = kJsonPatch;
    request.body = QueueStatusPatch(queue);
  }
  return request;
}

void Writer::OnStatus(const std::string& key, WaitingStatus sent, const HttpAnswer& answer) {
  const bool of_queue = std::holds_alternative<QueueStatus>(sent.status);
  // A conflict of a pod means another uid; of a queue, whose uid is tested by the patch, a race.
  const bool repeat = answer.status == 0 || answer.status == 429 || answer.status >= 500 ||
                      (of_queue && answer.status == 409);
  if (!repeat || draining_) {
    // It is gone or another one; its successor gets a status of its own.
    if (answer.status != 403 || (of_queue && std::exchange(queues_forbidden_, true))) return;
    Log(LogLevel::kWarning, "{}",
        Describe(answer, of_queue ? "patch queues/status" : "patch pods/status"));
    return;
  }
  // A pod that still waits is told again in time; a queue is told only when something changes.
  if (++sent.tries >= kMaxStatusTries && !of_queue) return;
  const Duration wait = RetryAfter(answer, env_.pace, WaitAfter(of_queue ? sent.tries : 1, env_));
  env_.loop->After(wait, [this, alive = std::weak_ptr(alive_), key, sent = std::move(sent)] {
    if (alive.expired() || draining_ || statuses_.count(key) > 0)
      return;  // a newer one replaces it
    Enqueue(key, sent);
    Pump();
  });
}

void Writer::StartNote() {
  HttpRequest request;
  request.method = "POST";
  const EventNote& note = notes_.front();
  request.target = fmt::format("/api/v1/namespaces/{}/events", UrlEncode(note.pod.ns));
  request.accept = kProtobuf;
  request.content_type = kJsonType;
  request.body = EventBody(note, ++unique_, env_.clock->Now());
  request.timeout = env_.request_timeout;
  notes_.pop_front();
  ++open_notes_;
  const Instant begun = env_.loop->Now();
  env_.http->Send(std::move(request), [this, begun](const HttpAnswer& answer) {
    --open_notes_;
    env_.metrics->ObserveRequest("create", answer.status, env_.loop->Now() - begun);
    if (answer.status < 200 || answer.status >= 300) env_.metrics->CountDroppedEvents(1);
    Pump();
  });
}

// Results of one turn of the loop go out together.
void Writer::Answer(Event result) {
  results_.push_back(std::move(result));
  if (results_.size() == 1) {
    env_.loop->Post([this, alive = std::weak_ptr(alive_)] {
      if (alive.expired()) return;
      PostResults();
      CheckDrained();
    });
  }
  Pump();
}

void Writer::PostResults() {
  if (!results_.empty()) env_.sink->Post(std::exchange(results_, {}));
}

void Writer::Drain(std::function<void()> drained) {
  drained_ = std::move(drained);
  DropUnanswered();
  CheckDrained();
}

// What nobody waits for an answer to.
void Writer::DropUnanswered() {
  draining_ = true;
  status_order_.clear();
  statuses_.clear();
  env_.metrics->CountDroppedEvents(notes_.size());
  notes_.clear();
}

void Writer::CheckDrained() {
  const bool open = !binds_.empty() || !evicts_.empty() || !open_binds_.empty() ||
                    !open_evicts_.empty() || !results_.empty();
  if (open || !drained_) return;
  std::exchange(drained_, nullptr)();
}

void Writer::GiveUp(std::string_view why) {
  DropUnanswered();
  const std::string detail(why);
  for (BindRequest& request : std::exchange(binds_, {})) {
    results_.emplace_back(BindFinished{std::move(request.pod), std::move(request.node),
                                       BindOutcome::kFailed, detail});
  }
  for (EvictRequest& request : std::exchange(evicts_, {})) {
    results_.emplace_back(EvictFinished{std::move(request.pod), EvictOutcome::kFailed, detail});
  }
  for (const auto& task : std::vector(open_binds_)) task->GiveUp(why);
  for (const auto& task : std::vector(open_evicts_)) task->GiveUp(why);
  PostResults();
}

}  // namespace fairlead::kube
