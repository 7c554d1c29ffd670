#include "fairlead/cycle/node_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "fairlead/model/gpu_share.h"
#include "fairlead/placement/node_classes.h"
#include "fairlead/placement/room.h"

namespace fairlead {
namespace {

__extension__ using Wide = __int128;

constexpr std::size_t kMostTypical = 100;
constexpr std::int64_t kTypicalPct = 95;
constexpr std::int64_t kMilli = 1000;

struct Typical {
  ShapeId shape;
  std::int64_t pods = 0;
};

std::vector<Typical> TypicalShapes(const Snapshot& snapshot) {
  const std::vector<std::int64_t>& members = *snapshot.shape_members;
  std::vector<Typical> shapes;
  shapes.reserve(members.size());
  for (std::uint32_t s = 0; s < members.size(); ++s) shapes.push_back({ShapeId(s), members[s]});
  const std::int64_t all = std::accumulate(members.begin(), members.end(), std::int64_t{0});
  std::stable_sort(shapes.begin(), shapes.end(),
                   [](const Typical& a, const Typical& b) { return a.pods > b.pods; });
  std::int64_t sum = 0;
  std::size_t kept = 0;
  while (kept < std::min(shapes.size(), kMostTypical) && sum * 100 < all * kTypicalPct) {
    sum += shapes[kept++].pods;
  }
  shapes.resize(kept);
  return shapes;
}

class Reporter {
 public:
  explicit Reporter(const Snapshot& snapshot)
      : snapshot_(snapshot),
        typical_(TypicalShapes(snapshot)),
        classes_(snapshot, ShapesOf(typical_)),
        room_(Room::Free(snapshot)) {
    needs_.reserve(typical_.size());
    feasible_.reserve(typical_.size());
    for (const Typical& typical : typical_) {
      needs_.push_back(NeedOf(snapshot, typical.shape));
      feasible_.push_back(classes_.Feasible(typical.shape));
      pods_ += typical.pods;
    }
  }

  NodeReport Of(std::uint32_t rank) {
    const NodeId node = snapshot_.nodes->by_name[rank];
    const NodeInfo& info = snapshot_.nodes->info[node.index()];
    const ResourceVector& capacity = snapshot_.nodes->capacity[node.index()];
    NodeReport report;
    report.name = info.name;
    report.gpu_model = info.gpu_model;
    report.gpu_slices = info.gpu_slices;
    report.unknown_gpus = snapshot_.usage.gpu_unknown[node.index()];
    report.cpu_milli = capacity.Get(kCpu);
    report.memory = capacity.Get(kMemory);
    report.pods = capacity.Get(kPods);
    report.free_cpu_milli = room_.FreeAmount(kCpu, node);
    report.free_memory = room_.FreeAmount(kMemory, node);
    report.free_pods = room_.FreeAmount(kPods, node);
    AddDevices(node, &report);
    report.fragmented_milli = Fragmented(rank, report);
    if (info.unschedulable) report.out_of_use.emplace_back("cordoned");
    for (const Taint& taint : info.taints) {
      if (taint.effect == TaintEffect::kPreferNoSchedule) continue;
      const bool evicts = taint.effect == TaintEffect::kNoExecute;
      report.out_of_use.push_back(fmt::format("taint {}{}{}:{}", taint.key,
                                              taint.value.empty() ? "" : "=", taint.value,
                                              evicts ? "NoExecute" : "NoSchedule"));
    }
    return report;
  }

 private:
  static std::vector<ShapeId> ShapesOf(const std::vector<Typical>& typical) {
    std::vector<ShapeId> shapes;
    shapes.reserve(typical.size());
    for (const Typical& t : typical) shapes.push_back(t.shape);
    return shapes;
  }

  void AddDevices(NodeId node, NodeReport* report) const {
    const std::int32_t gpus = snapshot_.nodes->gpus[node.index()];
    report->devices.resize(static_cast<std::size_t>(gpus));
    const GpuMask used = snapshot_.usage.gpu_used[node.index()];
    for (std::int32_t d = 0; d < gpus; ++d) {
      if ((used >> d & 1) != 0)
        report->devices[static_cast<std::size_t>(d)].use = DeviceUse::kWhole;
    }
    const auto& shared = snapshot_.usage.shared;
    const auto [begin, end] =
        std::equal_range(shared.begin(), shared.end(), SharedGpu{node},
                         [](const SharedGpu& a, const SharedGpu& b) { return a.node < b.node; });
    report->free_gpu_milli = kMilli * room_.FreeDevices(node);
    for (auto gpu = begin; gpu != end; ++gpu) {
      report->devices[static_cast<std::size_t>(gpu->device)] = {DeviceUse::kShared, gpu->free};
      report->free_gpu_milli += kMilli * gpu->free / report->gpu_slices;
    }
  }

  std::int64_t Fragmented(std::uint32_t rank, const NodeReport& report) const {
    if (pods_ == 0) return report.free_gpu_milli;
    Wide sum = 0;
    for (std::size_t t = 0; t < typical_.size(); ++t) {
      sum += Wide{typical_[t].pods} * Unusable(t, rank, report);
    }
    return static_cast<std::int64_t>(sum / pods_);
  }

  // Of the node's free GPUs, what is of no use to the typical pod.
  std::int64_t Unusable(std::size_t t, std::uint32_t rank, const NodeReport& report) const {
    const NodeId node = snapshot_.nodes->by_name[rank];
    const bool may_run = (feasible_[t][rank / 64] >> (rank % 64) & 1) != 0;
    const ShapeNeed& need = needs_[t];
    const bool hosts = need.gpus > 0 && may_run && room_.Fits(need, node, 1) > 0;
    if (!hosts) return report.free_gpu_milli;
    const std::int32_t slices = need.slices.empty()
                                    ? report.gpu_slices
                                    : need.slices[snapshot_.nodes->model[node.index()].index()];
    std::int64_t unusable = 0;
    for (const DeviceReport& device : report.devices) {
      const bool too_small = device.use == DeviceUse::kShared && device.free_slices < slices;
      if (too_small) unusable += kMilli * device.free_slices / report.gpu_slices;
    }
    return unusable;
  }

  const Snapshot& snapshot_;
  const std::vector<Typical> typical_;
  const NodeClasses classes_;
  const Room room_;
  std::vector<ShapeNeed> needs_;  // by position in typical_
  std::vector<RankBits> feasible_;
  std::int64_t pods_ = 0;
};

}  // namespace

NodesReport ReportNodes(const Snapshot& snapshot, Instant at) {
  NodesReport report;
  report.at = at;
  report.version = snapshot.version;
  Reporter reporter(snapshot);
  report.nodes.reserve(snapshot.nodes->by_name.size());
  for (std::uint32_t rank = 0; rank < snapshot.nodes->by_name.size(); ++rank) {
    const NodeReport& node = report.nodes.emplace_back(reporter.Of(rank));
    report.gpu_milli += kMilli * static_cast<std::int64_t>(node.devices.size());
    report.free_gpu_milli += node.free_gpu_milli;
    report.fragmented_milli += node.fragmented_milli;
  }
  return report;
}

}  // namespace fairlead
