#include "fairlead/placement/volume_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fairlead {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 4> kZoneLabels = {{
    // what a label is called now
    {"failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"},
    {"failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"},
    {"topology.kubernetes.io/zone", "topology.kubernetes.io/zone"},
    {"topology.kubernetes.io/region", "topology.kubernetes.io/region"},
}};

bool HasZone(const NodeInfo& node) {
  return std::any_of(kZoneLabels.begin(), kZoneLabels.end(), [&node](const auto& label) {
    return FindLabel(node.labels, label.first) != nullptr;
  });
}

const std::string* ZoneOf(const NodeInfo& node, const std::string& label) {
  if (const std::string* value = FindLabel(node.labels, label)) return value;
  for (const auto& [name, now] : kZoneLabels) {
    if (label == name) return FindLabel(node.labels, now);
  }
  return nullptr;
}

bool ZonesAllow(const VolumeInfo& volume, const NodeInfo& node) {
  return std::all_of(volume.zones.begin(), volume.zones.end(), [&node](const auto& zone) {
    const std::string* value = ZoneOf(node, zone.first);
    return value != nullptr && std::binary_search(zone.second.begin(), zone.second.end(), *value);
  });
}

bool NodeAllowed(const VolumeInfo& volume, const NodeInfo& node) {
  return !volume.node_terms ||
         std::any_of(volume.node_terms->begin(), volume.node_terms->end(),
                     [&node](const NodeTerm& term) { return Holds(term, node.name, node.labels); });
}

template <typename Map, typename Key>
std::uint32_t NumberOf(Map* map, const Key& key) {
  return map->try_emplace(key, static_cast<std::uint32_t>(map->size())).first->second;
}

}  // namespace

VolumeBook::VolumeBook(const Snapshot& snapshot, bool running) : running_(running), uses_(1) {
  if (!snapshot.volumes) return;
  snapshot_ = &snapshot;
  const std::vector<NodeId>& by_name = snapshot.nodes->by_name;
  for (std::uint32_t rank = 0; rank < by_name.size(); ++rank) {
    const auto node =
        snapshot.volumes->nodes.find(snapshot.nodes->info[by_name[rank].index()].name);
    if (node == snapshot.volumes->nodes.end()) continue;
    for (const auto& [driver, count] : node->second->limits) {
      limits_[{rank, NumberOf(&driver_ids_, driver)}] = count;
    }
  }
}

VolumeBook::Use VolumeBook::UseOf(const Peer& peer) {
  if (snapshot_ == nullptr || peer.rules.volumes.empty()) return kNone;
  const auto [it, added] =
      use_ids_.try_emplace({peer.ns, peer.rules.volumes}, static_cast<Use>(uses_.size()));
  if (!added) return it->second;
  UseData data;
  if (!snapshot_->volumes->listed && running_) {
    data.problem =
        "PersistentVolumeClaims, PersistentVolumes, StorageClasses and CSINodes are not "
        "listed yet";
  }
  for (const VolumeUse& use : peer.rules.volumes) AddClaim(peer.ns, use, &data);
  std::sort(data.attached.begin(), data.attached.end());
  data.attached.erase(std::unique(data.attached.begin(), data.attached.end()), data.attached.end());
  uses_.push_back(std::move(data));
  return it->second;
}

void VolumeBook::AddClaim(const std::string& ns, const VolumeUse& use, UseData* data) {
  const VolumeTable& table = *snapshot_->volumes;
  const auto found = table.claims.find({ns, use.claim});
  const VolumeClaimInfo* claim = found == table.claims.end() ? nullptr : found->second.get();
  if (data->problem.empty()) data->problem = ProblemOf(use, claim);
  if (claim == nullptr) return;
  if (claim->one_pod) {
    const std::uint32_t number = NumberOf(&one_pod_ids_, found->first);
    if (number == one_pod_users_.size()) one_pod_users_.push_back(0);
    data->one_pod.push_back(number);
  }
  if (!claim->bound) return;
  const auto volume = table.volumes.find(claim->volume);
  if (volume == table.volumes.end()) {
    data->missing = running_;
    return;
  }
  const VolumeInfo& info = *volume->second;
  if (data->problem.empty() && !info.unsupported.empty()) {
    data->problem = fmt::format("persistentvolume \"{}\": {}", info.name, info.unsupported);
  }
  data->volumes.push_back(&info);
  Attach(info, data);
}

std::string VolumeBook::ProblemOf(const VolumeUse& use, const VolumeClaimInfo* claim) const {
  if (!running_) return {};
  if (claim == nullptr) {
    return use.pod_uid.empty() ? fmt::format("persistentvolumeclaim \"{}\" not found", use.claim)
                               : fmt::format(
                                     "waiting for ephemeral volume controller to create the "
                                     "persistentvolumeclaim \"{}\"",
                                     use.claim);
  }
  if (claim->lost) {
    return fmt::format("persistentvolumeclaim \"{}\" bound to non-existent persistentvolume \"{}\"",
                       claim->name, claim->volume);
  }
  if (claim->deleting) {
    return fmt::format("persistentvolumeclaim \"{}\" is being deleted", claim->name);
  }
  if (!use.pod_uid.empty() && use.pod_uid != claim->owner_uid) {
    return fmt::format("PVC {}/{} was not created for pod {}/{} (pod is not owner)", claim->ns,
                       claim->name, claim->ns, use.pod);
  }
  if (claim->bound) return {};
  const auto& classes = snapshot_->volumes->classes;
  const auto found = classes.find(claim->storage_class);
  const bool waits = found != classes.end() && found->second->on_first_use;
  if (!waits || !claim->volume.empty()) return "pod has unbound immediate PersistentVolumeClaims";
  return fmt::format(
      "persistentvolumeclaim \"{}\" is not bound, and volumeBindingMode: WaitForFirstConsumer of "
      "storageclass \"{}\" is not supported yet",
      claim->name, claim->storage_class);
}

void VolumeBook::Attach(const VolumeInfo& volume, UseData* data) {
  if (volume.driver.empty() || volume.handle.empty()) return;
  const auto driver = driver_ids_.find(volume.driver);
  if (driver == driver_ids_.end()) return;  // no node limits it
  const std::pair key(driver->second, volume.handle);
  data->attached.push_back({driver->second, NumberOf(&handle_ids_, key)});
}

VolumeRule VolumeBook::Broken(Use number, std::uint32_t rank) const {
  const UseData& use = uses_[number];
  const bool in_use = std::any_of(use.one_pod.begin(), use.one_pod.end(),
                                  [&](std::uint32_t claim) { return one_pod_users_[claim] > 0; });
  if (in_use) return VolumeRule::kInUse;
  if (TooMany(use, rank)) return VolumeRule::kTooMany;
  const NodeInfo& node = snapshot_->nodes->info[snapshot_->nodes->by_name[rank].index()];
  const auto all = [&use, &node](bool (*allowed)(const VolumeInfo&, const NodeInfo&)) {
    return std::all_of(use.volumes.begin(), use.volumes.end(),
                       [&](const VolumeInfo* volume) { return allowed(*volume, node); });
  };
  if (!all(NodeAllowed)) return VolumeRule::kNode;
  if (use.missing) return VolumeRule::kMissing;
  return HasZone(node) && !all(ZonesAllow) ? VolumeRule::kZone : VolumeRule::kNone;
}

bool VolumeBook::TooMany(const UseData& use, std::uint32_t rank) const {
  std::uint32_t driver = 0;
  std::int64_t added = 0;
  const auto full = [&] {
    const auto limit = limits_.find({rank, driver});
    if (added == 0 || limit == limits_.end()) return false;
    const auto held = held_.find({rank, driver});
    return (held == held_.end() ? 0 : held->second) + added > limit->second;
  };
  // In order of drivers.
  for (const Attached& one : use.attached) {
    if (one.driver != driver) {
      if (full()) return true;
      driver = one.driver;
      added = 0;
    }
    if (!users_.contains({rank, one})) ++added;
  }
  return full();
}

void VolumeBook::Change(Use number, std::uint32_t rank, std::int32_t by) {
  if (number == kNone) return;
  const UseData& use = uses_[number];
  for (const std::uint32_t claim : use.one_pod) one_pod_users_[claim] += by;
  for (const Attached& one : use.attached) {
    const auto [users, added] = users_.try_emplace({rank, one}, 0);
    if (added) ++held_[{rank, one.driver}];
    users->second += by;
    if (users->second > 0) continue;
    users_.erase(users);
    --held_[{rank, one.driver}];
  }
}

}  // namespace fairlead
