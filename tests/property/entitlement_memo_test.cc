// EntitlementMemo gives, after any changes of demand, what a solve from nothing gives.
#include "fairlead/queues/entitlement_memo.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/property/fair_cases.h"

namespace fairlead::testing_support {
namespace {

void AssertEqual(const std::vector<Entitlement>& a, const std::vector<Entitlement>& b) {
  RC_ASSERT(a.size() == b.size());
  for (std::size_t q = 0; q < a.size(); ++q) {
    RC_ASSERT(a[q].amounts == b[q].amounts);
    RC_ASSERT(a[q].any_of == b[q].any_of);
    RC_ASSERT(a[q].dominant_share == b[q].dominant_share);
    RC_ASSERT(BoundByName(a[q].bound_by) == BoundByName(b[q].bound_by));
    RC_ASSERT(a[q].bound_resource.value() == b[q].bound_resource.value());
    RC_ASSERT(a[q].bound_queue.value() == b[q].bound_queue.value());
    RC_ASSERT(a[q].guarantee_cut == b[q].guarantee_cut);
    RC_ASSERT(a[q].kept == b[q].kept);
  }
}

// Demand in other proportions, or in the same: `percent` of it, rounded up.
void Change(DemandClass* demand, std::int64_t percent, bool all) {
  bool first = true;
  for (std::uint32_t r = 0; r < demand->amounts.size(); ++r) {
    const std::int64_t amount = demand->amounts.Get(ResourceId(r));
    if (amount == 0 || !(all || first)) continue;
    demand->amounts.Set(ResourceId(r), (amount * percent + 99) / 100);
    first = false;
  }
  for (AnyOf& any : demand->any_of) {
    if (all) any.amount = (any.amount * percent + 99) / 100;
  }
}

RC_GTEST_PROP(EntitlementMemoProperty, EqualsASolveFromNothing, ()) {
  CaseShape shape = AnyShape();
  shape.guarantees = *rc::gen::weightedElement<bool>({{4, false}, {1, true}});
  EntitlementInput input = RandomInput(shape);
  EntitlementMemo memo;
  AssertEqual(memo.Solve(input), SolveEntitlements(input));
  int remembered = 0;
  for (int change = 0; change < 6; ++change) {
    const auto q = *rc::gen::inRange<std::size_t>(0, input.queues.size());
    EntitlementQueue& queue = input.queues[q];
    if (queue.demand.empty()) continue;
    const auto percent = *rc::gen::element<std::int64_t>(1, 50, 99, 100, 101, 200, 300, 1000);
    const bool all = *rc::gen::weightedElement<bool>({{3, true}, {1, false}});
    for (DemandClass& demand : queue.demand) Change(&demand, percent, all);
    const bool by_leaf = *rc::gen::arbitrary<bool>();
    const std::size_t before = memo.solves();
    const std::vector<Entitlement>& answer =
        by_leaf ? memo.Update(QueueId(static_cast<std::uint32_t>(q)), queue.demand)
                : memo.Solve(input);
    AssertEqual(answer, SolveEntitlements(input));
    remembered += memo.solves() == before ? 1 : 0;
  }
  RC_CLASSIFY(remembered > 0);
}

TEST(EntitlementMemo, ABacklogThatGrowsMovesNobody) {
  EntitlementInput input;
  input.capacity.Set(kCpu, 9000);
  input.capacity.Set(kMemory, 18);
  for (std::uint32_t q = 0; q < 2; ++q) {
    EntitlementQueue queue{.rank = q};
    DemandClass demand;
    demand.amounts.Set(kCpu, q == 0 ? 100'000 : 300'000);
    demand.amounts.Set(kMemory, q == 0 ? 400 : 100);
    queue.demand.push_back(demand);
    input.queues.push_back(queue);
  }
  EntitlementMemo memo;
  memo.Solve(input);
  DemandClass twice = input.queues[0].demand.front();
  twice.amounts.AddTimes(twice.amounts, 1);
  EXPECT_EQ(memo.Update(QueueId(0), {twice})[0].amounts.Get(kCpu), 3000);
  EXPECT_EQ(memo.solves(), 1u);
  // Down to what it has: then it is satisfied, and there is some left for the other.
  DemandClass little = input.queues[0].demand.front();
  little.amounts.Set(kCpu, 3000);
  little.amounts.Set(kMemory, 12);
  EXPECT_EQ(memo.Update(QueueId(0), {little})[0].bound_by, BoundBy::kDemand);
  EXPECT_EQ(memo.solves(), 2u);
  // Another capacity moves everybody.
  input.capacity.Set(kCpu, 12'000);
  EXPECT_EQ(memo.Solve(input)[1].amounts.Get(kCpu), SolveEntitlements(input)[1].amounts.Get(kCpu));
  EXPECT_EQ(memo.solves(), 3u);
}

}  // namespace
}  // namespace fairlead::testing_support
