#include "fairlead/service/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace fairlead::service {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A plain connection, so that tests can also send what no client library would. Reads end after
// 20 s, so that a server that hangs fails a test instead of stopping it.
class Peer {
 public:
  explicit Peer(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how sockets are addressed
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Peer() { close(fd_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void Send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t n = send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return;  // the server may close early; what it answered is what counts
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  bool HasAnswer() const {
    char c = 0;
    return recv(fd_, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }

  // Until the text ends in `end`; empty: until the server closes.
  std::string Receive(std::string_view end = "") const {
    std::string text;
    char c = 0;
    while (end.empty() || !std::string_view(text).ends_with(end)) {
      const ssize_t n = recv(fd_, &c, 1, 0);
      EXPECT_GE(n, 0) << "no answer in time; so far: " << text;
      if (n <= 0) break;
      text += c;
    }
    return text;
  }

 private:
  int fd_;
};

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    options.port = 0;
    auto server = HttpServer::Start(
        options, {.metrics = [] { return "up 1\n"; }, .readiness = [this] { return trouble_; }});
    ASSERT_TRUE(server.ok()) << server.error().ToString();
    server_ = std::move(server).value();
  }

  std::string Ask(std::string_view text) const {
    const Peer peer(server_->port());
    peer.Send(text);
    return peer.Receive();
  }

  std::string trouble_;
  std::unique_ptr<HttpServer> server_;
};

struct Case {
  const char* name;
  const char* request;
  const char* status;
  const char* ending;

  // Else the name of the test would show addresses.
  friend void PrintTo(const Case& it, std::ostream* out) { *out << it.name; }
};

class HttpAnswers : public HttpServerTest, public testing::WithParamInterface<Case> {};

TEST_P(HttpAnswers, AreAsSpecified) {
  Start();
  const std::string answer = Ask(GetParam().request);
  EXPECT_THAT(answer, StartsWith(std::string("HTTP/1.1 ") + GetParam().status));
  EXPECT_THAT(answer, EndsWith(GetParam().ending));
}

#define CLOSE " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
INSTANTIATE_TEST_SUITE_P(
    , HttpAnswers,
    testing::Values(
        Case{"Metrics", "GET /metrics" CLOSE, "200", "\r\n\r\nup 1\n"},
        Case{"Query", "GET /metrics?x=/healthz" CLOSE, "200", "\r\n\r\nup 1\n"},
        Case{"Health", "GET /healthz" CLOSE, "200", "\r\n\r\nok\n"},
        Case{"Ready", "GET /readyz" CLOSE, "200", "\r\n\r\nok\n"},
        Case{"HeadHasNoBody", "HEAD /metrics" CLOSE, "200", "Content-Length: 5\r\n\r\n"},
        Case{"NotFound", "GET /metricsx" CLOSE, "404", "/readyz\n"},
        Case{"Root", "GET /" CLOSE, "404", "/readyz\n"},
        Case{"PostElsewhere", "POST /x" CLOSE, "404", "/readyz\n"},
        Case{"Post", "POST /metrics" CLOSE, "405", "only GET and HEAD\n"},
        Case{"Delete", "DELETE /healthz" CLOSE, "405", "only GET and HEAD\n"},
        Case{"Body", "GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGET ", "413",
             "\n"},
        Case{"ChunkedBody",
             "POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "413",
             "\n"},
        Case{"NotHttp", "\x16\x03\x01\x02 hello\r\n\r\n", "400", "\n"},
        Case{"BadVersion", "GET /healthz HTTP/7.0\r\n\r\n", "400", "\n"}),
    [](const auto& test) { return test.param.name; });

TEST_F(HttpServerTest, NotReadyIs503WithTheReason) {
  trouble_ = "pods are not listed yet";
  Start();
  const std::string answer = Ask("GET /readyz" CLOSE);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nnot ready: pods are not listed yet\n"));
}

TEST_F(HttpServerTest, WrongMethodNamesTheRightOnes) {
  Start();
  EXPECT_THAT(Ask("PUT /metrics" CLOSE), HasSubstr("Allow: GET, HEAD\r\n"));
}

TEST_F(HttpServerTest, OneConnectionServesManyRequests) {
  Start();
  const Peer peer(server_->port());
  for (int i = 0; i < 3; ++i) {
    peer.Send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(peer.Receive("\r\n\r\nok\n"), StartsWith("HTTP/1.1 200"));
  }
}

TEST_F(HttpServerTest, HeadersAreBounded) {
  Start();
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nX: " + std::string(64 * 1024, 'a')),
              StartsWith("HTTP/1.1 431"));
}

TEST_F(HttpServerTest, SlowRequestIsCutOff) {
  Start({.timeout = Duration::Milliseconds(50)});
  const Peer peer(server_->port());
  peer.Send("GET /healthz HTTP/1.1\r\nHo");
  EXPECT_THAT(peer.Receive(), IsEmpty());
}

TEST_F(HttpServerTest, ConnectionsBeyondTheLimitWaitForTheirTurn) {
  Start({.max_connections = 2});
  auto first = std::make_unique<Peer>(server_->port());
  auto second = std::make_unique<Peer>(server_->port());
  for (const Peer* peer : {first.get(), second.get()}) {
    peer->Send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(peer->Receive("\r\n\r\nok\n"), StartsWith("HTTP/1.1 200"));
  }
  const Peer third(server_->port());
  third.Send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  // Answered later than the third was asked, so the third had its chance.
  second->Send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  second->Receive("\r\n\r\nok\n");
  EXPECT_FALSE(third.HasAnswer());
  first.reset();
  EXPECT_THAT(third.Receive("\r\n\r\nok\n"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, IdleConnectionsDoNotKeepOthersOut) {
  Start({.timeout = Duration::Milliseconds(50), .max_connections = 2});
  const Peer idle_a(server_->port());
  const Peer idle_b(server_->port());
  EXPECT_THAT(Ask("GET /healthz" CLOSE), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ManyAtOnce) {
  Start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 20; ++i) EXPECT_THAT(Ask("GET /metrics" CLOSE), EndsWith("up 1\n"));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(HttpServerTest, EndsWhileConnectionsAreOpen) {
  Start();
  const Peer idle(server_->port());
  const Peer half(server_->port());
  half.Send("GET /heal");
  const Peer used(server_->port());
  used.Send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  used.Receive("\r\n\r\nok\n");
  server_.reset();
  EXPECT_THAT(used.Receive(), IsEmpty());
}

TEST_F(HttpServerTest, AddressInUseIsAnErrorThatNamesIt) {
  Start();
  const auto second = HttpServer::Start({.port = server_->port()}, {});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().ToString(),
              StartsWith("cannot listen on 127.0.0.1:" + std::to_string(server_->port()) + ": "));
}

TEST_F(HttpServerTest, NotAnAddressIsAnError) {
  const auto server = HttpServer::Start({.address = "localhost"}, {});
  ASSERT_FALSE(server.ok());
  EXPECT_THAT(server.error().ToString(), HasSubstr("'localhost' is not an IP address"));
}

}  // namespace
}  // namespace fairlead::service
