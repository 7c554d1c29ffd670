#include "scheduler/apiserver/discovery_lists.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <tuple>

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kAuthorizationGroup = "authorization.k8s.io";

struct Kind {
  std::string group, version, kind;
};

// One resource or subresource in the terms of both kinds of lists.
struct Entry {
  std::string name, singular;
  Kind response;
  bool foreign = false;  // `response` is of another group or version than the list
  std::vector<std::string> verbs, short_names, categories;
  bool namespaced = true;
};

json::array Strings(const std::vector<std::string>& list) {
  json::array array;
  for (const std::string& text : list) array.emplace_back(Str(text));
  return array;
}

// Releases before previews, later ones first; what has no such form comes last, by name.
std::tuple<int, int, int> VersionRank(std::string_view version) {
  constexpr std::tuple<int, int, int> kOther = {3, 0, 0};
  const auto number = [&version](int* value) {
    const auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), *value);
    if (error != std::errc()) return false;
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    return true;
  };
  if (!version.starts_with('v')) return kOther;
  version.remove_prefix(1);
  int major = 0, minor = 0;
  if (!number(&major)) return kOther;
  if (version.empty()) return {0, -major, 0};
  const bool beta = version.starts_with("beta");
  if (!beta && !version.starts_with("alpha")) return kOther;
  version.remove_prefix(beta ? 4 : 5);
  if (!number(&minor) || !version.empty()) return kOther;
  return {beta ? 1 : 2, -major, -minor};
}

std::vector<std::string> VerbsOf(const Resource& resource) {
  if (resource.plural == "bindings" && resource.group.empty()) return {"create"};
  if (resource.custom) {
    return {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
  }
  if (resource.storage == "namespaces") {
    return {"create", "delete", "get", "list", "patch", "update", "watch"};
  }
  return {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
}

struct SubresourceShape {
  std::string_view name, kind;
  std::vector<std::string> verbs;
};

// What is special about a subresource; those not listed are read and written as the object.
const SubresourceShape* ShapeOf(std::string_view subresource) {
  static const std::vector<SubresourceShape> kShapes = {
      {"attach", "PodAttachOptions", {"create", "get"}},
      {"binding", "Binding", {"create"}},
      {"eviction", "Eviction", {"create"}},
      {"exec", "PodExecOptions", {"create", "get"}},
      {"finalize", "", {"update"}},
      {"log", "", {"get"}},
      {"portforward", "PodPortForwardOptions", {"create", "get"}},
      {"proxy", "PodProxyOptions", {"create", "delete", "get", "patch", "update"}},
      {"scale", "Scale", {"get", "patch", "update"}},
  };
  const auto found = std::find_if(kShapes.begin(), kShapes.end(),
                                  [&](const auto& shape) { return shape.name == subresource; });
  return found == kShapes.end() ? nullptr : &*found;
}

Entry SubresourceEntry(const Resource& resource, Profile profile, const std::string& subresource) {
  Entry entry;
  entry.name = resource.plural + "/" + subresource;
  entry.namespaced = resource.namespaced;
  entry.response = {resource.group, resource.version, resource.kind};
  entry.verbs = {"get", "patch", "update"};
  if (const SubresourceShape* shape = ShapeOf(subresource); shape != nullptr) {
    if (!shape->kind.empty()) entry.response.kind = std::string(shape->kind);
    entry.verbs = shape->verbs;
  }
  if (subresource == "eviction") {
    entry.response.group = "policy";
    entry.response.version = profile == Profile::k120 ? "v1beta1" : "v1";
    entry.foreign = true;
  } else if (subresource == "scale") {
    entry.response.group = "autoscaling";
    entry.response.version = "v1";
    entry.foreign = true;
  }
  return entry;
}

Entry CreateOnly(std::string_view group, std::string_view name, std::string_view kind,
                 bool namespaced) {
  Entry entry;
  entry.name = std::string(name);
  entry.singular = kind == "Binding" ? "binding" : "selfsubjectaccessreview";
  entry.response = {std::string(group), "v1", std::string(kind)};
  entry.verbs = {"create"};
  entry.namespaced = namespaced;
  return entry;
}

// Those of one version, by name, each followed by its subresources. Empty: it is not served.
std::vector<Entry> EntriesOf(const Resources& resources, Profile profile, std::string_view group,
                             std::string_view version) {
  std::vector<Entry> entries;
  for (const Resource* resource : resources.all()) {
    if (resource->group != group || resource->version != version) continue;
    Entry entry;
    entry.name = resource->plural;
    entry.singular = profile == Profile::k120 && !resource->custom ? "" : resource->singular;
    entry.response = {resource->group, resource->version, resource->kind};
    entry.verbs = VerbsOf(*resource);
    entry.short_names = resource->short_names;
    entry.categories = resource->categories;
    entry.namespaced = resource->namespaced;
    entries.push_back(std::move(entry));
    for (const std::string& subresource : resource->subresources) {
      entries.push_back(SubresourceEntry(*resource, profile, subresource));
    }
  }
  const auto has = [&](std::string_view name) {
    return std::any_of(entries.begin(), entries.end(),
                       [&](const Entry& entry) { return entry.name == name; });
  };
  if (group.empty() && version == "v1" && !has("bindings")) {
    entries.push_back(CreateOnly("", "bindings", "Binding", true));
  }
  if (group == kAuthorizationGroup && version == "v1" && !has("selfsubjectaccessreviews")) {
    entries.push_back(
        CreateOnly(group, "selfsubjectaccessreviews", "SelfSubjectAccessReview", false));
  }
  if (profile == Profile::k120) {
    for (Entry& entry : entries) {
      if (entry.verbs.size() == 1 && entry.verbs[0] == "create") entry.singular.clear();
    }
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

json::object PlainEntry(const Entry& entry) {
  json::object object;
  object["name"] = Str(entry.name);
  object["singularName"] = Str(entry.singular);
  object["namespaced"] = entry.namespaced;
  if (entry.foreign) {
    object["group"] = Str(entry.response.group);
    object["version"] = Str(entry.response.version);
  }
  object["kind"] = Str(entry.response.kind);
  object["verbs"] = Strings(entry.verbs);
  if (!entry.short_names.empty()) object["shortNames"] = Strings(entry.short_names);
  if (!entry.categories.empty()) object["categories"] = Strings(entry.categories);
  return object;
}

json::object KindObject(const Kind& kind) {
  json::object object;
  object["group"] = Str(kind.group);
  object["version"] = Str(kind.version);
  object["kind"] = Str(kind.kind);
  return object;
}

json::object AggregatedEntry(const Entry& entry) {
  json::object object;
  object["resource"] = Str(entry.name);
  object["responseKind"] = KindObject(entry.response);
  object["scope"] = entry.namespaced ? "Namespaced" : "Cluster";
  object["singularResource"] = Str(entry.singular);
  object["verbs"] = Strings(entry.verbs);
  if (!entry.short_names.empty()) object["shortNames"] = Strings(entry.short_names);
  if (!entry.categories.empty()) object["categories"] = Strings(entry.categories);
  return object;
}

json::object AggregatedVersion(const Resources& resources, Profile profile, std::string_view group,
                               std::string_view version) {
  json::array list;
  for (const Entry& entry : EntriesOf(resources, profile, group, version)) {
    const std::size_t slash = entry.name.find('/');
    if (slash == std::string::npos) {
      list.emplace_back(AggregatedEntry(entry));
      continue;
    }
    // The order by name puts a subresource after its resource.
    json::object* parent = list.empty() ? nullptr : list.back().if_object();
    if (parent == nullptr ||
        GetString(*parent, {"resource"}) != std::string_view(entry.name).substr(0, slash)) {
      continue;
    }
    json::object object;
    object["subresource"] = Str(entry.name.substr(slash + 1));
    object["responseKind"] = KindObject(entry.response);
    object["verbs"] = Strings(entry.verbs);
    ArrayAt(parent, {"subresources"}).emplace_back(std::move(object));
  }
  json::object object;
  object["version"] = Str(version);
  object["resources"] = std::move(list);
  object["freshness"] = "Current";
  return object;
}

json::object GroupObject(const GroupVersions& group) {
  json::array versions;
  for (const std::string& version : group.versions) {
    json::object entry;
    entry["groupVersion"] = Str(group.group + "/" + version);
    entry["version"] = Str(version);
    versions.emplace_back(std::move(entry));
  }
  json::object object;
  object["name"] = Str(group.group);
  json::value preferred = versions.front();
  object["versions"] = std::move(versions);
  object["preferredVersion"] = std::move(preferred);
  return object;
}

}  // namespace

std::vector<GroupVersions> ListGroups(const Resources& resources) {
  std::vector<GroupVersions> groups;
  const auto add = [&groups](const std::string& name, const std::string& version, bool custom) {
    auto found = std::find_if(groups.begin(), groups.end(),
                              [&](const GroupVersions& group) { return group.group == name; });
    if (found == groups.end()) {
      groups.push_back({name, {}, true});
      found = groups.end() - 1;
    }
    found->custom = found->custom && custom;
    if (std::find(found->versions.begin(), found->versions.end(), version) ==
        found->versions.end()) {
      found->versions.push_back(version);
    }
  };
  add(std::string(kAuthorizationGroup), "v1", false);
  for (const Resource* resource : resources.all()) {
    if (!resource->group.empty()) add(resource->group, resource->version, resource->custom);
  }
  for (GroupVersions& group : groups) {
    std::stable_sort(group.versions.begin(), group.versions.end(),
                     [](const std::string& a, const std::string& b) {
                       const auto rank_a = VersionRank(a), rank_b = VersionRank(b);
                       return rank_a == rank_b ? a < b : rank_a < rank_b;
                     });
  }
  return groups;
}

json::object ApiGroupList(const Resources& resources) {
  json::array groups;
  for (const GroupVersions& group : ListGroups(resources)) groups.emplace_back(GroupObject(group));
  json::object list;
  list["kind"] = "APIGroupList";
  list["apiVersion"] = "v1";
  list["groups"] = std::move(groups);
  return list;
}

std::optional<json::object> ApiGroup(const Resources& resources, std::string_view group) {
  for (const GroupVersions& entry : ListGroups(resources)) {
    if (entry.group != group) continue;
    json::object object;
    object["kind"] = "APIGroup";
    object["apiVersion"] = "v1";
    for (auto& member : GroupObject(entry)) object[member.key()] = std::move(member.value());
    return object;
  }
  return std::nullopt;
}

std::optional<json::object> ApiResourceList(const Resources& resources, Profile profile,
                                            std::string_view group, std::string_view version) {
  const std::vector<Entry> entries = EntriesOf(resources, profile, group, version);
  if (entries.empty()) return std::nullopt;
  json::array list;
  for (const Entry& entry : entries) list.emplace_back(PlainEntry(entry));
  json::object object;
  object["kind"] = "APIResourceList";
  if (!group.empty()) object["apiVersion"] = "v1";
  object["groupVersion"] =
      Str(group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version));
  object["resources"] = std::move(list);
  return object;
}

json::object AggregatedList(const Resources& resources, Profile profile, bool core,
                            std::string_view version) {
  std::vector<GroupVersions> groups;
  if (core) {
    groups.push_back({"", {"v1"}, false});
  } else {
    groups = ListGroups(resources);
  }
  json::array items;
  for (const GroupVersions& group : groups) {
    json::array versions;
    for (const std::string& name : group.versions) {
      versions.emplace_back(AggregatedVersion(resources, profile, group.group, name));
    }
    json::object item;
    if (group.group.empty()) {
      item["metadata"].emplace_object();
    } else {
      item["metadata"].emplace_object()["name"] = Str(group.group);
    }
    item["versions"] = std::move(versions);
    items.emplace_back(std::move(item));
  }
  json::object list;
  list["kind"] = "APIGroupDiscoveryList";
  list["apiVersion"] = Str("apidiscovery.k8s.io/" + std::string(version));
  list["metadata"].emplace_object();
  list["items"] = std::move(items);
  return list;
}

}  // namespace fairlead::apiserver
