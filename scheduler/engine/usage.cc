// Decayed usage: ticks, and the state file that carries it over a restart.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "fairlead/cycle/queue_report.h"
#include "fairlead/engine/log.h"
#include "fairlead/model/history_json.h"
#include "scheduler/engine/engine_state.h"

namespace fairlead {
namespace {

Error ErrorIn(const std::string& file, std::string message) {
  Error error;
  error.file = file;
  error.message = std::move(message);
  return error;
}

bool WriteAll(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// The whole file or the old one, also after a crash.
Status Replace(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return ErrorIn(fresh, std::generic_category().message(errno));
  const bool whole = WriteAll(file, text) && fsync(file) == 0;
  const int failure = errno;
  close(file);
  if (!whole) return ErrorIn(fresh, std::generic_category().message(failure));
  if (std::rename(fresh.c_str(), path.c_str()) != 0)
    return ErrorIn(path, std::generic_category().message(errno));
  return Ok{};
}

}  // namespace

Status Engine::LoadState() {
  State& s = *state_;
  const std::string& path = s.options.state_file;
  if (path.empty()) return Ok{};
  std::error_code failure;
  if (!std::filesystem::exists(path, failure) && !failure) return Ok{};
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return ErrorIn(path, "cannot be read");
  Result<UsageHistory> history = HistoryFromJson(text.str());
  if (!history) {
    Error error = history.error();
    error.file = path;
    return error;
  }
  s.history = std::move(*history);
  return Ok{};
}

// On ticks only, so that a decision depends on the minute and not on how often somebody looked.
// Weights change the order of who waits, and what could start has started: no decision is due.
void Engine::State::TickHistory(Instant now) {
  if (policy.history.strength == 0) return;
  const Instant tick{now.ns - now.ns % kHistoryTick.ns};
  next_tick = tick + kHistoryTick;
  if (tick <= history.tick) return;
  const auto snapshot = store.TakeSnapshot();
  std::map<std::string, QueueShares> shares;
  for (const QueueReport& report : ReportQueues(*snapshot, policy, now).queues) {
    shares[report.name] = {report.dominant_share, report.entitled_share};
  }
  fairlead::Advance(&history, now, policy.history.half_life, shares);
  if (options.state_file.empty() || options.dry_run) return;
  const Status saved = Replace(options.state_file, HistoryToJson(history));
  if (saved) return;
  Log(LogLevel::kError, "decayed usage could not be saved: {}", saved.error().ToString());
}

}  // namespace fairlead
