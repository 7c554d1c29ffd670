#include "fairlead/kube/client.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "fairlead/engine/log.h"
#include "scheduler/kube/credentials.h"
#include "scheduler/kube/discovery.h"
#include "scheduler/kube/http.h"
#include "scheduler/kube/informer.h"
#include "scheduler/kube/loop.h"
#include "scheduler/kube/trouble.h"
#include "scheduler/kube/writer.h"

namespace fairlead::kube {
namespace {

// WatchList is on by default on servers from here on.
constexpr int kWatchListMinor = 32;
// The engine needs this long to take in what the lists brought.
constexpr Duration kTrimDelay = Duration::Seconds(2);

TranslateOptions TranslateOf(const ClientOptions& options) {
  return {.scheduler_names = options.scheduler_names,
          .gpu_resources = options.gpu_resources,
          .gpu_model_labels = options.gpu_model_labels,
          .max_gang_size = options.max_gang_size};
}

}  // namespace

struct Client::State {
  ClientOptions options;
  EventSink* sink;
  Metrics* metrics;
  kube::Trouble trouble;
  Pace pace;
  IoLoop loop;  // before all that runs on it
  Credentials credentials;
  HttpClient http;
  Discovery discovery;
  Writer writer;
  std::vector<std::unique_ptr<Informer>> informers;
  std::set<ObjectKind> unlisted;
  bool watch_list = false;  // this server has it
  std::function<void(std::vector<ObjectKind>)> on_discovered;
  std::thread thread;

  std::mutex mutex;  // guards `stopped`, so that no request slips in behind the last answer
  bool stopped = false;

  State(const Connection& connection, ClientOptions given, EventSink* to, Metrics* counted);
  void OnFound(const Discovered& found);
  void StartInformer(ObjectKind kind);
  void OnListed(ObjectKind kind);
  bool PostOrRefuse(IoLoop::Task task);
  WriteEnv MakeWriteEnv();
};

Client::State::State(const Connection& connection, ClientOptions given, EventSink* to,
                     Metrics* counted)
    : options(std::move(given)),
      sink(to),
      metrics(counted),
      credentials(&loop, connection),
      http(&loop, connection, pace, &credentials),
      discovery(&loop, &http, &trouble, pace),
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
  env.loop = &loop;
  env.http = &http;
  env.sink = sink;
  env.metrics = metrics;
  env.trouble = &trouble;
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
  // Last, because it is the longest: the others are there when the first pod is looked at.
  kinds.push_back(ObjectKind::kPod);
  unlisted.insert(kinds.begin(), kinds.end());
  if (on_discovered) on_discovered(kinds);
  for (const ObjectKind kind : kinds) StartInformer(kind);
  if (!found.pod_groups) {
    discovery.AwaitPodGroups([this] {
      Log(LogLevel::kInfo, "the cluster serves PodGroups now");
      StartInformer(ObjectKind::kPodGroup);
    });
  }
}

void Client::State::StartInformer(ObjectKind kind) {
  InformerEnv env;
  env.loop = &loop;
  env.http = &http;
  env.sink = sink;
  env.metrics = metrics;
  env.trouble = &trouble;
  env.pace = pace;
  env.translate = TranslateOf(options);
  env.request_timeout = options.request_timeout;
  env.watch_list = watch_list;
  env.on_listed = [this](ObjectKind listed) { OnListed(listed); };
  informers.push_back(std::make_unique<Informer>(std::move(env), ResourceOf(kind)));
  informers.back()->Start();
}

// Lists leave large freed blocks behind, which the allocator keeps unless told.
void Client::State::OnListed(ObjectKind kind) {
  unlisted.erase(kind);
  if (unlisted.empty()) {
    loop.After(kTrimDelay, [] { ::malloc_trim(0); });
  }
}

bool Client::State::PostOrRefuse(IoLoop::Task task) {
  const std::lock_guard lock(mutex);
  if (stopped) return false;
  loop.Post(std::move(task));
  return true;
}

Client::Client(const Connection& connection, ClientOptions options, EventSink* sink,
               Metrics* metrics)
    : state_(std::make_shared<State>(connection, std::move(options), sink, metrics)) {}

Client::~Client() { Stop(Duration{}); }

void Client::Start() {
  state_->loop.Post([state = state_.get()] {
    state->discovery.Start([state](const Discovered& found) { state->OnFound(found); });
  });
  state_->thread = std::thread([state = state_.get()] { state->loop.Run(); });
}

void Client::Stop(Duration grace) {
  if (!state_->thread.joinable()) return;
  std::mutex mutex;
  std::condition_variable changed;
  bool drained = false;
  state_->loop.Post([&, state = state_.get()] {
    state->discovery.Stop();
    for (const auto& informer : state->informers) informer->Stop();
    state->writer.Drain([&] {
      const std::lock_guard lock(mutex);
      drained = true;
      changed.notify_all();
    });
  });
  {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::nanoseconds(grace.ns), [&] { return drained; });
  }
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
  }
  // What was posted before comes first; then every request that is still open gets its answer.
  state_->loop.Post([state = state_.get()] {
    state->writer.GiveUp("stopped before the server answered");
    state->loop.Stop();
  });
  state_->thread.join();
}

void Client::OnDiscovered(std::function<void(std::vector<ObjectKind>)> callback) {
  state_->on_discovered = std::move(callback);
}

void Client::Bind(std::vector<BindRequest> requests) {
  const auto task = [state = state_.get(), requests] { state->writer.Bind(requests); };
  if (state_->PostOrRefuse(task)) return;
  EventBatch answers;
  for (BindRequest& request : requests) {
    answers.emplace_back(BindFinished{std::move(request.pod), std::move(request.node),
                                      BindOutcome::kFailed, "stopped"});
  }
  if (!answers.empty()) state_->sink->Post(std::move(answers));
}

void Client::Evict(std::vector<EvictRequest> requests) {
  const auto task = [state = state_.get(), requests] { state->writer.Evict(requests); };
  if (state_->PostOrRefuse(task)) return;
  EventBatch answers;
  for (EvictRequest& request : requests) {
    answers.emplace_back(EvictFinished{std::move(request.pod), EvictOutcome::kFailed, "stopped"});
  }
  if (!answers.empty()) state_->sink->Post(std::move(answers));
}

void Client::SetPending(std::vector<PendingStatus> statuses) {
  state_->PostOrRefuse([state = state_.get(), moved = std::move(statuses)]() mutable {
    state->writer.SetPending(std::move(moved));
  });
}

void Client::Note(std::vector<EventNote> notes) {
  state_->PostOrRefuse([state = state_.get(), moved = std::move(notes)]() mutable {
    state->writer.Note(std::move(moved));
  });
}

std::string Client::Trouble() const { return state_->trouble.Text(); }

}  // namespace fairlead::kube
