#include "fairlead/service/http_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

namespace fairlead::service {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using Response = http::response<http::string_body>;

constexpr std::uint32_t kMaxHeaderBytes = 8U * 1024;
constexpr std::size_t kBufferBytes = 16UL * 1024;  // a header, and what is read along with it
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);

Error Fail(std::string message) {
  Error error;
  error.message = std::move(message);
  return error;
}

struct Answer {
  http::status status = http::status::ok;
  std::string body;
  const char* type = "text/plain; charset=utf-8";
};

Answer Route(std::string_view target, const HttpHandlers& handlers) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/metrics") {
    return {http::status::ok, handlers.metrics(), "text/plain; version=0.0.4; charset=utf-8"};
  }
  if (path == "/healthz") return {http::status::ok, "ok\n"};
  if (path == "/readyz") {
    const std::string trouble = handlers.readiness();
    if (trouble.empty()) return {http::status::ok, "ok\n"};
    return {http::status::service_unavailable, "not ready: " + trouble + "\n"};
  }
  return {http::status::not_found, "not found; here are /metrics, /healthz and /readyz\n"};
}

Response ToResponse(Answer answer, unsigned version, bool keep_alive) {
  Response response(answer.status, version);
  response.set(http::field::content_type, answer.type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  response.keep_alive(keep_alive);
  response.body() = std::move(answer.body);
  response.prepare_payload();
  return response;
}

}  // namespace

struct HttpServer::State {
  State(HttpServerOptions o, HttpHandlers h) : options(std::move(o)), handlers(std::move(h)) {}

  Status Listen();
  void Accept();
  void ConnectionEnded();

  const HttpServerOptions options;
  const HttpHandlers handlers;
  int connections = 0;     // these two only on the server's thread
  bool accepting = false;  // an accept is under way or about to be retried
  std::uint16_t port = 0;
  // Connections live in the operations of `io` and use the members above when they end, so `io`
  // goes before those.
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer retry{io};
  std::thread thread;
};

namespace {

// One connection: reads a request's headers, answers, and starts over until either side closes.
template <typename Server>
class Connection : public std::enable_shared_from_this<Connection<Server>> {
 public:
  Connection(tcp::socket socket, Server& server) : stream_(std::move(socket)), server_(server) {
    ++server_.connections;
  }
  // NOLINTNEXTLINE(bugprone-exception-escape): out of memory ends the process either way
  ~Connection() { server_.ConnectionEnded(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Read() {
    parser_.emplace();
    parser_->header_limit(kMaxHeaderBytes);
    // One deadline for all headers: sending them byte by byte does not move it.
    stream_.expires_after(std::chrono::nanoseconds(server_.options.timeout.ns));
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](
                                beast::error_code error, std::size_t) { self->OnRead(error); });
  }

 private:
  void OnRead(beast::error_code error) {
    if (error == http::error::header_limit) {
      return Refuse(http::status::request_header_fields_too_large, "headers are too large\n");
    }
    if (error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      return Refuse(http::status::bad_request, "not an HTTP request: " + error.message() + "\n");
    }
    if (error) return;  // closed, or too slow
    if (!parser_->is_done()) {
      return Refuse(http::status::payload_too_large, "a request here has no body\n");
    }
    const auto& request = parser_->get();
    const bool head = request.method() == http::verb::head;
    const std::string_view target(request.target().data(), request.target().size());
    Answer answer = Route(target, server_.handlers);
    const bool wrong_method =
        !head && request.method() != http::verb::get && answer.status != http::status::not_found;
    if (wrong_method) answer = {http::status::method_not_allowed, "only GET and HEAD\n"};
    response_ = ToResponse(std::move(answer), request.version(), request.keep_alive());
    if (wrong_method) response_.set(http::field::allow, "GET, HEAD");
    Write(head);
  }

  // What follows on the connection cannot be told from a request, so it ends here.
  void Refuse(http::status status, std::string why) {
    response_ = ToResponse({status, std::move(why)}, 11, /*keep_alive=*/false);
    Write(/*head=*/false);
  }

  void Write(bool head) {
    if (head) response_.body().clear();  // Content-Length stays that of the GET
    stream_.expires_after(std::chrono::nanoseconds(server_.options.timeout.ns));
    http::async_write(stream_, response_,
                      [self = this->shared_from_this()](beast::error_code error, std::size_t) {
                        if (error) return;
                        if (self->response_.keep_alive()) return self->Read();
                        self->stream_.socket().shutdown(tcp::socket::shutdown_send, error);
                      });
  }

  beast::tcp_stream stream_;
  Server& server_;
  beast::flat_buffer buffer_{kBufferBytes};
  std::optional<http::request_parser<http::empty_body>> parser_;
  Response response_;
};

}  // namespace

Status HttpServer::State::Listen() {
  const std::string where = options.address + ":" + std::to_string(options.port);
  beast::error_code error;
  const asio::ip::address address = asio::ip::make_address(options.address, error);
  if (error) {
    return Fail("'" + options.address + "' is not an IP address such as 127.0.0.1 or ::1");
  }
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  if (error) return Fail("cannot listen on " + where + ": " + error.message());
  return Ok{};
}

void HttpServer::State::Accept() {
  accepting = true;
  acceptor.async_accept([this](beast::error_code error, tcp::socket socket) {
    accepting = false;
    if (error) {  // most likely out of file descriptors: others must end first
      accepting = true;
      retry.expires_after(kAcceptRetry);
      retry.async_wait([this](beast::error_code) { Accept(); });
      return;
    }
    std::make_shared<Connection<State>>(std::move(socket), *this)->Read();
    if (connections < options.max_connections && !accepting) Accept();
  });
}

void HttpServer::State::ConnectionEnded() {
  --connections;
  if (!accepting && !io.stopped()) Accept();
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  state_->io.stop();
  state_->thread.join();
}

std::uint16_t HttpServer::port() const { return state_->port; }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                      HttpHandlers handlers) {
  auto state = std::make_unique<State>(std::move(options), std::move(handlers));
  const Status listening = state->Listen();
  if (!listening.ok()) return listening.error();
  state->Accept();
  state->thread = std::thread([s = state.get()] { s->io.run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

}  // namespace fairlead::service
