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
  std::optional<std::string_view> gpu_share, gpu_memory, gpu_share_devices, gpu_share_class;
  std::optional<std::string_view> other_gpu_fraction, other_gpu_memory;
  std::optional<std::string_view> gang_role;  // label
  std::optional<std::string_view> gang_roles, gang_max, start_timeout, stale_grace;
  std::string_view unsupported_annotation;  // a key, or empty
};

OwnKeys ReadOwnKeys(const RawMeta& meta);

// A gang and its size as the pod states them. `problem` names the key at fault, or is empty; the
// key of the gang is usable in either case.
struct GangClaim {
  GangKey key;
  std::optional<std::int64_t> size;
  GangTerms terms;
  std::string role;
  std::string problem;
};
GangClaim ReadGang(const RawMeta& meta, const OwnKeys& own, const TranslateOptions& options);

// Reads the roles and what else there is beside name and size, in a gang of `most` at most. Returns
// what is wrong, or empty.
std::string ReadGangTerms(const OwnKeys& own, std::int64_t most, GangClaim* gang);

// "H100, A100" as a sorted list without repetitions; empty or absent = any model.
struct GpuModels {
  std::vector<std::string> names;
  std::string problem;
};
GpuModels ReadGpuModels(const OwnKeys& own);

// An annotation of a topology level is there and empty: names the key; else empty.
std::string TopologyProblem(const OwnKeys& own);

// The part of a GPU that is asked for. A share of 1 is `whole` GPUs instead. `problem` names the
// key at fault, or is empty.
struct ShareClaim {
  GpuShare share;
  std::int32_t whole = 0;
  std::string problem;
};
ShareClaim ReadGpuShare(const OwnKeys& own, std::int32_t whole_gpus);

// "0,1,5" in ascending order, or "2:1/4,3:1/4" with one grant for all. No devices where absent or
// malformed: anybody may write the annotation.
struct GpuAssignment {
  std::vector<std::int32_t> devices;
  GpuGrant grant;
};
GpuAssignment ReadGpuAssignment(const OwnKeys& own);

}  // namespace fairlead::kube
