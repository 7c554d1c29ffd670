// HTTP/1.1 before an ApiServer, on one loop: keep-alive, pipelining, chunked watches, TLS, bounded
// headers and bodies, and faults on request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/apiserver/faults.h"
#include "fairlead/base/result.h"
#include "fairlead/net/loop.h"

namespace fairlead::apiserver {

struct HttpFrontOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;         // 0: any free one
  std::string cert_pem, key_pem;  // both empty: plain HTTP
  std::size_t max_header = 64U << 10;
  Duration idle_timeout = Duration::Seconds(120);  // of a connection between requests
};

class HttpFront {
 public:
  // `faults` may be null. Everything outlives the front.
  HttpFront(net::IoLoop* loop, ApiServer* server, HttpFrontOptions options, Faults* faults);
  ~HttpFront();  // closes all connections
  HttpFront(const HttpFront&) = delete;
  HttpFront& operator=(const HttpFront&) = delete;

  // Error: address in use, not an address, a certificate that cannot be read.
  Status Listen();
  std::uint16_t port() const;

  // A connection without a network, for virtual time: the other end of a new socket pair, which is
  // the caller's to close. Delivery through it is immediate, unlike that of TCP.
  int Dial();

  std::size_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::apiserver
