#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "fairlead/base/check.h"
#include "fairlead/queues/hierarchy_order.h"
#include "scheduler/cli/fairshare_answer.h"
#include "scheduler/cli/model_flow.h"

namespace fairlead::cli {
namespace {

constexpr std::size_t kMaxTasks = 1'000'000;
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::int64_t SaturatingSum(std::int64_t a, std::int64_t b) { return a > kMax - b ? kMax : a + b; }

void AddSaturating(ResourceId resource, std::int64_t amount, ResourceVector* sum) {
  sum->Set(resource, SaturatingSum(sum->Get(resource), amount));
}

// Unused guarantee that is not lent (rule 2 of queues/entitlement.h), summed over all queues. What
// any of several models can serve counts as demand of each of them.
ResourceVector KeptFromOthers(const FairshareFile& file, const EntitlementInput& input) {
  std::vector<ResourceVector> demand(input.queues.size());
  ResourceVector kept;
  const std::vector<QueueId>& order = file.tree.DepthFirst();
  for (auto id = order.rbegin(); id != order.rend(); ++id) {
    const EntitlementQueue& queue = input.queues[id->index()];
    ResourceVector& own = demand[id->index()];
    for (const KeyedAmounts& one : file.queues[id->index()].demand) {
      for (const KeyedAmount& amount : one) {
        for (const ResourceId r : amount.resources) AddSaturating(r, amount.amount, &own);
      }
    }
    for (std::uint32_t i = 0; i < file.names.size(); ++i) {
      const ResourceId r(i);
      const std::int64_t spare = std::max<std::int64_t>(0, queue.guarantee.Get(r) - own.Get(r));
      const std::int64_t lent = queue.lendable ? queue.lending_limit.Get(r).value_or(kMax) : 0;
      const std::int64_t held_back = std::max<std::int64_t>(0, spare - lent);
      AddSaturating(r, held_back, &kept);
      AddSaturating(r, held_back, &own);
      if (queue.parent.valid()) AddSaturating(r, own.Get(r), &demand[queue.parent.index()]);
    }
  }
  return kept;
}

// The limit, for a queue that may not borrow together with its guarantee.
ResourceLimits LimitOf(const EntitlementQueue& queue, std::size_t resources) {
  ResourceLimits limit = queue.limit;
  for (std::uint32_t i = 0; !queue.borrowing && i < resources; ++i) {
    const ResourceId r(i);
    const std::int64_t guarantee = queue.guarantee.Get(r);
    if (guarantee == 0 && (r == kPods || r == kEphemeralStorage)) continue;
    limit.Set(r, std::min(guarantee, limit.Get(r).value_or(kMax)));
  }
  return limit;
}

// What leaves without a task hold from the start: their entitlements, with models for all amounts.
std::vector<ResourceVector> HeldWithoutTasks(const FairshareFile& file,
                                             const EntitlementInput& input,
                                             const std::vector<Entitlement>& entitlements) {
  std::vector<ResourceVector> held(file.queues.size());
  ResourceVector room = input.capacity;
  std::vector<AnyOf> any_of;
  std::vector<std::size_t> holders;
  for (std::size_t i = 0; i < held.size(); ++i) {
    const QueueId queue(static_cast<std::uint32_t>(i));
    if (!file.queues[i].task.empty() || !file.tree.IsLeaf(queue)) continue;
    held[i] = entitlements[i].amounts;
    room -= held[i];
    any_of.insert(any_of.end(), entitlements[i].any_of.begin(), entitlements[i].any_of.end());
    holders.resize(any_of.size(), i);
  }
  const auto given = AssignModels(any_of, &room);
  FAIRLEAD_CHECK(given, "the entitlements do not fit in the capacity of the GPU models");
  for (std::size_t i = 0; i < holders.size(); ++i) held[holders[i]] += (*given)[i];
  return held;
}

class Walk {
 public:
  Walk(const FairshareFile& file, const EntitlementInput& input,
       const std::vector<Entitlement>& entitlements);

  Result<WholeTasks> Run();

 private:
  std::vector<HierarchyQueue> Queues(const std::vector<ResourceVector>& held) const;
  bool HasItsEntitlement(QueueId leaf) const;
  std::optional<ResourceVector> NextTask(QueueId leaf) const;
  std::optional<ResourceId> ModelFor(QueueId leaf, const KeyedAmount& amount,
                                     const ResourceVector& task) const;
  bool Fits(QueueId leaf, ResourceId resource, std::int64_t amount) const;

  const FairshareFile& file_;
  const EntitlementInput& input_;
  const std::vector<Entitlement>& entitlements_;
  ResourceVector room_;
  std::vector<ResourceLimits> limits_;
  std::vector<std::int64_t> insisting_;  // by ResourceId: tasks that accept nothing else
  WholeTasks out_;
  HierarchyOrder order_;
};

Walk::Walk(const FairshareFile& file, const EntitlementInput& input,
           const std::vector<Entitlement>& entitlements)
    : file_(file),
      input_(input),
      entitlements_(entitlements),
      insisting_(file.names.size()),
      out_{std::vector<std::int64_t>(file.queues.size()), {}},
      order_(input.capacity, Queues(HeldWithoutTasks(file, input, entitlements))) {
  ResourceVector taken = KeptFromOthers(file, input);
  for (const QueueId queue : file.tree.children(QueueId::None())) {
    const ResourceVector& held = order_.Allocated(queue);
    for (std::uint32_t i = 0; i < held.size(); ++i) {
      AddSaturating(ResourceId(i), held.Get(ResourceId(i)), &taken);
    }
  }
  for (std::uint32_t i = 0; i < file.names.size(); ++i) {
    const ResourceId r(i);
    room_.Set(r, std::max<std::int64_t>(0, input.capacity.Get(r) - taken.Get(r)));
  }
  for (const EntitlementQueue& queue : input.queues) {
    limits_.push_back(LimitOf(queue, file.names.size()));
  }
  for (const FairshareQueue& queue : file.queues) {
    for (const KeyedAmount& amount : queue.task) {
      if (amount.resources.size() == 1) ++insisting_[amount.resources.front().index()];
    }
  }
}

std::vector<HierarchyQueue> Walk::Queues(const std::vector<ResourceVector>& held) const {
  std::vector<HierarchyQueue> queues;
  for (std::uint32_t i = 0; i < file_.queues.size(); ++i) {
    const FairshareQueue& queue = file_.queues[i];
    HierarchyQueue out;
    out.parent = input_.queues[i].parent;
    out.rank = input_.queues[i].rank;
    out.weight = {queue.spec.weight, 1};
    out.blocked = queue.task.empty();
    out.allocated = held[i];
    out.over = !out.blocked && HasItsEntitlement(QueueId(i));
    for (const KeyedAmount& amount : queue.task) {
      out.uses.insert(out.uses.end(), amount.resources.begin(), amount.resources.end());
    }
    queues.push_back(std::move(out));
  }
  return queues;
}

bool Walk::HasItsEntitlement(QueueId leaf) const {
  const Entitlement& entitled = entitlements_[leaf.index()];
  const KeyedAmounts& task = file_.queues[leaf.index()].task;
  return std::any_of(task.begin(), task.end(), [&](const KeyedAmount& amount) {
    std::int64_t due = 0;
    if (amount.resources.size() == 1) {
      due = entitled.amounts.Get(amount.resources.front());
    } else {
      for (const AnyOf& any_of : entitled.any_of) {
        if (any_of.models == amount.resources) due = any_of.amount;
      }
    }
    return out_.tasks[leaf.index()] * amount.amount >= due;
  });
}

bool Walk::Fits(QueueId leaf, ResourceId resource, std::int64_t amount) const {
  if (amount > room_.Get(resource)) return false;
  for (QueueId queue = leaf; queue.valid(); queue = file_.tree.parent(queue)) {
    const std::optional<std::int64_t> limit = limits_[queue.index()].Get(resource);
    if (limit && amount > *limit - order_.Allocated(queue).Get(resource)) return false;
  }
  return true;
}

std::optional<ResourceId> Walk::ModelFor(QueueId leaf, const KeyedAmount& amount,
                                         const ResourceVector& task) const {
  std::optional<ResourceId> best;
  const auto rank = [this](ResourceId model) {
    return std::tuple(insisting_[model.index()], -room_.Get(model), model);
  };
  for (const ResourceId model : amount.resources) {
    if (!Fits(leaf, model, SaturatingSum(task.Get(model), amount.amount))) continue;
    if (!best || rank(model) < rank(*best)) best = model;
  }
  return best;
}

// The amounts of one more task; none where it is not wanted or does not fit.
std::optional<ResourceVector> Walk::NextTask(QueueId leaf) const {
  const FairshareQueue& queue = file_.queues[leaf.index()];
  if (out_.tasks[leaf.index()] >= queue.tasks_wanted) return std::nullopt;
  ResourceVector task;
  for (const bool one_model : {true, false}) {
    for (const KeyedAmount& amount : queue.task) {
      if ((amount.resources.size() == 1) != one_model) continue;
      const std::optional<ResourceId> resource = ModelFor(leaf, amount, task);
      if (!resource) return std::nullopt;
      task.Add(*resource, amount.amount);
    }
  }
  return task;
}

Result<WholeTasks> Walk::Run() {
  for (QueueId leaf = order_.Next(); leaf.valid(); leaf = order_.Next()) {
    const std::optional<ResourceVector> task = NextTask(leaf);
    if (!task) {
      order_.Block(leaf);
      continue;
    }
    if (out_.order.size() == kMaxTasks) {
      Error error;
      error.message = "more than 1,000,000 whole tasks fit: expected larger ones";
      error.field = "queues";
      return error;
    }
    room_ -= *task;
    ++out_.tasks[leaf.index()];
    out_.order.push_back(leaf);
    order_.Charge(leaf, *task);
    if (HasItsEntitlement(leaf)) order_.SetOver(leaf, true);
  }
  return std::move(out_);
}

}  // namespace

Result<WholeTasks> GiveWholeTasks(const FairshareFile& file, const EntitlementInput& input,
                                  const std::vector<Entitlement>& entitlements) {
  return Walk(file, input, entitlements).Run();
}

}  // namespace fairlead::cli
