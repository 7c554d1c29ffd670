// The HTTP listener for metrics and health: /metrics, /healthz, /readyz. GET and HEAD only, bounded
// headers, no body, loopback unless configured otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"

namespace fairlead::service {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8470;  // 0: any free one
  // A connection has this long to send a request's headers, and as long to take the answer.
  Duration timeout = Duration::Seconds(5);
  int max_connections = 64;  // more wait in the kernel until one ends
};

struct HttpHandlers {
  std::function<std::string()> metrics;    // text format
  std::function<std::string()> readiness;  // empty = ready, else why not
};

class HttpServer {
 public:
  // Listens and serves on a thread of its own until destroyed. Error: address in use, not an
  // address.
  static Result<std::unique_ptr<HttpServer>> Start(HttpServerOptions options,
                                                   HttpHandlers handlers);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  std::uint16_t port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::service
