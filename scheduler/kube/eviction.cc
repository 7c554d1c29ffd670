#include "scheduler/kube/eviction.h"

#include <utility>

#include "scheduler/kube/api_error.h"
#include "scheduler/kube/bodies.h"

namespace fairlead::kube {
namespace {

constexpr int kMaxFailures = 4;

}  // namespace

EvictTask::EvictTask(const WriteEnv& env, EvictRequest request, Done done)
    : env_(env),
      request_(std::move(request)),
      done_(std::move(done)),
      backoff_(env.pace, env.random) {}

void EvictTask::Start() {
  if (finished_) return;
  HttpRequest request;
  request.method = "POST";
  request.target = PodPath(request_.pod, "eviction");
  request.content_type = kJsonType;
  request.body = EvictionBody(request_, env_.eviction_api);
  request.timeout = env_.request_timeout;
  begun_ = env_.loop->Now();
  env_.http->Send(std::move(request), [self = shared_from_this()](const HttpAnswer& answer) {
    self->OnAnswer(answer);
  });
}

void EvictTask::OnAnswer(const HttpAnswer& answer) {
  if (finished_) return;
  env_.metrics->ObserveRequest("evict", answer.status, env_.loop->Now() - begun_);
  const int status = answer.status;
  if (status >= 200 && status < 300) return Finish(EvictOutcome::kEvicted, {});
  std::string why = Describe(answer, "evict pods");
  if (status == 404) return Finish(EvictOutcome::kGone, std::move(why));
  if (status == 429) return Finish(EvictOutcome::kBlocked, std::move(why));
  // The server names the precondition; other conflicts are races with a PodDisruptionBudget.
  if (status == 409 && why.find("UID") != std::string::npos) {
    return Finish(EvictOutcome::kGone, std::move(why));
  }
  const bool repeat = status == 0 || status == 408 || status == 409 || status >= 500;
  if (!repeat || ++failures_ >= kMaxFailures) {
    return Finish(EvictOutcome::kFailed, std::move(why));
  }
  env_.loop->After(RetryAfter(answer, env_.pace, backoff_.Next()),
                   [self = shared_from_this()] { self->Start(); });
}

void EvictTask::GiveUp(std::string_view why) { Finish(EvictOutcome::kFailed, std::string(why)); }

void EvictTask::Finish(EvictOutcome outcome, std::string detail) {
  if (std::exchange(finished_, true)) return;
  const Done done = std::move(done_);
  done(this, EvictFinished{std::move(request_.pod), outcome, std::move(detail)});
}

}  // namespace fairlead::kube
