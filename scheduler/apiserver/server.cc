#include "scheduler/apiserver/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>

#include "scheduler/apiserver/codec.h"
#include "scheduler/apiserver/discovery.h"
#include "scheduler/apiserver/discovery_lists.h"
#include "scheduler/apiserver/frames.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kReviews = "selfsubjectaccessreviews";

Response PageNotFound() {
  Response response;
  response.status = 404;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "404 page not found\n";
  return response;
}

// Of a resource that is not there: groups that only CRDs have, and those that nobody has, end in
// another handler of the real server.
Response ResourceNotFound(const Api& api, const Request& request, const Route& route) {
  if (route.group.empty()) return SendError(request, PathNotFound());
  const std::vector<GroupVersions> groups = ListGroups(api.resources());
  const bool built_in = std::any_of(groups.begin(), groups.end(), [&](const GroupVersions& group) {
    return group.group == route.group && !group.custom;
  });
  return built_in ? SendError(request, PathNotFound()) : PageNotFound();
}

bool IsSimulatedOnly(std::string_view subresource) {
  constexpr std::array<std::string_view, 5> kNames = {"log", "exec", "attach", "portforward",
                                                      "proxy"};
  return std::find(kNames.begin(), kNames.end(), subresource) != kNames.end();
}

Response NotAllowed(const Call& call) { return SendError(call.request, MethodNotAllowed()); }

Response OnSubresource(const Call& call) {
  const std::string& method = call.request.method;
  const std::string& subresource = call.route.subresource;
  const bool pods = call.resource.storage == "pods";
  if (pods && IsSimulatedOnly(subresource)) return RefuseSimulated(call);
  if (!call.resource.Has(subresource) || !call.route.rest.empty()) {
    return SendError(call.request, call.resource.custom ? NotFound(call.resource, call.route.name)
                                                        : PathNotFound());
  }
  if (pods && (subresource == "binding" || subresource == "eviction")) {
    if (method != "POST") return NotAllowed(call);
    return subresource == "binding" ? HandleBinding(call) : HandleEviction(call);
  }
  if (method == "PUT") return HandleUpdate(call);
  if (subresource == "finalize") return NotAllowed(call);
  if (method == "GET") return HandleGet(call);
  return method == "PATCH" ? HandlePatch(call) : NotAllowed(call);
}

Response OnObject(const Call& call) {
  const std::string& method = call.request.method;
  if (!call.route.subresource.empty()) return OnSubresource(call);
  if (method == "GET") return HandleGet(call);
  if (method == "PUT") return HandleUpdate(call);
  if (method == "PATCH") return HandlePatch(call);
  return method == "DELETE" ? HandleDelete(call) : NotAllowed(call);
}

Response OnCollection(const Call& call) {
  const std::string& method = call.request.method;
  const bool all_namespaces = call.resource.namespaced && !call.route.namespace_path;
  if (method == "GET") return HandleList(call);
  if (method != "POST" && method != "DELETE") return NotAllowed(call);
  if (all_namespaces) return call.resource.custom ? PageNotFound() : NotAllowed(call);
  if (method == "POST") return HandleCreate(call);
  return call.resource.storage == "namespaces" ? NotAllowed(call) : HandleDeleteCollection(call);
}

// Whether a path may name this resource so: with or without a namespace.
bool PathFits(const Call& call) {
  if (!call.resource.namespaced) return !call.route.namespace_path;
  return call.route.namespace_path || call.route.name.empty() || call.route.watch_prefix;
}

Response OnResource(const Call& call) {
  if (!PathFits(call)) {
    return call.resource.custom ? PageNotFound() : SendError(call.request, PathNotFound());
  }
  if (call.route.watch_prefix) {
    return call.request.method == "GET" ? HandleList(call) : NotAllowed(call);
  }
  return call.route.name.empty() ? OnCollection(call) : OnObject(call);
}

// POST namespaces/NS/bindings: a Binding that names its pod itself.
Response OnBindings(Api* api, const ApiServerOptions& options, const Request& request,
                    const Route& route, const Query& query) {
  if (!route.name.empty()) return SendError(request, PathNotFound());
  if (request.method != "POST" || !route.namespace_path) {
    return SendError(request, MethodNotAllowed());
  }
  return HandleBinding(Call{*api, options, request, route, query, api->Of("pods")});
}

struct Asked {
  const Request& request;
  const Route& route;
  const Query& query;
};

// A review is answered and not stored.
Response OnReview(Api* api, const ApiServerOptions& options, const Asked& asked,
                  const Caller& caller) {
  if (!asked.route.name.empty()) return SendError(asked.request, PathNotFound());
  if (asked.request.method != "POST") return SendError(asked.request, MethodNotAllowed());
  const Call call{*api, options, asked.request, asked.route, asked.query, api->Of("namespaces")};
  const Answer<Output> output = OutputOf(call);
  if (!output) return SendError(asked.request, output.error());
  Expected expected{"authorization.k8s.io", "v1", "SelfSubjectAccessReview",
                    FindMessage("authorization.k8s.io", "v1", "SelfSubjectAccessReview")};
  Answer<json::object> review = DecodeBody(call, expected);
  if (!review) return SendError(asked.request, review.error());
  Answer<json::object> answer = ReviewSelf(caller, *std::move(review));
  if (!answer) return SendError(asked.request, answer.error());
  Response response;
  response.status = 201;
  const bool protobuf = output->media == Media::kProtobuf && expected.schema != nullptr;
  response.content_type = ContentType(protobuf ? Media::kProtobuf : Media::kJson, false);
  response.body =
      protobuf ? EncodeUnknown(*expected.schema, *answer) : json::serialize(*answer) + "\n";
  return response;
}

}  // namespace

struct ApiServer::State {
  State(ApiServerOptions given, const Clock* clock)
      : options(std::move(given)), api(options, clock) {}
  ApiServerOptions options;
  Api api;
};

ApiServer::ApiServer(ApiServerOptions options, const Clock* clock)
    : state_(std::make_unique<State>(std::move(options), clock)) {}
ApiServer::~ApiServer() = default;

Api& ApiServer::api() { return state_->api; }
const ApiServerOptions& ApiServer::options() const { return state_->options; }

Response ApiServer::Handle(const Request& request) {
  const ApiServerOptions& options = state_->options;
  Api* api = &state_->api;
  const Answer<Caller> caller = Authenticate(options, request.authorization);
  if (!caller) return SendError(request, caller.error());
  const Query query(request.query);
  Route route;
  if (!ParseRoute(request.method, request.path, query, &route)) {
    return SendError(request, BadRequest("invalid path"));
  }
  if (const std::optional<ApiError> refused = Authorize(*caller, route)) {
    return SendError(request, *refused);
  }
  if (!route.resource) {
    std::optional<Response> response = AnswerDiscovery(api->resources(), options.profile, request);
    return response ? *std::move(response) : PageNotFound();
  }
  if (route.group == "authorization.k8s.io" && route.version == "v1" && route.plural == kReviews) {
    return OnReview(api, options, {request, route, query}, *caller);
  }
  if (route.group.empty() && route.version == "v1" && route.plural == "bindings") {
    return OnBindings(api, options, request, route, query);
  }
  const Resource* resource = api->resources().Find(route.group, route.version, route.plural);
  if (resource == nullptr) return ResourceNotFound(*api, request, route);
  return OnResource(Call{*api, options, request, route, query, *resource});
}

}  // namespace fairlead::apiserver
