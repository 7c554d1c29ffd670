// Times and bytes as Go reads and writes them, with its words where it cannot.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "scheduler/apiserver/schema_build.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kSeconds = "2006-01-02T15:04:05Z07:00";
constexpr std::string_view kMicros = "2006-01-02T15:04:05.000000Z07:00";
constexpr std::int64_t kDay = 86'400;

bool Digit(std::string_view text, std::size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

// Days from 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, chrono-compatible
// low-level date algorithms).
std::int64_t DaysFromCivil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}

struct Date {
  std::int64_t year;
  int month, day;
};

Date CivilFromDays(std::int64_t days) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const std::int64_t of_era = days - era * 146'097;
  const std::int64_t year_of_era =
      (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;
  const int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
          static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1)};
}

int DaysIn(std::int64_t year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

class TimeParser {
 public:
  TimeParser(std::string_view text, bool micro)
      : text_(text), rest_(text), layout_(micro ? kMicros : kSeconds), micro_(micro) {}

  Complaint Parse(GoTime* time) {
    std::int64_t year = 0;
    std::int64_t month = 0;
    std::int64_t day = 0;
    std::int64_t hour = 0;
    std::int64_t minute = 0;
    std::int64_t second = 0;
    bool ok = Number("", "2006", 4, &year) && Number("-", "01", 2, &month);
    if (ok && (month < 1 || month > 12)) ok = Range("month");
    ok = ok && Number("-", "02", 2, &day) && Number("T", "15", 1, &hour);
    if (ok && hour > 23) ok = Range("hour");
    ok = ok && Number(":", "04", 2, &minute);
    if (ok && minute > 59) ok = Range("minute");
    ok = ok && Number(":", "05", 2, &second);
    if (ok && second > 59) ok = Range("second");
    std::int64_t offset = 0;
    ok = ok && Fraction(&time->nanos) && Zone(&offset);
    if (ok && !rest_.empty()) {
      complaint_ = fmt::format("parsing time \"{}\": extra text: \"{}\"", text_, rest_);
      ok = false;
    }
    if (ok && (day < 1 || day > DaysIn(year, static_cast<int>(month)))) ok = Range("day");
    if (!ok) return std::move(complaint_);
    time->seconds = DaysFromCivil(year, static_cast<int>(month), static_cast<int>(day)) * kDay +
                    hour * 3'600 + minute * 60 + second - offset;
    return {};
  }

 private:
  bool Fail(std::string_view rest, std::string_view element) {
    complaint_ = fmt::format("parsing time \"{}\" as \"{}\": cannot parse \"{}\" as \"{}\"", text_,
                             layout_, rest, element);
    return false;
  }
  bool Range(std::string_view what) {
    complaint_ = fmt::format("parsing time \"{}\": {} out of range", text_, what);
    return false;
  }

  // `digits` 1 means one or two.
  bool Number(std::string_view before, std::string_view element, std::size_t digits,
              std::int64_t* value) {
    if (!rest_.starts_with(before)) return Fail(rest_, before);
    rest_.remove_prefix(before.size());
    std::size_t size = 0;
    while (size < std::max<std::size_t>(digits, 2) && Digit(rest_, size)) ++size;
    if (size < digits) {
      // Of a year, Go has taken four characters when it sees that they are no number.
      const bool taken = digits == 4 && size > 0 && rest_.size() >= digits;
      return Fail(taken ? rest_.substr(digits) : rest_, element);
    }
    for (std::size_t i = 0; i < size; ++i) *value = *value * 10 + (rest_[i] - '0');
    rest_.remove_prefix(size);
    return true;
  }

  bool Fraction(std::int32_t* nanos) {
    const bool dot = !rest_.empty() && (rest_[0] == '.' || rest_[0] == ',') && Digit(rest_, 1);
    if (!dot && !micro_) return true;
    std::size_t size = 1;
    while (Digit(rest_, size) && (!micro_ || size < 7)) ++size;
    if (!dot || (micro_ && size != 7)) return Fail(rest_, ".000000");
    std::int32_t unit = 100'000'000;
    for (std::size_t i = 1; i < size; ++i, unit /= 10) *nanos += (rest_[i] - '0') * unit;
    rest_.remove_prefix(size);
    return true;
  }

  bool Zone(std::int64_t* offset) {
    if (!rest_.empty() && rest_[0] == 'Z') {
      rest_.remove_prefix(1);
      return true;
    }
    const bool sign = !rest_.empty() && (rest_[0] == '+' || rest_[0] == '-');
    if (!sign || rest_.size() < 6 || rest_[3] != ':' || !Digit(rest_, 1) || !Digit(rest_, 2) ||
        !Digit(rest_, 4) || !Digit(rest_, 5)) {
      return Fail(rest_, "Z07:00");
    }
    const auto two = [&](std::size_t at) {
      return std::int64_t{(rest_[at] - '0') * 10 + rest_[at + 1] - '0'};
    };
    *offset = (two(1) * 60 + two(4)) * 60 * (rest_[0] == '-' ? -1 : 1);
    rest_.remove_prefix(6);
    return true;
  }

  std::string_view text_, rest_, layout_;
  bool micro_;
  Complaint complaint_;
};

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// 0..63; 64: none.
unsigned Sextet(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
  return c == '+' ? 62 : c == '/' ? 63 : 64;
}

void SkipLines(std::string_view text, std::size_t* at) {
  while (*at < text.size() && (text[*at] == '\n' || text[*at] == '\r')) ++*at;
}

Complaint Illegal(std::size_t at) {
  return "illegal base64 data at input byte " + std::to_string(at);
}

}  // namespace

Complaint ParseGoTime(std::string_view text, bool micro, GoTime* time) {
  return TimeParser(text, micro).Parse(time);
}

std::string FormatGoTime(const GoTime& time, bool micro) {
  std::int64_t of_day = time.seconds % kDay;
  if (of_day < 0) of_day += kDay;
  const Date date = CivilFromDays((time.seconds - of_day) / kDay);
  const std::string fraction = micro ? fmt::format(".{:06}", time.nanos / 1'000) : "";
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", date.year, date.month, date.day,
                     of_day / 3'600, of_day / 60 % 60, of_day % 60, fraction);
}

Complaint DecodeBase64(std::string_view text, std::string* bytes) {
  bytes->clear();
  bytes->reserve(text.size() / 4 * 3);
  std::size_t at = 0;
  while (true) {
    unsigned bits = 0;
    int got = 0;
    while (got < 4) {
      SkipLines(text, &at);
      if (at == text.size()) {
        return got == 0 ? Complaint() : Illegal(at - static_cast<std::size_t>(got));
      }
      const unsigned sextet = Sextet(text[at]);
      if (sextet == 64) break;
      bits = bits << 6 | sextet;
      ++got;
      ++at;
    }
    const auto put = [&](unsigned shift) { bytes->push_back(static_cast<char>(bits >> shift)); };
    if (got == 4) {
      put(16);
      put(8);
      put(0);
      continue;
    }
    // Only padding may stand here, and only after two or three characters.
    if (text[at] != '=' || got < 2) return Illegal(at);
    ++at;
    SkipLines(text, &at);
    if (got == 2) {
      if (at == text.size()) return Illegal(text.size());
      if (text[at] != '=') return Illegal(at - 1);
      ++at;
      SkipLines(text, &at);
      put(4);
    } else {
      put(10);
      put(2);
    }
    return at == text.size() ? Complaint() : Illegal(at);
  }
}

std::string EncodeBase64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t size = std::min<std::size_t>(3, bytes.size() - i);
    unsigned bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (j < size ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text.push_back(j <= size ? kAlphabet[bits >> (18 - 6 * j) & 63] : '=');
    }
  }
  return text;
}

}  // namespace fairlead::apiserver
