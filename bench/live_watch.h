// Sees pods being bound, at as little cost as possible, since the client shares its cores with what
// it measures: a watch in protobuf on pods that have a node (the server filters), of which each
// frame's type and the pod's number are read and the rest is skipped.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/api_client.h"
#include "tests/support/process.h"

namespace fairlead::bench {

using SteadyTime = std::chrono::steady_clock::time_point;

double Seconds(std::chrono::steady_clock::duration d);

class BoundWatch {
 public:
  // Watches the pods PodName(0) ... PodName(pods - 1) of the namespace from now on.
  BoundWatch(const e2e::Access& access, const std::string& ns, std::size_t pods);
  ~BoundWatch();
  BoundWatch(const BoundWatch&) = delete;
  BoundWatch& operator=(const BoundWatch&) = delete;

  // False if not all are bound in time, or if the watch broke.
  bool WaitForAll(e2e::milliseconds patience);
  std::size_t count() const { return count_; }
  // After WaitForAll(): when each was seen; the epoch for those that were not.
  const std::vector<SteadyTime>& seen() const { return seen_; }

 private:
  void Run(const std::string& path);
  void OnFrame(std::string_view frame);

  const e2e::Access access_;
  e2e::TlsContext tls_;
  std::unique_ptr<e2e::Stream> stream_;
  std::vector<SteadyTime> seen_;
  std::atomic<std::size_t> count_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace fairlead::bench
