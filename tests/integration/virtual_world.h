// A whole world in virtual time on one loop and one thread: API server, kubelets, controllers, and
// a scheduler that talks to them over socket pairs through the HTTP front. The same options give
// the same steps every time.
//
// Time stands still while anything can happen; then it jumps to the next timer of the loop or of
// the engine. The engine, which has a thread of its own in production, gets a turn after every few
// handlers of the loop, drawn from the seed, so that its steps fall between those of the client and
// the server in many ways.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/apiserver/controllers.h"
#include "fairlead/apiserver/faults.h"
#include "fairlead/apiserver/http_front.h"
#include "fairlead/apiserver/kubelets.h"
#include "fairlead/engine/engine.h"
#include "fairlead/kube/client.h"
#include "fairlead/net/loop.h"
#include "tests/integration/cluster_watch.h"
#include "tests/integration/manifests.h"

namespace fairlead::integration {

struct WorldOptions {
  std::uint64_t seed = 1;
  apiserver::ApiServerOptions server = {};
  apiserver::KubeletOptions kubelets = {};
  kube::ClientOptions client = {};
  Policy policy = {};
  Duration skew;  // how far the scheduler's clock is ahead of everybody else's
};

// The faults of the scheduler's connections; may be exchanged at any time.
class SwitchableFaults : public apiserver::Faults {
 public:
  apiserver::Fault Next(std::string_view method, std::string_view path, bool is_watch) override;
  void Use(std::unique_ptr<apiserver::Faults> plan) { plan_ = std::move(plan); }  // null: none
  std::uint64_t struck() const { return struck_; }

 private:
  std::unique_ptr<apiserver::Faults> plan_;
  std::uint64_t struck_ = 0;
};

class VirtualWorld : public Clock {
 public:
  explicit VirtualWorld(WorldOptions options);
  ~VirtualWorld() override;

  Instant Now() const override;  // the time of day
  net::IoLoop& loop() { return loop_; }
  apiserver::ApiServer& server() { return server_; }
  apiserver::Kubelets& kubelets() { return kubelets_; }
  const apiserver::HttpFront& front() const { return front_; }
  SwitchableFaults& faults() { return faults_; }
  const SwitchableFaults& faults() const { return faults_; }
  const ClusterWatch& watch() const { return watch_; }

  // The scheduler: at most one at a time.
  void StartScheduler();
  void StopScheduler();  // as at SIGTERM: what takes no time is finished
  void KillScheduler();  // as at SIGKILL
  // Kills it after so many more handlers of the loop, wherever it is then.
  void KillSchedulerAfter(std::uint64_t handlers);
  void SpareScheduler() { kill_at_ = UINT64_MAX; }
  // False: new connections of the scheduler are refused.
  void SetReachable(bool reachable) { reachable_ = reachable; }
  bool scheduler_runs() const { return engine_ != nullptr; }
  Engine& engine() { return *engine_; }
  kube::Client& client() { return *client_; }
  std::string Metrics() const { return metrics_->Text(); }
  // The value of one series, 0 where there is none.
  std::int64_t Metric(const std::string& series) const;

  // Runs what is ready until nothing is. Time does not pass.
  void Settle();
  void RunFor(Duration time);
  // False: it did not hold within `limit`.
  bool RunUntil(const std::function<bool()>& condition, Duration limit);

  // Requests of users, which meet no faults. `path` may have a query.
  apiserver::Response Do(const std::string& method, const std::string& path,
                         const std::string& body = {},
                         const std::string& content_type = "application/json");
  apiserver::Response Create(const PodWish& wish);
  apiserver::Response Delete(const std::string& ns, const std::string& pod, int grace_s = 0);

 private:
  struct SkewedClock : Clock {
    const VirtualWorld* world = nullptr;
    Instant Now() const override { return world->Now() + world->options_.skew; }
  };
  struct Relay : EventSink {
    Engine* engine = nullptr;
    void Post(EventBatch batch) override {
      if (engine != nullptr) engine->Post(std::move(batch));
    }
  };

  bool Turn();
  bool RunHandler();
  Instant NextTimer() const;

  WorldOptions options_;
  std::mt19937_64 random_;
  net::IoLoop loop_{net::LoopTime::kVirtual};
  apiserver::ApiServer server_;
  ClusterWatch watch_;
  apiserver::Kubelets kubelets_;
  apiserver::Controllers controllers_;
  SwitchableFaults faults_;
  apiserver::HttpFront front_;
  bool reachable_ = true;
  std::uint64_t handlers_ = 0;  // that have run
  std::uint64_t kill_at_ = UINT64_MAX;

  // Of the scheduler that runs.
  int schedulers_ = 0;
  SkewedClock clock_;
  std::unique_ptr<fairlead::Metrics> metrics_ = std::make_unique<fairlead::Metrics>();
  Relay relay_;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace fairlead::integration
