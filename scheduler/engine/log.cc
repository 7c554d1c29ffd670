#include "fairlead/engine/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <memory>
#include <string>

namespace fairlead {
namespace {

std::atomic<LogLevel> lowest_level{LogLevel::kInfo};

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::unique_ptr<spdlog::logger> MakeLogger() {
  auto logger =
      std::make_unique<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
  // LogEnabled() is the only filter.
  logger->set_level(spdlog::level::trace);
  return logger;
}

// The process has one stderr, so there is one logger. It is never destroyed: threads may log until
// the process ends.
spdlog::logger& Logger() {
  static spdlog::logger* const logger = MakeLogger().release();
  return *logger;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// Parts of messages come from the API server and from users: a line break in them must not look
// like a line of ours.
std::string WithoutControls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (IsControl(c)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

void SetLogLevel(LogLevel level) { lowest_level.store(level, std::memory_order_relaxed); }

bool LogEnabled(LogLevel level) { return level >= lowest_level.load(std::memory_order_relaxed); }

void LogLine(LogLevel level, std::string_view text) {
  Logger().log(ToSpdlog(level), spdlog::string_view_t(WithoutControls(text)));
}

}  // namespace fairlead
