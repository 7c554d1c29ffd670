#include "scheduler/kube/http.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "scheduler/kube/http_link.h"

namespace fairlead::kube {
namespace {

constexpr Instant kNever{INT64_MAX};

}  // namespace

void Exchange::Cancel() {
  cancelled = true;
  if (const std::shared_ptr<Link> running = link.lock()) running->Abandon();
}

struct HttpClient::State : LinkOwner, std::enable_shared_from_this<HttpClient::State> {
  Connection connection;
  Authorizer* authorizer = nullptr;
  Peer peer;
  std::string setup_error;
  std::vector<std::shared_ptr<Link>> idle;    // the last used at the end
  std::vector<std::shared_ptr<Link>> active;  // in the order of their start
  // One timer for all links. It rings at the first deadline that was set, which may have been moved
  // meanwhile: requests end long before theirs as a rule, so this is rarely set.
  IoLoop::TimerId alarm = 0;
  Instant alarm_at = kNever;
  bool closed = false;

  void SetUp();
  void MakeTls();
  void Begin(const std::shared_ptr<Exchange>& exchange);
  void Run(const std::shared_ptr<Exchange>& exchange);
  void Refuse(const std::shared_ptr<Exchange>& exchange, const std::string& error);
  void OnOver(const std::shared_ptr<Link>& link, bool keep,
              const std::shared_ptr<Exchange>& exchange) override;
  void OnAbandoned(const std::shared_ptr<Link>& link) override { std::erase(active, link); }
  void OnDeadline(Instant deadline) override;
  void Renew(const std::shared_ptr<Exchange>& exchange);
  void Deliver(const std::shared_ptr<Exchange>& exchange);
  std::shared_ptr<Link> TakeIdle();
  void CheckDeadlines();
  void DropIdle();
  void Close();
};

void HttpClient::State::SetUp() {
  peer.origin = connection.server;
  Result<ServerUrl> parsed = ParseServerUrl(connection.server);
  if (!parsed) {
    setup_error = parsed.error().message;
    return;
  }
  peer.url = std::move(parsed).value();
  peer.origin = peer.url.Origin();
  peer.host_header = peer.url.HostHeader();
  peer.tls_name = connection.tls_server_name.empty() ? peer.url.host : connection.tls_server_name;
  if (!connection.proxy_url.empty()) {
    Result<ServerUrl> proxy = ParseServerUrl(connection.proxy_url);
    if (!proxy || proxy->tls) {
      setup_error = "proxy: expected http://HOST:PORT";
      return;
    }
    peer.proxy = std::move(proxy).value();
  }
  MakeTls();
}

void HttpClient::State::MakeTls() {
  if (!peer.url.tls) return;
  Result<std::shared_ptr<TlsContext>> made = NewTlsContext(connection);
  if (made) {
    peer.tls = std::move(made).value();
  } else {
    setup_error = made.error().message;
  }
}

void HttpClient::State::Begin(const std::shared_ptr<Exchange>& exchange) {
  if (!setup_error.empty()) return Refuse(exchange, setup_error);
  if (authorizer == nullptr) return Run(exchange);
  authorizer->Prepare([self = shared_from_this(), exchange](const std::string& error) {
    if (exchange->cancelled || self->closed) return;
    if (!error.empty()) return self->Refuse(exchange, error);
    exchange->authorization = self->authorizer->header();
    self->Run(exchange);
  });
}

// The caller hears of it from the loop, not from inside its own call.
void HttpClient::State::Refuse(const std::shared_ptr<Exchange>& exchange,
                               const std::string& error) {
  exchange->answer = {};
  exchange->answer.error = error;
  peer.loop->Post([self = shared_from_this(), exchange] { self->Deliver(exchange); });
}

void HttpClient::State::Run(const std::shared_ptr<Exchange>& exchange) {
  std::shared_ptr<Link> link = TakeIdle();
  if (!link) link = NewLink(this, &peer);
  active.push_back(link);
  exchange->link = link;
  link->Run(exchange);
}

std::shared_ptr<Link> HttpClient::State::TakeIdle() {
  const Instant now = peer.loop->Now();
  while (!idle.empty()) {
    std::shared_ptr<Link> link = std::move(idle.back());
    idle.pop_back();
    if (link->Usable(now)) return link;
    link->Close();
  }
  return nullptr;
}

void HttpClient::State::OnOver(const std::shared_ptr<Link>& link, bool keep,
                               const std::shared_ptr<Exchange>& exchange) {
  std::erase(active, link);
  if (keep) idle.push_back(link);
  if (exchange->answer.status == 401 && !exchange->renewed && authorizer != nullptr) {
    Renew(exchange);
  } else {
    Deliver(exchange);
  }
}

void HttpClient::State::Renew(const std::shared_ptr<Exchange>& exchange) {
  exchange->renewed = true;
  authorizer->Rejected(exchange->authorization,
                       [self = shared_from_this(), exchange](bool renewed) {
                         if (exchange->cancelled || self->closed) return;
                         if (renewed) {
                           self->Begin(exchange);
                         } else {
                           self->Deliver(exchange);
                         }
                       });
}

void HttpClient::State::Deliver(const std::shared_ptr<Exchange>& exchange) {
  if (exchange->cancelled || closed) return;
  // The handlers often own what owns the exchange.
  const HttpStreamHandlers handlers = std::exchange(exchange->handlers, {});
  handlers.on_end(std::move(exchange->answer));
}

void HttpClient::State::OnDeadline(Instant deadline) {
  if (deadline >= alarm_at) return;
  peer.loop->Cancel(alarm);
  alarm_at = deadline;
  alarm = peer.loop->After(deadline - peer.loop->Now(),
                           [self = shared_from_this()] { self->CheckDeadlines(); });
}

void HttpClient::State::CheckDeadlines() {
  alarm_at = kNever;
  const Instant now = peer.loop->Now();
  for (const auto& link : std::vector(active)) link->CheckDeadline(now);
  std::erase_if(idle, [now](const std::shared_ptr<Link>& link) {
    if (now < link->deadline()) return false;
    link->Close();
    return true;
  });
  Instant next = kNever;
  for (const auto& link : active) next = std::min(next, link->deadline());
  for (const auto& link : idle) next = std::min(next, link->deadline());
  if (next != kNever) OnDeadline(next);
}

void HttpClient::State::DropIdle() {
  for (const auto& link : idle) link->Close();
  idle.clear();
}

void HttpClient::State::Close() {
  closed = true;
  peer.loop->Cancel(alarm);
  DropIdle();
  for (const auto& link : std::exchange(active, {})) link->Close();
}

HttpClient::HttpClient(IoLoop* loop, const Connection& connection, const Pace& pace,
                       Authorizer* authorizer, std::function<int()> dial)
    : state_(std::make_shared<State>()) {
  state_->connection = connection;
  state_->authorizer = authorizer;
  state_->peer.loop = loop;
  state_->peer.connect_timeout = pace.connect_timeout;
  state_->peer.dial = std::move(dial);
  state_->SetUp();
}

HttpClient::~HttpClient() { state_->Close(); }

void HttpClient::Send(HttpRequest request, std::function<void(HttpAnswer)> done) {
  auto exchange = std::make_shared<Exchange>();
  exchange->request = std::move(request);
  exchange->handlers.on_end = std::move(done);
  state_->Begin(exchange);
}

std::shared_ptr<HttpStream> HttpClient::Stream(HttpRequest request, HttpStreamHandlers handlers) {
  auto exchange = std::make_shared<Exchange>();
  exchange->request = std::move(request);
  exchange->handlers = std::move(handlers);
  exchange->streaming = true;
  state_->Begin(exchange);
  return exchange;
}

void HttpClient::SetClientCertificate(const std::string& cert_pem, const std::string& key_pem) {
  state_->connection.client_cert_pem = cert_pem;
  state_->connection.client_key_pem = key_pem;
  state_->setup_error.clear();
  state_->MakeTls();
  state_->DropIdle();
}

const std::string& HttpClient::origin() const { return state_->peer.origin; }

}  // namespace fairlead::kube
