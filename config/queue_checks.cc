#include <algorithm>

#include "config/policy_checks.h"
#include "fairlead/queues/tree.h"

namespace fairlead::config {
namespace {

// The node of a field such as "guarantee.example.com/fpga", or what of the way there exists.
const yaml::Node& Locate(const yaml::Node& queue, const std::string& field) {
  const std::size_t point = field.find('.');
  const yaml::Node* outer = queue.Find(field.substr(0, point));
  if (outer == nullptr) return queue;
  if (point == std::string::npos) return *outer;
  const yaml::Node* inner = outer->Find(field.substr(point + 1));
  return inner == nullptr ? *outer : *inner;
}

}  // namespace

Error ErrorAt(const std::string& file, const yaml::Node& at, std::string field,
              std::string message) {
  return Error{std::move(message), file, at.line, at.column, std::move(field)};
}

Status UniqueNames::Add(const std::string& name, const std::string& file, const yaml::Node& at,
                        const std::string& path) {
  const auto [first, is_new] = first_.emplace(name, Seen{path, at.line, at.column});
  if (is_new) return Ok{};
  return ErrorAt(file, at, path,
                 fmt::format("'{}' twice: expected it once, first at {} ({}:{})", name,
                             first->second.path, first->second.line, first->second.column));
}

Status CheckQueues(const yaml::Node& node, const std::string& file,
                   const std::vector<QueueSpec>& queues) {
  UniqueNames names;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    // The list was read without errors, so every item has a name.
    Status status = names.Add(queues[i].name, file, *node.items[i].Find("name"),
                              fmt::format("queues[{}].name", i));
    if (!status.ok()) return status;
  }
  std::optional<TreeProblem> problem = CheckTree(queues);
  if (!problem) return Ok{};
  if (problem->other) {
    const yaml::Node& other = node.items[*problem->other];
    problem->message +=
        fmt::format(" (see queues[{}] at {}:{})", *problem->other, other.line, other.column);
  }
  return ErrorAt(file, Locate(node.items[problem->queue], problem->field),
                 fmt::format("queues[{}].{}", problem->queue, problem->field),
                 std::move(problem->message));
}

Status CheckTenantsOfQueues(const yaml::Node& node, const std::string& file, const Policy& policy) {
  std::vector<std::string> declared;
  for (const TenantSpec& tenant : policy.tenants) declared.push_back(tenant.name);
  std::sort(declared.begin(), declared.end());
  for (std::size_t i = 0; i < policy.queues.size(); ++i) {
    const QueueSpec& queue = policy.queues[i];
    UniqueNames names;
    for (std::size_t t = 0; t < queue.tenants.size(); ++t) {
      const yaml::Node& at = node.items[i].Find("tenants")->items[t];
      const std::string field = fmt::format("queues[{}].tenants[{}]", i, t);
      const std::string& name = queue.tenants[t];
      if (!std::binary_search(declared.begin(), declared.end(), name)) {
        return ErrorAt(file, at, field,
                       fmt::format("queue '{}' names the unknown tenant '{}': expected one "
                                   "declared under 'tenants'",
                                   queue.name, name));
      }
      Status status = names.Add(name, file, at, field);
      if (!status.ok()) return status;
    }
  }
  return Ok{};
}

}  // namespace fairlead::config
