// The gRPC listener: fairlead.v1.QueueService and NodeService (include/fairlead/v1) on what a
// QueueBoard shows.
//
// Who may connect: everybody on this machine where it listens on loopback; with TLS, everywhere,
// who has a certificate of the configured authority. Nothing else is offered: an address that other
// machines reach is refused without TLS.
// Bounds: requests of 64 KiB, answers of 64 MiB (some 100,000 queues; most clients expect 4 MiB
// unless told otherwise), `max_watchers` open watches, a few more calls at once than that; more are
// answered RESOURCE_EXHAUSTED. Before the first table calls are answered UNAVAILABLE; a watch waits
// for it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "fairlead/base/result.h"
#include "fairlead/engine/queue_board.h"

namespace fairlead::service {

// Paths of PEM files, read once at the start: all three or none.
struct TlsFiles {
  std::string cert;       // of the server, with its chain
  std::string key;        // of `cert`, without password
  std::string client_ca;  // who signs the certificates of clients
};

struct GrpcServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8471;  // 0: any free one
  TlsFiles tls = {};
  int max_watchers = 100;
};

class GrpcServer {
 public:
  // Serves on threads of its own until destroyed; the board outlives it. Error: the address is in
  // use or none, TLS would be needed, its files cannot be used.
  static Result<std::unique_ptr<GrpcServer>> Start(const GrpcServerOptions& options,
                                                   const QueueBoard* board);
  // Ends open watches with UNAVAILABLE; takes less than a second.
  ~GrpcServer();
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;
  std::uint16_t port() const;

 private:
  struct State;
  explicit GrpcServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::service
