#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "fairlead/config/config.h"
#include "fairlead/queues/tree.h"
#include "scheduler/cli/commands.h"

namespace fairlead::cli {
namespace {

constexpr int kDone = 0;
constexpr int kWrongConfiguration = 2;

std::string Counted(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

// "4 queues (3 leaves, depth 2)"
std::string TreeFacts(const QueueTree& tree) {
  std::size_t leaves = 0;
  std::size_t deepest = 0;
  std::vector<std::size_t> depth(tree.size(), 1);
  for (const QueueId queue : tree.DepthFirst()) {
    const QueueId parent = tree.parent(queue);
    if (parent.valid()) depth[queue.index()] = depth[parent.index()] + 1;
    deepest = std::max(deepest, depth[queue.index()]);
    if (tree.IsLeaf(queue)) ++leaves;
  }
  return fmt::format("{} ({} {}, depth {})", Counted(tree.size(), "queue"), leaves,
                     leaves == 1 ? "leaf" : "leaves", deepest);
}

int Check(const std::string& path) {
  const Result<Config> config = LoadConfig(path);
  if (!config.ok()) {
    fmt::print(stderr, "{}\n", config.error().ToString());
    return kWrongConfiguration;
  }
  fmt::print("{}: ok, {}, {}\n", path, TreeFacts(QueueTree(config->policy.queues)),
             Counted(config->policy.tenants.size(), "tenant"));
  return kDone;
}

}  // namespace

void AddConfig(CLI::App& app, int* exit_code) {
  CLI::App* config = app.add_subcommand("config", "Check a configuration file, print its schema");
  config->require_subcommand(1);
  config->footer(
      "Examples:\n  fairlead config check /etc/fairlead/fairlead.yaml\n"
      "  fairlead config schema > fairlead.schema.json");

  CLI::App* check = config->add_subcommand(
      "check", "Check a file: exit code 0 if it is sound, 2 and FILE:LINE:COLUMN if not");
  check->footer("Example:\n  fairlead config check /etc/fairlead/fairlead.yaml");
  const auto path = std::make_shared<std::string>();
  check->add_option("FILE", *path, "Configuration file (YAML)")->required();
  check->callback([path, exit_code] { *exit_code = Check(*path); });

  CLI::App* schema = config->add_subcommand("schema", "Print the JSON Schema (draft 2020-12)");
  schema->footer("Example:\n  fairlead config schema > fairlead.schema.json");
  schema->callback([exit_code] {
    fmt::print("{}", ConfigSchema());
    *exit_code = kDone;
  });
}

}  // namespace fairlead::cli
