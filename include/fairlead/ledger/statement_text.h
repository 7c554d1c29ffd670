// Statements as text for people and programs. Amounts of money and quantities are exact decimals;
// the same statement gives the same bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fairlead/ledger/statement.h"

namespace fairlead::ledger {

// For people, in columns.
std::string StatementTable(const Statement& statement);
// Its sums by group alone.
std::string GroupTable(const Statement& statement);
// RFC 4180, a row per line: kind,tenant,group,resource,model,class,period,quantity,unit,rate,
// currency,cost. Strings that a spreadsheet would take for a formula get an apostrophe in front.
std::string StatementCsv(const Statement& statement);
std::string StatementJson(const Statement& statement);
// One page that can be printed, with a chart of cost by group; loads nothing from elsewhere.
std::string StatementHtml(const Statement& statement);

// value / 10^digits: "1082.50", with commas between thousands where `grouped`: "1,082.50".
std::string FixedDecimal(std::int64_t value, std::int64_t digits, bool grouped = false);
// value / 10^digits without zeros at the end: "2.5".
std::string ShortDecimal(std::int64_t value, std::int64_t digits);
// A cell of a CSV file: guarded against formulas and quoted where it must be.
std::string CsvCell(std::string_view text);

}  // namespace fairlead::ledger
