#include "scheduler/cli/files.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace fairlead::cli {

Status WriteFile(const std::string& path, std::string_view text) {
  const auto failed = [&path]() {
    Error error;
    error.message = std::generic_category().message(errno);
    error.file = path;
    return error;
  };
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return failed();
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed) return failed();
  return Ok{};
}

void PrintError(const Error& error) { fmt::print(stderr, "fairlead: {}\n", error.ToString()); }

}  // namespace fairlead::cli
