#include "queues/check_amounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "fairlead/queues/amounts.h"
#include "queues/tree_shape.h"

namespace fairlead::queues {
namespace {

// The lowest limit of a resource from a queue up to the root, and whose it is: of equal ones the
// nearest.
struct PathLimit {
  std::string_view resource;
  std::int64_t amount = 0;
  QueueId owner;
};
using PathLimits = std::vector<PathLimit>;  // sorted by resource

PathLimits Tighten(const PathLimits& above, const NamedAmounts& own, QueueId owner) {
  PathLimits limits;
  limits.reserve(above.size() + own.size());
  auto outer = above.begin();
  for (const auto& [resource, amount] : own) {
    while (outer != above.end() && outer->resource < resource) limits.push_back(*outer++);
    const bool both = outer != above.end() && outer->resource == resource;
    limits.push_back(both && outer->amount < amount ? *outer : PathLimit{resource, amount, owner});
    if (both) ++outer;
  }
  limits.insert(limits.end(), outer, above.end());
  return limits;
}

std::string Amount(std::string_view resource, std::int64_t amount) {
  return fmt::format("{} {}", resource, FormatAmount(resource, amount));
}

class AmountChecker {
 public:
  AmountChecker(const std::vector<QueueSpec>& list, const std::vector<QueueId>& parents,
                const std::vector<QueueId>& top_down)
      : list_(list),
        parents_(parents),
        top_down_(top_down),
        sums_(SumGuarantees(list, parents, top_down)) {}

  std::optional<TreeProblem> Check() const {
    std::optional<TreeProblem> problem = CheckLimits();
    if (!problem && sums_.overflow) problem = Overflow();
    for (std::size_t i = 0; i < list_.size() && !problem; ++i) problem = CheckSum(i);
    for (std::size_t i = 0; i < list_.size() && !problem; ++i) problem = CheckLending(i);
    return problem;
  }

 private:
  std::optional<TreeProblem> CheckLimits() const;
  std::optional<TreeProblem> CheckAgainst(const PathLimits& limits, std::size_t queue) const;
  std::optional<TreeProblem> CheckSum(std::size_t queue) const;
  std::optional<TreeProblem> CheckLending(std::size_t queue) const;
  TreeProblem Overflow() const;

  const NamedAmounts& GuaranteeOf(std::size_t queue) const {
    const NamedAmounts& declared = list_[queue].guarantee;
    return declared.empty() ? sums_.of_children[queue] : declared;
  }
  // Children of `parent` that have a guarantee of the resource, the largest first, then by name.
  std::vector<QueueId> Givers(QueueId parent, std::string_view resource) const;
  std::string Listed(const std::vector<QueueId>& givers, std::string_view resource) const;
  std::string Named(QueueId queue) const {
    return fmt::format("\"{}\"", list_[queue.index()].name);
  }

  const std::vector<QueueSpec>& list_;
  const std::vector<QueueId>& parents_;
  const std::vector<QueueId>& top_down_;
  GuaranteeSums sums_;
};

std::optional<TreeProblem> AmountChecker::CheckLimits() const {
  // By queue; a queue without limits has those of the nearest one above it that has some.
  std::vector<PathLimits> own(list_.size() + 1);
  std::vector<std::size_t> source(list_.size(), list_.size());
  for (const QueueId queue : top_down_) {
    const std::size_t i = queue.index();
    if (parents_[i].valid()) source[i] = source[parents_[i].index()];
    if (list_[i].limit.empty()) continue;
    own[i] = Tighten(own[source[i]], list_[i].limit, queue);
    source[i] = i;
  }
  std::optional<TreeProblem> problem;
  for (std::size_t i = 0; i < list_.size() && !problem; ++i) {
    problem = CheckAgainst(own[source[i]], i);
  }
  return problem;
}

std::optional<TreeProblem> AmountChecker::CheckAgainst(const PathLimits& limits,
                                                       std::size_t queue) const {
  auto limit = limits.begin();
  for (const auto& [resource, amount] : list_[queue].guarantee) {
    while (limit != limits.end() && limit->resource < resource) ++limit;
    if (limit == limits.end()) break;
    if (limit->resource != resource || amount <= limit->amount) continue;
    const bool self = limit->owner.index() == queue;
    TreeProblem problem{queue, fmt::format("guarantee.{}", resource), "", limit->owner.index()};
    problem.message = fmt::format(
        "guarantee {} of \"{}\" is above {}limit {}{}: expected at most {}",
        Amount(resource, amount), list_[queue].name, self ? "its own " : "",
        Amount(resource, limit->amount), self ? "" : " of its ancestor " + Named(limit->owner),
        FormatAmount(resource, limit->amount));
    if (self) problem.other.reset();
    return problem;
  }
  return std::nullopt;
}

std::optional<TreeProblem> AmountChecker::CheckSum(std::size_t queue) const {
  const QueueSpec& spec = list_[queue];
  for (const auto& [resource, sum] : sums_.of_children[queue]) {
    const bool declared = !spec.guarantee.empty();
    const auto bound = FindAmount(declared ? spec.guarantee : spec.limit, resource);
    if (sum <= bound.value_or(declared ? 0 : sum)) continue;
    const std::vector<QueueId> givers =
        Givers(QueueId(static_cast<std::uint32_t>(queue)), resource);
    const std::string has =
        bound ? fmt::format("its {0} is {1}: expected at most its {0}", declared ? "own" : "limit",
                            FormatAmount(resource, *bound))
              : fmt::format(
                    "its own guarantee names none: expected {} or more, or no guarantee of "
                    "its own, which is then the sum",
                    FormatAmount(resource, sum));
    return TreeProblem{
        queue, fmt::format("{}.{}", declared ? "guarantee" : "limit", resource),
        fmt::format("guarantee {} of the children of \"{}\" is {} ({}), {}", resource, spec.name,
                    FormatAmount(resource, sum), Listed(givers, resource), has),
        givers.front().index()};
  }
  return std::nullopt;
}

std::optional<TreeProblem> AmountChecker::CheckLending(std::size_t queue) const {
  const QueueSpec& spec = list_[queue];
  for (const auto& [resource, amount] : spec.lending_limit) {
    if (FindAmount(GuaranteeOf(queue), resource)) continue;
    return TreeProblem{
        queue, fmt::format("lending_limit.{}", resource),
        fmt::format("lending_limit {} of \"{}\", which has no guarantee of {}: expected one, since "
                    "only unused guarantee is lent",
                    Amount(resource, amount), spec.name, resource),
        std::nullopt};
  }
  return std::nullopt;
}

TreeProblem AmountChecker::Overflow() const {
  const auto& [parent, child, resource] = *sums_.overflow;
  const std::vector<QueueId> givers = Givers(parent, resource);
  TreeProblem problem;
  problem.queue = child.index();
  problem.field = fmt::format("guarantee.{}", resource);
  problem.message = fmt::format(
      "guarantee {} of {} ({}) does not fit in 63 bits: expected a sum of at most {}", resource,
      parent.valid() ? "the children of " + Named(parent) : "the queues without a parent",
      Listed(givers, resource), FormatAmount(resource, INT64_MAX));
  problem.other = givers.front() == child ? givers.back().index() : givers.front().index();
  return problem;
}

std::vector<QueueId> AmountChecker::Givers(QueueId parent, std::string_view resource) const {
  std::vector<std::pair<std::int64_t, QueueId>> found;
  for (std::size_t i = 0; i < list_.size(); ++i) {
    if (parents_[i] != parent) continue;
    const std::int64_t amount = FindAmount(GuaranteeOf(i), resource).value_or(0);
    if (amount > 0) found.emplace_back(amount, QueueId(static_cast<std::uint32_t>(i)));
  }
  std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first > b.first;
    return list_[a.second.index()].name < list_[b.second.index()].name;
  });
  std::vector<QueueId> givers;
  givers.reserve(found.size());
  for (const auto& [amount, queue] : found) givers.push_back(queue);
  return givers;
}

std::string AmountChecker::Listed(const std::vector<QueueId>& givers,
                                  std::string_view resource) const {
  constexpr std::size_t kShown = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, givers.size()); ++i) {
    const std::size_t giver = givers[i].index();
    text +=
        fmt::format("{}{} {}", i == 0 ? "" : ", ", list_[giver].name,
                    FormatAmount(resource, FindAmount(GuaranteeOf(giver), resource).value_or(0)));
  }
  if (givers.size() > kShown) text += fmt::format(" and {} more", givers.size() - kShown);
  return text;
}

}  // namespace

std::optional<TreeProblem> CheckAmounts(const std::vector<QueueSpec>& list,
                                        const std::vector<QueueId>& parents,
                                        const std::vector<QueueId>& top_down) {
  return AmountChecker(list, parents, top_down).Check();
}

}  // namespace fairlead::queues
