#include "scheduler/apiserver/job_book.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace fairlead::apiserver {
namespace {

constexpr Duration kFirstBackOff = Duration::Seconds(10);
constexpr Duration kLongestBackOff = Duration::Seconds(360);
constexpr std::string_view kIndexKey = "batch.kubernetes.io/job-completion-index";

std::optional<std::int64_t> OptionalInt(const json::object& object, Path path) {
  const json::value* found = Find(object, path);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return GetInt(object, path, 0);
}

// Before the next pod is made after the n-th failure in a row.
Duration BackOff(std::int64_t streak) {
  if (streak <= 0) return Duration{};
  const std::int64_t doublings = std::min<std::int64_t>(streak - 1, 6);
  return std::min(Duration{kFirstBackOff.ns << doublings}, kLongestBackOff);
}

void Sooner(std::optional<Duration>* again, Duration delay) {
  *again = *again ? std::min(**again, delay) : delay;
}

}  // namespace

JobSpec JobSpecFrom(const json::object& job) {
  JobSpec spec;
  spec.parallelism = std::max<std::int64_t>(GetInt(job, {"spec", "parallelism"}, 1), 0);
  spec.completions = OptionalInt(job, {"spec", "completions"});
  spec.backoff_limit = GetInt(job, {"spec", "backoffLimit"}, spec.backoff_limit);
  spec.active_deadline_s = OptionalInt(job, {"spec", "activeDeadlineSeconds"});
  spec.ttl_s = OptionalInt(job, {"spec", "ttlSecondsAfterFinished"});
  spec.indexed = GetString(job, {"spec", "completionMode"}) == "Indexed";
  spec.suspend = GetBool(job, {"spec", "suspend"}, false);
  spec.restarts_in_place =
      GetString(job, {"spec", "template", "spec", "restartPolicy"}) == "OnFailure";
  return spec;
}

JobPod JobPodFrom(const json::object& pod) {
  JobPod view;
  view.name = std::string(GetString(pod, {"metadata", "name"}));
  const std::string_view phase = GetString(pod, {"status", "phase"});
  if (phase == "Succeeded") {
    view.state = JobPodState::kSucceeded;
  } else if (phase == "Failed") {
    view.state = JobPodState::kFailed;
  } else if (Find(pod, {"metadata", "deletionTimestamp"}) != nullptr) {
    view.state = JobPodState::kTerminating;
  }
  if (const json::array* conditions = FindArray(pod, {"status", "conditions"})) {
    for (const json::value& entry : *conditions) {
      const json::object* condition = entry.if_object();
      if (condition == nullptr || GetString(*condition, {"type"}) != "Ready") continue;
      view.ready = GetString(*condition, {"status"}) == "True";
    }
  }
  if (const json::array* containers = FindArray(pod, {"status", "containerStatuses"})) {
    for (const json::value& entry : *containers) {
      const json::object* container = entry.if_object();
      if (container != nullptr) view.restarts += GetInt(*container, {"restartCount"}, 0);
    }
  }
  const json::object* annotations = FindObject(pod, {"metadata", "annotations"});
  const std::string_view index =
      annotations == nullptr ? std::string_view() : MapGet(*annotations, kIndexKey);
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), number);
  if (!index.empty() && error == std::errc() && end == index.data() + index.size()) {
    view.index = number;
  }
  return view;
}

void JobBook::Floor(std::int64_t succeeded, std::int64_t failed) {
  succeeded_ = std::max(succeeded_, succeeded);
  failed_ = std::max(failed_, failed);
}

void JobBook::Count(const JobPod& pod, int sign) {
  if (pod.state == JobPodState::kTerminating) terminating_ += sign;
  if (pod.state != JobPodState::kActive) return;
  active_ += sign;
  restarts_ += sign * pod.restarts;
  if (pod.ready) ready_ += sign;
  if (sign > 0) {
    active_pods_.emplace(pod.ready, pod.name);
  } else {
    active_pods_.erase({pod.ready, pod.name});
  }
  if (pod.index < 0) return;
  const auto at = active_index_.try_emplace(pod.index, 0).first;
  at->second += sign;
  if (at->second == 0) active_index_.erase(at);
}

void JobBook::CountEnd(Entry* entry, Instant now) {
  const JobPodState state = entry->pod.state;
  if (state != JobPodState::kSucceeded && state != JobPodState::kFailed) return;
  if (std::exchange(entry->counted, true)) return;
  if (state == JobPodState::kFailed) {
    ++failed_;
    ++streak_;
    last_failure_ = now;
    return;
  }
  streak_ = 0;
  if (entry->pod.index < 0) {
    ++succeeded_;
  } else if (!Completed(entry->pod.index)) {
    ++succeeded_;
    Complete(entry->pod.index);
  }
}

void JobBook::Upsert(const std::string& uid, const JobPod& pod, Instant now) {
  const auto [found, first] = pods_.try_emplace(uid);
  Entry& entry = found->second;
  if (!first) Count(entry.pod, -1);
  entry.pod = pod;
  Count(entry.pod, 1);
  CountEnd(&entry, now);
}

void JobBook::Remove(const std::string& uid) {
  const auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  Count(found->second.pod, -1);
  pods_.erase(found);
}

bool JobBook::Completed(std::int64_t index) const {
  auto range = completed_.upper_bound(index);
  if (range == completed_.begin()) return false;
  --range;
  return range->second >= index;
}

void JobBook::Complete(std::int64_t index) {
  std::int64_t first = index;
  std::int64_t last = index;
  const auto next = completed_.find(index + 1);
  if (next != completed_.end()) {
    last = next->second;
    completed_.erase(next);
  }
  auto before = completed_.lower_bound(index);
  if (before != completed_.begin() && (--before)->second == index - 1) first = before->first;
  completed_[first] = last;
}

std::string JobBook::CompletedIndexes() const {
  std::string text;
  for (const auto& [first, last] : completed_) {
    if (!text.empty()) text += ",";
    text += std::to_string(first);
    // Two neighbours are written as two, as the real controller does.
    if (last == first + 1) text += "," + std::to_string(last);
    if (last > first + 1) text += "-" + std::to_string(last);
  }
  return text;
}

std::vector<std::int64_t> JobBook::FreeIndexes(std::int64_t completions, std::size_t most) const {
  std::vector<std::int64_t> free;
  auto range = completed_.begin();
  auto busy = active_index_.begin();
  std::int64_t index = 0;
  while (index < completions && free.size() < most) {
    while (range != completed_.end() && range->second < index) ++range;
    while (busy != active_index_.end() && busy->first < index) ++busy;
    if (range != completed_.end() && range->first <= index) {
      index = range->second + 1;
      continue;
    }
    if (busy == active_index_.end() || busy->first != index) free.push_back(index);
    ++index;
  }
  return free;
}

std::vector<std::string> JobBook::ActivePods(std::size_t most) const {
  std::vector<std::string> names;
  for (const auto& [ready, name] : active_pods_) {
    if (names.size() == most) break;
    names.push_back(name);
  }
  return names;
}

JobPlan PlanJob(const JobSpec& spec, const JobBook& book, const JobTimes& times,
                std::int64_t batch) {
  JobPlan plan;
  constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
  const auto fail = [&](std::string_view reason, std::string_view message) {
    plan.end = JobPlan::End::kFailed;
    plan.reason = reason;
    plan.message = message;
    plan.remove = book.ActivePods(kAll);
    return plan;
  };
  const bool worn_out =
      spec.restarts_in_place && book.restarts() > 0 && book.restarts() >= spec.backoff_limit;
  if (book.failed() > spec.backoff_limit || worn_out) {
    return fail("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  }
  if (times.start && spec.active_deadline_s && !spec.suspend) {
    const Duration left = *times.start + Duration::Seconds(*spec.active_deadline_s) - times.now;
    if (left.ns <= 0) {
      return fail("DeadlineExceeded", "Job was active longer than specified deadline");
    }
    Sooner(&plan.again, left);
  }
  const bool complete = spec.completions ? book.succeeded() >= *spec.completions
                                         : book.succeeded() > 0 && book.active() == 0;
  if (complete && (spec.completions || book.terminating() == 0)) {
    plan = {};
    plan.end = JobPlan::End::kComplete;
    plan.remove = book.ActivePods(kAll);
    return plan;
  }
  std::int64_t wanted = spec.parallelism;
  if (spec.completions) wanted = std::min(wanted, *spec.completions - book.succeeded());
  if (!spec.completions && book.succeeded() > 0) wanted = std::min(wanted, book.active());
  if (spec.suspend) wanted = 0;
  const std::int64_t missing = wanted - book.active();
  if (missing < 0) plan.remove = book.ActivePods(static_cast<std::size_t>(-missing));
  if (missing <= 0) return plan;
  const Duration pause = book.last_failure() + BackOff(book.streak()) - times.now;
  if (book.streak() > 0 && pause.ns > 0) {
    Sooner(&plan.again, pause);
    return plan;
  }
  plan.create = std::min(missing, batch);
  if (spec.indexed && spec.completions) {
    plan.indexes = book.FreeIndexes(*spec.completions, static_cast<std::size_t>(plan.create));
    plan.create = static_cast<std::int64_t>(plan.indexes.size());
  }
  if (missing > batch) plan.again = Duration{};
  return plan;
}

}  // namespace fairlead::apiserver
