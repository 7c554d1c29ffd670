#include "tests/property/fair_checks.h"

#include <algorithm>

namespace fairlead::testing_support {
namespace {

QueueId Id(std::size_t q) { return QueueId{static_cast<std::uint32_t>(q)}; }

bool Includes(const std::vector<ResourceId>& set, const Dimension& dimension) {
  return std::includes(set.begin(), set.end(), dimension.begin(), dimension.end());
}

// Every single resource, and every set of the models that occur in sets.
std::vector<std::vector<ResourceId>> AllSets(const std::vector<Dimension>& dimensions) {
  std::vector<std::vector<ResourceId>> sets;
  std::vector<ResourceId> models;
  for (const Dimension& d : dimensions) {
    if (d.size() == 1) sets.push_back(d);
    for (const ResourceId r : d) {
      if (d.size() > 1 && std::find(models.begin(), models.end(), r) == models.end()) {
        models.push_back(r);
      }
    }
  }
  std::sort(models.begin(), models.end());
  std::vector<std::vector<ResourceId>> unions{{}};
  for (const ResourceId model : models) {
    const std::size_t n = unions.size();
    for (std::size_t i = 0; i < n; ++i) {
      unions.push_back(unions[i]);
      unions.back().push_back(model);
    }
  }
  for (auto& set : unions) {
    if (set.size() > 1) sets.push_back(std::move(set));
  }
  return sets;
}

std::optional<Rational> MostOf(const EntitlementInput& input, QueueId queue,
                               const std::vector<ResourceId>& set) {
  Rational most = 0;
  for (const ResourceId r : set) {
    std::optional<Rational> of_one = ToRational(input.capacity.Get(r));
    if (queue.valid()) of_one = EffectiveLimit(input.queues[queue.index()], r);
    if (!of_one) return std::nullopt;
    most += *of_one;
  }
  return most;
}

}  // namespace

bool IsWithin(const EntitlementInput& input, QueueId queue, QueueId ancestor) {
  while (queue != ancestor && queue.valid()) queue = input.queues[queue.index()].parent;
  return queue == ancestor;
}

std::vector<QueueId> ChildrenOf(const EntitlementInput& input, QueueId parent) {
  std::vector<QueueId> children;
  for (std::size_t q = 0; q < input.queues.size(); ++q) {
    if (input.queues[q].parent == parent) children.push_back(Id(q));
  }
  return children;
}

bool IsLeaf(const EntitlementInput& input, QueueId queue) {
  return ChildrenOf(input, queue).empty();
}

Amounts HeldBelow(const EntitlementInput& input, const ExactSolution& solution, QueueId queue) {
  Amounts held(solution.dimensions.size(), 0);
  for (const ExactClass& c : solution.classes) {
    if (!IsWithin(input, c.leaf, queue)) continue;
    for (std::size_t d = 0; d < held.size(); ++d) held[d] += c.base[d] + c.surplus[d];
  }
  for (std::size_t q = 0; q < input.queues.size(); ++q) {
    if (!IsWithin(input, Id(q), queue)) continue;
    for (std::size_t d = 0; d < held.size(); ++d) held[d] += solution.kept[q][d];
  }
  return held;
}

std::optional<Rational> EffectiveLimit(const EntitlementQueue& queue, ResourceId r) {
  std::optional<Rational> limit;
  if (const auto given = queue.limit.Get(r)) limit = ToRational(*given);
  if (queue.borrowing) return limit;
  const std::int64_t guarantee = queue.guarantee.Get(r);
  const bool named = guarantee > 0 || (r != kPods && r != kEphemeralStorage);
  if (!named || (limit && *limit <= guarantee)) return limit;
  return ToRational(guarantee);
}

std::vector<Cap> CapsOf(const EntitlementInput& input, const ExactSolution& solution) {
  std::vector<Cap> caps;
  for (std::size_t q = 0; q <= input.queues.size(); ++q) {
    const QueueId queue = q < input.queues.size() ? Id(q) : QueueId::None();
    const Amounts held = HeldBelow(input, solution, queue);
    for (const auto& set : AllSets(solution.dimensions)) {
      const auto most = MostOf(input, queue, set);
      if (!most) continue;
      Cap cap{{queue, set}, *most, 0};
      for (std::size_t d = 0; d < held.size(); ++d) {
        if (Includes(set, solution.dimensions[d])) cap.used += held[d];
      }
      caps.push_back(std::move(cap));
    }
  }
  return caps;
}

bool Covers(const EntitlementInput& input, const ExactSolution& solution, const Bound& bound,
            const ExactClass& c) {
  if (!IsWithin(input, c.leaf, bound.queue)) return false;
  for (std::size_t d = 0; d < c.demand.size(); ++d) {
    if (c.demand[d] > c.base[d] && Includes(bound.resources, solution.dimensions[d])) return true;
  }
  return false;
}

bool IsSatisfied(const ExactClass& c) {
  for (std::size_t d = 0; d < c.demand.size(); ++d) {
    if (c.base[d] + c.surplus[d] < c.demand[d]) return false;
  }
  return true;
}

Rational DominantShareOf(const Amounts& amounts, const Amounts& capacity) {
  Rational share = 0;
  for (std::size_t d = 0; d < amounts.size(); ++d) {
    if (amounts[d] > 0 && capacity[d] > 0)
      share = std::max(share, Rational(amounts[d] / capacity[d]));
  }
  return share;
}

Rational Utility(const Amounts& amounts, const Amounts& demand) {
  Rational utility = 1;
  for (std::size_t d = 0; d < demand.size(); ++d) {
    if (demand[d] > 0) utility = std::min(utility, Rational(amounts[d] / demand[d]));
  }
  return utility;
}

}  // namespace fairlead::testing_support
