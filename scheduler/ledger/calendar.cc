#include "fairlead/ledger/calendar.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <stdexcept>

#include "fairlead/base/check.h"

namespace fairlead::ledger {
namespace {

// Null: there is none of that name.
const date::time_zone* FindZone(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

Instant BeginningOf(date::local_days day, const date::time_zone& zone) {
  // Where the clock skips midnight the day begins with the first moment that there is.
  const auto time =
      zone.to_sys(date::local_time<std::chrono::nanoseconds>(day), date::choose::earliest);
  return Instant{time.time_since_epoch().count()};
}

// Exactly so many digits.
std::optional<int> Number(std::string_view text) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool digits = text.find_first_not_of("0123456789") == std::string_view::npos;
  if (text.empty() || !digits || code != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

struct Days {
  date::local_days from, to;
};

std::optional<Days> DaysOfMonths(int year, unsigned first, unsigned count) {
  const date::year_month begin = date::year(year) / static_cast<int>(first);
  if (!begin.ok()) return std::nullopt;
  const date::year_month end = begin + date::months(static_cast<int>(count));
  return Days{date::local_days(begin / 1), date::local_days(end / 1)};
}

std::optional<Days> DaysOfWeek(int year, int week) {
  // Week 1 is the one with January 4th.
  const date::local_days fourth(date::year(year) / date::January / 4);
  const date::local_days monday = fourth - (date::weekday(fourth) - date::Monday);
  const Days days{monday + date::weeks(week - 1), monday + date::weeks(week)};
  // The last week is the one with December 28th.
  const date::local_days last(date::year(year) / date::December / 28);
  if (week < 1 || days.from > last) return std::nullopt;
  return days;
}

std::optional<Days> DaysOf(std::string_view text) {
  if (text.size() < 7 || text[4] != '-') return std::nullopt;
  const std::optional<int> year = Number(text.substr(0, 4));
  if (!year || *year < 1971 || *year > 2261) return std::nullopt;
  const std::string_view rest = text.substr(5);
  if (rest[0] == 'W' && rest.size() == 3) {
    const std::optional<int> week = Number(rest.substr(1));
    return week ? DaysOfWeek(*year, *week) : std::nullopt;
  }
  if (rest[0] == 'Q' && rest.size() == 2) {
    const std::optional<int> quarter = Number(rest.substr(1));
    if (!quarter || *quarter < 1 || *quarter > 4) return std::nullopt;
    return DaysOfMonths(*year, static_cast<unsigned>(*quarter) * 3 - 2, 3);
  }
  const std::optional<int> month = Number(rest.substr(0, 2));
  if (!month || *month < 1 || *month > 12) return std::nullopt;
  if (rest.size() == 2) return DaysOfMonths(*year, static_cast<unsigned>(*month), 1);
  if (rest.size() != 5 || rest[2] != '-') return std::nullopt;
  const std::optional<int> day = Number(rest.substr(3));
  if (!day) return std::nullopt;
  const date::year_month_day date = date::year(*year) / *month / *day;
  if (!date.ok()) return std::nullopt;
  return Days{date::local_days(date), date::local_days(date) + date::days(1)};
}

Error Wrong(std::string message) {
  Error error;
  error.message = std::move(message);
  return error;
}

}  // namespace

Status CheckZone(const std::string& zone) {
  if (FindZone(zone) != nullptr) return Ok{};
  return Wrong(
      fmt::format("'{}': no such time zone here; expected a name such as Europe/Berlin", zone));
}

Result<Period> ParsePeriod(std::string_view text, const std::string& zone) {
  const date::time_zone* found = FindZone(zone);
  if (found == nullptr) return CheckZone(zone).error();
  const std::optional<Days> days = DaysOf(text);
  if (!days) {
    return Wrong(
        fmt::format("'{}': expected a day (2026-10-05), a week (2026-W41), a month "
                    "(2026-10) or a quarter (2026-Q4)",
                    text));
  }
  return Period{std::string(text), BeginningOf(days->from, *found), BeginningOf(days->to, *found)};
}

std::vector<Period> MonthsBetween(Instant from, Instant to, const std::string& zone) {
  const date::time_zone* found = FindZone(zone);
  FAIRLEAD_CHECK(found != nullptr, "zone {}", zone);
  const date::sys_time<std::chrono::nanoseconds> start{std::chrono::nanoseconds(from.ns)};
  const auto local_day = date::floor<date::days>(found->to_local(start));
  const date::year_month_day day(local_day);
  date::year_month month = day.year() / day.month();
  std::vector<Period> months;
  while (true) {
    const date::year_month next = month + date::months(1);
    Period period;
    period.name = fmt::format("{:04}-{:02}", static_cast<int>(month.year()),
                              static_cast<unsigned>(month.month()));
    period.from = BeginningOf(date::local_days(month / 1), *found);
    period.to = BeginningOf(date::local_days(next / 1), *found);
    if (period.from >= to) return months;
    months.push_back(std::move(period));
    month = next;
  }
}

Result<Instant> ParseDayOrInstant(std::string_view text, const std::string& zone) {
  if (text.size() == 10) {
    const Result<Period> day = ParsePeriod(text, zone);
    if (day.ok()) return day->from;
    return day.error();
  }
  return ParseInstant(text);
}

}  // namespace fairlead::ledger
