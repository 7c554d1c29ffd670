#include "scheduler/kube/http_link.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "scheduler/kube/base64.h"
#include "scheduler/kube/tls.h"

namespace fairlead::kube {

namespace asio = boost::asio;

class TlsContext {
 public:
  explicit TlsContext(ssl_ctx_st* taken) : context(taken) {}
  asio::ssl::context context;
};

namespace {

namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kHeaderLimit = 64U << 10;
constexpr std::size_t kErrorBodyLimit = 64U << 10;
constexpr std::size_t kReadSize = 16U << 10;
constexpr std::size_t kStreamReadSize = 128U << 10;
constexpr Duration kIdleLimit = Duration::Seconds(30);
constexpr Duration kPeekAfter = Duration::Milliseconds(500);

// Feeds an Exchange from the bytes of one answer.
class AnswerParser : public http::basic_parser<false> {
 public:
  explicit AnswerParser(Exchange* exchange) : exchange_(*exchange) {
    header_limit(kHeaderLimit);
    body_limit(boost::none);
    eager(true);
  }

 private:
  using string_view = boost::beast::string_view;

  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view, int, error_code&) override {
    exchange_.answer.status = code;
  }
  void on_field_impl(http::field name, string_view, string_view value, error_code&) override {
    if (name == http::field::content_type) {
      exchange_.answer.content_type.assign(value.data(), value.size());
    } else if (name == http::field::retry_after) {
      // The form with a date is not used by the API server: it counts as not given.
      int seconds = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
      if (error == std::errc{} && seconds >= 0) exchange_.answer.retry_after = seconds;
    }
  }
  void on_header_impl(error_code& error) override {
    streaming_ = exchange_.streaming && exchange_.answer.status == 200;
    if (streaming_) exchange_.handlers.on_head(exchange_.answer);
    if (exchange_.cancelled) error = asio::error::operation_aborted;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length && !streaming_) {
      exchange_.answer.body.reserve(
          static_cast<std::size_t>(std::min<std::uint64_t>(*length, kErrorBodyLimit)));
    }
  }
  std::size_t on_body_impl(string_view body, error_code& error) override {
    Take(body, error);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& error) override {
    Take(body, error);
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  void Take(string_view data, error_code& error) {
    if (streaming_) {
      exchange_.handlers.on_data({data.data(), data.size()});
      if (exchange_.cancelled) error = asio::error::operation_aborted;
      return;
    }
    std::string& body = exchange_.answer.body;
    const bool success = exchange_.answer.status < 300;
    const std::size_t limit = success ? exchange_.request.max_body : kErrorBodyLimit;
    if (success && body.size() + data.size() > limit) {
      error = http::error::body_limit;
      return;
    }
    body.append(data.data(), std::min(data.size(), limit - body.size()));
  }

  Exchange& exchange_;
  bool streaming_ = false;
};

bool IsEnd(const error_code& error) {
  return error == asio::error::eof || error == asio::ssl::error::stream_truncated ||
         error == asio::error::connection_reset;
}

// One connection and what runs on it.
class SocketLink : public Link, public std::enable_shared_from_this<SocketLink> {
 public:
  SocketLink(LinkOwner* owner, const Peer* peer)
      : owner_(owner),
        peer_(*peer),
        socket_(peer->loop->context()),
        resolver_(peer->loop->context()) {}

  void Run(std::shared_ptr<Exchange> exchange) override {
    exchange_ = std::move(exchange);
    exchange_->link = weak_from_this();
    exchange_->answer = {};
    begin_ = end_ = 0;
    parser_.emplace(exchange_.get());
    if (open_) {
      SetDeadline(exchange_->request.timeout);
      Write();
    } else {
      SetDeadline(std::min(exchange_->request.timeout, peer_.connect_timeout));
      if (peer_.dial) {
        Dial();
      } else {
        Resolve();
      }
    }
  }

  void Close() override {
    closed_ = true;
    resolver_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  void Abandon() override {
    if (closed_) return;
    Close();
    owner_->OnAbandoned(shared_from_this());
  }

  Instant deadline() const override { return deadline_; }

  void CheckDeadline(Instant now) override {
    if (now < deadline_ || closed_) return;
    if (!exchange_->answer.sent) return Fail("no connection in time");
    Fail(exchange_->answer.status == 0 ? "no answer in time" : "the answer stopped");
  }

  bool Usable(Instant now) const override {
    if (now >= deadline_) return false;
    if (now - idle_since_ < kPeekAfter) return true;
    char byte = 0;
    // Anything to read on an idle connection is its end.
    const ssize_t n = ::recv(handle_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

 private:
  void SetDeadline(Duration after) {
    deadline_ = peer_.loop->Now() + after;
    owner_->OnDeadline(deadline_);
  }

  template <typename Handler>
  void ReadSome(asio::mutable_buffer buffer, Handler handler) {
    if (tls_) {
      tls_->async_read_some(buffer, std::move(handler));
    } else {
      socket_.async_read_some(buffer, std::move(handler));
    }
  }

  // Any stream socket will do; that its type here is TCP's makes no difference to reads and writes.
  void Dial() {
    handle_ = peer_.dial();
    error_code error = asio::error::connection_refused;
    if (handle_ >= 0) socket_.assign(tcp::v4(), handle_, error);
    if (!error) return Handshake();
    if (handle_ >= 0) ::close(handle_);
    peer_.loop->Post([self = shared_from_this(), error] {
      if (!self->closed_) self->Fail(error.message());
    });
  }

  void Resolve() {
    const ServerUrl& next = peer_.proxy ? *peer_.proxy : peer_.url;
    error_code not_address;
    const asio::ip::address address = asio::ip::make_address(next.host, not_address);
    if (!not_address) return Connect({tcp::endpoint(address, next.port)});
    resolver_.async_resolve(
        next.host, std::to_string(next.port),
        [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& r) {
          if (self->closed_) return;
          if (error) return self->Fail(error.message());
          std::vector<tcp::endpoint> endpoints;
          for (const auto& entry : r) endpoints.push_back(entry.endpoint());
          self->Connect(std::move(endpoints));
        });
  }

  void Connect(std::vector<tcp::endpoint> endpoints) {
    endpoints_ = std::move(endpoints);
    asio::async_connect(socket_, endpoints_,
                        [self = shared_from_this()](const error_code& error, const auto&) {
                          if (self->closed_) return;
                          if (error) return self->Fail(error.message());
                          self->OnConnected();
                        });
  }

  void OnConnected() {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    // A peer that vanished without a word is noticed within about a minute on an idle watch.
    handle_ = socket_.native_handle();
    const int idle_s = 30;
    const int interval_s = 10;
    const int probes = 3;
    ::setsockopt(handle_, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    ::setsockopt(handle_, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    ::setsockopt(handle_, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
    if (peer_.proxy) return AskProxy();
    Handshake();
  }

  void AskProxy() {
    std::string login;
    if (const std::string& user = peer_.proxy->userinfo; !user.empty()) {
      login = fmt::format("Proxy-Authorization: Basic {}\r\n", Base64Encode(user));
    }
    out_ = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n{1}\r\n", peer_.host_header, login);
    buffer_.resize(kReadSize);
    asio::async_write(socket_, asio::buffer(out_),
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        if (self->closed_) return;
                        if (error) return self->Fail("proxy: " + error.message());
                        self->ReadProxy();
                      });
  }

  void ReadProxy() {
    socket_.async_read_some(
        asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
        [self = shared_from_this()](const error_code& error, std::size_t n) {
          if (self->closed_) return;
          if (error) return self->Fail("proxy: " + error.message());
          self->end_ += n;
          const std::string_view head(self->buffer_.data(), self->end_);
          const bool done = head.find("\r\n\r\n") != std::string_view::npos;
          if (!done && self->end_ < self->buffer_.size()) return self->ReadProxy();
          const std::string_view line = head.substr(0, head.find("\r\n"));
          const std::size_t space = line.find(' ');
          if (!done || space == std::string_view::npos || line.substr(space + 1, 3) != "200") {
            return self->Fail(fmt::format("proxy refused: {}", line.substr(0, 200)));
          }
          self->end_ = 0;
          self->Handshake();
        });
  }

  void Handshake() {
    if (!peer_.url.tls) return OnOpen();
    context_ = peer_.tls;
    tls_.emplace(socket_, context_->context);
    if (Status set = SetTlsPeer(tls_->native_handle(), peer_.tls_name); !set) {
      return Fail(set.error().message);
    }
    tls_->async_handshake(
        asio::ssl::stream_base::client, [self = shared_from_this()](const error_code& error) {
          if (self->closed_) return;
          if (!error) return self->OnOpen();
          const std::string why = TlsVerifyError(self->tls_->native_handle(), self->peer_.tls_name);
          self->Fail(why.empty() ? "TLS: " + error.message() : why);
        });
  }

  void OnOpen() {
    open_ = true;
    SetDeadline(exchange_->request.timeout);
    Write();
  }

  void Write() {
    const HttpRequest& request = exchange_->request;
    out_.clear();
    auto to = std::back_inserter(out_);
    fmt::format_to(to, "{} {}{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: fairlead\r\nAccept: {}\r\n",
                   request.method, peer_.url.prefix, request.target, peer_.host_header,
                   request.accept.empty() ? "application/json" : request.accept);
    if (!exchange_->authorization.empty()) {
      fmt::format_to(to, "Authorization: {}\r\n", exchange_->authorization);
    }
    if (!request.content_type.empty()) {
      fmt::format_to(to, "Content-Type: {}\r\nContent-Length: {}\r\n", request.content_type,
                     request.body.size());
    }
    out_ += "\r\n";
    out_ += request.body;  // one buffer: one TLS record, one system call
    exchange_->answer.sent = true;
    const auto done = [self = shared_from_this()](const error_code& error, std::size_t) {
      if (self->closed_) return;
      // A server may answer and close without reading the request to its end: read on.
      if (error && !IsEnd(error) && error != asio::error::broken_pipe) {
        return self->Fail(error.message());
      }
      self->Read();
    };
    if (tls_) {
      asio::async_write(*tls_, asio::buffer(out_), done);
    } else {
      asio::async_write(socket_, asio::buffer(out_), done);
    }
  }

  void Read() {
    const std::size_t size = exchange_->streaming ? kStreamReadSize : kReadSize;
    if (begin_ == end_) begin_ = end_ = 0;
    if (buffer_.size() < size || end_ == buffer_.size()) {
      std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
      end_ -= begin_;
      begin_ = 0;
      // What waits here is part of a header, which the parser bounds.
      buffer_.resize(std::max(size, end_ + kReadSize));
    }
    ReadSome(asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
             [self = shared_from_this()](const error_code& error, std::size_t n) {
               if (!self->closed_) self->OnRead(error, n);
             });
  }

  void OnRead(const error_code& read_error, std::size_t n) {
    const std::shared_ptr<Exchange> exchange = exchange_;  // a callback may cancel it
    error_code error;
    if (read_error) {
      if (!IsEnd(read_error)) return Fail(read_error.message());
      if (parser_->got_some()) parser_->put_eof(error);
      if (!error && parser_->is_done()) return Complete();
      return Fail(exchange->answer.status == 0 ? "connection closed before the answer"
                                               : "connection closed inside the answer");
    }
    end_ += n;
    while (begin_ < end_ && !parser_->is_done()) {
      begin_ += parser_->put(asio::const_buffer(buffer_.data() + begin_, end_ - begin_), error);
      if (error == http::error::need_more) break;
      if (closed_) return;
      if (error == http::error::body_limit) return Fail("the answer is too large");
      if (error) return Fail("not an HTTP answer: " + error.message());
    }
    if (closed_) return;
    if (parser_->is_done()) return Complete();
    if (exchange->streaming && parser_->is_header_done()) {
      SetDeadline(exchange->request.idle_timeout);
    }
    Read();
  }

  void Complete() {
    const bool keep = parser_->keep_alive() && begin_ == end_;
    // Room for a list or a watch is not kept with the link.
    if (buffer_.size() > kReadSize) std::vector<char>().swap(buffer_);
    idle_since_ = peer_.loop->Now();
    if (keep) {
      SetDeadline(kIdleLimit);
    } else {
      Close();
    }
    owner_->OnOver(shared_from_this(), keep, std::exchange(exchange_, nullptr));
  }

  void Fail(std::string_view why) {
    HttpAnswer& answer = exchange_->answer;
    answer.error = answer.sent ? fmt::format("{}: {}", peer_.origin, why)
                               : fmt::format("cannot reach {}: {}", peer_.origin, why);
    if (!exchange_->streaming || answer.status != 200) answer.status = 0;
    Close();
    owner_->OnOver(shared_from_this(), false, std::exchange(exchange_, nullptr));
  }

  LinkOwner* owner_;
  const Peer& peer_;
  std::shared_ptr<TlsContext> context_;
  tcp::socket socket_;
  int handle_ = -1;  // of the socket
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  tcp::resolver resolver_;
  std::vector<tcp::endpoint> endpoints_;
  std::shared_ptr<Exchange> exchange_;
  std::optional<AnswerParser> parser_;
  std::string out_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  Instant deadline_;
  Instant idle_since_;
  bool open_ = false;
  bool closed_ = false;
};

}  // namespace

Result<std::shared_ptr<TlsContext>> NewTlsContext(const Connection& connection) {
  const Result<ssl_ctx_st*> made = MakeTlsContext(connection);
  if (!made) return made.error();
  return std::make_shared<TlsContext>(*made);
}

std::shared_ptr<Link> NewLink(LinkOwner* owner, const Peer* peer) {
  return std::make_shared<SocketLink>(owner, peer);
}

}  // namespace fairlead::kube
