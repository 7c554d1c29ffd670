#include <algorithm>
#include <map>
#include <optional>

#include "config/fields.h"

namespace fairlead {
namespace {

// Where a name was seen first.
struct Seen {
  std::string path;
  int line = 0;
  int column = 0;
};

Error MakeError(const std::string& file, const yaml::Node& at, std::string field,
                std::string message) {
  return Error{std::move(message), file, at.line, at.column, std::move(field)};
}

// Names that may occur once, with the place of each.
class UniqueNames {
 public:
  // Refuses a name that is known already; both ends are named.
  Status Add(const std::string& name, const std::string& file, const yaml::Node& at,
             const std::string& path) {
    const auto [first, is_new] = first_.emplace(name, Seen{path, at.line, at.column});
    if (is_new) return Ok{};
    return MakeError(file, at, path,
                     fmt::format("'{}' twice: expected it once, first at {} ({}:{})", name,
                                 first->second.path, first->second.line, first->second.column));
  }

 private:
  std::map<std::string, Seen> first_;
};

// A sequence of at least one map, each read by the fields of T.
template <typename T>
Status ReadList(const yaml::Node& node, const std::string& file, const std::string& path,
                std::span<const config::Field<T>> fields, std::vector<T>* out) {
  if (node.kind != yaml::Kind::kSequence || node.items.empty()) {
    return MakeError(
        file, node, path,
        fmt::format("expected a list of at least one; without {} leave the key out", path));
  }
  std::vector<T> list;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    yaml::MapReader reader(node.items[i], file, fmt::format("{}[{}]", path, i));
    T entry;
    config::ReadFields(&reader, fields, &entry);
    if (Status status = reader.Finish(); !status.ok()) return status;
    list.push_back(std::move(entry));
  }
  *out = std::move(list);
  return Ok{};
}

// The nodes of `key` in each item of a list of maps that was read without errors.
const yaml::Node& NameOf(const yaml::Node& list, std::size_t i) {
  return *list.items[i].Find("name");
}

Status CheckQueues(const yaml::Node& node, const std::string& file,
                   const std::vector<QueueSpec>& queues) {
  UniqueNames names;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    Status status =
        names.Add(queues[i].name, file, NameOf(node, i), fmt::format("queues[{}].name", i));
    if (!status.ok()) return status;
  }
  return Ok{};
}

class TenantChecker {
 public:
  TenantChecker(const std::string& file, const std::vector<QueueSpec>& queues) : file_(file) {
    for (const QueueSpec& queue : queues) declared_.push_back(queue.name);
    std::sort(declared_.begin(), declared_.end());
  }

  // Also fills in the default queue.
  Status Check(const yaml::Node& node, const std::string& path, TenantSpec* tenant) {
    Status status = names_.Add(tenant->name, file_, *node.Find("name"), path + ".name");
    if (status.ok()) status = CheckNamespaces(node.Find("namespaces"), path, *tenant);
    if (status.ok()) status = CheckQueueNames(*node.Find("queues"), path, *tenant);
    if (status.ok()) status = CheckDefault(node.Find("default_queue"), path, tenant);
    return status;
  }

 private:
  Status CheckNamespaces(const yaml::Node* node, const std::string& path,
                         const TenantSpec& tenant) {
    for (std::size_t i = 0; i < tenant.namespaces.size(); ++i) {
      Status status = namespaces_.Add(tenant.namespaces[i], file_, node->items[i],
                                      fmt::format("{}.namespaces[{}]", path, i));
      if (!status.ok()) return status;
    }
    return Ok{};
  }

  Status CheckQueueNames(const yaml::Node& node, const std::string& path,
                         const TenantSpec& tenant) {
    UniqueNames names;
    for (std::size_t i = 0; i < tenant.queues.size(); ++i) {
      const std::string& queue = tenant.queues[i];
      const std::string field = fmt::format("{}.queues[{}]", path, i);
      if (!std::binary_search(declared_.begin(), declared_.end(), queue)) {
        return MakeError(
            file_, node.items[i], field,
            fmt::format("tenant '{}' names the unknown queue '{}': expected one declared under "
                        "'queues'",
                        tenant.name, queue));
      }
      Status status = names.Add(queue, file_, node.items[i], field);
      if (!status.ok()) return status;
    }
    return Ok{};
  }

  Status CheckDefault(const yaml::Node* node, const std::string& path, TenantSpec* tenant) const {
    const std::vector<std::string>& queues = tenant->queues;
    if (node == nullptr) {
      tenant->default_queue = queues.front();
    } else if (std::find(queues.begin(), queues.end(), tenant->default_queue) == queues.end()) {
      return MakeError(file_, *node, path + ".default_queue",
                       fmt::format("'{}' is none of the queues of tenant '{}': expected one of {}",
                                   tenant->default_queue, tenant->name, fmt::join(queues, ", ")));
    }
    return Ok{};
  }

  const std::string& file_;
  std::vector<std::string> declared_;  // sorted
  UniqueNames names_;
  UniqueNames namespaces_;
};

Status ReadQueues(const yaml::Node& node, const std::string& file, std::vector<QueueSpec>* out) {
  // A node without a position was never in the file.
  if (node.kind == yaml::Kind::kNull && node.line == 0) {
    out->clear();
    return Ok{};
  }
  Status status = ReadList(node, file, "queues", config::QueueFields(), out);
  return status.ok() ? CheckQueues(node, file, *out) : status;
}

Status ReadTenants(const yaml::Node& node, const std::string& file,
                   const std::vector<QueueSpec>& queues, std::vector<TenantSpec>* out) {
  Status status = ReadList(node, file, "tenants", config::TenantFields(), out);
  TenantChecker checker(file, queues);
  for (std::size_t i = 0; status.ok() && i < out->size(); ++i) {
    status = checker.Check(node.items[i], fmt::format("tenants[{}]", i), &(*out)[i]);
  }
  return status;
}

}  // namespace

Status ReadPolicy(const yaml::Node& root_queues, const yaml::Node* tenants,
                  const yaml::Node* policy, const std::string& file, Policy* out) {
  Policy result;
  Status status = ReadQueues(root_queues, file, &result.queues);
  if (status.ok() && tenants != nullptr) {
    status = ReadTenants(*tenants, file, result.queues, &result.tenants);
  }
  if (status.ok() && policy != nullptr) {
    yaml::MapReader reader(*policy, file, "policy");
    config::ReadFields(&reader, config::PolicyFields(), &result);
    status = reader.Finish();
  }
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
