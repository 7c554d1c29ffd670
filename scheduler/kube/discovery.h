// What the server is and serves. Repeated with backoff until it answers; a server that lets us see
// only part of it is taken by what its version implies.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "fairlead/base/result.h"
#include "fairlead/model/cluster_store.h"
#include "scheduler/kube/http.h"
#include "scheduler/kube/pace.h"
#include "scheduler/kube/trouble.h"

namespace fairlead::kube {

struct Discovered {
  int minor = 0;               // of version 1.x; 0: not known
  std::string version;         // "v1.20.2"
  std::string eviction_api;    // apiVersion of the Eviction that pods/eviction takes
  bool jobs = true;            // batch/v1
  bool pod_group_api = false;  // the group scheduling.x-k8s.io/v1alpha1 is there
  bool pod_groups = false;     // and has podgroups
  bool queue_api = false;      // the group fairlead.dev/v1alpha1 is there
  bool queues = false;         // and has queues
};

// Bodies of /version, /api/v1, /apis and of one group version. Pure.
Status ReadVersion(std::string_view json, Discovered* out);
Status ReadCore(std::string_view json, Discovered* out);
Status ReadGroups(std::string_view json, Discovered* out);
Status ReadPodGroupApi(std::string_view json, Discovered* out);
Status ReadQueueApi(std::string_view json, Discovered* out);

class Discovery {
 public:
  using Done = std::function<void(const Discovered&)>;

  Discovery(IoLoop* loop, HttpClient* http, Trouble* trouble, const Pace& pace, Random* random);

  void Start(Done done);
  // Looks every Pace::rediscover for the custom resources that were not found, until all are
  // served; tells each once.
  void AwaitMissing(std::function<void(ObjectKind)> served);
  void Stop();

 private:
  void Ask(std::size_t step);
  void OnAnswer(std::size_t step, const HttpAnswer& answer);
  void AskForMissing();
  void AskFor(ObjectKind kind);

  IoLoop* loop_;
  HttpClient* http_;
  Trouble* trouble_;
  Pace pace_;
  Backoff backoff_;
  Done done_;
  std::function<void(ObjectKind)> served_;
  Discovered found_;
  IoLoop::TimerId timer_ = 0;
  bool stopped_ = false;
};

}  // namespace fairlead::kube
