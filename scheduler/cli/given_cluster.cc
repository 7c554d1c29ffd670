#include "scheduler/cli/given_cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "fairlead/cycle/decide.h"
#include "fairlead/kube/client.h"
#include "fairlead/model/cluster_store.h"
#include "fairlead/queues/merge.h"
#include "scheduler/cli/client_options.h"
#include "scheduler/cli/manifests.h"

namespace fairlead::cli {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMiB = 1 << 20;

// What our gangs hold on each node.
struct OursOnNodes {
  std::vector<ResourceVector> amounts;  // without GPUs
  std::vector<std::int32_t> gpus;
};

OursOnNodes CountOurs(const Snapshot& snapshot) {
  OursOnNodes ours{std::vector<ResourceVector>(snapshot.nodes->size()),
                   std::vector<std::int32_t>(snapshot.nodes->size(), 0)};
  for (const auto& chunk : snapshot.gangs) {
    for (const auto& gang : *chunk) {
      for (const MemberView& member : gang->members) {
        if (!member.node.valid()) continue;
        const std::size_t n = member.node.index();
        ours.amounts[n].AddTimes((*snapshot.shape_requests)[member.shape.index()], 1);
        ours.gpus[n] += (*snapshot.shapes)[member.shape.index()]->requests.gpus;
      }
    }
  }
  return ours;
}

// The node without what pods of others hold.
sim::NodeSpec NodeOf(const Snapshot& snapshot, const OursOnNodes& ours, NodeId id) {
  const std::size_t n = id.index();
  NodeInfo info = snapshot.nodes->info[n];
  const auto others = [&](ResourceId r) {
    const std::int64_t used = snapshot.nodes->capacity[n].Get(r) - snapshot.usage.Free(r, id);
    return std::max<std::int64_t>(0, used - ours.amounts[n].Get(r));
  };
  info.allocatable.milli_cpu -= others(kCpu);
  info.allocatable.memory_bytes -= others(kMemory);
  info.allocatable.pods -= others(kPods);
  const std::int32_t taken =
      std::popcount(snapshot.usage.gpu_used[n]) + snapshot.usage.gpu_unknown[n];
  // Shared GPUs hold several pods of ours; they stay.
  const bool shared = std::any_of(snapshot.usage.shared.begin(), snapshot.usage.shared.end(),
                                  [id](const SharedGpu& gpu) { return gpu.node == id; });
  if (!shared) info.allocatable.gpus -= std::max(0, taken - ours.gpus[n]);
  sim::NodeSpec node;
  node.name = info.name;
  node.cpu = info.allocatable.milli_cpu;
  node.memory = info.allocatable.memory_bytes / kMiB;
  node.gpus = info.allocatable.gpus;
  node.model = info.gpu_model;
  node.labels = info.labels;
  node.info = std::make_shared<const NodeInfo>(std::move(info));
  return node;
}

std::string Joined(const std::vector<std::string>& models) {
  std::string text;
  for (const std::string& model : models) text += (text.empty() ? "" : "|") + model;
  return text;
}

// What runs comes first, so that it is where it was before anything else starts.
sim::Job JobOf(const Snapshot& snapshot, const GangView& gang, const std::string& queue,
               Instant now, sim::Workload* out) {
  sim::Job job;
  const Claim& claim = snapshot.claims[gang.claim.index()];
  job.id = gang.key.ns + "/" + gang.key.name;
  job.queue = out->queues.Intern(queue.empty() ? "default" : queue);
  job.tenant = out->tenants.Intern(gang.key.ns);
  job.user = out->users.Intern(claim.user);
  job.duration = -1;
  job.priority = gang.priority;
  const auto runs = std::any_of(gang.members.begin(), gang.members.end(),
                                [](const MemberView& m) { return m.node.valid(); });
  if (runs) job.ran = std::max<std::int64_t>(0, (now - gang.submitted).ns / kSecond);
  job.submit = runs ? 0 : 1;
  const PodShape& shape = *(*snapshot.shapes)[gang.members.front().shape.index()];
  job.pods = static_cast<std::int32_t>(gang.members.size());
  job.cpu = shape.requests.milli_cpu;
  job.memory = (shape.requests.memory_bytes + kMiB - 1) / kMiB;
  job.gpus = shape.requests.gpus;
  if (shape.gpu_share.devices > 0) {
    job.gpus = 1;
    job.milli = static_cast<std::int32_t>(
        std::clamp<std::int64_t>(shape.gpu_share.millionths / 1000, 1, sim::kWholeGpu));
  }
  job.models = out->models.Intern(Joined(shape.gpu_models));
  out->shapes.push_back(shape);
  job.shape = static_cast<std::uint32_t>(out->shapes.size());
  return job;
}

// Events of the API into a store, until every kind has been listed.
class Listing : public EventSink {
 public:
  void Post(EventBatch batch) override {
    const std::lock_guard lock(mutex_);
    for (Event& event : batch) std::visit([this](auto& e) { this->Take(e); }, event);
    changed_.notify_all();
  }

  void Expect(const std::vector<ObjectKind>& kinds) {
    const std::lock_guard lock(mutex_);
    expected_ = std::set<ObjectKind>(kinds.begin(), kinds.end());
    changed_.notify_all();
  }

  bool Wait(std::chrono::seconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [this] {
      return !expected_.empty() &&
             std::includes(listed_.begin(), listed_.end(), expected_.begin(), expected_.end());
    });
  }

  // After the client has stopped.
  ClusterStore& store() { return store_; }
  const std::map<std::string, QueueObject>& queues() const { return queues_; }

 private:
  static Instant Now() { return Instant{}; }
  void Take(NodeUpserted& e) { store_.UpsertNode(e.node); }
  void Take(NodeRemoved& e) { store_.RemoveNode(e.name); }
  void Take(PodUpserted& e) { store_.UpsertPod(e.pod, Now()); }
  void Take(PodRemoved& e) { store_.RemovePod(e.pod.ns, e.pod.name, e.pod.uid, Now()); }
  void Take(JobUpserted& e) { store_.UpsertJob(e.job, Now()); }
  void Take(JobRemoved& e) { store_.RemoveJob(e.ns, e.name, e.uid, Now()); }
  void Take(PodGroupUpserted& e) { store_.UpsertPodGroup(e.group, Now()); }
  void Take(PodGroupRemoved& e) { store_.RemovePodGroup(e.ns, e.name, Now()); }
  void Take(NamespaceUpserted& e) { store_.UpsertNamespace(e.ns); }
  void Take(NamespaceRemoved& e) { store_.RemoveNamespace(e.name); }
  void Take(QueueUpserted& e) { queues_[e.queue.object.spec.name] = e.queue.object; }
  void Take(QueueRemoved& e) { queues_.erase(e.name); }
  void Take(RelistBegun& e) {
    if (e.kind != ObjectKind::kQueue) store_.BeginRelist(e.kind);
  }
  void Take(RelistEnded& e) {
    if (e.kind != ObjectKind::kQueue) (void)store_.EndRelist(e.kind, Now());
    listed_.insert(e.kind);
  }
  // Volumes, and answers to what is never asked here, say nothing to a forecast.
  template <typename Other>
  static void Take(Other& /*e*/) {}

  std::mutex mutex_;
  std::condition_variable changed_;
  ClusterStore store_;
  std::map<std::string, QueueObject> queues_;
  std::set<ObjectKind> expected_, listed_;
};

}  // namespace

sim::Given GivenBySnapshot(const Snapshot& snapshot, const Policy& policy, Instant now) {
  sim::Given out;
  const OursOnNodes ours = CountOurs(snapshot);
  out.nodes.reserve(snapshot.nodes->by_name.size());
  for (const NodeId id : snapshot.nodes->by_name) {
    out.nodes.push_back(NodeOf(snapshot, ours, id));
  }
  const std::vector<std::string> queues = QueueNames(snapshot, policy);
  for (const auto& chunk : snapshot.gangs) {
    for (const auto& gang : *chunk) {
      const bool over = std::all_of(gang->members.begin(), gang->members.end(), [](const auto& m) {
        return m.state == MemberState::kDone || m.terminating;
      });
      if (over) continue;
      const std::string& queue = queues[gang->claim.index()];
      out.workload.jobs.push_back(JobOf(snapshot, *gang, queue, now, &out.workload));
    }
  }
  return out;
}

Result<std::shared_ptr<const sim::Given>> GivenByDump(const std::string& path,
                                                      const Config& config) {
  Manifests manifests({config.scheduler_names, config.gpu_resources, config.gpu_model_labels,
                       config.policy.max_gang_size},
                      Instant{});
  if (Status status = manifests.AddFile(path); !status) return status.error();
  ClusterStore store;
  if (Status status = manifests.Store(&store); !status) return status.error();
  const auto snapshot = store.TakeSnapshot();
  Instant now;
  for (const auto& chunk : snapshot->gangs) {
    for (const auto& gang : *chunk) now = std::max(now, gang->submitted);
  }
  if (snapshot->nodes->by_name.empty()) {
    Error error;
    error.file = path;
    error.message = "has no nodes: expected the output of kubectl get nodes,pods -A -o json";
    return error;
  }
  return std::make_shared<const sim::Given>(GivenBySnapshot(*snapshot, config.policy, now));
}

Result<std::shared_ptr<const sim::Given>> GivenByServer(const std::string& kubeconfig,
                                                        const std::string& context,
                                                        Config* config) {
  const Result<kube::Connection> connection = kube::LoadKubeconfig(kubeconfig, context);
  if (!connection) return connection.error();
  Listing listing;
  Metrics metrics;
  {
    kube::Client client(*connection, ClientOptionsOf(*config), &listing, &metrics);
    client.OnDiscovered(
        [&listing](const std::vector<ObjectKind>& kinds) { listing.Expect(kinds); });
    client.Start();
    const bool listed = listing.Wait(std::chrono::seconds(60));
    const std::string trouble = client.Trouble();
    client.Stop(Duration::Seconds(1));
    if (!listed) {
      Error error;
      error.file = connection->server;
      error.message = trouble.empty() ? "not everything was listed within 60 s" : trouble;
      return error;
    }
  }
  std::vector<QueueCandidate> candidates;
  candidates.reserve(listing.queues().size());
  for (const auto& [name, object] : listing.queues()) candidates.push_back({object, {}});
  config->policy.queues = MergeQueues(config->policy.queues, candidates).queues;
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const Instant now{std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
  const auto snapshot = listing.store().TakeSnapshot();
  return std::make_shared<const sim::Given>(GivenBySnapshot(*snapshot, config->policy, now));
}

}  // namespace fairlead::cli
