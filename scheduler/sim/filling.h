// Filling: a cluster on which pods are placed one by one by a policy of the saturation experiment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "scheduler/sim/cluster.h"
#include "scheduler/sim/policies.h"
#include "scheduler/sim/random.h"

namespace fairlead::saturation {

struct Placed {
  std::uint32_t node = 0;
  Devices devices = 0;
};

// What a policy says of a kind of pod and a node stays true until the node changes, so that it is
// asked once. Ties go to the node that is first in an order drawn from the seed.
class Filling {
 public:
  Filling(const Workload& workload, PolicyKind policy, std::uint32_t seed);

  // False if it found no place. `placed`: where, if not null.
  bool Place(const Pod& pod, Placed* placed);
  // Undoes it.
  void Release(const Pod& pod, const Placed& placed);
  // No pod comes to the node from now on, or again.
  void Close(std::uint32_t node, bool closed);

  double fragmented() const { return fragmented_; }  // mGPU that typical pods cannot use

 private:
  std::uint32_t Choose(const std::vector<std::optional<Choice>>& known);
  Devices AnyDevice(const Node& node, const Pod& pod);
  void Changed(std::uint32_t node);

  PolicyKind policy_;
  std::vector<TypicalPod> typical_;
  Scorer scorer_;
  sim::Random random_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> feasible_;
  std::vector<bool> closed_;
  std::map<Pod, std::vector<std::optional<Choice>>> known_;
  std::vector<double> fragments_;
  double fragmented_ = 0;
};

}  // namespace fairlead::saturation
