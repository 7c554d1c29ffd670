#include "scheduler/ledger/statement_sums.h"

#include <algorithm>
#include <map>
#include <string>

#include "scheduler/ledger/exact.h"

namespace fairlead::ledger {
namespace {

void SumCosts(Statement* statement) {
  for (const StatementLine& line : statement->lines) {
    statement->total += line.cost;
    switch (line.kind) {
      case LineKind::kUsage:
        statement->usage_cost += line.cost;
        break;
      case LineKind::kStorage:
        statement->storage_cost += line.cost;
        break;
      case LineKind::kIdle:
        statement->idle_cost += line.cost;
        break;
      case LineKind::kCorrection:
        statement->correction_cost += line.cost;
        break;
    }
  }
}

void SumGroups(Statement* statement) {
  std::map<std::string, GroupSum> groups;
  for (const StatementLine& line : statement->lines) {
    if (line.kind != LineKind::kUsage) continue;
    GroupSum& group = groups[line.group];
    group.name = line.group;
    group.cost += line.cost;
    switch (line.resource) {
      case Resource::kCpu:
        group.cpu_micro += line.quantity_micro;
        break;
      case Resource::kMemory:
        group.memory_micro += line.quantity_micro;
        break;
      case Resource::kGpu:
        group.gpu_micro += line.quantity_micro;
        break;
      case Resource::kStorage:
        break;
    }
  }
  statement->groups.reserve(groups.size());
  for (auto& [name, group] : groups) statement->groups.push_back(std::move(group));
}

// What the period's usage comes to at its end if it goes on as so far.
std::int64_t ForecastOf(const Statement& statement, std::int64_t used) {
  const Period& period = statement.period;
  if (statement.as_of >= period.to || statement.as_of <= period.from) return used;
  const Exact whole((period.to - period.from).ns);
  const Exact passed((statement.as_of - period.from).ns);
  return ToInt64(RoundOf(Exact(used) * whole / passed));
}

std::int64_t UsedOf(const Statement& statement, const Budget& budget) {
  std::int64_t used = 0;
  for (const StatementLine& line : statement.lines) {
    if (line.tenant != budget.tenant) continue;
    if (budget.amount_nano > 0) {
      used += line.cost;
    } else if (line.resource == Resource::kGpu && line.kind != LineKind::kIdle) {
      used += line.quantity_micro;
    }
  }
  return used;
}

BudgetState StateOf(const Statement& statement, const Budget& budget) {
  BudgetState state;
  state.tenant = budget.tenant;
  state.period = statement.period.name;
  state.unit = budget.amount_nano > 0 ? statement.currency : "GPU-hours";
  state.action = budget.action;
  state.amount = budget.gpu_hours_micro;
  if (budget.amount_nano > 0) {
    Big nano_per_minor = 1;
    for (std::int64_t d = statement.digits; d < 9; ++d) nano_per_minor *= 10;
    state.amount = ToInt64(RoundOf(Exact(Big(budget.amount_nano), nano_per_minor)));
  }
  state.used = UsedOf(statement, budget);
  state.remaining = state.amount - state.used;
  state.forecast = ForecastOf(statement, state.used);
  if (state.amount > 0) {
    state.percent_tenths = ToInt64(RoundOf(Exact(Big(state.used) * 1000, Big(state.amount))));
  }
  for (const std::int64_t threshold : budget.thresholds) {
    const auto reaches = [&](std::int64_t value) {
      return Big(value) * 100 >= Big(state.amount) * threshold;
    };
    if (reaches(state.used)) {
      state.reached.push_back(threshold);
    } else if (reaches(state.forecast)) {
      state.reached_by_end.push_back(threshold);
    }
  }
  return state;
}

// "month" for 2026-10, "quarter" for 2026-Q4.
std::string KindOfPeriod(const std::string& name) {
  if (name.find('Q') != std::string::npos) return "quarter";
  return name.size() == 7 ? "month" : "";
}

}  // namespace

std::string_view LineKindName(LineKind kind) {
  switch (kind) {
    case LineKind::kUsage:
      return "usage";
    case LineKind::kStorage:
      return "storage";
    case LineKind::kIdle:
      return "idle";
    case LineKind::kCorrection:
      return "correction";
  }
  return "";
}

void SumUp(const Billing& billing, Statement* statement) {
  SumCosts(statement);
  SumGroups(statement);
  for (const Budget& budget : billing.budgets) {
    if (!statement->tenant.empty() && budget.tenant != statement->tenant) continue;
    if (budget.period != KindOfPeriod(statement->period.name)) continue;
    statement->budgets.push_back(StateOf(*statement, budget));
  }
}

}  // namespace fairlead::ledger
