#include "tests/support/scripted_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <set>
#include <thread>

namespace fairlead::testing {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

[[noreturn]] void Die(const char* what) {
  fmt::print(stderr, "scripted server: {}\n", what);
  std::abort();
}

SSL_CTX* MakeContext(const ServerCertificate& certificate) {
  if (certificate.cert_pem.empty()) return nullptr;
  SSL_CTX* ctx = SSL_CTX_new(TLS_server_method());
  const auto open = [](const std::string& pem) {
    return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  };
  BIO* cert_bio = open(certificate.cert_pem);
  BIO* key_bio = open(certificate.key_pem);
  X509* cert = PEM_read_bio_X509(cert_bio, nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_bio, nullptr, nullptr, nullptr);
  if (SSL_CTX_use_certificate(ctx, cert) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1) {
    Die("certificate");
  }
  if (!certificate.client_ca_pem.empty()) {
    BIO* ca_bio = open(certificate.client_ca_pem);
    X509* ca = PEM_read_bio_X509(ca_bio, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    X509_free(ca);
    BIO_free(ca_bio);
  }
  X509_free(cert);
  EVP_PKEY_free(key);
  BIO_free(cert_bio);
  BIO_free(key_bio);
  return ctx;
}

// Bytes to and from one client.
class Wire {
 public:
  Wire(int fd, SSL_CTX* ctx) : fd_(fd), ssl_(ctx == nullptr ? nullptr : SSL_new(ctx)) {
    if (ssl_ != nullptr) SSL_set_fd(ssl_, fd_);
  }
  ~Wire() {
    if (ssl_ != nullptr) SSL_free(ssl_);
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  bool Accept() { return ssl_ == nullptr || SSL_accept(ssl_) == 1; }
  bool Write(const std::string& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const int left = static_cast<int>(bytes.size() - done);
      const long n = ssl_ != nullptr
                         ? SSL_write(ssl_, bytes.data() + done, left)
                         : ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (n <= 0) return false;
      done += static_cast<std::size_t>(n);
    }
    return true;
  }
  // Appends what comes; false at the end.
  bool Read(std::string* into) {
    char buffer[16384];
    const long n = ssl_ != nullptr ? SSL_read(ssl_, buffer, sizeof buffer)
                                   : ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    into->append(buffer, static_cast<std::size_t>(n));
    return true;
  }

 private:
  int fd_;
  SSL* ssl_;
};

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  return text;
}

std::optional<Received> ReadRequest(Wire* wire, std::string* buffer) {
  std::size_t end = 0;
  while ((end = buffer->find("\r\n\r\n")) == std::string::npos) {
    if (!wire->Read(buffer)) return std::nullopt;
  }
  Received out;
  std::string head = buffer->substr(0, end + 2);
  buffer->erase(0, end + 4);
  const std::size_t line_end = head.find("\r\n");
  const std::size_t first = head.find(' ');
  const std::size_t second = head.find(' ', first + 1);
  out.method = head.substr(0, first);
  out.target = head.substr(first + 1, second - first - 1);
  for (std::size_t at = line_end + 2; at < head.size();) {
    const std::size_t stop = head.find("\r\n", at);
    const std::size_t colon = head.find(':', at);
    out.headers[Lower(head.substr(at, colon - at))] = head.substr(colon + 2, stop - colon - 2);
    at = stop + 2;
  }
  const auto length = out.headers.find("content-length");
  if (length == out.headers.end()) return out;
  const std::size_t size = std::stoul(length->second);
  while (buffer->size() < size) {
    if (!wire->Read(buffer)) return std::nullopt;
  }
  out.body = buffer->substr(0, size);
  buffer->erase(0, size);
  return out;
}

std::string HeadOf(const Reply& reply) {
  std::string head =
      fmt::format("HTTP/1.1 {} X\r\nContent-Type: {}\r\n", reply.status, reply.content_type);
  for (const std::string& header : reply.headers) head += header + "\r\n";
  if (reply.close) head += "Connection: close\r\n";
  head += reply.feed ? std::string("Transfer-Encoding: chunked\r\n\r\n")
                     : fmt::format("Content-Length: {}\r\n\r\n", reply.body.size());
  return head;
}

}  // namespace

void Feed::Send(std::string bytes) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({std::move(bytes)});
  changed_.notify_all();
}

void Feed::End() {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({"", true});
  changed_.notify_all();
}

void Feed::Cut() {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({"", true, true});
  changed_.notify_all();
}

Feed::Next Feed::Take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_.empty(); });
  Next next = waiting_.front();
  // The end stays: it is for every reader.
  if (!next.end) waiting_.erase(waiting_.begin());
  return next;
}

struct ScriptedServer::State {
  Handler handler;
  SSL_CTX* ctx = nullptr;
  int listener = -1;
  std::uint16_t port = 0;
  std::thread acceptor;
  std::mutex handler_mutex;

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  bool stopping = false;
  std::vector<Received> requests;
  std::vector<std::thread> threads;
  std::set<int> open;
  std::vector<std::shared_ptr<Feed>> feeds;

  void Listen();
  void AcceptAll();
  void Serve(int fd, int number);
  bool Answer(Wire* wire, const Reply& reply);
};

void ScriptedServer::State::Listen() {
  listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, size) != 0 || ::listen(listener, 64) != 0 ||
      ::getsockname(listener, generic, &size) != 0) {
    Die("cannot listen");
  }
  port = ntohs(address.sin_port);
}

void ScriptedServer::State::AcceptAll() {
  for (int number = 1;; ++number) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex);
    if (stopping) {
      ::close(fd);
      return;
    }
    open.insert(fd);
    threads.emplace_back([this, fd, number] { Serve(fd, number); });
  }
}

void ScriptedServer::State::Serve(int fd, int number) {
  {
    // OpenSSL writes without MSG_NOSIGNAL.
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    Wire wire(fd, ctx);
    std::string buffer;
    bool more = wire.Accept();
    while (more) {
      std::optional<Received> request = ReadRequest(&wire, &buffer);
      if (!request) break;
      request->connection = number;
      {
        const std::lock_guard lock(mutex);
        requests.push_back(*request);
        changed.notify_all();
      }
      Reply reply;
      {
        const std::lock_guard lock(handler_mutex);
        reply = handler(*request);
      }
      more = Answer(&wire, reply);
    }
  }
  const std::lock_guard lock(mutex);
  open.erase(fd);
  ::close(fd);
}

bool ScriptedServer::State::Answer(Wire* wire, const Reply& reply) {
  if (reply.drop) return false;
  if (reply.hang) {
    std::string ignored;
    while (wire->Read(&ignored)) {
    }
    return false;
  }
  if (!wire->Write(HeadOf(reply))) return false;
  if (!reply.feed) return wire->Write(reply.body) && !reply.close;
  {
    const std::lock_guard lock(mutex);
    feeds.push_back(reply.feed);
    if (stopping) return false;
  }
  while (true) {
    const Feed::Next next = reply.feed->Take();
    if (next.cut) return false;
    if (next.end) return wire->Write("0\r\n\r\n");
    if (!wire->Write(fmt::format("{:x}\r\n{}\r\n", next.bytes.size(), next.bytes))) return false;
  }
}

ScriptedServer::ScriptedServer(Handler handler, const ServerCertificate& certificate)
    : state_(std::make_unique<State>()) {
  state_->handler = std::move(handler);
  state_->ctx = MakeContext(certificate);
  state_->Listen();
  state_->acceptor = std::thread([state = state_.get()] { state->AcceptAll(); });
}

ScriptedServer::~ScriptedServer() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    ::shutdown(state_->listener, SHUT_RDWR);
    for (const int fd : state_->open) ::shutdown(fd, SHUT_RDWR);
    for (const auto& feed : state_->feeds) feed->Cut();
  }
  state_->acceptor.join();
  {
    const std::lock_guard lock(state_->mutex);
    threads.swap(state_->threads);
  }
  for (std::thread& thread : threads) thread.join();
  ::close(state_->listener);
  SSL_CTX_free(state_->ctx);
}

std::uint16_t ScriptedServer::port() const { return state_->port; }

std::string ScriptedServer::url() const {
  return fmt::format("{}://127.0.0.1:{}", state_->ctx == nullptr ? "http" : "https", state_->port);
}

std::vector<Received> ScriptedServer::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

bool ScriptedServer::WaitForRequests(std::size_t n) const {
  std::unique_lock lock(state_->mutex);
  return state_->changed.wait_for(lock, kPatience, [&] { return state_->requests.size() >= n; });
}

}  // namespace fairlead::testing
