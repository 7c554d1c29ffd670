#include "scheduler/apiserver/discovery.h"

#include <algorithm>
#include <array>
#include <vector>

#include "scheduler/apiserver/discovery_lists.h"
#include "scheduler/apiserver/negotiate.h"
#include "scheduler/apiserver/route.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr std::string_view kOpenApiProto = "application/com.github.proto-openapi.spec.v2";

// The build metadata says that this is not a Kubernetes release.
std::string GitVersion(Profile profile) {
  return profile == Profile::k120 ? "v1.20.2+fairlead" : "v1.34.0+fairlead";
}

Response Json(int status, const json::value& value) {
  Response response;
  response.status = status;
  response.body = json::serialize(value) + "\n";
  return response;
}

Response Text(int status, std::string_view text) {
  Response response;
  response.status = status;
  response.content_type = std::string(kPlainText);
  response.body = std::string(text);
  return response;
}

Response PageNotFound() { return Text(404, "404 page not found\n"); }

Response VersionAnswer(Profile profile) {
  json::object version;
  version["major"] = "1";
  version["minor"] = profile == Profile::k120 ? "20" : "34";
  version["gitVersion"] = Str(GitVersion(profile));
  version["gitCommit"] = "";
  version["gitTreeState"] = "";
  version["buildDate"] = "1970-01-01T00:00:00Z";
  version["goVersion"] = "";
  version["compiler"] = "";
  version["platform"] = "linux/amd64";
  return Json(200, version);
}

json::object ApiVersions() {
  json::object address;
  address["clientCIDR"] = "0.0.0.0/0";
  address["serverAddress"] = "";
  json::object versions;
  versions["kind"] = "APIVersions";
  versions["versions"].emplace_array().emplace_back("v1");
  versions["serverAddressByClientCIDRs"].emplace_array().emplace_back(std::move(address));
  return versions;
}

json::object PathList(const Resources& resources, Profile profile) {
  std::vector<std::string> paths = {"/api",   "/api/v1",     "/apis",   "/apis/",  "/healthz",
                                    "/livez", "/openapi/v2", "/readyz", "/version"};
  if (profile == Profile::kCurrent) paths.emplace_back("/openapi/v3");
  for (const GroupVersions& group : ListGroups(resources)) {
    paths.push_back("/apis/" + group.group);
    for (const std::string& version : group.versions) {
      paths.push_back("/apis/" + group.group + "/" + version);
    }
  }
  std::sort(paths.begin(), paths.end());
  json::object list;
  json::array& array = list["paths"].emplace_array();
  for (const std::string& path : paths) array.emplace_back(Str(path));
  return list;
}

Response OpenApi(const Resources& resources, Profile profile, const Request& request) {
  if (request.accept.find(kOpenApiProto) == std::string::npos) {
    return Json(200, OpenApiJson(resources, GitVersion(profile)));
  }
  Response response;
  // What clients ask for has an "@", with which it is no media type to answer with.
  response.content_type = profile == Profile::k120
                              ? "application/octet-stream"
                              : "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
  response.body = OpenApiProto(resources, GitVersion(profile));
  return response;
}

// "/api" or "/apis".
Response Groups(const Resources& resources, Profile profile, const Request& request, bool core) {
  if (profile == Profile::kCurrent) {
    if (const auto version = AggregatedDiscovery(request.accept)) {
      Response response = Json(200, AggregatedList(resources, profile, core, *version));
      response.content_type =
          "application/json;g=apidiscovery.k8s.io;v=" + *version + ";as=APIGroupDiscoveryList";
      return response;
    }
  }
  return core ? Json(200, ApiVersions()) : Json(200, ApiGroupList(resources));
}

Response UnderApis(const Resources& resources, Profile profile, std::string_view rest) {
  const std::size_t slash = rest.find('/');
  const std::string_view name = rest.substr(0, slash);
  const std::vector<GroupVersions> groups = ListGroups(resources);
  const auto group = std::find_if(groups.begin(), groups.end(),
                                  [&](const GroupVersions& entry) { return entry.group == name; });
  if (group == groups.end()) return PageNotFound();
  if (slash == std::string_view::npos) return Json(200, *ApiGroup(resources, name));
  const auto list = ApiResourceList(resources, profile, name, rest.substr(slash + 1));
  if (list) return Json(200, *list);
  return group->custom ? PageNotFound() : Json(404, PathNotFound().ToStatus());
}

bool IsHealth(std::string_view path) {
  constexpr std::array<std::string_view, 6> kPaths = {
      "/healthz", "/livez", "/readyz", "/healthz/ping", "/livez/ping", "/readyz/ping"};
  return std::find(kPaths.begin(), kPaths.end(), path) != kPaths.end();
}

}  // namespace

std::optional<Response> AnswerDiscovery(const Resources& resources, Profile profile,
                                        const Request& request) {
  Route route;
  const bool read = request.method == "GET" || request.method == "HEAD";
  if (!ParseRoute(request.method, request.path, Query(request.query), &route)) return std::nullopt;
  if (route.resource) return std::nullopt;
  std::string_view path = route.path;
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (IsHealth(path)) return Text(200, "ok");
  const bool core = path == "/api" || path.starts_with("/api/");
  const bool named = path == "/apis" || path.starts_with("/apis/");
  const bool current = profile == Profile::kCurrent;
  const bool known = core || named || path == "/" || path == "/version" || path == "/openapi/v2" ||
                     (current && path == "/openapi/v3");
  if (path == "/metrics") return PageNotFound();
  if (!known) return Json(404, PathList(resources, profile));
  if (!read) return Json(405, MethodNotAllowed().ToStatus());
  if (path == "/") return Json(200, PathList(resources, profile));
  if (path == "/version") return VersionAnswer(profile);
  if (path == "/openapi/v2") return OpenApi(resources, profile, request);
  if (path == "/openapi/v3") return Json(200, json::object{{"paths", json::object()}});
  if (path == "/api" || path == "/apis") return Groups(resources, profile, request, core);
  if (named) return UnderApis(resources, profile, path.substr(std::string_view("/apis/").size()));
  const std::string_view version = path.substr(std::string_view("/api/").size());
  const auto list = ApiResourceList(resources, profile, "", version);
  return list ? Json(200, *list) : Json(404, PathNotFound().ToStatus());
}

}  // namespace fairlead::apiserver
