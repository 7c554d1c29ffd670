// The file that `fairlead decide` reads: a cluster, its queues and the gangs that wait or run, in
// one YAML document. `fairlead decide --help` shows the format. Strict: an unknown key, a
// wrong type or a dangling name is refused with file, line and column.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/config/config.h"
#include "fairlead/model/snapshot.h"
#include "fairlead/yaml/document.h"

namespace fairlead::cli {

// One entry of `nodes`; `count` > 1 stands for nodes NAME-0, NAME-1, ...
struct NodeSpec {
  NodeInfo info;
  std::int64_t count = 1;
};

enum class GangState : std::uint8_t { kPending, kRunning };

// One entry of `gangs`.
struct GangSpec {
  std::string name;
  std::string ns = "default";
  std::string queue;
  std::string user;
  std::int64_t pods = 1;
  std::int64_t min_member = 0;  // 0 = all pods
  PodShape shape;
  std::int64_t priority = 0;
  std::optional<Instant> submitted;  // default: now
  std::optional<Instant> started;    // default: submitted
  bool gated = false;
  GangState state = GangState::kPending;
  // Where its first pods run, for kRunning: node and number of pods, with the place in the file.
  struct Running {
    std::string node;
    std::int64_t pods = 0;
    const yaml::Node* at = nullptr;
  };
  std::vector<Running> nodes;
};

// decide_specs.cc: one entry from its map. `path` such as "gangs[2]".
Result<NodeSpec> ReadNodeSpec(const yaml::Node& node, const std::string& file,
                              const std::string& path);
Result<GangSpec> ReadGangSpec(const yaml::Node& node, const std::string& file,
                              const std::string& path);

struct DecideFile {
  Config config;
  Instant now;
  std::shared_ptr<const Snapshot> snapshot;
};

// decide_file.cc. `config`: takes the place of the file's own queues, tenants and policy, which
// then may not be there.
Result<DecideFile> LoadDecideFile(const std::string& path, const std::optional<Config>& config);

}  // namespace fairlead::cli
