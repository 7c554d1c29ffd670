// A client for benchmarks of an HTTP server on this machine: requests over keep-alive connections
// with at most one under way on each, and one watch beside them, all on the calling thread with
// epoll, so that little of the machine's time is its own. It understands just what the server of
// this project answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::bench {

struct LoadPlan {
  std::uint16_t port = 0;  // of 127.0.0.1
  bool tls = false;        // the server's certificate is not looked at
  std::size_t connections = 32;
  std::string watch;                  // the whole request
  std::vector<std::string> requests;  // whole requests, each of which must be answered with 201
};

struct LoadResult {
  std::string error;  // empty: every request was answered and seen on the watch
  double seconds = 0;
  double seconds_to_last_event = 0;
  std::size_t modified = 0;                // frames of the watch
  std::vector<std::int64_t> latencies_ns;  // sorted
};

LoadResult RunLoad(const LoadPlan& plan);

}  // namespace fairlead::bench
