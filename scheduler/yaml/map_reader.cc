#include <algorithm>
#include <charconv>
#include <numeric>

#include "fairlead/yaml/document.h"

namespace fairlead::yaml {
namespace {

std::string Shown(const Node& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kSequence:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kScalar:
      break;
  }
  constexpr std::size_t kShown = 64;
  std::string text = node.scalar.substr(0, kShown);
  if (node.scalar.size() > kShown) text += "...";
  return node.quoted ? "the string '" + text + "'" : "'" + text + "'";
}

// Levenshtein's: insertions, deletions and replacements, by the row.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0U : 1U);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

// What to write instead of an unknown key: the nearest known one, if it is near, else all of them.
std::string Advice(std::string_view key, const std::vector<std::string>& known) {
  constexpr std::size_t kNear = 2;
  constexpr std::size_t kLongest = 64;
  std::size_t best = kNear + 1;
  std::string_view nearest;
  for (const std::string& candidate : known) {
    const std::size_t distance = key.size() > kLongest ? best : EditDistance(key, candidate);
    if (distance < best && distance < candidate.size()) {
      best = distance;
      nearest = candidate;
    }
  }
  if (!nearest.empty()) return fmt::format("did you mean '{}'?", nearest);
  if (known.empty()) return "expected no keys";
  return fmt::format("expected one of {}", fmt::join(known, ", "));
}

std::optional<std::int64_t> ParseInt(std::string_view text) {
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

// "1.5" with 6 digits is 1500000.
std::optional<std::int64_t> ParseDecimal(std::string_view text, int digits) {
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string scaled(text.substr(0, point));
  std::string_view fraction = text.substr(point);
  if (!fraction.empty()) fraction.remove_prefix(1);
  const auto wanted = static_cast<std::size_t>(digits);
  const bool whole = !scaled.empty() && scaled != "-";
  if (!whole || (point < text.size() && fraction.empty()) || fraction.size() > wanted) {
    return std::nullopt;
  }
  scaled += fraction;
  scaled.append(wanted - fraction.size(), '0');
  return ParseInt(scaled);
}

std::string FormatDecimal(std::int64_t value, int digits) {
  std::string text = fmt::format("{:0{}}", value < 0 ? -value : value, digits + 1);
  text.insert(text.size() - static_cast<std::size_t>(digits), ".");
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return (value < 0 ? "-" : "") + text;
}

}  // namespace

MapReader::MapReader(const Node& node, std::string file, std::string path)
    : node_(node), file_(std::move(file)), path_(std::move(path)) {
  if (node.kind != Kind::kMap && node.kind != Kind::kNull) {
    Fail(node, "", fmt::format("{}: expected a map", Shown(node)));
  }
}

std::string MapReader::PathOf(std::string_view key) const {
  if (path_.empty() || key.empty()) return path_ + std::string(key);
  return fmt::format("{}.{}", path_, key);
}

Error MapReader::MakeError(const Node& at, std::string_view key, std::string message) const {
  return Error{std::move(message), file_, at.line, at.column, PathOf(key)};
}

void MapReader::Fail(const Node& at, std::string_view key, std::string message) {
  if (!error_) error_ = MakeError(at, key, std::move(message));
}

const Node* MapReader::Known(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  return node_.Find(key);
}

const Node* MapReader::Child(std::string_view key) { return Known(key); }

bool MapReader::Has(std::string_view key) const { return node_.Find(key) != nullptr; }

void MapReader::Require(std::string_view key) {
  if (Known(key) == nullptr && !missing_) {
    missing_ = MakeError(node_, key, "missing: expected a value");
  }
}

const Node* MapReader::Scalar(std::string_view key, const std::string& expected) {
  const Node* node = Known(key);
  if (node == nullptr || node->kind == Kind::kScalar) return node;
  Fail(*node, key, fmt::format("{}: expected {}", Shown(*node), expected));
  return nullptr;
}

void MapReader::String(std::string_view key, std::string* out) {
  if (const Node* node = Scalar(key, "a string")) *out = node->scalar;
}

void MapReader::Bool(std::string_view key, bool* out) {
  const std::string expected = "true or false";
  const Node* node = Scalar(key, expected);
  if (node == nullptr) return;
  const std::string& text = node->scalar;
  const bool yes = text == "true" || text == "True" || text == "TRUE";
  const bool no = text == "false" || text == "False" || text == "FALSE";
  if (node->quoted || (!yes && !no)) {
    Fail(*node, key, fmt::format("{}: expected {}", Shown(*node), expected));
    return;
  }
  *out = yes;
}

void MapReader::Int(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t* out) {
  const std::string expected = fmt::format("an integer from {} to {}", min, max);
  const Node* node = Scalar(key, expected);
  if (node == nullptr) return;
  const std::optional<std::int64_t> value = ParseInt(node->scalar);
  if (node->quoted || !value || *value < min || *value > max) {
    Fail(*node, key, fmt::format("{}: expected {}", Shown(*node), expected));
    return;
  }
  *out = *value;
}

void MapReader::Decimal(std::string_view key, int digits, std::int64_t min, std::int64_t max,
                        std::int64_t* out) {
  const std::string expected =
      fmt::format("a number from {} to {} with at most {} digits after the point",
                  FormatDecimal(min, digits), FormatDecimal(max, digits), digits);
  const Node* node = Scalar(key, expected);
  if (node == nullptr) return;
  const std::optional<std::int64_t> value = ParseDecimal(node->scalar, digits);
  if (node->quoted || !value || *value < min || *value > max) {
    Fail(*node, key, fmt::format("{}: expected {}", Shown(*node), expected));
    return;
  }
  *out = *value;
}

void MapReader::Strings(std::string_view key, std::vector<std::string>* out) {
  const Node* node = Known(key);
  if (node == nullptr) return;
  if (node->kind != Kind::kSequence) {
    Fail(*node, key, fmt::format("{}: expected a list of strings", Shown(*node)));
    return;
  }
  std::vector<std::string> strings;
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    const Node& item = node->items[i];
    if (item.kind != Kind::kScalar) {
      Fail(item, fmt::format("{}[{}]", key, i), fmt::format("{}: expected a string", Shown(item)));
      return;
    }
    strings.push_back(item.scalar);
  }
  *out = std::move(strings);
}

Status MapReader::Finish() {
  if (error_) return *error_;
  for (const auto& [key, value] : node_.members) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    Error error = MakeError(value, key, "unknown key: " + Advice(key, known_));
    error.line = value.key_line;
    error.column = value.key_column;
    return error;
  }
  if (missing_) return *missing_;
  return Ok{};
}

}  // namespace fairlead::yaml
