// Label and annotation keys that Fairlead reads and writes on Kubernetes objects.
#pragma once

#include <array>
#include <string_view>

namespace fairlead::kube::keys {

inline constexpr std::string_view kPrefix = "fairlead.dev/";

// Labels.
inline constexpr std::string_view kQueue = "fairlead.dev/queue";
inline constexpr std::string_view kGang = "fairlead.dev/gang";
inline constexpr std::string_view kTenant = "fairlead.dev/tenant";
inline constexpr std::string_view kPodGroup = "scheduling.x-k8s.io/pod-group";

// The value of kGang that makes the gang the owning Job.
inline constexpr std::string_view kGangOfJob = "true";

// Annotations read.
inline constexpr std::string_view kGangSize = "fairlead.dev/gang-size";
inline constexpr std::string_view kGangRole = "fairlead.dev/gang-role";    // label
inline constexpr std::string_view kGangRoles = "fairlead.dev/gang-roles";  // "launcher=1,worker=8"
inline constexpr std::string_view kGangMax = "fairlead.dev/gang-max";
inline constexpr std::string_view kStartTimeout = "fairlead.dev/start-timeout";
inline constexpr std::string_view kStaleGrace = "fairlead.dev/stale-grace";  // or "never"
inline constexpr std::string_view kUser = "fairlead.dev/user";
inline constexpr std::string_view kGpuModel = "fairlead.dev/gpu-model";
inline constexpr std::string_view kGpuShare = "fairlead.dev/gpu-share";
inline constexpr std::string_view kGpuMemory = "fairlead.dev/gpu-memory";
inline constexpr std::string_view kGpuShareDevices = "fairlead.dev/gpu-share-devices";
inline constexpr std::string_view kGpuShareClass = "fairlead.dev/gpu-share-class";
// As others write them: a fraction, and MiB.
inline constexpr std::string_view kOtherGpuFraction = "gpu-fraction";
inline constexpr std::string_view kOtherGpuMemory = "gpu-memory";
inline constexpr std::string_view kTopologyRequired = "fairlead.dev/topology-required";
inline constexpr std::string_view kTopologyPreferred = "fairlead.dev/topology-preferred";

// Annotations written with the Binding. kGpuAssignment holds device indexes, "0,1,5", or where GPUs
// are shared also slices of how many on each, "2:1/4".
inline constexpr std::string_view kGpuAssignment = "fairlead.dev/gpu-assignment";
inline constexpr std::string_view kDecision = "fairlead.dev/decision";

// Labels of nodes: slices per GPU, ours and that of GPU feature discovery; memory of each in MiB;
// how many GPUs there are, whatever the node advertises.
inline constexpr std::string_view kGpuSlices = "fairlead.dev/gpu-slices";
inline constexpr std::string_view kGpuReplicas = "nvidia.com/gpu.replicas";
inline constexpr std::string_view kGpuMemoryLabel = "nvidia.com/gpu.memory";
inline constexpr std::string_view kGpuCount = "nvidia.com/gpu.count";

// The end of the initial objects of a WatchList, on a BOOKMARK.
inline constexpr std::string_view kInitialEventsEnd = "k8s.io/initial-events-end";

// Keys that would change where or how a pod may run and that are not supported: a pod that asks for
// one is refused, for to ignore it would be to run the pod as it did not ask to be run. In the
// order in which they are named when a pod has several.
inline constexpr std::array<std::string_view, 1> kUnsupportedAnnotations = {
    "fairlead.dev/topology-segment",
};

}  // namespace fairlead::kube::keys
