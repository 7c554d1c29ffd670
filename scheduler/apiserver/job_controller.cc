#include "scheduler/apiserver/job_controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::apiserver {
namespace {

constexpr std::int64_t kBatch = 100;
constexpr int kEventsPerJob = 10;
constexpr Duration kAfterRefusal = Duration::Seconds(10);
constexpr std::string_view kComponent = "job-controller";

// The uid of the Job that controls the pod; empty: none does.
std::string_view JobUidOf(const json::object& pod) {
  const json::array* owners = FindArray(pod, {"metadata", "ownerReferences"});
  if (owners == nullptr) return {};
  for (const json::value& entry : *owners) {
    const json::object* owner = entry.if_object();
    if (owner == nullptr || !GetBool(*owner, {"controller"}, false)) continue;
    const bool is_job = GetString(*owner, {"kind"}) == "Job" &&
                        GetString(*owner, {"apiVersion"}).starts_with("batch/");
    return is_job ? GetString(*owner, {"uid"}) : std::string_view();
  }
  return {};
}

bool Deleting(const json::object& object) {
  return Find(object, {"metadata", "deletionTimestamp"}) != nullptr;
}

bool Concerns(const Change& change) {
  const json::object& now = change.now->object;
  const bool modified = change.type == ChangeType::kModified;
  if (change.storage == "jobs.batch") {
    if (!modified) return true;
    const json::object& before = change.before->object;
    return Deleting(now) != Deleting(before) || GetInt(now, {"metadata", "generation"}, 0) !=
                                                    GetInt(before, {"metadata", "generation"}, 0);
  }
  if (change.storage != "pods" || JobUidOf(now).empty()) return false;
  return !modified || JobPodFrom(now) != JobPodFrom(change.before->object);
}

bool HasCondition(const json::object& job, std::string_view type) {
  const json::object* condition = FindCondition(job, type);
  return condition != nullptr && GetString(*condition, {"status"}) == "True";
}

void SetCount(json::object* status, std::string_view field, std::int64_t count) {
  if (count == 0) {
    Erase(status, {field});
  } else {
    At(status, {field}) = count;
  }
}

struct EndConditions {
  std::string_view early, last;  // `early`: only current servers have it
  std::string_view reason, message;
};

void WriteEnd(json::object* job, const EndConditions& end, Profile profile, Instant now) {
  if (profile == Profile::kCurrent) {
    PutCondition(
        job, {.type = end.early, .status = "True", .reason = end.reason, .message = end.message},
        "lastProbeTime", now);
  }
  PutCondition(job,
               {.type = end.last, .status = "True", .reason = end.reason, .message = end.message},
               "lastProbeTime", now);
}

// The condition Suspended and the start time that goes with it.
void WriteSuspension(json::object* job, bool suspend, Instant now) {
  const bool was = HasCondition(*job, "Suspended");
  if (suspend) {
    Erase(job, {"status", "startTime"});
    if (was) return;
    PutCondition(job,
                 {.type = "Suspended",
                  .status = "True",
                  .reason = "JobSuspended",
                  .message = "Job suspended"},
                 "lastProbeTime", now);
    return;
  }
  if (was) {
    PutCondition(
        job,
        {.type = "Suspended", .status = "False", .reason = "JobResumed", .message = "Job resumed"},
        "lastProbeTime", now);
  }
  if (GetString(*job, {"status", "startTime"}).empty()) {
    At(job, {"status", "startTime"}) = StampText(now);
  }
}

}  // namespace

json::object PodOfJob(const json::object& job, std::int64_t index) {
  constexpr std::string_view kIndexKey = "batch.kubernetes.io/job-completion-index";
  const std::string name(GetString(job, {"metadata", "name"}));
  json::object pod;
  pod["apiVersion"] = "v1";
  pod["kind"] = "Pod";
  const json::object* meta = FindObject(job, {"spec", "template", "metadata"});
  for (const std::string_view field : {"labels", "annotations"}) {
    const json::object* map = meta == nullptr ? nullptr : FindObject(*meta, {field});
    if (map != nullptr) At(&pod, {"metadata", field}) = *map;
  }
  json::object& labels = ObjectAt(&pod, {"metadata", "labels"});
  if (!labels.contains("job-name")) labels["job-name"] = name;
  if (!labels.contains("controller-uid")) {
    labels["controller-uid"] = Str(GetString(job, {"metadata", "uid"}));
  }
  At(&pod, {"metadata", "namespace"}) = Str(GetString(job, {"metadata", "namespace"}));
  At(&pod, {"metadata", "generateName"}) = name + "-";
  json::object owner;
  owner["apiVersion"] = "batch/v1";
  owner["kind"] = "Job";
  owner["name"] = name;
  owner["uid"] = Str(GetString(job, {"metadata", "uid"}));
  owner["controller"] = true;
  owner["blockOwnerDeletion"] = true;
  ArrayAt(&pod, {"metadata", "ownerReferences"}).push_back(std::move(owner));
  if (const json::object* spec = FindObject(job, {"spec", "template", "spec"})) pod["spec"] = *spec;
  if (index < 0) return pod;

  const std::string number = std::to_string(index);
  At(&pod, {"metadata", "generateName"}) = name + "-" + number + "-";
  At(&pod, {"metadata", "annotations", kIndexKey}) = number;
  At(&pod, {"metadata", "labels", kIndexKey}) = number;
  At(&pod, {"spec", "hostname"}) = name + "-" + number;
  for (json::value& entry : ArrayAt(&pod, {"spec", "containers"})) {
    json::object* container = entry.if_object();
    if (container == nullptr) continue;
    json::object variable;
    variable["name"] = "JOB_COMPLETION_INDEX";
    At(&variable, {"valueFrom", "fieldRef", "fieldPath"}) =
        fmt::format("metadata.annotations['{}']", kIndexKey);
    ArrayAt(container, {"env"}).push_back(std::move(variable));
  }
  return pod;
}

JobController::JobController(Api* api, LoopWork* work)
    : api_(api),
      work_(work),
      jobs_(api->Of("jobs.batch")),
      pods_(api->Of("pods")),
      inbox_(
          work, &api->store(), Concerns, [this](const Change& change) { OnChange(change); },
          nullptr) {
  inbox_.Replay("jobs.batch");
  inbox_.Replay("pods");
}

void JobController::OnChange(const Change& change) {
  if (change.storage == "pods") {
    OnPod(change);
  } else {
    OnJob(change);
  }
}

void JobController::OnJob(const Change& change) {
  const json::object& job = change.now->object;
  const std::string uid(GetString(job, {"metadata", "uid"}));
  if (change.type == ChangeType::kDeleted) {
    const auto found = entries_.find(uid);
    if (found == entries_.end()) return;
    work_->Cancel(&found->second.again);
    entries_.erase(found);
    return;
  }
  const auto [found, first] = entries_.try_emplace(uid);
  if (first) {
    found->second.key = {std::string(GetString(job, {"metadata", "namespace"})),
                         std::string(GetString(job, {"metadata", "name"}))};
    found->second.book.Floor(GetInt(job, {"status", "succeeded"}, 0),
                             GetInt(job, {"status", "failed"}, 0));
  }
  MarkDirty(uid);
}

// A change may be older than what this controller has done since; so the pod as it is stored now
// counts, and of one that is gone its last state.
void JobController::OnPod(const Change& change) {
  const json::object& pod = change.now->object;
  const std::string job(JobUidOf(pod));
  const auto found = entries_.find(job);
  if (found == entries_.end()) return;
  JobBook& book = found->second.book;
  const std::string uid(GetString(pod, {"metadata", "uid"}));
  if (change.type == ChangeType::kDeleted) {
    book.Upsert(uid, JobPodFrom(pod), api_->Now());
    book.Remove(uid);
  } else {
    const VersionPtr now =
        api_->store().Get("pods", found->second.key.ns, GetString(pod, {"metadata", "name"}));
    if (now == nullptr || GetString(now->object, {"metadata", "uid"}) != uid) return;
    book.Upsert(uid, JobPodFrom(now->object), api_->Now());
  }
  MarkDirty(job);
}

void JobController::MarkDirty(const std::string& uid) {
  const auto found = entries_.find(uid);
  if (found == entries_.end() || std::exchange(found->second.dirty, true)) return;
  dirty_.push_back(uid);
  if (std::exchange(posted_, true)) return;
  work_->Post([this] { SyncNext(); });
}

void JobController::SyncNext() {
  const std::string uid = std::move(dirty_.front());
  dirty_.pop_front();
  const auto found = entries_.find(uid);
  if (found != entries_.end()) {
    Entry& entry = found->second;
    entry.dirty = false;
    const VersionPtr job = api_->store().Get(jobs_.storage, entry.key.ns, entry.key.name);
    if (job != nullptr && GetString(job->object, {"metadata", "uid"}) == uid) {
      Sync(uid, &entry, job->object);
    }
  }
  posted_ = !dirty_.empty();
  if (posted_) work_->Post([this] { SyncNext(); });
}

void JobController::Again(const std::string& uid, Entry* entry, Duration delay) {
  work_->Cancel(&entry->again);
  if (delay.ns <= 0) {
    MarkDirty(uid);
  } else {
    entry->again = work_->After(delay, [this, uid] { MarkDirty(uid); });
  }
}

void JobController::Sync(const std::string& uid, Entry* entry, const json::object& job) {
  if (Deleting(job)) return;
  if (HasCondition(job, "Complete") || HasCondition(job, "Failed")) {
    AfterEnd(uid, entry, job);
    return;
  }
  JobTimes times{.now = api_->Now(), .start = std::nullopt};
  const std::string_view start = GetString(job, {"status", "startTime"});
  const JobSpec spec = JobSpecFrom(job);
  times.start = start.empty() ? times.now : TimeOf(start);
  const JobPlan plan = PlanJob(spec, entry->book, times, kBatch);
  const std::int64_t removed = RemovePods(entry, plan.remove);
  bool refused = false;
  for (std::int64_t i = 0; i < plan.create && !refused; ++i) {
    const bool indexed = !plan.indexes.empty();
    refused = !CreatePod(entry, job, indexed ? plan.indexes[static_cast<std::size_t>(i)] : -1);
  }
  WriteStatus(*entry, job, plan, removed);
  if (plan.end != JobPlan::End::kNone) {
    Again(uid, entry, {});
  } else if (refused) {
    Again(uid, entry, kAfterRefusal);
  } else if (plan.again) {
    Again(uid, entry, *plan.again);
  }
}

// Finished Jobs are deleted after their time to live.
void JobController::AfterEnd(const std::string& uid, Entry* entry, const json::object& job) {
  const JobSpec spec = JobSpecFrom(job);
  if (!spec.ttl_s) return;
  const json::object* condition = FindCondition(job, "Complete");
  if (condition == nullptr) condition = FindCondition(job, "Failed");
  const Instant ended = TimeOf(GetString(*condition, {"lastTransitionTime"}));
  const Duration left = ended + Duration::Seconds(*spec.ttl_s) - api_->Now();
  if (left.ns > 0) {
    Again(uid, entry, left);
    return;
  }
  DeleteOptions options;
  options.uid = uid;
  options.propagation = "Foreground";
  const auto gone = api_->Delete(jobs_, {entry->key.ns, entry->key.name}, options);
  FAIRLEAD_CHECK(gone.ok(), "job {}/{}: {}", entry->key.ns, entry->key.name,
                 gone.ok() ? "" : gone.error().message);
}

std::int64_t JobController::RemovePods(Entry* entry, const std::vector<std::string>& names) {
  std::int64_t removed = 0;
  for (const std::string& name : names) {
    const auto gone = api_->Delete(pods_, {entry->key.ns, name});
    if (!gone.ok()) continue;  // somebody was faster: its change is on the way
    ++removed;
    const json::object& pod = gone->object->object;
    const std::string uid(GetString(pod, {"metadata", "uid"}));
    if (gone->gone) {
      entry->book.Remove(uid);
    } else {
      entry->book.Upsert(uid, JobPodFrom(pod), api_->Now());
    }
  }
  return removed;
}

bool JobController::CreatePod(Entry* entry, const json::object& job, std::int64_t index) {
  const auto created = api_->Create(pods_, entry->key.ns, PodOfJob(job, index));
  EventNotice notice{.about = &job, .component = kComponent};
  if (!created.ok()) {
    notice.warning = true;
    notice.reason = "FailedCreate";
    notice.message = fmt::format("Error creating: {}", created.error().message);
    RecordEvent(api_, notice);
    return false;
  }
  const json::object& pod = (*created)->object;
  const JobPod view = JobPodFrom(pod);
  entry->book.Upsert(std::string(GetString(pod, {"metadata", "uid"})), view, api_->Now());
  if (entry->events++ < kEventsPerJob) {
    notice.reason = "SuccessfulCreate";
    notice.message = "Created pod: " + view.name;
    RecordEvent(api_, notice);
  }
  return true;
}

void JobController::WriteStatus(const Entry& entry, const json::object& job, const JobPlan& plan,
                                std::int64_t removed) {
  const Instant now = api_->Now();
  const Profile profile = api_->profile();
  const bool failed = plan.end == JobPlan::End::kFailed;
  json::object next = job;
  json::object& status = ObjectAt(&next, {"status"});
  SetCount(&status, "active", entry.book.active());
  SetCount(&status, "succeeded", entry.book.succeeded());
  SetCount(&status, "failed", entry.book.failed() + (failed ? removed : 0));
  if (profile == Profile::kCurrent) {
    const bool ended = plan.end != JobPlan::End::kNone;
    status["ready"] = ended ? 0 : entry.book.ready();
    status["terminating"] = ended ? 0 : entry.book.terminating();
    ObjectAt(&status, {"uncountedTerminatedPods"});
    const std::string completed = entry.book.CompletedIndexes();
    if (!completed.empty()) status["completedIndexes"] = completed;
  }
  WriteSuspension(&next, JobSpecFrom(job).suspend, now);
  if (plan.end == JobPlan::End::kComplete) {
    const bool current = profile == Profile::kCurrent;
    WriteEnd(&next,
             {.early = "SuccessCriteriaMet",
              .last = "Complete",
              .reason = current ? "CompletionsReached" : "",
              .message = current ? "Reached expected number of succeeded pods" : ""},
             profile, now);
    At(&next, {"status", "completionTime"}) = StampText(now);
  } else if (failed) {
    WriteEnd(&next,
             {.early = "FailureTarget",
              .last = "Failed",
              .reason = plan.reason,
              .message = plan.message},
             profile, now);
  }
  if (Find(next, {"status"}) != nullptr && Find(job, {"status"}) != nullptr &&
      *Find(next, {"status"}) == *Find(job, {"status"})) {
    return;
  }
  const auto written =
      api_->Update(jobs_, {entry.key.ns, entry.key.name}, "status", std::move(next));
  FAIRLEAD_CHECK(written.ok(), "status of job {}/{}: {}", entry.key.ns, entry.key.name,
                 written.ok() ? "" : written.error().message);
  if (plan.end == JobPlan::End::kNone) return;
  RecordEvent(api_, {.about = &job,
                     .component = kComponent,
                     .warning = failed,
                     .reason = failed ? std::string_view(plan.reason) : "Completed",
                     .message = failed ? plan.message : "Job completed"});
}

}  // namespace fairlead::apiserver
