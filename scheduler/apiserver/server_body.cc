// Bodies: from bytes to an object that says what it is. What is wrong with one is said in the words
// of the real server's decoders.
#include <fmt/format.h>

#include <algorithm>

#include "scheduler/apiserver/api_steps.h"
#include "scheduler/apiserver/codec.h"
#include "scheduler/apiserver/server.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kTypeMetaOfGo =
    "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
    "\"json:\\\"kind,omitempty\\\"\" }";
constexpr std::string_view kScheme = "pkg/api/legacyscheme/scheme.go:30";
constexpr std::string_view kMetaScheme =
    "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27";

// What is shown of a body that is not understood: the text of JSON, else hexadecimal.
std::string Summary(std::string_view body) {
  constexpr std::size_t kShown = 30;
  if (body.empty()) return "<empty>";
  const std::string_view shown = body.substr(0, kShown);
  const std::string_view more = body.size() > kShown ? " ..." : "";
  if (body.front() == '{') return fmt::format("{}{}", shown, more);
  std::string hex;
  for (const char c : shown) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return fmt::format("{}{}", hex, more);
}

ApiError Unrecognized(const Expected& expected, std::string_view why, std::string_view body) {
  return BadRequest(fmt::format("the object provided is unrecognized (must be of type {}): {} ({})",
                                expected.kind, why, Summary(body)));
}

struct TypeName {
  std::string group, version, kind;

  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
};

TypeName TypeNameOf(std::string_view api_version, std::string_view kind) {
  const std::size_t slash = api_version.find('/');
  TypeName name;
  name.kind = std::string(kind);
  if (slash == std::string_view::npos) {
    name.version = std::string(api_version);
  } else {
    name.group = std::string(api_version.substr(0, slash));
    name.version = std::string(api_version.substr(slash + 1));
  }
  return name;
}

ApiError Unhandled(const TypeName& given, const Expected& expected, std::string_view why) {
  return BadRequest(fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", given.kind,
                                given.version, expected.kind, why));
}

std::string NotRegistered(const TypeName& given, std::string_view scheme) {
  return fmt::format("no kind \"{}\" is registered for version \"{}\" in scheme \"{}\"", given.kind,
                     given.ApiVersion(), scheme);
}

ApiError WrongVersion(const TypeName& given, const Expected& expected) {
  const TypeName wanted{expected.group, expected.version, expected.kind};
  return BadRequest(
      fmt::format("the API version in the data ({}) does not match the expected API version ({})",
                  given.ApiVersion(), wanted.ApiVersion()));
}

// The package that holds the internal type of a group in Go.
std::string InternalPackage(std::string_view group) {
  return group.empty() ? std::string("core") : std::string(group.substr(0, group.find('.')));
}

std::optional<ApiError> CheckBuiltInType(const TypeName& given, const Expected& expected) {
  if (given.kind == expected.kind && given.version == expected.version &&
      given.group == expected.group) {
    return std::nullopt;
  }
  // Evictions of both versions mean the same.
  const bool both = given.kind == "Eviction" && given.group == expected.group;
  if (both && given.version == "v1beta1" && expected.version == "v1") return std::nullopt;
  const bool known = FindMessage(given.group, given.version, given.kind) != nullptr &&
                     !(both && expected.version == "v1beta1");
  if (!known) return Unhandled(given, expected, NotRegistered(given, kScheme));
  if (given.kind == expected.kind && given.group == expected.group) {
    return WrongVersion(given, expected);
  }
  return Unhandled(given, expected,
                   fmt::format("converting ({}.{}) to ({}.{}): unknown conversion", given.version,
                               given.kind, InternalPackage(expected.group), expected.kind));
}

// The decoder of custom resources fills nothing in.
std::optional<ApiError> CheckCustomType(const json::object& object, const TypeName& given,
                                        const Expected& expected, std::string_view body) {
  if (given.kind.empty()) {
    const std::size_t size = body.size();
    return BadRequest(fmt::format(
        "{0} in version \"{1}\" cannot be handled as a {0}: unmarshalerDecoder: Object 'Kind' is "
        "missing in '{2}', error found in #{3} byte of ...|{4}|..., bigger context ...|{5}|...",
        expected.kind, expected.version, body, std::min<std::size_t>(size, 10),
        body.substr(size - std::min<std::size_t>(size, 10)),
        body.substr(size - std::min<std::size_t>(size, 50))));
  }
  if (given.group != expected.group || given.version != expected.version) {
    return WrongVersion(given, expected);
  }
  if (given.kind == expected.kind) return std::nullopt;
  Resource other;
  other.group = expected.group;
  other.kind = given.kind;
  return Invalid(
      other, GetString(object, {"metadata", "name"}),
      {{"FieldValueInvalid",
        fmt::format("Invalid value: \"{}\": must be {}", given.kind, expected.kind), "kind"}});
}

std::string_view TypeWord(const json::value& value) {
  if (value.is_array()) return "array";
  if (value.is_object()) return "object";
  if (value.is_string()) return "string";
  return value.is_bool() ? "bool" : "number";
}

// What Go's decoder says about a kind or apiVersion that is no string; empty: they are fine.
std::string TypeMetaTrouble(const json::object& object) {
  for (const std::string_view name : {"apiVersion", "kind"}) {
    const json::value* value = Find(object, {name});
    if (value == nullptr || value->is_string() || value->is_null()) continue;
    return fmt::format(
        "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go struct "
        "field .{} of type string",
        TypeWord(*value), name);
  }
  return {};
}

// The object of a JSON text; error: the words of Go's decoder, as a message alone.
Answer<json::object> ParseObject(std::string_view body) {
  constexpr std::string_view kPrefix = "couldn't get version/kind; json parse error: ";
  json::value value;
  std::string why;
  if (!ParseJson(body, &value, &why)) {
    std::string trouble = JsonTrouble(body);
    return BadRequest(fmt::format("{}{}", kPrefix, trouble.empty() ? why : trouble));
  }
  if (value.is_null()) return json::object();
  json::object* object = value.if_object();
  if (object == nullptr) {
    return BadRequest(fmt::format("{}json: cannot unmarshal {} into Go value of type {}", kPrefix,
                                  TypeWord(value), kTypeMetaOfGo));
  }
  if (std::string trouble = TypeMetaTrouble(*object); !trouble.empty()) {
    return BadRequest(std::move(trouble));
  }
  return std::move(*object);
}

// With kind and apiVersion in front, as the kinds' tables have them.
json::object WithType(const TypeName& type, json::object object) {
  json::object made;
  made.reserve(object.size() + 2);
  made["kind"] = Str(type.kind);
  made["apiVersion"] = Str(type.ApiVersion());
  for (auto& member : object) {
    if (made.contains(member.key())) continue;
    made.emplace(member.key(), std::move(member.value()));
  }
  return made;
}

// What a body of a built-in kind leaves out of its type is filled in. Where that is so it is pruned
// first, so that complaints show the body as it was sent.
Answer<json::object> FillType(const Expected& expected, Profile profile, TypeName given,
                              json::object object) {
  if (given.kind.empty()) given.kind = expected.kind;
  if (given.version.empty()) {
    given.group = expected.group;
    given.version = expected.version;
  }
  if (auto error = CheckBuiltInType(given, expected)) return *std::move(error);
  if (Find(object, {"kind"}) != nullptr && Find(object, {"apiVersion"}) != nullptr) return object;
  if (expected.schema != nullptr) {
    const Answer<Done> pruned = Prune(*expected.schema, profile, &object);
    if (!pruned) return pruned.error();
  }
  return WithType(given, std::move(object));
}

Answer<json::object> DecodeJson(const Expected& expected, Profile profile, std::string_view body) {
  Answer<json::object> object = ParseObject(body);
  if (!object) return Unrecognized(expected, object.error().message, body);
  const std::string_view api_version = GetString(*object, {"apiVersion"});
  if (std::count(api_version.begin(), api_version.end(), '/') > 1) {
    return Unrecognized(expected, fmt::format("unexpected GroupVersion string: {}", api_version),
                        body);
  }
  TypeName given = TypeNameOf(api_version, GetString(*object, {"kind"}));
  if (!expected.custom) {
    return FillType(expected, profile, std::move(given), *std::move(object));
  }
  if (auto error = CheckCustomType(*object, given, expected, body)) return *std::move(error);
  return object;
}

Answer<json::object> DecodeProto(const Expected& expected, std::string_view body) {
  const Answer<UnknownView> unknown = ParseUnknown(body);
  if (!unknown) return Unrecognized(expected, unknown.error().message, body);
  TypeName given = TypeNameOf(unknown->api_version, unknown->kind);
  if (given.kind.empty()) given.kind = expected.kind;
  if (given.version.empty()) {
    given.group = expected.group;
    given.version = expected.version;
  }
  if (auto error = CheckBuiltInType(given, expected)) return *std::move(error);
  Answer<json::object> object = DecodeMessage(*expected.schema, unknown->raw);
  if (!object) return object.error();
  return WithType(given, *std::move(object));
}

// A body of options that cannot be read is an error of the server in 1.20.
ApiError UnreadableOptions(const Call& call, std::string message) {
  if (!call.Is120()) return BadRequest(std::move(message));
  ApiError error;
  error.message = std::move(message);
  return error;
}

Answer<json::object> OptionsBody(const Call& call) {
  const Answer<Media> media = NegotiateInput(call.request.content_type, true);
  if (!media) return media.error();
  const Message* schema = FindMessage("", "v1", "DeleteOptions");
  Answer<json::object> object = json::object();
  TypeName given;
  if (*media == Media::kJson) {
    object = ParseObject(call.request.body);
    if (!object) return UnreadableOptions(call, object.error().message);
    given = TypeNameOf(GetString(*object, {"apiVersion"}), GetString(*object, {"kind"}));
  } else {
    const Answer<UnknownView> unknown = ParseUnknown(call.request.body);
    if (!unknown) return UnreadableOptions(call, unknown.error().message);
    given = TypeNameOf(unknown->api_version, unknown->kind);
    if (schema != nullptr) object = DecodeMessage(*schema, unknown->raw);
    if (!object) return UnreadableOptions(call, object.error().message);
  }
  if (!given.kind.empty() && given.kind != "DeleteOptions") {
    return UnreadableOptions(call, NotRegistered(given, kMetaScheme));
  }
  if (schema == nullptr) return object;
  object->insert_or_assign("kind", "DeleteOptions");
  object->insert_or_assign("apiVersion", "v1");
  const Answer<Done> pruned = Prune(*schema, call.options.profile, &*object);
  if (!pruned) return UnreadableOptions(call, pruned.error().message);
  return object;
}

// The same from the query, in the form of a body.
Answer<json::object> OptionsQuery(const Call& call) {
  json::object object;
  const Answer<std::optional<std::int64_t>> grace = IntParameter(call.query, "gracePeriodSeconds");
  if (!grace) return grace.error();
  if (*grace) object["gracePeriodSeconds"] = **grace;
  if (call.query.Has("propagationPolicy")) {
    object["propagationPolicy"] = Str(call.query.Get("propagationPolicy"));
  }
  if (call.query.Has("orphanDependents")) {
    object["orphanDependents"] = call.query.Bool("orphanDependents");
  }
  for (const std::string& value : call.query.All("dryRun")) {
    ArrayAt(&object, {"dryRun"}).emplace_back(Str(value));
  }
  return object;
}

}  // namespace

Expected ExpectedOf(const Resource& resource) {
  return {resource.group, resource.version, resource.kind, resource.schema, resource.custom, false};
}

std::optional<ApiError> CheckSize(const Call& call) {
  if (call.request.body.size() <= call.options.max_body) return std::nullopt;
  return TooLarge(fmt::format("Request entity too large: limit is {}", call.options.max_body));
}

Answer<json::object> DecodeBody(const Call& call, const Expected& expected) {
  const Answer<Media> media = NegotiateInput(call.request.content_type, expected.schema != nullptr);
  if (!media) return media.error();
  if (std::optional<ApiError> error = CheckSize(call)) return *std::move(error);
  Answer<json::object> object = *media == Media::kJson
                                    ? DecodeJson(expected, call.options.profile, call.request.body)
                                    : DecodeProto(expected, call.request.body);
  if (!object || !expected.prune || expected.schema == nullptr) return object;
  const Answer<Done> pruned = Prune(*expected.schema, call.options.profile, &*object);
  if (!pruned) return pruned.error();
  return object;
}

Answer<DeleteOptions> DecodeDeleteOptions(const Call& call, bool* cascade) {
  if (std::optional<ApiError> error = CheckSize(call)) return *std::move(error);
  const Answer<json::object> object =
      call.request.body.empty() ? OptionsQuery(call) : OptionsBody(call);
  if (!object) return object.error();
  if (std::vector<Cause> causes = CheckDeleteOptions(*object); !causes.empty()) {
    return InvalidOptions("DeleteOptions", std::move(causes));
  }
  DeleteOptions options;
  if (Find(*object, {"gracePeriodSeconds"}) != nullptr) {
    options.grace_period_s = GetInt(*object, {"gracePeriodSeconds"}, 0);
  }
  options.uid = GetString(*object, {"preconditions", "uid"});
  options.resource_version = GetString(*object, {"preconditions", "resourceVersion"});
  options.propagation = GetString(*object, {"propagationPolicy"});
  if (const json::value* orphan = Find(*object, {"orphanDependents"}); orphan != nullptr) {
    const bool orphans = GetBool(*object, {"orphanDependents"}, false);
    options.propagation = orphans ? "Orphan" : "Background";
    *cascade = !orphans;
  }
  const json::array* dry_run = FindArray(*object, {"dryRun"});
  options.dry_run = dry_run != nullptr && !dry_run->empty();
  return options;
}

}  // namespace fairlead::apiserver
