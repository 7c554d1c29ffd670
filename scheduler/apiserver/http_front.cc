#include "fairlead/apiserver/http_front.h"

#include <utility>

#include "scheduler/apiserver/api.h"
#include "scheduler/apiserver/http_listener.h"

namespace fairlead::apiserver {

struct HttpFront::State : RequestHandler {
  State(net::IoLoop* loop, ApiServer* s, const HttpFrontOptions& options, Faults* faults)
      : server(*s), listener(loop, this, options, s->options().max_body, faults) {}

  Response Handle(const Request& request) override { return server.Handle(request); }
  Instant Now() const override { return server.api().Now(); }

  ApiServer& server;
  HttpListener listener;
};

// The options are taken by value because the interface is the same for whoever keeps them.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
HttpFront::HttpFront(net::IoLoop* loop, ApiServer* server, HttpFrontOptions options, Faults* faults)
    : state_(std::make_shared<State>(loop, server, options, faults)) {}

HttpFront::~HttpFront() = default;

Status HttpFront::Listen() { return state_->listener.Listen(); }
std::uint16_t HttpFront::port() const { return state_->listener.port(); }
int HttpFront::Dial() { return state_->listener.Dial(); }
std::size_t HttpFront::connections() const { return state_->listener.connections(); }

}  // namespace fairlead::apiserver
