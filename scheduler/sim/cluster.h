// The saturation experiment of FGD ("Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
// Fragmentation Gradient Descent", USENIX ATC 2023): pods arrive one by one until more GPUs were
// asked for than there are, none ends, and what is allocated then is compared between placement
// policies.
//
// This file: nodes and pods as numbers, and what both have in common.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/sim/workload.h"

namespace fairlead::saturation {

inline constexpr std::int64_t kWhole = 1000;  // mGPU of a device
inline constexpr std::size_t kMostDevices = 8;

// GPU models as bits, numbered by Workload::models.
using ModelSet = std::uint32_t;

struct Node {
  std::int64_t cpu = 0;                              // free, mCPU
  std::int64_t memory = 0;                           // free, MiB
  std::array<std::int64_t, kMostDevices> free = {};  // mGPU of each device
  std::size_t devices = 0;
  std::uint32_t model = 0;
  std::array<std::int32_t, kMostDevices + 1> classes = {};  // pods with GPUs by ClassOf
  std::int64_t gpu_pods = 0;

  std::int64_t FreeGpu() const;  // mGPU
};

struct Pod {
  std::int64_t cpu = 0;
  std::int64_t memory = 0;
  std::size_t devices = 0;  // 0 = CPU only
  std::int64_t each = 0;    // mGPU of each device
  ModelSet models = 0;      // accepted; 0 = any

  std::int64_t Gpu() const { return static_cast<std::int64_t>(devices) * each; }
  bool Shares() const { return devices == 1 && each < kWhole; }
  bool Accepts(std::uint32_t model) const { return models == 0 || (models >> model & 1) != 0; }
  friend auto operator<=>(const Pod&, const Pod&) = default;
};

// 0 = a share of a GPU, k = k whole ones.
std::size_t ClassOf(const Pod& pod);

// A kind of pods that is frequent.
struct TypicalPod {
  Pod pod;  // without memory
  std::int64_t count = 0;
  double part = 0;  // of all typical pods
};

struct Workload {
  std::vector<Node> nodes;  // nothing runs
  std::vector<Pod> pods;    // in the order of the list
  std::vector<std::string> models;

  std::int64_t Capacity() const;  // mGPU
};

// Nodes, and each pod of the jobs. Error: more than 32 GPU models, or a node with more than 8 GPUs.
Result<Workload> MakeWorkload(const std::vector<sim::NodeSpec>& nodes, const sim::Workload& jobs);

// Of a job that is cut into pods: one of its pods.
Pod PodOf(const sim::Job& job, const std::vector<ModelSet>& sets);

// For each name of sim::Workload::models the models that it accepts, whose names are added.
std::vector<ModelSet> MakeModelSets(const sim::Workload& jobs, std::vector<std::string>* models);

// A node on which nothing runs.
Node NodeOf(const sim::NodeSpec& spec, std::vector<std::string>* models);

// The kinds of pods that make up 95 % of the list, most frequent first.
std::vector<TypicalPod> TypicalPods(const std::vector<Pod>& pods);

// A random order of the list, with clones of it until `ratio_pct` % of the capacity are asked for.
std::vector<Pod> Arrivals(const Workload& workload, std::int64_t ratio_pct, std::uint32_t seed);

}  // namespace fairlead::saturation
