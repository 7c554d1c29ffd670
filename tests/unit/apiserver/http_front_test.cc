// The front before the real server, over TCP, TLS and socket pairs.
#include "fairlead/apiserver/http_front.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/support/test_authority.h"
#include "tests/unit/apiserver/http_harness.h"

namespace fairlead::apiserver {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class LoopClock : public Clock {
 public:
  explicit LoopClock(net::IoLoop* loop) : loop_(*loop) {}
  // A day of 2026.
  Instant Now() const override {
    return loop_.Now() + Duration::Seconds(std::int64_t{1'770'000'000});
  }

 private:
  net::IoLoop& loop_;
};

// In virtual time unless `time` says otherwise.
struct Server {
  explicit Server(HttpFrontOptions o = {}, net::LoopTime time = net::LoopTime::kVirtual)
      : loop(time), front(&loop, &server, std::move(o), nullptr) {}

  net::IoLoop loop;
  LoopClock clock{&loop};
  ApiServer server{{}, &clock};
  HttpFront front;
};

// A blocking socket, connected; the server's loop must run for anything to come back.
int Connect(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

// Runs the loop in virtual time until the socket has something to read.
void WaitReadable(net::IoLoop* loop, int fd) {
  pollfd waiting{fd, POLLIN, 0};
  for (int i = 0; i < 10'000; ++i) {
    loop->Poll();
    if (::poll(&waiting, 1, 1) > 0) return;
  }
  ADD_FAILURE() << "nothing came";
}

std::string AskTcp(net::IoLoop* loop, int fd, const std::string& request) {
  EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(request.size()));
  WaitReadable(loop, fd);
  std::string answer(65'536, '\0');
  answer.resize(static_cast<std::size_t>(
      std::max<ssize_t>(0, ::recv(fd, answer.data(), answer.size(), MSG_DONTWAIT))));
  return answer;
}

const char kPod[] =
    R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[)"
    R"({"name":"c","image":"i"}]}})";
const char kBinding[] = R"({"apiVersion":"v1","kind":"Binding","metadata":{"name":"a"},)"
                        R"("target":{"kind":"Node","name":"n1"}})";
const char kPods[] = "/api/v1/namespaces/default/pods";

TEST(HttpFront, ServesTheApiInVirtualTime) {
  Server server;
  TestClient watching(&server.loop, server.front.Dial());
  TestClient client(&server.loop, server.front.Dial());
  EXPECT_EQ(server.front.connections(), 2U);
  EXPECT_THAT(watching.Ask(Get(std::string(kPods) + "?watch=1&allowWatchBookmarks=true")),
              HasSubstr("Transfer-Encoding: chunked"));
  EXPECT_THAT(client.Ask(Post(kPods, kPod)), StartsWith("HTTP/1.1 201 Created\r\n"));
  EXPECT_THAT(client.Ask(Post(std::string(kPods) + "/a/binding", kBinding)),
              StartsWith("HTTP/1.1 201 Created\r\n"));
  const std::string events = watching.Receive();
  EXPECT_THAT(events, HasSubstr(R"({"type":"ADDED")"));
  EXPECT_THAT(events, HasSubstr(R"({"type":"MODIFIED")"));
  EXPECT_THAT(events, HasSubstr(R"("nodeName":"n1")"));
  server.loop.AdvanceTo(Instant{Duration::Seconds(61).ns});
  EXPECT_THAT(watching.Receive(), HasSubstr(R"({"type":"BOOKMARK")"));
}

TEST(HttpFront, AWatchEndsAtItsTimeout) {
  Server server;
  TestClient watching(&server.loop, server.front.Dial());
  watching.Ask(Get(std::string(kPods) + "?watch=1&timeoutSeconds=30"));
  server.loop.AdvanceTo(Instant{Duration::Milliseconds(29'999).ns});
  EXPECT_EQ(watching.Receive(), "");
  server.loop.AdvanceTo(Instant{Duration::Seconds(30).ns});
  EXPECT_EQ(watching.Receive(), "0\r\n\r\n");
  EXPECT_THAT(watching.Ask(Get("/version")), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(HttpFront, ListensOnTcp) {
  Server server;
  ASSERT_TRUE(server.front.Listen().ok());
  ASSERT_NE(server.front.port(), 0);
  const int fd = Connect(server.front.port());
  EXPECT_THAT(AskTcp(&server.loop, fd, Get("/version")), HasSubstr("gitVersion"));
  ::close(fd);
}

TEST(HttpFront, SaysThatThePortIsTaken) {
  Server first;
  ASSERT_TRUE(first.front.Listen().ok());
  HttpFrontOptions options;
  options.port = first.front.port();
  Server second(options);
  const Status status = second.front.Listen();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, StartsWith("127.0.0.1:" + std::to_string(options.port) +
                                                 ": address already in use; "));
}

TEST(HttpFront, SaysWhatIsWrongWithItsOptions) {
  const testing::Certificate authority = testing::MakeAuthority("a");
  const testing::Certificate one = testing::MakeCertificate(authority, "IP:127.0.0.1");
  const testing::Certificate other = testing::MakeCertificate(authority, "IP:127.0.0.1");
  const struct {
    std::string address, cert, key;
    const char* expected;
  } cases[] = {
      {"localhost", "", "", "'localhost' is not an IP address"},
      {"192.0.2.1", "", "", "cannot listen on 192.0.2.1:0: "},
      {"127.0.0.1", "nonsense", one.key_pem, "the server's certificate: "},
      {"127.0.0.1", one.cert_pem, "", "the server's key: "},
      {"127.0.0.1", one.cert_pem, other.key_pem, "the server's key"},
  };
  for (const auto& c : cases) {
    HttpFrontOptions options;
    options.address = c.address;
    options.cert_pem = c.cert;
    options.key_pem = c.key;
    Server server(options);
    const Status status = server.front.Listen();
    ASSERT_FALSE(status.ok()) << c.expected;
    EXPECT_THAT(status.error().message, StartsWith(c.expected));
  }
}

TEST(HttpFront, AThousandConnections) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  Server server;
  ASSERT_TRUE(server.front.Listen().ok());
  std::vector<int> fds;
  for (int i = 0; i < 1'000; ++i) {
    fds.push_back(Connect(server.front.port()));
    server.loop.Poll();
  }
  for (const int fd : fds) {
    EXPECT_THAT(AskTcp(&server.loop, fd, Get(kPods)), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  EXPECT_EQ(server.front.connections(), 1'000U);
  for (const int fd : fds) ::close(fd);
  for (int i = 0; i < 1'000 && server.front.connections() > 0; ++i) server.loop.Poll();
  EXPECT_EQ(server.front.connections(), 0U);
}

struct TlsResult {
  bool connected = false;
  std::string version, answer;
  bool ended_well = false;  // with close_notify
};

TlsResult AskTls(std::uint16_t port, int max_version, const std::string& request) {
  TlsResult result;
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(context, max_version);
  // Old versions need weak algorithms to be offered at all.
  SSL_CTX_set_security_level(context, 0);
  SSL* ssl = SSL_new(context);
  const int fd = Connect(port);
  SSL_set_fd(ssl, fd);
  result.connected = SSL_connect(ssl) == 1;
  if (result.connected) {
    result.version = SSL_get_version(ssl);
    SSL_write(ssl, request.data(), static_cast<int>(request.size()));
    char buffer[4096];
    int n = 0;
    while ((n = SSL_read(ssl, buffer, sizeof buffer)) > 0) {
      result.answer.append(buffer, static_cast<std::size_t>(n));
    }
    result.ended_well = SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN;
  }
  SSL_free(ssl);
  SSL_CTX_free(context);
  ::close(fd);
  return result;
}

TEST(HttpFront, SpeaksTls) {
  const testing::Certificate certificate =
      testing::MakeCertificate(testing::MakeAuthority("a"), "IP:127.0.0.1");
  HttpFrontOptions options;
  options.cert_pem = certificate.cert_pem;
  options.key_pem = certificate.key_pem;
  Server server(options, net::LoopTime::kReal);
  ASSERT_TRUE(server.front.Listen().ok());
  std::thread thread([&server] { server.loop.Run(); });
  const std::string request = Get("/version", "Connection: close\r\n");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsResult result = AskTls(server.front.port(), version, request);
    EXPECT_TRUE(result.connected);
    EXPECT_EQ(result.version, version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    EXPECT_THAT(result.answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(result.answer, HasSubstr("gitVersion"));
    EXPECT_TRUE(result.ended_well);
  }
  EXPECT_FALSE(AskTls(server.front.port(), TLS1_1_VERSION, request).connected);
  const int plain = Connect(server.front.port());
  ::send(plain, request.data(), request.size(), MSG_NOSIGNAL);
  char buffer[64];
  while (::recv(plain, buffer, sizeof buffer, 0) > 0) {
  }
  ::close(plain);
  server.loop.Stop();
  thread.join();
}

}  // namespace
}  // namespace fairlead::apiserver
