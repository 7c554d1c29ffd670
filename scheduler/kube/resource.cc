#include "scheduler/kube/resource.h"

#include <array>
#include <utility>

#include "scheduler/kube/error.h"

namespace fairlead::kube {
namespace {

constexpr std::array<Resource, 10> kResources = {{
    {ObjectKind::kNode, "nodes", "/api/v1/nodes", true},
    {ObjectKind::kPod, "pods", "/api/v1/pods", true},
    {ObjectKind::kJob, "jobs", "/apis/batch/v1/jobs", true},
    {ObjectKind::kPodGroup, "podgroups", "/apis/scheduling.x-k8s.io/v1alpha1/podgroups", false},
    {ObjectKind::kNamespace, "namespaces", "/api/v1/namespaces", true},
    {ObjectKind::kQueue, "queues", "/apis/fairlead.dev/v1alpha1/queues", false},
    // Few pods have claims, so these have one decoder.
    {ObjectKind::kVolumeClaim, "persistentvolumeclaims", "/api/v1/persistentvolumeclaims", false},
    {ObjectKind::kVolume, "persistentvolumes", "/api/v1/persistentvolumes", false},
    {ObjectKind::kStorageClass, "storageclasses", "/apis/storage.k8s.io/v1/storageclasses", false},
    {ObjectKind::kCsiNode, "csinodes", "/apis/storage.k8s.io/v1/csinodes", false},
}};

template <typename Upserted, typename Value>
Result<Event> Wrap(Result<Value> value) {
  if (!value) return value.error();
  return Event(Upserted{std::move(value).value()});
}

}  // namespace

const Resource& ResourceOf(ObjectKind kind) {
  for (const Resource& resource : kResources) {
    if (resource.kind == kind) return resource;
  }
  FAIRLEAD_CHECK(false, "kind {} is not watched", static_cast<int>(kind));
}

Result<Event> UpsertFrom(ObjectKind kind, Encoding encoding, std::string_view object,
                         const TranslateOptions& options, ObjectMeta* meta) {
  const bool proto = encoding == Encoding::kProto;
  switch (kind) {
    case ObjectKind::kNode:
      return Wrap<NodeUpserted>(proto ? NodeFromProto(object, options, meta)
                                      : NodeFromJson(object, options, meta));
    case ObjectKind::kPod:
      return Wrap<PodUpserted>(proto ? PodFromProto(object, options, meta)
                                     : PodFromJson(object, options, meta));
    case ObjectKind::kJob:
      return Wrap<JobUpserted>(proto ? JobFromProto(object, meta) : JobFromJson(object, meta));
    case ObjectKind::kNamespace:
      return Wrap<NamespaceUpserted>(proto ? NamespaceFromProto(object, meta)
                                           : NamespaceFromJson(object, meta));
    case ObjectKind::kPodGroup:
      if (proto) break;
      return Wrap<PodGroupUpserted>(PodGroupFromJson(object, options, meta));
    case ObjectKind::kQueue:
      if (proto) break;
      return Wrap<QueueUpserted>(QueueFromJson(object, meta));
    case ObjectKind::kVolumeClaim:
      if (proto) break;
      return Wrap<VolumeClaimUpserted>(VolumeClaimFromJson(object, meta));
    case ObjectKind::kVolume:
      if (proto) break;
      return Wrap<VolumeUpserted>(VolumeFromJson(object, meta));
    case ObjectKind::kStorageClass:
      if (proto) break;
      return Wrap<StorageClassUpserted>(StorageClassFromJson(object, meta));
    case ObjectKind::kCsiNode:
      if (proto) break;
      return Wrap<CsiNodeUpserted>(CsiNodeFromJson(object, meta));
  }
  return MakeError("protobuf came where JSON was asked for");
}

Event RemovalOf(ObjectKind kind, const ObjectMeta& meta) {
  switch (kind) {
    case ObjectKind::kNode:
      return NodeRemoved{meta.name};
    case ObjectKind::kPod:
      return PodRemoved{PodRef{meta.ns, meta.name, meta.uid}};
    case ObjectKind::kJob:
      return JobRemoved{meta.ns, meta.name, meta.uid};
    case ObjectKind::kNamespace:
      return NamespaceRemoved{meta.name};
    case ObjectKind::kQueue:
      return QueueRemoved{meta.name};
    case ObjectKind::kVolumeClaim:
      return VolumeClaimRemoved{meta.ns, meta.name};
    case ObjectKind::kVolume:
      return VolumeRemoved{meta.name};
    case ObjectKind::kStorageClass:
      return StorageClassRemoved{meta.name};
    case ObjectKind::kCsiNode:
      return CsiNodeRemoved{meta.name};
    case ObjectKind::kPodGroup:
      break;
  }
  return PodGroupRemoved{meta.ns, meta.name};
}

}  // namespace fairlead::kube
