// What `fairlead usage` shows: list, statement, export, budgets.
#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "fairlead/ledger/focus.h"
#include "fairlead/ledger/jsonl.h"
#include "fairlead/ledger/statement.h"
#include "fairlead/ledger/statement_text.h"
#include "scheduler/cli/table.h"
#include "scheduler/cli/text.h"
#include "scheduler/cli/usage_ledger.h"

namespace fairlead::cli {
namespace {

using ledger::Interval;
using ledger::Statement;
using ledger::StoredInterval;

std::optional<std::string> Given(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

std::string GpusOf(const Interval& i) {
  if (i.gpus() == 0) return "-";
  const std::string of =
      i.slices == i.slices_per_gpu ? "" : fmt::format(" x {}/{}", i.slices, i.slices_per_gpu);
  return fmt::format("{}{} {}", i.gpus(), of, i.gpu_model);
}

Row RowOf(const StoredInterval& stored) {
  const Interval& i = stored.interval;
  const auto plain = [](const std::string& text) {
    return text.empty() ? "-" : WithoutControls(text);
  };
  return {stored.seq == 0 ? "open" : fmt::format("{}", stored.seq),
          std::string(KindName(i.kind)),
          plain(i.tenant),
          plain(i.ns.empty() ? i.pod : i.ns + "/" + i.pod),
          plain(i.node),
          GpusOf(i),
          fmt::format("{}m", i.cpu_milli),
          fmt::format("{}", i.memory_bytes),
          std::string(UseClassName(i.use_class)),
          FormatInstant(i.start),
          i.end ? FormatInstant(*i.end) : "-",
          i.end ? std::string(EndReasonName(i.end_reason)) : "-"};
}

Result<ledger::Filter> FilterOf(const UsageArgs& args) {
  ledger::Filter filter;
  filter.tenant = Given(args.tenant);
  filter.ns = Given(args.ns);
  filter.node = Given(args.node);
  filter.model = Given(args.model);
  filter.after_seq = args.after;
  filter.limit = args.limit;
  const std::pair<const std::string*, std::optional<Instant>*> times[] = {
      {&args.from, &filter.from}, {&args.to, &filter.to}};
  for (const auto& [text, out] : times) {
    if (text->empty()) continue;
    const Result<Instant> at = ledger::ParseDayOrInstant(*text, "UTC");
    if (!at.ok()) return at.error();
    *out = *at;
  }
  return filter;
}

bool Shown(const Interval& i, const ledger::Filter& filter) {
  return (!filter.tenant || i.tenant == *filter.tenant) && (!filter.ns || i.ns == *filter.ns) &&
         (!filter.node || i.node == *filter.node) &&
         (!filter.model || i.gpu_model == *filter.model) && (!filter.to || i.start < *filter.to);
}

Result<Statement> StatementOf(ledger::Store* store, const UsageArgs& args) {
  Result<std::optional<ledger::Billing>> billing = BillingGiven(args);
  if (!billing.ok()) return billing.error();
  ledger::StatementRequest request;
  request.tenant = Given(args.tenant);
  request.period = args.period;
  request.by = args.by;
  request.billing = std::move(*billing);
  const Result<ledger::Billing> in_force =
      request.billing ? Result<ledger::Billing>(*request.billing) : ledger::BillingOf(store, 0);
  if (!in_force.ok()) return in_force.error();
  const Result<Instant> as_of = AsOf(args, in_force->zone);
  if (!as_of.ok()) return as_of.error();
  request.as_of = *as_of;
  return MakeStatement(store, request);
}

std::string Formatted(const Statement& statement, const std::string& format) {
  if (format == "csv") return StatementCsv(statement);
  if (format == "json") return StatementJson(statement);
  if (format == "focus") return FocusCsv(statement);
  if (format == "html") return StatementHtml(statement);
  return StatementTable(statement);
}

int Print(const std::string& text, const std::string& out) {
  if (out.empty()) {
    fmt::print("{}", text);
    return kDone;
  }
  if (const Status written = WriteFile(out, text); !written) return Failed(written.error());
  return kDone;
}

int ExportFocus(ledger::Store* store, const UsageArgs& args) {
  const Result<Statement> statement = StatementOf(store, args);
  if (!statement.ok()) return WrongInput(statement.error());
  if (!args.focus_periods) return Print(FocusCsv(*statement), args.out);
  const auto closed = store->ClosedPeriods();
  if (!closed.ok()) return Failed(closed.error());
  std::vector<ledger::FocusPeriod> periods;
  periods.reserve(closed->size() + 1);
  for (const ledger::ClosedPeriod& p : *closed) {
    periods.push_back({{p.name, p.from, p.to}, true, p.from, p.closed_at});
  }
  if (!statement->closed) {
    periods.push_back({statement->period, false, statement->period.from, statement->as_of});
  }
  return Print(FocusBillingPeriods(periods, statement->issuer), args.out);
}

}  // namespace

int UsageList(const UsageArgs& args) {
  const Result<ledger::Filter> filter = FilterOf(args);
  if (!filter.ok()) return WrongInput(filter.error());
  const auto store = LedgerOf(args, false);
  if (!store) return kFailed;
  std::vector<Row> rows = {{"SEQ", "KIND", "TENANT", "POD", "NODE", "GPUS", "CPU", "MEMORY",
                            "CLASS", "START", "END", "REASON"}};
  const auto show = [&](const StoredInterval& stored) -> Status {
    if (args.json) {
      fmt::print("{}\n", ToJsonLine(stored));
    } else {
      rows.push_back(RowOf(stored));
    }
    return Ok{};
  };
  if (const Status read = store->Read(*filter, show); !read) return Failed(read.error());
  const auto open = store->OpenIntervals();
  if (!open.ok()) return Failed(open.error());
  for (const Interval& interval : *open) {
    if (!Shown(interval, *filter)) continue;
    static_cast<void>(show({interval, 0, "", ""}).ok());
  }
  if (!args.json) fmt::print("{}", Table(rows));
  return kDone;
}

int UsageStatement(const UsageArgs& args) {
  const auto store = LedgerOf(args, false);
  if (!store) return kFailed;
  const Result<Statement> statement = StatementOf(store.get(), args);
  if (!statement.ok()) return WrongInput(statement.error());
  return Print(Formatted(*statement, args.format), args.out);
}

int UsageExport(const UsageArgs& args) {
  const auto store = LedgerOf(args, false);
  if (!store) return kFailed;
  if (args.focus || args.focus_periods) return ExportFocus(store.get(), args);
  if (args.out.empty()) {
    const auto lines = ExportLines(store.get(), &std::cout);
    return lines.ok() ? kDone : Failed(lines.error());
  }
  std::ofstream file(args.out, std::ios::binary | std::ios::trunc);
  const auto lines = ExportLines(store.get(), &file);
  file.close();
  if (!lines.ok() || !file) {
    Error error = lines.ok() ? Error{"cannot be written", "", 0, 0, ""} : lines.error();
    error.file = args.out;
    return Failed(error);
  }
  fmt::print(stderr, "{} lines\n", *lines);
  return kDone;
}

int UsageBudgets(const UsageArgs& args) {
  const auto store = LedgerOf(args, false);
  if (!store) return kFailed;
  Result<std::optional<ledger::Billing>> given = BillingGiven(args);
  if (!given.ok()) return WrongInput(given.error());
  const Result<ledger::Billing> billing =
      *given ? Result<ledger::Billing>(**given) : ledger::BillingOf(store.get(), 0);
  if (!billing.ok()) return WrongInput(billing.error());
  const Result<Instant> as_of = AsOf(args, billing->zone);
  if (!as_of.ok()) return WrongInput(as_of.error());
  std::string month =
      ledger::MonthsBetween(*as_of, Instant{as_of->ns + 1}, billing->zone).front().name;
  const int quarter = (std::stoi(month.substr(5)) + 2) / 3;
  std::vector<Row> rows = {
      {"TENANT", "PERIOD", "BUDGET", "USED", "%", "REMAINING", "FORECAST", "UNIT", "ALERTS"}};
  for (const std::string& period : {month, fmt::format("{}-Q{}", month.substr(0, 4), quarter)}) {
    ledger::StatementRequest request;
    request.tenant = Given(args.tenant);
    request.period = period;
    request.as_of = *as_of;
    request.billing = *billing;
    const Result<Statement> statement = MakeStatement(store.get(), request);
    if (!statement.ok()) return WrongInput(statement.error());
    for (const ledger::BudgetState& b : statement->budgets) {
      const std::int64_t digits = b.unit == "GPU-hours" ? 6 : statement->digits;
      std::string alerts;
      for (const std::int64_t t : b.reached) alerts += fmt::format("{}% ", t);
      for (const std::int64_t t : b.reached_by_end) alerts += fmt::format("forecast {}% ", t);
      rows.push_back(
          {WithoutControls(b.tenant), b.period, ledger::FixedDecimal(b.amount, digits, true),
           ledger::FixedDecimal(b.used, digits, true), ledger::FixedDecimal(b.percent_tenths, 1),
           ledger::FixedDecimal(b.remaining, digits, true),
           ledger::FixedDecimal(b.forecast, digits, true), b.unit, alerts.empty() ? "-" : alerts});
    }
  }
  fmt::print("{}", Table(rows));
  return kDone;
}

}  // namespace fairlead::cli
