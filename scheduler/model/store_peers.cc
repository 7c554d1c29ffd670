// Pods as rules between pods see them, and the list of those on nodes that a snapshot shows.
#include <algorithm>
#include <functional>
#include <utility>

#include "scheduler/model/store_state.h"

namespace fairlead {
namespace {

// Rules are left out: pods with equal labels mostly have equal ones.
std::size_t HashPeer(const PodInfo& info) {
  std::size_t hash = std::hash<std::string>()(info.ns);
  const auto mix = [&hash](const std::string& text) {
    hash ^= std::hash<std::string>()(text) + 0x9e3779b97f4a7c15ULL + (hash << 6) + (hash >> 2);
  };
  for (const auto& [key, value] : info.labels) {
    mix(key);
    mix(value);
  }
  for (const VolumeUse& use : info.rules.volumes) mix(use.claim);
  return hash;
}

bool SamePeer(const Peer& peer, const PodInfo& info) {
  return peer.ns == info.ns && peer.labels == info.labels && peer.rules == info.rules;
}

}  // namespace

PeerRef ClusterStore::State::InternPeer(const PodInfo& info) {
  constexpr std::size_t kFewPeers = 1024;
  if (peer_index.size() >= 2 * std::max(peers_at_sweep, kFewPeers)) {
    std::erase_if(peer_index, [](const auto& entry) { return entry.second.expired(); });
    peers_at_sweep = peer_index.size();
  }
  const std::size_t hash = HashPeer(info);
  const auto [begin, end] = peer_index.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    PeerRef known = it->second.lock();
    if (known && SamePeer(*known, info)) return known;
  }
  auto peer = std::make_shared<const Peer>(Peer{info.ns, info.labels, info.rules});
  peer_index.emplace(hash, peer);
  return peer;
}

// Follows the pod into and out of being pending with rules.
void ClusterStore::State::CountRuled(PodRecord* pod) {
  const PeerRules& rules = pod->peer->rules;
  const bool counts = pod->counted_pending && !rules.empty();
  const bool was_strict = std::exchange(pod->counted_strict, counts && rules.strict());
  strict += pod->counted_strict ? 1U : 0U;
  strict -= was_strict ? 1U : 0U;
  // Of pods on nodes only those that keep others away ask for anything.
  const bool matters = counts || (pod->holds() && !rules.away.empty());
  const bool was_selecting =
      std::exchange(pod->counted_selecting, matters && AsksForNamespaces(rules));
  selecting += pod->counted_selecting ? 1U : 0U;
  selecting -= was_selecting ? 1U : 0U;
  const auto index = static_cast<PodIndex>(pod - pods.data());
  const bool has_claims = counts && !rules.volumes.empty();
  if (std::exchange(pod->counted_claims, has_claims) != has_claims) {
    has_claims ? (void)claimants.insert(index) : (void)claimants.erase(index);
    volume_table.reset();
  }
  if (counts == pod->counted_ruled) return;
  pod->counted_ruled = counts;
  counts ? ++ruled : --ruled;
  residents_listed = false;
}

// The pod has come to a node.
void ClusterStore::State::Settle(PodIndex index) {
  const bool keeps_away = !pods[index].peer->rules.away.empty();
  if (keeps_away) averse.insert(index);
  if (keeps_away || ruled > 0) residents_listed = false;
}

void ClusterStore::State::Unsettle(PodIndex index) {
  if (averse.erase(index) > 0 || ruled > 0) residents_listed = false;
}

std::shared_ptr<const NamespaceLabels> ClusterStore::State::LabelsOfNamespaces() {
  if (!namespace_labels) {
    auto labels = std::make_shared<NamespaceLabels>();
    for (const auto& [name, known] : namespaces) labels->emplace(name, known.info.labels);
    namespace_labels = std::move(labels);
  }
  return namespace_labels;
}

void ClusterStore::State::ListResidents() {
  if (residents_listed) return;
  residents_listed = true;
  volume_table.reset();
  residents.reset();
  if (ruled == 0 && averse.empty()) return;
  auto list = std::make_shared<std::vector<Resident>>();
  const auto add = [&](PodIndex index) {
    const PodRecord& pod = pods[index];
    list->push_back({pod.node, pod.deleting, pod.peer});
  };
  if (ruled > 0) {
    for (const NodeHeld& node : held) {
      for (const PodIndex index : node.pods) add(index);
    }
  } else {
    for (const PodIndex index : averse) add(index);
    std::stable_sort(list->begin(), list->end(),
                     [](const Resident& a, const Resident& b) { return a.node < b.node; });
  }
  residents = std::move(list);
}

}  // namespace fairlead
