// The kinds that are watched: where they are served, and how their bytes become events.
#pragma once

#include <string_view>

#include "fairlead/base/result.h"
#include "fairlead/engine/events.h"
#include "fairlead/kube/decode.h"

namespace fairlead::kube {

struct Resource {
  ObjectKind kind = ObjectKind::kPod;
  std::string_view name;  // "pods"
  std::string_view path;  // "/api/v1/pods": of all namespaces
  bool protobuf = true;   // custom resources, and some others, are JSON only
};

const Resource& ResourceOf(ObjectKind kind);

enum class Encoding { kProto, kJson };

// The event that adds or changes the object; its metadata goes to `meta`.
Result<Event> UpsertFrom(ObjectKind kind, Encoding encoding, std::string_view object,
                         const TranslateOptions& options, ObjectMeta* meta);
Event RemovalOf(ObjectKind kind, const ObjectMeta& meta);

}  // namespace fairlead::kube
