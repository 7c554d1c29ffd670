// A small Kubernetes API client for tests: blocking, JSON, one connection. It shares no code with
// the product's client, so that a misunderstanding there cannot hide here.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tests/support/http.h"

namespace fairlead::e2e {

using Json = nlohmann::json;

// Where the server is, how to trust it and who we are.
struct Access {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  bool tls = true;
  std::string ca_pem;
  std::string token;
};

// Reads server, certificate-authority-data and token from a kubeconfig as tests/controlplane/up.sh
// writes it: one cluster, one user, one value per line.
bool ReadKubeconfig(const std::string& path, Access* access);

struct Response {
  int status = 0;  // 0: no answer, and `body` says why
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
  Json ToJson() const;  // null where the body is no JSON
};

inline constexpr const char* kJson = "application/json";
inline constexpr const char* kStrategicMerge = "application/strategic-merge-patch+json";
inline constexpr const char* kMergePatch = "application/merge-patch+json";

class ApiClient {
 public:
  explicit ApiClient(Access access);
  ~ApiClient();

  // Safe from any thread; requests go one after the other.
  Response Send(const std::string& method, const std::string& path, const std::string& body = "",
                const std::string& content_type = kJson);
  Response Get(const std::string& path) { return Send("GET", path); }
  Response Post(const std::string& path, const Json& body);
  Response Delete(const std::string& path, const Json& body);

 private:
  bool Connect(std::string* error);
  bool Exchange(const std::string& request, Response* response, bool* heard);

  const Access access_;
  TlsContext tls_;
  std::mutex mutex_;
  std::unique_ptr<Stream> stream_;  // under mutex_
};

// One GET whose answer never ends, on a connection of its own.
class Watch {
 public:
  explicit Watch(Access access);
  // Calls `line` for every line of the answer, until the server ends it, the connection breaks, or
  // Interrupt() is called. Returns the status, 0 if there was no answer.
  int Run(const std::string& path, const std::function<void(const std::string&)>& line);
  // From any thread; also keeps later runs from starting.
  void Interrupt();

 private:
  const Access access_;
  TlsContext tls_;
  std::mutex mutex_;
  std::shared_ptr<Stream> stream_;  // under mutex_
  std::atomic<bool> stopped_{false};
};

// Calls work(client, i) for i in [0, n), over several connections.
void ForEachParallel(const Access& access, int connections, std::size_t n,
                     const std::function<void(ApiClient&, std::size_t)>& work);

}  // namespace fairlead::e2e
