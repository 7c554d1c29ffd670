// The quantity parser against a slow oracle: decimal text multiplied on paper, digit by digit.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/base/quantity.h"

namespace fairlead {
namespace {

// A quantity as it was made, before it is written down.
struct Parts {
  std::string whole;
  bool point = false;
  std::string fraction;
  std::string suffix;
  std::int64_t scale = 1;

  std::string Text() const { return whole + (point ? "." : "") + fraction + suffix; }
};

// A non-negative decimal of any size: digits, the last `places` of them after the point.
struct Decimal {
  std::string digits;
  std::size_t places = 0;
};

Decimal Times(Decimal value, unsigned factor) {
  std::string product;
  unsigned carry = 0;
  for (auto digit = value.digits.rbegin(); digit != value.digits.rend(); ++digit) {
    const unsigned sum = static_cast<unsigned>(*digit - '0') * factor + carry;
    product += static_cast<char>('0' + sum % 10);
    carry = sum / 10;
  }
  for (; carry > 0; carry /= 10) product += static_cast<char>('0' + carry % 10);
  std::reverse(product.begin(), product.end());
  return {product, value.places};
}

Decimal ShiftLeft(Decimal value, int places) {
  for (; places > 0; --places) value.digits += '0';
  for (; places < 0; ++places) ++value.places;
  return value;
}

int Exponent10(const std::string& suffix) {
  static const std::map<std::string, int> kNamed = {{"", 0},   {"n", -9}, {"u", -6}, {"m", -3},
                                                    {"k", 3},  {"M", 6},  {"G", 9},  {"T", 12},
                                                    {"P", 15}, {"E", 18}};
  const auto named = kNamed.find(suffix);
  return named != kNamed.end() ? named->second : std::stoi(suffix.substr(1));
}

Decimal Apply(const std::string& suffix, Decimal value) {
  if (suffix.size() != 2 || suffix[1] != 'i') return ShiftLeft(value, Exponent10(suffix));
  const std::size_t powers = std::string("KMGTPE").find(suffix[0]) + 1;
  for (std::size_t i = 0; i < powers; ++i) value = Times(value, 1024);
  return value;
}

// The text of the nearest integer in the direction, without leading zeros.
std::string Rounded(Decimal value, Rounding rounding) {
  if (value.digits.size() < value.places + 1) {
    value.digits.insert(0, value.places + 1 - value.digits.size(), '0');
  }
  const std::size_t cut = value.digits.size() - value.places;
  const bool rest = value.digits.find_first_not_of('0', cut) != std::string::npos;
  std::string whole = "0" + value.digits.substr(0, cut);
  if (rest && rounding == Rounding::kUp) {
    auto digit = whole.rbegin();
    for (; *digit == '9'; ++digit) *digit = '0';
    ++*digit;
  }
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  return whole;
}

// Nothing where the result exceeds 63 bits.
std::optional<std::int64_t> Oracle(const Parts& parts, Rounding rounding) {
  Decimal value{parts.whole + parts.fraction, parts.fraction.size()};
  value = Apply(parts.suffix, std::move(value));
  for (std::int64_t scale = parts.scale; scale > 1; scale /= 10) value = ShiftLeft(value, 1);
  const std::string text = Rounded(value, rounding);
  const std::string max = "9223372036854775807";
  if (text.size() > max.size() || (text.size() == max.size() && text > max)) return std::nullopt;
  return std::stoll(text);
}

// Zeros and nines more often than the rest: they carry.
rc::Gen<std::string> Digits(int max) {
  return rc::gen::mapcat(rc::gen::inRange(0, max + 1), [](int count) {
    return rc::gen::container<std::string>(static_cast<std::size_t>(count),
                                           rc::gen::elementOf(std::string("000999123456789")));
  });
}

rc::Gen<std::string> Suffix() {
  const auto exponent = rc::gen::map(rc::gen::inRange(-45, 46), [](int e) {
    return std::string(e % 2 == 0 ? "e" : "E") + (e > 0 && e % 3 == 0 ? "+" : "") +
           std::to_string(e);
  });
  const auto named = rc::gen::elementOf(std::vector<std::string>{
      "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"});
  return rc::gen::weightedOneOf<std::string>({{3, named}, {1, exponent}});
}

RC_GTEST_PROP(QuantityProperty, AgreesWithTheOracle, ()) {
  Parts parts;
  parts.whole = *Digits(24);
  parts.point = *rc::gen::arbitrary<bool>();
  parts.fraction = parts.point ? *Digits(40) : "";
  RC_PRE(!parts.whole.empty() || !parts.fraction.empty());
  parts.suffix = *Suffix();
  parts.scale = *rc::gen::element<std::int64_t>(1, 1000);
  for (const Rounding rounding : {Rounding::kUp, Rounding::kDown}) {
    const std::optional<std::int64_t> expected = Oracle(parts, rounding);
    const Result<std::int64_t> actual = ParseQuantity(parts.Text(), parts.scale, rounding);
    RC_LOG() << parts.Text() << " x " << parts.scale << "\n";
    RC_ASSERT(actual.ok() == expected.has_value());
    if (expected) RC_ASSERT(*actual == *expected);
  }
}

RC_GTEST_PROP(QuantityProperty, TakesAnyTextWithoutHarm, (const std::string& text)) {
  const Result<std::int64_t> up = ParseQuantity(text, 1000, Rounding::kUp);
  const Result<std::int64_t> down = ParseQuantity(text, 1000, Rounding::kDown);
  if (!up.ok()) return;
  RC_ASSERT(down.ok());
  RC_ASSERT(*down >= 0);
  RC_ASSERT(*up >= *down);
  RC_ASSERT(*up - *down <= 1);
}

RC_GTEST_PROP(QuantityProperty, FormatsReadBackTheSame, ()) {
  const std::int64_t value = *rc::gen::map(rc::gen::inRange<std::int64_t>(0, INT64_MAX),
                                           [](std::int64_t n) { return n >> (n % 63); });
  RC_ASSERT(*ParseQuantity(FormatBytes(value), 1, Rounding::kUp) == value);
  RC_ASSERT(*ParseQuantity(FormatMilli(value), 1000, Rounding::kDown) == value);
}

}  // namespace
}  // namespace fairlead
