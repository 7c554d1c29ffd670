// Billing periods in the time zone of the invoice: days there have 23 to 25 hours, months 28 to 31
// days. Periods are half open: `from` is inside, `to` is not.
//
//   2026-10-05   a day      2026-W41   a week (ISO 8601, from Monday)
//   2026-10      a month    2026-Q4    a quarter
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"

namespace fairlead::ledger {

struct Period {
  std::string name;
  Instant from, to;

  friend bool operator==(const Period&, const Period&) = default;
};

// Error: no such zone in the machine's time zone database; a text that names no period.
Status CheckZone(const std::string& zone);
Result<Period> ParsePeriod(std::string_view text, const std::string& zone);
// The months that have a part in [from, to), in their order. The zone is known.
std::vector<Period> MonthsBetween(Instant from, Instant to, const std::string& zone);
// "2026-10-05" as the beginning of that day there, or a time in RFC 3339.
Result<Instant> ParseDayOrInstant(std::string_view text, const std::string& zone);

}  // namespace fairlead::ledger
