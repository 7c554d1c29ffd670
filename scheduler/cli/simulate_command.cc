#include <fmt/format.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): signal numbers are POSIX
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fairlead/config/config.h"
#include "fairlead/engine/log.h"
#include "fairlead/sim/experiment.h"
#include "scheduler/cli/commands.h"
#include "scheduler/cli/files.h"
#include "scheduler/cli/given_cluster.h"
#include "scheduler/cli/signals.h"

namespace fairlead::cli {
namespace {

constexpr const char* kHelp =
    R"(Answers for capacity planners: what a workload does on a cluster, in virtual time.

  mode: replay                     # jobs come, wait, run and end; or saturation: pods fill it up
  cluster: {nodes: 96, gpus: 8}    # or nodes_file, or shapes: [{count: 4, gpus: 8, model: H100}]
  workload: {format: philly, jobs: jobs.csv.gz}   # or pods, or generator
  queues: [{name: a, weight: 2}, {name: b}]       # queues, tenants, policy: as in the configuration
  policy: {order: [default, greedy]}

  fairlead simulate bench/scenarios/e2-philly.yaml --set cluster.nodes=80 --json results.json
  fairlead simulate plan.yaml --set workload.jobs=october.csv.gz --html report.html

Orders: default (the scheduler's own engine), fifo_strict, shortest_first, greedy,
fair_least_allocated. bench/README.md describes the file, the formats of traces and the results.
Exit code 3: published values that the scenario names are not reproduced, or a search finds none.)";

// Without a file: the cluster as it is.
constexpr std::string_view kLiveScenario =
    "{name: Forecast, mode: replay, workload: {format: k8s, jobs: live}}";

struct Options {
  std::string file;
  std::vector<std::string> settings;
  std::string seed;
  std::string json, csv, html;
  bool progress = false;
  bool schema = false;
  bool skip_bad = false;
  bool from_live = false;
  std::string kubeconfig, context, config;
  sim::ExperimentOptions experiment;
};

// "[#####.....] 42 %, 13 s left" on standard error, redrawn a few times a second.
class ProgressBar {
 public:
  explicit ProgressBar(bool shown) : shown_(shown), begun_(std::chrono::steady_clock::now()) {}
  ~ProgressBar() {
    if (drawn_) fmt::print(stderr, "\r\x1b[K");
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Show(std::size_t done, std::size_t total) {
    using std::chrono::duration;
    if (!shown_ || total == 0 || done == 0) return;
    const auto now = std::chrono::steady_clock::now();
    if (drawn_ && now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    drawn_ = true;
    constexpr std::size_t kWidth = 30;
    const std::size_t full = std::min(kWidth, done * kWidth / total);
    const double spent = duration<double>(now - begun_).count();
    const double left = spent / static_cast<double>(done) * static_cast<double>(total - done);
    fmt::print(stderr, "\r[{}{}] {:3} %, {:.0f} s left \x1b[K", std::string(full, '#'),
               std::string(kWidth - full, '.'), done * 100 / total, left);
  }

 private:
  bool shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point begun_, last_;
};

int Refuse(const Error& error) {
  PrintError(error);
  return kWrongInput;
}

// The scenario as a document, with what the command line sets.
Result<yaml::Node> Load(const Options& options) {
  Result<std::string> text = std::string(kLiveScenario);
  if (!options.file.empty()) text = yaml::ReadFile(options.file);
  if (!text) return text.error();
  Result<yaml::Node> document = yaml::Parse(*text, options.file);
  if (!document) return document.error();
  std::vector<std::string> settings = options.settings;
  if (!options.seed.empty()) settings.push_back("seeds=[" + options.seed + "]");
  if (options.skip_bad) settings.emplace_back("workload.skip_bad=true");
  for (const std::string& setting : settings) {
    if (Status status = sim::ApplySetting(setting, &*document); !status) return status.error();
  }
  return std::move(*document);
}

using GivenCluster = std::shared_ptr<const sim::Given>;

// The cluster where the scenario is about a real one, else null.
Result<GivenCluster> GivenFor(const Options& options, const yaml::Node& document, Config* config) {
  if (options.from_live) return GivenByServer(options.kubeconfig, options.context, config);
  const yaml::Node* workload = document.Find("workload");
  const yaml::Node* format = workload == nullptr ? nullptr : workload->Find("format");
  const yaml::Node* jobs = workload == nullptr ? nullptr : workload->Find("jobs");
  if (format == nullptr || jobs == nullptr || format->scalar != "k8s") return GivenCluster();
  const std::size_t slash = options.file.rfind('/');
  const bool as_is = jobs->scalar.starts_with('/') || jobs->line == 0 || slash == std::string::npos;
  const std::string path = as_is ? jobs->scalar : options.file.substr(0, slash + 1) + jobs->scalar;
  return GivenByDump(path, *config);
}

// The scenario's own queues and policy; of a real cluster without any, those of the configuration
// and of the cluster.
sim::PolicyReader PolicyOf(const GivenCluster& given, const Config& config) {
  if (!given) return ReadPolicy;
  return [&config](const yaml::Node& queues, const yaml::Node* tenants, const yaml::Node* policy,
                   const std::string& file, Policy* out) -> Status {
    if (queues.kind != yaml::Kind::kNull || tenants != nullptr || policy != nullptr) {
      return ReadPolicy(queues, tenants, policy, file, out);
    }
    *out = config.policy;
    return Ok{};
  };
}

// Results go out as far as they got, also after Ctrl-C.
int WriteAll(const Options& options, const sim::Results& results) {
  int code = kDone;
  const auto write = [&code](const std::string& path, std::string_view text) {
    const Status status = WriteFile(path, text);
    if (status) return;
    PrintError(status.error());
    code = kFailed;
  };
  fmt::print("{}", sim::ResultsText(results));
  if (options.json == "-") fmt::print("{}", sim::ResultsJson(results));
  if (!options.json.empty() && options.json != "-") write(options.json, sim::ResultsJson(results));
  if (!options.html.empty()) write(options.html, sim::ResultsHtml(results));
  if (!options.csv.empty()) {
    std::error_code ignored;  // the files say what is wrong
    std::filesystem::create_directories(options.csv, ignored);
    for (const auto& [name, text] : sim::ResultsCsv(results)) write(options.csv + "/" + name, text);
  }
  if (code != kDone) return code;
  if (results.interrupted) return kInterrupted;
  if (results.find && !results.find->value) return kDoesNotHold;
  const bool reproduced =
      std::all_of(results.summary.begin(), results.summary.end(),
                  [](const sim::SaturationSummary& row) { return row.Reproduced(); });
  return reproduced ? kDone : kDoesNotHold;
}

int Run(const Options& options) {
  if (options.schema) {
    fmt::print("{}", sim::ScenarioSchema());
    return kDone;
  }
  Result<yaml::Node> document = Load(options);
  if (!document) return Refuse(document.error());
  Config config;
  if (!options.config.empty()) {
    Result<Config> loaded = LoadConfig(options.config);
    if (!loaded) return Refuse(loaded.error());
    config = std::move(*loaded);
  }
  SetLogLevel(LogLevel::kError);
  const Result<GivenCluster> given = GivenFor(options, *document, &config);
  if (!given) return Refuse(given.error());
  Result<sim::Scenario> scenario =
      sim::ReadScenario(*document, options.file, PolicyOf(*given, config), *given);
  if (!scenario) return Refuse(scenario.error());
  scenario->list_jobs = *given != nullptr || !options.csv.empty();
  const int signals = ListenForSignals({SIGINT, SIGTERM});
  ProgressBar bar(options.progress || isatty(STDERR_FILENO) == 1);
  std::size_t looks = 0;
  sim::RunControl control;
  control.stop = [signals, &looks] { return looks++ % 64 == 0 && WaitForSignal(signals, 0) != 0; };
  control.progress = [&bar](std::size_t done, std::size_t total) { bar.Show(done, total); };
  const Result<sim::Results> results = sim::RunExperiment(
      *scenario, *document, PolicyOf(*given, config), options.experiment, &control);
  if (!results) return Refuse(results.error());
  return WriteAll(options, *results);
}

}  // namespace

void AddSimulate(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("simulate", "What a workload does on a cluster");
  command->footer(kHelp);
  command->add_option("SCENARIO", options->file, "The scenario, as YAML");
  command->add_option("--set", options->settings, "KEY=VALUE: in place of what the scenario says")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--seed", options->seed, "In place of the scenario's seeds")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{4'294'967'295}));
  command->add_option("--json", options->json, "Write the results here; -: standard output");
  command->add_option("--csv", options->csv, "Write tables into this folder");
  command->add_option("--html", options->html, "Write a report for people here: one file");
  command->add_flag("--progress", options->progress, "Show progress also where nobody looks");
  command->add_flag("--skip-bad", options->skip_bad, "Leave bad rows of traces out and count them");
  options->experiment.workers = std::max(1U, std::thread::hardware_concurrency());
  command->add_option("--workers", options->experiment.workers, "Points of a sweep at a time")
      ->check(CLI::Range(1, 1024));
  command->add_option("--resume", options->experiment.resume_dir,
                      "Keep finished points of a sweep in this folder and take them from there");
  command->add_flag("--from-live", options->from_live,
                    "A forecast for a real cluster: its nodes, queues, what runs and what waits");
  command->add_option("--kubeconfig", options->kubeconfig, "Kubeconfig file of that cluster");
  command->add_option("--context", options->context, "Context of the kubeconfig");
  command->add_option("--config", options->config,
                      "Configuration file: queues and policy of a real cluster");
  command->add_flag("--schema", options->schema, "Print the JSON Schema of scenarios");
  command->callback([options, exit_code] {
    if (!options->schema && !options->from_live && options->file.empty()) {
      throw CLI::RequiredError("SCENARIO");
    }
    *exit_code = Run(*options);
  });
}

}  // namespace fairlead::cli
