// Rows of text files with separated columns, plain or compressed (.gz). Says of everything that is
// wrong in which file, line and column it is.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/sim/workload.h"

namespace fairlead::sim {

// The bytes of a file, uncompressed. Error: it cannot be read, is damaged, or its compressed data
// end too early.
Result<std::string> ReadText(const std::string& path);

// One row. Cells are read by number of column; what is wrong is remembered, the first of it.
class Row {
 public:
  Row(const std::string& file, const std::vector<std::string>& columns)
      : file_(file), columns_(columns) {}

  void Split(std::string_view line, int number, char separator);
  std::size_t size() const { return cells_.size(); }
  std::string_view Text(std::size_t column) const;
  std::int64_t Number(std::size_t column, std::int64_t min, std::int64_t max);
  // A number with a fraction, which is dropped (`up`: rounded up): 12.5 is 12.
  std::int64_t Whole(std::size_t column, std::int64_t min, std::int64_t max, bool up = false);
  void Fail(std::size_t column, std::string message);
  const std::optional<Error>& problem() const { return problem_; }

 private:
  struct Cell {
    std::string_view text;
    int column = 1;  // of the line, in bytes
  };

  std::size_t TakeQuoted(std::string_view line, std::size_t at);

  const std::string& file_;
  const std::vector<std::string>& columns_;
  int line_ = 0;
  std::vector<Cell> cells_;
  std::vector<std::string> unquoted_;
  std::optional<Error> problem_;
};

struct TableRules {
  char separator = ',';              // ' ' = any number of blanks
  char comment = '\0';               // lines that begin with it are passed over
  std::vector<std::string> columns;  // of a file without a line of names
  bool skip_bad = false;             // leave bad rows out and count them in `workload`
};

// Where the columns are. Names that a reader can do without are found by Find.
class Columns {
 public:
  Columns(std::string file, std::vector<std::string> names)
      : file_(std::move(file)), names_(std::move(names)) {}
  std::optional<std::size_t> Find(std::string_view name) const;
  // Its number; where there is none, the first such name is what problem() is about.
  std::size_t Need(std::string_view name);
  const std::optional<Error>& problem() const { return problem_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::string file_;
  std::vector<std::string> names_;
  std::optional<Error> problem_;
};

// Reads each row. `begin` gets the columns once and returns what is called for each row.
using ReadRow = std::function<void(Row*)>;
Status ReadTable(const std::string& path, const TableRules& rules,
                 const std::function<ReadRow(Columns*)>& begin, Workload* bad);

}  // namespace fairlead::sim
