#include "tests/property/fair_cases.h"

#include <fmt/format.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

namespace fairlead::testing_support {
namespace {

// The order in which resources join: models of GPUs are those above the fixed ones.
constexpr std::array<std::uint32_t, 6> kIds = {0, 4, 5, 1, 6, 2};
constexpr int kMaxDepth = 4;

ResourceId Resource(int i) { return ResourceId{kIds[static_cast<std::size_t>(i)]}; }

// A case in the making.
class Drawing {
 public:
  explicit Drawing(const CaseShape& shape)
      : shape_(shape),
        resources_(1 + Below(shape.resources)),
        skipped_(OneIn(2) ? 2 : 3),
        large_(shape.large && OneIn(5)) {}

  EntitlementInput Draw() {
    for (int i = 0; i < resources_; ++i) {
      const bool missing = shape_.missing && OneIn(12);
      input_.capacity.Set(Resource(i), missing ? 0 : 1 + Amount(24));
    }
    DrawTree();
    for (std::size_t q = 0; q < input_.queues.size(); ++q) {
      if (leaf_[q]) DrawDemand(input_.queues[q]);
    }
    // Children come after their parents.
    for (std::size_t q = input_.queues.size(); q-- > 0;) {
      if (shape_.guarantees) DrawGuarantee(q);
      if (shape_.limits) DrawLimits(input_.queues[q]);
    }
    if (!shape_.overcommitted) MakeRoom();
    return input_;
  }

 private:
  // 0 .. about n - 1, or far more.
  std::int64_t Amount(int n) {
    if (!large_) return Below(n);
    return *rc::gen::resize(100, rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 40));
  }

  void DrawTree() {
    const int queues = 1 + Below(shape_.queues);
    std::vector<int> depth;
    for (int q = 0; q < queues; ++q) {
      EntitlementQueue queue;
      queue.weight = shape_.equal_weights ? 1 : OneIn(3) ? 1 + Below(12) : 1 + Below(3);
      if (shape_.priorities && OneIn(3)) queue.priority = Below(3) - 1;
      depth.push_back(1);
      if (!shape_.flat && q > 0 && !OneIn(3)) {
        const int parent = Below(q);
        const auto above = static_cast<std::size_t>(parent);
        if (depth[above] < kMaxDepth) {
          queue.parent = QueueId{static_cast<std::uint32_t>(parent)};
          depth.back() = depth[above] + 1;
          leaf_[above] = false;
        }
      }
      input_.queues.push_back(queue);
      leaf_.push_back(true);
    }
    const auto ranks = RandomOrder(input_.queues.size());
    for (std::size_t q = 0; q < ranks.size(); ++q) {
      input_.queues[q].rank = static_cast<std::uint32_t>(ranks[q]);
    }
  }

  void DrawDemand(EntitlementQueue& queue) {
    const int classes = shape_.single_class ? 1 : OneIn(8) ? 0 : 1 + Below(3);
    for (int c = 0; c < classes; ++c) {
      DemandClass demand;
      // Little that is soon satisfied, or more than there is.
      const int wanted = OneIn(3) ? 6 : OneIn(2) ? 30 : 300;
      for (int i = 0; i < resources_; ++i) {
        if (!shape_.positive && !OneIn(skipped_)) continue;
        demand.amounts.Set(Resource(i), 1 + Amount(wanted));
      }
      if (shape_.sets) DrawSets(demand, wanted);
      queue.demand.push_back(demand);
    }
  }

  void DrawSets(DemandClass& demand, int wanted) {
    std::vector<ResourceId> models;
    for (int i = 0; i < resources_; ++i) {
      if (Resource(i).value() >= kFixedResources) models.push_back(Resource(i));
    }
    std::set<std::vector<ResourceId>> sets;
    for (int s = Below(3); s > 0; --s) {
      std::vector<ResourceId> set;
      for (const ResourceId model : models) {
        if (!OneIn(3)) set.push_back(model);
      }
      if (set.size() > 1) sets.insert(set);
    }
    for (const auto& set : sets) demand.any_of.push_back({set, 1 + Amount(wanted)});
  }

  void DrawGuarantee(std::size_t q) {
    EntitlementQueue& queue = input_.queues[q];
    const QueueId id{static_cast<std::uint32_t>(q)};
    for (int i = 0; i < resources_; ++i) {
      const ResourceId r = Resource(i);
      std::int64_t amount = OneIn(2) ? Amount(8) : 0;
      for (const EntitlementQueue& child : input_.queues) {
        if (child.parent == id) amount += child.guarantee.Get(r);
      }
      queue.guarantee.Set(r, amount);
      if (OneIn(4)) queue.lending_limit.Set(r, Amount(6));
    }
    queue.lendable = !OneIn(3);
  }

  void DrawLimits(EntitlementQueue& queue) {
    for (int i = 0; i < resources_; ++i) {
      const ResourceId r = Resource(i);
      if (OneIn(3)) queue.limit.Set(r, queue.guarantee.Get(r) + Amount(16));
    }
    queue.borrowing = !OneIn(shape_.guarantees ? 5 : 12);
  }

  void MakeRoom() {
    for (int i = 0; i < resources_; ++i) {
      std::int64_t total = 0;
      for (const EntitlementQueue& queue : input_.queues) {
        if (!queue.parent.valid()) total += queue.guarantee.Get(Resource(i));
      }
      input_.capacity.Set(Resource(i), std::max(total, input_.capacity.Get(Resource(i))));
    }
  }

  const CaseShape shape_;
  const int resources_;
  const int skipped_;  // of so many resources, a class uses one
  const bool large_;
  EntitlementInput input_;
  std::vector<bool> leaf_;
};

std::string Describe(const ResourceVector& amounts) {
  std::string text;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const auto amount = amounts.Get(ResourceId{static_cast<std::uint32_t>(i)});
    if (amount != 0) text += fmt::format(" {}:{}", i, amount);
  }
  return text;
}

std::string Describe(const ResourceLimits& limits) {
  std::string text;
  for (std::uint32_t i = 0; i < 8; ++i) {
    if (const auto limit = limits.Get(ResourceId{i})) text += fmt::format(" {}:{}", i, *limit);
  }
  return text;
}

std::string Describe(const DemandClass& demand) {
  std::string text = Describe(demand.amounts);
  for (const AnyOf& any : demand.any_of) {
    text += " ";
    for (const ResourceId model : any.models) text += fmt::format("{}|", model.value());
    text.back() = ':';
    text += std::to_string(any.amount);
  }
  return text;
}

}  // namespace

int Below(int n) { return *rc::gen::resize(100, rc::gen::inRange(0, n)); }
bool OneIn(int n) { return Below(n) == 0; }

CaseShape AnyShape() {
  CaseShape shape;
  shape.queues = OneIn(40) ? 40 : OneIn(4) ? 12 : 6;
  shape.resources = OneIn(3) ? 6 : 3;
  // What grows is the heart of the matter, and bounds end its growth early.
  const bool bounded = OneIn(2);
  shape.guarantees = bounded && OneIn(2);
  shape.overcommitted = OneIn(3);
  shape.limits = bounded && !OneIn(3);
  shape.priorities = OneIn(3);
  shape.sets = OneIn(2);
  shape.missing = OneIn(2);
  return shape;
}

EntitlementInput RandomInput(const CaseShape& shape) { return Drawing(shape).Draw(); }

std::vector<std::size_t> RandomOrder(std::size_t n) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = n; i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<std::size_t>(Below(static_cast<int>(i)))]);
  }
  return order;
}

EntitlementInput Renumbered(const EntitlementInput& input, const std::vector<std::size_t>& order) {
  EntitlementInput other{input.capacity, std::vector<EntitlementQueue>(input.queues.size())};
  for (std::size_t q = 0; q < order.size(); ++q) {
    EntitlementQueue queue = input.queues[q];
    if (queue.parent.valid()) {
      queue.parent = QueueId{static_cast<std::uint32_t>(order[queue.parent.index()])};
    }
    other.queues[order[q]] = std::move(queue);
  }
  return other;
}

std::string Describe(const EntitlementInput& input) {
  std::string text = "capacity" + Describe(input.capacity) + "\n";
  for (std::size_t q = 0; q < input.queues.size(); ++q) {
    const EntitlementQueue& queue = input.queues[q];
    text += fmt::format("queue {} below {} rank {} weight {}", q,
                        queue.parent.valid() ? std::to_string(queue.parent.value()) : "root",
                        queue.rank, queue.weight);
    if (queue.priority != 0) text += fmt::format(" priority {}", queue.priority);
    if (!queue.guarantee.IsZero()) text += "; guarantee" + Describe(queue.guarantee);
    if (!Describe(queue.limit).empty()) text += "; limit" + Describe(queue.limit);
    if (!queue.lendable) text += "; not lendable";
    if (!queue.borrowing) text += "; no borrowing";
    if (!Describe(queue.lending_limit).empty()) text += "; lends" + Describe(queue.lending_limit);
    for (const DemandClass& demand : queue.demand) text += "; wants" + Describe(demand);
    text += "\n";
  }
  return text;
}

}  // namespace fairlead::testing_support
