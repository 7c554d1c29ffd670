// The lists of discovery as JSON: groups, resources of a version, and all of it at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/apiserver/json.h"
#include "scheduler/apiserver/resources.h"

namespace fairlead::apiserver {

struct GroupVersions {
  std::string group;
  std::vector<std::string> versions;  // the preferred one first
  bool custom = false;                // served for CRDs only
};

// In the order in which their resources are registered; the core group is not among them.
std::vector<GroupVersions> ListGroups(const Resources& resources);

json::object ApiGroupList(const Resources& resources);
std::optional<json::object> ApiGroup(const Resources& resources, std::string_view group);
// None: the version is not served.
std::optional<json::object> ApiResourceList(const Resources& resources, Profile profile,
                                            std::string_view group, std::string_view version);

// apidiscovery.k8s.io: `core` is what /api answers, else /apis.
json::object AggregatedList(const Resources& resources, Profile profile, bool core,
                            std::string_view version);

// The OpenAPI document of kubectl's needs: no schemas, but which kinds can be patched as a dry run.
json::object OpenApiJson(const Resources& resources, std::string_view git_version);
std::string OpenApiProto(const Resources& resources, std::string_view git_version);

}  // namespace fairlead::apiserver
