// `fairlead usage`: its options, and what each part of it does (usage_show.cc, usage_change.cc).
#pragma once

#include <cstdint>
#include <string>

namespace fairlead::cli {

struct UsageArgs {
  std::string ledger;
  std::string tenant, ns, node, model, from, to;
  std::string period, by = "environment", format = "table", as_of, billing;
  std::string file, out;
  std::int64_t limit = 1'000, after = 0;
  bool json = false;
  bool jsonl = false;
  bool focus = false;
  bool focus_periods = false;
  bool balance = false;
};

// Each returns an exit code.
int UsageList(const UsageArgs& args);
int UsageStatement(const UsageArgs& args);
int UsageExport(const UsageArgs& args);
int UsageBudgets(const UsageArgs& args);
int UsageImport(const UsageArgs& args);
int UsageVerify(const UsageArgs& args);
int UsageClose(const UsageArgs& args);
int UsageRates(const UsageArgs& args);

}  // namespace fairlead::cli
