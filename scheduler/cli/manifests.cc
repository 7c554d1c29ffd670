#include "scheduler/cli/manifests.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

namespace fairlead::cli {
namespace {

using yaml::Kind;
using yaml::Node;

constexpr std::int64_t kMaxPodsOfJob = 100'000;

Error ErrorAt(const Node& at, const std::string& file, std::string field, std::string message) {
  return Error{std::move(message), file, at.line, at.column, std::move(field)};
}

Node TextNode(std::string text, bool quoted = true) {
  Node node;
  node.kind = Kind::kScalar;
  node.scalar = std::move(text);
  node.quoted = quoted;
  return node;
}

Node MapNode(std::vector<std::pair<std::string, Node>> members = {}) {
  Node node;
  node.kind = Kind::kMap;
  node.members = std::move(members);
  return node;
}

std::string TextAt(const Node& map, std::string_view key) {
  const Node* node = map.Find(key);
  return node != nullptr && node->kind == Kind::kScalar ? node->scalar : "";
}

// The member, made as an empty map where there is none.
Node* MapAt(Node* map, const std::string& key) {
  for (auto& [name, value] : map->members) {
    if (name != key) continue;
    if (value.kind == Kind::kNull) value.kind = Kind::kMap;
    return &value;
  }
  map->kind = Kind::kMap;
  map->members.emplace_back(key, MapNode());
  return &map->members.back().second;
}

void SetDefault(Node* map, const std::string& key, Node value) {
  if (map->Find(key) == nullptr) map->members.emplace_back(key, std::move(value));
}

// What metadata the API server would have added.
void DefaultMetadata(Node* object, bool namespaced) {
  Node* metadata = MapAt(object, "metadata");
  if (namespaced) SetDefault(metadata, "namespace", TextNode("default"));
  const std::string uid = fmt::format("{}/{}/{}", TextAt(*object, "kind"),
                                      TextAt(*metadata, "namespace"), TextAt(*metadata, "name"));
  SetDefault(metadata, "uid", TextNode(uid));
}

// A limit without a request is the request too.
void DefaultRequests(Node* spec, const std::string& list) {
  for (auto& [name, containers] : spec->members) {
    if (name != list || containers.kind != Kind::kSequence) continue;
    for (Node& container : containers.items) {
      if (container.kind != Kind::kMap || container.Find("resources") == nullptr) continue;
      Node* resources = MapAt(&container, "resources");
      const Node* limits = resources->Find("limits");
      if (limits == nullptr || limits->kind != Kind::kMap) continue;
      const auto amounts = limits->members;
      Node* requests = MapAt(resources, "requests");
      for (const auto& [resource, amount] : amounts) SetDefault(requests, resource, amount);
    }
  }
}

std::int64_t IntAt(const Node& map, std::string_view key, std::int64_t absent) {
  const std::string text = TextAt(map, key);
  std::int64_t value = absent;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string KindsTaken() {
  return "expected Pod, Node, Namespace, Job, PodGroup, PriorityClass, PodDisruptionBudget, "
         "PersistentVolumeClaim, PersistentVolume, StorageClass, CSINode or a List of them";
}

}  // namespace

Manifests::Manifests(kube::TranslateOptions options, Instant now)
    : options_(std::move(options)),
      now_(now),
      priority_classes_{{"system-cluster-critical", "2000000000"},
                        {"system-node-critical", "2000001000"}} {}

Status Manifests::AddFile(const std::string& path) {
  const Result<std::string> text = yaml::ReadFile(path);
  if (!text) return text.error();
  const Result<std::vector<Node>> documents = yaml::ParseAll(*text, path);
  if (!documents) return documents.error();
  for (const Node& document : *documents) {
    if (document.kind == Kind::kNull) continue;
    if (Status status = Add(document, path); !status) return status;
  }
  return Ok{};
}

Status Manifests::Add(const Node& object, const std::string& file) {
  if (object.kind != Kind::kMap) {
    return ErrorAt(object, file, "", "expected a Kubernetes object, a map with kind");
  }
  const std::string kind = TextAt(object, "kind");
  if (kind == "List" || kind == "PodList" || kind == "NodeList") {
    const Node* items = object.Find("items");
    if (items == nullptr) return Ok{};
    for (Node item : items->items) {
      if (kind != "List") SetDefault(&item, "kind", TextNode(kind.substr(0, kind.size() - 4)));
      if (Status status = Add(item, file); !status) return status;
    }
    return Ok{};
  }
  if (kind == "PodDisruptionBudget") return Ok{};
  const Node* metadata = object.Find("metadata");
  const std::string name = metadata == nullptr ? "" : TextAt(*metadata, "name");
  if (name.empty()) return ErrorAt(object, file, "metadata.name", "missing: expected a name");
  if (kind == "PriorityClass") {
    priority_classes_[name] = TextAt(object, "value");
    return Ok{};
  }
  Object added{object, file};
  if (kind == "Pod") {
    DefaultMetadata(&added.tree, true);
    pods_.push_back(std::move(added));
    return Ok{};
  }
  const bool cluster_wide = kind == "Node" || kind == "Namespace" || kind == "PersistentVolume" ||
                            kind == "StorageClass" || kind == "CSINode";
  if (!cluster_wide && kind != "Job" && kind != "PodGroup" && kind != "PersistentVolumeClaim") {
    return ErrorAt(object, file, "kind", fmt::format("'{}': {}", kind, KindsTaken()));
  }
  DefaultMetadata(&added.tree, !cluster_wide);
  if (kind == "Node") node_names_.push_back(name);
  if (kind == "Job") {
    if (Status status = AddPodsOfJob(added.tree, file); !status) return status;
  }
  others_.push_back(std::move(added));
  return Ok{};
}

// What the Job controller would have created by now.
Status Manifests::AddPodsOfJob(const Node& job, const std::string& file) {
  const Node* spec = job.Find("spec");
  if (spec == nullptr || spec->Find("template") == nullptr) return Ok{};
  if (TextAt(*spec, "suspend") == "true") return Ok{};
  const std::int64_t parallelism = IntAt(*spec, "parallelism", 1);
  const std::int64_t pods = std::min(parallelism, IntAt(*spec, "completions", parallelism));
  if (pods > kMaxPodsOfJob) {
    return ErrorAt(*spec, file, "spec.parallelism",
                   fmt::format("{} pods: expected at most {}", pods, kMaxPodsOfJob));
  }
  const Node& job_metadata = *job.Find("metadata");
  const std::string job_name = TextAt(job_metadata, "name");
  Node owner = MapNode({{"apiVersion", TextNode("batch/v1")},
                        {"kind", TextNode("Job")},
                        {"name", TextNode(job_name)},
                        {"uid", TextNode(TextAt(job_metadata, "uid"))},
                        {"controller", TextNode("true", false)}});
  Node owners;
  owners.kind = Kind::kSequence;
  owners.items.push_back(std::move(owner));
  const std::size_t width = std::to_string(std::max<std::int64_t>(pods - 1, 0)).size();
  for (std::int64_t i = 0; i < pods; ++i) {
    Node pod = *spec->Find("template");
    pod.kind = Kind::kMap;
    pod.members.emplace_back("kind", TextNode("Pod"));
    Node* metadata = MapAt(&pod, "metadata");
    SetDefault(metadata, "name", TextNode(fmt::format("{}-{:0{}}", job_name, i, width)));
    SetDefault(metadata, "namespace", TextNode(TextAt(job_metadata, "namespace")));
    if (const Node* created = job_metadata.Find("creationTimestamp")) {
      SetDefault(metadata, "creationTimestamp", *created);
    }
    SetDefault(metadata, "ownerReferences", owners);
    if (Status status = Add(pod, file); !status) return status;
  }
  return Ok{};
}

Status Manifests::StorePod(const Object& object, ClusterStore* store) const {
  Node pod = object.tree;
  Node* spec = MapAt(&pod, "spec");
  const std::string priority_class = TextAt(*spec, "priorityClassName");
  if (!priority_class.empty() && spec->Find("priority") == nullptr) {
    const auto known = priority_classes_.find(priority_class);
    if (known == priority_classes_.end()) {
      return ErrorAt(*spec, object.file, "spec.priorityClassName",
                     fmt::format("'{}': expected the name of a PriorityClass among the manifests, "
                                 "or spec.priority",
                                 priority_class));
    }
    SetDefault(spec, "priority", TextNode(known->second, false));
  }
  DefaultRequests(spec, "containers");
  DefaultRequests(spec, "initContainers");
  kube::ObjectMeta meta;
  Result<PodInfo> info = kube::PodFromJson(yaml::ToJson(pod), options_, &meta);
  if (!info) return ErrorAt(pod, object.file, info.error().field, info.error().message);
  if (info->created == Instant{}) info->created = now_;
  store->UpsertPod(*info, now_);
  return Ok{};
}

Status Manifests::StoreOther(const Object& object, ClusterStore* store) const {
  const std::string kind = TextAt(object.tree, "kind");
  const std::string json = yaml::ToJson(object.tree);
  kube::ObjectMeta meta;
  const auto refuse = [&](const Error& error) -> Status {
    return ErrorAt(object.tree, object.file, error.field, error.message);
  };
  if (kind == "Node") {
    const auto info = kube::NodeFromJson(json, options_, &meta);
    if (!info) return refuse(info.error());
    store->UpsertNode(*info);
  } else if (kind == "Namespace") {
    const auto info = kube::NamespaceFromJson(json, &meta);
    if (!info) return refuse(info.error());
    store->UpsertNamespace(*info);
  } else if (kind == "Job") {
    const auto info = kube::JobFromJson(json, &meta);
    if (!info) return refuse(info.error());
    store->UpsertJob(*info, now_);
  } else if (kind == "PersistentVolumeClaim") {
    const auto info = kube::VolumeClaimFromJson(json, &meta);
    if (!info) return refuse(info.error());
    store->UpsertVolumeClaim(*info);
  } else if (kind == "PersistentVolume") {
    const auto info = kube::VolumeFromJson(json, &meta);
    if (!info) return refuse(info.error());
    store->UpsertVolume(*info);
  } else if (kind == "StorageClass") {
    const auto info = kube::StorageClassFromJson(json, &meta);
    if (!info) return refuse(info.error());
    store->UpsertStorageClass(*info);
  } else if (kind == "CSINode") {
    const auto info = kube::CsiNodeFromJson(json, &meta);
    if (!info) return refuse(info.error());
    store->UpsertCsiNode(*info);
  } else {
    const auto info = kube::PodGroupFromJson(json, options_, &meta);
    if (!info) return refuse(info.error());
    store->UpsertPodGroup(*info, now_);
  }
  return Ok{};
}

Status Manifests::Store(ClusterStore* store) const {
  for (const Object& object : others_) {
    if (Status status = StoreOther(object, store); !status) return status;
  }
  for (const Object& object : pods_) {
    if (Status status = StorePod(object, store); !status) return status;
  }
  // There is no more than the files say.
  for (const ObjectKind kind : kVolumeKinds) store->EndRelist(kind, now_);
  return Ok{};
}

}  // namespace fairlead::cli
