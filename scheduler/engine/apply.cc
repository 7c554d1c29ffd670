#include <algorithm>
#include <type_traits>
#include <utility>

#include "fairlead/engine/log.h"
#include "scheduler/engine/engine_state.h"

namespace fairlead {
namespace {

// Reasons with which a kubelet turns away a pod that it was given: the node had less than we
// thought.
bool IsKubeletRejection(const PodInfo& pod) {
  return pod.phase == PodPhase::kFailed && (pod.status_reason.starts_with("OutOf") ||
                                            pod.status_reason == "UnexpectedAdmissionError");
}

}  // namespace

void Engine::State::Apply(Event& event, Instant now) {
  const auto apply = [this, now](auto& e) {
    using T = std::decay_t<decltype(e)>;
    if constexpr (std::is_same_v<T, NodeUpserted>) store.UpsertNode(e.node);
    if constexpr (std::is_same_v<T, NodeRemoved>) store.RemoveNode(e.name);
    if constexpr (std::is_same_v<T, PodUpserted>) ApplyPod(e.pod, now);
    if constexpr (std::is_same_v<T, PodRemoved>) {
      store.RemovePod(e.pod.ns, e.pod.name, e.pod.uid, now);
      evicting.erase(e.pod.uid);
    }
    if constexpr (std::is_same_v<T, JobUpserted>) store.UpsertJob(e.job, now);
    if constexpr (std::is_same_v<T, JobRemoved>) store.RemoveJob(e.ns, e.name, e.uid, now);
    if constexpr (std::is_same_v<T, PodGroupUpserted>) store.UpsertPodGroup(e.group, now);
    if constexpr (std::is_same_v<T, PodGroupRemoved>) store.RemovePodGroup(e.ns, e.name, now);
    if constexpr (std::is_same_v<T, NamespaceUpserted>) store.UpsertNamespace(e.ns);
    if constexpr (std::is_same_v<T, NamespaceRemoved>) store.RemoveNamespace(e.name);
    if constexpr (std::is_same_v<T, VolumeClaimUpserted>) store.UpsertVolumeClaim(e.claim);
    if constexpr (std::is_same_v<T, VolumeClaimRemoved>) store.RemoveVolumeClaim(e.ns, e.name);
    if constexpr (std::is_same_v<T, VolumeUpserted>) store.UpsertVolume(e.volume);
    if constexpr (std::is_same_v<T, VolumeRemoved>) store.RemoveVolume(e.name);
    if constexpr (std::is_same_v<T, StorageClassUpserted>)
      store.UpsertStorageClass(e.storage_class);
    if constexpr (std::is_same_v<T, StorageClassRemoved>) store.RemoveStorageClass(e.name);
    if constexpr (std::is_same_v<T, CsiNodeUpserted>) store.UpsertCsiNode(e.node);
    if constexpr (std::is_same_v<T, CsiNodeRemoved>) store.RemoveCsiNode(e.name);
    if constexpr (std::is_same_v<T, QueueUpserted>) queue_source.Upsert(e.queue);
    if constexpr (std::is_same_v<T, QueueRemoved>) queue_source.Remove(e.name);
    if constexpr (std::is_same_v<T, PolicyReplaced>) ReplacePolicy(std::move(e.policy));
    if constexpr (std::is_same_v<T, RelistBegun>) BeginRelist(e.kind);
    if constexpr (std::is_same_v<T, RelistEnded>) EndRelist(e.kind, now);
    if constexpr (std::is_same_v<T, BindFinished>) Finish(e, now);
    if constexpr (std::is_same_v<T, EvictFinished>) Finish(e, now);
  };
  std::visit(apply, event);
}

void Engine::State::BeginRelist(ObjectKind kind) {
  if (kind == ObjectKind::kQueue) return queue_source.BeginRelist();
  store.BeginRelist(kind);
}

void Engine::State::EndRelist(ObjectKind kind, Instant now) {
  if (kind == ObjectKind::kQueue) {
    queue_source.EndRelist();
  } else {
    for (const PodRef& gone : store.EndRelist(kind, now)) evicting.erase(gone.uid);
  }
  const std::lock_guard lock(mutex);
  listed.insert(kind);
  synced =
      sync_known && std::includes(listed.begin(), listed.end(), expected.begin(), expected.end());
}

void Engine::State::ReplacePolicy(Policy next) {
  queue_source.Declare(std::move(next.queues));
  next.queues = std::move(policy.queues);  // until RefreshQueues
  policy = std::move(next);
  store.RetellUsage();  // namespaces may belong to other tenants now
  policy_changed = true;
  table_due = true;
}

// Rights and shares may be others now, so that any gang might start: decide again.
void Engine::State::RefreshQueues(Instant now) {
  if (!queue_source.Refresh(now)) return;
  policy.queues = queue_source.queues();
  policy_changed = true;
  table_due = true;
}

void Engine::State::ApplyPod(const PodInfo& pod, Instant now) {
  const PodChange change = store.UpsertPod(pod, now);
  if (!pod.ours) return;
  if (change == PodChange::kFinished && IsKubeletRejection(pod)) {
    metrics->CountKubeletRejection();
    Log(LogLevel::kWarning, "pod {}/{} was turned away by node {}: {}", pod.ns, pod.name,
        pod.node_name, pod.status_reason);
  }
  if (change == PodChange::kNowBound) CheckPlanned(pod, now);
}

// A pod of ours shows a node for the first time. If a binding was sent for its name, it must be the
// one.
void Engine::State::CheckPlanned(const PodInfo& pod, Instant /*now*/) {
  const auto it = issued.find(pod.ns + "/" + pod.name);
  if (it == issued.end()) return;
  const IssuedBinding planned = it->second;
  if (planned.uid == pod.uid && planned.node == pod.node_name) {
    issued.erase(it);
    if (!synced || store.HasNode(pod.node_name)) return;
    Log(LogLevel::kWarning, "pod {}/{} was bound to node {}, which is gone: evicting it", pod.ns,
        pod.name, pod.node_name);
    Evict({{pod.ns, pod.name, pod.uid}}, "node_lost");
    return;
  }
  if (planned.uid == pod.uid) return;  // bound elsewhere by somebody else: it counts there
  if (planned.node != pod.node_name) return;
  issued.erase(it);
  metrics->CountUnplannedBind();
  Log(LogLevel::kWarning,
      "pod {}/{} (uid {}) was bound to node {} by a binding decided for its predecessor (uid {}): "
      "evicting it",
      pod.ns, pod.name, pod.uid, pod.node_name, planned.uid);
  Evict({{pod.ns, pod.name, pod.uid}}, "unplanned_bind");
}

}  // namespace fairlead
