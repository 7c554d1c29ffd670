// resolve: claims -> queues. The tenant of a namespace is the one whose configuration lists it,
// else the one that the namespace's label names; pods have no say in it.
//
// A queue may be used by the tenants that list it and by those that it lists; what is said of an
// inner queue holds for all below it. Where no tenants are configured, a queue that lists none is
// open to everybody.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "scheduler/cycle/passes.h"

namespace fairlead {
namespace {

constexpr std::size_t kNamesShown = 8;
constexpr std::string_view kDefaultQueue = "default";

std::string ListNames(const std::vector<std::string>& names) {
  if (names.size() <= kNamesShown) return fmt::format("{}", fmt::join(names, ", "));
  return fmt::format("{} and {} more", fmt::join(names.begin(), names.begin() + kNamesShown, ", "),
                     names.size() - kNamesShown);
}

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Resolver {
 public:
  Resolver(const Policy& policy, const QueueTree& tree) : policy_(policy), tree_(tree) {
    for (std::uint32_t q = 0; q < policy.queues.size(); ++q) {
      queues_.emplace(policy.queues[q].name, QueueId(q));
    }
    for (const TenantSpec& tenant : policy.tenants) {
      tenants_.emplace(tenant.name, &tenant);
      for (const std::string& ns : tenant.namespaces) namespaces_.emplace(ns, &tenant);
    }
  }

  ResolvedClaim Resolve(const Claim& claim) const {
    const TenantSpec* tenant = TenantOf(claim);
    const bool by_default = claim.queue.empty();
    const std::string_view own_default = tenant == nullptr ? kDefaultQueue : tenant->default_queue;
    const std::string_view name = by_default ? own_default : std::string_view(claim.queue);
    const std::string_view tenant_name =
        tenant == nullptr ? std::string_view(claim.tenant_label) : std::string_view(tenant->name);
    const QueueId queue = Queue(name);
    const bool stranger = tenant == nullptr && !policy_.tenants.empty();
    if (queue.valid() && !tree_.IsLeaf(queue)) return {queue, NotALeaf(queue)};
    if (stranger && !(queue.valid() && ListedBy(queue, tenant_name))) {
      return {queue, NoTenant(claim)};
    }
    if (!queue.valid()) return {queue, Unknown(by_default, name, tenant)};
    if (tenant != nullptr) return {queue, RefuseTenant(*tenant, queue)};
    return {queue, RefuseStranger(claim, queue)};
  }

 private:
  QueueId Queue(std::string_view name) const {
    const auto it = queues_.find(name);
    return it == queues_.end() ? QueueId::None() : it->second;
  }
  const QueueSpec& Spec(QueueId queue) const { return policy_.queues[queue.index()]; }

  const TenantSpec* TenantOf(const Claim& claim) const {
    const auto listed = namespaces_.find(claim.ns);
    if (listed != namespaces_.end()) return listed->second;
    const auto labelled = tenants_.find(claim.tenant_label);
    return labelled == tenants_.end() ? nullptr : labelled->second;
  }

  // The tenants that the queue and its ancestors list, the queue's first.
  std::vector<std::string> Listed(QueueId queue) const {
    std::vector<std::string> names;
    for (QueueId q = queue; q.valid(); q = tree_.parent(q)) {
      const std::vector<std::string>& tenants = Spec(q).tenants;
      names.insert(names.end(), tenants.begin(), tenants.end());
    }
    return names;
  }
  bool ListedBy(QueueId queue, std::string_view tenant) const {
    for (QueueId q = queue; q.valid(); q = tree_.parent(q)) {
      if (Contains(Spec(q).tenants, tenant)) return true;
    }
    return false;
  }
  bool Lists(const TenantSpec& tenant, QueueId queue) const {
    for (QueueId q = queue; q.valid(); q = tree_.parent(q)) {
      if (Contains(tenant.queues, Spec(q).name)) return true;
    }
    return false;
  }

  // What the tenant's configuration says, then the queues that list it.
  std::string MayUse(const TenantSpec& tenant) const {
    std::vector<std::string> names = tenant.queues;
    for (const QueueSpec& queue : policy_.queues) {
      const bool more = Contains(queue.tenants, tenant.name) && !Contains(names, queue.name);
      if (more) names.push_back(queue.name);
    }
    return ListNames(names);
  }

  Refusal NotALeaf(QueueId queue) const {
    std::vector<std::string> leaves;
    for (const QueueId below : tree_.DepthFirst()) {
      if (!tree_.IsLeaf(below)) continue;
      QueueId up = below;
      while (up.valid() && up != queue) up = tree_.parent(up);
      if (up.valid()) leaves.push_back(Spec(below).name);
    }
    return {ReasonCode::kUnknownQueue,
            fmt::format("queue \"{}\" holds queues, not gangs; the leaves below it: {}",
                        Spec(queue).name, ListNames(leaves))};
  }

  static Refusal NoTenant(const Claim& claim) {
    std::string message = fmt::format("namespace \"{}\" belongs to no tenant", claim.ns);
    if (!claim.tenant_label.empty()) {
      message +=
          fmt::format(" (its label names \"{}\", which is not configured)", claim.tenant_label);
    }
    return {ReasonCode::kUnauthorized, std::move(message)};
  }

  Refusal Unknown(bool by_default, std::string_view name, const TenantSpec* tenant) const {
    if (tenant != nullptr) {
      return {ReasonCode::kUnknownQueue,
              fmt::format("queue \"{}\" does not exist; tenant \"{}\" may use: {}", name,
                          tenant->name, MayUse(*tenant))};
    }
    std::vector<std::string> names;
    for (std::uint32_t q = 0; q < policy_.queues.size(); ++q) {
      if (tree_.IsLeaf(QueueId(q))) names.push_back(policy_.queues[q].name);
    }
    const std::string what =
        by_default
            ? fmt::format("no queue is asked for and there is no queue \"{}\"", kDefaultQueue)
            : fmt::format("queue \"{}\" does not exist", name);
    return {ReasonCode::kUnknownQueue, fmt::format("{}; queues: {}", what, ListNames(names))};
  }

  std::optional<Refusal> RefuseTenant(const TenantSpec& tenant, QueueId queue) const {
    if (Lists(tenant, queue) || ListedBy(queue, tenant.name)) return std::nullopt;
    return Refusal{ReasonCode::kUnauthorized,
                   fmt::format("tenant \"{}\" may not use queue \"{}\"; it may use: {}",
                               tenant.name, Spec(queue).name, MayUse(tenant))};
  }

  // Of a namespace whose tenant, if any, is not configured.
  std::optional<Refusal> RefuseStranger(const Claim& claim, QueueId queue) const {
    const std::vector<std::string> listed = Listed(queue);
    if (listed.empty() || Contains(listed, claim.tenant_label)) return std::nullopt;
    const std::string whose =
        claim.tenant_label.empty() ? "no tenant" : fmt::format("tenant \"{}\"", claim.tenant_label);
    return Refusal{
        ReasonCode::kUnauthorized,
        fmt::format("queue \"{}\" is for tenants {} only; namespace \"{}\" belongs to {}",
                    Spec(queue).name, ListNames(listed), claim.ns, whose)};
  }

  const Policy& policy_;
  const QueueTree& tree_;
  std::unordered_map<std::string_view, QueueId> queues_;
  std::unordered_map<std::string_view, const TenantSpec*> tenants_;
  std::unordered_map<std::string_view, const TenantSpec*> namespaces_;
};

}  // namespace

std::vector<ResolvedClaim> ResolveClaims(const Snapshot& snapshot, const Policy& policy,
                                         const QueueTree& tree) {
  const Resolver resolver(policy, tree);
  std::vector<ResolvedClaim> resolved;
  resolved.reserve(snapshot.claims.size());
  for (const Claim& claim : snapshot.claims) resolved.push_back(resolver.Resolve(claim));
  return resolved;
}

std::vector<std::string> QueueNames(const Snapshot& snapshot, const Policy& policy) {
  std::vector<std::string> names;
  names.reserve(snapshot.claims.size());
  for (const ResolvedClaim& claim : ResolveClaims(snapshot, policy, QueueTree(policy.queues))) {
    names.push_back(claim.queue.valid() ? policy.queues[claim.queue.index()].name : "");
  }
  return names;
}

}  // namespace fairlead
