// Kubernetes' protobuf encoding of built-in kinds, from and to JSON objects, by the tables in
// schema.h.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/apiserver/answer.h"
#include "scheduler/apiserver/schema.h"

namespace fairlead::apiserver {

inline constexpr std::string_view kProtoType = "application/vnd.kubernetes.protobuf";

// The bytes of the message alone. Fields that the table does not have are skipped.
std::string EncodeMessage(const Message& message, const json::object& object);
// Error: bytes that end early or do not fit the table (400 BadRequest).
Answer<json::object> DecodeMessage(const Message& message, std::string_view bytes);

// With the magic "k8s\0" and runtime.Unknown around it, apiVersion and kind taken from the object.
std::string EncodeUnknown(const Message& message, const json::object& object);
std::string WrapUnknown(std::string_view api_version, std::string_view kind, std::string_view raw);

struct UnknownView {
  std::string api_version, kind;
  std::string_view raw;  // into the input
};
Answer<UnknownView> ParseUnknown(std::string_view bytes);

// The error for a body of which not even the kind could be read: `why` is what ParseUnknown or the
// JSON parser said, `kind` what the URL demands.
ApiError Unrecognized(std::string_view kind, std::string_view why, std::string_view body);

// A frame of a protobuf watch: 4-byte big-endian length and WatchEvent{type, object}. `unknown` is
// what EncodeUnknown or WrapUnknown gave.
void AppendWatchFrame(std::string_view type, std::string_view unknown, std::string* out);

// A list: ListMeta and items that are encoded already.
std::string EncodeList(const json::object& list_meta, const std::vector<std::string_view>& items);

}  // namespace fairlead::apiserver
