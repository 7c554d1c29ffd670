// fairlead-simnodes: registers simulated GPU nodes in a cluster and plays their kubelets until it
// is told to end. Says which gangs start, and at the end how many pods were bound and how many of
// them did not fit beside what their node ran already.
#include <getopt.h>
#include <poll.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/sim_kubelets.h"

namespace fairlead::e2e {
namespace {

constexpr const char* kUsage =
    "Usage: fairlead-simnodes --kubeconfig FILE [OPTIONS]\n"
    "\n"
    "Registers simulated nodes and plays their kubelets until SIGTERM or SIGINT, then removes "
    "them.\n"
    "\n"
    "  --kubeconfig FILE  of an administrator, as tests/controlplane/up.sh writes it\n"
    "  --nodes N          number of nodes (default 10)\n"
    "  --gpus N           GPUs per node (default 8)\n"
    "  --cpu N            CPUs per node (default 96)\n"
    "  --memory NGi       memory per node (default 768Gi)\n"
    "  --racks N          racks to spread the nodes over (default 1)\n"
    "  --model NAME       GPU model, the label nvidia.com/gpu.product (default "
    "NVIDIA-H100-80GB-HBM3)\n"
    "  --prefix TEXT      of the names (default node-)\n"
    "  --runtime-ms N     pods without the annotation sim.fairlead.dev/runtime-ms succeed after N "
    "ms\n"
    "  --observe-only     count, but write nothing about pods\n"
    "  --keep             leave the nodes there at the end\n";

struct Options {
  std::string kubeconfig;
  int nodes = 10;
  int racks = 1;
  NodeSpec node;
  std::string model = "NVIDIA-H100-80GB-HBM3";
  std::string prefix = "node-";
  bool observe_only = false;
  bool keep = false;
  long runtime_ms = -1;
};

bool Apply(int option, const char* text, Options* out) {
  const int number = text != nullptr ? std::atoi(text) : 0;
  switch (option) {
    case 'k':
      out->kubeconfig = text;
      return true;
    case 'n':
      out->nodes = number;
      return number >= 0 && number <= 100'000;
    case 'g':
      out->node.gpus = number;
      return number >= 0;
    case 'c':
      out->node.cpu = number;
      return number > 0;
    case 'm':
      out->node.memory_gib = number;
      return number > 0 && std::string(text).ends_with("Gi");
    case 'r':
      out->racks = number;
      return number > 0;
    case 'M':
      out->model = text;
      return true;
    case 'p':
      out->prefix = text;
      return true;
    case 't':
      out->runtime_ms = number;
      return number >= 0;
    case 'o':
      out->observe_only = true;
      return true;
    case 'K':
      out->keep = true;
      return true;
    default:
      return false;
  }
}

bool Parse(int argc, char** argv, Options* out) {
  static const option kLong[] = {{"kubeconfig", required_argument, nullptr, 'k'},
                                 {"nodes", required_argument, nullptr, 'n'},
                                 {"gpus", required_argument, nullptr, 'g'},
                                 {"cpu", required_argument, nullptr, 'c'},
                                 {"memory", required_argument, nullptr, 'm'},
                                 {"racks", required_argument, nullptr, 'r'},
                                 {"model", required_argument, nullptr, 'M'},
                                 {"prefix", required_argument, nullptr, 'p'},
                                 {"runtime-ms", required_argument, nullptr, 't'},
                                 {"observe-only", no_argument, nullptr, 'o'},
                                 {"keep", no_argument, nullptr, 'K'},
                                 {nullptr, 0, nullptr, 0}};
  int option = 0;
  while ((option = getopt_long(argc, argv, "", kLong, nullptr)) != -1) {
    if (!Apply(option, optarg, out)) return false;
  }
  return optind == argc && !out->kubeconfig.empty();
}

std::vector<NodeSpec> Nodes(const Options& options) {
  std::vector<NodeSpec> nodes;
  for (int i = 0; i < options.nodes; ++i) {
    NodeSpec node = options.node;
    node.name = options.prefix + std::to_string(i);
    node.labels = {{"topology.kubernetes.io/zone", "zone-1"},
                   {"fairlead.dev/rack", "rack-" + std::to_string(i % options.racks)}};
    if (node.gpus > 0) node.labels["nvidia.com/gpu.product"] = options.model;
    nodes.push_back(std::move(node));
  }
  return nodes;
}

// One line per gang once nothing more of it has started for a moment, and per namespace for pods
// that belong to none.
class Progress {
 public:
  void Print(const ClusterView& view, TimePoint now) {
    for (const auto& [key, gang] : view.gangs) {
      int& said = said_[key];
      if (gang.admitted == said || now - gang.last < milliseconds(300)) continue;
      std::printf("%s: gang %s: %d pods started within %lld ms\n",
                  key.substr(0, key.find('/')).c_str(), key.substr(key.find('/') + 1).c_str(),
                  gang.admitted,
                  static_cast<long long>(
                      std::chrono::duration_cast<milliseconds>(gang.last - gang.first).count()));
      said = gang.admitted;
    }
    std::fflush(stdout);
  }

 private:
  std::map<std::string, int> said_;
};

int Run(const Options& options) {
  Access access;
  if (!ReadKubeconfig(options.kubeconfig, &access)) {
    std::fprintf(stderr, "cannot read a server from %s\n", options.kubeconfig.c_str());
    return 2;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // before threads inherit the mask
  pollfd asked_to_end{.fd = signalfd(-1, &ends, SFD_CLOEXEC), .events = POLLIN, .revents = 0};

  SimKubelets kubelets(
      access, {.observe_only = options.observe_only, .default_runtime_ms = options.runtime_ms});
  const std::size_t registered = kubelets.AddNodes(Nodes(options));
  std::printf("nodes registered: %zu of %d\n", registered, options.nodes);
  std::fflush(stdout);
  Progress progress;
  while (poll(&asked_to_end, 1, 250) == 0) {
    kubelets.Look(
        [&](const ClusterView& view) { progress.Print(view, std::chrono::steady_clock::now()); });
  }
  const Counters counters = kubelets.counters();
  if (!options.keep) kubelets.RemoveAllNodes();
  std::printf("pods bound: %d\ndouble bookings: %d\n", counters.bound, counters.double_bookings);
  return 0;
}

}  // namespace
}  // namespace fairlead::e2e

int main(int argc, char** argv) {
  fairlead::e2e::Options options;
  if (!fairlead::e2e::Parse(argc, argv, &options)) {
    std::fputs(fairlead::e2e::kUsage, stderr);
    return 2;
  }
  return fairlead::e2e::Run(options);
}
