#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "fairlead/cycle/decide.h"
#include "scheduler/cli/commands.h"
#include "scheduler/cli/decide_file.h"
#include "scheduler/cli/files.h"
#include "scheduler/cli/plan_text.h"

namespace fairlead::cli {
namespace {

constexpr const char* kHelp =
    R"(One scheduling decision for a cluster given as a YAML file; nothing is changed anywhere.

  now: 2026-01-01T12:00:00Z
  nodes:  [{name: n, count: 4, cpu: 32, memory: 256Gi, gpus: 8, model: H100,
            labels: {rack: r1}, taints: ["team=ml:NoSchedule"]}]     # n-0 .. n-3
  queues: [{name: a, weight: 2}, {name: b}]
  gangs:
    - {name: g1, namespace: ta, queue: a, pods: 8, cpu: 4, memory: 16Gi, gpus: 1}
    - {name: g2, queue: b, pods: 2, gpus: 4, state: running, nodes: {n-0: 1, n-1: 1}}
  policy: {}
  manifests: [pods.yaml]

cpu, memory, ephemeral_storage and gpus of a gang are per pod. A gang may also have min_member
(default: pods), priority, user, submitted, started, selector, tolerations, models, gated,
topology_required, topology_preferred; instead of gpus a part of one: gpu_share (0.25), gpu_memory,
gpu_share_devices, gpu_share_class. A node may have pods (default 110), ephemeral_storage,
unschedulable, slices (that each GPU is cut into), gpu_memory. queues, tenants and policy are those of the configuration.

manifests are Kubernetes objects, inline or files named relative to this one: Pod, Node, Namespace,
Job (its pods are made from its template), PodGroup, PersistentVolumeClaim, PersistentVolume,
StorageClass, CSINode, List. PriorityClass gives priorities.
PodDisruptionBudget is accepted and not used: the API server checks budgets when pods are evicted.
Any other kind is refused by name.)";

struct Options {
  std::string file;
  std::string config;
  std::string dump;
  bool json = false;
};

int Refuse(const Error& error, int code) {
  PrintError(error);
  return code;
}

int Run(const Options& options) {
  std::optional<Config> config;
  if (!options.config.empty()) {
    Result<Config> loaded = LoadConfig(options.config);
    if (!loaded) return Refuse(loaded.error(), kWrongInput);
    config = std::move(*loaded);
  }
  const Result<DecideFile> file = LoadDecideFile(options.file, config);
  if (!file) return Refuse(file.error(), kWrongInput);
  const Snapshot& snapshot = *file->snapshot;
  const DecideInput input{snapshot, file->config.policy, file->now};
  const Decision decision = Decide(input);
  const std::vector<std::string> objections = Verify(snapshot, file->config.policy, decision.plan);
  for (const std::string& objection : objections) {
    fmt::print(stderr, "fairlead: the plan is not sound: {}\n", objection);
  }
  if (!options.dump.empty()) {
    const Status written = WriteFile(options.dump, DumpDecision(input, decision.plan));
    if (!written) return Refuse(written.error(), kFailed);
  }
  const bool colour = isatty(STDOUT_FILENO) == 1;
  fmt::print("{}", options.json ? PlanToJson(snapshot, decision.plan)
                                : PlanToText(snapshot, decision, colour));
  return objections.empty() ? kDone : kFailed;
}

}  // namespace

void AddDecide(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("decide", "One decision for a cluster given as a file");
  command->footer(kHelp);
  command->add_option("FILE", options->file, "The cluster, as YAML")->required();
  command->add_flag("--json", options->json, "Print the plan as JSON");
  command->add_option("--config", options->config,
                      "Take queues, tenants and policy from this configuration");
  command->add_option("--dump", options->dump,
                      "Write the decision with all its input here, for fairlead replay");
  command->callback([options, exit_code] { *exit_code = Run(*options); });
}

}  // namespace fairlead::cli
