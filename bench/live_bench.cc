// Measures Fairlead at a real control plane: how fast it binds beside the bare binding rate of the
// API server and beside the default kube-scheduler, what that costs, how long one pod waits, and
// how soon it is ready in a full cluster. bench/README.md says what each figure means.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>

#include "bench/live_load.h"
#include "bench/live_report.h"

namespace fairlead::bench {
namespace {

using e2e::ControlPlane;

constexpr int kPerSecond = 100;

struct Options {
  int runs = 5;
  std::size_t nodes = 5000;
  std::size_t pods = 10000;
  int latency_seconds = 30;
  bool skip_kube_scheduler = false;
  std::string only;  // binding, latency or ready; empty: all
  std::string json;
};

bool Wanted(const Options& options, const char* part) {
  return options.only.empty() || options.only == part;
}

// A new control plane with nodes; it ends with the object.
std::unique_ptr<ControlPlane> NewPlane(const std::string& work, const std::string& name,
                                       std::size_t nodes) {
  auto plane =
      ControlPlane::Start(work + "/" + name, {"--no-controller-manager", "--no-podgroups"});
  if (plane == nullptr) return nullptr;
  if (!CreateNamespace(plane->admin()) || !CreateNodes(plane->admin(), nodes)) return nullptr;
  return plane;
}

// Every round has a control plane of its own and measures all modes, each time in another order.
bool Binding(const Options& options, const std::string& work, Report* report) {
  std::vector<Mode> modes = {Mode::kBare,     Mode::kFairleadSingle, Mode::kFairleadRacks,
                             Mode::kBareUser, Mode::kFairleadGangs,  Mode::kFairleadWhole};
  for (int round = 0; round < options.runs; ++round) {
    Say(fmt::format("binding, round {} of {}", round + 1, options.runs));
    const auto plane = NewPlane(work, fmt::format("binding-{}", round), options.nodes);
    if (plane == nullptr) return false;
    std::vector<Mode> order = modes;
    // Once is enough for something that takes a minute and stands far apart.
    if (round == 0 && !options.skip_kube_scheduler) order.push_back(Mode::kKubeSingle);
    for (const Mode mode : order) {
      const auto run = MeasureBinding(*plane, mode, options.pods, options.nodes);
      if (!run) return false;
      report->binding.push_back(*run);
    }
    std::rotate(modes.begin(), modes.begin() + 1, modes.end());
  }
  return true;
}

bool Latency(const Options& options, const std::string& work, Report* report) {
  Say(fmt::format("latency at {} pods/s for {} s", kPerSecond, options.latency_seconds));
  const auto plane = NewPlane(work, "latency", options.nodes);
  if (plane == nullptr) return false;
  for (const Mode mode : {Mode::kFairleadSingle, Mode::kKubeSingle}) {
    if (mode == Mode::kKubeSingle && options.skip_kube_scheduler) continue;
    auto run = MeasureLatency(*plane, mode, kPerSecond, options.latency_seconds);
    if (!run) return false;
    report->latency.push_back(std::move(*run));
  }
  return true;
}

bool Ready(const Options& options, const std::string& work, Report* report) {
  Say(fmt::format("time to ready: creating {} pods", options.nodes * kPodsPerNode));
  const auto plane = NewPlane(work, "ready", options.nodes);
  if (plane == nullptr || !FillForReady(*plane, options.nodes)) return false;
  for (int i = 0; i < options.runs; ++i) {
    const auto run = MeasureReady(*plane);
    if (!run) return false;
    report->ready.push_back(*run);
  }
  return true;
}

bool Measure(const Options& options, const std::string& work, Report* report) {
  report->nodes = options.nodes;
  report->pods = options.pods;
  return (!Wanted(options, "binding") || Binding(options, work, report)) &&
         (!Wanted(options, "latency") || Latency(options, work, report)) &&
         (!Wanted(options, "ready") || Ready(options, work, report));
}

int Run(const Options& options) {
  std::string work = (std::filesystem::temp_directory_path() / "fairlead-bench.XXXXXX").string();
  if (mkdtemp(work.data()) == nullptr) {
    std::perror("a temporary directory");
    return 1;
  }
  Report report;
  const bool done = Measure(options, work, &report);
  // What was measured before something failed is still worth to be read.
  std::fputs(ReportText(report).c_str(), stdout);
  if (!options.json.empty()) e2e::WriteFileText(options.json, ReportJson(report));
  if (!done) {
    std::fprintf(stderr, "live: failed; logs are in %s\n", work.c_str());
    return 1;
  }
  std::filesystem::remove_all(work);
  return 0;
}

}  // namespace
}  // namespace fairlead::bench

namespace {

int Main(int argc, char** argv) {
  fairlead::bench::Options options;
  CLI::App app("Measures Fairlead at a real control plane. See bench/README.md.");
  app.add_option("--runs", options.runs, "Runs of each mode")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--nodes", options.nodes, "Nodes of 8 GPUs")
      ->check(CLI::Range(1, 20000))
      ->capture_default_str();
  app.add_option("--pods", options.pods, "Pods of 1 GPU that are there first")
      ->check(CLI::Range(8, 160000))
      ->capture_default_str();
  app.add_option("--latency-seconds", options.latency_seconds, "How long pods arrive")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  app.add_flag("--skip-kube-scheduler", options.skip_kube_scheduler,
               "Do not measure the kube-scheduler beside it");
  app.add_option("--only", options.only, "One part only")
      ->check(CLI::IsMember({"binding", "latency", "ready"}));
  app.add_option("--json", options.json, "Also write all figures to this file");
  CLI11_PARSE(app, argc, argv);
  if (options.pods % 8 != 0 || options.pods > options.nodes * 8) {
    std::fprintf(stderr, "--pods must be a multiple of 8 and fit on the nodes\n");
    return 2;
  }
  return fairlead::bench::Run(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
