// What is wrong with the cluster's API, as people should read it: kept for /readyz, and logged when
// the reason changes and then once a minute. Safe from any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "fairlead/base/time.h"
#include "fairlead/net/loop.h"

namespace fairlead::kube {

class Trouble {
 public:
  // `loop` tells the time.
  explicit Trouble(const net::IoLoop* loop) : loop_(loop) {}

  // `source` has not worked yet; not logged.
  void Expect(const std::string& source, const std::string& what);
  // `source` failed because of `why` and is tried again after `retry`.
  void Set(const std::string& source, const std::string& why, Duration retry);
  // `source` works.
  void Clear(const std::string& source);

  // All of it on one line, in order of the sources; empty = no trouble.
  std::string Text() const;

 private:
  struct Entry {
    std::string why;
    std::string text;
    bool logged = false;
    Instant logged_at;
  };

  const net::IoLoop* loop_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace fairlead::kube
