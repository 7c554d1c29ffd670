#include <algorithm>

#include "config/fields.h"
#include "config/policy_checks.h"
#include "config/read_list.h"

namespace fairlead {
namespace {

constexpr config::ListRule kQueues{
    "queues", "expected a list of at least one; without queues leave the key out"};
constexpr config::ListRule kTopology{
    "policy.topology", "expected a list of at least one; without topology leave the key out"};
constexpr config::ListRule kTenants{
    "tenants", "expected a list of at least one; without tenants leave the key out"};

Status ReadQueues(const yaml::Node& node, const std::string& file, std::vector<QueueSpec>* out) {
  // A node without a position was never in the file.
  if (node.kind == yaml::Kind::kNull && node.line == 0) {
    out->clear();
    return Ok{};
  }
  Status status = config::ReadList(node, file, kQueues, config::QueueFields(), out);
  return status.ok() ? config::CheckQueues(node, file, *out) : status;
}

Status ReadTenants(const yaml::Node& node, const std::string& file, Policy* policy) {
  Status status = config::ReadList(node, file, kTenants, config::TenantFields(), &policy->tenants);
  return status.ok() ? config::CheckTenants(node, file, policy) : status;
}

// The members of one map inside the map `parent`, where it is there.
template <typename T>
Status ReadNested(const yaml::Node* node, const yaml::MapReader& parent, std::string_view key,
                  std::span<const config::Field<T>> fields, T* out) {
  if (node == nullptr) return Ok{};
  yaml::MapReader reader(*node, parent.file(), parent.PathOf(key));
  config::ReadFields(&reader, fields, out);
  return reader.Finish();
}

Status ReadTopology(const yaml::Node& node, const std::string& file,
                    std::vector<TopologyLevel>* levels) {
  Status status = config::ReadList(node, file, kTopology, config::TopologyFields(), levels);
  config::UniqueNames names;
  config::UniqueNames labels;
  for (std::size_t i = 0; i < levels->size() && status.ok(); ++i) {
    const TopologyLevel& level = (*levels)[i];
    const std::string at = fmt::format("{}[{}]", kTopology.path, i);
    status = names.Add(level.name, file, node.items[i], at + ".name");
    if (status.ok()) status = labels.Add(level.label, file, node.items[i], at + ".label");
  }
  return status;
}

Status ReadRules(const yaml::Node& node, const std::string& file, Policy* policy) {
  yaml::MapReader reader(node, file, "policy");
  config::ReadFields(&reader, config::PolicyFields(), policy);
  const yaml::Node* aging = reader.Child("aging");
  const yaml::Node* history = reader.Child("history");
  const yaml::Node* topology = reader.Child("topology");
  Status status = reader.Finish();
  if (status.ok()) {
    status = ReadNested(aging, reader, "aging", config::AgingFields(), &policy->aging);
  }
  if (status.ok()) {
    status = ReadNested(history, reader, "history", config::HistoryFields(), &policy->history);
  }
  if (status.ok() && topology != nullptr) {
    status = ReadTopology(*topology, file, &policy->topology);
  }
  return status;
}

}  // namespace

Status ReadPolicy(const yaml::Node& root_queues, const yaml::Node* tenants,
                  const yaml::Node* policy, const std::string& file, Policy* out) {
  Policy result;
  Status status = ReadQueues(root_queues, file, &result.queues);
  if (status.ok() && tenants != nullptr) status = ReadTenants(*tenants, file, &result);
  if (status.ok()) status = config::CheckTenantsOfQueues(root_queues, file, result);
  if (status.ok() && policy != nullptr) status = ReadRules(*policy, file, &result);
  if (!status.ok()) return status;
  const QueueSpec fallback{"default", kWeightOne};
  const auto is_default = [&](const QueueSpec& queue) { return queue.name == fallback.name; };
  if (result.tenants.empty() &&
      std::none_of(result.queues.begin(), result.queues.end(), is_default)) {
    result.queues.push_back(fallback);
  }
  *out = std::move(result);
  return Ok{};
}

}  // namespace fairlead
