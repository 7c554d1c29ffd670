// Who holds what, told in changes.
#include <bit>

#include "fairlead/model/gpu_share.h"
#include "scheduler/model/store_state.h"

namespace fairlead {
namespace {

bool IsDown(const NodeInfo& info) {
  for (const Taint& taint : info.taints) {
    if (taint.key == "node.kubernetes.io/not-ready" ||
        taint.key == "node.kubernetes.io/unreachable") {
      return true;
    }
  }
  return false;
}

}  // namespace

void ClusterStore::State::Note(const PodRecord& pod) {
  if (tracks_usage) noted_pods.insert_or_assign(pod.uid, *pod.key);
}

// What its pods hold is told anew, since their GPUs may be of another model now.
void ClusterStore::State::NoteNode(NodeId node) {
  if (!tracks_usage) return;
  noted_nodes.insert(nodes->info[node.index()].name);
  for (const PodIndex pod : held[node.index()].pods) Note(pods[pod]);
}

PodHolding ClusterStore::State::HoldingOf(const PodRecord& pod) const {
  const NodeInfo& node = nodes->info[pod.node.index()];
  const Amounts& requests = (*shapes)[pod.shape.index()]->requests;
  PodHolding holding;
  holding.ns = pod.ns();
  holding.name = pod.name();
  holding.uid = pod.uid;
  holding.ours = pod.gang.valid();
  holding.assumed = pod.life == PodLife::kAssumed;
  holding.node = node.name;
  holding.devices = MaskToDevices(pod.gpus);
  holding.unknown_gpus = pod.gpus_unknown;
  holding.milli_cpu = requests.milli_cpu;
  holding.memory_bytes = requests.memory_bytes;
  holding.user = pod.user;
  holding.queue = pod.queue;
  holding.labels = pod.peer->labels;
  holding.created = pod.created;
  const ModelId model = nodes->model[pod.node.index()];
  if ((pod.gpus != 0 || pod.gpus_unknown > 0) && model.valid()) {
    // Not the node's own columns: it may be gone while its pods are not.
    const GpuKind& kind = names->kinds[model.index()];
    holding.grant = pod.grant.of > 0 ? pod.grant : GpuGrant{kind.slices, kind.slices};
    holding.gpu_model = names->models[model.index()];
    holding.gpu_memory = kind.memory_bytes;
  } else if (pod.gpus != 0 || pod.gpus_unknown > 0) {
    holding.grant = pod.grant.of > 0 ? pod.grant : GpuGrant{1, 1};
  }
  if (!pod.gang.valid()) return holding;
  const GangRecord& gang = gang_records.at(pod.gang.value());
  const Claim& claim = claims[gang.claim.index()];
  holding.gang = gang.key;
  holding.queue = claim.queue;
  holding.tenant = claim.tenant_label;
  return holding;
}

PodReleased ClusterStore::State::ReleaseOf(const std::string& uid, const std::string& key) const {
  PodReleased released;
  const std::size_t slash = key.find('/');
  released.ns = key.substr(0, slash);
  released.name = key.substr(slash + 1);
  released.uid = uid;
  const auto it = pod_index.find(key);
  if (it == pod_index.end() || pods[it->second].uid != uid) return released;
  switch (pods[it->second].life) {
    case PodLife::kDone:
      released.cause = ReleaseCause::kSucceeded;
      break;
    case PodLife::kFailed:
      released.cause = ReleaseCause::kFailed;
      break;
    case PodLife::kPending:
      released.cause = ReleaseCause::kForgotten;
      break;
    case PodLife::kAssumed:
    case PodLife::kBound:
      break;
  }
  return released;
}

NodeCapacity ClusterStore::State::CapacityOf(const std::string& name) const {
  NodeCapacity capacity;
  capacity.name = name;
  const auto it = node_ids.find(name);
  if (it == node_ids.end() || !nodes->present[it->second.index()]) return capacity;
  const NodeInfo& info = nodes->info[it->second.index()];
  capacity.present = true;
  capacity.down = IsDown(info);
  capacity.milli_cpu = info.allocatable.milli_cpu;
  capacity.memory_bytes = info.allocatable.memory_bytes;
  capacity.gpus = info.allocatable.gpus;
  capacity.gpu_slices = info.gpu_slices;
  capacity.gpu_model = info.gpu_model;
  capacity.gpu_memory = info.gpu_memory;
  return capacity;
}

void ClusterStore::TrackUsage() { state_->tracks_usage = true; }

void ClusterStore::RetellUsage() {
  for (const PodRecord& pod : state_->pods) {
    if (pod.in_use && pod.holds()) state_->Note(pod);
  }
}

UsageDelta ClusterStore::DrainUsage() {
  State& s = *state_;
  UsageDelta delta;
  for (const auto& [uid, key] : s.noted_pods) {
    const auto it = s.pod_index.find(key);
    const bool there = it != s.pod_index.end() && s.pods[it->second].uid == uid;
    if (there && s.pods[it->second].holds()) {
      delta.held.push_back(s.HoldingOf(s.pods[it->second]));
    } else {
      delta.released.push_back(s.ReleaseOf(uid, key));
    }
  }
  delta.nodes.reserve(s.noted_nodes.size());
  for (const std::string& name : s.noted_nodes) delta.nodes.push_back(s.CapacityOf(name));
  s.noted_pods.clear();
  s.noted_nodes.clear();
  return delta;
}

}  // namespace fairlead
