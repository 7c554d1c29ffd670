#include "tests/support/stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace fairlead::e2e {
namespace {

// OpenSSL writes to sockets without MSG_NOSIGNAL.
const bool ignore_sigpipe = std::signal(SIGPIPE, SIG_IGN) != SIG_ERR;

sockaddr_in Address(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &address.sin_addr);
  return address;
}

const sockaddr* Generic(const sockaddr_in* address) {
  return reinterpret_cast<const sockaddr*>(address);
}

std::string SslError() {
  char text[256] = "unknown";
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return text;
}

}  // namespace

void SslDeleter::operator()(SSL* ssl) const { SSL_free(ssl); }
void SslDeleter::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

TlsContext TlsClientContext(const std::string& ca_pem) {
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  BIO* text = BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size()));
  X509* certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
  BIO_free(text);
  if (certificate == nullptr) return nullptr;
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), certificate);
  X509_free(certificate);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return context;
}

TlsContext TlsServerContext(const std::string& certificate_file, const std::string& key_file) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  const bool loaded =
      SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) == 1 &&
      SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  return loaded ? std::move(context) : nullptr;
}

std::unique_ptr<Stream> Stream::Connect(const std::string& host, std::uint16_t port, SSL_CTX* tls,
                                        int read_timeout_s, std::string* error) {
  std::unique_ptr<Stream> stream(new Stream(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  const timeval patience{.tv_sec = read_timeout_s, .tv_usec = 0};
  setsockopt(stream->fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const int on = 1;
  setsockopt(stream->fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in address = Address(host, port);
  if (connect(stream->fd_, Generic(&address), sizeof address) != 0) {
    *error = "cannot connect to " + host + ":" + std::to_string(port) + ": " + strerror(errno);
    return nullptr;
  }
  if (tls != nullptr && !stream->Handshake(tls, host, /*client=*/true, error)) return nullptr;
  return stream;
}

std::unique_ptr<Stream> Stream::Accepted(int fd, SSL_CTX* tls) {
  std::unique_ptr<Stream> stream(new Stream(fd));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::string error;
  if (tls != nullptr && !stream->Handshake(tls, "", /*client=*/false, &error)) return nullptr;
  return stream;
}

bool Stream::Handshake(SSL_CTX* tls, const std::string& host, bool client, std::string* error) {
  ssl_.reset(SSL_new(tls));
  SSL_set_fd(ssl_.get(), fd_);
  X509_VERIFY_PARAM* verify = SSL_get0_param(ssl_.get());
  in_addr ignored{};
  if (client && inet_pton(AF_INET, host.c_str(), &ignored) == 1) {
    X509_VERIFY_PARAM_set1_ip_asc(verify, host.c_str());
  } else if (client) {
    SSL_set1_host(ssl_.get(), host.c_str());
  }
  if ((client ? SSL_connect(ssl_.get()) : SSL_accept(ssl_.get())) == 1) return true;
  *error = "TLS: " + SslError();
  return false;
}

Stream::~Stream() { close(fd_); }

bool Stream::ReadSome(std::string* out) {
  char buffer[16384];
  const auto n = ssl_ != nullptr ? SSL_read(ssl_.get(), buffer, sizeof buffer)
                                 : static_cast<int>(recv(fd_, buffer, sizeof buffer, 0));
  if (n <= 0) return false;
  out->append(buffer, static_cast<std::size_t>(n));
  return true;
}

bool Stream::WriteAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ssl_ != nullptr
                       ? SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                       : static_cast<int>(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void Stream::Interrupt() const { shutdown(fd_, SHUT_RDWR); }

bool Listener::Open(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = Address("127.0.0.1", port);
  socklen_t size = sizeof address;
  const bool listening = bind(fd, Generic(&address), size) == 0 && listen(fd, 128) == 0 &&
                         getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!listening) {
    close(fd);
    return false;
  }
  port_ = ntohs(address.sin_port);
  fd_ = fd;
  return true;
}

Listener::~Listener() {
  if (fd_ >= 0) close(fd_);
}

int Listener::Accept() const { return accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }

void Listener::Interrupt() {
  if (fd_ >= 0) shutdown(fd_, SHUT_RDWR);
}

std::uint16_t FreePort() {
  Listener listener;
  return listener.Open(0) ? listener.port() : std::uint16_t{0};
}

}  // namespace fairlead::e2e
