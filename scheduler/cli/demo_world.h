// The demo's cluster: an API server in the process, simulated kubelets, the Job controller, and the
// scheduler itself as it runs in production: its API client over TCP and its engine, each on a
// thread of its own. Time runs `speed` times as fast for all of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "fairlead/base/result.h"
#include "fairlead/ledger/statement.h"
#include "scheduler/cli/demo_scenario.h"
#include "scheduler/cli/demo_view.h"

namespace fairlead::cli {

class DemoWorld {
 public:
  // The scenario outlives the world. `port` 0: any free one. Returns once the scheduler is in sync
  // and the load has begun to arrive. Error: the port is taken; the scheduler does not come up.
  static Result<std::unique_ptr<DemoWorld>> Start(const DemoScenario& scenario, std::uint16_t port);
  ~DemoWorld();
  DemoWorld(const DemoWorld&) = delete;
  DemoWorld& operator=(const DemoWorld&) = delete;

  // "http://127.0.0.1:PORT"
  const std::string& url() const;
  Duration clock() const;  // cluster time since the load began
  // Reads the view under a lock; `now` is cluster time.
  void Look(const std::function<void(DemoView& view, Instant now)>& reader) const;
  // What has been used so far and what it costs at the default rates, by tenant.
  Result<ledger::Statement> Cost() const;
  // As the kubelets count them.
  std::int64_t double_bookings() const;

 private:
  struct State;
  explicit DemoWorld(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::cli
