#include <algorithm>
#include <bit>
#include <functional>

#include "fairlead/base/check.h"
#include "fairlead/model/gpu_share.h"
#include "scheduler/model/store_state.h"

namespace fairlead {
namespace {

void Mix(std::size_t* hash, std::size_t value) {
  *hash ^= value + 0x9e3779b97f4a7c15ULL + (*hash << 6) + (*hash >> 2);
}

void MixText(std::size_t* hash, const std::string& text) {
  Mix(hash, std::hash<std::string>()(text));
}

void MixRequirements(std::size_t* hash, const std::vector<LabelRequirement>& requirements) {
  for (const LabelRequirement& requirement : requirements) {
    MixText(hash, requirement.key);
    Mix(hash, static_cast<std::size_t>(requirement.op));
    for (const std::string& value : requirement.values) MixText(hash, value);
  }
}

void MixTerm(std::size_t* hash, const NodeTerm& term) {
  Mix(hash, term.names.size());
  MixRequirements(hash, term.labels);
  MixRequirements(hash, term.names);
}

std::size_t HashShape(const PodShape& shape) {
  std::size_t hash = 0;
  Mix(&hash, static_cast<std::size_t>(shape.requests.milli_cpu));
  Mix(&hash, static_cast<std::size_t>(shape.requests.memory_bytes));
  Mix(&hash, static_cast<std::size_t>(shape.requests.ephemeral_bytes));
  Mix(&hash, static_cast<std::size_t>(shape.requests.gpus));
  for (const auto& [name, amount] : shape.requests.extended) {
    MixText(&hash, name);
    Mix(&hash, static_cast<std::size_t>(amount));
  }
  for (const std::string& model : shape.gpu_models) MixText(&hash, model);
  for (const auto& [key, value] : shape.node_selector) {
    MixText(&hash, key);
    MixText(&hash, value);
  }
  if (shape.node_terms) {
    for (const NodeTerm& term : *shape.node_terms) MixTerm(&hash, term);
  }
  for (const NodePreference& preference : shape.preferred) {
    Mix(&hash, static_cast<std::size_t>(preference.weight));
    MixTerm(&hash, preference.term);
  }
  for (const Toleration& toleration : shape.tolerations) {
    MixText(&hash, toleration.key);
    MixText(&hash, toleration.value);
  }
  Mix(&hash, static_cast<std::size_t>(shape.gpu_share.devices));
  Mix(&hash, static_cast<std::size_t>(shape.gpu_share.millionths));
  Mix(&hash, static_cast<std::size_t>(shape.gpu_share.memory_bytes));
  MixText(&hash, shape.gpu_share.share_class);
  MixText(&hash, shape.topology_required);
  MixText(&hash, shape.topology_preferred);
  return hash;
}

// Devices as a mask; 0 if they do not name `count` distinct devices of a node.
GpuMask ToMask(const std::vector<std::int32_t>& devices, std::int32_t count) {
  GpuMask mask = 0;
  for (const std::int32_t device : devices) {
    if (device < 0 || device >= kMaxGpusPerNode) return 0;
    mask |= GpuMask{1} << device;
  }
  return std::popcount(mask) == count ? mask : 0;
}

PodLife LifeOf(const PodInfo& info, PodLife before) {
  if (info.phase == PodPhase::kSucceeded) return PodLife::kDone;
  if (info.phase == PodPhase::kFailed) return PodLife::kFailed;
  if (!info.node_name.empty()) return PodLife::kBound;
  // The watch may lag behind a binding that is under way.
  return before == PodLife::kAssumed ? PodLife::kAssumed : PodLife::kPending;
}

}  // namespace

ShapeId ClusterStore::State::InternShape(const PodShape& shape) {
  const std::size_t hash = HashShape(shape);
  const auto [begin, end] = shape_index.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (*(*shapes)[it->second.index()] == shape) return it->second;
  }
  const ShapeId id(static_cast<std::uint32_t>(shapes->size()));
  ResourceVector requests = ToVector(shape.requests);
  if (shape.gpu_share.devices > 0) InternClass(shape.gpu_share.share_class);
  if (shapes.use_count() > 1) shapes = std::make_shared<Shapes>(*shapes);
  if (shape_requests.use_count() > 1) {
    shape_requests = std::make_shared<std::vector<ResourceVector>>(*shape_requests);
  }
  shapes->push_back(std::make_shared<const PodShape>(shape));
  shape_requests->push_back(std::move(requests));
  shape_index.emplace(hash, id);
  return id;
}

PodRecord* ClusterStore::State::FindPod(std::string_view ns, std::string_view name) {
  std::string key(ns);
  key.append("/").append(name);
  const auto it = pod_index.find(key);
  return it == pod_index.end() ? nullptr : &pods[it->second];
}

void ClusterStore::State::SetLife(PodRecord& pod, PodLife life) {
  if (pod.life != life && pod.holds()) Note(pod);
  const auto waits = [](const PodRecord& p) {
    return p.life == PodLife::kPending && p.gang.valid() && !p.gated && !p.deleting;
  };
  if (pod.counted_pending) --pending;
  pod.life = life;
  pod.counted_pending = waits(pod);
  if (pod.counted_pending) ++pending;
  CountRuled(&pod);
  CountShape(&pod);
}

void ClusterStore::State::CountShape(PodRecord* pod) {
  const bool counts = pod->gang.valid() && IsMember(*pod) && pod->life != PodLife::kDone;
  const ShapeId shape = counts ? pod->shape : ShapeId::None();
  if (shape == pod->counted_shape) return;
  if (shape_members.use_count() > 1) {
    shape_members = std::make_shared<std::vector<std::int64_t>>(*shape_members);
  }
  if (pod->counted_shape.valid()) --(*shape_members)[pod->counted_shape.index()];
  pod->counted_shape = shape;
  if (!shape.valid()) return;
  if (shape.index() >= shape_members->size()) shape_members->resize(shape.index() + 1);
  ++(*shape_members)[shape.index()];
}

// Adds (sign 1) or takes back (sign -1) what the pod holds: on its node's row and on its claim.
void ClusterStore::State::Charge(const PodRecord& pod, std::int64_t sign) {
  const ResourceVector& requests = (*shape_requests)[pod.shape.index()];
  held[pod.node.index()].used.AddTimes(requests, sign);
  if (!pod.gang.valid()) return;
  ResourceVector& allocated = claims[Gang(pod.gang)->claim.index()].allocated;
  allocated.AddTimes(requests, sign);
  if (pod.gpu_charge.valid()) allocated.Add(pod.gpu_charge, sign * GpuMilliOf(pod));
}

void ClusterStore::State::Hold(PodIndex index, NodeId node, GpuMask gpus, GpuGrant grant) {
  PodRecord& pod = pods[index];
  const PodShape& shape = *(*shapes)[pod.shape.index()];
  const std::int32_t count = GpusAsked(shape);
  pod.node = node;
  const bool known = count > 0 && std::popcount(gpus) == count &&
                     (shape.gpu_share.devices > 0 ? HoldShares(index, gpus, grant)
                                                  : (gpus & usage.gpu_used[node.index()]) == 0);
  pod.gpus = known ? gpus : 0;
  pod.gpus_unknown = known ? 0 : count;
  usage.gpu_used[node.index()] |= pod.gpus;
  usage.gpu_unknown[node.index()] += pod.gpus_unknown;
  pod.gpu_charge = ResourceId::None();
  if (count > 0 && pod.gang.valid()) {
    const ModelId model = nodes->model[node.index()];
    pod.gpu_charge = model_resources[(model.valid() ? model : InternKind("", {})).index()];
  }
  Charge(pod, 1);
  Note(pod);
  held[node.index()].pods.push_back(index);
  Settle(index);
  RefreshFree(node);
}

void ClusterStore::State::Release(PodIndex index) {
  PodRecord& pod = pods[index];
  const NodeId node = pod.node;
  Note(pod);
  Charge(pod, -1);
  usage.gpu_used[node.index()] &= ~pod.gpus;
  ReleaseShares(index);
  usage.gpu_unknown[node.index()] -= pod.gpus_unknown;
  pod.gpus = 0;
  pod.gpus_unknown = 0;
  pod.gpu_charge = ResourceId::None();
  pod.node = NodeId::None();
  auto& on_node = held[node.index()].pods;
  const auto it = std::find(on_node.begin(), on_node.end(), index);
  FAIRLEAD_CHECK(it != on_node.end(), "pod {} is not on node row {}", *pod.key, node.value());
  *it = on_node.back();
  on_node.pop_back();
  Unsettle(index);
  RefreshFree(node);
  FreeRow(node);
}

// The node's GPU model became known or changed: what its pods hold is accounted under the new one.
void ClusterStore::State::Recharge(NodeId node) {
  const std::vector<PodIndex> on_node = held[node.index()].pods;
  for (const PodIndex index : on_node) {
    PodRecord& pod = pods[index];
    if (!pod.gpu_charge.valid()) continue;
    Touch(pod.gang, Gang(pod.gang)->touched);
    Charge(pod, -1);
    const ModelId model = nodes->model[node.index()];
    pod.gpu_charge = model_resources[(model.valid() ? model : InternKind("", {})).index()];
    Charge(pod, 1);
  }
}

PodIndex ClusterStore::State::NewRecord(const PodInfo& info, PodIndex* slot) {
  PodIndex index;
  if (free_pods.empty()) {
    index = static_cast<PodIndex>(pods.size());
    pods.emplace_back();
  } else {
    index = free_pods.back();
    free_pods.pop_back();
    pods[index] = PodRecord{};
  }
  *slot = index;
  PodRecord& pod = pods[index];
  pod.in_use = true;
  pod.ns_length = info.ns.size();
  pod.uid = info.uid;
  pod.created = info.created;
  return index;
}

bool ClusterStore::State::SameDemand(const PodRecord& pod, const PodInfo& info,
                                     ShapeId shape) const {
  const Peer& peer = *pod.peer;
  return pod.shape == shape && peer.labels == info.labels && peer.rules == info.rules &&
         pod.deleting == info.deleting && pod.gated == info.gated &&
         pod.priority == info.priority && pod.queue == info.queue && pod.user == info.user &&
         pod.gang_size == info.gang_size.value_or(-1) && pod.role == info.gang_role &&
         (pod.terms ? *pod.terms : GangTerms()) == info.gang_terms && pod.invalid == info.invalid;
}

// A bound pod is about to change or go: if its gang is whole just now, that is remembered, also
// where no snapshot falls into that moment.
void ClusterStore::State::NoteWhole(const PodRecord& pod) {
  if (pod.life != PodLife::kBound || !pod.gang.valid()) return;
  GangRecord* gang = Gang(pod.gang);
  if (!gang->started) Recount(gang);
}

// A change of what the pod is or asks for takes it out of its gang and puts it in again, so that
// every case goes one way: leave, release, set, hold, join.
PodChange ClusterStore::State::Upsert(const PodInfo& info, Instant now) {
  const std::string key = info.ns + "/" + info.name;
  auto it = pod_index.find(key);
  PodChange change = PodChange::kUpdated;
  if (it != pod_index.end() && pods[it->second].uid != info.uid) {
    Erase(it->second, now);
    it = pod_index.end();
    change = PodChange::kReplaced;
  }
  const bool terminal = info.phase == PodPhase::kSucceeded || info.phase == PodPhase::kFailed;
  const bool matters = info.ours || (!info.node_name.empty() && !terminal);
  if (it == pod_index.end()) {
    if (!matters) return change == PodChange::kReplaced ? change : PodChange::kNone;
    it = pod_index.emplace(key, 0).first;
    const PodIndex index = NewRecord(info, &it->second);
    pods[index].key = &it->first;
    if (change != PodChange::kReplaced) change = PodChange::kAdded;
  } else if (!matters) {
    Erase(it->second, now);
    return PodChange::kFinished;
  }
  return Apply(it->second, info, now, change);
}

PodChange ClusterStore::State::Apply(PodIndex index, const PodInfo& info, Instant now,
                                     PodChange change) {
  const ShapeId shape = InternShape(info.shape);
  PodRecord& pod = pods[index];
  pod.generation = Generation(ObjectKind::kPod);
  const PodLife before = pod.life;
  const PodLife life = LifeOf(info, before);
  const bool on_same_node = life != PodLife::kBound ||
                            (pod.holds() && nodes->info[pod.node.index()].name == info.node_name);
  const bool is_new = change != PodChange::kUpdated;
  if (!is_new && life == before && on_same_node && SameDemand(pod, info, shape)) {
    return PodChange::kNone;
  }
  const bool confirmed = before == PodLife::kAssumed && life == PodLife::kBound && on_same_node &&
                         SameDemand(pod, info, shape);
  GpuMask gpus = ToMask(info.gpu_devices, GpusAsked(info.shape));
  GpuGrant grant = info.gpu_grant;
  if (gpus == 0 && on_same_node) gpus = pod.gpus;
  if (grant.of == 0 && on_same_node) grant = pod.grant;
  if (confirmed && gpus == pod.gpus && grant == pod.grant) {
    SetLife(pod, life);
    Touch(pod.gang, now);
    Changed();
    return PodChange::kNowBound;
  }
  NoteWhole(pod);
  const NodeId assumed_on = life == PodLife::kAssumed ? pod.node : NodeId::None();

  if (pod.holds()) Release(index);
  if (!is_new && pod.gang.valid()) Leave(index, now);
  pod.shape = shape;
  pod.peer = InternPeer(info);
  volume_table.reset();
  pod.deleting = info.deleting;
  pod.gated = info.gated;
  pod.priority = info.priority;
  pod.queue = info.queue;
  pod.user = info.user;
  pod.gang_size = info.gang_size.value_or(-1);
  pod.role = info.gang_role;
  pod.terms.reset();
  if (info.gang_terms != GangTerms()) {
    pod.terms = std::make_shared<const GangTerms>(info.gang_terms);
  }
  pod.invalid = info.invalid;
  if (info.ours) Join(index, info.gang, now);
  if (life == PodLife::kBound) {
    const NodeId node = RowFor(info.node_name);
    Hold(index, node, gpus, grant);
  } else if (life == PodLife::kAssumed) {
    Hold(index, assumed_on, gpus, grant);
  }
  SetLife(pods[index], life);
  if (pods[index].gang.valid()) Touch(pods[index].gang, now);
  confirmed ? Changed() : Wake();
  if (life == PodLife::kBound && before != PodLife::kBound) return PodChange::kNowBound;
  const bool ended = life == PodLife::kDone || life == PodLife::kFailed;
  if (ended && before != life) return PodChange::kFinished;
  return change;
}

void ClusterStore::State::Erase(PodIndex index, Instant now) {
  PodRecord& pod = pods[index];
  NoteWhole(pod);
  if (pod.holds()) Release(index);
  if (pod.gang.valid()) Leave(index, now);
  pod.deleting = true;
  SetLife(pod, PodLife::kFailed);
  const std::string key = *pod.key;
  pods[index] = PodRecord{};
  pod_index.erase(key);
  free_pods.push_back(index);
  Wake();
}

}  // namespace fairlead
