#include "scheduler/apiserver/resources.h"

#include <algorithm>
#include <utility>

#include "scheduler/apiserver/admission_checks.h"
#include "scheduler/apiserver/schema.h"

namespace fairlead::apiserver {
namespace {

enum class Since : std::uint8_t { kAlways, kOnly120, kCurrent };

struct BuiltIn {
  const char* group;
  const char* version;
  const char* plural;
  const char* singular;
  const char* kind;
  bool namespaced;
  std::vector<std::string> short_names;
  std::vector<std::string> categories;
  std::vector<std::string> subresources;
  Since since = Since::kAlways;
};

const std::vector<BuiltIn>& Table() {
  static const std::vector<BuiltIn> kTable = {
      {"", "v1", "configmaps", "configmap", "ConfigMap", true, {"cm"}, {}, {}},
      {"", "v1", "events", "event", "Event", true, {"ev"}, {}, {}},
      {"", "v1", "namespaces", "namespace", "Namespace", false, {"ns"}, {}, {"finalize", "status"}},
      {"", "v1", "nodes", "node", "Node", false, {"no"}, {}, {"status"}},
      {"",
       "v1",
       "pods",
       "pod",
       "Pod",
       true,
       {"po"},
       {"all"},
       {"binding", "eviction", "log", "status"}},
      {"", "v1", "secrets", "secret", "Secret", true, {}, {}, {}},
      {"", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", true, {"sa"}, {}, {}},
      {"", "v1", "services", "service", "Service", true, {"svc"}, {"all"}, {}},
      {"apiextensions.k8s.io",
       "v1",
       "customresourcedefinitions",
       "customresourcedefinition",
       "CustomResourceDefinition",
       false,
       {"crd", "crds"},
       {"api-extensions"},
       {"status"}},
      {"batch", "v1", "jobs", "job", "Job", true, {}, {"all"}, {"status"}},
      {"coordination.k8s.io", "v1", "leases", "lease", "Lease", true, {}, {}, {}},
      {"policy",
       "v1",
       "poddisruptionbudgets",
       "poddisruptionbudget",
       "PodDisruptionBudget",
       true,
       {"pdb"},
       {},
       {"status"},
       Since::kCurrent},
      {"policy",
       "v1beta1",
       "poddisruptionbudgets",
       "poddisruptionbudget",
       "PodDisruptionBudget",
       true,
       {"pdb"},
       {},
       {"status"},
       Since::kOnly120},
      {"scheduling.k8s.io",
       "v1",
       "priorityclasses",
       "priorityclass",
       "PriorityClass",
       false,
       {"pc"},
       {},
       {}},
  };
  return kTable;
}

std::string StorageOf(std::string_view plural, std::string_view group) {
  std::string storage(plural);
  if (!group.empty()) storage.append(".").append(group);
  return storage;
}

std::unique_ptr<Resource> Make(const BuiltIn& entry) {
  auto resource = std::make_unique<Resource>();
  resource->group = entry.group;
  resource->version = entry.version;
  resource->plural = entry.plural;
  resource->singular = entry.singular;
  resource->kind = entry.kind;
  resource->short_names = entry.short_names;
  resource->categories = entry.categories;
  resource->namespaced = entry.namespaced;
  resource->subresources = entry.subresources;
  resource->storage = StorageOf(entry.plural, entry.group);
  resource->schema = FindMessage(entry.group, entry.version, entry.kind);
  return resource;
}

std::vector<std::string> Strings(const json::object& object, Path path) {
  std::vector<std::string> list;
  if (const json::array* array = FindArray(object, path)) {
    for (const json::value& entry : *array) list.emplace_back(TextOf(entry));
  }
  return list;
}

std::unique_ptr<Resource> MakeCustom(const json::object& crd, const json::object& version) {
  auto resource = std::make_unique<Resource>();
  resource->group = GetString(crd, {"spec", "group"});
  resource->version = GetString(version, {"name"});
  resource->plural = GetString(crd, {"spec", "names", "plural"});
  resource->singular = GetString(crd, {"spec", "names", "singular"});
  resource->kind = GetString(crd, {"spec", "names", "kind"});
  resource->short_names = Strings(crd, {"spec", "names", "shortNames"});
  resource->categories = Strings(crd, {"spec", "names", "categories"});
  resource->namespaced = GetString(crd, {"spec", "scope"}) == "Namespaced";
  if (FindObject(version, {"subresources", "status"}) != nullptr) {
    resource->subresources.emplace_back("status");
  }
  resource->storage = StorageOf(resource->plural, resource->group);
  resource->custom = true;
  resource->crd_version = version;
  return resource;
}

bool StoresVersion(const Resource& resource) {
  return !resource.custom || GetBool(resource.crd_version, {"storage"}, false);
}

}  // namespace

bool Resource::Has(std::string_view subresource) const {
  return std::find(subresources.begin(), subresources.end(), subresource) != subresources.end();
}

Resources::Resources(Profile profile) {
  const Since other = profile == Profile::k120 ? Since::kCurrent : Since::kOnly120;
  for (const BuiltIn& entry : Table()) {
    if (entry.since != other) resources_.push_back(Make(entry));
  }
}

const Resource* Resources::Find(std::string_view group, std::string_view version,
                                std::string_view plural) const {
  for (const auto& resource : resources_) {
    if (resource->plural == plural && resource->group == group && resource->version == version) {
      return resource.get();
    }
  }
  return nullptr;
}

const Resource* Resources::FindKind(std::string_view group, std::string_view version,
                                    std::string_view kind) const {
  for (const auto& resource : resources_) {
    if (resource->kind == kind && resource->group == group && resource->version == version) {
      return resource.get();
    }
  }
  return nullptr;
}

const Resource* Resources::Stored(std::string_view storage) const {
  const Resource* any = nullptr;
  for (const auto& resource : resources_) {
    if (resource->storage != storage) continue;
    if (StoresVersion(*resource)) return resource.get();
    if (any == nullptr) any = resource.get();
  }
  return any;
}

std::vector<const Resource*> Resources::all() const {
  std::vector<const Resource*> list;
  list.reserve(resources_.size());
  for (const auto& resource : resources_) list.push_back(resource.get());
  return list;
}

void Resources::AddCrd(const json::object& crd) {
  RemoveCrd(GetString(crd, {"metadata", "name"}));
  EachObject(crd, {"spec", "versions"}, "", [&](const json::object& version, const auto&) {
    if (!GetBool(version, {"served"}, false)) return;
    std::unique_ptr<Resource> made = MakeCustom(crd, version);
    const auto before = [&made](const std::unique_ptr<Resource>& other) {
      return !other->custom || other->storage <= made->storage;
    };
    const auto place = std::find_if_not(resources_.begin(), resources_.end(), before);
    resources_.insert(place, std::move(made));
  });
}

void Resources::RemoveCrd(std::string_view name) {
  std::erase_if(resources_, [name](const std::unique_ptr<Resource>& resource) {
    return resource->custom && resource->storage == name;
  });
}

}  // namespace fairlead::apiserver
