#include <algorithm>

#include "config/fields.h"
#include "config/policy_checks.h"

namespace fairlead {
namespace {

// Large enough for 100,000 tenants; keeps a mistaken file name from eating the memory.
constexpr std::size_t kMaxBytes = 16UL << 20;

Status ReadSections(const yaml::Node& root, const std::string& file, Config* config) {
  for (const config::Section& section : config::Sections()) {
    const yaml::Node* node = root.Find(section.key);
    if (node == nullptr) continue;
    yaml::MapReader reader(*node, file, std::string(section.key));
    config::ReadFields(&reader, section.fields, config);
    if (Status status = reader.Finish(); !status.ok()) return status;
  }
  return Ok{};
}

// Amounts of queues go by the model of GPUs, not by the resources that count them.
Status CheckNoGpuResource(const yaml::Node& queue, const std::string& file, const std::string& path,
                          const std::vector<std::string>& gpu_resources) {
  for (const std::string_view key : {"guarantee", "limit", "lending_limit"}) {
    const yaml::Node* amounts = queue.Find(key);
    if (amounts == nullptr) continue;
    for (const auto& [name, value] : amounts->members) {
      if (std::find(gpu_resources.begin(), gpu_resources.end(), name) == gpu_resources.end()) {
        continue;
      }
      yaml::Node at;
      at.line = value.key_line;
      at.column = value.key_column;
      return config::ErrorAt(file, at, fmt::format("{}.{}.{}", path, key, name),
                             fmt::format("'{}' is one of gpu.resources, and GPUs are counted by "
                                         "model: expected gpu/<model>, such as gpu/H100",
                                         name));
    }
  }
  return Ok{};
}

Status CheckGpuResources(const yaml::Node* queues, const std::string& file, const Config& config) {
  if (queues == nullptr) return Ok{};
  for (std::size_t i = 0; i < queues->items.size(); ++i) {
    Status status = CheckNoGpuResource(queues->items[i], file, fmt::format("queues[{}]", i),
                                       config.gpu_resources);
    if (!status.ok()) return status;
  }
  return Ok{};
}

Result<Config> ReadConfig(const yaml::Node& root, const std::string& file) {
  Config config;
  yaml::MapReader reader(root, file, "");
  config::ReadFields(&reader, config::RootFields(), &config);
  const yaml::Node absent;
  const yaml::Node* queues = reader.Child("queues");
  const yaml::Node* tenants = reader.Child("tenants");
  const yaml::Node* policy = reader.Child("policy");
  for (const config::Section& section : config::Sections()) reader.Child(section.key);
  Status status = reader.Finish();
  if (status.ok()) {
    status =
        ReadPolicy(queues == nullptr ? absent : *queues, tenants, policy, file, &config.policy);
  }
  if (status.ok()) status = ReadSections(root, file, &config);
  if (status.ok()) status = CheckGpuResources(queues, file, config);
  if (!status.ok()) return status.error();
  return config;
}

}  // namespace

Result<Config> ParseConfig(std::string_view text, std::string_view file) {
  const yaml::Bounds bounds{kMaxBytes, 16, 1'000'000};
  const Result<yaml::Node> root = yaml::Parse(text, file, bounds);
  if (!root.ok()) return root.error();
  return ReadConfig(*root, std::string(file));
}

Result<Config> LoadConfig(const std::string& path) {
  const Result<std::string> text = yaml::ReadFile(path, kMaxBytes);
  if (!text.ok()) return text.error();
  return ParseConfig(*text, path);
}

}  // namespace fairlead
