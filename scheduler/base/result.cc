#include "fairlead/base/result.h"

#include <fmt/format.h>

namespace fairlead {

std::string Error::ToString() const {
  std::string where = file;
  if (line > 0) {
    where += fmt::format("{}{}", where.empty() ? "line " : ":", line);
    if (column > 0) where += fmt::format(":{}", column);
  }
  if (!where.empty()) where += ": ";
  if (!field.empty()) where += field + ": ";
  return where + message;
}

}  // namespace fairlead
