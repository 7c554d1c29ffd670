// Options of commands that ask a running scheduler.
#pragma once

#include <CLI/CLI.hpp>

#include "scheduler/cli/scheduler_client.h"

namespace fairlead::cli {

inline void AddServerOptions(CLI::App* command, SchedulerAddress* server) {
  command->add_option("--server", server->address,
                      "HOST:PORT of its gRPC API (default 127.0.0.1:8471)");
  auto* ca = command->add_option("--tls-ca", server->tls_ca,
                                 "PEM file with the authority of the server's certificate");
  auto* cert = command->add_option("--tls-cert", server->tls_cert, "PEM file with our certificate");
  auto* key = command->add_option("--tls-key", server->tls_key, "PEM file with its key");
  ca->needs(cert, key);
  cert->needs(ca, key);
  key->needs(ca, cert);
}

}  // namespace fairlead::cli
