// Which resources are served: the built-in ones of the profile, and those that CRDs register.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/apiserver/api_server.h"
#include "scheduler/apiserver/json.h"

namespace fairlead::apiserver {

struct Message;  // schema.h

// One version of one resource. Versions of the same resource share what is stored (`storage`).
struct Resource {
  std::string group;  // "" is the core group
  std::string version;
  std::string plural, singular, kind;
  std::vector<std::string> short_names, categories;
  bool namespaced = true;
  // Subresources that are served, e.g. "status", "binding", "eviction", "log".
  std::vector<std::string> subresources;
  const Message* schema = nullptr;  // of built-in kinds
  std::string storage;              // "pods", "jobs.batch", "poddisruptionbudgets.policy"
  bool custom = false;
  json::object crd_version;  // of a custom one: its entry in spec.versions

  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
  // "pods" or "jobs.batch": how errors name the resource.
  std::string Qualified() const { return group.empty() ? plural : plural + "." + group; }
  bool Has(std::string_view subresource) const;
};

class Resources {
 public:
  explicit Resources(Profile profile);

  // Null: not served. A pointer stays valid until the resource is removed.
  const Resource* Find(std::string_view group, std::string_view version,
                       std::string_view plural) const;
  const Resource* FindKind(std::string_view group, std::string_view version,
                           std::string_view kind) const;
  // One of them for what is stored under this key (the version that is stored).
  const Resource* Stored(std::string_view storage) const;
  // In a fixed order: built-in ones first, then custom ones by name.
  std::vector<const Resource*> all() const;

  // From a CustomResourceDefinition (apiextensions.k8s.io/v1): one Resource per served version.
  void AddCrd(const json::object& crd);
  void RemoveCrd(std::string_view name);

 private:
  std::vector<std::unique_ptr<Resource>> resources_;
};

}  // namespace fairlead::apiserver
