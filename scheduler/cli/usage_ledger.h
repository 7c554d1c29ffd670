// The ledger that a command was given, and what all parts of `fairlead usage` need of it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "fairlead/ledger/billing.h"
#include "fairlead/ledger/calendar.h"
#include "fairlead/ledger/store.h"
#include "fairlead/yaml/document.h"
#include "scheduler/cli/files.h"
#include "scheduler/cli/usage_command.h"

namespace fairlead::cli {

inline Instant WallClock() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

// Null after printing why it cannot be opened.
inline std::unique_ptr<ledger::Store> LedgerOf(const UsageArgs& args, bool create) {
  auto store = ledger::OpenStore(args.ledger, {.create = create, .failpoint = nullptr});
  if (store.ok()) return std::move(*store);
  PrintError(store.error());
  return nullptr;
}

inline int Failed(const Error& error) {
  PrintError(error);
  return kFailed;
}
inline int WrongInput(const Error& error) {
  PrintError(error);
  return kWrongInput;
}

// --as-of, or now.
inline Result<Instant> AsOf(const UsageArgs& args, const std::string& zone) {
  if (args.as_of.empty()) return WallClock();
  Result<Instant> at = ledger::ParseDayOrInstant(args.as_of, zone);
  if (at.ok()) return at;
  Error error = at.error();
  error.field = "--as-of";
  return error;
}

// --billing FILE, or nothing.
inline Result<std::optional<ledger::Billing>> BillingGiven(const UsageArgs& args) {
  if (args.billing.empty()) return std::optional<ledger::Billing>();
  const Result<std::string> text = yaml::ReadFile(args.billing);
  if (!text.ok()) return text.error();
  Result<ledger::Billing> billing = ledger::ParseBilling(*text, args.billing);
  if (!billing.ok()) return billing.error();
  return std::optional<ledger::Billing>(std::move(*billing));
}

}  // namespace fairlead::cli
