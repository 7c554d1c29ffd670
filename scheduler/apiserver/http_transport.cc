#include "scheduler/apiserver/http_transport.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <type_traits>
#include <utility>

namespace fairlead::apiserver {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::local::stream_protocol;
using boost::system::error_code;

namespace {

constexpr std::size_t kDropSize = 16U << 10;
constexpr Duration kAcceptRetry = Duration::Milliseconds(100);

using TlsStream = asio::ssl::stream<tcp::socket>;

// TransportUser outlives its Transport, so that handlers need to hold on to the user alone.
template <typename Stream>
class StreamTransport : public Transport {
 public:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  explicit StreamTransport(Stream stream) : stream_(std::move(stream)) {}

  void Start(TransportUserPtr user) override {
    if constexpr (kTls) {
      stream_.async_handshake(
          asio::ssl::stream_base::server,
          [user = std::move(user)](const error_code& error) { user->OnStarted(!error); });
    } else {
      asio::post(stream_.get_executor(), [user = std::move(user)] { user->OnStarted(true); });
    }
  }

  void Read(TransportUserPtr user, char* to, std::size_t size) override {
    stream_.async_read_some(asio::buffer(to, size),
                            [user = std::move(user)](const error_code& error, std::size_t bytes) {
                              user->OnRead(error ? 0 : bytes);
                            });
  }

  void Write(TransportUserPtr user, std::string_view bytes) override {
    asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                      [user = std::move(user)](const error_code& error, std::size_t) {
                        user->OnWritten(!error);
                      });
  }

  void Finish(TransportUserPtr user) override {
    if constexpr (kTls) {
      stream_.async_shutdown(
          [this, user = std::move(user)](const error_code&) mutable { Drop(std::move(user)); });
    } else {
      asio::post(stream_.get_executor(),
                 [this, user = std::move(user)]() mutable { Drop(std::move(user)); });
    }
  }

  void Close() override {
    error_code ignored;
    // NOLINTNEXTLINE(bugprone-unused-return-value): the same as `ignored`
    Socket().close(ignored);
  }

 private:
  auto& Socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void Drop(TransportUserPtr user) {
    error_code ignored;
    Socket().shutdown(asio::socket_base::shutdown_send, ignored);
    dropped_.resize(kDropSize);
    DropMore(std::move(user));
  }

  void DropMore(TransportUserPtr user) {
    Socket().async_read_some(
        asio::buffer(dropped_),
        [this, user = std::move(user)](const error_code& error, std::size_t) mutable {
          if (error) return user->OnFinished();
          DropMore(std::move(user));
        });
  }

  Stream stream_;
  std::string dropped_;
};

Error Fail(std::string message) {
  Error error;
  error.message = std::move(message);
  return error;
}

Error TlsFailure(std::string_view what, const error_code& error) {
  ERR_clear_error();
  return Fail(fmt::format("{}: {}", what, error.message()));
}

}  // namespace

struct TlsServer::State {
  asio::ssl::context context{asio::ssl::context::tls_server};
};

TlsServer::TlsServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsServer::~TlsServer() = default;

Result<std::unique_ptr<TlsServer>> TlsServer::Make(const std::string& cert_pem,
                                                   const std::string& key_pem) {
  auto state = std::make_unique<State>();
  asio::ssl::context& context = state->context;
  error_code error;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  // Without this a key with a passphrase would ask for it on the terminal.
  context.set_password_callback(
      [](std::size_t, asio::ssl::context::password_purpose) { return std::string(); }, error);
  context.use_certificate_chain(asio::buffer(cert_pem), error);
  if (error) return TlsFailure("the server's certificate", error);
  context.use_private_key(asio::buffer(key_pem), asio::ssl::context::pem, error);
  if (error) return TlsFailure("the server's key", error);
  if (SSL_CTX_check_private_key(context.native_handle()) != 1) {
    ERR_clear_error();
    return Fail("the server's key is not that of its certificate");
  }
  return std::unique_ptr<TlsServer>(new TlsServer(std::move(state)));
}

struct Acceptor::State : std::enable_shared_from_this<Acceptor::State> {
  State(net::IoLoop* l, TlsServer* t, Take f)
      : loop(l), tls(t), take(std::move(f)), acceptor(l->context()) {}

  void Accept() {
    acceptor.async_accept([self = shared_from_this()](const error_code& error, tcp::socket socket) {
      self->OnAccept(error, std::move(socket));
    });
  }

  void OnAccept(const error_code& error, tcp::socket socket) {
    if (closed) return;
    if (error) {  // most likely out of descriptors: others must end first
      retry = loop->After(kAcceptRetry, [self = shared_from_this()] {
        self->retry = 0;
        self->Accept();
      });
      return;
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    if (tls != nullptr) {
      take(std::make_unique<StreamTransport<TlsStream>>(
          TlsStream(std::move(socket), tls->state().context)));
    } else {
      take(std::make_unique<StreamTransport<tcp::socket>>(std::move(socket)));
    }
    if (!closed) Accept();
  }

  net::IoLoop* const loop;
  TlsServer* const tls;
  const Take take;
  tcp::acceptor acceptor;
  net::IoLoop::TimerId retry = 0;
  std::uint16_t port = 0;
  bool closed = false;
};

Acceptor::Acceptor(std::shared_ptr<State> state) : state_(std::move(state)) {}

Acceptor::~Acceptor() {
  state_->closed = true;
  state_->loop->Cancel(state_->retry);
  error_code ignored;
  state_->acceptor.close(ignored);
}

std::uint16_t Acceptor::port() const { return state_->port; }

Result<std::unique_ptr<Acceptor>> Acceptor::Listen(net::IoLoop* loop, const std::string& address,
                                                   std::uint16_t port, TlsServer* tls, Take take) {
  error_code error;
  const asio::ip::address ip = asio::ip::make_address(address, error);
  if (error) return Fail("'" + address + "' is not an IP address such as 127.0.0.1 or ::1");
  const std::string where = fmt::format("{}:{}", ip.is_v6() ? "[" + address + "]" : address, port);
  const tcp::endpoint endpoint(ip, port);
  auto state = std::make_shared<State>(loop, tls, std::move(take));
  tcp::acceptor& acceptor = state->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error == asio::error::address_in_use) {
    return Fail(where + ": address already in use; choose another port, or end what listens there");
  }
  if (!error) state->port = acceptor.local_endpoint(error).port();
  if (error) return Fail("cannot listen on " + where + ": " + error.message());
  state->Accept();
  return std::unique_ptr<Acceptor>(new Acceptor(std::move(state)));
}

std::unique_ptr<Transport> MakePair(net::IoLoop* loop, int* other_end) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    return nullptr;
  }
  *other_end = ends[1];
  return std::make_unique<StreamTransport<stream_protocol::socket>>(
      stream_protocol::socket(loop->context(), stream_protocol(), ends[0]));
}

}  // namespace fairlead::apiserver
