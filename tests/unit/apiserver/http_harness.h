// An HTTP server in virtual time before a handler that does as a test says, and clients of it.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/apiserver/http_listener.h"

namespace fairlead::apiserver {

// A watch that gives what a test puts in.
class TestWatch : public WatchStream {
 public:
  bool Take(std::size_t max_bytes, std::string* out) override {
    ++takes;
    const std::size_t size = std::min(max_bytes, ready.size());
    out->append(ready, 0, size);
    ready.erase(0, size);
    if (endless) out->append(max_bytes, 'x');
    return !over || !ready.empty();
  }
  void OnReady(std::function<void()> wake) override { wake_ = std::move(wake); }
  Instant due() const override { return due_at; }

  void Put(std::string_view bytes) {
    ready += bytes;
    wake_();
  }

  std::string ready;
  bool over = false;
  bool endless = false;
  Instant due_at{INT64_MAX};
  int takes = 0;

 private:
  std::function<void()> wake_;
};

// "/watch" is a watch, "/large" a large answer; else the answer says what was asked.
class TestHandler : public RequestHandler {
 public:
  explicit TestHandler(net::IoLoop* loop) : loop_(*loop) {}

  Response Handle(const Request& request) override {
    ++handled;
    last = request;
    Response response;
    if (request.path == "/watch") {
      const auto watch = std::make_shared<TestWatch>();
      if (on_watch) on_watch(watch.get());
      watches.push_back(watch);
      response.watch = watch;
      if (request.accept == "proto") response.content_type = "application/protobuf;stream=watch";
      return response;
    }
    response.body = request.path == "/large" ? std::string(large, 'L')
                                             : request.method + " " + request.path + " " +
                                                   request.query + " [" + request.body + "]";
    return response;
  }
  Instant Now() const override { return loop_.Now(); }

  // The last watch, unless it was dropped.
  std::shared_ptr<TestWatch> watch() const { return watches.back().lock(); }

  int handled = 0;
  Request last;
  std::size_t large = 1'000'000;
  std::vector<std::weak_ptr<TestWatch>> watches;
  std::function<void(TestWatch*)> on_watch;

 private:
  net::IoLoop& loop_;
};

// The client's end of a connection. What cannot be sent at once is a failure of the test.
class TestClient {
 public:
  TestClient(net::IoLoop* loop, int fd) : loop_(*loop), fd_(fd) { EXPECT_GE(fd, 0); }
  ~TestClient() { Close(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void Send(std::string_view bytes) {
    loop_.Poll();
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    loop_.Poll();
  }

  // Sends until the other side takes no more (at most 10 MB) and says how much that was.
  std::size_t SendAllThatFits() {
    const std::string piece(10'000, 'x');
    std::size_t sent = 0;
    while (sent < 10'000'000) {
      const ssize_t n = ::send(fd_, piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
      loop_.Poll();
    }
    return sent;
  }

  // What has come since the last call.
  std::string Receive() {
    std::string all;
    char buffer[65536];
    while (true) {
      loop_.Poll();
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (n <= 0) {
        closed_ = n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
        return all;
      }
      all.append(buffer, static_cast<std::size_t>(n));
    }
  }

  std::string Ask(std::string_view bytes) {
    Send(bytes);
    return Receive();
  }

  // The other side has ended, as far as the last Receive saw.
  bool closed() const { return closed_; }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    loop_.Poll();
  }

 private:
  net::IoLoop& loop_;
  int fd_;
  bool closed_ = false;
};

struct HttpBench {
  explicit HttpBench(std::unique_ptr<Faults> f = nullptr, HttpFrontOptions o = {},
                     std::size_t max_body = 1'000)
      : faults(std::move(f)), options(std::move(o)), body(max_body) {}

  TestClient Dial() { return {&loop, listener.Dial()}; }
  void Advance(Duration by) { loop.AdvanceTo(loop.Now() + by); }

  net::IoLoop loop{net::LoopTime::kVirtual};
  TestHandler handler{&loop};
  std::unique_ptr<Faults> faults;
  HttpFrontOptions options;
  std::size_t body;
  HttpListener listener{&loop, &handler, options, body, faults.get()};
};

inline std::string Get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

inline std::string Post(const std::string& target, const std::string& body) {
  return "POST " + target +
         " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

// An answer of the test's handler as the front writes it.
inline std::string Answered(const std::string& body, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\nCache-Control: no-cache, private\r\nContent-Type: "
         "application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body;
}

inline std::string WatchHead() {
  return "HTTP/1.1 200 OK\r\nCache-Control: no-cache, private\r\nContent-Type: "
         "application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
}

}  // namespace fairlead::apiserver
