// Statement: what the usage of a period costs, in integers.
//
// An amount of usage is a whole number of unit-nanoseconds; a line is rate x amount, as an exact
// fraction. The total is the exact sum, rounded once, half to even, to the currency's smallest
// unit; lines are rounded down, and what is missing goes to those with the largest remainders, one
// unit each, so that lines sum to the total. Quantities that are shown are rounded to millionths;
// no cost is computed from them.
//
// A closed period is what its records with a seq up to the closing say, at the billing document of
// then. What comes later for it is a correction in the first later period that takes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/ledger/billing.h"
#include "fairlead/ledger/calendar.h"
#include "fairlead/ledger/store.h"

namespace fairlead::ledger {

enum class LineKind : std::uint8_t { kUsage, kStorage, kIdle, kCorrection };
std::string_view LineKindName(LineKind kind);

struct StatementLine {
  LineKind kind = LineKind::kUsage;
  std::string tenant;
  std::string group;  // value of what the statement is by; empty: has none
  Resource resource = Resource::kCpu;
  std::string model;
  UseClass use_class = UseClass::kEntitled;
  std::string period;               // of a correction: what it corrects; of storage: the month
  std::int64_t rate_nano = 0;       // per unit
  std::int64_t quantity_micro = 0;  // millionths of units: core-hours, GiB-hours ...
  std::int64_t cost = 0;            // smallest units of the currency

  friend bool operator==(const StatementLine&, const StatementLine&) = default;
};

struct GroupSum {
  std::string name;
  std::int64_t cpu_micro = 0, memory_micro = 0, gpu_micro = 0;  // hours
  std::int64_t cost = 0;                                        // of usage lines
};

struct BudgetState {
  std::string tenant;
  std::string unit;  // the currency, or "GPU-hours"
  std::string period;
  // In the smallest unit of the currency, or in millionths of GPU-hours.
  std::int64_t amount = 0, used = 0, remaining = 0, forecast = 0;
  std::int64_t percent_tenths = 0;           // used / amount, rounded half to even
  std::vector<std::int64_t> reached;         // thresholds that `used` has reached
  std::vector<std::int64_t> reached_by_end;  // that the forecast reaches beside these
  BudgetAction action = BudgetAction::kNone;
};

struct Statement {
  std::string tenant;  // empty = all
  Period period;
  Instant as_of;
  std::string by;
  std::string currency;
  std::int64_t digits = 2;
  std::string zone, issuer;
  bool closed = false;
  std::vector<StatementLine> lines;  // by kind, group, tenant, resource, model, class
  std::vector<GroupSum> groups;
  std::int64_t usage_cost = 0, storage_cost = 0, idle_cost = 0, correction_cost = 0;
  std::int64_t total = 0;
  std::vector<BudgetState> budgets;
};

struct StatementRequest {
  std::optional<std::string> tenant;  // absent = all
  std::string period;                 // "2026-10"
  // tenant | environment | namespace | gang | user | queue | model | class | cost_center | label:X
  std::string by = "environment";
  Instant as_of;  // usage that is open counts up to here
  // In place of the ledger's billing document; not for a period that is closed.
  std::optional<Billing> billing;
  // May sums by hour stand for records? The answer is the same.
  bool rollups = true;
};

// Error: no such period or way to group; usage at a time for which no rate is valid, with the gap.
Result<Statement> MakeStatement(Store* store, const StatementRequest& request);

// The ledger's document of that version (0 = the last), or the default where it has none.
Result<Billing> BillingOf(Store* store, std::int64_t version);

}  // namespace fairlead::ledger
