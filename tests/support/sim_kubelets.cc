#include "tests/support/sim_kubelets.h"

#include <condition_variable>
#include <ctime>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

namespace fairlead::e2e {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kRetry = milliseconds(200);
constexpr const char* kRuntimeKey = "sim.fairlead.dev/runtime-ms";

std::string NowText() {
  const std::time_t now = std::time(nullptr);
  std::tm fields{};
  gmtime_r(&now, &fields);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields);
  return text;
}

std::string PodPath(const PodView& pod) {
  return "/api/v1/namespaces/" + pod.ns + "/pods/" + pod.name;
}

// A patch of the status that only fits the pod with this uid.
Json StatusPatch(const PodView& pod, const std::string& phase) {
  Json patch;
  patch["metadata"]["uid"] = pod.uid;
  patch["status"]["phase"] = phase;
  return patch;
}

Json RunningPatch(const PodView& pod) {
  const std::string now = NowText();
  Json patch = StatusPatch(pod, "Running");
  Json& status = patch["status"];
  status["startTime"] = now;
  for (const char* type : {"Initialized", "Ready", "ContainersReady"}) {
    status["conditions"].push_back(
        {{"type", type}, {"status", "True"}, {"lastTransitionTime", now}});
  }
  for (const std::string& name : pod.containers) {
    status["containerStatuses"].push_back({{"name", name},
                                           {"image", "simulated"},
                                           {"imageID", ""},
                                           {"ready", true},
                                           {"restartCount", 0},
                                           {"state", {{"running", {{"startedAt", now}}}}}});
  }
  return patch;
}

Json SucceededPatch(const PodView& pod) {
  Json patch = StatusPatch(pod, "Succeeded");
  for (const std::string& name : pod.containers) {
    patch["status"]["containerStatuses"].push_back(
        {{"name", name},
         {"image", "simulated"},
         {"imageID", ""},
         {"ready", false},
         {"restartCount", 0},
         {"state", {{"terminated", {{"exitCode", 0}, {"reason", "Completed"}}}}}});
  }
  return patch;
}

Amounts AllocatableOf(const NodeSpec& spec) {
  return {{"cpu", spec.cpu * 1000L},
          {"memory", ParseAmount(std::to_string(spec.memory_gib) + "Gi", false)},
          {"pods", spec.pods * 1000L},
          {"nvidia.com/gpu", spec.gpus * 1000L}};
}

// Something to write, not before `due`.
struct Errand {
  enum class Kind { kStart, kReject, kDelete, kFinish };
  Kind kind;
  PodView pod;
  std::string reason, message;
};

}  // namespace

Json NodeObject(const NodeSpec& spec) {
  Json node = {{"apiVersion", "v1"}, {"kind", "Node"}};
  node["metadata"]["name"] = spec.name;
  node["metadata"]["labels"] = spec.labels;
  node["metadata"]["labels"]["kubernetes.io/hostname"] = spec.name;
  for (const NodeTaint& taint : spec.taints) {
    node["spec"]["taints"].push_back(
        {{"key", taint.key}, {"value", taint.value}, {"effect", taint.effect}});
  }
  Json resources = {{"cpu", std::to_string(spec.cpu)},
                    {"memory", std::to_string(spec.memory_gib) + "Gi"},
                    {"pods", std::to_string(spec.pods)}};
  if (spec.gpus > 0) resources["nvidia.com/gpu"] = std::to_string(spec.gpus);
  node["status"]["capacity"] = resources;
  node["status"]["allocatable"] = resources;
  node["status"]["conditions"] = Json::array({{{"type", "Ready"},
                                               {"status", "True"},
                                               {"reason", "KubeletReady"},
                                               {"lastHeartbeatTime", NowText()},
                                               {"lastTransitionTime", NowText()}}});
  node["status"]["nodeInfo"] = {{"kubeletVersion", "v1.20.2-simulated"},
                                {"architecture", "amd64"},
                                {"bootID", ""},
                                {"containerRuntimeVersion", "simulated://1"},
                                {"kernelVersion", ""},
                                {"kubeProxyVersion", ""},
                                {"machineID", ""},
                                {"operatingSystem", "linux"},
                                {"osImage", "simulated"},
                                {"systemUUID", ""}};
  return node;
}

struct SimKubelets::State {
  State(const Access& a, KubeletOptions o) : access(a), options(o), watch(a) {}

  void WatchPods();
  bool ListPods(ApiClient& client);
  void OnWatchLine(const std::string& line);
  void Upsert(const Json& object);  // under mutex
  void Work();
  bool CarryOut(ApiClient& client, const Errand& errand);
  void Later(TimePoint due, Errand errand);  // under mutex

  const Access access;
  const KubeletOptions options;
  Watch watch;

  mutable std::mutex mutex;
  std::condition_variable changed;   // the view
  std::condition_variable has_work;  // the errands
  KubeletBook book;
  std::set<std::string> node_names;
  std::multimap<TimePoint, Errand> errands;
  std::string version;  // resourceVersion to go on from; empty: list first
  bool listed = false;
  bool stopping = false;
  std::vector<std::thread> threads;
};

void SimKubelets::State::Later(TimePoint due, Errand errand) {
  errands.emplace(due, std::move(errand));
  has_work.notify_one();
}

void SimKubelets::State::Upsert(const Json& object) {
  using Kind = KubeletAction::Kind;
  const TimePoint now = Clock::now();
  for (KubeletAction& action : book.Upsert(PodFrom(object), now)) {
    if (options.observe_only) continue;
    if (action.kind == Kind::kStart && action.pod.phase == "Running") continue;
    const Errand::Kind kind = action.kind == Kind::kStart    ? Errand::Kind::kStart
                              : action.kind == Kind::kReject ? Errand::Kind::kReject
                                                             : Errand::Kind::kDelete;
    Later(now, {kind, std::move(action.pod), std::move(action.reason), std::move(action.message)});
  }
}

// Pages through all pods. What was known and is not listed is gone.
bool SimKubelets::State::ListPods(ApiClient& client) {
  std::vector<Json> items;
  std::string token;
  std::string list_version;
  do {
    const Response response =
        client.Get("/api/v1/pods?limit=1000" + (token.empty() ? "" : "&continue=" + token));
    if (!response.ok()) return false;
    Json list = response.ToJson();
    list_version = list["metadata"].value("resourceVersion", "");
    token = list["metadata"].value("continue", "");
    for (Json& item : list["items"]) items.push_back(std::move(item));
  } while (!token.empty());

  const std::lock_guard lock(mutex);
  std::map<std::string, PodView> gone = book.view().pods;
  for (const Json& item : items) {
    Upsert(item);
    const Json& meta = item["metadata"];
    gone.erase(meta.value("namespace", "") + "/" + meta.value("name", ""));
  }
  for (const auto& [key, pod] : gone) book.Remove(pod.ns, pod.name);
  version = list_version;
  listed = true;
  changed.notify_all();
  return true;
}

void SimKubelets::State::OnWatchLine(const std::string& line) {
  const Json event = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (event.is_discarded()) return;
  const std::string type = event.value("type", "");
  const std::lock_guard lock(mutex);
  if (type == "ERROR") {  // most likely 410: the version is too old
    version.clear();
    return;
  }
  const Json& object = event["object"];
  version = object["metadata"].value("resourceVersion", version);
  if (type == "BOOKMARK") return;
  if (type == "DELETED") {
    book.Remove(object["metadata"].value("namespace", ""), object["metadata"].value("name", ""));
  } else {
    Upsert(object);
  }
  changed.notify_all();
}

void SimKubelets::State::WatchPods() {
  ApiClient client(access);
  while (true) {
    std::string from;
    {
      std::unique_lock lock(mutex);
      if (stopping) return;
      from = version;
    }
    bool ok = true;
    if (from.empty()) {
      ok = ListPods(client);
    } else {
      const int status = watch.Run(
          "/api/v1/pods?watch=1&allowWatchBookmarks=true&timeoutSeconds=290&resourceVersion=" +
              from,
          [this](const std::string& line) { OnWatchLine(line); });
      ok = status == 200;
    }
    if (ok) continue;
    std::unique_lock lock(mutex);
    has_work.wait_for(lock, kRetry, [this] { return stopping; });
    version.clear();
  }
}

// False: not carried out, try again.
bool SimKubelets::State::CarryOut(ApiClient& client, const Errand& errand) {
  const PodView& pod = errand.pod;
  Response response;
  if (errand.kind == Errand::Kind::kDelete) {
    response = client.Delete(PodPath(pod),
                             {{"gracePeriodSeconds", 0}, {"preconditions", {{"uid", pod.uid}}}});
  } else {
    Json patch;
    if (errand.kind == Errand::Kind::kStart) patch = RunningPatch(pod);
    if (errand.kind == Errand::Kind::kFinish) patch = SucceededPatch(pod);
    if (errand.kind == Errand::Kind::kReject) {
      patch = StatusPatch(pod, "Failed");
      patch["status"]["reason"] = errand.reason;
      patch["status"]["message"] = errand.message;
    }
    response = client.Send("PATCH", PodPath(pod) + "/status", patch.dump(), kStrategicMerge);
  }
  // 404 and 409: the pod is gone or another one by now.
  return response.ok() || response.status == 404 || response.status == 409;
}

void SimKubelets::State::Work() {
  ApiClient client(access);
  std::unique_lock lock(mutex);
  while (!stopping) {
    if (errands.empty()) {
      has_work.wait(lock);
      continue;
    }
    const auto first = errands.begin();
    if (first->first > Clock::now()) {
      has_work.wait_until(lock, TimePoint(first->first));
      continue;
    }
    Errand errand = std::move(first->second);
    errands.erase(first);
    lock.unlock();
    const bool done = CarryOut(client, errand);
    lock.lock();
    if (!done) {
      Later(Clock::now() + kRetry, std::move(errand));
      continue;
    }
    const std::string stated = errand.pod.Annotation(kRuntimeKey);
    const long runtime =
        stated.empty() ? options.default_runtime_ms : std::strtol(stated.c_str(), nullptr, 10);
    if (errand.kind != Errand::Kind::kStart || runtime < 0) continue;
    errand.kind = Errand::Kind::kFinish;
    Later(Clock::now() + milliseconds(runtime), std::move(errand));
  }
}

SimKubelets::SimKubelets(const Access& access, KubeletOptions options, milliseconds patience)
    : state_(std::make_unique<State>(access, options)) {
  State& s = *state_;
  s.threads.emplace_back([&s] { s.WatchPods(); });
  for (int i = 0; i < options.connections; ++i) s.threads.emplace_back([&s] { s.Work(); });
  std::unique_lock lock(s.mutex);
  s.changed.wait_for(lock, patience, [&s] { return s.listed; });
}

SimKubelets::~SimKubelets() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->has_work.notify_all();
  state_->watch.Interrupt();
  for (std::thread& thread : state_->threads) thread.join();
}

std::size_t SimKubelets::AddNodes(const std::vector<NodeSpec>& specs) {
  {
    // Known before the server tells anyone, else a quick binding would find no kubelet.
    const std::lock_guard lock(state_->mutex);
    for (const NodeSpec& spec : specs) {
      auto labels = spec.labels;
      labels["kubernetes.io/hostname"] = spec.name;
      state_->book.AddNode(spec.name, AllocatableOf(spec), std::move(labels));
      state_->node_names.insert(spec.name);
    }
  }
  std::atomic<std::size_t> registered{0};
  ForEachParallel(state_->access, 16, specs.size(), [&](ApiClient& client, std::size_t i) {
    if (client.Post("/api/v1/nodes", NodeObject(specs[i])).ok()) ++registered;
  });
  return registered;
}

bool SimKubelets::RemoveNode(const std::string& name) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->book.RemoveNode(name);
    state_->node_names.erase(name);
  }
  ApiClient client(state_->access);
  return client.Send("DELETE", "/api/v1/nodes/" + name).ok();
}

void SimKubelets::RemoveAllNodes() {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(state_->mutex);
    names.assign(state_->node_names.begin(), state_->node_names.end());
    for (const std::string& name : names) state_->book.RemoveNode(name);
    state_->node_names.clear();
  }
  ForEachParallel(state_->access, 16, names.size(), [&](ApiClient& client, std::size_t i) {
    client.Send("DELETE", "/api/v1/nodes/" + names[i]);
  });
}

bool SimKubelets::WaitFor(milliseconds patience,
                          const std::function<bool(const ClusterView&)>& predicate) {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, patience, [&] { return predicate(state_->book.view()); });
}

void SimKubelets::Look(const std::function<void(const ClusterView&)>& reader) const {
  const std::lock_guard lock(state_->mutex);
  reader(state_->book.view());
}

Counters SimKubelets::counters() const {
  const std::lock_guard lock(state_->mutex);
  return state_->book.view().counters;
}

}  // namespace fairlead::e2e
