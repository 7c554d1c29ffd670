#include "scheduler/kube/binding.h"

#include <fmt/format.h>

#include <utility>

#include "fairlead/kube/decode.h"
#include "scheduler/kube/api_error.h"
#include "scheduler/kube/bodies.h"

namespace fairlead::kube {
namespace {

constexpr int kMaxRefusals = 10;
constexpr const char* kTrouble = "bindings";
constexpr std::string_view kEitherType = "application/vnd.kubernetes.protobuf, application/json";

Result<PodInfo> PodOf(const HttpAnswer& answer) {
  ObjectMeta meta;
  if (answer.content_type.find("protobuf") == std::string::npos) {
    return PodFromJson(answer.body, TranslateOptions{}, &meta);
  }
  const Result<Unknown> unknown = UnwrapProto(answer.body);
  if (!unknown) return unknown.error();
  return PodFromProto(unknown->raw, TranslateOptions{}, &meta);
}

}  // namespace

std::string_view OutcomeName(BindOutcome outcome) {
  switch (outcome) {
    case BindOutcome::kBound:
      return "bound";
    case BindOutcome::kConflict:
      return "conflict";
    case BindOutcome::kGone:
      return "gone";
    case BindOutcome::kRefused:
      return "refused";
    case BindOutcome::kFailed:
      break;
  }
  return "failed";
}

BindTask::BindTask(const WriteEnv& env, BindRequest request, Done done)
    : env_(env),
      request_(std::move(request)),
      done_(std::move(done)),
      backoff_(env.pace, env.random) {}

void BindTask::Start() {
  begun_ = env_.loop->Now();
  Post();
}

void BindTask::GiveUp(std::string_view why) { Finish(BindOutcome::kFailed, std::string(why)); }

void BindTask::Post() {
  if (finished_) return;
  HttpRequest request;
  request.method = "POST";
  request.target = PodPath(request_.pod, "binding");
  request.accept = kEitherType;
  request.content_type = kProtobuf;
  request.body = BindingBody(request_);
  request.timeout = env_.request_timeout;
  request_begun_ = env_.loop->Now();
  env_.http->Send(std::move(request), [self = shared_from_this()](const HttpAnswer& answer) {
    self->OnPosted(answer);
  });
}

void BindTask::OnPosted(const HttpAnswer& answer) {
  if (finished_) return;
  env_.metrics->ObserveRequest("bind", answer.status, env_.loop->Now() - request_begun_);
  const int status = answer.status;
  if (status >= 200 && status < 300) return Finish(BindOutcome::kBound, {});
  cause_ = Describe(answer, "bind pods");
  if (status == 429) return OnTooMany(answer);
  if (status == 404) return Finish(BindOutcome::kGone, cause_);
  conflict_ = status == 409;
  if (conflict_ || status == 0 || status == 408 || status >= 500) return Look();
  Finish(BindOutcome::kRefused, cause_);
}

void BindTask::OnTooMany(const HttpAnswer& answer) {
  if (++refusals_ >= kMaxRefusals) return Finish(BindOutcome::kFailed, cause_);
  const Duration wait = RetryAfter(answer, env_.pace, env_.pace.retry_after_unit);
  env_.loop->After(wait, [self = shared_from_this()] { self->Post(); });
}

void BindTask::Look() {
  if (finished_) return;
  HttpRequest request;
  request.target = PodPath(request_.pod, "");
  request.accept = kEitherType;
  request.timeout = env_.request_timeout;
  request_begun_ = env_.loop->Now();
  env_.http->Send(std::move(request), [self = shared_from_this()](const HttpAnswer& answer) {
    self->OnLooked(answer);
  });
}

void BindTask::OnLooked(const HttpAnswer& answer) {
  if (finished_) return;
  env_.metrics->ObserveRequest("get", answer.status, env_.loop->Now() - request_begun_);
  const int status = answer.status;
  if (status == 200 || status == 403 || status == 404) env_.trouble->Clear(kTrouble);
  if (status == 404) return Finish(BindOutcome::kGone, cause_);
  if (status == 200) {
    const Result<PodInfo> pod = PodOf(answer);
    if (pod) return Decide(pod->uid, pod->node_name);
    return Finish(BindOutcome::kFailed, fmt::format("{}; {}", cause_, pod.error().message));
  }
  // Not allowed to look: the server itself keeps a pod from being bound twice, so to try again does
  // no harm.
  if (status == 403) return Finish(BindOutcome::kFailed, Describe(answer, "get pods"));
  LookAgain(answer);
}

void BindTask::Decide(const std::string& uid, const std::string& node) {
  if (uid != request_.pod.uid) return Finish(BindOutcome::kGone, "the pod was made anew");
  if (node == request_.node) return Finish(BindOutcome::kBound, {});
  if (!node.empty()) {
    return Finish(BindOutcome::kConflict, fmt::format("the pod is bound to {}", node));
  }
  Finish(conflict_ ? BindOutcome::kConflict : BindOutcome::kFailed, cause_);
}

void BindTask::LookAgain(const HttpAnswer& answer) {
  const Duration wait = RetryAfter(answer, env_.pace, backoff_.Next());
  env_.trouble->Set(kTrouble, Describe(answer, "get pods"), wait);
  env_.loop->After(wait, [self = shared_from_this()] { self->Look(); });
}

void BindTask::Finish(BindOutcome outcome, std::string detail) {
  if (std::exchange(finished_, true)) return;
  env_.metrics->ObserveBind(env_.loop->Now() - begun_, OutcomeName(outcome));
  const Done done = std::move(done_);
  done(this,
       BindFinished{std::move(request_.pod), std::move(request_.node), outcome, std::move(detail)});
}

}  // namespace fairlead::kube
