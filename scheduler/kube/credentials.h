// Who we are at the server: a fixed token, a token file (re-read every 60 s and at once when the
// server refuses it) or an exec plugin (run when there is no credential, when it has expired, and
// when the server refuses it). Tokens appear in no error and no log line.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"
#include "fairlead/kube/client.h"
#include "scheduler/kube/http.h"
#include "scheduler/kube/wall_clock.h"

namespace fairlead::kube {

// What an exec plugin prints.
struct ExecCredential {
  std::string token;
  std::string client_cert_pem;
  std::string client_key_pem;
  Instant expires;  // 1970: never
};
Result<ExecCredential> ParseExecCredential(std::string_view json);

// Runs the plugin and waits for it, at most `timeout`. Blocks: call on a thread of its own.
Result<ExecCredential> RunExecPlugin(const Connection& connection, Duration timeout);

class Credentials : public Authorizer {
 public:
  using OnCertificate = std::function<void(const std::string& cert, const std::string& key)>;

  // `clock` is the time of day, in which credentials expire.
  Credentials(IoLoop* loop, const Connection& connection, const Clock* clock = WallClock());
  ~Credentials() override;

  // Called with the client certificate of an exec plugin, whenever it has given one.
  void SetOnCertificate(OnCertificate callback);

  void Prepare(std::function<void(std::string error)> ready) override;
  const std::string& header() const override;
  void Rejected(const std::string& header, std::function<void(bool renewed)> done) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fairlead::kube
