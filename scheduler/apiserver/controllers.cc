#include "fairlead/apiserver/controllers.h"

#include "scheduler/apiserver/disruption.h"
#include "scheduler/apiserver/garbage.h"
#include "scheduler/apiserver/job_controller.h"
#include "scheduler/apiserver/namespaces.h"

namespace fairlead::apiserver {

struct Controllers::State {
  State(net::IoLoop* loop, Api* api, const ControllerOptions& options)
      : work(loop, options.speed),
        jobs(api, &work),
        garbage(api, &work),
        namespaces(api, &work),
        disruption(api, &work) {}

  LoopWork work;
  JobController jobs;
  GarbageCollector garbage;
  NamespaceController namespaces;
  DisruptionController disruption;
};

// The server's own clock is the one that counts; `clock` is the same by contract.
Controllers::Controllers(net::IoLoop* loop, ApiServer* server, const Clock* /*clock*/,
                         ControllerOptions options)
    : state_(std::make_unique<State>(loop, &server->api(), options)) {}
Controllers::~Controllers() = default;

}  // namespace fairlead::apiserver
