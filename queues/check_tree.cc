// CheckTree: first what can be said about single queues, then the tree, then amounts.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "fairlead/queues/tree.h"
#include "queues/check_amounts.h"
#include "queues/tree_shape.h"

namespace fairlead {
namespace {

using Problem = std::optional<TreeProblem>;

TreeProblem At(std::size_t queue, std::string field, std::string message,
               std::optional<std::size_t> other = std::nullopt) {
  return TreeProblem{queue, std::move(field), std::move(message), other};
}

// Amounts of one field: names in order and once, nothing negative.
Problem CheckList(std::size_t queue, const QueueSpec& spec, std::string_view field,
                  const NamedAmounts& amounts) {
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const auto& [name, amount] = amounts[i];
    if (amount < 0) {
      return At(
          queue, fmt::format("{}.{}", field, name),
          fmt::format("{} {} of \"{}\" is {}: expected 0 or more", field, name, spec.name, amount));
    }
    if (i > 0 && amounts[i - 1].first >= name) {
      return At(queue, fmt::format("{}.{}", field, name),
                fmt::format("{} of \"{}\" has \"{}\" after \"{}\": expected names once, in order",
                            field, spec.name, name, amounts[i - 1].first));
    }
  }
  return std::nullopt;
}

Problem CheckCap(std::size_t queue, const QueueSpec& spec, std::string_view field,
                 std::optional<std::int64_t> cap) {
  if (!cap || *cap >= 0) return std::nullopt;
  return At(queue, std::string(field),
            fmt::format("{} of \"{}\" is {}: expected 0 or more", field, spec.name, *cap));
}

Problem CheckNumbers(std::size_t queue, const QueueSpec& spec) {
  if (spec.name.empty()) return At(queue, "name", "a queue without a name: expected one");
  if (spec.weight <= 0) {
    return At(queue, "weight",
              fmt::format("weight of \"{}\" is {} millionths: expected more than 0", spec.name,
                          spec.weight));
  }
  if (spec.min_runtime < Duration{}) {
    return At(queue, "min_runtime",
              fmt::format("min_runtime of \"{}\" is {}: expected 0s or more", spec.name,
                          FormatDuration(spec.min_runtime)));
  }
  if (spec.user_limit <= 0 || spec.user_limit > kWeightOne) {
    return At(queue, "user_limit",
              fmt::format("user_limit of \"{}\" is {} millionths: expected more than 0 and at most "
                          "1 (1000000 millionths)",
                          spec.name, spec.user_limit));
  }
  return std::nullopt;
}

Problem CheckAlone(std::size_t queue, const QueueSpec& spec) {
  Problem problem = CheckNumbers(queue, spec);
  if (!problem) problem = CheckCap(queue, spec, "max_pending_gangs", spec.max_pending_gangs);
  if (!problem) problem = CheckCap(queue, spec, "max_running_gangs", spec.max_running_gangs);
  if (!problem) problem = CheckList(queue, spec, "guarantee", spec.guarantee);
  if (!problem) problem = CheckList(queue, spec, "limit", spec.limit);
  if (!problem) problem = CheckList(queue, spec, "lending_limit", spec.lending_limit);
  if (!problem && !spec.lendable && !spec.lending_limit.empty()) {
    problem = At(queue, "lending_limit",
                 fmt::format("lending_limit of \"{}\", whose lendable is false: expected one of "
                             "them, since nothing is lent",
                             spec.name));
  }
  return problem;
}

class TreeChecker {
 public:
  explicit TreeChecker(const std::vector<QueueSpec>& list)
      : list_(list), by_name_(queues::PositionsByName(list)), parents_(list.size()) {}

  Problem Check() {
    Problem problem = CheckNames();
    for (std::size_t i = 0; i < list_.size() && !problem; ++i) problem = CheckAlone(i, list_[i]);
    for (std::size_t i = 0; i < list_.size() && !problem; ++i) problem = FindParent(i);
    if (problem) return problem;
    const queues::ParentOrder order = queues::OrderByParents(parents_);
    if (!order.cycle.empty()) return Cycle(order.cycle);
    problem = CheckDepth(order.top_down);
    if (!problem) problem = CheckInnerQueues();
    if (!problem) problem = queues::CheckAmounts(list_, parents_, order.top_down);
    return problem;
  }

 private:
  Problem CheckNames() const;
  Problem FindParent(std::size_t queue);  // or what is wrong with it
  TreeProblem Cycle(const std::vector<QueueId>& cycle) const;
  Problem CheckDepth(const std::vector<QueueId>& top_down) const;
  Problem CheckInnerQueues() const;

  const std::string& NameOf(QueueId queue) const { return list_[queue.index()].name; }

  const std::vector<QueueSpec>& list_;
  const std::vector<QueueId> by_name_;
  std::vector<QueueId> parents_;
};

Problem TreeChecker::CheckNames() const {
  Problem first;
  for (std::size_t i = 1; i < by_name_.size(); ++i) {
    const QueueId earlier = by_name_[i - 1];
    const QueueId later = by_name_[i];
    if (NameOf(earlier) != NameOf(later) || (first && first->queue < later.index())) continue;
    first = At(later.index(), "name", fmt::format("\"{}\" twice: expected it once", NameOf(later)),
               earlier.index());
  }
  return first;
}

Problem TreeChecker::FindParent(std::size_t queue) {
  const QueueSpec& spec = list_[queue];
  if (spec.parent.empty()) return std::nullopt;
  if (spec.parent == spec.name) {
    return At(queue, "parent",
              fmt::format("\"{}\" is its own parent: expected another queue, or none for a queue "
                          "below the root",
                          spec.name));
  }
  parents_[queue] = queues::FindPosition(list_, by_name_, spec.parent);
  if (parents_[queue].valid()) return std::nullopt;
  return At(queue, "parent",
            fmt::format("\"{}\" has the unknown parent \"{}\": expected a declared queue, or none "
                        "for a queue below the root",
                        spec.name, spec.parent));
}

TreeProblem TreeChecker::Cycle(const std::vector<QueueId>& cycle) const {
  constexpr std::size_t kShown = 64;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, cycle.size()); ++i) {
    text += NameOf(cycle[i]) + " -> ";
  }
  if (cycle.size() > kShown) text += fmt::format("({} more) -> ", cycle.size() - kShown);
  return At(cycle.front().index(), "parent",
            fmt::format("cycle: {}{}: expected parents that end below the root", text,
                        NameOf(cycle.front())),
            cycle.back().index());
}

Problem TreeChecker::CheckDepth(const std::vector<QueueId>& top_down) const {
  std::vector<std::size_t> depth(list_.size(), 1);
  std::vector<QueueId> top(list_.size());
  Problem first;
  for (const QueueId queue : top_down) {
    const std::size_t i = queue.index();
    const QueueId parent = parents_[i];
    top[i] = parent.valid() ? top[parent.index()] : queue;
    if (parent.valid()) depth[i] = depth[parent.index()] + 1;
    if (depth[i] <= kMaxQueueDepth || (first && first->queue < i)) continue;
    first =
        At(i, "parent",
           fmt::format("\"{}\" is at depth {}, far below \"{}\": expected a depth of at most {}",
                       NameOf(queue), depth[i], NameOf(top[i]), kMaxQueueDepth),
           top[i].index());
  }
  return first;
}

// A queue with children holds no gangs, so what rules the gangs of a queue would do nothing there.
Problem TreeChecker::CheckInnerQueues() const {
  std::vector<QueueId> child(list_.size());  // the first by name
  for (const QueueId queue : by_name_) {
    const QueueId parent = parents_[queue.index()];
    if (parent.valid() && !child[parent.index()].valid()) child[parent.index()] = queue;
  }
  for (std::size_t i = 0; i < list_.size(); ++i) {
    if (!child[i].valid()) continue;
    const QueueSpec& spec = list_[i];
    std::string_view field;
    if (spec.order != LeafOrder::kPriorityFifo) field = "order";
    if (spec.max_pending_gangs) field = "max_pending_gangs";
    if (spec.max_running_gangs) field = "max_running_gangs";
    if (spec.user_limit != kWeightOne) field = "user_limit";
    if (field.empty()) continue;
    return At(i, std::string(field),
              fmt::format("{} of \"{}\", which has no gangs of its own but children such as "
                          "\"{}\": expected it on queues without children",
                          field, spec.name, NameOf(child[i])),
              child[i].index());
  }
  return std::nullopt;
}

}  // namespace

std::optional<TreeProblem> CheckTree(const std::vector<QueueSpec>& queues) {
  return TreeChecker(queues).Check();
}

}  // namespace fairlead
