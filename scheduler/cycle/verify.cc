// Verify: says what is wrong with a plan, from the snapshot alone. It is written from the rules,
// not from the passes: it shares the model with them and nothing else, so that a mistake there does
// not hide here.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <string_view>

#include "fairlead/cycle/decide.h"
#include "fairlead/model/gpu_share.h"
#include "scheduler/cycle/verify_nodes.h"
#include "scheduler/cycle/verify_peers.h"
#include "scheduler/cycle/verify_queues.h"
#include "scheduler/cycle/verify_volumes.h"

namespace fairlead {
namespace {

__extension__ using Wide = __int128;

GpuMask DevicesOf(std::int32_t gpus) {
  return gpus >= kMaxGpusPerNode ? ~GpuMask{0} : (GpuMask{1} << gpus) - 1;
}

bool CountsTowardsMinimum(const MemberView& member) {
  if (member.state == MemberState::kDone) return true;
  return member.state != MemberState::kPending && !member.terminating;
}

class Verifier {
 public:
  Verifier(const Snapshot& snapshot, const Policy& policy, const Plan& plan)
      : snapshot_(snapshot), policy_(policy), plan_(plan) {}

  std::vector<std::string> Run() {
    if (plan_.snapshot_version != snapshot_.version) {
      Object("the plan is for snapshot {}, this is {}", plan_.snapshot_version, snapshot_.version);
    }
    for (const Placement& placement : plan_.bind) CheckPlacement(placement);
    CheckRoom();
    CheckWhole();
    for (const Eviction& eviction : plan_.evict) CheckEviction(eviction);
    CheckPending();
    // Only a plan whose names exist can be looked up.
    if (objections_.empty()) objections_ = VerifyPeers(snapshot_, plan_);
    if (objections_.empty()) objections_ = VerifyVolumes(snapshot_, plan_);
    if (objections_.empty()) objections_ = VerifyQueues(snapshot_, policy_, plan_);
    return std::move(objections_);
  }

 private:
  template <typename... Args>
  void Object(fmt::format_string<Args...> format, Args&&... args) {
    objections_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  static std::string Name(const GangView& gang) { return gang.key.ns + "/" + gang.key.name; }

  void CheckPlacement(const Placement& placement) {
    const GangView* gang = FindGang(snapshot_, placement.gang);
    if (gang == nullptr) return Object("gang {} is unknown", placement.gang.value());
    if (placement.member >= gang->members.size()) {
      return Object("gang {} has no member {}", Name(*gang), placement.member);
    }
    const MemberView& member = gang->members[placement.member];
    if (!bound_[placement.gang].insert(placement.member).second) {
      Object("pod {} is bound twice", member.pod);
    }
    if (member.state != MemberState::kPending) Object("pod {} is not pending", member.pod);
    if (member.gated) Object("pod {} is gated", member.pod);
    if (member.terminating) Object("pod {} is being deleted", member.pod);
    const NodeTable& nodes = *snapshot_.nodes;
    if (placement.node.index() >= nodes.size() || !nodes.present[placement.node.index()]) {
      return Object("pod {} is bound to a node that does not exist", member.pod);
    }
    const PodShape& shape = *(*snapshot_.shapes)[member.shape.index()];
    CheckNode(member, shape, placement.node);
    CheckDevices(member, shape, placement);
    taken_[placement.node].push_back({member.shape, placement.gpus});
  }

  void CheckNode(const MemberView& member, const PodShape& shape, NodeId node) {
    const NodeInfo& info = snapshot_.nodes->info[node.index()];
    const Taint cordon{"node.kubernetes.io/unschedulable", "", TaintEffect::kNoSchedule};
    if (info.unschedulable && !ToleratesAny(shape.tolerations, cordon)) {
      Object("pod {} is bound to node {}, which is cordoned", member.pod, info.name);
    }
    for (const Taint& taint : info.taints) {
      if (Repels(taint, shape.tolerations)) {
        Object("pod {} does not tolerate taint {} of node {}", member.pod, taint.key, info.name);
      }
    }
    for (const auto& [key, value] : shape.node_selector) {
      if (!HasLabel(info, key, value)) {
        Object("pod {} selects {}={}, which node {} does not have", member.pod, key, value,
               info.name);
      }
    }
    if (shape.node_terms && !AnyHolds(*shape.node_terms, info)) {
      Object("pod {} has a node affinity that node {} does not match", member.pod, info.name);
    }
    if (GpusAsked(shape) == 0 || shape.gpu_models.empty()) return;
    const auto accepted =
        std::count(shape.gpu_models.begin(), shape.gpu_models.end(), info.gpu_model);
    if (accepted == 0) {
      Object("pod {} does not accept GPU model {} of node {}", member.pod, info.gpu_model,
             info.name);
    }
  }

  void CheckDevices(const MemberView& member, const PodShape& shape, const Placement& placement) {
    if (std::popcount(placement.gpus) != GpusAsked(shape)) {
      Object("pod {} asks for {} GPUs and gets {}", member.pod, GpusAsked(shape),
             std::popcount(placement.gpus));
    }
    const GpuMask all = DevicesOf(snapshot_.nodes->gpus[placement.node.index()]);
    if ((placement.gpus & ~all) != 0) {
      Object("pod {} gets devices that its node does not have", member.pod);
    }
  }

  struct Taken {
    ShapeId shape;
    GpuMask gpus;
  };

  void CheckRoom() {
    for (const auto& [node, members] : taken_) {
      const std::string& name = snapshot_.nodes->info[node.index()].name;
      ResourceVector wanted;
      GpuMask used = snapshot_.usage.gpu_used[node.index()];
      std::int64_t devices = snapshot_.usage.gpu_unknown[node.index()];
      std::map<std::int32_t, Device> shares = SharedOn(node);
      for (const Taken& taken : members) {
        const PodShape& shape = *(*snapshot_.shapes)[taken.shape.index()];
        wanted += (*snapshot_.shape_requests)[taken.shape.index()];
        if (shape.gpu_share.devices > 0) {
          used |= TakeShare(shape, node, taken.gpus, used, &shares);
          continue;
        }
        if ((used & taken.gpus) != 0) Object("a device of node {} is given twice", name);
        used |= taken.gpus;
      }
      // A node that others overbooked is no fault of a plan that takes no device there.
      const std::int32_t gpus = snapshot_.nodes->gpus[node.index()];
      const bool takes_gpus = used != snapshot_.usage.gpu_used[node.index()];
      devices += std::popcount(used);
      if (takes_gpus && devices > gpus)
        Object("node {} has {} GPUs, {} are taken", name, gpus, devices);
      for (std::uint32_t r = 0; r < wanted.size(); ++r) {
        const bool known = r < snapshot_.usage.resources;
        const std::int64_t free = known ? snapshot_.usage.Free(ResourceId(r), node) : 0;
        if (wanted.Get(ResourceId(r)) > free) {
          Object("node {} has {} of {} free, the plan takes {}", name, free,
                 snapshot_.names->resources[r], wanted.Get(ResourceId(r)));
        }
      }
    }
  }

  // A GPU that is shared.
  struct Device {
    std::int64_t free = 0;  // slices
    std::string share_class;
  };

  std::map<std::int32_t, Device> SharedOn(NodeId node) const {
    std::map<std::int32_t, Device> shares;
    for (const SharedGpu& gpu : snapshot_.usage.shared) {
      if (gpu.node != node) continue;
      shares[gpu.device] = {gpu.free, snapshot_.names->share_classes[gpu.share_class]};
    }
    return shares;
  }

  // A share of all devices in `wanted`, which are returned; they must be shared or not in `used`.
  GpuMask TakeShare(const PodShape& shape, NodeId node, GpuMask wanted, GpuMask used,
                    std::map<std::int32_t, Device>* shares) {
    const NodeInfo& info = snapshot_.nodes->info[node.index()];
    const GpuShare& share = shape.gpu_share;
    const Wide slices_of = info.gpu_slices;
    // The smallest number of slices that is as much as the share, and has as much memory.
    std::int64_t slices = 1;
    while (slices <= info.gpu_slices &&
           (Wide{slices} * kWholeGpu < share.millionths * slices_of ||
            Wide{slices} * info.gpu_memory < share.memory_bytes * slices_of)) {
      ++slices;
    }
    for (std::int32_t d = 0; d < kMaxGpusPerNode; ++d) {
      if ((wanted >> d & 1) == 0) continue;
      const auto [it, broken] = shares->try_emplace(d, Device{info.gpu_slices, share.share_class});
      if (broken && (used >> d & 1) != 0) Object("a device of node {} is given twice", info.name);
      if (it->second.share_class != share.share_class) {
        Object("device {} of node {} is for shares of class \"{}\"", d, info.name,
               it->second.share_class);
      }
      it->second.free -= slices;
      if (it->second.free < 0) Object("device {} of node {} is given away twice", d, info.name);
    }
    return wanted;
  }

  void CheckWhole() {
    for (const auto& [id, members] : bound_) {
      const GangView& gang = *FindGang(snapshot_, id);
      if (!gang.invalid.empty()) Object("gang {} is invalid and bound", Name(gang));
      if (!gang.missing.empty()) Object("gang {} is bound without {}", Name(gang), gang.missing);
      if (gang.min_member > policy_.max_gang_size) {
        Object("gang {} is larger than max_gang_size", Name(gang));
      }
      const auto held =
          std::count_if(gang.members.begin(), gang.members.end(), CountsTowardsMinimum);
      const std::int64_t whole = held + static_cast<std::int64_t>(members.size());
      if (whole < gang.min_member) {
        Object("gang {} would hold {} of {} members", Name(gang), whole, gang.min_member);
      }
      CheckTerms(gang, members);
      CheckNear(gang, members);
    }
  }

  void CheckTerms(const GangView& gang, const std::set<std::uint32_t>& bound) {
    std::int64_t running = 0;
    std::map<std::uint32_t, std::int64_t> of_role;
    for (std::uint32_t m = 0; m < gang.members.size(); ++m) {
      const MemberView& member = gang.members[m];
      const bool is_bound = bound.contains(m);
      if (is_bound || CountsTowardsMinimum(member)) ++of_role[member.role];
      const bool runs =
          member.state == MemberState::kAssumed || member.state == MemberState::kBound;
      if (is_bound || runs) ++running;
    }
    if (gang.terms.most && running > *gang.terms.most) {
      Object("gang {} would run with {} members, {} at most", Name(gang), running,
             *gang.terms.most);
    }
    for (std::uint32_t r = 0; r < gang.terms.roles.size(); ++r) {
      const GangRole& role = gang.terms.roles[r];
      if (of_role[r] >= role.least) continue;
      Object("gang {} would hold {} of {} members of role {}", Name(gang), of_role[r], role.least,
             role.name);
    }
  }

  // What must be in one domain of a level has equal labels there and on all levels above.
  void CheckNear(const GangView& gang, const std::set<std::uint32_t>& bound) {
    const std::string& wanted =
        (*snapshot_.shapes)[gang.members.front().shape.index()]->topology_required;
    if (wanted.empty()) return;
    std::vector<NodeId> nodes;
    for (const Placement& placement : plan_.bind) {
      if (placement.gang == gang.id) nodes.push_back(placement.node);
    }
    for (std::uint32_t m = 0; m < gang.members.size(); ++m) {
      const MemberView& member = gang.members[m];
      if (bound.contains(m) || !CountsTowardsMinimum(member) || !member.node.valid()) continue;
      if (member.state != MemberState::kDone) nodes.push_back(member.node);
    }
    for (const TopologyLevel& level : policy_.topology) {
      for (const NodeId node : nodes) {
        const std::string* first =
            FindLabel(snapshot_.nodes->info[nodes.front().index()].labels, level.label);
        const std::string* value =
            FindLabel(snapshot_.nodes->info[node.index()].labels, level.label);
        if (first == nullptr || value == nullptr || *first != *value) {
          return Object("gang {} is not in one {}", Name(gang), wanted);
        }
      }
      if (level.name == wanted) return;
    }
    Object("gang {} asks for topology level {}, which does not exist", Name(gang), wanted);
  }

  void CheckEviction(const Eviction& eviction) {
    const GangView* gang = FindGang(snapshot_, eviction.gang);
    if (gang == nullptr) return Object("evicted gang {} is unknown", eviction.gang.value());
    if (bound_.contains(eviction.gang)) Object("gang {} is bound and evicted", Name(*gang));
    if (!gang->partial) Object("gang {} is evicted and not partial", Name(*gang));
    if (eviction.reason != (gang->started ? "gang_stale" : "gang_rollback")) {
      Object("gang {} is evicted for {}", Name(*gang), eviction.reason);
    }
    if (eviction.members.empty()) Object("gang {} is evicted without members", Name(*gang));
    const auto& evicted = eviction.members;
    for (std::size_t i = 1; i < evicted.size(); ++i) {
      if (evicted[i] <= evicted[i - 1]) Object("gang {} evicts in no order", Name(*gang));
    }
    for (std::uint32_t m = 0; m < gang->members.size(); ++m) {
      const MemberView& member = gang->members[m];
      const bool listed = std::binary_search(evicted.begin(), evicted.end(), m);
      const bool holds = member.state == MemberState::kBound && !member.terminating;
      if (listed && !holds) Object("pod {} is evicted and holds nothing", member.pod);
      if (holds && !listed) Object("pod {} is left behind by an eviction", member.pod);
      if (member.state == MemberState::kAssumed) {
        Object("gang {} is evicted while a binding is under way", Name(*gang));
      }
    }
    if (!evicted.empty() && evicted.back() >= gang->members.size()) {
      Object("gang {} evicts members that it does not have", Name(*gang));
    }
    if (!evicted_.insert(eviction.gang).second) Object("gang {} is evicted twice", Name(*gang));
  }

  void CheckPending() {
    GangId last = GangId::None();
    for (const PendingGang& pending : plan_.pending) {
      const GangView* gang = FindGang(snapshot_, pending.gang);
      if (gang == nullptr) {
        Object("pending gang {} is unknown", pending.gang.value());
        continue;
      }
      if (bound_.contains(pending.gang)) Object("gang {} is bound and pending", Name(*gang));
      if (pending.message.empty()) Object("gang {} waits without a reason", Name(*gang));
      if (last.valid() && pending.gang <= last) Object("pending gangs are out of order");
      last = pending.gang;
    }
  }

  const Snapshot& snapshot_;
  const Policy& policy_;
  const Plan& plan_;
  std::vector<std::string> objections_;
  std::map<GangId, std::set<std::uint32_t>> bound_;
  std::map<NodeId, std::vector<Taken>> taken_;
  std::set<GangId> evicted_;
};

}  // namespace

std::vector<std::string> Verify(const Snapshot& snapshot, const Policy& policy, const Plan& plan) {
  return Verifier(snapshot, policy, plan).Run();
}

}  // namespace fairlead
