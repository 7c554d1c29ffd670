// The configuration file: one YAML document, strict. What is wrong is refused with file, line,
// column, field and what was expected; nothing is guessed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"
#include "fairlead/model/policy.h"
#include "fairlead/yaml/document.h"

namespace fairlead {

struct Config {
  Policy policy;
  std::vector<std::string> scheduler_names = {"fairlead"};
  std::vector<std::string> gpu_resources = {"nvidia.com/gpu"};
  std::vector<std::string> gpu_model_labels = {"nvidia.com/gpu.product"};
  std::string http_address = "127.0.0.1";
  std::int64_t http_port = 8470;
  std::string grpc_address = "127.0.0.1";  // loopback unless the three files are there
  std::int64_t grpc_port = 8471;
  std::string grpc_tls_cert, grpc_tls_key, grpc_tls_client_ca;  // paths, all or none
  std::int64_t bind_connections = 32;
  std::int64_t events_per_second = 20;
  Duration request_timeout = Duration::Seconds(30);
  std::string ledger_store;  // "sqlite:FILE" or "postgresql://..."; empty = usage is not recorded
  std::string ledger_cluster = "default";
  std::int64_t ledger_most_waiting = 100'000;
  std::string ledger_environment_label = "fairlead.dev/environment";
  std::string ledger_cost_center_label = "fairlead.dev/cost-center";
  std::vector<std::string> ledger_labels;
  std::string log_level = "info";
  std::string dump_dir;
  std::string state_file;

  friend bool operator==(const Config&, const Config&) = default;
};

Result<Config> LoadConfig(const std::string& path);
Result<Config> ParseConfig(std::string_view text, std::string_view file);

// What differs, a line each: "queue a: weight 1 -> 2", "http.port: 8470 -> 0".
struct ConfigChanges {
  std::vector<std::string> live;     // takes effect in the next decision
  std::vector<std::string> restart;  // needs a restart
};
ConfigChanges CompareConfigs(const Config& before, const Config& after);

// What is in force after `read` was read anew over `running`, without a restart.
Config WithLiveParts(const Config& running, const Config& read);

// The `queues`, `tenants` and `policy` sections alone, for files that carry a policy inside
// (decide, scenarios). Absent sections: null, for the queues a default-constructed node. `out` is
// replaced as a whole, and only where there is no error.
Status ReadPolicy(const yaml::Node& root_queues, const yaml::Node* tenants,
                  const yaml::Node* policy, const std::string& file, Policy* out);

// A list of queues in a file of another kind: maps with the keys of a queue here, and with
// `more_keys`, which the caller reads. At least one; a sound tree.
Result<std::vector<QueueSpec>> ReadQueueList(const yaml::Node& list, const std::string& file,
                                             const std::vector<std::string_view>& more_keys);

// JSON Schema (draft 2020-12) of the file, made from the same table of fields that the loader
// reads.
std::string ConfigSchema();

}  // namespace fairlead
