#include "fairlead/queues/hierarchy_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead {
namespace {

using testing::ElementsAre;
using testing::Pair;

// Two resources stand for whatever an example has: CPU and memory, or CPU and GPUs.
ResourceVector Amounts(std::int64_t first, std::int64_t second) {
  ResourceVector vector;
  vector.Set(kCpu, first);
  vector.Set(kMemory, second);
  return vector;
}

struct Queue {
  std::string name;
  std::string parent = {};   // declared before; empty: the root
  ResourceVector task = {};  // of leaves
  EffectiveWeight weight = {};
  bool over = false;
  ResourceVector held = {};
  std::int64_t tasks = 1'000'000;  // that it wants
};

// Whole tasks handed out by the order until nothing fits.
class Cluster {
 public:
  Cluster(ResourceVector capacity, std::vector<Queue> queues)
      : capacity_(std::move(capacity)), queues_(std::move(queues)), order_(Make()) {
    for (const Queue& queue : queues_) used_ += queue.held;
  }

  HierarchyOrder& order() { return order_; }

  // The leaf that is served next and its task fits; blocks those whose tasks do not fit.
  std::optional<std::string> Serve() {
    for (QueueId next = order_.Next(); next.valid(); next = order_.Next()) {
      Queue& queue = queues_[next.index()];
      ResourceVector then = used_;
      then += queue.task;
      if (queue.tasks > 0 && FitsIn(then, capacity_)) {
        used_ = then;
        --queue.tasks;
        ++tasks_[queue.name];
        order_.Charge(next, queue.task);
        return queue.name;
      }
      order_.Block(next);
    }
    return std::nullopt;
  }

  std::vector<std::string> Fill() {
    std::vector<std::string> served;
    while (const auto name = Serve()) served.push_back(*name);
    return served;
  }

  // One task of the queue ends, and whoever waits may try again.
  void End(const std::string& name) {
    const QueueId id = IdOf(name);
    used_ -= queues_[id.index()].task;
    --tasks_[name];
    order_.Refund(id, queues_[id.index()].task);
    for (const Queue& queue : queues_) {
      if (!queue.task.IsZero()) order_.Unblock(IdOf(queue.name));
    }
  }

  QueueId IdOf(const std::string& name) const {
    const auto at = std::find_if(queues_.begin(), queues_.end(),
                                 [&](const Queue& queue) { return queue.name == name; });
    return QueueId(static_cast<std::uint32_t>(at - queues_.begin()));
  }

  const std::map<std::string, int>& tasks() const { return tasks_; }

 private:
  HierarchyOrder Make() const {
    std::vector<HierarchyQueue> all;
    for (const Queue& queue : queues_) {
      HierarchyQueue out;
      if (!queue.parent.empty()) out.parent = IdOf(queue.parent);
      out.rank = static_cast<std::uint32_t>(
          std::count_if(queues_.begin(), queues_.end(),
                        [&](const Queue& other) { return other.name < queue.name; }));
      out.weight = queue.weight;
      out.over = queue.over;
      out.blocked = queue.task.IsZero();
      out.allocated = queue.held;
      for (const ResourceId r : {kCpu, kMemory}) {
        if (queue.task.Get(r) > 0) out.uses.push_back(r);
      }
      all.push_back(std::move(out));
    }
    return {capacity_, all};
  }

  ResourceVector capacity_;
  std::vector<Queue> queues_;
  ResourceVector used_;
  std::map<std::string, int> tasks_;
  HierarchyOrder order_;
};

// Ghodsi et al., NSDI 2011, 4.1: 9 CPUs and 18 GB, tasks (1, 4) and (3, 1).
TEST(HierarchyOrder, TheExampleOfDrf) {
  Cluster cluster(Amounts(9, 18), {{"a", "", Amounts(1, 4)}, {"b", "", Amounts(3, 1)}});
  // Shares a : b after each: 2/9 : 0, 2/9 : 3/9, 4/9 : 3/9, 4/9 : 6/9, 6/9 : 6/9; CPU is used up.
  EXPECT_THAT(cluster.Fill(), ElementsAre("a", "b", "a", "b", "a"));
  EXPECT_EQ(cluster.order().DominantShareOf(QueueId(0)), (Share{2, 3}));
  EXPECT_EQ(cluster.order().DominantShareOf(QueueId(1)), (Share{2, 3}));
}

std::vector<Queue> Complementary() {
  return {{"n1", "", Amounts(0, 1)},
          {"n2"},
          {"n2,1", "n2", Amounts(1, 0)},
          {"n2,2", "n2", Amounts(0, 1)}};
}

TEST(HierarchyOrder, DoesNotStarveAChildWithComplementaryDemand) {
  Cluster cluster(Amounts(10, 10), Complementary());
  cluster.Fill();
  // n2,1 fills the CPUs, which nobody else wants; the GPUs are divided between n1 and n2,2.
  EXPECT_THAT(cluster.tasks(), ElementsAre(Pair("n1", 5), Pair("n2,1", 10), Pair("n2,2", 5)));
  // From there on n2,2 gets back every GPU that it gives up: n2,1 is blocked, and no work below n2
  // uses CPUs any more, so that n2 stands at 4/10 and n1 at 5/10. Without that n2 would stand at
  // 10/10, and n1 would end with all GPUs.
  for (int i = 0; i < 10; ++i) {
    cluster.End("n2,2");
    cluster.Fill();
    EXPECT_THAT(cluster.tasks(), ElementsAre(Pair("n1", 5), Pair("n2,1", 10), Pair("n2,2", 5)));
  }
}

TEST(HierarchyOrder, RescalesToTheLowestChild) {
  Cluster cluster(Amounts(10, 10), {{"sci", "", Amounts(1, 1)},
                                    {"eng"},
                                    {"dev", "eng", Amounts(1, 0)},
                                    {"prod", "eng", Amounts(0, 1)}});
  cluster.Fill();
  // eng stands at the larger of dev's CPUs and prod's memory, not at their sum.
  EXPECT_THAT(cluster.tasks(), ElementsAre(Pair("dev", 5), Pair("prod", 5), Pair("sci", 5)));
}

TEST(HierarchyOrder, RescalingForgivesWhatAChildGotWhileItWasAlone) {
  // dev holds 6 of 10 CPUs, prod nothing yet: eng counts f = 0 of it, so that prod is served before
  // sci, which holds 1. The plain sum would put eng at 6/10.
  const std::vector<Queue> queues = {{"sci", "", Amounts(1, 1), {}, false, Amounts(1, 1)},
                                     {"eng"},
                                     {"dev", "eng", Amounts(1, 0), {}, false, Amounts(6, 0)},
                                     {"prod", "eng", Amounts(0, 1)}};
  Cluster cluster(Amounts(10, 10), queues);
  EXPECT_EQ(cluster.Serve(), "prod");
}

TEST(HierarchyOrder, IgnoresBlockedNodes) {
  Cluster cluster(Amounts(30, 30), {{"n1", "", Amounts(1, 0)},
                                    {"n2", "", Amounts(1, 0)},
                                    {"n3"},
                                    {"n3,1", "n3", Amounts(1, 0)},
                                    {"n3,2", "n3", Amounts(0, 1)},
                                    {"n4", "", Amounts(0, 1)}});
  cluster.Fill();
  EXPECT_THAT(cluster.tasks(), ElementsAre(Pair("n1", 10), Pair("n2", 10), Pair("n3,1", 10),
                                           Pair("n3,2", 15), Pair("n4", 15)));
  // The published wrong answer of rescaling alone: the blocked n3,1 holds f at 1/3.
  EXPECT_NE(cluster.tasks().at("n3,2"), 20);
  EXPECT_NE(cluster.tasks().at("n4"), 10);
}

TEST(HierarchyOrder, ComparesExactlyAndThenByName) {
  struct Case {
    const char* what;
    std::vector<Queue> queues;
    const char* expected;
  };
  const ResourceVector task = Amounts(1, 1);
  const std::vector<Case> cases = {
      {"nothing held: by name", {{"b", "", task}, {"a", "", task}}, "a"},
      {"less held", {{"a", "", task, {}, false, Amounts(2, 0)}, {"b", "", task}}, "b"},
      // 4/10 / 3 against 2/10 / 1
      {"weight",
       {{"a", "", task, {3, 1}, false, Amounts(4, 0)}, {"b", "", task, {}, false, Amounts(2, 0)}},
       "a"},
      // 4/10 / (4/3) = 3/10 = 3/10
      {"fractions as weights",
       {{"a", "", task, {1, 1}, false, Amounts(3, 0)},
        {"b", "", task, {4, 3}, false, Amounts(4, 0)}},
       "a"},
      // 1/10 / 3 = 0.0333.. > 0.03
      {"a difference that rounding could hide",
       {{"a", "", task, {3, 1}, false, Amounts(1, 0)},
        {"b", "", task, {1, 1}, false, Amounts(0, 300'000)}},
       "b"},
      // 1/3 of a, by three children of 1/9 each, against 1/3 of b: sums of rounded ninths fall
      // short
      {"an inner queue and a leaf that are equal",
       {{"b"},
        {"b1", "b", task, {3, 1}, false, Amounts(2, 0)},
        {"b2", "b", task, {3, 1}, false, Amounts(2, 0)},
        {"b3", "b", task, {3, 1}, false, Amounts(2, 0)},
        {"a", "", task, {}, false, Amounts(6, 0)}},
       "a"},
      {"an inner queue that is first by name",
       {{"a"},
        {"a1", "a", task, {3, 1}, false, Amounts(2, 0)},
        {"a2", "a", task, {3, 1}, false, Amounts(2, 0)},
        {"b", "", task, {}, false, Amounts(4, 0)}},
       "a1"},
  };
  for (const Case& c : cases) {
    Cluster cluster(Amounts(10, 10'000'000), c.queues);
    EXPECT_EQ(cluster.order().Next(), cluster.IdOf(c.expected)) << c.what;
  }
}

TEST(HierarchyOrder, TellsLevelsApartThatDifferByLessThanAnyInterval) {
  constexpr std::int64_t kLarge = std::int64_t{1} << 61;
  const ResourceVector task = Amounts(1, 1);
  struct Case {
    std::int64_t held_a, weight_a, held_z, weight_z;
    const char* expected;
  };
  const Case cases[] = {
      // L/(L+1) - (L-1)/L = 1/(L(L+1)), which is 2^-122, and all of it over the capacity of 2^62
      {kLarge, kLarge + 1, kLarge - 1, kLarge, "z1"},
      {kLarge - 1, kLarge, kLarge, kLarge + 1, "a1"},
      {kLarge, kLarge, kLarge - 1, kLarge - 1, "a1"},
  };
  for (const Case& c : cases) {
    Cluster cluster(Amounts(std::int64_t{1} << 62, 10),
                    {{"a", "", {}, {c.weight_a, 1}},
                     {"a1", "a", task, {}, false, Amounts(c.held_a, 0)},
                     {"z", "", {}, {c.weight_z, 1}},
                     {"z1", "z", task, {}, false, Amounts(c.held_z, 0)}});
    EXPECT_EQ(cluster.order().Next(), cluster.IdOf(c.expected)) << c.held_a << "/" << c.weight_a;
  }
}

TEST(HierarchyOrder, QueuesOverTheirEntitlementGoLast) {
  const ResourceVector task = Amounts(1, 0);
  Cluster cluster(Amounts(10, 10), {{"a", "", task, {}, true, {}, 2},
                                    {"b", "", task, {}, false, Amounts(3, 0), 2},
                                    {"c"},
                                    {"c1", "c", task, {}, true, {}, 2}});
  // b holds most but is not over; c counts as over with its only child. Then a and c, by level.
  EXPECT_THAT(cluster.Fill(), ElementsAre("b", "b", "a", "c1", "a", "c1"));
}

TEST(HierarchyOrder, OverMayBeSetAndTakenBack) {
  const ResourceVector task = Amounts(1, 0);
  Cluster cluster(Amounts(10, 10), {{"a", "", task}, {"b", "", task, {}, false, Amounts(5, 0)}});
  cluster.order().SetOver(cluster.IdOf("a"), true);
  EXPECT_EQ(cluster.order().Next(), cluster.IdOf("b"));
  cluster.order().SetOver(cluster.IdOf("a"), false);
  EXPECT_EQ(cluster.order().Next(), cluster.IdOf("a"));
}

TEST(HierarchyOrder, WeightsMayChange) {
  const ResourceVector task = Amounts(1, 0);
  Cluster cluster(Amounts(10, 10), {{"a", "", task, {}, false, Amounts(4, 0)},
                                    {"b", "", task, {}, false, Amounts(3, 0)}});
  EXPECT_EQ(cluster.order().Next(), cluster.IdOf("b"));
  // 4 / (3/2) = 2.67 < 3
  cluster.order().SetWeight(cluster.IdOf("a"), {3, 2});
  EXPECT_EQ(cluster.order().Next(), cluster.IdOf("a"));
}

TEST(HierarchyOrder, OnlyResourcesThatWaitingWorkUsesCount) {
  // t holds 8 CPUs and 1 memory, u 3 CPUs and 3 memory. While t wants CPUs it stands at 8/10.
  Cluster cluster(Amounts(10, 10), {{"t"},
                                    {"t1", "t", Amounts(1, 0), {}, false, Amounts(8, 1)},
                                    {"u"},
                                    {"u1", "u", Amounts(0, 1), {}, false, Amounts(3, 3)}});
  EXPECT_EQ(cluster.order().Next(), cluster.IdOf("u1"));
  cluster.order().SetUses(cluster.IdOf("t1"), {kMemory});
  EXPECT_EQ(cluster.order().Next(), cluster.IdOf("t1"));
}

TEST(HierarchyOrder, BlockedLeavesAreNotNamed) {
  Cluster cluster(Amounts(10, 10), {{"t"}, {"t1", "t", Amounts(1, 0)}, {"t2", "t", Amounts(1, 0)}});
  HierarchyOrder& order = cluster.order();
  order.Block(QueueId(1));
  order.Block(QueueId(1));
  EXPECT_EQ(order.Next(), QueueId(2));
  order.Block(QueueId(2));
  EXPECT_EQ(order.Next(), QueueId::None());
  order.Unblock(QueueId(1));
  EXPECT_EQ(order.Next(), QueueId(1));
}

TEST(HierarchyOrder, AResourceWithoutCapacitySortsLast) {
  const ResourceVector task = Amounts(0, 1);
  Cluster cluster(Amounts(0, 10), {{"a", "", task, {}, false, Amounts(1, 0)},
                                   {"b", "", task, {}, false, Amounts(0, 9)}});
  EXPECT_EQ(cluster.order().Next(), cluster.IdOf("b"));
  EXPECT_EQ(cluster.order().DominantShareOf(cluster.IdOf("a")).den, 1);
}

TEST(HierarchyOrder, SumsWhatInnerQueuesHold) {
  Cluster cluster(Amounts(10, 10), {{"t"},
                                    {"t1", "t", Amounts(1, 0), {}, false, Amounts(1, 2)},
                                    {"t2", "t", Amounts(1, 0), {}, false, Amounts(3, 4)}});
  EXPECT_EQ(cluster.order().Allocated(QueueId(0)), Amounts(4, 6));
  cluster.order().Block(QueueId(1));
  cluster.order().Charge(QueueId(1), Amounts(1, 0));
  cluster.order().Refund(QueueId(2), Amounts(0, 1));
  EXPECT_EQ(cluster.order().Allocated(QueueId(0)), Amounts(5, 5));
}

// Two inner queues of one leaf each. Their levels / weights are a / (c wa) and b / (c wb), and they
// were chosen so that the difference, (a wb - b wa) / (c wa wb) = (2^61 - 1) / (c wa wb), is about
// 2^-128 and 0 modulo the prime 2^61 - 1: neither intervals nor residues tell them apart. That of
// b is the lower one.
TEST(HierarchyOrder, LevelsThatDifferByAMultipleOfThePrimeAreToldApart) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kA = 3'490'909'690'440'893'077;
  constexpr std::int64_t kB = 3'490'909'690'440'636'622;
  constexpr EffectiveWeight kWeightOfA{9'223'372'036'853'757'683, 1};
  constexpr EffectiveWeight kWeightOfB{9'223'372'036'853'080'101, 1};
  const auto leaf = [](std::uint32_t parent, std::uint32_t rank, std::int64_t held) {
    HierarchyQueue queue{QueueId(parent), rank};
    queue.blocked = false;
    queue.allocated = Amounts(held, 0);
    queue.uses = {kCpu};
    return queue;
  };
  HierarchyOrder order(Amounts(kMost, 1), {{QueueId::None(), 0, kWeightOfA},
                                           {QueueId::None(), 1, kWeightOfB},
                                           leaf(0, 2, kA),
                                           leaf(1, 3, kB)});
  EXPECT_EQ(order.Next(), QueueId(3));
  order.Refund(QueueId(2), Amounts(kA, 0));
  order.Charge(QueueId(2), Amounts(kB, 0));
  order.SetWeight(QueueId(0), kWeightOfB);
  EXPECT_EQ(order.Next(), QueueId(2)) << "equal: by name";
}

}  // namespace
}  // namespace fairlead
