// The four patches of the API. Pure: an object and a patch in, an object out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fairlead/base/time.h"
#include "scheduler/apiserver/answer.h"
#include "scheduler/apiserver/resources.h"

namespace fairlead::apiserver {

enum class PatchKind : std::uint8_t { kJson, kMerge, kStrategic, kApply };

// From a Content-Type; error: 415. Strategic patches of custom resources: 415 too.
Answer<PatchKind> PatchKindOf(const Resource& resource, std::string_view content_type);

// The answer to a body that is no JSON (or YAML); `why` is the parser's word.
ApiError UnreadablePatch(PatchKind kind, std::string_view why);
// The answer to a body that is JSON, but not the object that this kind of patch is. A null is an
// empty patch.
ApiError NotAnObject(PatchKind kind, const json::value& body);

// RFC 6902; errors as the real server words them (a failed test: 422 Invalid; malformed: 400).
Answer<json::object> JsonPatch(const json::object& object, const json::value& patch);
// RFC 7386.
json::object MergePatch(const json::object& object, const json::object& patch);
// Kubernetes' strategic merge: lists by key, $patch, $deleteFromPrimitiveList, $setElementOrder,
// $retainKeys. `message` is the schema of the object. A null that stays in the result (it was new)
// means zero, as everywhere in JSON from outside.
Answer<json::object> StrategicMergePatch(const Message& message, const json::object& object,
                                         const json::object& patch);

struct ApplyOptions {
  std::string manager;
  bool force = false;
  Instant now;
};
// Server-side apply of `patch` (which names its whole intent) onto `object` (empty: it is created).
// Fields that this manager applied before and no longer names are removed; a field of another
// applier with another value is a conflict (409 with causes) unless forced. Ownership is kept in
// metadata.managedFields for appliers only, not for updates.
// A resource without schema is a custom one: maps are merged, lists are replaced whole.
Answer<json::object> ServerSideApply(const Resource& resource, const json::object& object,
                                     const json::object& patch, const ApplyOptions& options);

}  // namespace fairlead::apiserver
