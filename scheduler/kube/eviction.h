// One eviction. The uid is a precondition, so repeating it is safe, and it is repeated a few times
// where the outcome is unknown.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "fairlead/engine/events.h"
#include "scheduler/kube/write_env.h"

namespace fairlead::kube {

class EvictTask : public std::enable_shared_from_this<EvictTask> {
 public:
  using Done = std::function<void(EvictTask* task, EvictFinished result)>;

  EvictTask(const WriteEnv& env, EvictRequest request, Done done);

  void Start();
  // Answers now, with the outcome kFailed, whatever the server does.
  void GiveUp(std::string_view why);

 private:
  void OnAnswer(const HttpAnswer& answer);
  void Finish(EvictOutcome outcome, std::string detail);

  const WriteEnv& env_;
  EvictRequest request_;
  Done done_;
  Backoff backoff_;
  Instant begun_;
  int failures_ = 0;
  bool finished_ = false;
};

}  // namespace fairlead::kube
