// Fairlead's own labels and annotations of a pod, read in one pass, and the gang that they name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fairlead/kube/decode.h"
#include "scheduler/kube/raw.h"

namespace fairlead::kube {

// Texts as found; nullopt = the key is absent.
struct OwnKeys {
  std::optional<std::string_view> queue, gang, pod_group;                      // labels
  std::optional<std::string_view> gang_size, user, gpu_model, gpu_assignment;  // annotations
  std::optional<std::string_view> topology_required, topology_preferred;       // annotations
  std::string_view unsupported_label, unsupported_annotation;                  // a key, or empty
};

OwnKeys ReadOwnKeys(const RawMeta& meta);

// A gang and its size as the pod states them. `problem` names the key at fault, or is empty; the
// key of the gang is usable in either case.
struct GangClaim {
  GangKey key;
  std::optional<std::int64_t> size;
  std::string problem;
};
GangClaim ReadGang(const RawMeta& meta, const OwnKeys& own, const TranslateOptions& options);

// "H100, A100" as a sorted list without repetitions; empty or absent = any model.
struct GpuModels {
  std::vector<std::string> names;
  std::string problem;
};
GpuModels ReadGpuModels(const OwnKeys& own);

// An annotation of a topology level is there and empty: names the key; else empty.
std::string TopologyProblem(const OwnKeys& own);

// "0,1,5" in ascending order. Empty where absent or malformed: anybody may write the annotation.
std::vector<std::int32_t> ReadGpuAssignment(const OwnKeys& own);

}  // namespace fairlead::kube
