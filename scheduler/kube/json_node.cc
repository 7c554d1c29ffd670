// core/v1 Node and Namespace, batch/v1 Job, scheduling.x-k8s.io/v1alpha1 PodGroup from JSON.
#include "scheduler/kube/json_walk.h"
#include "scheduler/kube/translate.h"

namespace fairlead::kube {
namespace {

error_code ReadTaints(JsonPath* path, JsonValue value, RawList<RawTaint>* out) {
  return EachElement(path, value, [=](std::int32_t, JsonValue element) {
    RawTaint& to = out->emplace_back();
    return EachMember(path, element, [&to](std::string_view key, JsonValue member) {
      if (key == "key") return ReadString(member, &to.key);
      if (key == "value") return ReadString(member, &to.value);
      if (key == "effect") return ReadString(member, &to.effect);
      return simdjson::SUCCESS;
    });
  });
}

error_code ReadNodeSpec(JsonPath* path, JsonValue value, RawNode* out) {
  return EachMember(path, value, [=](std::string_view key, JsonValue member) -> error_code {
    if (key == "unschedulable") return member.get_bool().get(out->unschedulable);
    if (key == "taints") return ReadTaints(path, member, &out->taints);
    return simdjson::SUCCESS;
  });
}

error_code ReadNodeStatus(JsonPath* path, JsonValue value, RawNode* out) {
  return EachMember(path, value, [=](std::string_view key, JsonValue member) {
    return key == "allocatable" ? ReadQuantityMap(path, member, &out->allocatable)
                                : simdjson::SUCCESS;
  });
}

// One whole number of a spec.
error_code ReadSpecNumber(JsonPath* path, JsonValue value, std::string_view name,
                          std::int64_t* out) {
  return EachMember(path, value, [=](std::string_view key, JsonValue member) -> error_code {
    return key == name ? member.get_int64().get(*out) : simdjson::SUCCESS;
  });
}

// An object of which only the metadata is read.
Status ReadOnlyMeta(std::string_view what, JsonText* text, RawMeta* out) {
  JsonPath path;
  return text->Walk(what, &path, [&](std::string_view key, JsonValue member) {
    return key == "metadata" ? ReadJsonMeta(&path, member, out) : simdjson::SUCCESS;
  });
}

}  // namespace

Result<NodeInfo> NodeFromJson(std::string_view json, const TranslateOptions& options,
                              ObjectMeta* meta) {
  RawArena arena;
  RawNode raw(arena.memory());
  JsonText text(json);
  JsonPath path;
  const Status read = text.Walk("Node", &path, [&](std::string_view key, JsonValue member) {
    if (key == "metadata") return ReadJsonMeta(&path, member, &raw.meta);
    if (key == "spec") return ReadNodeSpec(&path, member, &raw);
    if (key == "status") return ReadNodeStatus(&path, member, &raw);
    return simdjson::SUCCESS;
  });
  if (!read.ok()) return read.error();
  CopyMeta(raw.meta, meta);
  return TranslateNode(raw, options);
}

Result<JobInfo> JobFromJson(std::string_view json, ObjectMeta* meta) {
  RawArena arena;
  RawJob raw(arena.memory());
  JsonText text(json);
  JsonPath path;
  const Status read = text.Walk("Job", &path, [&](std::string_view key, JsonValue member) {
    if (key == "metadata") return ReadJsonMeta(&path, member, &raw.meta);
    if (key == "spec") return ReadSpecNumber(&path, member, "parallelism", &raw.parallelism);
    return simdjson::SUCCESS;
  });
  if (!read.ok()) return read.error();
  CopyMeta(raw.meta, meta);
  return TranslateJob(raw);
}

Result<NamespaceInfo> NamespaceFromJson(std::string_view json, ObjectMeta* meta) {
  RawArena arena;
  RawMeta raw(arena.memory());
  JsonText text(json);
  const Status read = ReadOnlyMeta("Namespace", &text, &raw);
  if (!read.ok()) return read.error();
  CopyMeta(raw, meta);
  return TranslateNamespace(raw);
}

Result<PodGroupInfo> PodGroupFromJson(std::string_view json, const TranslateOptions& options,
                                      ObjectMeta* meta) {
  RawArena arena;
  RawPodGroup raw(arena.memory());
  JsonText text(json);
  JsonPath path;
  const Status read = text.Walk("PodGroup", &path, [&](std::string_view key, JsonValue member) {
    if (key == "metadata") return ReadJsonMeta(&path, member, &raw.meta);
    if (key == "spec") return ReadSpecNumber(&path, member, "minMember", &raw.min_member);
    return simdjson::SUCCESS;
  });
  if (!read.ok()) return read.error();
  CopyMeta(raw.meta, meta);
  return TranslatePodGroup(raw, options);
}

Result<ObjectMeta> MetaFromJson(std::string_view json) {
  RawArena arena;
  RawMeta raw(arena.memory());
  JsonText text(json);
  const Status read = ReadOnlyMeta("object", &text, &raw);
  if (!read.ok()) return read.error();
  ObjectMeta out;
  CopyMeta(raw, &out);
  return out;
}

Result<Bookmark> BookmarkFromJson(std::string_view json) {
  RawArena arena;
  RawMeta raw(arena.memory());
  JsonText text(json);
  const Status read = ReadOnlyMeta("bookmark", &text, &raw);
  if (!read.ok()) return read.error();
  return TranslateBookmark(raw);
}

}  // namespace fairlead::kube
