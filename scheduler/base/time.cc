#include "fairlead/base/time.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

namespace fairlead {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDaySeconds = 86'400;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads from the front of a text; after the first mismatch everything fails.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  // Exactly `width` digits within [low, high].
  int Number(std::size_t width, int low, int high) {
    int value = 0;
    ok_ = ok_ && rest_.size() >= width;
    for (std::size_t i = 0; ok_ && i < width; ++i) {
      ok_ = IsDigit(rest_[i]);
      value = value * 10 + (rest_[i] - '0');
    }
    ok_ = ok_ && value >= low && value <= high;
    if (ok_) rest_.remove_prefix(width);
    return ok_ ? value : low;
  }

  // One character out of `set`; returns it, or NUL.
  char OneOf(std::string_view set) {
    const char c = Peek();
    ok_ = ok_ && c != '\0' && set.find(c) != std::string_view::npos;
    if (ok_) rest_.remove_prefix(1);
    return ok_ ? c : '\0';
  }

  // One to nine digits as nanoseconds of a second.
  std::int64_t Fraction() {
    std::int64_t value = 0;
    std::int64_t unit = kSecond;
    while (IsDigit(Peek()) && unit > 1) {
      unit /= 10;
      value += unit * (Peek() - '0');
      rest_.remove_prefix(1);
    }
    ok_ = ok_ && unit < kSecond;
    return value;
  }

  char Peek() const { return rest_.empty() ? '\0' : rest_[0]; }
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// Seconds east of UTC.
std::int64_t ScanZone(Scanner* in) {
  const char c = in->OneOf("Zz+-");
  if (c != '+' && c != '-') return 0;
  const std::int64_t hours = in->Number(2, 0, 23);
  in->OneOf(":");
  const std::int64_t seconds = (hours * 60 + in->Number(2, 0, 59)) * 60;
  return c == '-' ? -seconds : seconds;
}

// Nanoseconds since 1970, or nothing where the text is no such time.
std::optional<std::int64_t> ScanInstant(std::string_view text) {
  Scanner in(text);
  const int year = in.Number(4, 1970, 2261);
  in.OneOf("-");
  const int month = in.Number(2, 1, 12);
  in.OneOf("-");
  const int day = in.Number(2, 1, 31);
  in.OneOf("Tt");
  std::int64_t seconds = std::int64_t{in.Number(2, 0, 23)} * 3600;
  in.OneOf(":");
  seconds += std::int64_t{in.Number(2, 0, 59)} * 60;
  in.OneOf(":");
  seconds += in.Number(2, 0, 59);
  std::int64_t ns = 0;
  if (in.Peek() == '.') {
    in.OneOf(".");
    ns = in.Fraction();
  }
  seconds -= ScanZone(&in);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!in.AtEnd() || !date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t total = (days * kDaySeconds + seconds) * kSecond + ns;
  if (total < 0) return std::nullopt;
  return total;
}

struct Unit {
  std::string_view name;
  std::int64_t ns;
};

constexpr std::array<Unit, 7> kUnits = {{
    {"d", kDaySeconds* kSecond},
    {"h", 3600 * kSecond},
    {"m", 60 * kSecond},
    {"s", kSecond},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
}};

// The position of the unit of this name, kUnits.size() if there is none.
std::size_t FindUnit(std::string_view name) {
  std::size_t unit = 0;
  while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
  return unit;
}

// Nothing where the sum leaves 63 bits.
std::optional<std::int64_t> AddProduct(std::int64_t sum, std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  std::int64_t total = 0;
  if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(sum, product, &total)) {
    return std::nullopt;
  }
  return total;
}

}  // namespace

Result<Instant> ParseInstant(std::string_view text) {
  const std::optional<std::int64_t> ns = ScanInstant(text);
  if (ns) return Instant{*ns};
  return Error{fmt::format("'{}' is not a time: expected RFC 3339 of the years 1970 to 2261, such "
                           "as 2026-01-31T12:00:00Z",
                           text.substr(0, 64)),
               "", 0, 0, ""};
}

std::string FormatInstant(Instant instant) {
  // Rounded towards the past, so that times before 1970 come out right.
  std::int64_t seconds = instant.ns / kSecond;
  std::int64_t ns = instant.ns % kSecond;
  if (ns < 0) {
    ns += kSecond;
    --seconds;
  }
  const std::int64_t day = (seconds >= 0 ? seconds : seconds - kDaySeconds + 1) / kDaySeconds;
  const std::int64_t second = seconds - day * kDaySeconds;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(day)))};
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int{date.year()}, unsigned{date.month()},
                  unsigned{date.day()}, second / 3600, second / 60 % 60, second % 60);
  if (ns != 0) {
    text += fmt::format(".{:09}", ns);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + "Z";
}

Result<Duration> ParseDuration(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return Error{fmt::format("'{}' {}", text.substr(0, 64), why), "", 0, 0, ""};
  };
  constexpr std::string_view kExpected =
      "is not a duration: expected integers with units d h m s ms us ns in that order, such as "
      "30s or 1h30m";
  constexpr std::string_view kTooLong = "is too long: expected at most 292 years";
  std::optional<std::int64_t> total = 0;
  std::size_t next_unit = 0;
  std::string_view rest = text;
  do {
    std::optional<std::int64_t> value = 0;
    std::size_t end = 0;
    for (; end < rest.size() && IsDigit(rest[end]); ++end) {
      if (value) value = AddProduct(rest[end] - '0', *value, 10);
    }
    if (end == 0) return refuse(kExpected);
    rest.remove_prefix(end);
    const std::size_t unit_end = std::min(rest.find_first_of("0123456789"), rest.size());
    const std::size_t unit = FindUnit(rest.substr(0, unit_end));
    if (unit == kUnits.size() || unit < next_unit) return refuse(kExpected);
    rest.remove_prefix(unit_end);
    if (value && total) total = AddProduct(*total, *value, kUnits[unit].ns);
    if (!value || !total) return refuse(kTooLong);
    next_unit = unit + 1;
  } while (!rest.empty());
  return Duration{*total};
}

std::string FormatDuration(Duration duration) {
  if (duration.ns == 0) return "0s";
  std::string text = duration.ns < 0 ? "-" : "";
  // Negative remainders throughout, since the smallest duration has no positive counterpart.
  std::int64_t rest = duration.ns < 0 ? duration.ns : -duration.ns;
  for (const Unit& unit : kUnits) {
    if (rest <= -unit.ns) text += fmt::format("{}{}", -(rest / unit.ns), unit.name);
    rest %= unit.ns;
  }
  return text;
}

}  // namespace fairlead
