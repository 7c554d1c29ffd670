#include <fmt/ranges.h>

#include <algorithm>

#include "config/policy_checks.h"
#include "fairlead/queues/tree.h"

namespace fairlead::config {
namespace {

class TenantChecker {
 public:
  TenantChecker(const std::string& file, const std::vector<QueueSpec>& queues)
      : file_(file), queues_(queues), tree_(queues) {
    for (std::size_t i = 0; i < queues.size(); ++i) {
      positions_.emplace(queues[i].name, QueueId(static_cast<std::uint32_t>(i)));
    }
  }

  // Also fills in the default queue.
  Status Check(const yaml::Node& node, const std::string& path, TenantSpec* tenant) {
    Status status = names_.Add(tenant->name, file_, *node.Find("name"), path + ".name");
    if (status.ok()) status = CheckNamespaces(node.Find("namespaces"), path, *tenant);
    if (status.ok()) status = CheckQueueNames(node.Find("queues"), path, *tenant);
    if (!status.ok()) return status;
    const yaml::Node* chosen = node.Find("default_queue");
    return chosen != nullptr ? CheckDefault(*chosen, path, *tenant)
                             : FindDefault(node, path, tenant);
  }

 private:
  Status CheckNamespaces(const yaml::Node* node, const std::string& path, const TenantSpec& tenant);
  Status CheckQueueNames(const yaml::Node* node, const std::string& path,
                         const TenantSpec& tenant) const;
  Status CheckDefault(const yaml::Node& node, const std::string& path,
                      const TenantSpec& tenant) const;
  Status FindDefault(const yaml::Node& node, const std::string& path, TenantSpec* tenant) const;

  // Does the tenant list the queue, or the queue the tenant, there or at an ancestor.
  bool MayUse(const TenantSpec& tenant, QueueId queue) const;
  // Names of the queues without children that the tenant may use, some of them where there are
  // many.
  std::string Leaves(const TenantSpec& tenant) const;

  const std::string& file_;
  const std::vector<QueueSpec>& queues_;
  const QueueTree tree_;
  std::map<std::string, QueueId> positions_;
  UniqueNames names_;
  UniqueNames namespaces_;
};

Status TenantChecker::CheckNamespaces(const yaml::Node* node, const std::string& path,
                                      const TenantSpec& tenant) {
  for (std::size_t i = 0; i < tenant.namespaces.size(); ++i) {
    Status status = namespaces_.Add(tenant.namespaces[i], file_, node->items[i],
                                    fmt::format("{}.namespaces[{}]", path, i));
    if (!status.ok()) return status;
  }
  return Ok{};
}

Status TenantChecker::CheckQueueNames(const yaml::Node* node, const std::string& path,
                                      const TenantSpec& tenant) const {
  UniqueNames names;
  for (std::size_t i = 0; i < tenant.queues.size(); ++i) {
    const std::string& queue = tenant.queues[i];
    const std::string field = fmt::format("{}.queues[{}]", path, i);
    if (!positions_.contains(queue)) {
      return ErrorAt(file_, node->items[i], field,
                     fmt::format("tenant '{}' names the unknown queue '{}': expected one declared "
                                 "under 'queues'",
                                 tenant.name, queue));
    }
    Status status = names.Add(queue, file_, node->items[i], field);
    if (!status.ok()) return status;
  }
  return Ok{};
}

Status TenantChecker::CheckDefault(const yaml::Node& node, const std::string& path,
                                   const TenantSpec& tenant) const {
  const std::string& name = tenant.default_queue;
  const auto found = positions_.find(name);
  std::string problem;
  if (found == positions_.end() || !MayUse(tenant, found->second)) {
    problem = fmt::format("'{}' is none of the queues of tenant '{}'", name, tenant.name);
  } else if (!tree_.IsLeaf(found->second)) {
    const QueueId child = tree_.children(found->second).front();
    problem = fmt::format("'{}' has no gangs of its own but children such as '{}'", name,
                          queues_[child.index()].name);
  } else {
    return Ok{};
  }
  return ErrorAt(file_, node, path + ".default_queue",
                 fmt::format("{}: expected {}", problem, Leaves(tenant)));
}

Status TenantChecker::FindDefault(const yaml::Node& node, const std::string& path,
                                  TenantSpec* tenant) const {
  for (const std::string& name : tenant->queues) {
    if (!tree_.IsLeaf(positions_.at(name))) continue;
    tenant->default_queue = name;
    return Ok{};
  }
  bool any = !tenant->queues.empty();
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    const std::vector<std::string>& named = queues_[i].tenants;
    if (std::find(named.begin(), named.end(), tenant->name) == named.end()) continue;
    any = true;
    if (!tree_.IsLeaf(QueueId(static_cast<std::uint32_t>(i)))) continue;
    tenant->default_queue = queues_[i].name;
    return Ok{};
  }
  if (!any) {
    return ErrorAt(file_, node, path + ".queues",
                   fmt::format("missing: expected the queues of tenant '{}', here or by 'tenants' "
                               "of a queue",
                               tenant->name));
  }
  return ErrorAt(file_, node, path + ".default_queue",
                 fmt::format("missing, and all queues of tenant '{}' have children: expected {}",
                             tenant->name, Leaves(*tenant)));
}

bool TenantChecker::MayUse(const TenantSpec& tenant, QueueId queue) const {
  for (; queue.valid(); queue = tree_.parent(queue)) {
    const QueueSpec& spec = queues_[queue.index()];
    for (const auto& [names, name] :
         {std::pair(&tenant.queues, &spec.name), std::pair(&spec.tenants, &tenant.name)}) {
      if (std::find(names->begin(), names->end(), *name) != names->end()) return true;
    }
  }
  return false;
}

std::string TenantChecker::Leaves(const TenantSpec& tenant) const {
  constexpr std::size_t kShown = 8;
  std::vector<std::string> names;
  for (const QueueId queue : tree_.DepthFirst()) {
    if (!tree_.IsLeaf(queue) || !MayUse(tenant, queue)) continue;
    if (names.size() == kShown) return fmt::format("one of {} and more", fmt::join(names, ", "));
    names.push_back(queues_[queue.index()].name);
  }
  return names.empty() ? "no key" : fmt::format("one of {}", fmt::join(names, ", "));
}

}  // namespace

Status CheckTenants(const yaml::Node& node, const std::string& file, Policy* policy) {
  TenantChecker checker(file, policy->queues);
  for (std::size_t i = 0; i < policy->tenants.size(); ++i) {
    Status status =
        checker.Check(node.items[i], fmt::format("tenants[{}]", i), &policy->tenants[i]);
    if (!status.ok()) return status;
  }
  return Ok{};
}

}  // namespace fairlead::config
