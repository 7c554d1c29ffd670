#include "scheduler/kube/json_walk.h"

#include <limits>

#include "fairlead/base/time.h"

namespace fairlead::kube {
namespace {

std::string_view WithoutTrailingSpace(std::string_view token) {
  const std::size_t last = token.find_last_not_of(" \t\r\n");
  return token.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

error_code ReadTime(JsonValue value, Instant* out) {
  std::string_view text;
  if (const error_code e = ReadString(value, &text)) return e;
  const Result<Instant> instant = ParseInstant(text);
  *out = instant.ok() ? *instant : Instant{};
  return simdjson::SUCCESS;
}

error_code ReadOwner(JsonPath* path, JsonValue value, RawOwner* out) {
  return EachMember(path, value, [out](std::string_view key, JsonValue member) {
    if (key == "apiVersion") return ReadString(member, &out->api_version);
    if (key == "kind") return ReadString(member, &out->kind);
    if (key == "name") return ReadString(member, &out->name);
    if (key == "uid") return ReadString(member, &out->uid);
    if (key == "controller") return member.get_bool().get(out->controller);
    return simdjson::SUCCESS;
  });
}

error_code ReadOwners(JsonPath* path, JsonValue value, RawList<RawOwner>* out) {
  return EachElement(path, value, [path, out](std::int32_t, JsonValue element) {
    return ReadOwner(path, element, &out->emplace_back());
  });
}

}  // namespace

error_code ReadText(JsonValue value, std::string_view* out) {
  simdjson::ondemand::json_type type{};
  if (const error_code e = value.type().get(type)) return e;
  if (type == simdjson::ondemand::json_type::string) return ReadString(value, out);
  if (type != simdjson::ondemand::json_type::number) return simdjson::INCORRECT_TYPE;
  *out = WithoutTrailingSpace(value.raw_json_token());
  return simdjson::SUCCESS;
}

error_code ReadInt32(JsonValue value, std::int32_t* out) {
  std::int64_t wide = 0;
  if (const error_code e = value.get_int64().get(wide)) return e;
  if (wide < std::numeric_limits<std::int32_t>::min() ||
      wide > std::numeric_limits<std::int32_t>::max()) {
    return simdjson::NUMBER_OUT_OF_RANGE;
  }
  *out = static_cast<std::int32_t>(wide);
  return simdjson::SUCCESS;
}

error_code ReadStringMap(JsonPath* path, JsonValue value, RawList<RawPair>* out) {
  return EachMember(path, value, [out](std::string_view key, JsonValue member) {
    RawPair& pair = out->emplace_back();
    pair.key = key;
    return ReadString(member, &pair.value);
  });
}

error_code ReadQuantityMap(JsonPath* path, JsonValue value, RawList<RawPair>* out) {
  return EachMember(path, value, [out](std::string_view key, JsonValue member) {
    RawPair& pair = out->emplace_back();
    pair.key = key;
    return ReadText(member, &pair.value);
  });
}

error_code ReadJsonMeta(JsonPath* path, JsonValue value, RawMeta* out) {
  return EachMember(path, value, [path, out](std::string_view key, JsonValue member) {
    if (key == "namespace") return ReadString(member, &out->ns);
    if (key == "name") return ReadString(member, &out->name);
    if (key == "uid") return ReadString(member, &out->uid);
    if (key == "resourceVersion") return ReadString(member, &out->resource_version);
    if (key == "creationTimestamp") return ReadTime(member, &out->created);
    if (key == "deletionTimestamp") out->deleting = true;
    if (key == "labels") return ReadStringMap(path, member, &out->labels);
    if (key == "annotations") return ReadStringMap(path, member, &out->annotations);
    if (key == "ownerReferences") return ReadOwners(path, member, &out->owners);
    return simdjson::SUCCESS;
  });
}

}  // namespace fairlead::kube
