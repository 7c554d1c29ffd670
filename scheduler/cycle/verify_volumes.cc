// Claims to volumes, from their definitions: each placement is held against the pods themselves,
// where the passes keep sums.
#include "scheduler/cycle/verify_volumes.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "fairlead/model/volumes.h"
#include "scheduler/cycle/verify_nodes.h"

namespace fairlead {
namespace {

using ClaimKey = std::pair<std::string, std::string>;

class VolumeVerifier {
 public:
  explicit VolumeVerifier(const Snapshot& snapshot) : snapshot_(snapshot) {
    if (!snapshot.residents) return;
    for (const Resident& resident : *snapshot.residents) Settle(*resident.peer, resident.node);
  }

  std::vector<std::string> Run(const Plan& plan) {
    for (const Placement& placement : plan.bind) {
      const MemberView& member = FindGang(snapshot_, placement.gang)->members[placement.member];
      if (!member.peer || member.peer->rules.volumes.empty()) continue;
      const NodeInfo& node = snapshot_.nodes->info[placement.node.index()];
      const std::string problem = Check(*member.peer, placement.node, node);
      if (!problem.empty()) {
        objections_.push_back(
            fmt::format("pod {} is bound to node {}: {}", member.pod, node.name, problem));
      }
      Settle(*member.peer, placement.node);
    }
    return std::move(objections_);
  }

 private:
  const VolumeClaimInfo* ClaimOf(const ClaimKey& key) const {
    if (!snapshot_.volumes) return nullptr;
    const auto it = snapshot_.volumes->claims.find(key);
    return it == snapshot_.volumes->claims.end() ? nullptr : it->second.get();
  }

  // That the claim is bound to.
  const VolumeInfo* VolumeOf(const ClaimKey& key) const {
    const VolumeClaimInfo* claim = ClaimOf(key);
    if (claim == nullptr || !claim->bound) return nullptr;
    const auto it = snapshot_.volumes->volumes.find(claim->volume);
    return it == snapshot_.volumes->volumes.end() ? nullptr : it->second.get();
  }

  void Settle(const Peer& peer, NodeId node) {
    for (const VolumeUse& use : peer.rules.volumes) {
      const ClaimKey key(peer.ns, use.claim);
      ++users_[key];
      const VolumeInfo* volume = VolumeOf(key);
      if (volume != nullptr && !volume->handle.empty())
        attached_[node][volume->driver].insert(volume->handle);
    }
  }

  std::string Check(const Peer& peer, NodeId id, const NodeInfo& node) {
    if (!snapshot_.volumes || !snapshot_.volumes->listed) return "claims are not known";
    std::map<std::string, std::set<std::string>> after = attached_[id];
    for (const VolumeUse& use : peer.rules.volumes) {
      const ClaimKey key(peer.ns, use.claim);
      const VolumeClaimInfo* claim = ClaimOf(key);
      if (claim == nullptr) return fmt::format("claim {} does not exist", use.claim);
      const bool own = use.pod_uid.empty() || use.pod_uid == claim->owner_uid;
      if (claim->lost || claim->deleting || !claim->bound || !own) {
        return fmt::format("claim {} is not ready for it", use.claim);
      }
      if (claim->one_pod && users_[key] > 0) {
        return fmt::format("claim {} is in use by another pod", use.claim);
      }
      const VolumeInfo* volume = VolumeOf(key);
      if (volume == nullptr) return fmt::format("claim {} has no volume", use.claim);
      if (!volume->unsupported.empty()) return volume->unsupported;
      if (volume->node_terms && !AnyHolds(*volume->node_terms, node)) {
        return fmt::format("volume {} is not for this node", volume->name);
      }
      if (!InZones(*volume, node)) return fmt::format("volume {} is in no such zone", volume->name);
      if (!volume->handle.empty()) after[volume->driver].insert(volume->handle);
    }
    const auto limits = snapshot_.volumes->nodes.find(node.name);
    if (limits == snapshot_.volumes->nodes.end()) return {};
    for (const auto& [driver, most] : limits->second->limits) {
      const std::size_t before = attached_[id][driver].size();
      const auto count = static_cast<std::int64_t>(after[driver].size());
      if (count > most && after[driver].size() > before) {
        return fmt::format("{} volumes of {} would be attached, {} at most", count, driver, most);
      }
    }
    return {};
  }

  static bool InZones(const VolumeInfo& volume, const NodeInfo& node) {
    const std::map<std::string, std::string> modern = {
        {"failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"},
        {"failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"}};
    bool any = false;
    for (const auto& [old, now] : modern) {
      any = any || FindLabel(node.labels, old) != nullptr || FindLabel(node.labels, now) != nullptr;
    }
    for (const auto& [label, values] : volume.zones) {
      const std::string* value = FindLabel(node.labels, label);
      const auto now = modern.find(label);
      if (value == nullptr && now != modern.end()) value = FindLabel(node.labels, now->second);
      bool found = false;
      for (const std::string& allowed : values) found = found || (value && allowed == *value);
      if (any && !found) return false;
    }
    return true;
  }

  const Snapshot& snapshot_;
  std::vector<std::string> objections_;
  std::map<ClaimKey, int> users_;
  std::map<NodeId, std::map<std::string, std::set<std::string>>> attached_;  // driver, handles
};

}  // namespace

std::vector<std::string> VerifyVolumes(const Snapshot& snapshot, const Plan& plan) {
  return VolumeVerifier(snapshot).Run(plan);
}

}  // namespace fairlead
