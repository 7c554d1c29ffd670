// Create, update and patch.
#include <fmt/format.h>

#include <utility>

#include "scheduler/apiserver/api_steps.h"

namespace fairlead::apiserver {
namespace {

struct CreateStyle {
  bool keeps_managed_fields = false;  // server-side apply
  bool ignores_version = false;       // an update or apply that creates
  bool dry_run = false;
};

// The name was generated and is taken: the real server asks the client to try again.
ApiError TryAgain(const Resource& resource) {
  ApiError error = Unforeseen(fmt::format(
      "The POST operation against {} could not be completed at this time, please try again.",
      resource.group.empty() ? resource.kind : resource.kind + "." + resource.group));
  error.reason = "ServerTimeout";
  error.name = "POST";
  error.group = resource.group;
  error.kind = resource.kind;
  return error;
}

std::optional<ApiError> CheckFree(const Api& api, const Resource& resource, const ObjectName& name,
                                  Store& store, bool generated) {
  const VersionPtr there = store.Get(resource.storage, name.ns, name.name);
  if (there == nullptr) return std::nullopt;
  if (generated && api.profile() == Profile::k120) return TryAgain(resource);
  ApiError error = AlreadyExists(resource, name.name);
  if (generated) {
    error.message += ", the server was not able to generate a unique name for the object";
    error.retry_after_s = 1;
    return error;
  }
  if (!GetString(there->object, {"metadata", "deletionTimestamp"}).empty()) {
    error.message = "object is being deleted: " + error.message;
  }
  return error;
}

// `object` is normalized, with its namespace in its metadata.
Answer<VersionPtr> Insert(Api* api, const Resource& resource, json::object object,
                          const CreateStyle& style) {
  ApiSteps steps(api);
  ResetMetadata(style.keeps_managed_fields, &object);
  const std::string base(GetString(object, {"metadata", "generateName"}));
  // Also of a name that was given beside it a conflict is said to be one of a generated name.
  const bool generated = !base.empty();
  if (GetString(object, {"metadata", "name"}).empty() && generated) {
    At(&object, {"metadata", "name"}) = steps.NewName(base);
  }
  At(&object, {"metadata", "uid"}) = steps.NewUid();
  At(&object, {"metadata", "creationTimestamp"}) = TimeText(api->Now());
  const std::string sent(GetString(object, {"metadata", "resourceVersion"}));
  Erase(&object, {"metadata", "resourceVersion"});
  if (auto error = PrepareCreate(steps.Context(resource), &object)) return *std::move(error);

  const Answer<std::uint64_t> version = ParseResourceVersion(sent);
  if (!style.dry_run && !style.ignores_version && version.ok() && *version != 0) {
    return Unforeseen("resourceVersion should not be set on objects to be created");
  }
  const ObjectName name{std::string(GetString(object, {"metadata", "namespace"})),
                        std::string(GetString(object, {"metadata", "name"}))};
  if (auto error = CheckFree(*api, resource, name, api->store(), generated)) {
    return *std::move(error);
  }
  // Nothing takes the version away that a dry run came with.
  if (style.dry_run && !sent.empty()) At(&object, {"metadata", "resourceVersion"}) = sent;
  return steps.Put(resource, std::move(object), style.dry_run, 0);
}

// What is wrong with a patched object of a built-in kind is told with the whole object.
ApiError PatchUndecodable(const json::object& object, std::string_view why) {
  Resource nothing;
  const std::string text(json::serialize(json::value(Str(json::serialize(object)))));
  return Invalid(nothing, "",
                 {{"FieldValueInvalid", fmt::format("Invalid value: {}: {}", text, why), "patch"}});
}

std::optional<ApiError> CheckKindKept(const Resource& resource, const json::object& old,
                                      const json::object& object) {
  const std::string_view kind = GetString(object, {"kind"});
  const std::string_view version = GetString(object, {"apiVersion"});
  if (kind == resource.kind &&
      (version == resource.ApiVersion() || version == GetString(old, {"apiVersion"}))) {
    return std::nullopt;
  }
  if (kind != resource.kind && resource.custom) {
    Resource other = resource;
    other.kind = kind;
    return Invalid(
        other, GetString(object, {"metadata", "name"}),
        {{"FieldValueInvalid",
          fmt::format("Invalid value: \"{}\": must be {}", kind, resource.kind), "kind"}});
  }
  if (kind != resource.kind) {
    return PatchUndecodable(object, fmt::format("no kind \"{}\" can be stored as {} {}", kind,
                                                resource.ApiVersion(), resource.kind));
  }
  return PatchUndecodable(object,
                          fmt::format("no kind \"{}\" is registered for version \"{}\" in scheme "
                                      "\"pkg/api/legacyscheme/scheme.go:30\"",
                                      kind, version));
}

ApiError NotAnObject() {
  return BadRequest("json: cannot unmarshal array into Go value of type map[string]interface {}");
}

Answer<json::object> Patched(const Resource& resource, const json::object& object,
                             const Api::PatchRequest& patch, const ApplyOptions& apply) {
  if (patch.kind == PatchKind::kJson) return JsonPatch(object, patch.body);
  const json::object* body = patch.body.if_object();
  if (body == nullptr) return NotAnObject();
  switch (patch.kind) {
    case PatchKind::kStrategic:
      if (resource.schema == nullptr) return UnsupportedMediaType("strategic merge patch");
      return StrategicMergePatch(*resource.schema, object, *body);
    case PatchKind::kApply:
      return ServerSideApply(resource, object, *body, apply);
    default:
      return MergePatch(object, *body);
  }
}

std::optional<ApiError> CheckApplyCreates(const Resource& resource, const ObjectName& name,
                                          const json::value& body) {
  const json::object* object = body.if_object();
  if (object == nullptr) return NotAnObject();
  const std::string_view uid = GetString(*object, {"metadata", "uid"});
  if (uid.empty()) return std::nullopt;
  return Conflict(resource, name.name,
                  fmt::format("uid mismatch: the provided object specified uid {}, and no existing "
                              "object was found",
                              uid));
}

}  // namespace

Answer<VersionPtr> Api::Create(const Resource& resource, const std::string& ns, json::object object,
                               const WriteOptions& options) {
  ApiSteps steps(this);
  if (auto error = steps.Normalize(resource, &object)) return *std::move(error);
  if (resource.namespaced) {
    const std::string_view given = GetString(object, {"metadata", "namespace"});
    if (!given.empty() && given != ns) {
      // What admission refuses is refused first; what validation finds is not asked any more.
      json::object meant = object;
      At(&meant, {"metadata", "namespace"}) = ns;
      auto error = PrepareCreate(steps.Context(resource), &meant);
      if (error && error->code != 422) return *std::move(error);
      return BadRequest(
          "the namespace of the provided object does not match the namespace sent on the request");
    }
    At(&object, {"metadata", "namespace"}) = ns;
  } else {
    Erase(&object, {"metadata", "namespace"});
  }
  CreateStyle style;
  style.dry_run = options.dry_run;
  return Insert(this, resource, std::move(object), style);
}

Answer<VersionPtr> Api::Update(const Resource& resource, const ObjectName& name,
                               std::string_view subresource, json::object object,
                               const WriteOptions& options, bool* created) {
  if (created != nullptr) *created = false;
  ApiSteps steps(this);
  if (auto error = steps.Normalize(resource, &object)) return *std::move(error);
  if (auto error = CheckNameAgainstUrl(resource, name, &object)) return *std::move(error);
  const VersionPtr old =
      store_.Get(resource.storage, resource.namespaced ? name.ns : "", name.name);
  if (old != nullptr) {
    UpdateStyle style;
    style.dry_run = options.dry_run;
    return steps.Replace(resource, old, subresource, std::move(object), style);
  }
  const std::string_view uid = GetString(object, {"metadata", "uid"});
  if (!uid.empty()) return UidConflict(resource, name, {uid, ""}, options.dry_run);
  if (!subresource.empty() || !AllowsCreateOnUpdate(resource)) {
    return NotFound(resource, name.name);
  }
  const std::string sent(GetString(object, {"metadata", "resourceVersion"}));
  if (!ParseResourceVersion(sent).ok()) {
    return Unforeseen(fmt::format("strconv.ParseUint: parsing \"{}\": invalid syntax", sent));
  }
  CreateStyle style;
  style.ignores_version = true;
  style.dry_run = options.dry_run;
  Answer<VersionPtr> answer = Insert(this, resource, std::move(object), style);
  if (created != nullptr) *created = answer.ok();
  return answer;
}

Answer<VersionPtr> Api::Patch(const Resource& resource, const ObjectName& name,
                              std::string_view subresource, const PatchRequest& patch,
                              const WriteOptions& options, bool* created) {
  if (created != nullptr) *created = false;
  const bool applies = patch.kind == PatchKind::kApply;
  const VersionPtr old =
      store_.Get(resource.storage, resource.namespaced ? name.ns : "", name.name);
  if (old == nullptr) {
    if (!applies || !subresource.empty()) return NotFound(resource, name.name);
    if (auto error = CheckApplyCreates(resource, name, patch.body)) return *std::move(error);
  }
  const json::object before = old == nullptr ? json::object() : old->object;
  Answer<json::object> patched =
      Patched(resource, before, patch, {options.field_manager, patch.force, Now()});
  if (!patched) return patched.error();
  json::object object = *std::move(patched);
  if (auto error = CheckKindKept(resource, before, object)) return *std::move(error);
  ApiSteps steps(this);
  if (auto error = steps.Normalize(resource, &object)) {
    return PatchUndecodable(object, error->message);
  }
  if (auto error = CheckNameAgainstUrl(resource, name, &object)) return *std::move(error);

  if (old == nullptr) {
    Answer<VersionPtr> answer =
        Insert(this, resource, std::move(object), {true, true, options.dry_run});
    if (created != nullptr) *created = answer.ok();
    return answer;
  }
  return steps.Replace(resource, old, subresource, std::move(object),
                       {false, applies, options.dry_run});
}

}  // namespace fairlead::apiserver
