#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "scheduler/cli/commands.h"

namespace {

int Run(int argc, char** argv) {
  CLI::App app{
      "Fairlead: the fair-share gang scheduler for GPU clusters.\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 the asked-for condition "
      "does not "
      "hold, 130 interrupted.",
      "fairlead"};
  app.set_version_flag("--version", FAIRLEAD_VERSION);
  app.require_subcommand(1);
  int exit_code = 0;
  fairlead::cli::AddDemo(app, &exit_code);
  fairlead::cli::AddScheduler(app, &exit_code);
  fairlead::cli::AddNodes(app, &exit_code);
  fairlead::cli::AddQueues(app, &exit_code);
  fairlead::cli::AddDecide(app, &exit_code);
  fairlead::cli::AddReplay(app, &exit_code);
  fairlead::cli::AddSimulate(app, &exit_code);
  fairlead::cli::AddFairshare(app, &exit_code);
  fairlead::cli::AddUsage(app, &exit_code);
  fairlead::cli::AddConfig(app, &exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    std::fputs("\n", stderr);
  }
  return 1;
}
