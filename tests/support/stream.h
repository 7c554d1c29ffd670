// A blocking TCP connection, with TLS where asked, and listening sockets. Nothing throws: a failed
// step is `false` or null, and error() says why.
#pragma once

#include <openssl/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::e2e {

struct SslDeleter {
  void operator()(SSL* ssl) const;
  void operator()(SSL_CTX* context) const;
};
using TlsContext = std::unique_ptr<SSL_CTX, SslDeleter>;

// Trusts only `ca_pem`. Null if that is no certificate.
TlsContext TlsClientContext(const std::string& ca_pem);
// From files in PEM.
TlsContext TlsServerContext(const std::string& certificate_file, const std::string& key_file);

class Stream {
 public:
  // `tls` null: plain. Reads end after `read_timeout_s`; 0: never.
  static std::unique_ptr<Stream> Connect(const std::string& host, std::uint16_t port, SSL_CTX* tls,
                                         int read_timeout_s, std::string* error);
  // Takes over an accepted socket. Null if the TLS handshake fails.
  static std::unique_ptr<Stream> Accepted(int fd, SSL_CTX* tls);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // At least one byte, appended to `out`; false at the end, on errors and on timeouts.
  bool ReadSome(std::string* out);
  bool WriteAll(std::string_view bytes);
  // Ends reads and writes of other threads; from any thread.
  void Interrupt() const;

 private:
  explicit Stream(int fd) : fd_(fd) {}
  bool Handshake(SSL_CTX* tls, const std::string& host, bool client, std::string* error);

  int fd_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
};

// Listens on 127.0.0.1.
class Listener {
 public:
  // Port 0: any free one.
  bool Open(std::uint16_t port);
  ~Listener();
  std::uint16_t port() const { return port_; }
  // The socket of the next connection; -1 after Interrupt().
  int Accept() const;
  void Interrupt();

 private:
  std::atomic<int> fd_{-1};
  std::uint16_t port_ = 0;
};

// A port of 127.0.0.1 that was free a moment ago.
std::uint16_t FreePort();

}  // namespace fairlead::e2e
