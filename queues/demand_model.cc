#include "queues/demand_model.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "fairlead/base/check.h"

namespace fairlead::fair {
namespace {

using Models = std::vector<ResourceId>;

// Fewer models first, so that amounts that can be served in one way only come before those that
// leave a choice.
bool Before(const Models& a, const Models& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return a < b;
}

struct ModelsLess {
  bool operator()(const Models& a, const Models& b) const { return Before(a, b); }
};

using Index = std::map<Models, std::uint32_t, ModelsLess>;

Index IndexDimensions(const EntitlementInput& input, std::size_t resources) {
  Index index;
  std::vector<bool> seen(resources, false);
  for (const EntitlementQueue& queue : input.queues) {
    for (const DemandClass& c : queue.demand) {
      for (std::size_t r = 0; r < c.amounts.size(); ++r) {
        if (c.amounts.Get(ResourceId(static_cast<std::uint32_t>(r))) > 0) seen[r] = true;
      }
      for (const AnyOf& any : c.any_of) {
        if (any.amount > 0) index.emplace(any.models, 0);
      }
    }
  }
  for (std::uint32_t r = 0; r < resources; ++r) {
    if (seen[r]) index.emplace(Models{ResourceId(r)}, 0);
  }
  std::uint32_t next = 0;
  for (auto& [models, position] : index) position = next++;
  return index;
}

std::int64_t CapacityOf(const Models& models, const ResourceVector& capacity) {
  std::int64_t sum = 0;
  for (const ResourceId r : models) {
    const std::int64_t more = capacity.Get(r);
    if (more > std::numeric_limits<std::int64_t>::max() - sum) {
      return std::numeric_limits<std::int64_t>::max();
    }
    sum += more;
  }
  return sum;
}

// The sets that can be tight on their own: single resources, and all unions of overlapping sets of
// alternatives. A union of sets without a common resource is tight only where its parts are.
std::vector<ResourceSet> MakeSets(const Index& index) {
  std::set<Models> unions;
  std::vector<Models> work;
  for (const auto& [models, position] : index) work.push_back(models);
  const std::vector<Models> basic = work;
  for (const Models& models : basic) {
    for (const ResourceId r : models) work.push_back({r});
  }
  while (!work.empty()) {
    Models models = std::move(work.back());
    work.pop_back();
    if (!unions.insert(models).second) continue;
    for (const Models& other : basic) {
      Models both;
      std::set_intersection(models.begin(), models.end(), other.begin(), other.end(),
                            std::back_inserter(both));
      // Single resources inside the union add no models.
      if (both.empty() || other.size() < 2) continue;
      Models joined;
      std::set_union(models.begin(), models.end(), other.begin(), other.end(),
                     std::back_inserter(joined));
      if (joined.size() > models.size()) work.push_back(std::move(joined));
    }
  }
  std::vector<ResourceSet> sets;
  for (const Models& models : unions) {
    ResourceSet set{models, {}};
    for (const auto& [accepted, position] : index) {
      if (std::includes(models.begin(), models.end(), accepted.begin(), accepted.end())) {
        set.dimensions.push_back(position);
      }
    }
    if (!set.dimensions.empty()) sets.push_back(std::move(set));
  }
  std::sort(sets.begin(), sets.end(), [](const ResourceSet& a, const ResourceSet& b) {
    return Before(a.resources, b.resources);
  });
  return sets;
}

std::vector<Amount> AmountsOf(const DemandClass& c, const Index& index,
                              const std::vector<std::uint32_t>& single) {
  std::vector<Amount> amounts;
  for (std::uint32_t r = 0; r < c.amounts.size(); ++r) {
    const std::int64_t amount = c.amounts.Get(ResourceId(r));
    if (amount > 0) amounts.push_back({single[r], amount});
  }
  for (const AnyOf& any : c.any_of) {
    FAIRLEAD_CHECK(any.models.size() >= 2 && std::is_sorted(any.models.begin(), any.models.end()),
                   "alternatives are not two or more in order");
    if (any.amount > 0) amounts.push_back({index.at(any.models), any.amount});
  }
  std::sort(amounts.begin(), amounts.end(),
            [](const Amount& a, const Amount& b) { return a.dimension < b.dimension; });
  return amounts;
}

void MakeTree(const EntitlementInput& input, DemandModel* model) {
  const std::size_t queues = input.queues.size();
  model->children.resize(queues + 1);
  for (std::uint32_t q = 0; q < queues; ++q) {
    const QueueId parent = input.queues[q].parent;
    FAIRLEAD_CHECK(!parent.valid() || parent.index() < queues, "parent of queue {}", q);
    model->children[parent.valid() ? parent.index() : queues].push_back(q);
  }
  for (std::vector<std::uint32_t>& children : model->children) {
    std::sort(children.begin(), children.end(), [&](std::uint32_t a, std::uint32_t b) {
      return input.queues[a].rank < input.queues[b].rank;
    });
  }
  std::vector<std::uint32_t> stack(model->children.back().rbegin(), model->children.back().rend());
  while (!stack.empty()) {
    const std::uint32_t q = stack.back();
    stack.pop_back();
    model->depth_first.push_back(q);
    const auto& children = model->children[q];
    FAIRLEAD_CHECK(children.empty() || input.queues[q].demand.empty(),
                   "inner queue {} has demand of its own", q);
    stack.insert(stack.end(), children.rbegin(), children.rend());
  }
  FAIRLEAD_CHECK(model->depth_first.size() == queues, "the queues are no tree");
}

std::size_t CountResources(const EntitlementInput& input) {
  std::size_t count = input.capacity.size();
  for (const EntitlementQueue& queue : input.queues) {
    count = std::max(count, queue.guarantee.size());
    for (const DemandClass& c : queue.demand) {
      count = std::max(count, c.amounts.size());
      for (const AnyOf& any : c.any_of) count = std::max(count, any.models.back().index() + 1);
    }
  }
  return count;
}

}  // namespace

DemandModel MakeDemandModel(const EntitlementInput& input) {
  DemandModel model;
  model.resources = CountResources(input);
  const Index index = IndexDimensions(input, model.resources);
  for (const auto& [models, position] : index) {
    model.dimensions.push_back({models, CapacityOf(models, input.capacity)});
    for (const ResourceId r : models) model.slots.push_back({position, r});
  }
  model.sets = MakeSets(index);
  std::vector<std::uint32_t> single(model.resources);
  for (const auto& [models, position] : index) {
    if (models.size() == 1) single[models.front().index()] = position;
  }
  model.classes.resize(input.queues.size());
  for (std::size_t q = 0; q < input.queues.size(); ++q) {
    for (const DemandClass& c : input.queues[q].demand) {
      model.classes[q].push_back(AmountsOf(c, index, single));
    }
  }
  MakeTree(input, &model);
  return model;
}

}  // namespace fairlead::fair
