// From Kubernetes objects to the model's values: protobuf bytes (zero-copy, only the fields that
// scheduling reads) and JSON text, both through one intermediate form, so that a rule is written
// once (translate.cc). Pure functions of outside bytes: every one has a fuzz target. Malformed
// bytes are an Error, never a crash.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/model/objects.h"
#include "fairlead/model/volumes.h"

namespace fairlead::kube {

// Which names mean what; from the configuration.
struct TranslateOptions {
  std::vector<std::string> scheduler_names = {"fairlead"};
  std::vector<std::string> gpu_resources = {"nvidia.com/gpu"};
  std::vector<std::string> gpu_model_labels = {"nvidia.com/gpu.product"};
  std::int64_t max_gang_size = 10'000;
};

struct ObjectMeta {
  std::string ns, name, uid, resource_version;
};

// One object from raw protobuf (without the magic) or JSON text.
Result<PodInfo> PodFromProto(std::string_view bytes, const TranslateOptions& options,
                             ObjectMeta* meta);
Result<NodeInfo> NodeFromProto(std::string_view bytes, const TranslateOptions& options,
                               ObjectMeta* meta);
Result<JobInfo> JobFromProto(std::string_view bytes, ObjectMeta* meta);
Result<NamespaceInfo> NamespaceFromProto(std::string_view bytes, ObjectMeta* meta);
Result<PodInfo> PodFromJson(std::string_view json, const TranslateOptions& options,
                            ObjectMeta* meta);
Result<NodeInfo> NodeFromJson(std::string_view json, const TranslateOptions& options,
                              ObjectMeta* meta);
Result<JobInfo> JobFromJson(std::string_view json, ObjectMeta* meta);
Result<NamespaceInfo> NamespaceFromJson(std::string_view json, ObjectMeta* meta);
Result<PodGroupInfo> PodGroupFromJson(std::string_view json, const TranslateOptions& options,
                                      ObjectMeta* meta);
// What claims to volumes lead to.
Result<VolumeClaimInfo> VolumeClaimFromJson(std::string_view json, ObjectMeta* meta);
Result<VolumeInfo> VolumeFromJson(std::string_view json, ObjectMeta* meta);
Result<StorageClassInfo> StorageClassFromJson(std::string_view json, ObjectMeta* meta);
Result<CsiNodeInfo> CsiNodeFromJson(std::string_view json, ObjectMeta* meta);
// A spec that cannot be used is no error but QueueInfo::object.invalid.
Result<QueueInfo> QueueFromJson(std::string_view json, ObjectMeta* meta);

// "k8s\0" + runtime.Unknown: its kind and raw bytes, which point into `bytes`.
struct Unknown {
  std::string_view api_version, kind, raw;
};
Result<Unknown> UnwrapProto(std::string_view bytes);

// A list: resourceVersion, continue token, and each item's bytes in turn (valid during the call).
// Stops at the first item that returns an error, and returns that error.
struct ListMeta {
  std::string resource_version, continue_token;
};
using ItemSink = std::function<Status(std::string_view)>;
Result<ListMeta> ForEachItemProto(std::string_view raw, const ItemSink& item);
Result<ListMeta> ForEachItemJson(std::string_view json, const ItemSink& item);

// A watch frame (without the length): its type ("ADDED", "BOOKMARK", "ERROR", ...) and the object's
// raw bytes, which point into `frame`.
struct WatchFrame {
  std::string_view type, kind, raw;
};
Result<WatchFrame> WatchFrameFromProto(std::string_view frame);

// The same from one line of a JSON watch; `object` points into `line`.
struct JsonWatchFrame {
  std::string type;
  std::string_view object;
};
Result<JsonWatchFrame> WatchFrameFromJson(std::string_view line);

// metav1.Status: the object of an ERROR frame, and the body of every answer that is not 2xx.
struct ApiStatus {
  std::int32_t code = 0;  // HTTP status; 0 = not given
  std::string reason;     // "Conflict", "Expired", ...
  std::string message;
  std::int32_t retry_after_seconds = 0;  // 0 = not given
};
// Raw protobuf without the magic.
Result<ApiStatus> StatusFromProto(std::string_view raw);
Result<ApiStatus> StatusFromJson(std::string_view json);

// The object of a BOOKMARK frame, of any kind: how far the watch has come.
struct Bookmark {
  std::string resource_version;
  bool initial_events_end =
      false;  // annotated k8s.io/initial-events-end: the WatchList is complete
};
Result<Bookmark> BookmarkFromProto(std::string_view raw);
Result<Bookmark> BookmarkFromJson(std::string_view json);

// Only namespace, name, uid and resourceVersion of any object: enough for DELETED frames.
Result<ObjectMeta> MetaFromProto(std::string_view raw);
Result<ObjectMeta> MetaFromJson(std::string_view json);

}  // namespace fairlead::kube
