#include "scheduler/apiserver/auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kAnonymous = "system:anonymous";

bool Matches(const std::vector<std::string>& allowed, std::string_view wanted) {
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](const std::string& entry) { return entry == "*" || entry == wanted; });
}

bool MatchesResource(const std::vector<std::string>& allowed, const Access& access) {
  const std::string full =
      access.subresource.empty() ? access.resource : access.resource + "/" + access.subresource;
  const std::string any = "*/" + access.subresource;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& entry) {
    return entry == "*" || entry == full || (!access.subresource.empty() && entry == any);
  });
}

// A rule for some namespaces says nothing about requests that span all of them.
bool MatchesNamespace(const std::vector<std::string>& allowed, std::string_view ns) {
  if (ns.empty()) return std::find(allowed.begin(), allowed.end(), "*") != allowed.end();
  return Matches(allowed, ns);
}

bool HasStar(const std::vector<std::string>& list) {
  return std::find(list.begin(), list.end(), "*") != list.end();
}

bool Under(std::string_view path, std::string_view root) {
  return path == root || (path.starts_with(root) && path[root.size()] == '/');
}

bool AnyUnder(std::string_view path, const auto& roots) {
  return std::any_of(roots.begin(), roots.end(),
                     [&](std::string_view root) { return Under(path, root); });
}

// The token of "Bearer TOKEN"; the scheme in any case.
std::string_view BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  if (authorization.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != kScheme[i]) return {};
  }
  authorization.remove_prefix(kScheme.size());
  return authorization.substr(0, authorization.find(' '));
}

ApiError ForbiddenAccess(const Caller& caller, const Access& access) {
  const std::string qualified =
      access.group.empty() ? access.resource : access.resource + "." + access.group;
  const std::string what =
      access.subresource.empty() ? access.resource : access.resource + "/" + access.subresource;
  const std::string where = access.ns.empty() ? std::string("at the cluster scope")
                                              : fmt::format("in the namespace \"{}\"", access.ns);
  ApiError error;
  error.code = 403;
  error.reason = "Forbidden";
  error.name = access.name;
  error.group = access.group;
  error.kind = access.resource;
  error.message =
      fmt::format("{}{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}",
                  qualified, access.name.empty() ? "" : fmt::format(" \"{}\"", access.name),
                  caller.user, access.verb, what, access.group, where);
  return error;
}

ApiError NeitherOrBoth(bool both) {
  const std::string_view field = both ? "spec.nonResourceAttributes" : "spec.resourceAttributes";
  Cause cause;
  cause.reason = "FieldValueInvalid";
  cause.field = field;
  cause.message =
      both ? "cannot be specified in combination with resourceAttributes"
           : "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  cause.message = fmt::format("Invalid value: \"{}\": {}", both ? "" : "null", cause.message);
  ApiError error;
  error.code = 422;
  error.reason = "Invalid";
  error.group = "authorization.k8s.io";
  error.message =
      fmt::format(".authorization.k8s.io \"\" is invalid: {}: {}", field, cause.message);
  error.causes.push_back(std::move(cause));
  return error;
}

}  // namespace

Answer<Caller> Authenticate(const ApiServerOptions& options, std::string_view authorization) {
  Caller caller;
  caller.user = kAnonymous;
  if (options.tokens.empty()) {
    caller.everything = true;
    return caller;
  }
  const std::string_view token = BearerToken(authorization);
  if (token.empty()) return caller;
  for (const TokenUser& user : options.tokens) {
    if (user.token != token) continue;
    caller.user = user.user;
    caller.rules = &user;
    return caller;
  }
  return Unauthorized();
}

bool Allowed(const Caller& caller, const Access& access) {
  if (caller.everything) return true;
  if (caller.rules == nullptr) return false;
  // Asking about oneself is open to all who are known.
  if (access.group == "authorization.k8s.io" && access.resource == "selfsubjectaccessreviews" &&
      access.verb == "create") {
    return true;
  }
  return std::any_of(
      caller.rules->allow.begin(), caller.rules->allow.end(), [&](const AllowRule& rule) {
        return Matches(rule.verbs, access.verb) && Matches(rule.groups, access.group) &&
               MatchesResource(rule.resources, access) &&
               MatchesNamespace(rule.namespaces, access.ns);
      });
}

bool AllowedPath(const Caller& caller, std::string_view verb, std::string_view path) {
  constexpr std::array<std::string_view, 4> kPublic = {"/healthz", "/livez", "/readyz", "/version"};
  constexpr std::array<std::string_view, 3> kDiscovery = {"/api", "/apis", "/openapi"};
  if (caller.everything) return true;
  const bool read = verb == "get" || verb == "head";
  if (read && AnyUnder(path, kPublic)) return true;
  if (caller.rules == nullptr) return false;
  if (read && AnyUnder(path, kDiscovery)) return true;
  return std::any_of(caller.rules->allow.begin(), caller.rules->allow.end(),
                     [&](const AllowRule& rule) {
                       return HasStar(rule.verbs) && HasStar(rule.groups) &&
                              HasStar(rule.resources) && HasStar(rule.namespaces);
                     });
}

std::optional<ApiError> Authorize(const Caller& caller, const Route& route) {
  if (route.resource) {
    Access access{route.verb, route.group, route.plural, route.subresource, route.ns, route.name};
    if (access.name.empty()) access.name = route.selected_name;
    if (Allowed(caller, access)) return std::nullopt;
    return ForbiddenAccess(caller, access);
  }
  if (AllowedPath(caller, route.verb, route.path)) return std::nullopt;
  ApiError error;
  error.code = 403;
  error.reason = "Forbidden";
  error.message = fmt::format("forbidden: User \"{}\" cannot {} path \"{}\"", caller.user,
                              route.verb, route.path);
  return error;
}

Answer<json::object> ReviewSelf(const Caller& caller, json::object review) {
  const json::object* resource = FindObject(review, {"spec", "resourceAttributes"});
  const json::object* path = FindObject(review, {"spec", "nonResourceAttributes"});
  if ((resource == nullptr) == (path == nullptr)) return NeitherOrBoth(resource != nullptr);
  bool allowed = false;
  if (resource != nullptr) {
    Access access;
    access.verb = GetString(*resource, {"verb"});
    access.group = GetString(*resource, {"group"});
    access.resource = GetString(*resource, {"resource"});
    access.subresource = GetString(*resource, {"subresource"});
    access.ns = GetString(*resource, {"namespace"});
    access.name = GetString(*resource, {"name"});
    allowed = Allowed(caller, access);
  } else {
    allowed = AllowedPath(caller, GetString(*path, {"verb"}), GetString(*path, {"path"}));
  }
  json::object status;
  status["allowed"] = allowed;
  review["status"] = std::move(status);
  return review;
}

}  // namespace fairlead::apiserver
