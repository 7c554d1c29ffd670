// What the requests that write need from around them.
#pragma once

#include <string>
#include <string_view>

#include "fairlead/engine/metrics.h"
#include "fairlead/engine/ports.h"
#include "scheduler/kube/http.h"
#include "scheduler/kube/pace.h"
#include "scheduler/kube/trouble.h"
#include "scheduler/kube/wall_clock.h"

namespace fairlead::kube {

inline constexpr std::string_view kProtobuf = "application/vnd.kubernetes.protobuf";
inline constexpr std::string_view kJsonType = "application/json";

struct WriteEnv {
  IoLoop* loop = nullptr;
  HttpClient* http = nullptr;
  EventSink* sink = nullptr;
  Metrics* metrics = nullptr;
  Trouble* trouble = nullptr;
  Random* random = nullptr;
  const Clock* clock = WallClock();  // the time of day that is written
  Pace pace;
  Duration request_timeout = Duration::Seconds(30);
  int connections = 32;
  int events_per_second = 20;
  std::string eviction_api = "policy/v1";  // the Eviction's apiVersion
};

}  // namespace fairlead::kube
