// FOCUS 1.4 (FinOps Open Cost and Usage Specification): statements as its datasets CostAndUsage and
// BillingPeriod in CSV, and a checker of such files.
//
// A row per line of the statement. No value is NULL, never an empty string; times are UTC with Z;
// columns of our own begin with x_ and come last; tags are one JSON object. Costs are the line's
// own amounts, so that rows sum to the invoice, and differ from unit price x quantity by less than
// one smallest unit of the currency (the line's share of rounding) plus what rounding the quantity
// to millionths of a unit makes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fairlead/ledger/statement.h"

namespace fairlead::ledger {

std::string FocusCsv(const Statement& statement);
// One row per period. `updated` is when a period's statement last changed.
struct FocusPeriod {
  Period period;
  bool closed = false;
  Instant created, updated;
};
std::string FocusBillingPeriods(const std::vector<FocusPeriod>& periods, const std::string& issuer);

// What a file breaks: the rule by name, where, and what was expected.
struct FocusFinding {
  std::string rule;
  int line = 0;  // from 1, the header is line 1; 0 = the file as a whole
  std::string column;
  std::string message;
};
// `digits` after the point of the currency's amounts.
std::vector<FocusFinding> CheckFocus(std::string_view csv, std::int64_t digits);
// Rows of `later` that a closed period forbids: the same period in `earlier` said otherwise.
std::vector<FocusFinding> CheckFocusUnchanged(std::string_view earlier, std::string_view later);

// Rows of an RFC 4180 text; a cell knows whether it was quoted. Error: a quote that never ends, or
// text after one.
struct CsvField {
  std::string text;
  bool quoted = false;
  friend bool operator==(const CsvField&, const CsvField&) = default;
};
Result<std::vector<std::vector<CsvField>>> ParseCsv(std::string_view text);

}  // namespace fairlead::ledger
