// Quantities as Go's resource.Quantity reads and writes them, its quirks among them: a text is kept
// as it is where the fast path of its parser remembers it, although another text would be the
// canonical one ("1e3", "+5", "00012").
#include <algorithm>
#include <charconv>

#include "scheduler/apiserver/schema_build.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kBadFormat =
    "quantities must match the regular expression "
    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
constexpr std::string_view kBadSuffix = "unable to parse quantity's suffix";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kDecimalSuffixes[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
constexpr std::string_view kBinarySuffixes[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
constexpr std::string_view kLargest = "9223372036854775807";
constexpr int kNano = -9;
constexpr int kMilli = -3;

enum class Form : std::uint8_t { kDecimal, kBinary, kExponent };

struct Parts {
  bool negative = false;
  std::string_view whole, fraction, suffix;
};

std::string_view TakeAll(std::string_view* text, std::string_view of) {
  const std::string_view taken = text->substr(0, text->find_first_not_of(of));
  text->remove_prefix(taken.size());
  return taken;
}

bool Split(std::string_view text, Parts* parts) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    parts->negative = text[0] == '-';
    text.remove_prefix(1);
  }
  TakeAll(&text, "0");
  parts->whole = TakeAll(&text, kDigits);
  if (parts->whole.empty()) parts->whole = "0";
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    parts->fraction = TakeAll(&text, kDigits);
  }
  parts->suffix = text;
  TakeAll(&text, "eEinumkKMGTP");
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  TakeAll(&text, kDigits);
  return text.empty();
}

// The exponent is of 10, or of 2 where the form is binary.
bool ReadSuffix(std::string_view suffix, Form* form, int* exponent) {
  for (int i = 0; i < 10; ++i) {
    if (suffix != kDecimalSuffixes[i]) continue;
    *form = Form::kDecimal;
    *exponent = kNano + 3 * i;
    return true;
  }
  for (int i = 1; i < 7; ++i) {
    if (suffix != kBinarySuffixes[i]) continue;
    *form = Form::kBinary;
    *exponent = 10 * i;
    return true;
  }
  if (suffix.size() < 2 || (suffix[0] != 'e' && suffix[0] != 'E')) return false;
  suffix.remove_prefix(suffix[1] == '+' ? 2 : 1);
  *form = Form::kExponent;
  const auto read = std::from_chars(suffix.data(), suffix.data() + suffix.size(), *exponent);
  // Beyond this Go's exponents wrap; no client means such a number.
  constexpr int kMost = 1'000'000'000;
  return read.ec == std::errc() && read.ptr == suffix.data() + suffix.size() &&
         *exponent > -kMost && *exponent < kMost;
}

// digits * 10^exponent, digits without leading zeros; zero has none.
struct Decimal {
  std::string digits;
  int exponent = 0;

  void Trim() { digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size())); }

  void Times1024() {
    int carry = 0;
    for (std::size_t i = digits.size(); i-- > 0;) {
      const int product = (digits[i] - '0') * 1024 + carry;
      digits[i] = static_cast<char>('0' + product % 10);
      carry = product / 10;
    }
    if (carry > 0) digits.insert(0, std::to_string(carry));
  }

  // Away from zero, to a multiple of 10^to. True: it was one.
  bool RoundUp(int to) {
    if (exponent >= to || digits.empty()) return true;
    const std::size_t drop = std::min(static_cast<std::size_t>(to - exponent), digits.size());
    const bool exact = digits.find_last_not_of('0') + drop < digits.size();
    digits.resize(digits.size() - drop);
    exponent = to;
    if (exact) return true;
    std::size_t i = digits.size();
    while (i > 0 && digits[i - 1] == '9') digits[--i] = '0';
    if (i == 0) {
      digits.insert(0, "1");
    } else {
      ++digits[i - 1];
    }
    return false;
  }

  // The digits of the whole number, for one with exponent 0 or above that is not beyond kLargest.
  std::string Whole() const {
    return digits + std::string(static_cast<std::size_t>(exponent), '0');
  }

  // Compared by size with an integer without leading zeros. Needs RoundUp(0) before.
  bool Above(std::string_view integer) const {
    if (digits.empty()) return false;
    const std::size_t size = digits.size() + static_cast<std::size_t>(exponent);
    if (size != integer.size()) return size > integer.size();
    return Whole() > integer;
  }
};

std::string DecimalText(Decimal value, Form form) {
  const std::size_t zeros = value.digits.size() - 1 - value.digits.find_last_not_of('0');
  value.digits.resize(value.digits.size() - zeros);
  value.exponent += static_cast<int>(zeros);
  const int extra = ((value.exponent % 3) + 3) % 3;
  value.digits.append(static_cast<std::size_t>(extra), '0');
  value.exponent -= extra;
  if (form == Form::kExponent) {
    return value.exponent == 0 ? value.digits : value.digits + "e" + std::to_string(value.exponent);
  }
  // What has no suffix is written without one, wrong as that is.
  const int at = (value.exponent - kNano) / 3;
  return at >= 0 && at < 10 ? value.digits + std::string(kDecimalSuffixes[at]) : value.digits;
}

std::string Canonical(const Decimal& value, Form form, bool negative) {
  if (value.digits.empty()) return "0";
  const std::string sign = negative ? "-" : "";
  if (form == Form::kBinary) {
    Decimal whole = value;
    if (whole.RoundUp(0) && whole.Above("1023")) {
      std::uint64_t amount = 0;
      const std::string text = whole.Whole();
      std::from_chars(text.data(), text.data() + text.size(), amount);
      int step = 0;
      for (; amount >= 1024 && amount % 1024 == 0 && step < 6; ++step) amount /= 1024;
      return sign + std::to_string(amount) + std::string(kBinarySuffixes[step]);
    }
    form = Form::kDecimal;
  }
  return sign + DecimalText(value, form);
}

// Whether Go's parser takes its fast path, and then whether it keeps the text.
struct Fast {
  bool taken = false, kept = false;
};

Fast FastPath(const Parts& parts, const Decimal& value, Form form, int exponent) {
  const int size = static_cast<int>(parts.whole.size());
  const int fraction = static_cast<int>(parts.fraction.size());
  if (form == Form::kBinary) {
    if (fraction > 0 || 15 - size - exponent * 3 / 10 - 1 < 0) return {};
    if (value.Above(kLargest)) return {};
    return {true, (std::stoll(std::string(parts.whole)) & 7) != 0};
  }
  const int scale = exponent - fraction;
  if (size + fraction > 18 || scale < kNano) return {};
  const std::string shifted = std::string(parts.whole) + std::string(parts.fraction);
  return {true, scale % 3 == 0 && !shifted.ends_with("000") && shifted[0] != '0'};
}

std::string_view TrimSpace(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

}  // namespace

Complaint FormatQuantity(std::string_view text, bool milli, std::string* canonical) {
  text = TrimSpace(text);
  Parts parts;
  if (text.empty() || !Split(text, &parts)) return Complaint(kBadFormat);
  Form form = Form::kDecimal;
  int exponent = 0;
  if (!ReadSuffix(parts.suffix, &form, &exponent)) return Complaint(kBadSuffix);

  Decimal value{std::string(parts.whole) + std::string(parts.fraction),
                -static_cast<int>(parts.fraction.size())};
  value.Trim();
  if (form == Form::kBinary) {
    for (int i = 0; i < exponent; i += 10) value.Times1024();
  } else {
    value.exponent += exponent;
  }

  const Fast fast = FastPath(parts, value, form, exponent);
  if (!fast.taken) {
    value.RoundUp(kNano);
    Decimal whole = value;
    const bool exact = whole.RoundUp(0);
    if (form == Form::kBinary) {
      if (whole.Above(kLargest)) value = {std::string(kLargest), 0};
      // Less than one: there is no binary suffix for that.
      if (!exact && !whole.Above("1")) form = Form::kDecimal;
    }
  }
  // The text survives the rounding only if there is nothing to round.
  const bool rounded = milli && (!fast.taken || value.exponent < kMilli);
  if (rounded) value.RoundUp(kMilli);
  if (fast.kept && !rounded) {
    *canonical = text;
  } else {
    *canonical = Canonical(value, form, parts.negative);
  }
  return {};
}

bool CanonicalQuantity(std::string_view text, std::string* canonical) {
  return FormatQuantity(text, false, canonical).empty();
}

}  // namespace fairlead::apiserver
