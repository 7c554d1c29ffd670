// `fairlead scheduler` as a process of its own, as a user runs it.
#pragma once

#include <csignal>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace fairlead::e2e {

struct SchedulerOptions {
  std::string kubeconfig = {};
  std::string config = {};  // YAML, beside the ports
  std::vector<std::string> arguments = {};
  std::map<std::string, std::string> env = {};
};

class SchedulerProcess {
 public:
  // Writes its configuration and log into `dir`, which exists.
  SchedulerProcess(const std::string& dir, const SchedulerOptions& options);

  // GET of its HTTP port; the status, 0 if there is no answer.
  int Get(const std::string& path, std::string* body = nullptr) const;
  bool WaitReady(milliseconds patience = seconds(30)) const;
  // The value of one series, "name" or "name{label=\"value\"}"; 0 if it is not there.
  double Metric(const std::string& series) const;
  std::string Log() const;

  // Rewrites its configuration (YAML, beside the HTTP port) and sends SIGHUP.
  void Reload(const std::string& config);
  void Kill() { process_.Signal(SIGKILL); }
  // Sends SIGTERM and waits for the exit code.
  std::optional<int> Terminate(milliseconds patience = seconds(20));
  std::optional<int> Wait(milliseconds patience) { return process_.Wait(patience); }
  pid_t pid() const { return process_.pid(); }
  std::uint16_t port() const { return port_; }
  std::uint16_t grpc_port() const { return grpc_port_; }

 private:
  void WriteConfig(const std::string& config) const;

  std::string config_path_;
  std::string log_path_;
  std::uint16_t port_;
  std::uint16_t grpc_port_;
  Process process_;
};

}  // namespace fairlead::e2e
