// What `fairlead demo` plays: nodes, tenants with weights, and gangs that arrive over time. From a
// YAML file, or generated: the same seed gives the same load on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"
#include "fairlead/model/policy.h"

namespace fairlead::cli {

struct DemoNodes {
  std::int64_t count = 40;
  std::int64_t gpus = 8;
  std::string model = "H100";
  std::int64_t cpu = 96;
  std::int64_t memory_gib = 768;
  std::int64_t per_rack = 8;
};

// One gang: a Job whose pods start together, or a single pod.
struct DemoGang {
  std::string tenant;  // also its queue; its namespace is "team-TENANT"
  std::string name;    // unique in the tenant
  bool single_pod = false;
  std::int64_t pods = 1;
  std::int64_t gpus = 1;  // per pod
  Duration at;            // after the start, in cluster time
  Duration runtime;       // in cluster time

  std::int64_t total_gpus() const { return pods * gpus; }
};

struct DemoScenario {
  std::int64_t speed = 2;  // cluster time over real time
  std::uint64_t seed = 1;
  std::vector<DemoNodes> nodes = {DemoNodes{}};
  std::vector<QueueSpec> tenants;  // a queue per tenant; never empty
  std::vector<DemoGang> gangs;     // by time of arrival, then tenant and name

  std::int64_t total_nodes() const;
  std::int64_t total_gpus() const;
};

// Three tenants with weights 2:1:1 that together ask for a quarter more than the nodes can give
// during the minute in which the load arrives: gangs of 1 to 64 GPUs and single pods.
DemoScenario GenerateDemo(std::vector<DemoNodes> nodes, std::uint64_t seed);

// Errors carry file, line, column and field.
Result<DemoScenario> ParseDemo(std::string_view text, const std::string& file);
Result<DemoScenario> LoadDemo(const std::string& path);

inline constexpr std::string_view kDemoFormat =
    R"(A scenario is a YAML file; every key but nodes may be left out:

  speed: 2                  # cluster time over real time, 1 to 1000
  seed: 1                   # of the generated load
  nodes:
    - {count: 40, gpus: 8, model: H100, cpu: 96, memory: 768Gi, per_rack: 8}
  tenants:
    - {name: vision, weight: 2}
    - {name: language}
  workload:                 # without it: a generated load for three tenants
    - {tenant: vision, name: train, at: 0s, count: 5, every: 10s, pods: 4, gpus: 8, runtime: 20s}
    - {tenant: language, name: notebook, kind: Pod, gpus: 1, runtime: 30s}
)";

}  // namespace fairlead::cli
