#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "scheduler/cli/commands.h"
#include "scheduler/cli/fairshare_text.h"
#include "scheduler/cli/files.h"
#include "scheduler/cli/terminal.h"

namespace fairlead::cli {
namespace {

constexpr const char* kHelp =
    R"(What every queue of a tree should have: weighted hierarchical dominant resource fairness with
guarantees and limits, exactly. Nothing is changed anywhere; try a weight here before you set it.

  capacity: {cpu: 9, memory: 18}
  queues:
    - {name: a, demand: {cpu: 100, memory: 400}, task: {cpu: 1, memory: 4}}
    - {name: team, weight: 2, guarantee: {cpu: 2}}
    - {name: b, parent: team, limit: {cpu: 6}, demand: {cpu: 300, memory: 100}}

Amounts are Kubernetes quantities of cpu, memory, ephemeral-storage, pods, gpu/<model> and extended
resources; gpu/A100|H100 in a demand is served by either model. Every resource needs an entry under
capacity. A queue has the keys of the configuration; weight, guarantee, limit, lendable,
lending_limit, borrowing and priority matter here, the others are checked only. Leaves have:

  demand  a map, or a list of maps: one for each kind of work, so that the kinds grow apart
  task    what one task uses: then whole tasks are handed out too, in the order of the scheduler,
          beside the entitlements of the leaves without this key

Exit codes: 0 done, 2 the file is wrong (FILE:LINE:COLUMN: FIELD: why).

Examples:
  fairlead fairshare config/examples/fairshare.yaml
  fairlead fairshare --order tree.yaml
  fairlead fairshare --json tree.yaml | jq '.queues[] | {name, dominant_share}')";

struct Options {
  std::string file;
  bool json = false;
  bool order = false;
};

int Run(const Options& options) {
  const Result<FairshareFile> file = LoadFairshare(options.file);
  if (!file.ok()) {
    PrintError(file.error());
    return kWrongInput;
  }
  const Result<FairshareAnswer> answer = AnswerFairshare(*file);
  if (!answer.ok()) {
    Error error = answer.error();
    error.file = options.file;
    PrintError(error);
    return kWrongInput;
  }
  fmt::print("{}", options.json ? FairshareJson(*file, *answer, options.order)
                                : FairshareText(*file, *answer, options.order, ShowsColours()));
  return kDone;
}

}  // namespace

void AddFairshare(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("fairshare", "What each queue of a tree given as a file should have");
  command->footer(kHelp);
  command->add_option("FILE", options->file, "Capacity and queues with demand, as YAML")
      ->required();
  command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("--order", options->order, "Print in which order whole tasks are handed out");
  command->callback([options, exit_code] { *exit_code = Run(*options); });
}

}  // namespace fairlead::cli
