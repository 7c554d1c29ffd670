#include "scheduler/kube/credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "scheduler/kube/error.h"

namespace fairlead::kube {
namespace {

constexpr Duration kTokenFileAge = Duration::Seconds(60);
constexpr Duration kExecTimeout = Duration::Seconds(60);
// A credential is renewed this long before it expires.
constexpr Duration kExpiryMargin = Duration::Seconds(10);

// A token is one line of visible ASCII; anything else would break out of its header.
Result<std::string> HeaderOf(std::string token, const std::string& source) {
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
    token.pop_back();
  }
  if (token.empty()) return MakeError(fmt::format("{}: the token is empty", source));
  const bool visible =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!visible)
    return MakeError(fmt::format("{}: the token holds other than visible ASCII", source));
  return "Bearer " + token;
}

Result<std::string> ReadToken(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) {
    return MakeError(fmt::format("cannot read the token file {}", path));
  }
  return HeaderOf(text.str(), path);
}

}  // namespace

struct Credentials::State : std::enable_shared_from_this<Credentials::State> {
  IoLoop* loop = nullptr;
  const Clock* clock = nullptr;
  Connection connection;
  OnCertificate on_certificate;
  std::string header;
  std::string error;
  Instant read_at;       // token file
  bool have = false;     // a credential, of whichever kind
  Instant expires;       // of an exec credential; 1970: never
  bool running = false;  // the plugin
  std::thread plugin;
  std::vector<std::function<void()>> waiting;

  void ReadFile();
  void RunPlugin(std::function<void()> then);
  void OnPlugin(Result<ExecCredential> got);
  bool Expired() const { return expires.ns != 0 && clock->Now() + kExpiryMargin >= expires; }
};

Credentials::Credentials(IoLoop* loop, const Connection& connection, const Clock* clock)
    : state_(std::make_shared<State>()) {
  state_->loop = loop;
  state_->clock = clock;
  state_->connection = connection;
  if (!connection.token.empty() && connection.token_file.empty()) {
    Result<std::string> header = HeaderOf(connection.token, "token");
    if (header) {
      state_->header = *header;
    } else {
      state_->error = header.error().message;
    }
  }
}

Credentials::~Credentials() {
  state_->on_certificate = nullptr;  // the plugin's result may still be on the loop
  if (state_->plugin.joinable()) state_->plugin.join();
}

void Credentials::SetOnCertificate(OnCertificate callback) {
  state_->on_certificate = std::move(callback);
}

const std::string& Credentials::header() const { return state_->header; }

void Credentials::Prepare(std::function<void(std::string error)> ready) {
  State& state = *state_;
  if (!state.connection.exec_command.empty()) {
    if (state.have && !state.Expired()) return ready({});
    return state.RunPlugin([self = state_, ready = std::move(ready)] { ready(self->error); });
  }
  if (!state.connection.token_file.empty()) {
    const Duration age = state.loop->Now() - state.read_at;
    if (!state.have || age >= kTokenFileAge) state.ReadFile();
  }
  ready(state.error);
}

void Credentials::Rejected(const std::string& header, std::function<void(bool renewed)> done) {
  State& state = *state_;
  if (state.header != header) return done(true);  // renewed meanwhile
  if (!state.connection.exec_command.empty()) {
    return state.RunPlugin([self = state_, done = std::move(done)] { done(self->error.empty()); });
  }
  if (state.connection.token_file.empty()) return done(false);
  state.ReadFile();
  done(state.error.empty() && state.header != header);
}

// A file that cannot be read for a moment leaves the last token in use.
void Credentials::State::ReadFile() {
  Result<std::string> got = ReadToken(connection.token_file);
  read_at = loop->Now();
  if (got) {
    header = std::move(got).value();
    have = true;
    error.clear();
  } else if (!have) {
    error = got.error().message;
  }
}

void Credentials::State::RunPlugin(std::function<void()> then) {
  waiting.push_back(std::move(then));
  if (running) return;
  running = true;
  if (plugin.joinable()) plugin.join();  // the last run: it has posted its result and ended
  plugin = std::thread([self = shared_from_this(), connection_copy = connection] {
    Result<ExecCredential> got = RunExecPlugin(connection_copy, kExecTimeout);
    self->loop->Post([self, got = std::move(got)] { self->OnPlugin(got); });
  });
}

void Credentials::State::OnPlugin(Result<ExecCredential> got) {
  running = false;
  error.clear();
  if (!got) {
    error = got.error().message;
  } else if (!got->token.empty()) {
    Result<std::string> made = HeaderOf(got->token, "exec plugin");
    if (made) {
      header = std::move(made).value();
    } else {
      error = made.error().message;
    }
  }
  if (error.empty()) {
    have = true;
    expires = got->expires;
    if (!got->client_cert_pem.empty() && on_certificate) {
      on_certificate(got->client_cert_pem, got->client_key_pem);
    }
  }
  for (const auto& next : std::exchange(waiting, {})) next();
}

}  // namespace fairlead::kube
