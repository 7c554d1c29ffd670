#include "scheduler/apiserver/http_listener.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/apiserver/http_transport.h"

namespace fairlead::apiserver {

struct HttpListener::State : ConnectionOwner, std::enable_shared_from_this<HttpListener::State> {
  using ConnectionPtr = std::shared_ptr<HttpConnection>;

  void Wake(ConnectionPtr connection) override {
    if (woken.empty()) {
      loop->Post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->WakeAll();
      });
    }
    woken.push_back(std::move(connection));
  }

  void WakeAll() {
    std::vector<ConnectionPtr> batch;
    batch.swap(woken);
    for (const ConnectionPtr& connection : batch) connection->OnWoken();
    // The memory is for the next batch, unless that has begun already.
    batch.clear();
    if (woken.empty()) woken.swap(batch);
  }

  void Ended(HttpConnection* connection) override {
    connections.erase(connection->shared_from_this());
  }

  void Adopt(std::unique_ptr<Transport> transport) {
    auto connection = std::make_shared<HttpConnection>(this, std::move(transport));
    connections.insert(connection);
    connection->Start();
  }

  HttpFrontOptions options;
  std::set<ConnectionPtr> connections;
  std::vector<ConnectionPtr> woken;
  std::unique_ptr<TlsServer> tls;
  std::unique_ptr<Acceptor> acceptor;
};

HttpListener::HttpListener(net::IoLoop* loop, RequestHandler* handler,
                           const HttpFrontOptions& options, std::size_t max_body, Faults* faults)
    : state_(std::make_shared<State>()) {
  state_->loop = loop;
  state_->handler = handler;
  state_->faults = faults;
  state_->limits = {options.max_header, max_body};
  state_->idle_timeout = options.idle_timeout;
  state_->options = options;
}

HttpListener::~HttpListener() {
  state_->acceptor.reset();
  state_->woken.clear();
  // Handlers that are still to come find their connection closed; they hold it, not this.
  const std::set<State::ConnectionPtr> open = state_->connections;
  for (const State::ConnectionPtr& connection : open) connection->Close();
}

Status HttpListener::Listen() {
  const HttpFrontOptions& options = state_->options;
  if (!options.cert_pem.empty() || !options.key_pem.empty()) {
    auto tls = TlsServer::Make(options.cert_pem, options.key_pem);
    if (!tls.ok()) return tls.error();
    state_->tls = std::move(*tls);
  }
  auto acceptor = Acceptor::Listen(state_->loop, options.address, options.port, state_->tls.get(),
                                   [state = state_.get()](std::unique_ptr<Transport> transport) {
                                     state->Adopt(std::move(transport));
                                   });
  if (!acceptor.ok()) return acceptor.error();
  state_->acceptor = std::move(*acceptor);
  return Ok{};
}

std::uint16_t HttpListener::port() const {
  return state_->acceptor == nullptr ? std::uint16_t{0} : state_->acceptor->port();
}

int HttpListener::Dial() {
  int other_end = -1;
  std::unique_ptr<Transport> transport = MakePair(state_->loop, &other_end);
  if (transport != nullptr) state_->Adopt(std::move(transport));
  return other_end;
}

std::size_t HttpListener::connections() const { return state_->connections.size(); }

}  // namespace fairlead::apiserver
