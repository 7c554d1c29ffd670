#include "tests/support/scheduler_process.h"

#include <cstdlib>

#include "tests/support/api_client.h"

namespace fairlead::e2e {

SchedulerProcess::SchedulerProcess(const std::string& dir, const SchedulerOptions& options)
    : port_(FreePort()), grpc_port_(FreePort()) {
  static int instances = 0;
  const std::string base = dir + "/scheduler-" + std::to_string(++instances);
  log_path_ = base + ".log";
  config_path_ = base + ".yaml";
  WriteConfig(options.config);
  std::vector<std::string> argv = {FAIRLEAD_BINARY,    "scheduler", "--kubeconfig",
                                   options.kubeconfig, "--config",  config_path_};
  argv.insert(argv.end(), options.arguments.begin(), options.arguments.end());
  process_.Start(argv, log_path_, options.env);
}

void SchedulerProcess::WriteConfig(const std::string& config) const {
  WriteFileText(config_path_, "http: {address: 127.0.0.1, port: " + std::to_string(port_) +
                                  "}\ngrpc: {address: 127.0.0.1, port: " +
                                  std::to_string(grpc_port_) + "}\n" + config);
}

void SchedulerProcess::Reload(const std::string& config) {
  WriteConfig(config);
  process_.Signal(SIGHUP);
}

int SchedulerProcess::Get(const std::string& path, std::string* body) const {
  ApiClient client({.host = "127.0.0.1", .port = port_, .tls = false, .ca_pem = "", .token = ""});
  const Response response = client.Get(path);
  if (body != nullptr) *body = response.body;
  return response.status;
}

bool SchedulerProcess::WaitReady(milliseconds patience) const {
  return Eventually(patience, [this] { return Get("/readyz") == 200; });
}

double SchedulerProcess::Metric(const std::string& series) const {
  std::string text;
  if (Get("/metrics", &text) != 200) return 0;
  const std::size_t at = ("\n" + text).find("\n" + series + " ");
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + series.size() + 1, nullptr);
}

std::string SchedulerProcess::Log() const { return ReadFileText(log_path_); }

std::optional<int> SchedulerProcess::Terminate(milliseconds patience) {
  process_.Signal(SIGTERM);
  return process_.Wait(patience);
}

}  // namespace fairlead::e2e
