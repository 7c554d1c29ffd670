#include "scheduler/cli/usage_command.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "scheduler/cli/commands.h"

namespace fairlead::cli {
namespace {

constexpr const char* kHelp =
    R"(A ledger is sqlite:FILE or postgresql://USER@HOST/DATABASE. Examples:
  fairlead usage list --ledger sqlite:usage.db --tenant research
  fairlead usage statement --ledger sqlite:usage.db --tenant research --period 2026-10
  fairlead usage statement --ledger sqlite:usage.db --period 2026-W41 --by user --format csv
  fairlead usage export --ledger sqlite:usage.db --out usage.jsonl
  fairlead usage import usage.jsonl --ledger postgresql://fairlead@127.0.0.1/usage
  fairlead usage rates --ledger sqlite:usage.db --set billing.yaml
  fairlead usage close --ledger sqlite:usage.db --period 2026-10

Exit codes: 0 done, 1 the ledger cannot be used, 2 wrong input (a rate gap among it), 3 the ledger
or the file is not what it should be.)";

using Args = std::shared_ptr<UsageArgs>;

CLI::App* Part(CLI::App* usage, const char* name, const char* doc, const Args& args) {
  CLI::App* part = usage->add_subcommand(name, doc);
  part->add_option("--ledger", args->ledger, "sqlite:FILE or postgresql://...")->required();
  return part;
}

void Filters(CLI::App* part, const Args& args) {
  part->add_option("--tenant", args->tenant, "Of this tenant only");
  part->add_option("--namespace", args->ns, "Of this namespace only");
  part->add_option("--node", args->node, "On this node only");
  part->add_option("--model", args->model, "On GPUs of this model only");
  part->add_option("--from", args->from, "With a part after this day or time (UTC)");
  part->add_option("--to", args->to, "With a part before this day or time (UTC)");
  part->add_option("--after", args->after, "Only records with a higher seq");
  part->add_option("--limit", args->limit, "At most so many records (default 1000, 0 = all)");
  part->add_flag("--json", args->json, "JSON lines instead of a table");
}

void Statements(CLI::App* part, const Args& args, bool period_required) {
  part->add_option("--tenant", args->tenant, "Of this tenant (default: all)");
  CLI::Option* period = part->add_option(
      "--period", args->period, "2026-10-05, 2026-W41, 2026-10 or 2026-Q4, in the billing zone");
  if (period_required) period->required();
  part->add_option("--by", args->by,
                   "tenant, environment (default), namespace, gang, user, queue, model, class, "
                   "cost_center or label:NAME");
  part->add_option("--as-of", args->as_of, "Usage that is open counts up to here (default: now)");
  part->add_option("--billing", args->billing,
                   "Rates and budgets of this file in place of the ledger's");
  part->add_option("--out", args->out, "Into this file instead of to standard output");
}

void AddShowing(CLI::App* usage, const Args& args, int* exit_code) {
  CLI::App* list = Part(usage, "list", "Intervals, oldest first; open ones last", args);
  Filters(list, args);
  list->callback([args, exit_code] { *exit_code = UsageList(*args); });

  CLI::App* statement = Part(usage, "statement", "What the usage of a period costs", args);
  Statements(statement, args, true);
  statement->add_option("--format", args->format, "table (default), csv, json, focus or html")
      ->check(CLI::IsMember({"table", "csv", "json", "focus", "html"}));
  statement->callback([args, exit_code] { *exit_code = UsageStatement(*args); });

  CLI::App* exported =
      Part(usage, "export", "The whole ledger as JSON lines, or a period as FOCUS 1.4", args);
  Statements(exported, args, false);
  exported->add_flag("--jsonl", args->jsonl, "JSON lines (the default)");
  exported->add_flag("--focus", args->focus, "CostAndUsage of --period as CSV");
  exported->add_flag("--focus-periods", args->focus_periods, "BillingPeriod up to --period as CSV");
  exported->callback([args, exit_code] {
    const bool focus = args->focus || args->focus_periods;
    if (focus && args->period.empty()) throw CLI::RequiredError("--period");
    *exit_code = UsageExport(*args);
  });

  CLI::App* budgets = Part(usage, "budgets", "Budgets of the current month and quarter", args);
  budgets->add_option("--tenant", args->tenant, "Of this tenant only");
  budgets->add_option("--as-of", args->as_of, "As they stood then (default: now)");
  budgets->add_option("--billing", args->billing, "Of this file in place of the ledger's");
  budgets->callback([args, exit_code] { *exit_code = UsageBudgets(*args); });
}

void AddChanging(CLI::App* usage, const Args& args, int* exit_code) {
  CLI::App* import = Part(usage, "import", "Add the intervals of a file of JSON lines", args);
  import->add_option("FILE", args->file, "One interval per line, as export writes them")
      ->required();
  import->callback([args, exit_code] { *exit_code = UsageImport(*args);
});

CLI::App* verify = usage->add_subcommand(
    "verify", "Check the chain of hashes, the balance of nodes, or a FOCUS file");
verify->add_option("--ledger", args->ledger, "sqlite:FILE or postgresql://...");
verify->add_flag("--balance", args->balance,
                 "Also that tenants + system + reserved + down + idle - over = capacity, for every "
                 "hour, node and unit between --from and --to");
verify->add_option("--from", args->from, "A day or time (UTC)");
verify->add_option("--to", args->to, "A day or time (UTC)");
verify->add_option("--focus", args->file, "Check this CSV file instead of a ledger");
verify->callback([args, exit_code] {
  args->focus = !args->file.empty();
  if (!args->focus && args->ledger.empty()) throw CLI::RequiredError("--ledger");
  *exit_code = UsageVerify(*args);
});

CLI::App* close = Part(usage, "close", "Close a period that is over", args);
close->add_option("--period", args->period, "2026-10")->required();
close->callback([args, exit_code] { *exit_code = UsageClose(*args); });

CLI::App* rates = Part(usage, "rates", "The rates in force, or new ones", args);
rates->add_option("--set", args->file, "A billing document (YAML) to put in force");
rates->callback([args, exit_code] { *exit_code = UsageRates(*args); });
}  // namespace

}  // namespace fairlead::cli

void AddUsage(CLI::App& app, int* exit_code) {
  auto args = std::make_shared<UsageArgs>();
  CLI::App* usage = app.add_subcommand("usage", "Usage, what it costs, and proof of it");
  usage->require_subcommand(1);
  usage->footer(kHelp);
  AddShowing(usage, args, exit_code);
  AddChanging(usage, args, exit_code);
}

}  // namespace fairlead::cli
