#include <fmt/format.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): SIGINT is POSIX

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "scheduler/cli/commands.h"
#include "scheduler/cli/files.h"
#include "scheduler/cli/queue_table.h"
#include "scheduler/cli/scheduler_client.h"
#include "scheduler/cli/server_options.h"
#include "scheduler/cli/signals.h"
#include "scheduler/cli/terminal.h"

namespace fairlead::cli {
namespace {

constexpr int kLookMs = 100;  // how often a watch looks for tables and signals
constexpr Duration kLiveInterval = Duration::Milliseconds(250);
constexpr Duration kLineInterval = Duration::Seconds(1);

struct Args {
  SchedulerAddress server;
  bool watch = false;
  bool json = false;
};

// Of what is printed once or line after line: as wide as the terminal, or as it takes.
ScreenStyle StyleOfOutput() {
  ScreenStyle style = StyleOfTerminal();
  int rows = 0;
  if (!TerminalSize(&style.columns, &rows)) style.columns = kAnyWidth;
  return style;
}

// False: nobody reads any more.
bool Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0;
}

int List(SchedulerClient* client, const Args& args) {
  const Result<QueueTable> table = client->List();
  if (!table) {
    PrintError(table.error());
    return kFailed;
  }
  Print(args.json ? QueueTableJson(*table) : QueueTableText(*table, StyleOfOutput()));
  return kDone;
}

// Tables as they come, on a thread of their own, and how that ended.
class Feed {
 public:
  Feed(SchedulerClient* client, Duration interval)
      : client_(client), thread_([this, interval] { Run(interval); }) {}
  ~Feed() {
    client_->Cancel();
    thread_.join();
  }
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // What has come since the last call.
  std::vector<QueueTable> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(tables_, {});
  }
  // Once it has ended and everything was taken.
  std::optional<Status> ended() const {
    const std::lock_guard lock(mutex_);
    return tables_.empty() ? ended_ : std::nullopt;
  }

 private:
  void Run(Duration interval) {
    Status status = client_->Watch(interval, [this](QueueTable table) {
      const std::lock_guard lock(mutex_);
      tables_.push_back(std::move(table));
    });
    const std::lock_guard lock(mutex_);
    ended_ = std::move(status);
  }

  SchedulerClient* const client_;
  mutable std::mutex mutex_;
  std::vector<QueueTable> tables_;  // under mutex_
  std::optional<Status> ended_;     // under mutex_
  std::thread thread_;              // last, so that it finds the others
};

// Draws each table over the last one, and again when the terminal changes its size.
class LiveView {
 public:
  explicit LiveView(std::string server) : server_(std::move(server)) { Draw(); }

  bool Show(std::vector<QueueTable> tables) {
    const ScreenStyle style = StyleOfTerminal();
    const bool resized = style.columns != style_.columns || style.rows != style_.rows;
    if (tables.empty() && !resized) return true;
    if (!tables.empty()) table_ = std::move(tables.back());
    Draw();
    return true;
  }

 private:
  void Draw() {
    style_ = StyleOfTerminal();
    const std::string title = "fairlead queues " + server_ + "  ";
    screen_.Show(table_ ? QueueFrame(*table_, title + QueueTitle(*table_), style_)
                        : Fit(title + "waiting for the first decision", style_.columns));
  }

  LiveScreen screen_;
  std::string server_;
  ScreenStyle style_;
  std::optional<QueueTable> table_;
};

// Prints each table below the last one.
class LineView {
 public:
  explicit LineView(bool json) : json_(json) {}

  bool Show(const std::vector<QueueTable>& tables) {
    std::string text;
    for (const QueueTable& table : tables) {
      text += json_ ? QueueTableJson(table)
                    : QueueTitle(table) + "\n" + QueueTableText(table, StyleOfOutput()) + "\n";
    }
    return text.empty() || Print(text);
  }

 private:
  bool json_;
};

// Until a signal comes, the server ends it, or nobody reads any more.
template <typename View>
int Follow(int signals, Duration interval, SchedulerClient* client, View* view, Status* ended) {
  Feed feed(client, interval);
  while (true) {
    if (!view->Show(feed.Take())) return kDone;
    if (auto status = feed.ended()) {
      *ended = std::move(*status);
      return kFailed;
    }
    if (const int number = WaitForSignal(signals, kLookMs); number != 0) {
      return number == SIGINT ? kInterrupted : kDone;
    }
  }
}

int Watch(SchedulerClient* client, const Args& args) {
  const int signals = ListenForSignals({SIGINT, SIGTERM, SIGHUP});
  Status ended = Ok{};
  int code = kDone;
  if (!args.json && CanRedraw()) {
    LiveView view(args.server.address);
    code = Follow(signals, kLiveInterval, client, &view, &ended);
  } else {
    LineView view(args.json);
    code = Follow(signals, kLineInterval, client, &view, &ended);
  }
  if (!ended.ok()) PrintError(ended.error());
  return code;
}

int Run(const Args& args) {
  auto client = SchedulerClient::Make(args.server);
  if (!client) {
    PrintError(client.error());
    return kWrongInput;
  }
  return args.watch ? Watch(client->get(), args) : List(client->get(), args);
}

}  // namespace

void AddQueues(CLI::App& app, int* exit_code) {
  auto args = std::make_shared<Args>();
  CLI::App* command = app.add_subcommand(
      "queues", "Show what every queue of a running scheduler holds, wants and is entitled to");
  AddServerOptions(command, &args->server);
  command->add_flag("--watch", args->watch, "Go on, with a new table after every change");
  command->add_flag("--json", args->json, "One line of JSON per table");
  command->footer(
      "SHARE: of what the queue holds, the largest part of any resource of the cluster; the mark "
      "in "
      "the bar: what it should have. OLDEST: how long the gang has waited that waits longest.\n"
      "Exit code 1: no scheduler answers. Examples:\n"
      "  fairlead queues\n"
      "  fairlead queues --watch\n"
      "  fairlead queues --json | jq '.queues[] | {name, dominant_share, bound_by}'\n"
      "  fairlead queues --server sched.example:8471 --tls-ca ca.pem --tls-cert me.pem --tls-key "
      "me.key");
  command->callback([args, exit_code] { *exit_code = Run(*args); });
}

}  // namespace fairlead::cli
