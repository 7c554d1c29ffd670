#include "scheduler/cli/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::cli {

std::string Table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t c = 0; c + 1 < row.size(); ++c) {
      text += fmt::format("{:{}}  ", row[c], widths[c]);
    }
    text += row.back() + "\n";
  }
  return text;
}

}  // namespace fairlead::cli
