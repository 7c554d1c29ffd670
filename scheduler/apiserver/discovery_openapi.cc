// The OpenAPI document. kubectl looks a kind up in it before it validates on its own (and lets
// kinds that are not there pass), and before a dry run on the server, which it refuses to send
// unless the kind's PATCH has the parameter dryRun.
#include <fmt/format.h>

#include <protozero/pbf_writer.hpp>

#include "scheduler/apiserver/discovery_lists.h"

namespace fairlead::apiserver {
namespace {

// Fields of openapi.v2 in the form that kubectl asks for.
enum DocumentField { kSwagger = 1, kDocumentInfo = 2, kPaths = 8 };
enum InfoField { kTitle = 1, kVersion = 2 };
enum NamedField { kName = 1, kValue = 2 };
enum { kPathsPath = 2, kItemPatch = 8 };
enum OperationField { kParameters = 8, kExtension = 13 };
enum { kItemParameter = 1, kNonBody = 2, kQueryParameter = 3, kAnyYaml = 2 };
enum QueryField { kIn = 2, kParameterName = 4 };

constexpr const char* kKindExtension = "x-kubernetes-group-version-kind";

std::string PathOf(const Resource& resource) {
  return fmt::format(
      "{}/{}{}/{{name}}",
      resource.group.empty() ? std::string("/api/v1") : "/apis/" + resource.ApiVersion(),
      resource.namespaced ? "namespaces/{namespace}/" : "", resource.plural);
}

std::string PatchOperation(const Resource& resource) {
  using protozero::pbf_writer;
  std::string bytes;
  pbf_writer operation(bytes);
  {
    pbf_writer item(operation, kParameters);
    pbf_writer parameter(item, kItemParameter);
    pbf_writer non_body(parameter, kNonBody);
    pbf_writer query(non_body, kQueryParameter);
    query.add_string(kIn, "query");
    query.add_string(kParameterName, "dryRun");
  }
  pbf_writer extension(operation, kExtension);
  extension.add_string(kName, kKindExtension);
  pbf_writer any(extension, kValue);
  any.add_string(kAnyYaml, fmt::format("group: \"{}\"\nkind: {}\nversion: {}\n", resource.group,
                                       resource.kind, resource.version));
  return bytes;
}

}  // namespace

json::object OpenApiJson(const Resources& resources, std::string_view git_version) {
  json::object paths;
  for (const Resource* resource : resources.all()) {
    json::object kind;
    kind["group"] = Str(resource->group);
    kind["kind"] = Str(resource->kind);
    kind["version"] = Str(resource->version);
    json::object parameter;
    parameter["in"] = "query";
    parameter["name"] = "dryRun";
    parameter["type"] = "string";
    json::object operation;
    operation["parameters"].emplace_array().emplace_back(std::move(parameter));
    operation["responses"].emplace_object();
    operation[kKindExtension] = std::move(kind);
    paths[PathOf(*resource)].emplace_object()["patch"] = std::move(operation);
  }
  json::object document;
  document["swagger"] = "2.0";
  json::object& info = document["info"].emplace_object();
  info["title"] = "Kubernetes";
  info["version"] = Str(git_version);
  document["paths"] = std::move(paths);
  return document;
}

std::string OpenApiProto(const Resources& resources, std::string_view git_version) {
  using protozero::pbf_writer;
  std::string bytes;
  pbf_writer document(bytes);
  document.add_string(kSwagger, "2.0");
  {
    pbf_writer info(document, kDocumentInfo);
    info.add_string(kTitle, "Kubernetes");
    info.add_string(kVersion, git_version.data(), git_version.size());
  }
  pbf_writer paths(document, kPaths);
  for (const Resource* resource : resources.all()) {
    pbf_writer path(paths, kPathsPath);
    path.add_string(kName, PathOf(*resource));
    pbf_writer item(path, kValue);
    item.add_message(kItemPatch, PatchOperation(*resource));
  }
  return bytes;
}

}  // namespace fairlead::apiserver
