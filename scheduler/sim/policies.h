// How the policies of the experiment score a node for a pod, and which devices they take.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "fairlead/placement/outlook.h"
#include "scheduler/sim/cluster.h"

namespace fairlead::saturation {

enum class PolicyKind : std::uint8_t {
  kRandom,
  kDotProd,
  kClustering,
  kPacking,
  kBestFit,
  kFgd,
  kDefault,
};

// Device numbers, one bit each.
using Devices = std::uint32_t;

struct Choice {
  std::int64_t score = 0;  // higher is better
  Devices devices = 0;
};

// Does the pod fit on the node? GPUs: at least so many devices with so much free.
bool Fits(const Node& node, const Pod& pod);
void Take(const Pod& pod, Devices devices, Node* node);
void Give(const Pod& pod, Devices devices, Node* node);  // undoes Take

// The whole-GPU devices of lowest number; a shared pod's device with the least free that is enough.
Devices BestFitDevices(const Node& node, const Pod& pod);

// Of a node: free mGPU that typical pods, weighted by how frequent they are, cannot use.
double Fragmentation(const Node& node, const std::vector<TypicalPod>& typical);

// What the default policy knows of the workload: as the scheduler does of the pods that there are.
Outlook OutlookOf(const std::vector<Node>& nodes, const std::vector<TypicalPod>& typical,
                  std::size_t models);

// Scores, for a pod that fits. Random and the normalisation of bestfit are the caller's.
class Scorer {
 public:
  Scorer(PolicyKind policy, const Workload& workload, std::vector<TypicalPod> typical);
  Choice Score(const Node& node, const Pod& pod) const;

 private:
  Choice Fgd(const Node& node, const Pod& pod) const;
  std::int64_t Default(const Node& node, const Pod& pod) const;

  PolicyKind policy_;
  std::vector<TypicalPod> typical_;
  Outlook outlook_;
  // Of the default policy, by CPUs, GPUs and scarcity.
  mutable std::map<std::array<std::int64_t, 3>, MeritScale> scales_;
};

}  // namespace fairlead::saturation
