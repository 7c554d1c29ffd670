// What is around objects in JSON: lists, watch events, metav1.Status.
#include "fairlead/kube/decode.h"
#include "scheduler/kube/json_walk.h"

namespace fairlead::kube {
namespace {

error_code ReadListMeta(JsonPath* path, JsonValue value, ListMeta* out) {
  return EachMember(path, value, [out](std::string_view key, JsonValue member) {
    std::string_view text;
    error_code e = simdjson::SUCCESS;
    if (key == "resourceVersion") {
      e = ReadString(member, &text);
      out->resource_version = text;
    } else if (key == "continue") {
      e = ReadString(member, &text);
      out->continue_token = text;
    }
    return e;
  });
}

// The text of an object, as it stands in the input.
error_code ReadRaw(JsonValue value, std::string_view* out) {
  simdjson::ondemand::object object;
  if (const error_code e = value.get_object().get(object)) return e;
  return object.raw_json().get(*out);
}

error_code ReadStatusMember(JsonPath* path, std::string_view key, JsonValue member,
                            ApiStatus* out) {
  std::string_view text;
  if (key == "code") return ReadInt32(member, &out->code);
  if (key == "reason") {
    const error_code e = ReadString(member, &text);
    out->reason = text;
    return e;
  }
  if (key == "message") {
    const error_code e = ReadString(member, &text);
    out->message = text;
    return e;
  }
  if (key != "details") return simdjson::SUCCESS;
  return EachMember(path, member, [out](std::string_view name, JsonValue detail) {
    return name == "retryAfterSeconds" ? ReadInt32(detail, &out->retry_after_seconds)
                                       : simdjson::SUCCESS;
  });
}

}  // namespace

Result<ListMeta> ForEachItemJson(std::string_view json, const ItemSink& item) {
  ListMeta meta;
  JsonText text(json);
  JsonPath path;
  Status refused = Ok{};
  const auto visit_item = [&](std::int32_t, JsonValue element) {
    std::string_view raw;
    if (const error_code e = ReadRaw(element, &raw)) return e;
    refused = item(raw);
    return refused.ok() ? simdjson::SUCCESS : simdjson::UNEXPECTED_ERROR;  // ends the walk
  };
  const Status read = text.Walk("list", &path, [&](std::string_view key, JsonValue member) {
    if (key == "metadata") return ReadListMeta(&path, member, &meta);
    if (key == "items") return EachElement(&path, member, visit_item);
    return simdjson::SUCCESS;
  });
  if (!refused.ok()) return refused.error();
  if (!read.ok()) return read.error();
  return meta;
}

Result<JsonWatchFrame> WatchFrameFromJson(std::string_view line) {
  JsonWatchFrame out;
  JsonText text(line);
  JsonPath path;
  std::string_view type;
  std::string_view object;
  const Status read = text.Walk("watch event", &path, [&](std::string_view key, JsonValue member) {
    if (key == "type") return ReadString(member, &type);
    if (key == "object") return ReadRaw(member, &object);
    return simdjson::SUCCESS;
  });
  if (!read.ok()) return read.error();
  if (type.empty()) return DecodeError("watch event without a type");
  if (object.empty()) return DecodeError("watch event without an object");
  out.type = type;
  // The same place in the caller's bytes, for those of `text` end with this call.
  out.object = line.substr(static_cast<std::size_t>(object.data() - text.data()), object.size());
  return out;
}

Result<ApiStatus> StatusFromJson(std::string_view json) {
  ApiStatus out;
  JsonText text(json);
  JsonPath path;
  const Status read = text.Walk("Status", &path, [&](std::string_view key, JsonValue member) {
    return ReadStatusMember(&path, key, member, &out);
  });
  if (!read.ok()) return read.error();
  return out;
}

}  // namespace fairlead::kube
