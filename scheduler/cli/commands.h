// The subcommands of the `fairlead` binary. Each Add function declares its options on the app and,
// when its subcommand was chosen, sets the exit code: 0 done, 1 failed, 2 wrong usage or
// configuration, 3 the asked-for condition does not hold, 130 interrupted.
#pragma once

namespace CLI {
class App;
}

namespace fairlead::cli {

void AddDemo(CLI::App& app, int* exit_code);       // fairlead demo
void AddScheduler(CLI::App& app, int* exit_code);  // fairlead scheduler --kubeconfig F
void AddNodes(CLI::App& app, int* exit_code);      // fairlead nodes [--json]
void AddQueues(CLI::App& app, int* exit_code);     // fairlead queues [--watch] [--json]
void AddDecide(CLI::App& app, int* exit_code);     // fairlead decide FILE.yaml [--json]
void AddReplay(CLI::App& app, int* exit_code);     // fairlead replay FILE
void AddSimulate(CLI::App& app, int* exit_code);   // fairlead simulate SCENARIO.yaml
void AddUsage(CLI::App& app, int* exit_code);      // fairlead usage list|statement|...
void AddConfig(CLI::App& app,
               int* exit_code);  // fairlead config check FILE, fairlead config schema
void AddFairshare(CLI::App& app,
                  int* exit_code);  // fairlead fairshare FILE.yaml [--json] [--order]

}  // namespace fairlead::cli
