// The verbs that change something.
#include "scheduler/apiserver/api_steps.h"
#include "scheduler/apiserver/schema.h"
#include "scheduler/apiserver/server.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kPolicy = "policy";

Answer<json::value> DecodePatch(const Call& call, PatchKind kind) {
  if (std::optional<ApiError> error = CheckSize(call)) return *std::move(error);
  json::value body;
  std::string why;
  if (!ParseJson(call.request.body, &body, &why)) {
    why = JsonTrouble(call.request.body);
    const bool cut = kind == PatchKind::kStrategic && why == "unexpected end of JSON input";
    return UnreadablePatch(kind, cut ? "unexpected EOF" : why);
  }
  if (kind != PatchKind::kJson && body.is_null()) return json::value(json::object());
  if (kind != PatchKind::kJson && !body.is_object()) return NotAnObject(kind, body);
  return body;
}

std::vector<Cause> CheckPatchOptions(const Call& call, PatchKind kind) {
  if (kind == PatchKind::kApply) {
    if (!call.query.Get("fieldManager").empty()) return {};
    return {{"FieldValueRequired", "Required value: is required for apply patch", "fieldManager"}};
  }
  if (!call.query.Has("force")) return {};
  return {{"FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force"}};
}

json::object DeletedStatus(const Call& call, const json::object& object) {
  json::object status = SuccessStatus();
  json::object details;
  details["name"] = Str(call.route.name);
  if (!call.resource.group.empty()) details["group"] = Str(call.resource.group);
  details["kind"] = Str(call.resource.plural);
  details["uid"] = Str(GetString(object, {"metadata", "uid"}));
  status["details"] = std::move(details);
  return status;
}

Response Created(const Output& output) {
  json::object status = SuccessStatus();
  status["code"] = 201;
  return SendStatus(output.media, 201, status);
}

}  // namespace

Response HandleCreate(const Call& call) {
  const Answer<Output> output = OutputOf(call);
  if (!output) return SendError(call.request, output.error());
  const Answer<WriteOptions> options = ReadWriteOptions(call, "CreateOptions");
  if (!options) return SendError(call.request, options.error());
  Answer<json::object> object = DecodeBody(call, ExpectedOf(call.resource));
  if (!object) return SendError(call.request, object.error());
  const Answer<VersionPtr> made =
      call.api.Create(call.resource, call.Namespace(), *std::move(object), *options);
  if (!made) return SendError(call.request, made.error());
  return SendVersion(call, *output, 201, **made);
}

Response HandleUpdate(const Call& call) {
  const Answer<Output> output = OutputOf(call);
  if (!output) return SendError(call.request, output.error());
  const Answer<WriteOptions> options = ReadWriteOptions(call, "UpdateOptions");
  if (!options) return SendError(call.request, options.error());
  Answer<json::object> object = DecodeBody(call, ExpectedOf(call.resource));
  if (!object) return SendError(call.request, object.error());
  bool created = false;
  const Answer<VersionPtr> made =
      call.route.subresource == "finalize"
          ? call.api.Finalize(call.route.name, *object, options->dry_run)
          : call.api.Update(call.resource, call.Name(), call.route.subresource, *std::move(object),
                            *options, &created);
  if (!made) return SendError(call.request, made.error());
  return SendVersion(call, *output, created ? 201 : 200, **made);
}

Response HandlePatch(const Call& call) {
  const Answer<Output> output = OutputOf(call);
  if (!output) return SendError(call.request, output.error());
  const Answer<PatchKind> kind = PatchKindOf(call.resource, call.request.content_type);
  if (!kind) return SendError(call.request, kind.error());
  if (std::vector<Cause> causes = CheckPatchOptions(call, *kind); !causes.empty()) {
    return SendError(call.request, InvalidOptions("PatchOptions", std::move(causes)));
  }
  const Answer<WriteOptions> options = ReadWriteOptions(call, "PatchOptions");
  if (!options) return SendError(call.request, options.error());
  Answer<json::value> body = DecodePatch(call, *kind);
  if (!body) return SendError(call.request, body.error());
  Api::PatchRequest patch;
  patch.kind = *kind;
  patch.body = *std::move(body);
  patch.force = call.query.Bool("force");
  bool created = false;
  const Answer<VersionPtr> made =
      call.api.Patch(call.resource, call.Name(), call.route.subresource, patch, *options, &created);
  if (!made) return SendError(call.request, made.error());
  return SendVersion(call, *output, created ? 201 : 200, **made);
}

Response HandleDelete(const Call& call) {
  const Answer<Output> output = OutputOf(call);
  if (!output) return SendError(call.request, output.error());
  bool cascade = false;
  const Answer<DeleteOptions> options = DecodeDeleteOptions(call, &cascade);
  if (!options) return SendError(call.request, options.error());
  const Answer<DeleteResult> result = call.api.Delete(call.resource, call.Name(), *options);
  if (!result) return SendError(call.request, result.error());
  if (result->gone && !AnswersWithDeleted(call.resource)) {
    return SendStatus(output->media, 200, DeletedStatus(call, result->object->object));
  }
  return SendVersion(call, *output, !result->gone && cascade ? 202 : 200, *result->object);
}

Response HandleDeleteCollection(const Call& call) {
  const Answer<Output> output = OutputOf(call);
  if (!output) return SendError(call.request, output.error());
  const Answer<ListOptions> which = ReadListOptions(call);
  if (!which) return SendError(call.request, which.error());
  bool cascade = false;
  const Answer<DeleteOptions> options = DecodeDeleteOptions(call, &cascade);
  if (!options) return SendError(call.request, options.error());
  const Answer<ListPage> page = call.api.DeleteCollection(call.resource, *which, *options);
  if (!page) return SendError(call.request, page.error());
  return SendPage(call, *output, *page);
}

Response HandleBinding(const Call& call) {
  const Answer<Output> output = OutputOf(call);
  if (!output) return SendError(call.request, output.error());
  const Answer<WriteOptions> options = ReadWriteOptions(call, "CreateOptions");
  if (!options) return SendError(call.request, options.error());
  const Answer<json::object> binding =
      DecodeBody(call, {"", "v1", "Binding", FindMessage("", "v1", "Binding")});
  if (!binding) return SendError(call.request, binding.error());
  const std::string_view name = GetString(*binding, {"metadata", "name"});
  const Answer<Done> done =
      call.api.Bind({call.route.ns, call.route.name.empty() ? std::string(name) : call.route.name},
                    *binding, options->dry_run);
  if (!done) return SendError(call.request, done.error());
  return Created(*output);
}

Response HandleEviction(const Call& call) {
  const Answer<Output> output = OutputOf(call);
  if (!output) return SendError(call.request, output.error());
  const Answer<WriteOptions> options = ReadWriteOptions(call, "CreateOptions");
  if (!options) return SendError(call.request, options.error());
  const std::string version = call.Is120() ? "v1beta1" : "v1";
  Answer<json::object> eviction = DecodeBody(
      call, {std::string(kPolicy), version, "Eviction", FindMessage(kPolicy, version, "Eviction")});
  if (!eviction) return SendError(call.request, eviction.error());
  if (options->dry_run) {
    json::array& all = At(&*eviction, {"deleteOptions", "dryRun"}).emplace_array();
    all.emplace_back("All");
  }
  const Answer<Done> done = call.api.Evict(call.Name(), *eviction);
  if (!done) return SendError(call.request, done.error());
  return Created(*output);
}

}  // namespace fairlead::apiserver
