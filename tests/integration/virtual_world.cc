#include "tests/integration/virtual_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <utility>

namespace fairlead::integration {
namespace {

constexpr Instant kStart{1'767'225'600'000'000'000};  // 2026-01-01T00:00:00Z
constexpr std::uint64_t kMostHandlers = 8;            // between two turns of the engine

}  // namespace

apiserver::Fault SwitchableFaults::Next(std::string_view method, std::string_view path,
                                        bool is_watch) {
  if (!plan_) return {};
  const apiserver::Fault fault = plan_->Next(method, path, is_watch);
  if (fault.kind != apiserver::FaultKind::kNone) ++struck_;
  return fault;
}

VirtualWorld::VirtualWorld(WorldOptions options)
    : options_(std::move(options)),
      random_(options_.seed),
      server_(options_.server, this),
      watch_(&server_, this),
      kubelets_(&loop_, &server_, this, options_.kubelets),
      controllers_(&loop_, &server_, this),
      front_(&loop_, &server_, {}, &faults_) {
  clock_.world = this;
}

VirtualWorld::~VirtualWorld() { KillScheduler(); }

Instant VirtualWorld::Now() const { return kStart + (loop_.Now() - Instant{}); }

void VirtualWorld::StartScheduler() {
  FAIRLEAD_CHECK(engine_ == nullptr, "a scheduler runs already");
  ++schedulers_;
  metrics_ = std::make_unique<fairlead::Metrics>();
  kube::Connection connection;
  connection.server = "http://embedded";
  kube::ClientSeams seams;
  seams.loop = &loop_;
  seams.clock = &clock_;
  seams.seed = random_();
  seams.dial = [this] { return reachable_ ? front_.Dial() : -1; };
  client_ = std::make_unique<kube::Client>(connection, options_.client, &relay_, metrics_.get(),
                                           std::move(seams));
  EngineOptions engine;
  engine.instance = fmt::format("s{}", schedulers_);
  engine.abort_on_bug = true;
  engine_ =
      std::make_unique<Engine>(options_.policy, engine, client_.get(), &clock_, metrics_.get());
  relay_.engine = engine_.get();
  client_->OnDiscovered(
      [this](std::vector<ObjectKind> kinds) { engine_->ExpectSync(std::move(kinds)); });
  client_->Start();
}

void VirtualWorld::StopScheduler() {
  if (!engine_) return;
  client_->Stop(Duration{});
  KillScheduler();
}

void VirtualWorld::KillScheduler() {
  kill_at_ = UINT64_MAX;
  relay_.engine = nullptr;
  engine_.reset();
  client_.reset();
}

void VirtualWorld::KillSchedulerAfter(std::uint64_t handlers) { kill_at_ = handlers_ + handlers; }

std::int64_t VirtualWorld::Metric(const std::string& series) const {
  const std::string text = "\n" + metrics_->Text();
  const std::size_t at = text.find("\n" + series + " ");
  if (at == std::string::npos) return 0;
  const char* const begin = text.data() + at + series.size() + 2;
  std::int64_t value = 0;
  std::from_chars(begin, text.data() + text.size(), value);
  return value;
}

bool VirtualWorld::RunHandler() {
  if (loop_.context().poll_one() == 0) return false;
  if (++handlers_ >= kill_at_) KillScheduler();
  return true;
}

// True if anything happened.
bool VirtualWorld::Turn() {
  bool ran = false;
  for (std::uint64_t left = 1 + random_() % kMostHandlers; left > 0 && RunHandler(); --left) {
    ran = true;
  }
  return (engine_ && engine_->RunOnce()) || ran;
}

void VirtualWorld::Settle() {
  // Twice nothing: what the engine sent in its last turn may have made no answer yet.
  for (int idle = 0; idle < 2;) idle = Turn() ? 0 : idle + 1;
}

Instant VirtualWorld::NextTimer() const {
  Instant next = loop_.NextTimer();
  if (!engine_ || engine_->NextTimer() == Instant{INT64_MAX}) return next;
  // Later than now: what it wanted by now it has had in its last turn.
  const Instant wanted = engine_->NextTimer() - options_.skew;
  if (wanted > Now()) next = std::min(next, Instant{(wanted - kStart).ns});
  return next;
}

void VirtualWorld::RunFor(Duration time) {
  RunUntil([] { return false; }, time);
}

bool VirtualWorld::RunUntil(const std::function<bool()>& condition, Duration limit) {
  const Instant end = loop_.Now() + limit;
  while (true) {
    Settle();
    if (condition()) return true;
    const Instant next = NextTimer();
    if (next > end) break;
    loop_.AdvanceTo(next);
  }
  loop_.AdvanceTo(end);
  Settle();
  return condition();
}

apiserver::Response VirtualWorld::Do(const std::string& method, const std::string& path,
                                     const std::string& body, const std::string& content_type) {
  apiserver::Request request;
  request.method = method;
  request.path = path.substr(0, path.find('?'));
  if (request.path.size() < path.size()) request.query = path.substr(request.path.size() + 1);
  request.accept = "application/json";
  if (!body.empty()) request.content_type = content_type;
  request.body = body;
  return server_.Handle(request);
}

apiserver::Response VirtualWorld::Create(const PodWish& wish) {
  return Do("POST", fmt::format("/api/v1/namespaces/{}/pods", wish.ns), PodJson(wish));
}

apiserver::Response VirtualWorld::Delete(const std::string& ns, const std::string& pod,
                                         int grace_s) {
  return Do("DELETE",
            fmt::format("/api/v1/namespaces/{}/pods/{}?gracePeriodSeconds={}", ns, pod, grace_s));
}

}  // namespace fairlead::integration
