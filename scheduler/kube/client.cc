#include "fairlead/kube/client.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "fairlead/engine/log.h"
#include "scheduler/kube/credentials.h"
#include "scheduler/kube/discovery.h"
#include "scheduler/kube/http.h"
#include "scheduler/kube/informer.h"
#include "scheduler/kube/trouble.h"
#include "scheduler/kube/writer.h"

namespace fairlead::kube {
namespace {

// WatchList is on by default on servers from here on.
constexpr int kWatchListMinor = 32;
// The engine needs this long to take in what the lists brought.
constexpr Duration kTrimDelay = Duration::Seconds(2);
constexpr std::string_view kStopped = "stopped before the server answered";

TranslateOptions TranslateOf(const ClientOptions& options) {
  return {.scheduler_names = options.scheduler_names,
          .gpu_resources = options.gpu_resources,
          .gpu_model_labels = options.gpu_model_labels,
          .max_gang_size = options.max_gang_size};
}

}  // namespace

struct Client::State : std::enable_shared_from_this<Client::State> {
  ClientOptions options;
  EventSink* sink;
  Metrics* metrics;
  std::unique_ptr<IoLoop> own_loop;  // before all that runs on it
  IoLoop* const loop;
  const Clock* const clock;
  Random random;
  kube::Trouble trouble;
  Pace pace;
  Credentials credentials;
  HttpClient http;
  Discovery discovery;
  Writer writer;
  std::vector<std::unique_ptr<Informer>> informers;
  std::set<ObjectKind> unlisted;
  bool watch_list = false;  // this server has it
  bool volumes_watched = false;
  std::function<void(std::vector<ObjectKind>)> on_discovered;
  std::thread thread;

  std::mutex mutex;  // guards `stopped`, so that no request slips in behind the last answer
  bool stopped = false;

  State(const Connection& connection, ClientOptions given, EventSink* to, Metrics* counted,
        ClientSeams seams);
  void OnFound(const Discovered& found);
  void StartInformer(ObjectKind kind);
  void WatchVolumes();
  void OnListed(ObjectKind kind);
  // Hands `items` to the writer on the loop's thread. False, and nothing done: it has ended.
  template <typename Item>
  bool Hand(std::vector<Item>* items, void (Writer::*take)(std::vector<Item>));
  void StopReading();
  void StopOwnThread(Duration grace);
  void StopOnLoop();
  WriteEnv MakeWriteEnv();
};

Client::State::State(const Connection& connection, ClientOptions given, EventSink* to,
                     Metrics* counted, ClientSeams seams)
    : options(std::move(given)),
      sink(to),
      metrics(counted),
      own_loop(seams.loop == nullptr ? std::make_unique<IoLoop>() : nullptr),
      loop(own_loop ? own_loop.get() : seams.loop),
      clock(seams.clock == nullptr ? WallClock() : seams.clock),
      random(static_cast<Random::result_type>(seams.seed ? *seams.seed : std::random_device{}())),
      trouble(loop),
      credentials(loop, connection, clock),
      http(loop, connection, pace, &credentials, std::move(seams.dial)),
      discovery(loop, &http, &trouble, pace, &random),
      writer(MakeWriteEnv()) {
  if (connection.insecure_skip_verify) {
    Log(LogLevel::kWarning, "the certificate of {} is not verified, as configured", http.origin());
  }
  credentials.SetOnCertificate([this](const std::string& cert, const std::string& key) {
    http.SetClientCertificate(cert, key);
  });
}

WriteEnv Client::State::MakeWriteEnv() {
  WriteEnv env;
  env.loop = loop;
  env.http = &http;
  env.sink = sink;
  env.metrics = metrics;
  env.trouble = &trouble;
  env.random = &random;
  env.clock = clock;
  env.pace = pace;
  env.request_timeout = options.request_timeout;
  env.connections = std::max(1, options.bind_connections);
  env.events_per_second = options.events_per_second;
  return env;
}

void Client::State::OnFound(const Discovered& found) {
  Log(LogLevel::kInfo, "connected to {} ({})", http.origin(),
      found.version.empty() ? "version unknown" : found.version);
  writer.SetEvictionApi(found.eviction_api);
  watch_list = options.watch_list && found.minor >= kWatchListMinor;
  std::vector<ObjectKind> kinds = {ObjectKind::kNode, ObjectKind::kNamespace};
  if (found.jobs) kinds.push_back(ObjectKind::kJob);
  if (found.pod_groups) kinds.push_back(ObjectKind::kPodGroup);
  if (found.queues) kinds.push_back(ObjectKind::kQueue);
  // Last, because it is the longest: the others are there when the first pod is looked at.
  kinds.push_back(ObjectKind::kPod);
  unlisted.insert(kinds.begin(), kinds.end());
  if (on_discovered) on_discovered(kinds);
  for (const ObjectKind kind : kinds) StartInformer(kind);
  discovery.AwaitMissing([this](ObjectKind kind) {
    Log(LogLevel::kInfo, "the cluster serves {} now", ResourceOf(kind).name);
    StartInformer(kind);
  });
}

void Client::State::StartInformer(ObjectKind kind) {
  InformerEnv env;
  env.loop = loop;
  env.http = &http;
  env.sink = sink;
  env.metrics = metrics;
  env.trouble = &trouble;
  env.random = &random;
  env.pace = pace;
  env.translate = TranslateOf(options);
  env.request_timeout = options.request_timeout;
  env.watch_list = watch_list;
  env.on_listed = [this](ObjectKind listed) { OnListed(listed); };
  env.on_claims = [this] { WatchVolumes(); };
  informers.push_back(std::make_unique<Informer>(std::move(env), ResourceOf(kind)));
  informers.back()->Start();
}

// The first pod with a claim to a volume is there: most clusters of GPUs never have one.
void Client::State::WatchVolumes() {
  if (std::exchange(volumes_watched, true)) return;
  for (const ObjectKind kind : kVolumeKinds) StartInformer(kind);
}

// Lists leave large freed blocks behind, which the allocator keeps unless told. On somebody else's
// loop that is somebody else's matter.
void Client::State::OnListed(ObjectKind kind) {
  unlisted.erase(kind);
  if (unlisted.empty() && own_loop) {
    loop->After(kTrimDelay, [] { ::malloc_trim(0); });
  }
}

template <typename Item>
bool Client::State::Hand(std::vector<Item>* items, void (Writer::*take)(std::vector<Item>)) {
  const std::lock_guard lock(mutex);
  if (stopped) return false;
  loop->Post([weak = weak_from_this(), take, moved = std::move(*items)]() mutable {
    if (const auto state = weak.lock()) (state->writer.*take)(std::move(moved));
  });
  return true;
}

void Client::State::StopReading() {
  discovery.Stop();
  for (const auto& informer : informers) informer->Stop();
}

void Client::State::StopOwnThread(Duration grace) {
  std::mutex waiting;
  std::condition_variable changed;
  bool drained = false;
  loop->Post([&, this] {
    StopReading();
    writer.Drain([&] {
      const std::lock_guard lock(waiting);
      drained = true;
      changed.notify_all();
    });
  });
  {
    std::unique_lock lock(waiting);
    changed.wait_for(lock, std::chrono::nanoseconds(grace.ns), [&] { return drained; });
  }
  {
    const std::lock_guard lock(mutex);
    stopped = true;
  }
  // What was posted before comes first; then every request that is still open gets its answer.
  loop->Post([this] {
    writer.GiveUp(kStopped);
    loop->Stop();
  });
  thread.join();
}

void Client::State::StopOnLoop() {
  loop->Post([weak = weak_from_this()] {
    const auto state = weak.lock();
    if (!state || state->stopped) return;
    state->StopReading();
    state->writer.Drain([] {});
  });
  loop->Poll();
  stopped = true;
  writer.GiveUp(kStopped);
}

Client::Client(const Connection& connection, ClientOptions options, EventSink* sink,
               Metrics* metrics, ClientSeams seams)
    : state_(std::make_shared<State>(connection, std::move(options), sink, metrics,
                                     std::move(seams))) {}

Client::~Client() {
  if (state_->own_loop) Stop(Duration{});
  if (state_->own_loop || state_->stopped) return;
  state_->stopped = true;
  state_->StopReading();
  state_->writer.GiveUp(kStopped);
}

void Client::Start() {
  state_->loop->Post([weak = state_->weak_from_this()] {
    const auto state = weak.lock();
    if (!state || state->stopped) return;
    state->discovery.Start([s = state.get()](const Discovered& found) { s->OnFound(found); });
  });
  if (!state_->own_loop) return;
  state_->thread = std::thread([loop = state_->loop] { loop->Run(); });
}

void Client::Stop(Duration grace) {
  if (state_->thread.joinable()) return state_->StopOwnThread(grace);
  if (!state_->own_loop && !state_->stopped) state_->StopOnLoop();
}

void Client::OnDiscovered(std::function<void(std::vector<ObjectKind>)> callback) {
  state_->on_discovered = std::move(callback);
}

void Client::Bind(std::vector<BindRequest> requests) {
  if (state_->Hand(&requests, &Writer::Bind)) return;
  EventBatch answers;
  for (BindRequest& request : requests) {
    answers.emplace_back(BindFinished{std::move(request.pod), std::move(request.node),
                                      BindOutcome::kFailed, "stopped"});
  }
  if (!answers.empty()) state_->sink->Post(std::move(answers));
}

void Client::Evict(std::vector<EvictRequest> requests) {
  if (state_->Hand(&requests, &Writer::Evict)) return;
  EventBatch answers;
  for (EvictRequest& request : requests) {
    answers.emplace_back(EvictFinished{std::move(request.pod), EvictOutcome::kFailed, "stopped"});
  }
  if (!answers.empty()) state_->sink->Post(std::move(answers));
}

void Client::SetPending(std::vector<PendingStatus> statuses) {
  state_->Hand(&statuses, &Writer::SetPending);
}

void Client::SetQueueStatus(std::vector<QueueStatus> statuses) {
  state_->Hand(&statuses, &Writer::SetQueueStatus);
}

void Client::Note(std::vector<EventNote> notes) { state_->Hand(&notes, &Writer::Note); }

std::string Client::Trouble() const { return state_->trouble.Text(); }

}  // namespace fairlead::kube
