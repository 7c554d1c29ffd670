#include "config/fields.h"
#include "fairlead/base/address.h"

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

// What must hold between the keys of the section "grpc".
Status CheckGrpc(const yaml::Node& root, const std::string& file, const Config& config) {
  const yaml::Node* section = root.Find("grpc");
  if (section == nullptr) return Ok{};
  const yaml::MapReader reader(*section, file, "grpc");
  const bool tls = !config.grpc_tls_cert.empty();
  if (config.grpc_tls_key.empty() == tls || config.grpc_tls_client_ca.empty() == tls) {
    return reader.MakeError(*section, "",
                            "expected all of tls_cert, tls_key and tls_client_ca, or none");
  }
  if (tls || IsLoopback(config.grpc_address)) return Ok{};
  return reader.MakeError(*section->Find("address"), "address",
                          fmt::format("'{}' is not a loopback address: expected one such as "
                                      "127.0.0.1, or tls_cert, tls_key and tls_client_ca beside it",
                                      config.grpc_address));
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
  if (status.ok()) status = CheckGrpc(root, file, config);
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
