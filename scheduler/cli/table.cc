#include "scheduler/cli/table.h"

#include <algorithm>

namespace fairlead::cli {

namespace {

// Cells of a terminal that it takes, each character one: UTF-8 has one byte for each that does not
// go on with another.
std::size_t Cells(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

std::string Table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], Cells(row[c]));
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t c = 0; c + 1 < row.size(); ++c) {
      text += row[c];
      text.append(widths[c] - Cells(row[c]) + 2, ' ');
    }
    text += row.back() + "\n";
  }
  return text;
}

}  // namespace fairlead::cli
