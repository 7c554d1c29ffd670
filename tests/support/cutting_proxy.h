// A proxy in front of the API server that breaks things on purpose. Clients speak plain HTTP to it
// (or TLS with a certificate of the test's choice); it forwards over TLS, one upstream connection
// per client connection.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "tests/support/api_client.h"

namespace fairlead::e2e {

enum class Fate {
  kForward,
  kRefuse,       // close the client's connection; the server never hears of the request
  kLoseReply,    // let the server answer, then close without passing the answer on
  kServerError,  // answer 500; the server never hears of the request
};

struct ProxiedRequest {
  std::string method, target, body;
  bool IsBindingOf(const std::string& pod) const;
  bool IsBinding() const;
};

class CuttingProxy {
 public:
  // Called for every request, on the connection's own thread: it may block, which delays the
  // request.
  using Rule = std::function<Fate(const ProxiedRequest&)>;

  CuttingProxy(Access upstream, Rule rule);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  // Serves TLS with these PEM files from the next Listen() on.
  bool UseCertificate(const std::string& certificate_file, const std::string& key_file);
  bool Listen(std::uint16_t port = 0);
  // Refuses new connections and cuts those there are, until Listen() is called again.
  void GoDown();
  std::uint16_t port() const;  // stays while the proxy is down

  // A kubeconfig that goes through this proxy, with the token of `upstream`. `ca_file` is for TLS.
  void WriteKubeconfig(const std::string& path, const std::string& ca_file = "") const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::e2e
