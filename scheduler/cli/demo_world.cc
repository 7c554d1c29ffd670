#include "scheduler/cli/demo_world.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/apiserver/controllers.h"
#include "fairlead/apiserver/http_front.h"
#include "fairlead/apiserver/kubelets.h"
#include "fairlead/base/check.h"
#include "fairlead/base/json.h"
#include "fairlead/engine/engine.h"
#include "fairlead/kube/client.h"
#include "fairlead/ledger/recorder.h"
#include "fairlead/net/loop.h"

namespace fairlead::cli {
namespace {

using apiserver::ApiServer;
using apiserver::Request;
using apiserver::Response;

constexpr auto kSyncPatience = std::chrono::seconds(20);
constexpr Duration kStartDelay = Duration::Milliseconds(200);
constexpr std::size_t kTakeAtOnce = 1U << 20;

// The time of day, which runs faster than it should from the moment of its making.
class FastClock : public Clock {
 public:
  explicit FastClock(std::int64_t speed) : speed_(speed) {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    start_ = Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
    begun_ = std::chrono::steady_clock::now();
  }
  Instant Now() const override {
    const std::chrono::nanoseconds passed = std::chrono::steady_clock::now() - begun_;
    return start_ + Duration{passed.count() * speed_};
  }

 private:
  std::int64_t speed_;
  Instant start_;
  std::chrono::steady_clock::time_point begun_;
};

// The engine and its client each need the other first.
struct Relay : EventSink {
  Engine* engine = nullptr;
  void Post(EventBatch batch) override { engine->Post(std::move(batch)); }
};

void WriteContainer(const DemoGang& gang, JsonWriter* json) {
  json->Key("containers").BeginArray().BeginObject();
  json->Field("name", "worker").Field("image", "example.com/simulated:1");
  json->Key("resources").BeginObject();
  json->Key("requests")
      .BeginObject()
      .Field("cpu", fmt::format("{}", std::max<std::int64_t>(1, gang.gpus * 4)))
      .Field("memory", fmt::format("{}Gi", std::max<std::int64_t>(1, gang.gpus * 32)))
      .EndObject();
  if (gang.gpus > 0) {
    json->Key("limits").BeginObject();
    json->Field("nvidia.com/gpu", fmt::format("{}", gang.gpus)).EndObject();
  }
  json->EndObject().EndObject().EndArray();
}

// metadata and spec of the pod, inside an object that is open.
void WritePod(const DemoGang& gang, JsonWriter* json) {
  json->Key("metadata").BeginObject();
  if (gang.single_pod) json->Field("name", gang.name);
  json->Key("labels").BeginObject();
  if (!gang.single_pod) json->Field("fairlead.dev/gang", "true");
  json->Field("fairlead.dev/queue", gang.tenant).EndObject();
  json->Key("annotations")
      .BeginObject()
      .Field("sim.fairlead.dev/runtime-ms", fmt::format("{}", gang.runtime.ns / 1'000'000))
      .EndObject()
      .EndObject();
  json->Key("spec").BeginObject();
  json->Field("schedulerName", "fairlead").Field("restartPolicy", "Never");
  WriteContainer(gang, json);
  json->EndObject();
}

std::string PodBody(const DemoGang& gang) {
  JsonWriter json;
  json.BeginObject().Field("apiVersion", "v1").Field("kind", "Pod");
  WritePod(gang, &json);
  json.EndObject();
  return json.Take();
}

std::string JobBody(const DemoGang& gang) {
  JsonWriter json;
  json.BeginObject().Field("apiVersion", "batch/v1").Field("kind", "Job");
  json.Key("metadata").BeginObject().Field("name", gang.name).EndObject();
  json.Key("spec").BeginObject();
  json.Field("parallelism", gang.pods).Field("completions", gang.pods);
  json.Field("backoffLimit", std::int64_t{0});
  json.Key("template").BeginObject();
  WritePod(gang, &json);
  json.EndObject().EndObject().EndObject();
  return json.Take();
}

Policy PolicyOf(const DemoScenario& scenario) {
  Policy policy;
  policy.queues = scenario.tenants;
  for (const QueueSpec& tenant : scenario.tenants) {
    policy.tenants.push_back({tenant.name, {NamespaceOf(tenant.name)}, {tenant.name}, tenant.name});
  }
  return policy;
}

}  // namespace

struct DemoWorld::State {
  explicit State(const DemoScenario& s)
      : scenario(s),
        clock(s.speed),
        server({}, &clock),
        kubelets(&loop, &server, &clock, KubeletOptionsOf(s)),
        controllers(&loop, &server, &clock, {s.speed}),
        view(s) {}

  static apiserver::KubeletOptions KubeletOptionsOf(const DemoScenario& scenario) {
    apiserver::KubeletOptions options;
    options.start_delay = kStartDelay;
    options.speed = scenario.speed;
    return options;
  }

  const DemoScenario& scenario;
  FastClock clock;
  net::IoLoop loop;  // of the server and all that is beside it
  ApiServer server;
  std::unique_ptr<apiserver::HttpFront> front;
  apiserver::Kubelets kubelets;
  apiserver::Controllers controllers;
  std::string url;
  std::thread server_thread;

  Relay relay;
  Metrics metrics;
  std::unique_ptr<kube::Client> client;
  std::unique_ptr<ledger::Store> store;  // in memory
  std::unique_ptr<ledger::Recorder> recorder;
  std::unique_ptr<ledger::RecorderThread> recording;
  std::unique_ptr<Engine> engine;
  std::thread engine_thread;

  // On the loop's thread.
  std::shared_ptr<apiserver::WatchStream> watch;
  std::string frames;
  bool drain_posted = false;
  std::size_t next_gang = 0;

  mutable std::mutex mutex;
  DemoView view;                        // under mutex
  std::int64_t double_bookings = 0;     // under mutex
  std::atomic<std::int64_t> begun{-1};  // cluster time at which the load began; negative: not yet

  Response Post(const std::string& path, std::string body);
  void SetUpCluster();
  Status Listen(std::uint16_t port);
  Status StartScheduler();
  void Begin();
  void SubmitDue();
  void Submit(const DemoGang& gang);
  void OpenWatch();
  void Drain();
  void Stop();
};

Response DemoWorld::State::Post(const std::string& path, std::string body) {
  Request request;
  request.method = "POST";
  request.path = path;
  request.content_type = "application/json";
  request.body = std::move(body);
  Response response = server.Handle(request);
  FAIRLEAD_CHECK(response.status == 201, "{}: {} {}", path, response.status, response.body);
  return response;
}

void DemoWorld::State::SetUpCluster() {
  for (const QueueSpec& tenant : scenario.tenants) {
    JsonWriter json;
    json.BeginObject().Field("apiVersion", "v1").Field("kind", "Namespace");
    json.Key("metadata").BeginObject().Field("name", NamespaceOf(tenant.name)).EndObject();
    json.EndObject();
    Post("/api/v1/namespaces", json.Take());
  }
  for (const NamedNode& node : NodesOf(scenario)) {
    apiserver::SimNode sim;
    sim.name = node.name;
    sim.cpu = static_cast<int>(node.group->cpu);
    sim.memory_gib = static_cast<int>(node.group->memory_gib);
    sim.gpus = static_cast<int>(node.group->gpus);
    sim.gpu_model = node.group->model;
    sim.labels["fairlead.dev/rack"] = node.rack;
    kubelets.AddNode(sim);
  }
}

Status DemoWorld::State::Listen(std::uint16_t port) {
  apiserver::HttpFrontOptions options;
  options.port = port;
  front = std::make_unique<apiserver::HttpFront>(&loop, &server, options, nullptr);
  if (Status status = front->Listen(); !status) return status;
  url = fmt::format("http://127.0.0.1:{}", front->port());
  return Ok{};
}

Status DemoWorld::State::StartScheduler() {
  kube::Connection connection;
  connection.server = url;
  kube::ClientSeams seams;
  seams.clock = &clock;
  client = std::make_unique<kube::Client>(connection, kube::ClientOptions{}, &relay, &metrics,
                                          std::move(seams));
  auto opened = ledger::OpenStore("sqlite::memory:");
  if (!opened) return opened.error();
  store = std::move(*opened);
  recorder = std::make_unique<ledger::Recorder>(store.get(), ledger::RecorderOptions{});
  recording = std::make_unique<ledger::RecorderThread>(recorder.get(), client.get(), &metrics);
  EngineOptions options;
  options.instance = "demo";
  options.usage_sink = recording->sink();
  engine =
      std::make_unique<Engine>(PolicyOf(scenario), options, recording->writer(), &clock, &metrics);
  relay.engine = engine.get();
  std::mutex sync_mutex;
  std::condition_variable changed;
  client->OnDiscovered(
      [this](std::vector<ObjectKind> kinds) { engine->ExpectSync(std::move(kinds)); });
  engine_thread = std::thread([this] { engine->Run(); });
  client->Start();
  const auto deadline = std::chrono::steady_clock::now() + kSyncPatience;
  std::unique_lock lock(sync_mutex);
  while (!engine->Synced()) {
    changed.wait_for(lock, std::chrono::milliseconds(5));
    if (std::chrono::steady_clock::now() > deadline) {
      return Error{fmt::format("the scheduler does not come up: {}", client->Trouble()), "", 0, 0,
                   ""};
    }
  }
  return Ok{};
}

void DemoWorld::State::Begin() {
  begun = clock.Now().ns;
  SubmitDue();
}

// Submits what has arrived by now and comes back for the next one.
void DemoWorld::State::SubmitDue() {
  const Instant start{begun.load()};
  while (next_gang < scenario.gangs.size()) {
    const DemoGang& gang = scenario.gangs[next_gang];
    const Duration left = start + gang.at - clock.Now();
    if (left.ns > 0) {
      loop.After(Duration{left.ns / scenario.speed + 1}, [this] { SubmitDue(); });
      return;
    }
    ++next_gang;
    Submit(gang);
  }
}

void DemoWorld::State::Submit(const DemoGang& gang) {
  {
    const std::lock_guard lock(mutex);
    view.Submitted(gang, clock.Now());
  }
  const std::string ns = NamespaceOf(gang.tenant);
  if (gang.single_pod) {
    Post(fmt::format("/api/v1/namespaces/{}/pods", ns), PodBody(gang));
  } else {
    Post(fmt::format("/apis/batch/v1/namespaces/{}/jobs", ns), JobBody(gang));
  }
}

void DemoWorld::State::OpenWatch() {
  Request request;
  request.method = "GET";
  request.path = "/api/v1/pods";
  request.query = "watch=1&resourceVersion=0";
  Response response = server.Handle(request);
  FAIRLEAD_CHECK(response.watch != nullptr, "watch: {} {}", response.status, response.body);
  watch = response.watch;
  watch->OnReady([this] {
    if (std::exchange(drain_posted, true)) return;
    loop.Post([this] { Drain(); });
  });
  Drain();
}

void DemoWorld::State::Drain() {
  drain_posted = false;
  frames.clear();
  const bool open = watch->Take(kTakeAtOnce, &frames);
  const Instant now = clock.Now();
  {
    const std::lock_guard lock(mutex);
    for (std::size_t begin = 0; begin < frames.size();) {
      const std::size_t end = std::min(frames.find('\n', begin), frames.size());
      const auto event = DemoEventFrom(std::string_view(frames).substr(begin, end - begin));
      begin = end + 1;
      if (!event) continue;
      if (event->deleted) {
        view.Remove(event->pod.ns, event->pod.name, now);
      } else {
        view.Upsert(event->pod, now);
      }
    }
    const apiserver::KubeletCounters& counters = kubelets.counters();
    double_bookings = counters.double_bookings + counters.moved;
  }
  if (!open) {
    OpenWatch();
  } else if (frames.size() >= kTakeAtOnce && !std::exchange(drain_posted, true)) {
    loop.Post([this] { Drain(); });
  }
}

void DemoWorld::State::Stop() {
  if (engine) engine->Stop();
  if (engine_thread.joinable()) engine_thread.join();
  recording.reset();
  if (client) client->Stop(Duration::Milliseconds(200));
  loop.Stop();
  if (server_thread.joinable()) server_thread.join();
}

DemoWorld::DemoWorld(std::unique_ptr<State> state) : state_(std::move(state)) {}
DemoWorld::~DemoWorld() {
  if (state_) state_->Stop();
}

Result<std::unique_ptr<DemoWorld>> DemoWorld::Start(const DemoScenario& scenario,
                                                    std::uint16_t port) {
  std::unique_ptr<DemoWorld> world(new DemoWorld(std::make_unique<State>(scenario)));
  State& state = *world->state_;
  if (Status status = state.Listen(port); !status) return status.error();
  state.SetUpCluster();
  state.OpenWatch();
  state.server_thread = std::thread([&state] { state.loop.Run(); });
  if (Status status = state.StartScheduler(); !status) return status.error();
  state.loop.Post([&state] { state.Begin(); });
  return world;
}

const std::string& DemoWorld::url() const { return state_->url; }

Duration DemoWorld::clock() const {
  const std::int64_t begun = state_->begun.load();
  return begun < 0 ? Duration{} : state_->clock.Now() - Instant{begun};
}

void DemoWorld::Look(const std::function<void(DemoView&, Instant)>& reader) const {
  const std::lock_guard lock(state_->mutex);
  reader(state_->view, state_->clock.Now());
}

Result<ledger::Statement> DemoWorld::Cost() const {
  State& state = *state_;
  ledger::StatementRequest request;
  request.by = "tenant";
  request.as_of = state.clock.Now();
  // A run that passes midnight is part of two days; that of a month, hardly ever.
  request.period = FormatInstant(request.as_of).substr(0, 7);
  Result<ledger::Statement> cost = Error{"nothing was recorded", "", 0, 0, ""};
  state.recording->Look([&] { cost = MakeStatement(state.store.get(), request); });
  return cost;
}

std::int64_t DemoWorld::double_bookings() const {
  const std::lock_guard lock(state_->mutex);
  return state_->double_bookings;
}

}  // namespace fairlead::cli
