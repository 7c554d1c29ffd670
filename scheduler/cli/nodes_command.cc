#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "scheduler/cli/commands.h"
#include "scheduler/cli/files.h"
#include "scheduler/cli/node_table.h"
#include "scheduler/cli/scheduler_client.h"
#include "scheduler/cli/server_options.h"
#include "scheduler/cli/terminal.h"

namespace fairlead::cli {
namespace {

struct Args {
  SchedulerAddress server;
  bool json = false;
};

int Run(const Args& args) {
  const auto client = SchedulerClient::Make(args.server);
  if (!client) {
    PrintError(client.error());
    return kWrongInput;
  }
  const Result<NodesReport> report = (*client)->Nodes();
  if (!report) {
    PrintError(report.error());
    return kFailed;
  }
  const std::string text = args.json ? NodesJson(*report) : NodesText(*report, StyleOfTerminal());
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kDone;
}

}  // namespace

void AddNodes(CLI::App& app, int* exit_code) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "nodes", "Show what is used and free on every node, and what keeps pods off it");
  AddServerOptions(command, &args->server);
  command->add_flag("--json", args->json, "One line of JSON");
  command->footer(
      "GPUS: a cell for each GPU, free, taken, or as full as its slices are; +N: GPUs of pods that "
      "do not say which. FREE: GPUs. UNUSABLE: of these, what the typical pod of the cluster "
      "cannot "
      "use. CPU, MEMORY, PODS: free of all.\n"
      "Exit code 1: no scheduler answers. Examples:\n"
      "  fairlead nodes\n"
      "  fairlead nodes --json | jq '.nodes[] | select(.out_of_use != []) | .name'");
  command->callback([args, exit_code] { *exit_code = Run(*args); });
}

}  // namespace fairlead::cli
