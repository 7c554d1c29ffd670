// The embedded server on a thread of its own, over plain TCP, for the cases.
#pragma once

#include <chrono>
#include <thread>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/apiserver/http_front.h"
#include "fairlead/net/loop.h"
#include "tests/conformance/runner.h"

namespace fairlead::conformance {

class Embedded {
 public:
  explicit Embedded(apiserver::Profile profile, apiserver::ApiServerOptions options = {})
      : server_(With(options, profile), &clock_),
        front_(&loop_, &server_, {}, nullptr),
        minor_(profile == apiserver::Profile::k120 ? 20 : 34) {
    const Status listening = front_.Listen();
    FAIRLEAD_CHECK(listening.ok(), "{}", listening.ok() ? "" : listening.error().ToString());
    thread_ = std::thread([this] { loop_.Run(); });
  }
  ~Embedded() {
    loop_.Stop();
    thread_.join();
  }
  Embedded(const Embedded&) = delete;
  Embedded& operator=(const Embedded&) = delete;

  Target target() const {
    Target target;
    target.access.port = front_.port();
    target.access.tls = false;
    target.minor = minor_;
    return target;
  }

 private:
  struct RealClock : Clock {
    Instant Now() const override {
      const auto since = std::chrono::system_clock::now().time_since_epoch();
      return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
    }
  };
  static apiserver::ApiServerOptions With(apiserver::ApiServerOptions options,
                                          apiserver::Profile profile) {
    options.profile = profile;
    return options;
  }

  RealClock clock_;
  net::IoLoop loop_;
  apiserver::ApiServer server_;
  apiserver::HttpFront front_;
  int minor_;
  std::thread thread_;
};

}  // namespace fairlead::conformance
