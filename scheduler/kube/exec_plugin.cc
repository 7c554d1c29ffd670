// Exec plugins: https://kubernetes.io/docs/reference/access-authn-authz/authentication, "Input and
// output formats" of client-go credential plugins. The plugin gets no terminal and no input; its
// standard error is ours.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <simdjson.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>

#include "fairlead/base/json.h"
#include "scheduler/kube/base64.h"
#include "scheduler/kube/credentials.h"
#include "scheduler/kube/error.h"

extern char** environ;

namespace fairlead::kube {
namespace {

constexpr std::size_t kMaxOutput = 1U << 20;

std::string ErrorText(int code) { return std::system_category().message(code); }

struct Descriptor {
  int fd = -1;
  Descriptor() = default;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }
  void Close() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

std::vector<std::string> Environment(const Connection& connection) {
  JsonWriter execution;
  execution.BeginObject()
      .Field("kind", "ExecCredential")
      .Field("apiVersion", connection.exec_api_version)
      .Key("spec")
      .BeginObject()
      .Field("interactive", false);
  if (connection.exec_cluster) {
    execution.Key("cluster").BeginObject().Field("server", connection.server);
    if (!connection.ca_pem.empty()) {
      execution.Field("certificate-authority-data", Base64Encode(connection.ca_pem));
    }
    if (!connection.tls_server_name.empty()) {
      execution.Field("tls-server-name", connection.tls_server_name);
    }
    if (connection.insecure_skip_verify) execution.Field("insecure-skip-tls-verify", true);
    if (!connection.proxy_url.empty()) execution.Field("proxy-url", connection.proxy_url);
    execution.EndObject();
  }
  execution.EndObject().EndObject();
  std::vector<std::string> set;
  set.push_back("KUBERNETES_EXEC_INFO=" + execution.Take());
  for (const auto& [name, value] : connection.exec_env) {
    set.push_back(fmt::format("{}={}", name, value));
  }
  std::vector<std::string> all = set;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('=') + 1);
    bool replaced = false;
    for (const std::string& own : set)
      replaced = replaced || own.compare(0, name.size(), name) == 0;
    if (!replaced) all.emplace_back(text);
  }
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> out;
  for (std::string& text : *texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

Result<pid_t> Spawn(const Connection& connection, int output) {
  std::vector<std::string> args = connection.exec_command;
  std::vector<std::string> environment = Environment(connection);
  std::vector<char*> argv = Pointers(&args);
  std::vector<char*> envp = Pointers(&environment);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return MakeError(
        fmt::format("cannot run the exec plugin {}: {}", args.front(), ErrorText(failed)));
  }
  return pid;
}

// Reads until the end or the deadline. Empty error: all was read.
std::string ReadAll(int fd, std::chrono::steady_clock::time_point deadline, std::string* out) {
  char buffer[4096];
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return "did not finish in time";
    pollfd wait{fd, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(left.count()));
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrorText(errno);
    if (n == 0) return {};
    out->append(buffer, static_cast<std::size_t>(n));
    if (out->size() > kMaxOutput) return "printed more than 1 MiB";
  }
}

// Waits for the end of a process that has closed its output, and kills it at the deadline.
int WaitFor(pid_t pid, std::chrono::steady_clock::time_point deadline) {
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid || (ended < 0 && errno != EINTR)) return status;
    if (std::chrono::steady_clock::now() >= deadline) ::kill(pid, SIGKILL);
    ::poll(nullptr, 0, 5);
  }
}

}  // namespace

Result<ExecCredential> RunExecPlugin(const Connection& connection, Duration timeout) {
  int pair[2];
  if (::pipe2(pair, O_CLOEXEC) != 0) return MakeError("cannot make a pipe: " + ErrorText(errno));
  Descriptor reader;
  Descriptor writer;
  reader.fd = pair[0];
  writer.fd = pair[1];
  const Result<pid_t> pid = Spawn(connection, writer.fd);
  if (!pid) return pid.error();
  writer.Close();
  std::string output;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout.ns);
  const std::string problem = ReadAll(reader.fd, deadline, &output);
  if (!problem.empty()) ::kill(*pid, SIGKILL);
  const int status = WaitFor(*pid, deadline);
  const std::string& name = connection.exec_command.front();
  if (!problem.empty()) return MakeError(fmt::format("exec plugin {}: {}", name, problem));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    const bool exited = WIFEXITED(status);
    return MakeError(fmt::format("exec plugin {} failed with {} {}", name,
                                 exited ? "exit code" : "signal",
                                 exited ? WEXITSTATUS(status) : WTERMSIG(status)));
  }
  Result<ExecCredential> parsed = ParseExecCredential(output);
  if (!parsed) {
    return MakeError(fmt::format("exec plugin {}: {}", name, parsed.error().message));
  }
  return parsed;
}

Result<ExecCredential> ParseExecCredential(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  // What it printed may hold a secret: it is not quoted.
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    return MakeError("expected an ExecCredential as JSON on its standard output");
  }
  std::string_view kind;
  if (root["kind"].get(kind) != simdjson::SUCCESS || kind != "ExecCredential") {
    return MakeError("expected kind: ExecCredential");
  }
  simdjson::dom::element status;
  if (root["status"].get(status) != simdjson::SUCCESS) {
    return MakeError("the ExecCredential has no status");
  }
  ExecCredential out;
  const auto read = [&](const char* field, std::string* into) {
    std::string_view text;
    if (status[field].get(text) == simdjson::SUCCESS) *into = std::string(text);
  };
  std::string expires;
  read("token", &out.token);
  read("clientCertificateData", &out.client_cert_pem);
  read("clientKeyData", &out.client_key_pem);
  read("expirationTimestamp", &expires);
  if (out.token.empty() && out.client_cert_pem.empty()) {
    return MakeError("the ExecCredential has neither token nor clientCertificateData");
  }
  if (out.client_cert_pem.empty() != out.client_key_pem.empty()) {
    return MakeError("the ExecCredential has only one of clientCertificateData and clientKeyData");
  }
  if (!expires.empty()) {
    const Result<Instant> at = ParseInstant(expires);
    if (!at) return MakeError("expirationTimestamp: " + at.error().message);
    out.expires = *at;
  }
  return out;
}

}  // namespace fairlead::kube
