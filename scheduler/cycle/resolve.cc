// resolve: claims -> queues. The tenant of a namespace is the one whose configuration lists it,
// else the one that the namespace's label names; pods have no say in it.
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

class Resolver {
 public:
  explicit Resolver(const Policy& policy) : policy_(policy) {
    for (std::uint32_t q = 0; q < policy.queues.size(); ++q) {
      queues_.emplace(policy.queues[q].name, QueueId(q));
    }
    for (const TenantSpec& tenant : policy.tenants) {
      tenants_.emplace(tenant.name, &tenant);
      for (const std::string& ns : tenant.namespaces) namespaces_.emplace(ns, &tenant);
    }
  }

  ResolvedClaim Resolve(const Claim& claim) const {
    if (policy_.tenants.empty()) return ResolveOpen(claim);
    const TenantSpec* tenant = TenantOf(claim);
    if (tenant == nullptr) return {Queue(claim.queue), NoTenant(claim)};
    return ResolveFor(*tenant, claim);
  }

 private:
  QueueId Queue(std::string_view name) const {
    const auto it = queues_.find(name);
    return it == queues_.end() ? QueueId::None() : it->second;
  }

  const TenantSpec* TenantOf(const Claim& claim) const {
    const auto listed = namespaces_.find(claim.ns);
    if (listed != namespaces_.end()) return listed->second;
    const auto labelled = tenants_.find(claim.tenant_label);
    return labelled == tenants_.end() ? nullptr : labelled->second;
  }

  static Refusal NoTenant(const Claim& claim) {
    std::string message = fmt::format("namespace \"{}\" belongs to no tenant", claim.ns);
    if (!claim.tenant_label.empty()) {
      message +=
          fmt::format(" (its label names \"{}\", which is not configured)", claim.tenant_label);
    }
    return {ReasonCode::kUnauthorized, std::move(message)};
  }

  // Without tenants every namespace may use every queue.
  ResolvedClaim ResolveOpen(const Claim& claim) const {
    const QueueId queue = Queue(claim.queue.empty() ? kDefaultQueue : claim.queue);
    if (queue.valid()) return {queue, std::nullopt};
    std::vector<std::string> names;
    for (const QueueSpec& spec : policy_.queues) names.push_back(spec.name);
    const std::string what =
        claim.queue.empty()
            ? fmt::format("no queue is asked for and there is no queue \"{}\"", kDefaultQueue)
            : fmt::format("queue \"{}\" does not exist", claim.queue);
    return {QueueId::None(), Refusal{ReasonCode::kUnknownQueue,
                                     fmt::format("{}; queues: {}", what, ListNames(names))}};
  }

  ResolvedClaim ResolveFor(const TenantSpec& tenant, const Claim& claim) const {
    const std::string& name = claim.queue.empty() ? tenant.default_queue : claim.queue;
    const QueueId queue = Queue(name);
    const std::string allowed = ListNames(tenant.queues);
    if (!queue.valid()) {
      return {queue, Refusal{ReasonCode::kUnknownQueue,
                             fmt::format("queue \"{}\" does not exist; tenant \"{}\" may use: {}",
                                         name, tenant.name, allowed)}};
    }
    if (std::find(tenant.queues.begin(), tenant.queues.end(), name) == tenant.queues.end()) {
      return {queue, Refusal{ReasonCode::kUnauthorized,
                             fmt::format("tenant \"{}\" may not use queue \"{}\"; it may use: {}",
                                         tenant.name, name, allowed)}};
    }
    return {queue, std::nullopt};
  }

  const Policy& policy_;
  std::unordered_map<std::string_view, QueueId> queues_;
  std::unordered_map<std::string_view, const TenantSpec*> tenants_;
  std::unordered_map<std::string_view, const TenantSpec*> namespaces_;
};

}  // namespace

std::vector<ResolvedClaim> ResolveClaims(const Snapshot& snapshot, const Policy& policy) {
  const Resolver resolver(policy);
  std::vector<ResolvedClaim> resolved;
  resolved.reserve(snapshot.claims.size());
  for (const Claim& claim : snapshot.claims) resolved.push_back(resolver.Resolve(claim));
  return resolved;
}

std::vector<std::string> QueueNames(const Snapshot& snapshot, const Policy& policy) {
  std::vector<std::string> names;
  names.reserve(snapshot.claims.size());
  for (const ResolvedClaim& claim : ResolveClaims(snapshot, policy)) {
    names.push_back(claim.queue.valid() ? policy.queues[claim.queue.index()].name : "");
  }
  return names;
}

}  // namespace fairlead
