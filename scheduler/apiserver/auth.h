// Who asks, and whether they may: bearer tokens and allow lists. As with the real server, a token
// that is not known is refused (401), and who brings none is "system:anonymous", who may read
// health and version only. Without any tokens configured everybody may do everything.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fairlead/apiserver/api_server.h"
#include "scheduler/apiserver/answer.h"
#include "scheduler/apiserver/route.h"

namespace fairlead::apiserver {

struct Caller {
  std::string user;
  const TokenUser* rules = nullptr;  // null: anonymous
  bool everything = false;           // no tokens are configured
};

// What somebody wants to do with a resource.
struct Access {
  std::string verb, group, resource, subresource, ns, name;
};

// Error: 401.
Answer<Caller> Authenticate(const ApiServerOptions& options, std::string_view authorization);

bool Allowed(const Caller& caller, const Access& access);
// Of a path that is no resource: health and version for all, discovery for known users, everything
// for a user whose rules name every verb, group and resource.
bool AllowedPath(const Caller& caller, std::string_view verb, std::string_view path);

// 403 in the real server's words; none: allowed.
std::optional<ApiError> Authorize(const Caller& caller, const Route& route);

// Fills in the status of a SelfSubjectAccessReview. Error: 422 where the spec names neither or both
// of resourceAttributes and nonResourceAttributes.
Answer<json::object> ReviewSelf(const Caller& caller, json::object review);

}  // namespace fairlead::apiserver
