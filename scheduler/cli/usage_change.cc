// What `fairlead usage` changes and checks: import, verify, close, rates.
#include <fmt/format.h>

#include <fstream>

#include "fairlead/ledger/balance.h"
#include "fairlead/ledger/focus.h"
#include "fairlead/ledger/jsonl.h"
#include "fairlead/ledger/statement.h"
#include "fairlead/ledger/statement_text.h"
#include "scheduler/cli/table.h"
#include "scheduler/cli/text.h"
#include "scheduler/cli/usage_ledger.h"

namespace fairlead::cli {
namespace {

// Every hour, node and unit of what the ledger holds, in integers.
int VerifyBalance(ledger::Store* store, const UsageArgs& args) {
  if (args.from.empty() || args.to.empty()) {
    return WrongInput({"--balance needs --from and --to", "", 0, 0, ""});
  }
  const Result<Instant> from = ledger::ParseDayOrInstant(args.from, "UTC");
  const Result<Instant> to = ledger::ParseDayOrInstant(args.to, "UTC");
  if (!from.ok()) return WrongInput(from.error());
  if (!to.ok()) return WrongInput(to.error());
  if (*to <= *from) return WrongInput({"--to is not after --from", "", 0, 0, ""});
  const Result<ledger::BalanceSheet> sheet = BalanceOf(store, ledger::HourBounds(*from, *to), *to);
  if (!sheet.ok()) return Failed(sheet.error());
  std::size_t over = 0;
  for (const auto& [key, balance] : *sheet) {
    if (balance.over > 0) ++over;
    if (balance.Holds()) continue;
    fmt::print("{} {}: does not balance\n", FormatInstant(key.hour), key.node);
    return kDoesNotHold;
  }
  fmt::print(
      "{} sums of hours, nodes and units balance; in {} of them more was held than is there\n",
      sheet->size(), over);
  return kDone;
}

int VerifyFocus(const UsageArgs& args) {
  const Result<std::string> text = yaml::ReadFile(args.file);
  if (!text.ok()) return WrongInput(text.error());
  const auto findings = ledger::CheckFocus(*text, 2);
  for (const ledger::FocusFinding& finding : findings) {
    fmt::print("{}:{}: {}: {} ({})\n", args.file, finding.line, finding.column, finding.message,
               finding.rule);
  }
  if (findings.empty()) fmt::print("{}: keeps the rules of FOCUS 1.4\n", args.file);
  return findings.empty() ? kDone : kDoesNotHold;
}

}  // namespace

int UsageImport(const UsageArgs& args) {
  std::ifstream file(args.file, std::ios::binary);
  if (!file) return WrongInput({"cannot be read", args.file, 0, 0, ""});
  const auto store = LedgerOf(args, true);
  if (!store) return kFailed;
  const auto imported = ledger::ImportLines(&file, args.file, store.get(), WallClock());
  if (!imported.ok()) return WrongInput(imported.error());
  fmt::print("{} lines: {} records added, {} were there already\n", imported->lines,
             imported->written.appended, imported->written.duplicates);
  return kDone;
}

int UsageVerify(const UsageArgs& args) {
  if (args.focus) return VerifyFocus(args);
  const auto store = LedgerOf(args, false);
  if (!store) return kFailed;
  const Result<std::int64_t> checked = store->Verify();
  if (!checked.ok()) {
    PrintError(checked.error());
    return kDoesNotHold;
  }
  fmt::print("{} records follow their chains\n", *checked);
  return args.balance ? VerifyBalance(store.get(), args) : kDone;
}

int UsageClose(const UsageArgs& args) {
  const auto store = LedgerOf(args, false);
  if (!store) return kFailed;
  const Result<ledger::Billing> billing = ledger::BillingOf(store.get(), 0);
  if (!billing.ok()) return WrongInput(billing.error());
  const Result<ledger::Period> period = ledger::ParsePeriod(args.period, billing->zone);
  if (!period.ok()) return WrongInput(period.error());
  const Instant now = WallClock();
  if (now < period->to) {
    return WrongInput({fmt::format("{} ends at {}: expected a period that is over", period->name,
                                   FormatInstant(period->to)),
                       "", 0, 0, "--period"});
  }
  const auto closed = store->ClosedPeriods();
  if (!closed.ok()) return Failed(closed.error());
  for (const ledger::ClosedPeriod& other : *closed) {
    const bool apart = other.to <= period->from || period->to <= other.from;
    if (apart) continue;
    return WrongInput({fmt::format("{} is closed already", other.name), "", 0, 0, "--period"});
  }
  // A statement must be possible: else the gap would be closed in.
  ledger::StatementRequest request;
  request.period = period->name;
  request.as_of = now;
  const Result<ledger::Statement> statement = MakeStatement(store.get(), request);
  if (!statement.ok()) return WrongInput(statement.error());
  // The rates that the period was closed with stay, also where they were the built-in ones.
  const Result<std::int64_t> version = store->KeepBilling(now);
  if (!version.ok()) return Failed(version.error());
  const auto done = store->ClosePeriod({.name = period->name,
                                        .from = period->from,
                                        .to = period->to,
                                        .last_seq = 0,
                                        .billing = *version,
                                        .closed_at = now});
  if (!done.ok()) return Failed(done.error());
  fmt::print("{} is closed with {} records: {} {}\n", done->name, done->last_seq,
             ledger::FixedDecimal(statement->total, statement->digits, true), statement->currency);
  return kDone;
}

int UsageRates(const UsageArgs& args) {
  const auto store = LedgerOf(args, !args.file.empty());
  if (!store) return kFailed;
  if (!args.file.empty()) {
    const Result<std::string> text = yaml::ReadFile(args.file);
    if (!text.ok()) return WrongInput(text.error());
    const Result<ledger::Billing> parsed = ledger::ParseBilling(*text, args.file);
    if (!parsed.ok()) return WrongInput(parsed.error());
    const Result<std::int64_t> version = store->SetBilling(*text, WallClock());
    if (!version.ok()) return Failed(version.error());
    fmt::print("version {} is in force\n", *version);
    return kDone;
  }
  const Result<ledger::Billing> billing = ledger::BillingOf(store.get(), 0);
  if (!billing.ok()) return Failed(billing.error());
  std::vector<Row> rows = {{"RESOURCE", "MODEL", "CLASS", "TENANT", "FROM", "TO", "PRICE"}};
  rows.reserve(billing->rates.size() + 1);
  for (const ledger::Rate& rate : billing->rates) {
    const auto any = [](const std::string& text) {
      return text.empty() ? "any" : WithoutControls(text);
    };
    rows.push_back({std::string(ResourceName(rate.resource)), any(rate.model),
                    rate.use_class ? std::string(UseClassName(*rate.use_class)) : "any",
                    any(rate.tenant), rate.from ? FormatInstant(*rate.from) : "-",
                    rate.to ? FormatInstant(*rate.to) : "-",
                    fmt::format("{} {} per {}", ledger::ShortDecimal(rate.nano, 9),
                                billing->currency, ResourceUnit(rate.resource))});
  }
  fmt::print("{}", Table(rows));
  return kDone;
}

}  // namespace fairlead::cli
