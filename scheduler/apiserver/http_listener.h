// The sockets and connections of an HTTP server before any RequestHandler. What HttpFront is to an
// ApiServer, without the ApiServer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "fairlead/apiserver/http_front.h"
#include "scheduler/apiserver/http_connection.h"

namespace fairlead::apiserver {

class HttpListener {
 public:
  // `faults` may be null. Everything outlives the listener.
  HttpListener(net::IoLoop* loop, RequestHandler* handler, const HttpFrontOptions& options,
               std::size_t max_body, Faults* faults);
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  // As those of HttpFront.
  Status Listen();
  std::uint16_t port() const;
  int Dial();
  std::size_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::apiserver
