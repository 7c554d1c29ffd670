// What the Job controller knows about one Job's pods, and what it does next. Pure: no store, no
// loop, no clock of its own.
//
// I1  A pod is counted as succeeded or failed once, by uid, also when it is deleted later.
// I2  active() + finished and terminating pods = the pods that are there.
// I3  Indexed: an index is completed, or has an active pod, or is free.
//
// A pod that somebody deletes before it has ended (an eviction) counts as neither: it is replaced.
// Every change costs O(log n); FreeIndexes walks over what is active.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fairlead/base/time.h"
#include "scheduler/apiserver/json.h"

namespace fairlead::apiserver {

struct JobSpec {
  std::int64_t parallelism = 1;
  std::optional<std::int64_t> completions;
  std::int64_t backoff_limit = 6;
  std::optional<std::int64_t> active_deadline_s, ttl_s;
  bool indexed = false;
  bool suspend = false;
  bool restarts_in_place = false;  // restartPolicy OnFailure
};
JobSpec JobSpecFrom(const json::object& job);

enum class JobPodState : std::uint8_t { kActive, kTerminating, kSucceeded, kFailed };

struct JobPod {
  std::string name;
  JobPodState state = JobPodState::kActive;
  bool ready = false;
  std::int64_t restarts = 0;
  std::int64_t index = -1;
  friend bool operator==(const JobPod&, const JobPod&) = default;
};
JobPod JobPodFrom(const json::object& pod);

class JobBook {
 public:
  // Counts from an earlier life of the controller: never go below them.
  void Floor(std::int64_t succeeded, std::int64_t failed);
  void Upsert(const std::string& uid, const JobPod& pod, Instant now);
  void Remove(const std::string& uid);

  std::int64_t active() const { return active_; }
  std::int64_t ready() const { return ready_; }
  std::int64_t terminating() const { return terminating_; }
  std::int64_t succeeded() const { return succeeded_; }
  std::int64_t failed() const { return failed_; }
  std::int64_t restarts() const { return restarts_; }  // of active pods
  // Failures since the last success, and when the last one was seen.
  std::int64_t streak() const { return streak_; }
  Instant last_failure() const { return last_failure_; }

  // "0-3,5", with `completed()` indexes.
  std::string CompletedIndexes() const;
  bool Completed(std::int64_t index) const;
  // The lowest indexes below `completions` that are free.
  std::vector<std::int64_t> FreeIndexes(std::int64_t completions, std::size_t most) const;
  // Active pods to take away first: those that are not ready, then by name.
  std::vector<std::string> ActivePods(std::size_t most) const;

 private:
  struct Entry {
    JobPod pod;
    bool counted = false;
  };
  void Count(const JobPod& pod, int sign);
  void CountEnd(Entry* entry, Instant now);
  void Complete(std::int64_t index);

  std::unordered_map<std::string, Entry> pods_;         // by uid
  std::set<std::pair<bool, std::string>> active_pods_;  // (ready, name)
  std::int64_t active_ = 0, ready_ = 0, terminating_ = 0, succeeded_ = 0, failed_ = 0;
  std::int64_t restarts_ = 0, streak_ = 0;
  Instant last_failure_;
  std::map<std::int64_t, std::int64_t> completed_;     // ranges: first -> last
  std::map<std::int64_t, std::int64_t> active_index_;  // index -> active pods
};

// What a sync of the Job does.
struct JobPlan {
  enum class End : std::uint8_t { kNone, kComplete, kFailed };
  End end = End::kNone;
  std::string reason, message;      // of a failed end
  std::vector<std::string> remove;  // names of active pods
  std::int64_t create = 0;          // pods; Indexed: one for each of `indexes`
  std::vector<std::int64_t> indexes;
  std::optional<Duration> again;  // look again after this time
};

struct JobTimes {
  Instant now;
  std::optional<Instant> start;  // status.startTime
};
// At most `batch` pods are created at once; then `again` is zero.
JobPlan PlanJob(const JobSpec& spec, const JobBook& book, const JobTimes& times,
                std::int64_t batch);

}  // namespace fairlead::apiserver
