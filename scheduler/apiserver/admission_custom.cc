// Custom resources: pruned, defaulted and checked by the schema of their definition.
#include <fmt/format.h>

#include <utility>

#include "scheduler/apiserver/admission_kinds.h"
#include "scheduler/apiserver/custom_schema.h"
#include "scheduler/apiserver/schema.h"

namespace fairlead::apiserver {
namespace {

const json::object* SchemaOf(const Writing& writing) {
  return FindObject(writing.context.resource.crd_version, {"schema", "openAPIV3Schema"});
}

// The schema of metadata is that of every kind.
std::optional<ApiError> PruneMetadata(const Writing& writing) {
  const Message* some_kind = FindMessage("", "v1", "ConfigMap");
  const Field* metadata = some_kind == nullptr ? nullptr : some_kind->Find("metadata");
  if (metadata == nullptr || metadata->message == nullptr) return std::nullopt;
  json::object& object = ObjectAt(writing.object, {"metadata"});
  const Answer<Done> pruned = Prune(*metadata->message, writing.context.profile, &object);
  if (!pruned.ok()) {
    // What follows the colon tells of the field; what is before it, of the kind.
    const std::string& message = pruned.error().message;
    const std::size_t colon = message.find(": ");
    const Resource& resource = writing.context.resource;
    return BadRequest(fmt::format("{0} in version \"{1}\" cannot be handled as a {0}{2}",
                                  resource.kind, resource.version,
                                  colon == std::string::npos ? "" : message.substr(colon)));
  }
  const json::value* created = object.if_contains("creationTimestamp");
  if (created != nullptr && created->is_null()) object.erase("creationTimestamp");
  return std::nullopt;
}

void Defaults(const Writing& writing) {
  const json::object* schema = SchemaOf(writing);
  if (schema == nullptr) return;
  PruneBySchema(*schema, true, writing.object);
  json::value whole = std::move(*writing.object);
  DefaultBySchema(*schema, &whole);
  *writing.object = std::move(whole.get_object());
}

bool SameExcept(json::object a, json::object b, bool status_apart) {
  for (json::object* object : {&a, &b}) {
    object->erase("metadata");
    object->erase("apiVersion");
    if (status_apart) object->erase("status");
  }
  return a == b;
}

void Reset(const Writing& writing) {
  const bool status_apart = writing.context.resource.Has("status");
  if (writing.old == nullptr) {
    if (status_apart) writing.object->erase("status");
    SetGeneration(writing, true);
    return;
  }
  if (!writing.status()) {
    if (status_apart) KeepOld(*writing.old, "status", writing.object);
    SetGeneration(writing, !SameExcept(*writing.old, *writing.object, status_apart));
    return;
  }
  // Only the status is written, metadata not at all.
  json::object object = *writing.old;
  const json::value* managed = Find(*writing.object, {"metadata", "managedFields"});
  if (managed != nullptr) At(&object, {"metadata", "managedFields"}) = *managed;
  const json::value* status = Find(*writing.object, {"status"});
  if (status == nullptr) {
    object.erase("status");
  } else {
    object["status"] = *status;
  }
  *writing.object = std::move(object);
}

void Check(const Writing& writing, Findings* findings) {
  const json::object* schema = SchemaOf(writing);
  if (schema == nullptr) return;
  const json::value whole(*writing.object);
  CheckBySchema({.old_words = !writing.current()}, *schema, whole, "", findings);
  if (!writing.current() || !findings->empty()) return;
  const json::value old = writing.old == nullptr ? json::value() : json::value(*writing.old);
  CheckRules(*schema, whole, writing.old == nullptr ? nullptr : &old, "", findings);
}

}  // namespace

const KindRules& CustomRules() {
  static constexpr KindRules kRules = {
      .storage = "",
      .meta = MetaRules::kPlain,
      .defaults = Defaults,
      .admit = PruneMetadata,
      .reset = Reset,
      .check = Check,
      .check_status = Check,
  };
  return kRules;
}

}  // namespace fairlead::apiserver
