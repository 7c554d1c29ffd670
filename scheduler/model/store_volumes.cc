// What claims to volumes lead to. Objects are kept as they come; a snapshot shows those that pods
// on nodes and pending ones use, and shows nothing while no pending pod has a claim.
#include <utility>

#include "scheduler/model/store_state.h"

namespace fairlead {
namespace {

// True where something changed.
template <typename Map, typename Key, typename Info>
bool Put(Map* map, const Key& key, const Info& info, std::uint32_t generation) {
  auto& known = (*map)[key];
  known.generation = generation;
  if (known.info && *known.info == info) return false;
  known.info = std::make_shared<const Info>(info);
  return true;
}

template <typename Map, typename Key>
auto Get(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : it->second.info;
}

}  // namespace

void ClusterStore::State::VolumesChanged() {
  volume_table.reset();
  if (!claimants.empty()) Wake();
}

void ClusterStore::UpsertVolumeClaim(const VolumeClaimInfo& claim) {
  const std::uint32_t generation = state_->Generation(ObjectKind::kVolumeClaim);
  const std::pair key(claim.ns, claim.name);
  if (Put(&state_->volume_claims, key, claim, generation)) state_->VolumesChanged();
}

void ClusterStore::RemoveVolumeClaim(std::string_view ns, std::string_view name) {
  const std::pair key{std::string(ns), std::string(name)};
  if (state_->volume_claims.erase(key) > 0) state_->VolumesChanged();
}

void ClusterStore::UpsertVolume(const VolumeInfo& volume) {
  const std::uint32_t generation = state_->Generation(ObjectKind::kVolume);
  if (Put(&state_->volumes, volume.name, volume, generation)) state_->VolumesChanged();
}

void ClusterStore::RemoveVolume(std::string_view name) {
  if (state_->volumes.erase(std::string(name)) > 0) state_->VolumesChanged();
}

void ClusterStore::UpsertStorageClass(const StorageClassInfo& storage_class) {
  const std::uint32_t generation = state_->Generation(ObjectKind::kStorageClass);
  if (Put(&state_->storage_classes, storage_class.name, storage_class, generation)) {
    state_->VolumesChanged();
  }
}

void ClusterStore::RemoveStorageClass(std::string_view name) {
  if (state_->storage_classes.erase(std::string(name)) > 0) state_->VolumesChanged();
}

void ClusterStore::UpsertCsiNode(const CsiNodeInfo& node) {
  const std::uint32_t generation = state_->Generation(ObjectKind::kCsiNode);
  if (Put(&state_->csi_nodes, node.node, node, generation)) state_->VolumesChanged();
}

void ClusterStore::RemoveCsiNode(std::string_view name) {
  if (state_->csi_nodes.erase(std::string(name)) > 0) state_->VolumesChanged();
}

// A list of the kind is complete.
void ClusterStore::State::SweepVolumes(ObjectKind kind) {
  const std::uint32_t now = Generation(kind);
  const auto sweep = [now](auto* map) { return !Sweep(map, now).empty(); };
  bool changed = volume_kinds_listed.insert(kind).second;
  if (kind == ObjectKind::kVolumeClaim) changed = sweep(&volume_claims) || changed;
  if (kind == ObjectKind::kVolume) changed = sweep(&volumes) || changed;
  if (kind == ObjectKind::kStorageClass) changed = sweep(&storage_classes) || changed;
  if (kind == ObjectKind::kCsiNode) changed = sweep(&csi_nodes) || changed;
  if (changed) VolumesChanged();
}

std::shared_ptr<const VolumeTable> ClusterStore::State::VolumesInUse() {
  if (volume_table) return volume_table;
  auto table = std::make_shared<VolumeTable>();
  table->listed = volume_kinds_listed.size() == kVolumeKinds.size();
  const auto add = [&](const Peer& peer) {
    for (const VolumeUse& use : peer.rules.volumes) {
      const std::pair key(peer.ns, use.claim);
      const auto claim = Get(volume_claims, key);
      if (!claim || !table->claims.emplace(key, claim).second) continue;
      if (const auto volume = Get(volumes, claim->volume)) {
        table->volumes.emplace(volume->name, volume);
      }
      if (const auto storage_class = Get(storage_classes, claim->storage_class)) {
        table->classes.emplace(storage_class->name, storage_class);
      }
    }
  };
  for (const PodIndex index : claimants) add(*pods[index].peer);
  for (const Resident& resident : *residents) add(*resident.peer);
  for (const auto& [name, known] : csi_nodes) {
    if (!known.info->limits.empty()) table->nodes.emplace(name, known.info);
  }
  volume_table = std::move(table);
  return volume_table;
}

}  // namespace fairlead
