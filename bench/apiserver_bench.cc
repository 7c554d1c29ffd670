// How many bindings per second the embedded API server takes: it runs on a thread of its own with
// pods in it; a client on another thread of the same process posts one binding per pod over
// keep-alive connections, at most one under way on each, while a watch of all pods must see every
// one of them. Bodies are those that the scheduler sends (protobuf), and the same as JSON.
#include <fmt/format.h>
#include <malloc.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "bench/http_load.h"
#include "fairlead/apiserver/http_front.h"
#include "scheduler/apiserver/api.h"
#include "scheduler/kube/bodies.h"
#include "tests/support/test_authority.h"

namespace fairlead::bench {
namespace {

using apiserver::ApiServer;
using apiserver::HttpFront;
using apiserver::HttpFrontOptions;

constexpr const char* kNamespace = "default";
constexpr double kGoal = 20'000;  // over plain TCP

struct Options {
  bool tls = false;
  std::size_t pods = 50'000;
  std::size_t connections = 32;
  std::size_t nodes = 1'000;
  bool json = false;
};

struct Run {
  std::string bodies;
  LoadResult load;
  double server_cpu_s = 0;
  long rss_kib = 0;  // of the process: server, client and all requests

  double rate(std::size_t pods) const { return static_cast<double>(pods) / load.seconds; }
  double latency_ms(std::size_t per_mille) const {
    const auto& all = load.latencies_ns;
    return all.empty() ? 0 : static_cast<double>(all[(all.size() - 1) * per_mille / 1'000]) / 1e6;
  }
};

class WallClock : public Clock {
 public:
  Instant Now() const override {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
  }
};

std::string PodName(std::size_t i) { return fmt::format("train-{:06}", i); }
std::string NodeName(std::size_t i) { return fmt::format("node-{:04}", i); }

// As long as a training pod is.
std::string PodText(std::size_t i) {
  std::string env;
  for (const char* name : {"NCCL_DEBUG", "NCCL_SOCKET_IFNAME", "OMP_NUM_THREADS", "MASTER_ADDR",
                           "MASTER_PORT", "DATA_DIR", "CHECKPOINT_DIR", "RUN_ID"}) {
    env += fmt::format(R"({}{{"name":"{}","value":"value-of-{}"}})", env.empty() ? "" : ",", name,
                       name);
  }
  constexpr const char* kResources = R"({"cpu":"1","memory":"8Gi","nvidia.com/gpu":"1"})";
  return fmt::format(
      R"({{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{}","labels":{{"team":"vision",)"
      R"("app.kubernetes.io/name":"train"}}}},"spec":{{"schedulerName":"fairlead","containers":[)"
      R"({{"name":"main","image":"registry.example/train:1","env":[{}],)"
      R"("resources":{{"requests":{},"limits":{}}}}}]}}}})",
      PodName(i), env, kResources, kResources);
}

bool CreatePods(ApiServer* server, std::size_t pods) {
  apiserver::Request request;
  request.method = "POST";
  request.content_type = "application/json";
  request.path = fmt::format("/api/v1/namespaces/{}/pods", kNamespace);
  for (std::size_t i = 0; i < pods; ++i) {
    request.body = PodText(i);
    const apiserver::Response response = server->Handle(request);
    if (response.status != 201) {
      std::fprintf(stderr, "pod: %d %s\n", response.status, response.body.c_str());
      return false;
    }
  }
  return true;
}

// 1.20 ignores the uid and a current server checks it; so it is the pod's.
std::string BindingRequest(ApiServer* server, std::size_t i, std::size_t nodes, bool protobuf) {
  const std::string name = PodName(i);
  const apiserver::Store& store = server->api().store();
  const apiserver::VersionPtr pod = store.Get("pods", kNamespace, name);
  const std::string uid(apiserver::GetString(pod->object, {"metadata", "uid"}));
  const std::string node = NodeName(i % nodes);
  BindRequest bind;
  bind.pod.ns = kNamespace;
  bind.pod.name = name;
  bind.pod.uid = uid;
  bind.node = node;
  bind.gpu_devices = {static_cast<std::int32_t>(i % 8)};
  bind.decision = "7-1234";
  const std::string body =
      protobuf
          ? kube::BindingBody(bind)
          : fmt::format(R"({{"apiVersion":"v1","kind":"Binding","metadata":{{"name":"{}",)"
                        R"("namespace":"{}","uid":"{}","annotations":{{)"
                        R"("fairlead.dev/gpu-assignment":"{}","fairlead.dev/decision":"{}"}}}},)"
                        R"("target":{{"kind":"Node","name":"{}"}}}})",
                        name, kNamespace, uid, i % 8, bind.decision, node);
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: fairlead\r\n"
      "Accept: application/vnd.kubernetes.protobuf, application/json\r\n"
      "Content-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
      kube::PodPath(bind.pod, "binding"),
      protobuf ? "application/vnd.kubernetes.protobuf" : "application/json", body.size(), body);
}

long RssKib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  long value = 0;
  while (status >> word) {
    if (word == "VmRSS:") status >> value;
  }
  return value;
}

double ThreadCpu() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// On the loop's thread.
double CpuOf(net::IoLoop* loop) {
  std::promise<double> cpu;
  loop->Post([&cpu] { cpu.set_value(ThreadCpu()); });
  return cpu.get_future().get();
}

HttpFrontOptions FrontOptions(bool tls) {
  HttpFrontOptions options;
  if (tls) {
    const testing::Certificate certificate =
        testing::MakeCertificate(testing::MakeAuthority("bench"), "IP:127.0.0.1");
    options.cert_pem = certificate.cert_pem;
    options.key_pem = certificate.key_pem;
  }
  return options;
}

bool Measure(const Options& options, bool protobuf, Run* run) {
  const WallClock clock;
  net::IoLoop loop;
  ApiServer server({}, &clock);
  if (!CreatePods(&server, options.pods)) return false;
  LoadPlan plan;
  for (std::size_t i = 0; i < options.pods; ++i) {
    plan.requests.push_back(BindingRequest(&server, i, options.nodes, protobuf));
  }
  plan.watch = fmt::format(
      "GET /api/v1/pods?watch=1&allowWatchBookmarks=true&resourceVersion={} HTTP/1.1\r\n"
      "Host: 127.0.0.1\r\nAccept: application/vnd.kubernetes.protobuf;stream=watch\r\n\r\n",
      server.api().store().revision());
  HttpFront front(&loop, &server, FrontOptions(options.tls), nullptr);
  if (const Status listening = front.Listen(); !listening.ok()) {
    std::fprintf(stderr, "%s\n", listening.error().ToString().c_str());
    return false;
  }
  plan.port = front.port();
  plan.tls = options.tls;
  plan.connections = options.connections;
  std::thread thread([&loop] { loop.Run(); });
  const double before = CpuOf(&loop);
  run->bodies = protobuf ? "protobuf" : "JSON";
  run->load = RunLoad(plan);
  run->server_cpu_s = CpuOf(&loop) - before;
  run->rss_kib = RssKib();
  loop.Stop();
  thread.join();
  if (!run->load.error.empty()) std::fprintf(stderr, "%s\n", run->load.error.c_str());
  return run->load.error.empty();
}

void PrintTable(const Options& options, const std::vector<Run>& runs) {
  fmt::print("{} binding POSTs over {} {} connections, one watcher\n\n", options.pods,
             options.connections, options.tls ? "TLS" : "plain");
  fmt::print("{:<10}{:>10}{:>14}{:>10}{:>10}{:>14}{:>14}{:>10}\n", "bodies", "binds/s",
             "events seen", "p50 ms", "p99 ms", "server CPU-s", "us per bind", "RSS MiB");
  for (const Run& run : runs) {
    const double rate = run.rate(options.pods);
    fmt::print("{:<10}{:>10.0f}{:>14}{:>10.2f}{:>10.2f}{:>14.2f}{:>14.1f}{:>10}{}\n", run.bodies,
               rate, run.load.modified, run.latency_ms(500), run.latency_ms(990), run.server_cpu_s,
               run.server_cpu_s * 1e6 / static_cast<double>(options.pods), run.rss_kib / 1'024,
               options.tls
                   ? ""
                   : fmt::format("  (goal {:.0f}) {}", kGoal, rate >= kGoal ? "ok" : "MISSED"));
  }
}

void PrintJson(const Options& options, const std::vector<Run>& runs) {
  std::string rows;
  for (const Run& run : runs) {
    rows += fmt::format(
        R"({}{{"bodies":"{}","binds_per_s":{:.0f},"seconds":{:.3f},"seconds_to_last_event":{:.3f},)"
        R"("events":{},"p50_ms":{:.3f},"p99_ms":{:.3f},"server_cpu_s":{:.3f},"rss_mib":{}}})",
        rows.empty() ? "" : ",", run.bodies, run.rate(options.pods), run.load.seconds,
        run.load.seconds_to_last_event, run.load.modified, run.latency_ms(500), run.latency_ms(990),
        run.server_cpu_s, run.rss_kib / 1'024);
  }
  fmt::print(R"({{"pods":{},"connections":{},"tls":{},"runs":[{}]}})"
             "\n",
             options.pods, options.connections, options.tls, rows);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures the embedded API server: bindings per second with one watcher.");
  app.add_flag("--tls", options.tls, "TLS instead of plain TCP");
  app.add_option("--pods", options.pods, "Pods, each of which is bound once")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--connections", options.connections, "Keep-alive connections of the client")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app.add_flag("--json", options.json, "JSON instead of a table");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::vector<Run> runs;
  for (const bool protobuf : {true, false}) {
    Run run;
    if (!Measure(options, protobuf, &run)) return 1;
    runs.push_back(std::move(run));
  }
  options.json ? PrintJson(options, runs) : PrintTable(options, runs);
  return 0;
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
  // The heaps that malloc gives to further threads grow by single pages, each with a call of the
  // kernel: a quarter of the server's time. All threads share the main heap instead, which grows
  // in large steps.
  // Nothing else runs yet.
  mallopt(M_ARENA_MAX, 1);       // NOLINT(concurrency-mt-unsafe)
  mallopt(M_TOP_PAD, 16 << 20);  // NOLINT(concurrency-mt-unsafe)
  try {
    return fairlead::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fairlead-apiserver-bench: %s\n", error.what());
    return 1;
  }
}
