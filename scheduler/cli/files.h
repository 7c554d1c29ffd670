// Files of the subcommands, and what they say when one cannot be used.
#pragma once

#include <string>
#include <string_view>

#include "fairlead/base/result.h"

namespace fairlead::cli {

// Exit codes of the binary.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongInput = 2;
inline constexpr int kDoesNotHold = 3;
inline constexpr int kInterrupted = 130;

// Writes or replaces the file.
Status WriteFile(const std::string& path, std::string_view text);

// "fairlead: ERROR" on standard error.
void PrintError(const Error& error);

}  // namespace fairlead::cli
