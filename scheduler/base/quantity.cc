#include "fairlead/base/quantity.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

namespace fairlead {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
// Exponents beyond this cannot matter: 10^40 > 2^60 * 2^63, the largest factor there is.
constexpr std::int64_t kFarExponent = 40;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A power of ten or of two.
struct Suffix {
  std::int64_t exponent10 = 0;
  unsigned exponent2 = 0;
};

constexpr std::array<std::pair<std::string_view, Suffix>, 16> kSuffixes = {{
    {"", {0, 0}},
    {"n", {-9, 0}},
    {"u", {-6, 0}},
    {"m", {-3, 0}},
    {"k", {3, 0}},
    {"M", {6, 0}},
    {"G", {9, 0}},
    {"T", {12, 0}},
    {"P", {15, 0}},
    {"E", {18, 0}},
    {"Ki", {0, 10}},
    {"Mi", {0, 20}},
    {"Gi", {0, 30}},
    {"Ti", {0, 40}},
    {"Pi", {0, 50}},
    {"Ei", {0, 60}},
}};

// What follows "e" or "E". Saturates far beyond any exponent that matters, so that adding a number
// of digits cannot overflow.
std::optional<std::int64_t> ParseExponent(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsDigit)) return std::nullopt;
  constexpr std::int64_t kSaturated = std::int64_t{1} << 40;
  std::int64_t value = 0;
  for (char c : text) value = std::min(kSaturated, value * 10 + (c - '0'));
  return negative ? -value : value;
}

std::optional<Suffix> ParseSuffix(std::string_view text) {
  // The table goes first: a lone "E" is exa, as in Kubernetes; "E3" is an exponent.
  for (const auto& [name, suffix] : kSuffixes) {
    if (text == name) return suffix;
  }
  if (text[0] != 'e' && text[0] != 'E') return std::nullopt;
  std::optional<std::int64_t> exponent = ParseExponent(text.substr(1));
  if (!exponent) return std::nullopt;
  return Suffix{*exponent, 0};
}

struct Number {
  bool negative = false;
  std::string_view digits;          // may hold one point, which is skipped when reading
  std::int64_t integer_digits = 0;  // how many digits stand before the point
  std::string_view rest;            // the suffix
};

std::optional<Number> SplitNumber(std::string_view text) {
  Number number;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    number.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::size_t end = 0;
  while (end < text.size() && IsDigit(text[end])) ++end;
  const std::size_t before = end;
  if (end < text.size() && text[end] == '.') {
    ++end;
    while (end < text.size() && IsDigit(text[end])) ++end;
    if (end == 1) return std::nullopt;  // a lone point
  } else if (before == 0) {
    return std::nullopt;
  }
  number.digits = text.substr(0, end);
  number.integer_digits = static_cast<std::int64_t>(before);
  number.rest = text.substr(end);
  return number;
}

// 0.<zeros><digits> * factor: its integer part, and whether anything is left. Multiplies digit by
// digit from the right, as on paper, so that no number of digits is too many.
std::pair<Wide, bool> FractionTimes(std::string_view digits, std::int64_t zeros, Wide factor) {
  Wide carry = 0;
  bool rest = false;
  for (auto c = digits.rbegin(); c != digits.rend(); ++c) {
    if (*c == '.') continue;
    const Wide product = factor * static_cast<unsigned>(*c - '0') + carry;
    rest = rest || product % 10 != 0;
    carry = product / 10;
  }
  for (; zeros > 0; --zeros) {
    rest = rest || carry % 10 != 0;
    carry /= 10;
  }
  return {carry, rest};
}

// `digits` (may hold a point) with the decimal point after `point` of its digits, times `factor`.
// Nothing where the result exceeds 63 bits.
std::optional<std::int64_t> Scale(std::string_view digits, std::int64_t point, Wide factor,
                                  Rounding rounding) {
  while (!digits.empty() && (digits[0] == '0' || digits[0] == '.')) {
    if (digits[0] == '0') --point;
    digits.remove_prefix(1);
  }
  if (digits.empty()) return 0;
  if (point > kFarExponent) return std::nullopt;
  if (point < -kFarExponent) return rounding == Rounding::kUp ? 1 : 0;

  Wide integer = 0;
  for (; point > 0; --point) {
    if (!digits.empty() && digits[0] == '.') digits.remove_prefix(1);
    const unsigned digit = digits.empty() ? 0U : static_cast<unsigned>(digits[0] - '0');
    integer = integer * 10 + digit;
    if (integer > static_cast<Wide>(kMax)) return std::nullopt;
    if (!digits.empty()) digits.remove_prefix(1);
  }
  const auto [fraction, rest] = FractionTimes(digits, -point, factor);
  if (integer > static_cast<Wide>(kMax) / factor) return std::nullopt;
  const Wide total = integer * factor + fraction + (rest && rounding == Rounding::kUp ? 1U : 0U);
  if (total > static_cast<Wide>(kMax)) return std::nullopt;
  return static_cast<std::int64_t>(total);
}

bool IsZero(std::string_view digits) {
  return std::all_of(digits.begin(), digits.end(), [](char c) { return c == '0' || c == '.'; });
}

Error Refuse(std::string_view text, std::string_view why) {
  constexpr std::size_t kShown = 64;
  return Error{
      fmt::format("'{}{}' {}", text.substr(0, kShown), text.size() > kShown ? "..." : "", why), "",
      0, 0, ""};
}

}  // namespace

Result<std::int64_t> ParseQuantity(std::string_view text, std::int64_t scale, Rounding rounding) {
  FAIRLEAD_CHECK(scale > 0, "scale {}", scale);
  constexpr std::string_view kExpected =
      "is not a quantity: expected a number such as 2, 0.5, 250m, 1.5Gi or 1e3";
  const std::optional<Number> number = SplitNumber(text);
  if (!number) return Refuse(text, kExpected);
  const std::optional<Suffix> suffix = ParseSuffix(number->rest);
  if (!suffix) return Refuse(text, kExpected);
  if (number->negative && !IsZero(number->digits)) {
    return Refuse(text, "is negative: expected a quantity of 0 or more");
  }
  const Wide factor = static_cast<Wide>(scale) << suffix->exponent2;
  const std::optional<std::int64_t> value =
      Scale(number->digits, number->integer_digits + suffix->exponent10, factor, rounding);
  if (!value) {
    return Refuse(text, fmt::format("is too large: expected at most {}{}, to fit in 64-bit {}units",
                                    kMax, scale == 1 ? "" : fmt::format("/{}", scale),
                                    scale == 1000 ? "milli-" : ""));
  }
  return *value;
}

std::string FormatMilli(std::int64_t milli) {
  return milli % 1000 == 0 ? fmt::format("{}", milli / 1000) : fmt::format("{}m", milli);
}

std::string FormatBytes(std::int64_t bytes) {
  static constexpr std::array<const char*, 7> kUnits = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  std::size_t unit = 0;
  while (bytes != 0 && bytes % 1024 == 0 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{}{}", bytes, kUnits[unit]);
}

}  // namespace fairlead
