#include <signal.h>  // NOLINT(modernize-deprecated-headers): sigaction is POSIX
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "fairlead/base/address.h"
#include "fairlead/config/config.h"
#include "fairlead/engine/engine.h"
#include "fairlead/engine/log.h"
#include "fairlead/kube/client.h"
#include "fairlead/ledger/recorder.h"
#include "fairlead/service/grpc_server.h"
#include "fairlead/service/http_server.h"
#include "scheduler/cli/client_options.h"
#include "scheduler/cli/commands.h"
#include "scheduler/cli/reload.h"
#include "scheduler/cli/signals.h"

namespace fairlead::cli {
namespace {

struct SchedulerArgs {
  std::string kubeconfig;
  std::string context;
  std::string config;
  std::string dump_dir;
  bool dry_run = false;
};

class SystemClock : public Clock {
 public:
  Instant Now() const override {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
  }
};

LogLevel LevelOf(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

int Usage(const Error& error) {
  std::fprintf(stderr, "fairlead scheduler: %s\n", error.ToString().c_str());
  return 2;
}

Result<kube::Connection> Connect(const SchedulerArgs& args) {
  // As kubectl does: a service account is used only where nothing else was asked for.
  const bool in_pod =
      std::getenv("KUBERNETES_SERVICE_HOST") != nullptr &&  // NOLINT: one thread yet
      std::getenv("KUBECONFIG") == nullptr;                 // NOLINT
  if (args.kubeconfig.empty() && in_pod) return kube::InClusterConnection();
  return kube::LoadKubeconfig(args.kubeconfig, args.context);
}

service::GrpcServerOptions GrpcOptionsOf(const Config& config) {
  return {.address = config.grpc_address,
          .port = static_cast<std::uint16_t>(config.grpc_port),
          .tls = {config.grpc_tls_cert, config.grpc_tls_key, config.grpc_tls_client_ca}};
}

// Returns the exit code once SIGTERM or SIGINT has come.
int WaitForEnd(int signals, Engine* engine, ConfigReloader* reloader) {
  while (true) {
    unsigned char number = 0;
    const ssize_t got = read(signals, &number, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got == 1 && number == SIGUSR1) {
      engine->RequestDump();  // within a second, which is how long the loop waits at most
      continue;
    }
    if (got == 1 && number == SIGHUP) {
      reloader->Reload();
      continue;
    }
    return number == SIGINT ? 130 : 0;
  }
}

// The ledger of the configuration and what writes it; all null where there is none.
struct Recording {
  std::unique_ptr<ledger::Store> store;
  std::unique_ptr<ledger::Recorder> recorder;
  std::unique_ptr<ledger::RecorderThread> thread;
};

Result<Recording> StartRecording(const Config& config, std::int64_t epoch, ClusterWriter* writer,
                                 Metrics* metrics) {
  Recording recording;
  if (config.ledger_store.empty()) return recording;
  auto store = ledger::OpenStore(config.ledger_store);
  if (!store.ok()) return store.error();
  recording.store = std::move(*store);
  ledger::RecorderOptions options;
  options.most_waiting = config.ledger_most_waiting;
  options.book.cluster = config.ledger_cluster;
  options.book.epoch = epoch;
  options.book.environment_label = config.ledger_environment_label;
  options.book.cost_center_label = config.ledger_cost_center_label;
  options.book.labels = config.ledger_labels;
  recording.recorder = std::make_unique<ledger::Recorder>(recording.store.get(), options);
  if (const Status restored = recording.recorder->Restore(); !restored) return restored.error();
  recording.thread =
      std::make_unique<ledger::RecorderThread>(recording.recorder.get(), writer, metrics);
  return recording;
}

int RunScheduler(const SchedulerArgs& args) {
  Config config;
  if (!args.config.empty()) {
    auto loaded = LoadConfig(args.config);
    if (!loaded) return Usage(loaded.error());
    config = std::move(*loaded);
  }
  SetLogLevel(LevelOf(config.log_level));
  auto connection = Connect(args);
  if (!connection) return Usage(connection.error());
  const std::string server = connection->server;

  const int signals = ListenForSignals({SIGTERM, SIGINT, SIGUSR1, SIGHUP});
  Metrics metrics;
  SystemClock clock;
  QueueBoard board;
  EngineOptions options;
  options.queue_board = &board;
  options.dry_run = args.dry_run;
  options.dump_dir = args.dump_dir.empty() ? config.dump_dir : args.dump_dir;
  options.state_file = config.state_file;
  options.instance = fmt::format("{:x}-{}", clock.Now().ns / 1'000'000'000, getpid());

  // The client posts into the engine and the engine writes through the client, so one of them is
  // made first and learns of the other through a relay.
  struct Relay : EventSink {
    Engine* engine = nullptr;
    void Post(EventBatch batch) override { engine->Post(std::move(batch)); }
  } relay;
  kube::Client client(*connection, ClientOptionsOf(config), &relay, &metrics);
  // A dry run binds nothing, and what others do is another scheduler's to record.
  auto recording = StartRecording(args.dry_run ? Config{} : config, clock.Now().ns / 1'000'000'000,
                                  &client, &metrics);
  if (!recording) return Usage(recording.error());
  ClusterWriter* writer = &client;
  if (recording->thread) {
    writer = recording->thread->writer();
    options.usage_sink = recording->thread->sink();
  }
  Engine engine(config.policy, options, writer, &clock, &metrics);
  relay.engine = &engine;
  if (const Status loaded = engine.LoadState(); !loaded) return Usage(loaded.error());

  const auto readiness = [&engine, &client]() -> std::string {
    std::string trouble = client.Trouble();
    if (!trouble.empty()) return trouble;
    return engine.Synced() ? "" : "informers are not synced yet";
  };
  auto http = service::HttpServer::Start(
      {config.http_address, static_cast<std::uint16_t>(config.http_port)},
      {[&metrics] { return metrics.Text(); }, readiness});
  if (!http) {
    std::fprintf(stderr, "fairlead scheduler: %s\n", http.error().ToString().c_str());
    return 1;
  }
  auto grpc = service::GrpcServer::Start(GrpcOptionsOf(config), &board);
  if (!grpc) {
    std::fprintf(stderr, "fairlead scheduler: %s\n", grpc.error().ToString().c_str());
    return 1;
  }
  Log(LogLevel::kInfo,
      "fairlead scheduler for {}{}; metrics and health on http://{}; queues on {}, gRPC {}", server,
      args.dry_run ? " (dry run: nothing is written)" : "",
      HostAndPort(config.http_address, (*http)->port()),
      HostAndPort(config.grpc_address, (*grpc)->port()),
      config.grpc_tls_cert.empty() ? "without TLS" : "with mutual TLS");

  client.OnDiscovered(
      [&engine](std::vector<ObjectKind> kinds) { engine.ExpectSync(std::move(kinds)); });
  std::thread loop([&engine] { engine.Run(); });
  client.Start();
  ConfigReloader reloader(args.config, config, &engine, &metrics);
  const int exit_code = WaitForEnd(signals, &engine, &reloader);
  Log(LogLevel::kInfo, "ending: no new decisions, bindings under way are finished");
  engine.Stop();
  loop.join();
  recording->thread.reset();  // writes what waits, and its bindings go
  client.Stop(Duration::Seconds(5));
  Log(LogLevel::kInfo, "ended");
  return exit_code;
}

}  // namespace

void AddScheduler(CLI::App& app, int* exit_code) {
  auto* command = app.add_subcommand(
      "scheduler", "Schedule the pods of a cluster that name one of our scheduler names");
  auto args = std::make_shared<SchedulerArgs>();
  command->add_option("--kubeconfig", args->kubeconfig,
                      "Kubeconfig file (default: $KUBECONFIG, in a pod its service account, else "
                      "~/.kube/config)");
  command->add_option("--context", args->context,
                      "Context of the kubeconfig (default: its current)");
  command->add_option("--config", args->config, "Configuration file (default: built-in defaults)");
  command->add_option("--dump-dir", args->dump_dir,
                      "Where decisions are dumped on SIGUSR1 and when one fails verification");
  command->add_flag("--dry-run", args->dry_run, "Decide and say what would be done, write nothing");
  command->footer(
      "SIGTERM ends cleanly; SIGHUP reads the configuration file again (queues, tenants and policy "
      "change without a restart). Examples:\n"
      "  fairlead scheduler --kubeconfig ~/.kube/config --config config/fairlead.yaml\n"
      "  fairlead scheduler --dry-run\n"
      "  kill -HUP PID         # after an edit of the configuration file\n"
      "  kill -USR1 PID        # dump the next decision, for fairlead replay");
  command->callback([args, exit_code] { *exit_code = RunScheduler(*args); });
}

}  // namespace fairlead::cli
