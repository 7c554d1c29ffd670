#include "tests/conservation/usage_world.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/support/objects.h"

namespace fairlead::testing {
namespace {

constexpr std::int64_t kHour = 3'600'000'000'000;

}  // namespace

UsageWorld::UsageWorld(std::uint32_t seed, ledger::Store* store) : random_(seed), store_(store) {
  begun_ = ParseInstant("2026-03-01T10:20:30.000000007Z").value();
  clock_.now = begun_;
  tau_ = begun_.ns;
  for (const char* name : {"n-0", "n-1", "n-2"}) nodes_[name] = Node(name).Gpus(4);
  nodes_["n-1"].gpu_slices = 4;
  Start();
}

void UsageWorld::Run(int steps) {
  for (int step = 0; step < steps; ++step) Event();
  store_.away = false;
  ASSERT_TRUE(recorder_->Flush().ok());
}

void UsageWorld::Event() {
  switch (random_.Below(16)) {
    case 0:
    case 1:
    case 2:
      return AddPods();
    case 3:
      return AddForeign();
    case 4:
    case 5:
      return Answer(true);
    case 6:
      return Answer(false);
    case 7:
    case 8:
      return Show();
    case 9:
      return Finish();
    case 10:
      return Remove();
    case 11:
      return ChangeNode();
    case 12:
    case 13:
      return Advance();
    case 14:
      store_.away = random_.Below(3) == 0;
      return Turn();
    default:
      if (random_.Below(3) == 0) Restart();
  }
}

void UsageWorld::AddPods() {
  const char* const spaces[] = {"ta", "tb", "tc"};
  const std::string ns = spaces[random_.Below(3)];
  const std::string gang = "g" + std::to_string(++made_);
  const std::int64_t size = 1 + random_.Below(2);
  const std::int64_t kind = random_.Below(4);
  EventBatch batch;
  for (std::int64_t m = 0; m < size; ++m) {
    Pod pod(ns, gang + "-" + std::to_string(m));
    pod.Uid("u" + std::to_string(made_) + "-" + std::to_string(m)).Gang(gang, size);
    pod.Cpu(500 * random_.Below(5)).Created(clock_.now);
    if (kind == 1) pod.Gpus(1);
    if (kind == 2) pod.Gpus(2);
    PodInfo info = pod;
    if (kind == 3) {
      info.shape.gpu_share.devices = 1;
      info.shape.gpu_share.millionths = 250'000 * (1 + random_.Below(2));
    }
    pods_[info.uid].info = info;
    batch.push_back(PodUpserted{info});
  }
  Post(std::move(batch));
}

void UsageWorld::AddForeign() {
  const std::string node = "n-" + std::to_string(random_.Below(3));
  if (!nodes_.contains(node)) return;
  Pod pod("kube-system", "f" + std::to_string(++made_));
  pod.Uid("f" + std::to_string(made_)).Foreign().Cpu(100).On(node);
  pod.Gpus(static_cast<std::int32_t>(random_.Below(2)));
  PodState& state = pods_["f" + std::to_string(made_)];
  state.info = pod;
  state.on_server = state.shown = true;
  Post({PodUpserted{state.info}});
}

// The pod as the watch shows it once it is bound.
PodInfo UsageWorld::ShownAs(const PodState& pod) {
  PodInfo info = pod.info;
  if (!pod.assumed) return info;
  info.node_name = pod.assumed->node;
  info.gpu_devices = pod.assumed->gpu_devices;
  info.gpu_grant = pod.assumed->gpu_grant;
  info.phase = PodPhase::kRunning;
  return info;
}

void UsageWorld::Answer(bool success) {
  if (unanswered_.empty()) return;
  const auto at =
      static_cast<std::ptrdiff_t>(random_.Below(static_cast<std::int64_t>(unanswered_.size())));
  const BindRequest request = unanswered_[static_cast<std::size_t>(at)];
  unanswered_.erase(unanswered_.begin() + at);
  const auto it = pods_.find(request.pod.uid);
  BindOutcome outcome = success ? BindOutcome::kBound : BindOutcome::kFailed;
  if (it == pods_.end()) {
    outcome = BindOutcome::kGone;
  } else if (it->second.on_server) {
    outcome = BindOutcome::kBound;
  } else if (success) {
    it->second.on_server = true;
  } else {
    it->second.assumed.reset();
  }
  Post({BindFinished{request.pod, request.node, outcome, "drawn"}});
}

UsageWorld::PodState* UsageWorld::Any(bool (*wanted)(const PodState&)) {
  std::vector<PodState*> found;
  for (auto& [uid, pod] : pods_) {
    if (wanted(pod)) found.push_back(&pod);
  }
  if (found.empty()) return nullptr;
  return found[static_cast<std::size_t>(random_.Below(static_cast<std::int64_t>(found.size())))];
}

// The watch shows a binding, which its answer may not have confirmed yet.
void UsageWorld::Show() {
  PodState* pod = Any([](const PodState& p) { return p.assumed && !p.shown; });
  if (pod == nullptr) return;
  pod->info = ShownAs(*pod);
  pod->on_server = pod->shown = true;
  pod->assumed.reset();
  Post({PodUpserted{pod->info}});
}

void UsageWorld::Finish() {
  PodState* pod = Any([](const PodState& p) { return p.shown; });
  if (pod == nullptr) return;
  PodInfo info = pod->info;
  info.phase = random_.Below(3) == 0 ? PodPhase::kFailed : PodPhase::kSucceeded;
  pods_.erase(info.uid);
  // Its end may be seen, or only that it is gone. Succeeded pods would stay members for ever.
  EventBatch batch;
  if (random_.Below(2) == 0) batch.push_back(PodUpserted{info});
  batch.push_back(PodRemoved{{info.ns, info.name, info.uid}});
  Post(std::move(batch));
}

void UsageWorld::Remove() {
  PodState* pod = Any([](const PodState&) { return true; });
  if (pod == nullptr) return;
  const PodInfo info = pod->info;
  pods_.erase(info.uid);
  Post({PodRemoved{{info.ns, info.name, info.uid}}});
}

void UsageWorld::ChangeNode() {
  const std::string name = "n-" + std::to_string(random_.Below(3));
  const auto it = nodes_.find(name);
  if (it == nodes_.end()) {
    NodeInfo fresh = Node(name).Gpus(4);
    fresh.gpu_slices = random_.Below(2) == 0 ? 1 : 4;
    nodes_[name] = fresh;
    return Post({NodeUpserted{fresh}});
  }
  switch (random_.Below(4)) {
    case 0: {
      gone_models_[name] = {it->second.gpu_model, it->second.gpu_slices};
      nodes_.erase(it);
      return Post({NodeRemoved{name}});
    }
    case 1: {
      auto& taints = it->second.taints;
      if (taints.empty()) {
        taints.push_back({"node.kubernetes.io/not-ready", "", TaintEffect::kNoSchedule});
      } else {
        taints.clear();
      }
      break;
    }
    case 2:
      it->second.gpu_slices = it->second.gpu_slices == 4 ? 6 : 4;
      break;
    default:
      it->second.allocatable.milli_cpu = 8'000 + 4'000 * random_.Below(4);
  }
  Post({NodeUpserted{it->second}});
}

void UsageWorld::Advance() {
  if (random_.Below(12) == 0) {
    clock_.now = clock_.now - Duration::Seconds(30);  // somebody sets the clock back
  } else {
    const std::int64_t most = random_.Below(3) == 0 ? 2 * kHour : kHour / 60;
    clock_.now = clock_.now + Duration{1 + random_.Below(most)};
  }
  Turn();
}

void UsageWorld::Post(EventBatch batch) {
  engine_->Post(std::move(batch));
  Turn();
}

void UsageWorld::TakeRequests() {
  for (BindRequest& request : writer_.binds) {
    const auto it = pods_.find(request.pod.uid);
    ASSERT_NE(it, pods_.end());
    it->second.assumed = request;
    unanswered_.push_back(std::move(request));
    ++binds_;
  }
  writer_.binds.clear();
  for (const EvictRequest& eviction : writer_.evictions) {
    ++evictions_;
    engine_->Post({EvictFinished{eviction.pod, EvictOutcome::kEvicted, ""}});
    if (pods_.erase(eviction.pod.uid) > 0) engine_->Post({PodRemoved{eviction.pod}});
  }
  writer_.evictions.clear();
}

void UsageWorld::Turn() {
  for (int turn = 0; turn < 3; ++turn) {
    engine_->RunOnce();
    const bool evicts = !writer_.evictions.empty();
    TakeRequests();
    tau_ = std::max(tau_, clock_.now.ns);
    if (!evicts) break;
  }
  truth_.Set(State(), tau_);
}

std::map<std::string, Held> UsageWorld::State() const {
  std::map<std::string, Held> state;
  const auto cut_of = [&](const std::string& node) -> std::pair<std::string, std::int64_t> {
    const auto it = nodes_.find(node);
    if (it != nodes_.end()) return {it->second.gpu_model, it->second.gpu_slices};
    const auto gone = gone_models_.find(node);
    return gone == gone_models_.end() ? std::pair<std::string, std::int64_t>("", 1) : gone->second;
  };
  for (const auto& [name, node] : nodes_) {
    Held& held = state["node " + name];
    held.kind = ledger::Kind::kCapacity;
    held.node = name;
    held.cpu = node.allocatable.milli_cpu;
    held.memory = node.allocatable.memory_bytes;
    held.model = node.gpu_model;
    for (std::int32_t d = 0; d < node.allocatable.gpus; ++d) held.devices.push_back(d);
    held.slices = held.of = node.gpu_slices;
    held.down = !node.taints.empty();
  }
  for (const auto& [uid, pod] : pods_) {
    if (!pod.shown && !pod.assumed) continue;
    const PodInfo shown = pod.shown ? pod.info : ShownAs(pod);
    Held& held = state["pod " + uid];
    held.kind = !shown.ours ? ledger::Kind::kSystem
                : pod.shown ? ledger::Kind::kUsage
                            : ledger::Kind::kReserved;
    held.tenant = shown.ours ? shown.ns : "";
    held.node = shown.node_name;
    held.cpu = shown.shape.requests.milli_cpu;
    held.memory = shown.shape.requests.memory_bytes;
    held.devices = shown.gpu_devices;
    if (!shown.ours) held.unknown = shown.shape.requests.gpus;
    if (held.devices.empty() && held.unknown == 0) continue;
    const auto [model, cut] = cut_of(shown.node_name);
    held.model = model;
    held.slices = shown.gpu_grant.of > 0 ? shown.gpu_grant.slices : cut;
    held.of = shown.gpu_grant.of > 0 ? shown.gpu_grant.of : cut;
  }
  return state;
}

void UsageWorld::Start() {
  recorder_ = std::make_unique<ledger::Recorder>(&store_, ledger::RecorderOptions{});
  ASSERT_TRUE(recorder_->Restore().ok());
  EngineOptions options;
  options.abort_on_bug = true;
  options.instance = "test";
  options.usage_sink = recorder_.get();
  Policy policy;
  policy.bind_timeout = Duration::Seconds(30);
  engine_ = std::make_unique<Engine>(policy, options, &writer_, &clock_, &metrics_);
  engine_->ExpectSync({ObjectKind::kNode, ObjectKind::kPod});
  EventBatch batch{RelistBegun{ObjectKind::kNode}, RelistBegun{ObjectKind::kPod}};
  for (const auto& [name, node] : nodes_) batch.push_back(NodeUpserted{node});
  for (const auto& [uid, pod] : pods_) batch.push_back(PodUpserted{pod.info});
  batch.push_back(RelistEnded{ObjectKind::kNode});
  batch.push_back(RelistEnded{ObjectKind::kPod});
  engine_->Post(std::move(batch));
  const std::int64_t last = store_.LastWrite()->value_or(Instant{}).ns;
  engine_->RunOnce();
  tau_ = std::max(tau_, clock_.now.ns);
  // What was under way and is decided again at once has gone on meanwhile.
  TakeRequests();
  truth_.Reconcile(State(), last, tau_);
  Turn();
}

// The process ends; bindings that it had sent arrive or do not; the world goes on without it.
void UsageWorld::Restart() {
  store_.away = false;
  ASSERT_TRUE(recorder_->Flush().ok());
  engine_.reset();
  recorder_.reset();
  ++restarts_;
  unanswered_.clear();
  for (auto& [uid, pod] : pods_) {
    if (!pod.assumed) continue;
    if (pod.on_server || random_.Below(2) == 0) {
      pod.info = ShownAs(pod);
      pod.on_server = pod.shown = true;
    }
    pod.assumed.reset();
  }
  for (std::int64_t gone = random_.Below(3); gone > 0; --gone) {
    PodState* pod = Any([](const PodState&) { return true; });
    if (pod != nullptr) pods_.erase(std::string(pod->info.uid));
  }
  clock_.now = Instant{tau_ + 1 + random_.Below(kHour)};
  gone_models_.clear();  // a new process knows no more of nodes that are gone
  Start();
}

}  // namespace fairlead::testing
