#include "scheduler/kube/api_error.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::kube {
namespace {

constexpr std::size_t kShownText = 300;
constexpr int kMaxRetryAfter = 300;  // seconds

}  // namespace

ApiStatus StatusOf(const HttpAnswer& answer) {
  if (answer.body.rfind(std::string_view("k8s\0", 4), 0) == 0) {
    const Result<Unknown> unknown = UnwrapProto(answer.body);
    if (!unknown) return {};
    Result<ApiStatus> status = StatusFromProto(unknown->raw);
    return status ? std::move(status).value() : ApiStatus{};
  }
  if (answer.body.empty() || answer.body.front() != '{') return {};
  Result<ApiStatus> status = StatusFromJson(answer.body);
  return status ? std::move(status).value() : ApiStatus{};
}

std::string Describe(const HttpAnswer& answer, std::string_view what) {
  if (answer.status == 0 || (answer.status == 200 && !answer.error.empty())) return answer.error;
  std::string message = StatusOf(answer).message;
  if (message.empty()) {
    message = answer.body.substr(0, answer.body.find('\n'));
    message = message.substr(0, kShownText);
  }
  if (message.empty()) message = "the server gives no reason";
  if (answer.status == 401) return fmt::format("not authenticated to {} (401): {}", what, message);
  if (answer.status == 403) return fmt::format("user may not {} (403): {}", what, message);
  if (answer.status >= 300 && answer.status < 400) {
    return fmt::format("{}: the server redirects ({}), which is not followed", what, answer.status);
  }
  return fmt::format("{}: {}: {}", what, answer.status, message);
}

Duration RetryAfter(const HttpAnswer& answer, const Pace& pace, Duration otherwise) {
  if (answer.retry_after < 0) return otherwise;
  return {std::min(answer.retry_after, kMaxRetryAfter) * pace.retry_after_unit.ns};
}

}  // namespace fairlead::kube
