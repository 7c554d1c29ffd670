// Content types, JSON patch and merge patch.
#include "scheduler/apiserver/patch.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

namespace fairlead::apiserver {
namespace {

constexpr std::size_t kMaxOperations = 10'000;

// The server names neither the operation nor the reason.
ApiError Rejected() {
  ApiError error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = "the server rejected our request due to an error in our request";
  error.always_details = true;
  return error;
}

std::string_view TypeName(const json::value& value) {
  switch (value.kind()) {
    case json::kind::object:
      return "object";
    case json::kind::array:
      return "array";
    case json::kind::string:
      return "string";
    case json::kind::bool_:
      return "bool";
    default:
      return "number";
  }
}

std::string UnescapePointer(std::string_view token) {
  std::string text;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    if (escape && (token[i + 1] == '0' || token[i + 1] == '1')) {
      text.push_back(token[++i] == '0' ? '~' : '/');
    } else {
      text.push_back(token[i]);
    }
  }
  return text;
}

// Where an operation strikes: the container and the last token of its path.
struct Target {
  json::value* container = nullptr;
  std::string token;

  json::object* object() const { return container->if_object(); }
  json::array* array() const { return container->if_array(); }
};

// An index into an array of `size`; a negative one counts from the end, as the server does.
std::optional<std::size_t> IndexOf(std::string_view token, std::size_t size) {
  if (token.starts_with('+') && !token.starts_with("+-")) token.remove_prefix(1);
  std::int64_t index = 0;
  const auto [at, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || at != token.data() + token.size()) return std::nullopt;
  const auto count = static_cast<std::int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return static_cast<std::size_t>(index);
}

json::value* Step(json::value* at, const std::string& token) {
  if (json::object* object = at->if_object()) return object->if_contains(token);
  json::array* array = at->if_array();
  if (array == nullptr) return nullptr;
  const std::optional<std::size_t> index = IndexOf(token, array->size());
  return index ? &(*array)[*index] : nullptr;
}

bool FindTarget(json::value* root, std::string_view path, Target* target) {
  // What stands before the first slash is passed over, as the real server's library does.
  const std::size_t first = path.find('/');
  if (first == std::string_view::npos) return false;
  path.remove_prefix(first + 1);
  json::value* at = root;
  while (true) {
    const std::size_t slash = path.find('/');
    std::string token = UnescapePointer(path.substr(0, slash));
    if (slash == std::string_view::npos) {
      target->container = at;
      target->token = std::move(token);
      return at->is_object() || at->is_array();
    }
    at = Step(at, token);
    if (at == nullptr) return false;
    path.remove_prefix(slash + 1);
  }
}

bool Add(const Target& target, json::value value) {
  if (json::object* object = target.object()) {
    (*object)[target.token] = std::move(value);
    return true;
  }
  json::array* array = target.array();
  if (target.token == "-") {
    array->emplace_back(std::move(value));
    return true;
  }
  // One place more than there are elements: behind the last one.
  const std::optional<std::size_t> index = IndexOf(target.token, array->size() + 1);
  if (!index) return false;
  array->insert(array->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return true;
}

bool Remove(const Target& target) {
  if (json::object* object = target.object()) return object->erase(target.token) > 0;
  json::array* array = target.array();
  const std::optional<std::size_t> index = IndexOf(target.token, array->size());
  if (!index) return false;
  array->erase(array->begin() + static_cast<std::ptrdiff_t>(*index));
  return true;
}

// Also sets a member of an object that is not there, as the real server does.
bool Replace(const Target& target, json::value value) {
  if (target.object() != nullptr) return Add(target, std::move(value));
  json::value* found = Step(target.container, target.token);
  if (found == nullptr) return false;
  *found = std::move(value);
  return true;
}

bool Test(const Target& target, const json::value& expected) {
  const json::value* found = Step(target.container, target.token);
  if (found == nullptr) return target.object() != nullptr && expected.is_null();
  return *found == expected;
}

// A member that is absent is copied as null, an element that is absent is an error.
bool ReadFrom(json::value* root, std::string_view from, bool must_exist, json::value* out) {
  Target source;
  if (!FindTarget(root, from, &source)) return false;
  const json::value* found = Step(source.container, source.token);
  if (found == nullptr && (must_exist || source.object() == nullptr)) return false;
  *out = found == nullptr ? json::value(nullptr) : *found;
  return true;
}

bool Move(json::value* root, const json::object& operation, const std::string& path, bool copy) {
  const std::string_view from = GetString(operation, {"from"});
  json::value value;
  if (!ReadFrom(root, from, !copy, &value)) return false;
  Target target;
  if (!copy && (!FindTarget(root, from, &target) || !Remove(target))) return false;
  return FindTarget(root, path, &target) && Add(target, std::move(value));
}

bool ApplyOperation(json::value* root, const json::object& operation) {
  const std::string_view name = GetString(operation, {"op"});
  const std::string path(GetString(operation, {"path"}));
  if (name == "move" || name == "copy") return Move(root, operation, path, name == "copy");
  Target target;
  if (!FindTarget(root, path, &target)) return false;
  if (name == "remove") return Remove(target);
  const json::value* value = Find(operation, {"value"});
  // A missing value is null for the server too, but a test must say what it expects.
  if (name == "test") return value != nullptr && Test(target, *value);
  const json::value written = value == nullptr ? json::value(nullptr) : *value;
  if (name == "add") return Add(target, written);
  return name == "replace" && Replace(target, written);
}

void MergeInto(json::object* object, const json::object& patch) {
  for (const auto& [key, value] : patch) {
    if (value.is_null()) {
      object->erase(key);
    } else if (const json::object* inner = value.if_object()) {
      json::value& member = (*object)[key];
      if (!member.is_object()) member.emplace_object();
      MergeInto(&member.get_object(), *inner);
    } else {
      (*object)[key] = value;
    }
  }
}

}  // namespace

Answer<PatchKind> PatchKindOf(const Resource& resource, std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type == "application/json-patch+json") return PatchKind::kJson;
  if (type == "application/merge-patch+json") return PatchKind::kMerge;
  if (type == "application/apply-patch+yaml") return PatchKind::kApply;
  if (resource.custom) {
    return UnsupportedMediaType(
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
  }
  if (type == "application/strategic-merge-patch+json") return PatchKind::kStrategic;
  ApiError error = UnsupportedMediaType("415: Unsupported Media Type");
  error.always_details = true;
  return error;
}

ApiError UnreadablePatch(PatchKind kind, std::string_view why) {
  if (kind == PatchKind::kApply) return BadRequest(fmt::format("error decoding YAML: {}", why));
  if (kind != PatchKind::kMerge) return BadRequest(std::string(why));
  ApiError error;
  error.message = "Invalid JSON Patch";
  return error;
}

ApiError NotAnObject(PatchKind kind, const json::value& body) {
  const std::string what =
      fmt::format("json: cannot unmarshal {} into Go value of type ", TypeName(body));
  if (kind == PatchKind::kStrategic) return BadRequest(what + "map[string]interface {}");
  if (kind == PatchKind::kApply) {
    return UnreadablePatch(
        kind, "error unmarshaling JSON: while decoding JSON: " + what + "map[string]interface {}");
  }
  if (!body.is_array()) return UnreadablePatch(PatchKind::kMerge, "");
  ApiError error = Rejected();
  Cause cause;
  cause.reason = "FieldValueInvalid";
  cause.field = "patch";
  cause.message = fmt::format(
      "Invalid value: {}: couldn't get version/kind; json parse error: {}struct {{ APIVersion "
      "string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" "
      "}}",
      json::serialize(json::value(json::serialize(body))), what);
  error.message = fmt::format(" \"\" is invalid: patch: {}", cause.message);
  error.causes.push_back(std::move(cause));
  return error;
}

Answer<json::object> JsonPatch(const json::object& object, const json::value& patch) {
  if (patch.is_null()) return object;
  const json::array* operations = patch.if_array();
  if (operations == nullptr) {
    return BadRequest(fmt::format("json: cannot unmarshal {} into Go value of type jsonpatch.Patch",
                                  TypeName(patch)));
  }
  for (const json::value& entry : *operations) {
    if (entry.is_object() || entry.is_null()) continue;
    return BadRequest(fmt::format(
        "json: cannot unmarshal {} into Go value of type jsonpatch.Operation", TypeName(entry)));
  }
  if (operations->size() > kMaxOperations) {
    return TooLarge(
        fmt::format("Request entity too large: The allowed maximum operations in a "
                    "JSON patch is {}, got {}",
                    kMaxOperations, operations->size()));
  }
  json::value result = object;
  for (const json::value& entry : *operations) {
    if (!entry.is_object() || !ApplyOperation(&result, entry.get_object())) return Rejected();
  }
  return std::move(result.get_object());
}

json::object MergePatch(const json::object& object, const json::object& patch) {
  json::object result = object;
  MergeInto(&result, patch);
  return result;
}

}  // namespace fairlead::apiserver
