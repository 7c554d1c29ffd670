// What a verb gives back: a value or the Status that the client gets instead. The constructors word
// errors as the real server does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fairlead/base/check.h"
#include "scheduler/apiserver/json.h"

namespace fairlead::apiserver {

struct Cause {
  std::string reason;   // "FieldValueRequired", "FieldValueInvalid", ...
  std::string message;  // without the field
  std::string field;    // "spec.containers[0].name"
};

struct ApiError {
  int code = 500;
  std::string reason;  // "NotFound", ...
  std::string message;
  // details; empty ones are left out
  std::string name, group, kind;  // kind: for most errors the plural resource, for Invalid the Kind
  std::string uid;
  std::vector<Cause> causes;
  int retry_after_s = 0;
  bool with_details = false;  // written even where there are none, as some answers of the real one
  bool always_details = false;  // also where they are empty

  json::object ToStatus() const;  // metav1.Status
};

struct Resource;

ApiError NotFound(const Resource& resource, std::string_view name);
ApiError PathNotFound();  // "the server could not find the requested resource"
ApiError AlreadyExists(const Resource& resource, std::string_view name);
ApiError Conflict(const Resource& resource, std::string_view name, std::string_view why);
// "Operation cannot be fulfilled on ...: the object has been modified; ..."
ApiError Modified(const Resource& resource, std::string_view name);
ApiError Invalid(const Resource& resource, std::string_view name, std::vector<Cause> causes);
ApiError BadRequest(std::string message);
ApiError Forbidden(const Resource& resource, std::string_view name, std::string_view why);
ApiError Unauthorized();
ApiError MethodNotAllowed();
ApiError UnsupportedMediaType(std::string_view what);
ApiError NotAcceptable(std::string_view what);
ApiError Expired(std::string message);   // 410
ApiError TooLarge(std::string message);  // 413
ApiError TooManyRequests(std::string message, int retry_after_s);
ApiError InternalError(std::string message);

template <typename T>
class [[nodiscard]] Answer {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a function returns either kind as it is.
  Answer(T value) : state_(std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Answer(ApiError error) : state_(std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const ApiError& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, ApiError> state_;
};

struct Done {};

}  // namespace fairlead::apiserver
