#include "fairlead/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace fairlead {

void CheckFailed(const char* file, int line, const char* condition, std::string_view message) {
  // stdio and not the log: a broken process must be able to say this, whatever state the log is in.
  std::fprintf(stderr, "%s:%d: check failed: %s%s%.*s\n", file, line, condition,
               message.empty() ? "" : ": ", static_cast<int>(message.size()), message.data());
  std::fflush(stderr);
  std::abort();
}

}  // namespace fairlead
