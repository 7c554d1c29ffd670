#include "scheduler/apiserver/answer.h"

#include <fmt/format.h>

#include "scheduler/apiserver/resources.h"

namespace fairlead::apiserver {
namespace {

ApiError About(const Resource& resource, std::string_view name, int code, std::string reason) {
  ApiError error;
  error.code = code;
  error.reason = std::move(reason);
  error.name = name;
  error.group = resource.group;
  error.kind = resource.plural;
  return error;
}

ApiError Plain(int code, std::string reason, std::string message) {
  ApiError error;
  error.code = code;
  error.reason = std::move(reason);
  error.message = std::move(message);
  return error;
}

// An answer of the server's frame, not of a resource: it has details without anything in them.
ApiError Generic(int code, std::string reason, std::string message) {
  ApiError error = Plain(code, std::move(reason), std::move(message));
  error.always_details = true;
  return error;
}

std::string CauseText(const Cause& cause) { return cause.field + ": " + cause.message; }

json::array CausesToJson(const std::vector<Cause>& causes) {
  json::array list;
  for (const Cause& cause : causes) {
    json::object entry;
    if (!cause.reason.empty()) entry["reason"] = Str(cause.reason);
    entry["message"] = Str(cause.message);
    if (!cause.field.empty()) entry["field"] = Str(cause.field);
    list.emplace_back(std::move(entry));
  }
  return list;
}

}  // namespace

json::object ApiError::ToStatus() const {
  json::object status;
  status["kind"] = "Status";
  status["apiVersion"] = "v1";
  status["metadata"].emplace_object();
  status["status"] = "Failure";
  status["message"] = Str(message);
  if (!reason.empty()) status["reason"] = Str(reason);
  json::object details;
  if (!name.empty()) details["name"] = Str(name);
  if (!group.empty()) details["group"] = Str(group);
  if (!kind.empty()) details["kind"] = Str(kind);
  if (!uid.empty()) details["uid"] = Str(uid);
  if (!causes.empty()) details["causes"] = CausesToJson(causes);
  if (retry_after_s > 0) details["retryAfterSeconds"] = retry_after_s;
  if (always_details || !details.empty()) status["details"] = std::move(details);
  status["code"] = code;
  return status;
}

ApiError NotFound(const Resource& resource, std::string_view name) {
  ApiError error = About(resource, name, 404, "NotFound");
  error.message = fmt::format("{} \"{}\" not found", resource.Qualified(), name);
  return error;
}

ApiError PathNotFound() {
  return Generic(404, "NotFound", "the server could not find the requested resource");
}

ApiError AlreadyExists(const Resource& resource, std::string_view name) {
  ApiError error = About(resource, name, 409, "AlreadyExists");
  error.message = fmt::format("{} \"{}\" already exists", resource.Qualified(), name);
  return error;
}

ApiError Conflict(const Resource& resource, std::string_view name, std::string_view why) {
  ApiError error = About(resource, name, 409, "Conflict");
  error.message = fmt::format("Operation cannot be fulfilled on {} \"{}\": {}",
                              resource.Qualified(), name, why);
  return error;
}

ApiError Modified(const Resource& resource, std::string_view name) {
  return Conflict(resource, name,
                  "the object has been modified; please apply your changes to the latest version "
                  "and try again");
}

ApiError Invalid(const Resource& resource, std::string_view name, std::vector<Cause> causes) {
  ApiError error = About(resource, name, 422, "Invalid");
  error.kind = resource.kind;
  const std::string kind =
      resource.group.empty() ? resource.kind : resource.kind + "." + resource.group;
  std::string list;
  for (const Cause& cause : causes) {
    list += (list.empty() ? "" : ", ") + CauseText(cause);
  }
  if (causes.size() > 1) list = "[" + list + "]";
  error.message = fmt::format("{} \"{}\" is invalid: {}", kind, name, list);
  error.causes = std::move(causes);
  return error;
}

ApiError BadRequest(std::string message) { return Plain(400, "BadRequest", std::move(message)); }

ApiError Forbidden(const Resource& resource, std::string_view name, std::string_view why) {
  ApiError error = About(resource, name, 403, "Forbidden");
  error.message = name.empty()
                      ? fmt::format("{} is forbidden: {}", resource.Qualified(), why)
                      : fmt::format("{} \"{}\" is forbidden: {}", resource.Qualified(), name, why);
  return error;
}

ApiError Unauthorized() { return Plain(401, "Unauthorized", "Unauthorized"); }

ApiError MethodNotAllowed() {
  return Generic(405, "MethodNotAllowed",
                 "the server does not allow this method on the requested resource");
}

ApiError UnsupportedMediaType(std::string_view what) {
  return Plain(415, "UnsupportedMediaType", std::string(what));
}

ApiError NotAcceptable(std::string_view what) {
  return Plain(406, "NotAcceptable", std::string(what));
}

ApiError Expired(std::string message) { return Plain(410, "Expired", std::move(message)); }

ApiError TooLarge(std::string message) {
  return Plain(413, "RequestEntityTooLarge", std::move(message));
}

ApiError TooManyRequests(std::string message, int retry_after_s) {
  ApiError error = Plain(429, "TooManyRequests", std::move(message));
  error.retry_after_s = retry_after_s;
  return error;
}

ApiError InternalError(std::string message) {
  ApiError error = Plain(500, "InternalError", "Internal error occurred: " + message);
  error.causes.push_back({"", std::move(message), ""});
  return error;
}

}  // namespace fairlead::apiserver
