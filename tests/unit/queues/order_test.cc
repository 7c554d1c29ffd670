#include "fairlead/queues/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace fairlead {
namespace {

ResourceVector Amounts(std::int64_t cpu, std::int64_t memory) {
  ResourceVector vector;
  vector.Set(kCpu, cpu);
  vector.Set(kMemory, memory);
  return vector;
}

QueueLoad Load(std::uint32_t id, std::string name, std::int64_t weight, ResourceVector allocated) {
  return {QueueId(id), std::move(name), weight, std::move(allocated)};
}

// Serves `steps` times, charging `amounts[id]` each time; the ids in order.
std::vector<std::uint32_t> Serve(QueueOrder* order, const std::vector<ResourceVector>& amounts,
                                 int steps) {
  std::vector<std::uint32_t> served;
  for (int i = 0; i < steps; ++i) {
    const QueueId next = order->Next();
    served.push_back(next.value());
    order->Charge(next, amounts[next.index()]);
  }
  return served;
}

TEST(QueueOrder, ServesTheLowestWeightedDominantShare) {
  struct Case {
    const char* what;
    std::vector<QueueLoad> queues;
    std::uint32_t expected;
  };
  // Capacity 10 CPU, 100 memory.
  const std::vector<Case> cases = {
      {"nothing held: by name", {Load(0, "b", 1, {}), Load(1, "a", 1, {})}, 1},
      // 2/10 against 1/10
      {"less held", {Load(0, "a", 1, Amounts(2, 0)), Load(1, "b", 1, Amounts(1, 0))}, 1},
      // the larger share counts: a max(1/10, 30/100) = 0.3, b max(2/10, 0) = 0.2
      {"dominant", {Load(0, "a", 1, Amounts(1, 30)), Load(1, "b", 1, Amounts(2, 0))}, 1},
      // a 0.4 / 3 = 0.133, b 0.2 / 1
      {"weight", {Load(0, "a", 3, Amounts(4, 0)), Load(1, "b", 1, Amounts(2, 0))}, 0},
      // a 0.4 / 2 = b 0.2 / 1: equal exactly, so by name
      {"equal by weight", {Load(0, "z", 2, Amounts(4, 0)), Load(1, "b", 1, Amounts(2, 0))}, 1},
      // a 1/10 / 3 against b 3/100 / 1: 0.0333.. > 0.03, which rounding could hide
      {"exact", {Load(0, "a", 3, Amounts(1, 0)), Load(1, "b", 1, Amounts(0, 3))}, 1},
  };
  for (const Case& c : cases) {
    QueueOrder order(Amounts(10, 100), c.queues);
    EXPECT_EQ(order.Next().value(), c.expected) << c.what;
    EXPECT_EQ(order.Next().value(), c.expected) << c.what << ": Next does not consume";
  }
}

TEST(QueueOrder, FollowsTheWeights) {
  QueueOrder order(Amounts(9, 9), {Load(0, "a", 2, {}), Load(1, "b", 1, {})});
  // shares / weight after each step: a .5/9, b 1/9, a 1/9 (tie: a first, 1.5/9), b 2/9, ...
  EXPECT_THAT(Serve(&order, {Amounts(1, 0), Amounts(1, 0)}, 9),
              testing::ElementsAre(0, 1, 0, 0, 1, 0, 0, 1, 0));
}

TEST(QueueOrder, PublishedExampleOfDominantResourceFairness) {
  // 9 CPU, 18 memory; a asks (1, 4), b asks (3, 1). Dominant shares go
  // a 4/18, b 3/9, a 8/18, b 6/9, a 12/18: 3 tasks of a, 2 of b.
  QueueOrder order(Amounts(9, 18), {Load(0, "a", 1, {}), Load(1, "b", 1, {})});
  EXPECT_THAT(Serve(&order, {Amounts(1, 4), Amounts(3, 1)}, 5),
              testing::ElementsAre(0, 1, 0, 1, 0));
  EXPECT_EQ(order.DominantShareOf(QueueId(0)), (Share{12, 18}));
  EXPECT_EQ(order.DominantShareOf(QueueId(1)), (Share{6, 9}));
}

TEST(QueueOrder, RemovedQueuesAreNotServed) {
  QueueOrder order(Amounts(9, 9), {Load(0, "a", 1, {}), Load(1, "b", 1, {})});
  order.Remove(QueueId(0));
  EXPECT_EQ(order.Next(), QueueId(1));
  order.Charge(QueueId(0), Amounts(1, 0));  // still allowed: it may complete a gang it holds
  order.Remove(QueueId(1));
  EXPECT_EQ(order.Next(), QueueId::None());
  EXPECT_EQ(QueueOrder(Amounts(9, 9), {}).Next(), QueueId::None());
}

TEST(QueueOrder, ChargesOfAQueueThatIsNotServedCount) {
  QueueOrder order(Amounts(9, 9), {Load(0, "a", 1, {}), Load(1, "b", 1, {})});
  order.Charge(QueueId(0), Amounts(1, 0));
  EXPECT_EQ(order.Next(), QueueId(1));
  order.Charge(QueueId(1), Amounts(2, 0));
  EXPECT_EQ(order.Next(), QueueId(0));
}

TEST(QueueOrder, InputOrderDoesNotMatter) {
  std::vector<QueueLoad> queues;
  for (std::uint32_t q = 0; q < 7; ++q) {
    queues.push_back(Load(q, std::string(1, static_cast<char>('a' + (q * 3) % 7)), 1 + q % 3,
                          Amounts(q % 2, 0)));
  }
  const std::vector<ResourceVector> amounts(7, Amounts(1, 2));
  QueueOrder first(Amounts(50, 50), queues);
  const auto expected = Serve(&first, amounts, 40);
  for (int turn = 0; turn < 7; ++turn) {
    std::rotate(queues.begin(), queues.begin() + 1, queues.end());
    QueueOrder order(Amounts(50, 50), queues);
    EXPECT_EQ(Serve(&order, amounts, 40), expected);
  }
}

// The heap against the definition, with charges that come out of turn.
TEST(QueueOrder, AgreesWithALinearScan) {
  const ResourceVector capacity = Amounts(1000, 3000);
  std::vector<QueueLoad> queues;
  for (std::uint32_t q = 0; q < 23; ++q) {
    queues.push_back(Load(q, "q" + std::to_string(q), 1 + q % 5, Amounts(q * 7 % 11, q)));
  }
  QueueOrder order(capacity, queues);
  std::uint32_t random = 12345;
  for (int step = 0; step < 2000; ++step) {
    const auto best =
        std::min_element(queues.begin(), queues.end(), [&](const QueueLoad& a, const QueueLoad& b) {
          const auto c = CompareWeighted(DominantShare(a.allocated, capacity), a.weight,
                                         DominantShare(b.allocated, capacity), b.weight);
          return c != 0 ? c < 0 : a.name < b.name;
        });
    ASSERT_EQ(order.Next(), best->id) << "step " << step;
    random = random * 1664525 + 1013904223;
    const std::uint32_t charged = random % 3 == 0 ? (random >> 8) % 23 : best->id.value();
    const ResourceVector amounts = Amounts(random % 5, random % 17);
    order.Charge(QueueId(charged), amounts);
    queues[charged].allocated += amounts;
  }
}

}  // namespace
}  // namespace fairlead
