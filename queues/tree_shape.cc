#include "queues/tree_shape.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <boost/property_map/property_map.hpp>
#include <cstddef>
#include <cstdint>

#include "fairlead/queues/amounts.h"

namespace fairlead::queues {
namespace {

using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;

// The strongly connected components of the edges from child to parent, by queue. The algorithm is
// Tarjan's, which numbers a component after all that it reaches: a parent's is never the larger.
std::vector<std::size_t> Components(const std::vector<QueueId>& parents) {
  Graph graph(parents.size());
  for (std::size_t i = 0; i < parents.size(); ++i) {
    if (parents[i].valid()) boost::add_edge(i, parents[i].index(), graph);
  }
  std::vector<std::size_t> component(parents.size());
  boost::strong_components(graph, boost::make_iterator_property_map(
                                      component.begin(), boost::get(boost::vertex_index, graph)));
  return component;
}

}  // namespace

std::vector<QueueId> PositionsByName(const std::vector<QueueSpec>& list) {
  std::vector<QueueId> by_name;
  by_name.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) by_name.emplace_back(static_cast<std::uint32_t>(i));
  std::sort(by_name.begin(), by_name.end(), [&](QueueId a, QueueId b) {
    const int order = list[a.index()].name.compare(list[b.index()].name);
    return order != 0 ? order < 0 : a < b;
  });
  return by_name;
}

QueueId FindPosition(const std::vector<QueueSpec>& list, const std::vector<QueueId>& by_name,
                     std::string_view name) {
  const auto it = std::lower_bound(
      by_name.begin(), by_name.end(), name,
      [&](QueueId queue, std::string_view wanted) { return list[queue.index()].name < wanted; });
  if (it == by_name.end() || list[it->index()].name != name) return QueueId::None();
  return *it;
}

ParentOrder OrderByParents(const std::vector<QueueId>& parents) {
  const std::vector<std::size_t> component = Components(parents);
  std::vector<QueueId> by_component(parents.size());
  std::vector<std::uint32_t> members(parents.size(), 0);
  for (std::size_t i = 0; i < parents.size(); ++i) {
    by_component[component[i]] = QueueId(static_cast<std::uint32_t>(i));
    ++members[component[i]];
  }
  ParentOrder result;
  for (std::size_t i = 0; i < parents.size() && result.cycle.empty(); ++i) {
    const QueueId first{static_cast<std::uint32_t>(i)};
    if (members[component[i]] == 1 && parents[i] != first) continue;
    QueueId queue = first;
    do {
      result.cycle.push_back(queue);
      queue = parents[queue.index()];
    } while (queue != first);
  }
  // Without a cycle every queue is a component of its own.
  if (result.cycle.empty()) result.top_down = std::move(by_component);
  return result;
}

GuaranteeSums SumGuarantees(const std::vector<QueueSpec>& list, const std::vector<QueueId>& parents,
                            const std::vector<QueueId>& top_down) {
  GuaranteeSums sums;
  sums.of_children.resize(list.size() + 1);
  for (auto queue = top_down.rbegin(); queue != top_down.rend(); ++queue) {
    const QueueId parent = parents[queue->index()];
    const NamedAmounts& declared = list[queue->index()].guarantee;
    const NamedAmounts& own = declared.empty() ? sums.of_children[queue->index()] : declared;
    const std::size_t above = parent.valid() ? parent.index() : list.size();
    const std::optional<std::string> too_large = AddAmounts(own, &sums.of_children[above]);
    if (too_large && !sums.overflow) sums.overflow = {parent, *queue, *too_large};
  }
  return sums;
}

}  // namespace fairlead::queues
