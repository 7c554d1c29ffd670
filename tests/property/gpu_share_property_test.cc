// Streams of pods with whole GPUs and parts of them, of deletions, failed bindings, restarts and
// nodes that change: no GPU is ever given away beyond its slices or its memory.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing_support::Cluster;
using testing_support::Seconds;

constexpr int kNodes = 3;
constexpr std::int64_t kUnit = 60;  // of a GPU; all numbers of slices here divide it
constexpr std::int64_t kMemory = 6000;

int Below(int n) { return *rc::gen::inRange(0, n); }
bool OneIn(int n) { return Below(n) == 0; }

// The pods as an API server has them, and the scheduler's store.
class World {
 public:
  World() {
    for (int n = 0; n < kNodes; ++n) ChangeNode(n);
    Restart();
  }

  void Step() {
    switch (Below(10)) {
      case 0:
        ChangeNode(Below(kNodes));
        break;
      case 1:
        Restart();
        break;
      case 2:
      case 3:
        DeletePod();
        break;
      case 4:
      case 5:
        Decide();
        break;
      default:
        AddPod();
    }
    Check();
  }

  int shared() const { return shared_; }

 private:
  void ChangeNode(int n) {
    NodeInfo& node = nodes_[n];
    node.name = "n-" + std::to_string(n);
    node.uid = node.name;
    node.allocatable.milli_cpu = 100'000;
    node.allocatable.memory_bytes = std::int64_t{1} << 40;
    node.allocatable.pods = 100;
    node.allocatable.gpus = Below(5);
    node.gpu_model = "M";
    node.gpu_memory = kMemory;
    node.gpu_slices = 1 + Below(6);
    if (store_) store_->UpsertNode(node);
  }

  void AddPod() {
    testing_support::GangShape gang{.name = "g" + std::to_string(next_++)};
    if (OneIn(3)) {
      gang.gpus = 1 + Below(2);
    } else {
      gang.share.devices = OneIn(4) ? 2 : 1;
      gang.share.millionths = OneIn(3) ? 0 : 1000 * (1 + Below(999));
      if (gang.share.millionths == 0 || OneIn(3)) gang.share.memory_bytes = 1 + Below(kMemory + 9);
      if (OneIn(4)) gang.share.share_class = "latency";
    }
    const PodInfo pod = Cluster::Pod(gang, 0);
    pods_[pod.name] = pod;
    store_->UpsertPod(pod, now_);
  }

  void DeletePod() {
    if (pods_.empty()) return;
    const auto it = std::next(pods_.begin(), Below(static_cast<int>(pods_.size())));
    store_->RemovePod(it->second.ns, it->second.name, it->second.uid, now_);
    pods_.erase(it);
  }

  // Bindings succeed, fail, or are still under way.
  void Decide() {
    const auto snapshot = store_->TakeSnapshot();
    const Plan plan = fairlead::Decide({*snapshot, policy_, now_}).plan;
    RC_ASSERT(Verify(*snapshot, policy_, plan) == std::vector<std::string>{});
    for (const Placement& p : plan.bind) {
      const GangView& gang = *FindGang(*snapshot, p.gang);
      PodInfo& pod = pods_.at(gang.members[p.member].pod);
      const PodRef ref{pod.ns, pod.name, pod.uid};
      RC_ASSERT(store_->Assume(ref, p.node, p.gpus, now_));
      if (OneIn(4)) {
        RC_ASSERT(store_->Forget(ref, now_));
        continue;
      }
      PodInfo bound = pod;
      bound.node_name = snapshot->nodes->info[p.node.index()].name;
      bound.phase = PodPhase::kRunning;
      bound.gpu_devices = MaskToDevices(p.gpus);
      bound.gpu_grant = GrantOf(*snapshot, gang.members[p.member].shape, p.node);
      pod = bound;
      if (OneIn(3)) continue;  // the watch has not shown it yet
      store_->UpsertPod(bound, now_);
    }
  }

  // A new process lists nodes and pods in any order.
  void Restart() {
    store_ = std::make_unique<ClusterStore>();
    const bool nodes_first = OneIn(2);
    const auto add_nodes = [this] {
      for (const auto& [n, node] : nodes_) store_->UpsertNode(node);
    };
    if (nodes_first) add_nodes();
    for (const auto& [name, pod] : pods_) store_->UpsertPod(pod, now_);
    if (!nodes_first) add_nodes();
  }

  struct Use {
    std::int64_t units = 0;
    std::int64_t memory = 0;
    int whole = 0;
    std::vector<std::string> classes;
  };

  // From what each pod holds.
  void Check() {
    const auto snapshot = store_->TakeSnapshot();
    std::map<std::pair<std::uint32_t, std::int32_t>, Use> uses;
    for (const auto& chunk : snapshot->gangs) {
      for (const auto& gang : *chunk) {
        for (const MemberView& member : gang->members) Count(*snapshot, member, &uses);
      }
    }
    for (const auto& [device, use] : uses) {
      RC_ASSERT(use.units <= kUnit);
      RC_ASSERT(use.memory <= kMemory);
      RC_ASSERT(use.whole == 0 || use.classes.empty());
      RC_ASSERT(std::adjacent_find(use.classes.begin(), use.classes.end(), std::not_equal_to<>()) ==
                use.classes.end());
      if (use.classes.size() > 1) ++shared_;
    }
    CheckFree(*snapshot, uses);
  }

  static void Count(const Snapshot& snapshot, const MemberView& member,
                    std::map<std::pair<std::uint32_t, std::int32_t>, Use>* uses) {
    const GpuShare& share = (*snapshot.shapes)[member.shape.index()]->gpu_share;
    for (const std::int32_t device : MaskToDevices(member.gpus)) {
      Use& use = (*uses)[{member.node.value(), device}];
      if (share.devices == 0) {
        use.units += kUnit;
        ++use.whole;
        continue;
      }
      RC_ASSERT(member.grant.of > 0);
      use.units += kUnit / member.grant.of * member.grant.slices;
      use.memory += share.memory_bytes;
      use.classes.push_back(share.share_class);
    }
  }

  // What the snapshot says is free is what these leave.
  static void CheckFree(const Snapshot& snapshot,
                        const std::map<std::pair<std::uint32_t, std::int32_t>, Use>& uses) {
    std::size_t listed = 0;
    for (const auto& [device, use] : uses) {
      const auto& [node, number] = device;
      if (use.classes.empty() || number >= snapshot.nodes->gpus[node]) continue;
      const std::int64_t slices = snapshot.nodes->info[node].gpu_slices;
      const SharedGpu& gpu = snapshot.usage.shared.at(listed++);
      RC_ASSERT(gpu.node.value() == node);
      RC_ASSERT(gpu.device == number);
      RC_ASSERT(gpu.free == (kUnit - use.units) * slices / kUnit);
    }
    RC_ASSERT(listed == snapshot.usage.shared.size());
  }

  std::map<int, NodeInfo> nodes_;
  std::map<std::string, PodInfo> pods_;
  std::unique_ptr<ClusterStore> store_;
  const Policy policy_;
  const Instant now_ = Seconds(1000);
  int next_ = 0;
  int shared_ = 0;
};

RC_GTEST_PROP(GpuShareProperty, NoGpuIsGivenAwayTwice, ()) {
  World world;
  const int steps = 10 + Below(80);
  for (int i = 0; i < steps; ++i) world.Step();
  RC_CLASSIFY(world.shared() > 0, "shares a GPU");
}

}  // namespace
}  // namespace fairlead
