// Entitlements and the hierarchical order at scale. Everything is generated from a fixed seed;
// times are CPU time of one core.
//
//   Solve             depth 4, inner fan-out 10, all demands, weights and leaves distinct, 16
//                     resources, three times as much demand as capacity
//   SolveSparse       the same, each leaf using 4 of the resources
//   SolveFlat         all leaves below the root
//   SolveStructured   the tree with equal leaves; guarantees and limits at every level
//   Update            the first of these after a leaf that is held wants twice as much, or half
//   UpdateAny         the same after a leaf wants one unit more of one resource
//   OrderStep         Next() and Charge() in that tree, distinct tasks; OrderFlat without inner
//                     queues, OrderEqual with equal tasks, so that most levels are equal
#include <benchmark/benchmark.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "fairlead/queues/entitlement.h"
#include "fairlead/queues/entitlement_memo.h"
#include "fairlead/queues/hierarchy_order.h"
#include "tests/support/random.h"

namespace fairlead {
namespace {

using testing::Random;

constexpr std::uint32_t kSeed = 20260101;
constexpr std::uint32_t kResources = 16;
constexpr std::uint32_t kFanOut = 10;
constexpr std::int64_t kMost = 1'000'000;  // of one resource that one leaf wants

// Three levels of inner queues, kFanOut each, and the leaves below; or leaves only.
std::vector<QueueId> Parents(std::uint32_t leaves, bool flat) {
  std::vector<QueueId> parents;
  std::uint32_t first = 0;  // of the level above
  for (std::uint32_t level = 0, size = kFanOut; level < 3 && !flat; ++level, size *= kFanOut) {
    const auto begin = static_cast<std::uint32_t>(parents.size());
    for (std::uint32_t i = 0; i < size; ++i) {
      parents.push_back(level == 0 ? QueueId::None() : QueueId(first + i / kFanOut));
    }
    first = begin;
  }
  const auto inner = static_cast<std::uint32_t>(parents.size()) - first;
  for (std::uint32_t i = 0; i < leaves; ++i) {
    parents.push_back(flat ? QueueId::None() : QueueId(first + i % inner));
  }
  return parents;
}

ResourceVector RandomAmounts(Random* random, bool sparse, std::int64_t most) {
  ResourceVector amounts;
  for (std::uint32_t r = 0; r < kResources; ++r) {
    if (!sparse || random->Below(4) == 0) amounts.Set(ResourceId(r), 1 + random->Below(most));
  }
  if (amounts.IsZero()) amounts.Set(kCpu, 1);
  return amounts;
}

struct Shape {
  bool flat = false;
  bool sparse = false;
  bool equal = false;  // leaves
};

EntitlementInput Input(std::uint32_t leaves, const Shape& shape) {
  Random random(kSeed);
  EntitlementInput input;
  ResourceVector total;
  const std::vector<QueueId> parents = Parents(leaves, shape.flat);
  for (std::uint32_t i = 0; i < parents.size(); ++i) {
    EntitlementQueue queue;
    queue.parent = parents[i];
    queue.rank = i;
    queue.weight = shape.equal ? 1 : 1 + random.Below(4);
    if (i + leaves >= parents.size()) {
      Random same(kSeed);
      queue.demand.push_back(
          {RandomAmounts(shape.equal ? &same : &random, shape.sparse, kMost), {}});
      total += queue.demand.front().amounts;
    }
    input.queues.push_back(std::move(queue));
  }
  for (std::uint32_t r = 0; r < kResources; ++r) {
    input.capacity.Set(ResourceId(r), total.Get(ResourceId(r)) / 3 + 1);
  }
  return input;
}

// Every third queue is promised a fifth of its equal part of what its parent has, every fourth may
// not have more than that part.
void AddGuaranteesAndLimits(EntitlementInput* input) {
  std::vector<std::int64_t> children(input->queues.size() + 1);
  const auto slot = [&](QueueId parent) {
    return parent.valid() ? parent.index() : input->queues.size();
  };
  for (const EntitlementQueue& queue : input->queues) ++children[slot(queue.parent)];
  std::vector<ResourceVector> part(input->queues.size());
  for (std::uint32_t i = 0; i < input->queues.size(); ++i) {
    EntitlementQueue& queue = input->queues[i];
    const ResourceVector& whole =
        queue.parent.valid() ? part[queue.parent.index()] : input->capacity;
    for (std::uint32_t r = 0; r < kResources; ++r) {
      part[i].Set(ResourceId(r), whole.Get(ResourceId(r)) / children[slot(queue.parent)]);
      if (i % 4 == 0) queue.limit.Set(ResourceId(r), part[i].Get(ResourceId(r)));
    }
  }
  // Leaves first, so that a parent's guarantee holds the sum of its children's.
  for (std::size_t i = input->queues.size(); i-- > 0;) {
    EntitlementQueue& queue = input->queues[i];
    for (std::uint32_t r = 0; r < kResources && i % 3 == 0; ++r) {
      const std::int64_t own = queue.guarantee.Get(ResourceId(r));
      queue.guarantee.Set(ResourceId(r), std::max(own, part[i].Get(ResourceId(r)) / 5));
    }
    if (queue.parent.valid()) input->queues[queue.parent.index()].guarantee += queue.guarantee;
  }
}

void RunSolve(benchmark::State& state, const EntitlementInput& input) {
  std::vector<Entitlement> answer;
  for (auto _ : state) {
    answer = SolveEntitlements(input);
    benchmark::DoNotOptimize(answer);
  }
  ResourceVector sum;
  for (std::size_t i = 0; i < answer.size(); ++i) {
    if (!input.queues[i].parent.valid()) sum += answer[i].amounts;
  }
  if (!FitsIn(sum, input.capacity)) state.SkipWithError("more than there is");
}

std::uint32_t Leaves(const benchmark::State& state) {
  return static_cast<std::uint32_t>(state.range(0));
}

void Solve(benchmark::State& state) { RunSolve(state, Input(Leaves(state), {})); }
BENCHMARK(Solve)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

void SolveSparse(benchmark::State& state) {
  RunSolve(state, Input(Leaves(state), {.sparse = true}));
}
BENCHMARK(SolveSparse)->Arg(10'000)->Unit(benchmark::kMillisecond);

void SolveFlat(benchmark::State& state) { RunSolve(state, Input(Leaves(state), {.flat = true})); }
BENCHMARK(SolveFlat)->Arg(10'000)->Unit(benchmark::kMillisecond);

void SolveStructured(benchmark::State& state) {
  EntitlementInput input = Input(Leaves(state), {.equal = true});
  AddGuaranteesAndLimits(&input);
  RunSolve(state, input);
}
BENCHMARK(SolveStructured)->Arg(10'000)->Unit(benchmark::kMillisecond);

// A leaf that does not have all that it wants.
QueueId HeldLeaf(const EntitlementInput& input, const std::vector<Entitlement>& answer) {
  for (std::size_t q = input.queues.size(); q-- > 0;) {
    if (!input.queues[q].demand.empty() && answer[q].bound_by != BoundBy::kDemand) {
      return QueueId(static_cast<std::uint32_t>(q));
    }
  }
  return QueueId::None();
}

void RunUpdate(benchmark::State& state, bool proportional) {
  const EntitlementInput input = Input(Leaves(state), {});
  EntitlementMemo memo;
  const QueueId leaf = HeldLeaf(input, memo.Solve(input));
  if (!leaf.valid()) {
    state.SkipWithError("no leaf is held");
    return;
  }
  std::vector<DemandClass> demand = input.queues[leaf.index()].demand;
  std::vector<DemandClass> other = demand;
  if (proportional) {
    other.front().amounts.AddTimes(demand.front().amounts, 1);
  } else {
    other.front().amounts.Add(kCpu, 1);
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(memo.Update(leaf, other));
    std::swap(demand, other);
  }
}

void Update(benchmark::State& state) { RunUpdate(state, true); }
BENCHMARK(Update)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void UpdateAny(benchmark::State& state) { RunUpdate(state, false); }
BENCHMARK(UpdateAny)->Arg(10'000)->Unit(benchmark::kMillisecond);

void RunOrder(benchmark::State& state, const Shape& shape) {
  const EntitlementInput input = Input(Leaves(state), shape);
  std::vector<HierarchyQueue> queues;
  for (const EntitlementQueue& from : input.queues) {
    HierarchyQueue queue{from.parent, from.rank, {from.weight, 1}};
    queue.blocked = from.demand.empty();
    for (std::uint32_t r = 0; r < kResources && !queue.blocked; ++r) {
      if (from.demand.front().amounts.Get(ResourceId(r)) > 0) queue.uses.emplace_back(r);
    }
    queues.push_back(std::move(queue));
  }
  HierarchyOrder order(input.capacity, queues);
  for (auto _ : state) {
    const QueueId leaf = order.Next();
    order.Charge(leaf, input.queues[leaf.index()].demand.front().amounts);
  }
}

void OrderStep(benchmark::State& state) { RunOrder(state, {}); }
BENCHMARK(OrderStep)->Arg(1'000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

void OrderFlat(benchmark::State& state) { RunOrder(state, {.flat = true}); }
BENCHMARK(OrderFlat)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void OrderEqual(benchmark::State& state) { RunOrder(state, {.sparse = true, .equal = true}); }
BENCHMARK(OrderEqual)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace fairlead
