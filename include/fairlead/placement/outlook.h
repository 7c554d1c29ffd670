// Outlook: what the pods of a cluster ask for, as far as it tells good nodes from bad ones, and the
// merit of a node for a pod that follows from it.
//
// Two things make GPUs useless to the pods that are to come. A node may run out of CPUs before its
// GPUs, or the other way round; and a model that some pods cannot do without may be given to those
// that would have taken any. So a placement is worth less the further it takes the node's free CPUs
// and GPUs from the proportion in which pods ask for them, and the more it takes of a model that is
// wanted by those who accept no other:
//
//   imbalance = |free CPUs - ratio * free GPUs| / ratio, in thousandths of GPUs
//   gain      = -(imbalance after - imbalance before) / 2 - scarcity(model) * GPUs taken
//   merit     = floor(100 * sigmoid(gain / 4000)), 0 .. 99
//
// The coarse steps matter: what differs less is left to the order of Room. The sigmoid is a table
// and all comparisons are of integers. bench/README.md has what the rule is worth in the saturation
// experiment of FGD (ATC 2023).
//
// I1: the outlook depends on which pods there are, not on where they run.
#pragma once

#include <cstdint>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/model/snapshot.h"

namespace fairlead {

struct Outlook {
  static constexpr std::int64_t kScarcest = 16;

  std::int64_t ratio = 0;              // mCPU asked for per GPU, to 4 bits; 0 = nothing to tell by
  std::vector<std::int64_t> scarcity;  // by ModelId, 0 .. kScarcest

  friend bool operator==(const Outlook&, const Outlook&) = default;
};

// Of all members that wait or run. Rounded, so that it changes rarely.
Outlook OutlookOf(const Snapshot& snapshot);

// What a placement takes from a node, and merits of nodes for it.
class MeritScale {
 public:
  // Takes `milli_cpu` and `milli_gpu` on a GPU of this scarcity.
  MeritScale(const Outlook& outlook, std::int64_t milli_cpu, std::int64_t milli_gpu,
             std::int64_t scarcity);

  // What is free before; thousandths of GPUs.
  std::int32_t Of(std::int64_t free_milli_cpu, std::int64_t free_milli_gpu) const;

 private:
  std::int64_t ratio_;
  std::int64_t shift_;  // of the node's imbalance, in thousandths of mCPU
  std::int32_t most_;   // the merit where the imbalance falls by |shift|
  // The largest growth of the imbalance for which the merit is still most_, most_ - 1, ...;
  // descending merit, ascending growth.
  std::vector<std::int64_t> steps_;
};

}  // namespace fairlead
