// The log: one line per event on stderr, "2026-01-01T12:00:00.000Z info message". Never a token.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace fairlead {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Lines below this level are dropped. Set once at start.
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);
void LogLine(LogLevel level, std::string_view text);

template <typename... Args>
void Log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(level)) LogLine(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace fairlead
