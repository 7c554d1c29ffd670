// FAIRLEAD_CHECK: a condition whose failure is a programmer's error. Prints the condition, the
// place and the message, then aborts; it is never compiled out, because a scheduler that goes on
// with broken state does more harm than one that restarts.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace fairlead {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view message);

}  // namespace fairlead

#define FAIRLEAD_CHECK(condition, ...)                                                        \
  do {                                                                                        \
    if (!(condition)) [[unlikely]]                                                            \
      ::fairlead::CheckFailed(__FILE__, __LINE__, #condition, ::fmt::format("" __VA_ARGS__)); \
  } while (false)
