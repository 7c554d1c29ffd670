// Makes pods for Jobs and keeps the Jobs' status. What it does next is decided in job_book.h; this
// carries it out over the API's verbs.
//
// A Job is looked at when its spec or the state of one of its pods has changed, not when a pod is
// merely bound. At most kBatch pods are made in one turn, so that requests get theirs. Pods are
// recognised by their controller reference alone; none is adopted. Pods carry no tracking
// finalizer: this controller sees every change, so that none can be missed.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>

#include "scheduler/apiserver/controllers_work.h"
#include "scheduler/apiserver/job_book.h"

namespace fairlead::apiserver {

class JobController {
 public:
  JobController(Api* api, LoopWork* work);

 private:
  struct Entry {
    ObjectKey key;
    JobBook book;
    bool dirty = false;
    int events = 0;  // of pods created
    LoopWork::TimerId again = 0;
  };

  void OnChange(const Change& change);
  void OnJob(const Change& change);
  void OnPod(const Change& change);
  void MarkDirty(const std::string& uid);
  void SyncNext();
  void Sync(const std::string& uid, Entry* entry, const json::object& job);
  void AfterEnd(const std::string& uid, Entry* entry, const json::object& job);
  void Again(const std::string& uid, Entry* entry, Duration delay);
  std::int64_t RemovePods(Entry* entry, const std::vector<std::string>& names);
  bool CreatePod(Entry* entry, const json::object& job, std::int64_t index);
  void WriteStatus(const Entry& entry, const json::object& job, const JobPlan& plan,
                   std::int64_t removed);

  Api* api_;
  LoopWork* work_;
  const Resource& jobs_;
  const Resource& pods_;
  std::unordered_map<std::string, Entry> entries_;  // by the Job's uid
  std::deque<std::string> dirty_;
  bool posted_ = false;
  ChangeInbox inbox_;  // last: it is the first to end
};

// The pod that the Job wants next; `index` -1: not Indexed.
json::object PodOfJob(const json::object& job, std::int64_t index);

}  // namespace fairlead::apiserver
