// The sockets below HTTP: TCP, TLS over TCP, and socket pairs, all seen as one kind of byte stream.
// Asio and OpenSSL stay behind this header.
//
// Every call returns at once and its completion comes later on the loop, never from inside the
// call. At most one Read and one Write are under way. The socket's user is kept alive until the
// completion has come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "fairlead/base/result.h"
#include "fairlead/net/loop.h"

namespace fairlead::apiserver {

class TransportUser {
 public:
  virtual ~TransportUser() = default;
  virtual void OnStarted(bool ok) = 0;         // after the TLS handshake, where there is one
  virtual void OnRead(std::size_t bytes) = 0;  // 0: the other side has ended, or an error
  virtual void OnWritten(bool ok) = 0;         // all of it, or the connection is broken
  virtual void OnFinished() = 0;
};
using TransportUserPtr = std::shared_ptr<TransportUser>;

class Transport {
 public:
  virtual ~Transport() = default;
  virtual void Start(TransportUserPtr user) = 0;
  virtual void Read(TransportUserPtr user, char* to, std::size_t size) = 0;
  // The bytes stay where they are until OnWritten.
  virtual void Write(TransportUserPtr user, std::string_view bytes) = 0;
  // Says that nothing more will come, then reads and drops what the other side still sends until it
  // ends too, so that the last answer is not lost to a reset. Not while a Read is under way.
  virtual void Finish(TransportUserPtr user) = 0;
  virtual void Close() = 0;
};

// The server's side of TLS 1.2 and later.
class TlsServer {
 public:
  static Result<std::unique_ptr<TlsServer>> Make(const std::string& cert_pem,
                                                 const std::string& key_pem);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  struct State;
  State& state() { return *state_; }

 private:
  explicit TlsServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Acceptor {
 public:
  using Take = std::function<void(std::unique_ptr<Transport>)>;

  // `tls` may be null and outlives the transports. Error: the address is none, or is in use.
  static Result<std::unique_ptr<Acceptor>> Listen(net::IoLoop* loop, const std::string& address,
                                                  std::uint16_t port, TlsServer* tls, Take take);
  ~Acceptor();  // no call of `take` comes any more
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  std::uint16_t port() const;

  struct State;

 private:
  explicit Acceptor(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

// A socket pair: one end as a transport, the other one as a descriptor (non-blocking, closed on
// exec) that is the caller's. Null if the process has no descriptors left.
std::unique_ptr<Transport> MakePair(net::IoLoop* loop, int* other_end);

}  // namespace fairlead::apiserver
