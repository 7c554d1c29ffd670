#include "fairlead/apiserver/kubelets.h"

#include <utility>

#include "scheduler/apiserver/kubelets_state.h"

namespace fairlead::apiserver {
namespace {

// Pods with a node, and Nodes that go.
bool Concerns(const Change& change) {
  if (change.storage == "nodes") return change.type == ChangeType::kDeleted;
  return change.storage == "pods" && !GetString(change.now->object, {"spec", "nodeName"}).empty();
}

bool Finished(const json::object& pod) {
  const std::string_view phase = GetString(pod, {"status", "phase"});
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

Kubelets::State::State(net::IoLoop* l, ApiServer* server, const Clock* c, KubeletOptions o)
    : api(&server->api()),
      clock(c),
      options(o),
      pods(api->Of("pods")),
      nodes(api->Of("nodes")),
      work(l, o.speed),
      inbox(
          &work, &api->store(), Concerns, [this](const Change& change) { OnChange(change); },
          nullptr) {
  inbox.Replay("pods");
}

void Kubelets::State::OnChange(const Change& change) {
  if (change.storage == "nodes") {
    const std::string name(GetString(change.now->object, {"metadata", "name"}));
    // It may have been registered again since.
    if (api->store().Get("nodes", "", name) == nullptr) OnNodeGone(name);
  } else if (change.type == ChangeType::kDeleted) {
    OnPodGone(change.now->object);
  } else {
    OnPod(change.now->object);
  }
}

void Kubelets::State::OnPod(const json::object& pod) {
  const std::string uid(GetString(pod, {"metadata", "uid"}));
  const std::string node(GetString(pod, {"spec", "nodeName"}));
  const auto [found, first] = runs.try_emplace(uid);
  PodRun* run = &found->second;
  if (first) {
    ++counters.bound;
    run->uid = uid;
    run->node = node;
    run->key = {std::string(GetString(pod, {"metadata", "namespace"})),
                std::string(GetString(pod, {"metadata", "name"}))};
    run->order = ++last_order;
    by_node[node][run->order] = uid;
  } else if (run->node != node) {
    ++counters.moved;
  }
  if (Finished(pod)) {  // by this kubelet, or somebody said so
    Release(run);
    CancelTimers(run);
    run->stage = Stage::kEnded;
  }
  if (first) Judge(run, pod);
  if (Find(pod, {"metadata", "deletionTimestamp"}) != nullptr) Terminate(run, pod);
}

void Kubelets::State::OnPodGone(const json::object& pod) {
  const auto found = runs.find(std::string(GetString(pod, {"metadata", "uid"})));
  if (found == runs.end()) return;
  PodRun* run = &found->second;
  if (run->stage == Stage::kRunning || run->stage == Stage::kBackOff) ++counters.deleted;
  Release(run);
  CancelTimers(run);
  const auto on_node = by_node.find(run->node);
  on_node->second.erase(run->order);
  if (on_node->second.empty()) by_node.erase(on_node);
  runs.erase(found);
}

VersionPtr Kubelets::State::Current(const PodRun& run) const {
  VersionPtr pod = api->store().Get("pods", run.key.ns, run.key.name);
  if (pod == nullptr || GetString(pod->object, {"metadata", "uid"}) != run.uid) return nullptr;
  return pod;
}

void Kubelets::State::WriteStatus(PodRun* run, const std::function<void(json::object*)>& change) {
  const VersionPtr current = Current(*run);
  if (current == nullptr) return;
  json::object pod = current->object;
  change(&pod);
  const auto written = api->Update(pods, {run->key.ns, run->key.name}, "status", std::move(pod));
  FAIRLEAD_CHECK(written.ok(), "status of pod {}/{}: {}", run->key.ns, run->key.name,
                 written.ok() ? "" : written.error().message);
}

RunFacts Kubelets::State::FactsOf(const PodRun& run) const {
  const auto machine = machines.find(run.node);
  return {.pod_ip = run.ip,
          .host_ip = machine == machines.end() ? "" : machine->second.ip,
          .restarts = run.restarts,
          .started_at = run.started_at};
}

LoopWork::TimerId Kubelets::State::Later(const PodRun& run, Duration delay,
                                         void (State::*step)(PodRun*)) {
  return work.After(delay, [this, uid = run.uid, step] {
    const auto found = runs.find(uid);
    if (found != runs.end()) (this->*step)(&found->second);
  });
}

void Kubelets::State::EachOn(const std::string& node, const std::function<void(PodRun*)>& visit) {
  const auto on_node = by_node.find(node);
  if (on_node == by_node.end()) return;
  for (const auto& [order, uid] : on_node->second) visit(&runs.at(uid));
}

Machine* Kubelets::State::FindMachine(const std::string& name) {
  const auto found = machines.find(name);
  return found == machines.end() ? nullptr : &found->second;
}

void Kubelets::State::Release(PodRun* run) {
  if (Machine* machine = FindMachine(run->node)) machine->book.Release(run->uid);
}

void Kubelets::State::CancelTimers(PodRun* run) {
  for (LoopWork::TimerId* timer : {&run->life, &run->deadline, &run->kill, &run->leave}) {
    work.Cancel(timer);
  }
}

Kubelets::Kubelets(net::IoLoop* loop, ApiServer* server, const Clock* clock, KubeletOptions options)
    : state_(std::make_unique<State>(loop, server, clock, options)) {}
Kubelets::~Kubelets() = default;

void Kubelets::AddNode(const SimNode& node) { state_->AddNode(node); }
void Kubelets::LoseNode(const std::string& name) { state_->LoseNode(name); }
void Kubelets::ReturnNode(const std::string& name) { state_->ReturnNode(name); }
void Kubelets::RemoveNode(const std::string& name) { state_->RemoveNode(name); }
void Kubelets::BreakGpu(const std::string& node, int device) { state_->BreakGpu(node, device); }
const KubeletCounters& Kubelets::counters() const { return state_->counters; }

}  // namespace fairlead::apiserver
