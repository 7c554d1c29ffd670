#include "fairlead/model/cluster_store.h"

#include <utility>

#include "fairlead/base/check.h"
#include "scheduler/model/store_state.h"

namespace fairlead {
ClusterStore::ClusterStore() : state_(std::make_unique<State>()) {}
ClusterStore::~ClusterStore() = default;

void ClusterStore::UpsertNode(const NodeInfo& node) { state_->SetNode(node); }

void ClusterStore::RemoveNode(std::string_view name) {
  const auto it = state_->node_ids.find(std::string(name));
  if (it != state_->node_ids.end()) state_->ClearNode(it->second);
}

PodChange ClusterStore::UpsertPod(const PodInfo& pod, Instant now) {
  return state_->Upsert(pod, now);
}

bool ClusterStore::RemovePod(std::string_view ns, std::string_view name, std::string_view uid,
                             Instant now) {
  const PodRecord* pod = state_->FindPod(ns, name);
  if (pod == nullptr || (!uid.empty() && pod->uid != uid)) return false;
  state_->Erase(static_cast<PodIndex>(pod - state_->pods.data()), now);
  return true;
}

void ClusterStore::UpsertJob(const JobInfo& job, Instant now) {
  auto& known = state_->jobs[{job.ns, job.name, job.uid}];
  const bool fresh = known.generation == 0;
  known.generation = state_->Generation(ObjectKind::kJob);
  if (!fresh && known.info.parallelism == job.parallelism) return;
  known.info = job;
  state_->TouchGangs(job.ns, GangKind::kJob, job.name, now);
}

void ClusterStore::RemoveJob(std::string_view ns, std::string_view name, std::string_view uid,
                             Instant now) {
  if (state_->jobs.erase({std::string(ns), std::string(name), std::string(uid)}) == 0) return;
  state_->TouchGangs(std::string(ns), GangKind::kJob, std::string(name), now);
}

void ClusterStore::UpsertPodGroup(const PodGroupInfo& group, Instant now) {
  auto& known = state_->groups[{group.ns, group.name}];
  known.generation = state_->Generation(ObjectKind::kPodGroup);
  known.info = group;
  state_->TouchGangs(group.ns, GangKind::kPodGroup, group.name, now);
}

void ClusterStore::RemovePodGroup(std::string_view ns, std::string_view name, Instant now) {
  if (state_->groups.erase({std::string(ns), std::string(name)}) == 0) return;
  state_->TouchGangs(std::string(ns), GangKind::kPodGroup, std::string(name), now);
}

void ClusterStore::UpsertNamespace(const NamespaceInfo& ns) {
  auto& known = state_->namespaces[ns.name];
  known.generation = state_->Generation(ObjectKind::kNamespace);
  const bool fresh = known.info.name.empty();
  const bool relabelled = fresh || known.info.labels != ns.labels;
  const bool retenanted = fresh || known.info.tenant != ns.tenant;
  if (!relabelled && !retenanted) return;
  known.info = ns;
  if (relabelled) state_->Relabel();
  if (retenanted) state_->Retenant(ns.name, ns.tenant);
}

void ClusterStore::RemoveNamespace(std::string_view name) {
  if (state_->namespaces.erase(std::string(name)) == 0) return;
  state_->Relabel();
  state_->Retenant(std::string(name), "");
}

// The labels of a namespace have changed.
void ClusterStore::State::Relabel() {
  namespace_labels.reset();
  if (selecting > 0) Wake();
}

void ClusterStore::State::Retenant(const std::string& ns, const std::string& tenant) {
  for (auto it = claim_index.lower_bound({ns, "", ""});
       it != claim_index.end() && std::get<0>(it->first) == ns; ++it) {
    claims[it->second.index()].tenant_label = tenant;
  }
  for (const PodRecord& pod : pods) {
    if (tracks_usage && pod.in_use && pod.holds() && pod.ns() == ns) Note(pod);
  }
  Wake();
}

void ClusterStore::BeginRelist(ObjectKind kind) {
  ++state_->generation[static_cast<std::size_t>(kind)];
}

std::vector<PodRef> ClusterStore::EndRelist(ObjectKind kind, Instant now) {
  State& s = *state_;
  const std::uint32_t generation = s.Generation(kind);
  std::vector<PodRef> gone;
  switch (kind) {
    case ObjectKind::kPod:
      for (PodIndex i = 0; i < s.pods.size(); ++i) {
        const PodRecord& pod = s.pods[i];
        if (!pod.in_use || pod.generation == generation) continue;
        gone.push_back({std::string(pod.ns()), std::string(pod.name()), pod.uid});
        s.Erase(i, now);
      }
      break;
    case ObjectKind::kNode:
      for (std::uint32_t n = 0; n < s.nodes->size(); ++n) {
        if (s.nodes->present[n] && s.held[n].generation != generation) s.ClearNode(NodeId(n));
      }
      break;
    case ObjectKind::kJob:
      for (const auto& [ns, name, uid] : Sweep(&s.jobs, generation)) {
        s.TouchGangs(ns, GangKind::kJob, name, now);
      }
      break;
    case ObjectKind::kPodGroup:
      for (const auto& [ns, name] : Sweep(&s.groups, generation)) {
        s.TouchGangs(ns, GangKind::kPodGroup, name, now);
      }
      break;
    case ObjectKind::kNamespace:
      for (const std::string& name : Sweep(&s.namespaces, generation)) {
        s.Relabel();
        s.Retenant(name, "");
      }
      break;
    case ObjectKind::kVolumeClaim:
    case ObjectKind::kVolume:
    case ObjectKind::kStorageClass:
    case ObjectKind::kCsiNode:
      s.SweepVolumes(kind);
      return gone;
    case ObjectKind::kQueue:
      return gone;
  }
  s.Wake();
  return gone;
}

bool ClusterStore::Assume(const PodRef& ref, NodeId node, GpuMask gpus, Instant now) {
  State& s = *state_;
  PodRecord* pod = s.FindPod(ref.ns, ref.name);
  if (pod == nullptr || pod->uid != ref.uid || pod->life != PodLife::kPending) return false;
  if (pod->deleting || pod->gated || !pod->gang.valid()) return false;
  if (node.index() >= s.nodes->size() || !s.nodes->present[node.index()]) return false;
  s.FitUsage();
  s.Hold(static_cast<PodIndex>(pod - s.pods.data()), node, gpus, {});
  s.SetLife(*pod, PodLife::kAssumed);
  s.Touch(pod->gang, now);
  // It may be what a pod with affinity waits for.
  s.strict > 0 ? s.Wake() : s.Changed();
  return true;
}

bool ClusterStore::Forget(const PodRef& ref, Instant now) {
  State& s = *state_;
  PodRecord* pod = s.FindPod(ref.ns, ref.name);
  if (pod == nullptr || pod->uid != ref.uid || pod->life != PodLife::kAssumed) return false;
  s.Release(static_cast<PodIndex>(pod - s.pods.data()));
  s.SetLife(*pod, PodLife::kPending);
  s.Touch(pod->gang, now);
  s.Wake();
  return true;
}

std::uint64_t ClusterStore::NodeStamp(NodeId node) const {
  return state_->held[node.index()].stamp;
}

bool ClusterStore::StillSound(const PodRef& ref, std::uint64_t stamp) const {
  const PodRecord* pod = state_->FindPod(ref.ns, ref.name);
  if (pod == nullptr || pod->uid != ref.uid || pod->life != PodLife::kAssumed) return false;
  if (pod->deleting || pod->gated) return false;
  return NodeStamp(pod->node) == stamp && !state_->Overbooked(*pod);
}

bool ClusterStore::HasNode(std::string_view name) const {
  const auto it = state_->node_ids.find(std::string(name));
  return it != state_->node_ids.end() && state_->nodes->present[it->second.index()];
}

void ClusterStore::Delay(GangId gang, Instant until) {
  GangRecord* record = state_->Gang(gang);
  if (record == nullptr) return;
  record->not_before = until;
  state_->Touch(gang, record->touched);
  state_->Changed();
}

std::optional<PodStatus> ClusterStore::Find(std::string_view ns, std::string_view name) const {
  const PodRecord* pod = state_->FindPod(ns, name);
  if (pod == nullptr) return std::nullopt;
  PodStatus status;
  status.ref = {std::string(ns), std::string(name), pod->uid};
  status.gang = pod->gang;
  status.deleting = pod->deleting;
  status.failed = pod->life == PodLife::kFailed;
  status.created = pod->created;
  if (pod->life == PodLife::kAssumed) status.state = MemberState::kAssumed;
  if (pod->life == PodLife::kBound) status.state = MemberState::kBound;
  if (pod->life == PodLife::kDone) status.state = MemberState::kDone;
  if (pod->node.valid()) status.node = state_->nodes->info[pod->node.index()].name;
  return status;
}

std::uint64_t ClusterStore::version() const { return state_->version; }
std::uint64_t ClusterStore::wake_count() const { return state_->wakes; }
std::size_t ClusterStore::node_count() const { return state_->present_nodes; }
std::size_t ClusterStore::pod_count() const { return state_->pod_index.size(); }
std::size_t ClusterStore::gang_count() const { return state_->gang_records.size(); }
std::size_t ClusterStore::pending_count() const { return state_->pending; }

std::shared_ptr<const Snapshot> ClusterStore::TakeSnapshot() {
  State& s = *state_;
  if (s.last && s.last->version == s.version) return s.last;
  s.last.reset();  // so that what only the last snapshot shared is not copied once more
  s.PublishDirty();
  s.SortNames();
  s.FitUsage();
  s.ListShares();
  s.ListResidents();
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->version = s.version;
  snapshot->names = s.names;
  snapshot->nodes = s.nodes;
  snapshot->usage = s.usage;
  snapshot->shapes = s.shapes;
  snapshot->shape_requests = s.shape_requests;
  snapshot->shape_members = s.shape_members;
  snapshot->claims = s.claims;
  snapshot->gangs.reserve(s.chunks.size());
  for (const auto& [number, chunk] : s.chunks) snapshot->gangs.push_back(chunk);
  snapshot->waiting.reserve(s.waiting.size());
  for (const auto& [id, view] : s.waiting) snapshot->waiting.push_back(view);
  snapshot->residents = s.residents;
  if (s.residents && s.selecting > 0) snapshot->namespaces = s.LabelsOfNamespaces();
  if (!s.claimants.empty()) snapshot->volumes = s.VolumesInUse();
  s.last = snapshot;
  return snapshot;
}

}  // namespace fairlead
