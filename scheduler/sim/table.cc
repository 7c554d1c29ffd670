#include "scheduler/sim/table.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace fairlead::sim {
namespace {

constexpr std::size_t kShownBadRows = 20;

Error ErrorIn(const std::string& file, std::string message) {
  Error error;
  error.message = std::move(message);
  error.file = file;
  return error;
}

bool IsBlank(std::string_view line) {
  return std::all_of(line.begin(), line.end(), [](char c) { return c == ' ' || c == '\t'; });
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<std::string> ReadText(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return ErrorIn(path, "cannot be read");
  (void)gzbuffer(file, 1U << 18);
  std::string text;
  std::array<char, 1 << 16> buffer{};
  int read = 0;
  while ((read = gzread(file, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(read));
  }
  int code = Z_OK;
  (void)gzerror(file, &code);
  const int closed = gzclose(file);
  // zlib hands out what there is of a file that ends too early and says so afterwards.
  if (code == Z_BUF_ERROR || closed == Z_BUF_ERROR) {
    return ErrorIn(path, "is truncated: the compressed data end too early");
  }
  if (read < 0 || closed != Z_OK) {
    return ErrorIn(path, code == Z_ERRNO ? "cannot be read" : "is damaged");
  }
  return text;
}

// A cell whose quote opens at `at`; returns where it closes.
std::size_t Row::TakeQuoted(std::string_view line, std::size_t at) {
  std::string text;
  std::size_t next = at + 1;
  for (; next < line.size(); ++next) {
    if (line[next] == '"' && (next + 1 >= line.size() || line[next + 1] != '"')) break;
    text.push_back(line[next]);
    if (line[next] == '"') ++next;
  }
  cells_.push_back({{}, static_cast<int>(at) + 1});
  unquoted_.resize(cells_.size());
  unquoted_.back() = std::move(text);
  if (next >= line.size()) Fail(cells_.size() - 1, "a quote is not closed");
  return next;
}

void Row::Split(std::string_view line, int number, char separator) {
  line_ = number;
  cells_.clear();
  unquoted_.clear();
  problem_.reset();
  std::size_t at = 0;
  while (at <= line.size()) {
    if (separator == ' ') {
      at = std::min(line.find_first_not_of(" \t", at), line.size());
      if (at == line.size()) return;
      const std::size_t end = std::min(line.find_first_of(" \t", at), line.size());
      cells_.push_back({line.substr(at, end - at), static_cast<int>(at) + 1});
      at = end;
      continue;
    }
    if (at < line.size() && line[at] == '"') {
      at = std::min(line.find(separator, TakeQuoted(line, at)), line.size());
    } else {
      const std::size_t end = std::min(line.find(separator, at), line.size());
      cells_.push_back({line.substr(at, end - at), static_cast<int>(at) + 1});
      at = end;
    }
    ++at;
  }
}

std::string_view Row::Text(std::size_t column) const {
  if (column >= cells_.size()) return "";
  if (column < unquoted_.size() && !unquoted_[column].empty()) return unquoted_[column];
  return Trimmed(cells_[column].text);
}

void Row::Fail(std::size_t column, std::string message) {
  if (problem_) return;
  Error error = ErrorIn(file_, std::move(message));
  error.line = line_;
  error.column = column < cells_.size() ? cells_[column].column : 0;
  error.field = column < columns_.size() ? columns_[column] : fmt::format("column {}", column + 1);
  problem_ = std::move(error);
}

std::int64_t Row::Number(std::size_t column, std::int64_t min, std::int64_t max) {
  const std::string_view text = Text(column);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= min && value <= max) {
    return value;
  }
  Fail(column, fmt::format("'{}': expected a whole number from {} to {}", text, min, max));
  return min;
}

std::int64_t Row::Whole(std::size_t column, std::int64_t min, std::int64_t max, bool up) {
  const std::string_view text = Text(column);
  std::int64_t value = 0;
  const char* const last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, value);
  bool fraction = false;
  if (error == std::errc() && end != last && *end == '.') {
    ++end;
    for (; end != last && *end >= '0' && *end <= '9'; ++end) fraction = fraction || *end != '0';
  }
  const bool read = error == std::errc() && end == last;
  if (read && up && fraction && value >= 0) ++value;
  const bool negative = text.starts_with('-') && (value != 0 || fraction);
  if (read && value >= min && value <= max && !(negative && min >= 0)) return value;
  Fail(column, fmt::format("'{}': expected a number from {} to {}", text, min, max));
  return min;
}

std::optional<std::size_t> Columns::Find(std::string_view name) const {
  const auto it = std::find(names_.begin(), names_.end(), name);
  if (it == names_.end()) return std::nullopt;
  return static_cast<std::size_t>(it - names_.begin());
}

std::size_t Columns::Need(std::string_view name) {
  const std::optional<std::size_t> at = Find(name);
  if (at) return *at;
  if (!problem_) {
    problem_ = ErrorIn(file_, fmt::format("has no column '{}'; its columns are: {}", name,
                                          fmt::join(names_, ", ")));
    problem_->line = 1;
  }
  return 0;
}

Status ReadTable(const std::string& path, const TableRules& rules,
                 const std::function<ReadRow(Columns*)>& begin, Workload* bad) {
  const Result<std::string> text = ReadText(path);
  if (!text) return text.error();
  std::string_view left = *text;
  if (left.starts_with("\xEF\xBB\xBF")) left.remove_prefix(3);
  int number = 0;
  const auto next = [&]() -> std::optional<std::string_view> {
    while (!left.empty()) {
      const std::size_t end = std::min(left.find('\n'), left.size());
      std::string_view line = left.substr(0, end);
      left.remove_prefix(std::min(end + 1, left.size()));
      ++number;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (IsBlank(line) || (rules.comment != '\0' && line.starts_with(rules.comment))) continue;
      return line;
    }
    return std::nullopt;
  };
  std::vector<std::string> names = rules.columns;
  if (names.empty()) {
    const auto header = next();
    if (!header) return ErrorIn(path, "is empty: expected a line with the names of columns");
    Row row(path, names);
    row.Split(*header, number, rules.separator);
    for (std::size_t c = 0; c < row.size(); ++c) names.emplace_back(row.Text(c));
  }
  Columns columns(path, std::move(names));
  const ReadRow read = begin(&columns);
  if (columns.problem()) return *columns.problem();
  Row row(path, columns.names());
  while (const auto line = next()) {
    row.Split(*line, number, rules.separator);
    if (row.size() != columns.names().size()) {
      row.Fail(row.size(),
               fmt::format("{} columns: expected {}", row.size(), columns.names().size()));
    } else {
      read(&row);
    }
    if (!row.problem()) continue;
    if (!rules.skip_bad) return *row.problem();
    ++bad->bad_rows;
    if (bad->first_bad_rows.size() < kShownBadRows) bad->first_bad_rows.push_back(*row.problem());
  }
  return Ok{};
}

}  // namespace fairlead::sim
