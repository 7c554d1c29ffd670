#include <fmt/format.h>
#include <malloc.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGINT is POSIX

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "fairlead/engine/log.h"
#include "fairlead/ledger/statement_text.h"
#include "scheduler/cli/commands.h"
#include "scheduler/cli/demo_screen.h"
#include "scheduler/cli/demo_world.h"
#include "scheduler/cli/files.h"
#include "scheduler/cli/signals.h"
#include "scheduler/cli/terminal.h"

namespace fairlead::cli {
namespace {

constexpr int kFrameMs = 100;
constexpr Duration kStateEvery = Duration::Seconds(5);  // real time, of plain lines
constexpr std::int64_t kPatienceS = 60;                 // without any progress

struct Args {
  std::string scenario;
  std::int64_t nodes = 0;
  std::int64_t speed = 0;
  std::int64_t seed = -1;
  int port = 0;
  bool serve = false;
  bool json = false;
  bool plain = false;
};

// Shows the world until it is done, and knows how it ended.
class Audience {
 public:
  Audience(const DemoScenario& scenario, const DemoWorld& world, int signals, const Args& args)
      : world_(world), signals_(signals), args_(args), begun_(std::chrono::steady_clock::now()) {
    header_.nodes = scenario.total_nodes();
    header_.gpus = scenario.total_gpus();
    header_.speed = scenario.speed;
  }

  // An exit code, or -1: all gangs have run.
  int Watch() {
    const int ended = Live() ? WatchLive() : WatchLines();
    return ended;
  }

  int Finish() {
    DemoSummary summary;
    world_.Look([&](DemoView& view, Instant now) { summary.result = view.Result(now); });
    summary.double_bookings = world_.double_bookings();
    summary.seconds = RealSeconds();
    AddCost(&summary);
    fmt::print("{}", args_.json ? SummaryJson(summary) : SummaryText(summary, ShowsColours()));
    std::fflush(stdout);
    const bool all = summary.result.gangs_started == summary.result.gangs_total;
    return summary.double_bookings == 0 && all ? kDone : kFailed;
  }

  // Until a signal comes; its exit code.
  int Serve() {
    fmt::print(args_.json ? stderr : stdout,
               "\nThe cluster stays up. In another terminal:\n"
               "  kubectl --server={} get pods --all-namespaces\nCtrl-C ends it.\n",
               world_.url());
    std::fflush(stdout);
    return WaitForSignal(-1);
  }

 private:
  void AddCost(DemoSummary* summary) const {
    const Result<ledger::Statement> cost = world_.Cost();
    if (!cost.ok()) {
      PrintError(cost.error());
      return;
    }
    summary->statement = fmt::format("what it would cost ({}, default rates):\n{}", cost->currency,
                                     ledger::GroupTable(*cost));
    summary->costs.reserve(cost->groups.size());
    for (const ledger::GroupSum& group : cost->groups) {
      summary->costs.push_back({group.name, ledger::ShortDecimal(group.gpu_micro, 6),
                                ledger::FixedDecimal(group.cost, cost->digits), cost->currency});
    }
  }

  bool Live() {
    if (args_.json || args_.plain || !CanRedraw()) return false;
    int columns = 0;
    int rows = 0;
    if (!TerminalSize(&columns, &rows)) return false;
    if (columns >= kMinColumns && rows >= kMinRows) return true;
    fmt::print(
        "the terminal has {} columns and {} rows; the live view needs {} and {}: plain lines\n",
        columns, rows, kMinColumns, kMinRows);
    return false;
  }

  // 0 after `milliseconds` without a signal; else the exit code that the signal asks for, or -2 for
  // one that asks to end well.
  int WaitForSignal(int milliseconds) const {
    const int number = fairlead::cli::WaitForSignal(signals_, milliseconds);
    if (number == 0) return 0;
    return number == SIGINT ? kInterrupted : -2;
  }

  std::int64_t RealSeconds() const {
    const auto passed = std::chrono::steady_clock::now() - begun_;
    return std::chrono::duration_cast<std::chrono::seconds>(passed).count();
  }

  // Whether something has started or ended within the patience.
  bool Progresses(const DemoView& view) {
    const std::size_t progress = view.StartsAfter(0).size() + view.ended();
    if (progress != progress_ || view.running() > 0) {
      progress_ = progress;
      progress_at_ = RealSeconds();
    }
    return RealSeconds() - progress_at_ < kPatienceS;
  }

  int WatchLive() {
    LiveScreen screen;
    while (true) {
      ScreenStyle style = StyleOfTerminal();
      style.columns = std::max(style.columns, kMinColumns);
      std::string frame;
      bool done = false;
      bool stuck = false;
      header_.clock = world_.clock();
      world_.Look([&](const DemoView& view, Instant now) {
        frame = DemoFrame(view, header_, now, style);
        done = view.AllEnded();
        stuck = !Progresses(view);
      });
      screen.Show(frame);
      if (done) return -1;
      if (stuck) return kFailed;
      if (const int code = WaitForSignal(kFrameMs); code != 0) return code == -2 ? kDone : code;
    }
  }

  int WatchLines() {
    std::size_t seen = 0;
    std::int64_t next_state = kStateEvery.ns;
    while (true) {
      bool done = false;
      bool stuck = false;
      std::string lines;
      header_.clock = world_.clock();
      const bool state_due = RealSeconds() * 1'000'000'000 >= next_state;
      if (state_due) next_state += kStateEvery.ns;
      world_.Look([&](const DemoView& view, Instant now) {
        for (const GangRow& gang : view.StartsAfter(seen)) {
          lines += StartLine(gang, header_.clock) + "\n";
          ++seen;
        }
        if (state_due) lines += StateLine(view, header_, now) + "\n";
        done = view.AllEnded();
        stuck = !Progresses(view);
      });
      if (!args_.json) fmt::print("{}", lines);
      std::fflush(stdout);
      if (done) return -1;
      if (stuck) return kFailed;
      if (const int code = WaitForSignal(kFrameMs); code != 0) return code == -2 ? kDone : code;
    }
  }

  const DemoWorld& world_;
  int signals_;
  const Args& args_;
  DemoHeader header_;
  std::chrono::steady_clock::time_point begun_;
  std::size_t progress_ = 0;
  std::int64_t progress_at_ = 0;
};

Result<DemoScenario> ScenarioOf(const Args& args) {
  DemoScenario scenario;
  if (args.scenario.empty()) {
    DemoNodes nodes;
    if (args.nodes > 0) nodes.count = args.nodes;
    scenario = GenerateDemo({nodes}, args.seed < 0 ? 1 : static_cast<std::uint64_t>(args.seed));
  } else {
    Result<DemoScenario> loaded = LoadDemo(args.scenario);
    if (!loaded) return loaded.error();
    scenario = std::move(*loaded);
  }
  if (args.speed > 0) scenario.speed = args.speed;
  return scenario;
}

int Run(const Args& args) {
  const Result<DemoScenario> scenario = ScenarioOf(args);
  if (!scenario) {
    PrintError(scenario.error());
    return kWrongInput;
  }
  SetLogLevel(LogLevel::kError);
  // The heaps that malloc gives to further threads grow page by page, each time by a call of the
  // kernel: a quarter of the API server's time under load. All threads share the main heap instead.
  mallopt(M_ARENA_MAX, 1);       // NOLINT(concurrency-mt-unsafe): one thread yet
  mallopt(M_TOP_PAD, 16 << 20);  // NOLINT(concurrency-mt-unsafe)
  const int signals = ListenForSignals({SIGTERM, SIGINT, SIGHUP});
  auto world = DemoWorld::Start(*scenario, static_cast<std::uint16_t>(args.port));
  if (!world) {
    PrintError(world.error());
    return kFailed;
  }
  if (args.serve && !args.json) {
    fmt::print("kubectl --server={} works against this cluster\n", (*world)->url());
  }
  Audience audience(*scenario, **world, signals, args);
  const int interrupted = audience.Watch();
  const int outcome = audience.Finish();
  if (interrupted == kInterrupted) return kInterrupted;
  if (interrupted == kFailed) {
    fmt::print(stderr, "fairlead: nothing has started or ended for {} s: giving up\n", kPatienceS);
    return kFailed;
  }
  if (args.serve && interrupted < 0) {
    const int ended = audience.Serve();
    return ended == kInterrupted ? kInterrupted : outcome;
  }
  return outcome;
}

}  // namespace

void AddDemo(CLI::App& app, int* exit_code) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "demo", "See it work: three tenants' gangs on a simulated cluster, in about a minute");
  command->add_option("--scenario", args->scenario, "Play this file instead of the built-in load");
  command->add_option("--nodes", args->nodes, "Nodes with 8 GPUs each (default 40)")
      ->check(CLI::Range(1, 5'000))
      ->excludes("--scenario");
  command->add_option("--speed", args->speed, "Cluster time over real time (default 2)")
      ->check(CLI::Range(1, 1'000));
  command->add_option("--seed", args->seed, "Of the built-in load (default 1)")
      ->check(CLI::NonNegativeNumber)
      ->excludes("--scenario");
  command->add_option("--port", args->port, "Of the API server on 127.0.0.1 (default: a free one)")
      ->check(CLI::Range(0, 65'535));
  command->add_flag("--serve", args->serve,
                    "Stay up after the load has run, for kubectl, until Ctrl-C");
  command->add_flag("--json", args->json, "Print only the summary, as JSON");
  command->add_flag("--plain", args->plain, "Lines instead of the live view");
  command->footer(std::string(kDemoFormat) +
                  "\nExit code 1: a double booking, or a gang that never started. Examples:\n"
                  "  fairlead demo\n"
                  "  fairlead demo --nodes 200 --speed 5\n"
                  "  fairlead demo --serve --port 8480\n"
                  "  fairlead demo --json | jq .tenants");
  command->callback([args, exit_code] { *exit_code = Run(*args); });
}

}  // namespace fairlead::cli
