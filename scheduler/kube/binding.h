// One binding, from the request to a certain outcome.
//
// A POST that the server answers is decided by the answer. A POST whose fate is unknown (no answer,
// 5xx) is decided by asking for the pod, for as long as it takes: an answer that is only assumed
// could start a gang in part or book a node twice. 409 also asks, since a repeated or recreated pod
// looks the same.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "fairlead/engine/events.h"
#include "scheduler/kube/write_env.h"

namespace fairlead::kube {

std::string_view OutcomeName(BindOutcome outcome);  // "bound"

class BindTask : public std::enable_shared_from_this<BindTask> {
 public:
  using Done = std::function<void(BindTask* task, BindFinished result)>;

  BindTask(const WriteEnv& env, BindRequest request, Done done);

  void Start();
  // Answers now, with the outcome kFailed, whatever the server does.
  void GiveUp(std::string_view why);

 private:
  void Post();
  void OnPosted(const HttpAnswer& answer);
  void OnTooMany(const HttpAnswer& answer);
  void Look();
  void OnLooked(const HttpAnswer& answer);
  void Decide(const std::string& uid, const std::string& node);
  void LookAgain(const HttpAnswer& answer);
  void Finish(BindOutcome outcome, std::string detail);

  const WriteEnv& env_;
  BindRequest request_;
  Done done_;
  Backoff backoff_;
  Instant begun_;          // of the binding
  Instant request_begun_;  // of the request in flight
  int refusals_ = 0;       // 429 in a row
  bool conflict_ = false;  // the POST was answered 409
  bool finished_ = false;
  std::string cause_;  // why the pod is asked for
};

}  // namespace fairlead::kube
