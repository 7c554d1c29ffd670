#include "bench/http_load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>

namespace fairlead::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kSilenceMs = 10'000;  // without any event: the server is stuck
constexpr std::size_t kReadSize = 256U << 10;

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

// A connection that is opened in blocking mode and used without blocking. What is written is small
// beside a socket's buffer, so writes are expected to succeed at once.
class Socket {
 public:
  Socket() = default;
  ~Socket() {
    ssl_.reset();
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool Open(std::uint16_t port, SSL_CTX* tls) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls != nullptr) {
      ssl_.reset(SSL_new(tls));
      if (SSL_set_fd(ssl_.get(), fd_) != 1 || SSL_connect(ssl_.get()) != 1) return false;
    }
    return ::fcntl(fd_, F_SETFL, O_NONBLOCK) == 0;
  }

  bool Write(std::string_view bytes) const {
    const auto size = static_cast<int>(bytes.size());
    if (ssl_ != nullptr) return SSL_write(ssl_.get(), bytes.data(), size) == size;
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == size;
  }

  // Appends what is there; false: the connection has ended.
  bool Read(std::string* to) const {
    static thread_local std::string buffer(kReadSize, '\0');
    while (true) {
      ssize_t n = 0;
      if (ssl_ != nullptr) {
        n = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
        if (n <= 0) return SSL_get_error(ssl_.get(), static_cast<int>(n)) == SSL_ERROR_WANT_READ;
      } else {
        n = ::recv(fd_, buffer.data(), buffer.size(), 0);
        if (n < 0) return errno == EAGAIN;
        if (n == 0) return false;
      }
      to->append(buffer, 0, static_cast<std::size_t>(n));
      if (ssl_ == nullptr && static_cast<std::size_t>(n) < buffer.size()) return true;
    }
  }

  int fd() const { return fd_; }

 private:
  int fd_ = -1;
  std::unique_ptr<SSL, SslDeleter> ssl_;
};

// Counts the frames of a chunked answer whose type is MODIFIED.
class FrameCounter {
 public:
  // False: not what was expected.
  bool Add(std::string* bytes) {
    if (!head_) {
      const std::size_t end = bytes->find("\r\n\r\n");
      if (end == std::string::npos) return true;
      if (!bytes->starts_with("HTTP/1.1 200 ")) return false;
      head_ = true;
      bytes->erase(0, end + 4);
    }
    std::size_t at = 0;
    while (true) {
      const std::size_t end = bytes->find("\r\n", at);
      if (end == std::string::npos) break;
      std::size_t size = 0;
      std::from_chars(bytes->data() + at, bytes->data() + end, size, 16);
      if (size == 0) return false;
      if (bytes->size() < end + 2 + size + 2) break;
      body_.append(*bytes, end + 2, size);
      at = end + 2 + size + 2;
    }
    bytes->erase(0, at);
    CountFrames();
    return true;
  }
  std::size_t modified() const { return modified_; }

 private:
  // A length of four bytes, then WatchEvent, which begins with its type.
  void CountFrames() {
    static constexpr std::string_view kModified("\x0a\x08MODIFIED", 10);
    std::size_t at = 0;
    while (body_.size() >= at + 4) {
      std::size_t size = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        size = size << 8U | static_cast<unsigned char>(body_[at + i]);
      }
      if (body_.size() < at + 4 + size) break;
      if (std::string_view(body_).substr(at + 4).starts_with(kModified)) ++modified_;
      at += 4 + size;
    }
    body_.erase(0, at);
  }

  bool head_ = false;
  std::string body_;
  std::size_t modified_ = 0;
};

class Load {
 public:
  explicit Load(const LoadPlan& plan) : plan_(plan), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (plan.tls) {
      tls_.reset(SSL_CTX_new(TLS_client_method()));
      SSL_CTX_set_verify(tls_.get(), SSL_VERIFY_NONE, nullptr);
    }
  }
  ~Load() { ::close(epoll_); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  LoadResult Run() {
    if (!Open()) return Failed("cannot connect");
    const auto begin = SteadyClock::now();
    for (Lane& lane : lanes_) {
      if (!SendNext(&lane)) return Failed("cannot send");
    }
    bool answered = false;
    while (result_.error.empty() && (!answered || frames_.modified() < plan_.requests.size())) {
      if (!Step()) return Failed(result_.error);
      const double now = std::chrono::duration<double>(SteadyClock::now() - begin).count();
      if (!answered) result_.seconds = now;
      answered = result_.latencies_ns.size() == plan_.requests.size();
      result_.seconds_to_last_event = now;
    }
    return Failed("");
  }

 private:
  struct Lane {
    Socket socket;
    std::string in;
    SteadyClock::time_point sent;
  };

  LoadResult Failed(std::string error) {
    result_.error = std::move(error);
    result_.modified = frames_.modified();
    std::sort(result_.latencies_ns.begin(), result_.latencies_ns.end());
    return std::move(result_);
  }

  // The watch answers first, so that it misses nothing.
  bool Open() {
    if (!watch_.Open(plan_.port, tls_.get()) || !watch_.Write(plan_.watch)) return false;
    if (!Register(watch_, plan_.connections)) return false;
    while (watch_in_.empty()) {
      epoll_event event{};
      if (::epoll_wait(epoll_, &event, 1, kSilenceMs) != 1 || !watch_.Read(&watch_in_)) {
        return false;
      }
    }
    lanes_ = std::vector<Lane>(std::min(plan_.connections, plan_.requests.size()));
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      Socket& socket = lanes_[i].socket;
      if (!socket.Open(plan_.port, tls_.get()) || !Register(socket, i)) return false;
    }
    return frames_.Add(&watch_in_);
  }

  bool Register(const Socket& socket, std::size_t id) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = id;
    return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.fd(), &event) == 0;
  }

  bool SendNext(Lane* lane) {
    if (next_ == plan_.requests.size()) return true;
    lane->sent = SteadyClock::now();
    return lane->socket.Write(plan_.requests[next_++]);
  }

  bool Step() {
    epoll_event events[64];
    const int n = ::epoll_wait(epoll_, events, 64, kSilenceMs);
    if (n <= 0) result_.error = "the server is silent";
    for (int i = 0; i < n && result_.error.empty(); ++i) {
      if (events[i].data.u64 == plan_.connections) {
        if (!watch_.Read(&watch_in_) || !frames_.Add(&watch_in_)) result_.error = "watch ended";
      } else {
        OnAnswer(&lanes_[events[i].data.u64]);
      }
    }
    return result_.error.empty();
  }

  void OnAnswer(Lane* lane) {
    static constexpr std::string_view kLength = "Content-Length: ";
    if (!lane->socket.Read(&lane->in)) {
      result_.error = "the connection ended";
      return;
    }
    const std::size_t end = lane->in.find("\r\n\r\n");
    if (end == std::string::npos) return;
    std::size_t body = 0;
    const std::size_t length = lane->in.find(kLength);
    if (length < end) {
      std::from_chars(lane->in.data() + length + kLength.size(), lane->in.data() + end, body);
    }
    if (lane->in.size() < end + 4 + body) return;
    if (!lane->in.starts_with("HTTP/1.1 201 ")) {
      result_.error = "answered: " + lane->in.substr(0, 400);
      return;
    }
    lane->in.erase(0, end + 4 + body);
    result_.latencies_ns.push_back(
        std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - lane->sent)
            .count());
    if (!SendNext(lane)) result_.error = "cannot send";
  }

  const LoadPlan& plan_;
  const int epoll_;
  std::unique_ptr<SSL_CTX, SslDeleter> tls_;
  Socket watch_;
  std::string watch_in_;
  FrameCounter frames_;
  std::vector<Lane> lanes_;
  std::size_t next_ = 0;
  LoadResult result_;
};

}  // namespace

LoadResult RunLoad(const LoadPlan& plan) { return Load(plan).Run(); }

}  // namespace fairlead::bench
