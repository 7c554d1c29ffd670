#include "scheduler/apiserver/controllers_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::apiserver {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr int kChangesPerTurn = 256;

}  // namespace

LoopWork::LoopWork(net::IoLoop* loop, std::int64_t speed)
    : loop_(loop), speed_(std::max<std::int64_t>(speed, 1)) {}

void LoopWork::Post(Task task) {
  loop_->Post([alive = std::weak_ptr(alive_), task = std::move(task)] {
    if (!alive.expired()) task();
  });
}

LoopWork::TimerId LoopWork::After(Duration delay, Task task) {
  const std::int64_t ns = std::max<std::int64_t>(delay.ns, 0);
  const Duration on_loop{ns / speed_ + (ns % speed_ == 0 ? 0 : 1)};
  return loop_->After(on_loop, [alive = std::weak_ptr(alive_), task = std::move(task)] {
    if (!alive.expired()) task();
  });
}

void LoopWork::Cancel(TimerId* timer) {
  if (*timer != 0) loop_->Cancel(std::exchange(*timer, 0));
}

ChangeInbox::ChangeInbox(LoopWork* work, Store* store, Filter filter, Handler handler,
                         std::function<void()> idle)
    : work_(work),
      store_(store),
      filter_(std::move(filter)),
      handler_(std::move(handler)),
      idle_(std::move(idle)),
      listener_(store->Listen([this](const Change& change) {
        if (filter_(change)) Push(change);
      })) {}

ChangeInbox::~ChangeInbox() { store_->Unlisten(listener_); }

void ChangeInbox::Replay(std::string_view storage) {
  for (const auto& [key, version] : store_->table(storage)) {
    const Change change{ChangeType::kAdded, std::string(storage), version, nullptr,
                        version->revision};
    if (filter_(change)) Push(change);
  }
}

void ChangeInbox::Push(const Change& change) {
  waiting_.push_back(change);
  if (std::exchange(posted_, true)) return;
  work_->Post([this] { Drain(); });
}

void ChangeInbox::Drain() {
  for (int i = 0; i < kChangesPerTurn && !waiting_.empty(); ++i) {
    const Change change = std::move(waiting_.front());
    waiting_.pop_front();
    handler_(change);
  }
  // What `idle` writes comes back in a turn of its own.
  posted_ = !waiting_.empty();
  if (posted_) {
    work_->Post([this] { Drain(); });
  } else if (idle_) {
    idle_();
  }
}

std::string StampText(Instant time) {
  const std::int64_t below = ((time.ns % kSecond) + kSecond) % kSecond;
  return FormatInstant({time.ns - below});
}

std::string MicroTimeText(Instant time) {
  std::string text = StampText(time);
  text.pop_back();
  const std::int64_t below = ((time.ns % kSecond) + kSecond) % kSecond;
  return text + fmt::format(".{:06}Z", below / 1000);
}

Instant TimeOf(std::string_view text) {
  const auto time = ParseInstant(text);
  return time ? *time : Instant{};
}

const json::object* FindCondition(const json::object& object, std::string_view type) {
  const json::array* conditions = FindArray(object, {"status", "conditions"});
  if (conditions == nullptr) return nullptr;
  for (const json::value& entry : *conditions) {
    const json::object* condition = entry.if_object();
    if (condition != nullptr && GetString(*condition, {"type"}) == type) return condition;
  }
  return nullptr;
}

void PutCondition(json::object* object, const Condition& condition, std::string_view time_field,
                  Instant now) {
  json::array& conditions = ArrayAt(object, {"status", "conditions"});
  json::object* entry = nullptr;
  for (json::value& candidate : conditions) {
    json::object* fields = candidate.if_object();
    if (fields != nullptr && GetString(*fields, {"type"}) == condition.type) entry = fields;
  }
  if (entry == nullptr) {
    entry = &conditions.emplace_back(json::object()).get_object();
    (*entry)["type"] = Str(condition.type);
  }
  const std::string time = StampText(now);
  if (GetString(*entry, {"status"}) != condition.status) {
    (*entry)["status"] = Str(condition.status);
    (*entry)["lastTransitionTime"] = time;
  }
  if (!time_field.empty()) At(entry, {time_field}) = time;
  for (const auto& [name, text] :
       {std::pair<std::string_view, std::string_view>{"reason", condition.reason},
        {"message", condition.message}}) {
    if (text.empty()) {
      Erase(entry, {name});
    } else {
      At(entry, {name}) = Str(text);
    }
  }
}

void RecordEvent(Api* api, const EventNotice& notice) {
  const Resource* events = api->resources().Find("", "v1", "events");
  if (events == nullptr) return;
  const std::string_view ns = GetString(*notice.about, {"metadata", "namespace"});
  const std::string_view name = GetString(*notice.about, {"metadata", "name"});
  const std::string now = StampText(api->Now());
  json::object event;
  event["apiVersion"] = "v1";
  event["kind"] = "Event";
  At(&event, {"metadata", "generateName"}) = Str(std::string(name) + ".");
  json::object& about = ObjectAt(&event, {"involvedObject"});
  for (const std::string_view field : {"apiVersion", "kind"}) {
    At(&about, {field}) = Str(GetString(*notice.about, {field}));
  }
  about["namespace"] = Str(ns);
  about["name"] = Str(name);
  for (const std::string_view field : {"uid", "resourceVersion"}) {
    At(&about, {field}) = Str(GetString(*notice.about, {"metadata", field}));
  }
  event["reason"] = Str(notice.reason);
  event["message"] = notice.message;
  event["type"] = notice.warning ? "Warning" : "Normal";
  event["count"] = 1;
  event["firstTimestamp"] = now;
  event["lastTimestamp"] = now;
  At(&event, {"source", "component"}) = Str(notice.component);
  // Best effort: a namespace that ends takes no events, and nobody depends on one.
  const auto ignored = api->Create(*events, ns.empty() ? "default" : std::string(ns), event);
  static_cast<void>(ignored);
}

}  // namespace fairlead::apiserver
