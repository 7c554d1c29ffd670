// A scenario: what `fairlead simulate` runs, read from one strict YAML document. What is wrong is
// refused with file, line, column, field and what was expected. bench/README.md describes the file
// for people, ScenarioSchema for machines.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/model/policy.h"
#include "fairlead/sim/workload.h"
#include "fairlead/yaml/document.h"

namespace fairlead::sim {

// saturation: pods come one by one and none ends; replay: jobs come, wait, run and end.
enum class Mode : std::uint8_t { kSaturation, kReplay };

// Who is next in a replay. kDefault is the live engine; the others are references.
enum class Order : std::uint8_t {
  kDefault,
  kFifoStrict,         // nobody passes the first that does not fit
  kShortestFirst,      // likewise, the shortest first
  kGreedy,             // first come, what does not fit is passed over
  kFairLeastAllocated  // the queue with the fewest GPUs allocated; sits out once it does not fit
};
inline constexpr std::array<std::string_view, 5> kOrderNames = {
    "default", "fifo_strict", "shortest_first", "greedy", "fair_least_allocated"};

// Which node. The first seven are the policies of the saturation experiment, in their order.
enum class Placement : std::uint8_t {
  kRandom,
  kDotProd,
  kClustering,
  kPacking,
  kBestFit,
  kFgd,
  kDefault,
  kPack  // of replays: the node with the fewest free GPUs that are enough
};
inline constexpr std::array<std::string_view, 8> kPlacementNames = {
    "random", "dotprod", "clustering", "packing", "bestfit", "fgd", "default", "pack"};

struct ClusterSpec {
  std::string nodes_file;             // a list of nodes; empty: `shapes`
  std::optional<std::int64_t> nodes;  // so many of them, from the start again where they end
  std::vector<std::pair<NodeSpec, std::int64_t>> shapes;  // with their counts
};

struct GangMix {
  std::int64_t weight = 1;
  std::int32_t pods = 1;
  std::int32_t gpus = 1;
  std::int32_t milli = 1000;
  std::int64_t cpu = 0, memory = 0;
};

struct GeneratorSpec {
  std::int64_t jobs = 1000;
  std::int64_t span = 86'400;      // s, over which they arrive
  std::int64_t diurnal = 0;        // millionths: how far arrivals swing over a day; 0 = Poisson
  std::int64_t median = 600;       // s, of the durations
  std::int64_t sigma = 1'000'000;  // millionths, of the logarithm of the durations
  std::int64_t longest = 604'800;  // s
  std::vector<std::int64_t> durations;  // s: drawn from these instead
  std::vector<GangMix> gangs = {GangMix{}};
  std::int64_t queues = 1;  // tenants, each with a queue of its own
  std::int64_t skew = 0;    // millionths, exponent of the tenants' sizes by rank
};

struct WorkloadSpec {
  std::string format;  // empty: by the key that names the file
  std::string jobs;    // file
  std::string pods;    // file of the format openb
  bool skip_bad = false;
  std::int64_t duration = 3600;  // s, of jobs of which it is not known
  std::optional<GeneratorSpec> generator;
};

enum class FaultKind : std::uint8_t { kDown, kUp, kDrain };

struct Fault {
  std::int64_t at = 0;  // s
  std::string node;
  FaultKind kind = FaultKind::kDown;
};

// Published means that a saturation is to reproduce.
struct ExpectSpec {
  std::string file;  // workload, policy, metric, arrived_pct, n_seeds, mean, ...
  std::string list;  // of the file's workloads; empty: by the name of the file of pods
};

// A product of settings, as --set takes them.
struct SweepSpec {
  std::vector<std::pair<std::string, std::vector<std::string>>> vary;
};

struct FindSpec {
  std::string vary;
  std::int64_t least = 1, most = 100'000;
  bool smallest = true;
  std::string such_that;  // "wait.mean <= 600"
};

// A cluster as it is, with what runs and waits there: takes the place of the files that a scenario
// names. Whoever knows Kubernetes makes it.
struct Given {
  std::vector<NodeSpec> nodes;
  Workload workload;
};

struct Scenario {
  std::string file;
  std::string name;
  Mode mode = Mode::kReplay;
  std::vector<std::uint32_t> seeds = {42};
  ClusterSpec cluster;
  WorkloadSpec workload;
  std::vector<Order> orders = {Order::kDefault};
  std::vector<Placement> placements;  // empty: the natural one of the mode and the order
  Policy policy;                      // of the live engine
  bool own_queues = false;            // the file declares queues
  std::int64_t decide_every = 0;      // s, of the live engine; 0: at every event
  std::vector<Fault> faults;
  ExpectSpec expect;
  std::optional<SweepSpec> sweep;
  std::optional<FindSpec> find;
  std::shared_ptr<const Given> given;  // may be null
  bool list_jobs = false;              // the results name each job with its times
};

// Reads the sections `queues`, `tenants` and `policy` that the live scheduler has too. The module
// of the configuration provides it (config's ReadPolicy), which this one does not know.
using PolicyReader =
    std::function<Status(const yaml::Node& queues, const yaml::Node* tenants,
                         const yaml::Node* policy, const std::string& file, Policy* out)>;

// Sets "a.b.c=VALUE" in the document; VALUE is YAML ("96", "[80, 96]"). Maps on the way are made,
// "shapes.0.count" goes into lists.
Status ApplySetting(std::string_view setting, yaml::Node* document);

// File names in it are relative to the folder of `file`; those that were set on the command line
// (line 0) to the working directory.
Result<Scenario> ReadScenario(const yaml::Node& document, const std::string& file,
                              const PolicyReader& read_policy,
                              std::shared_ptr<const Given> given = nullptr);

// JSON Schema (draft 2020-12) of the file, from the table of keys that the reader uses.
std::string ScenarioSchema();

}  // namespace fairlead::sim
