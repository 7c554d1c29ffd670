// The controllers that a cluster without a controller-manager lacks: Jobs become pods, objects
// whose owner is gone are collected, a namespace that ends takes its contents along. Good enough
// for the demo and tests; not a controller-manager. They run on the server's loop.
//
// Jobs: parallelism, completions, backoffLimit, activeDeadlineSeconds, ttlSecondsAfterFinished,
// completionMode Indexed and suspend (current profile); status with active, succeeded, failed,
// startTime, completionTime and the conditions Complete and Failed.
#pragma once

#include <cstdint>
#include <memory>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/net/loop.h"

namespace fairlead::apiserver {

//
// Disruption budgets: their status follows the pods that they select. All of these pods count as
// expected ones, whoever owns them.
struct ControllerOptions {
  // How many times faster the clock runs than the loop; see KubeletOptions.
  std::int64_t speed = 1;
};

class Controllers {
 public:
  Controllers(net::IoLoop* loop, ApiServer* server, const Clock* clock,
              ControllerOptions options = {});
  ~Controllers();
  Controllers(const Controllers&) = delete;
  Controllers& operator=(const Controllers&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::apiserver
