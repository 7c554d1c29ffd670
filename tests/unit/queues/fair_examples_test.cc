// Worked examples of entitlements with known answers, published wrong answers, and known limits of
// the rule. Each is put to the solver and to the reference.
//
// Amounts are in thousandths, so that whole units show fractions; expectations are in whole ones.
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fair_reference.h"
#include "tests/support/fair_subject.h"

namespace fairlead::testing_support {
namespace {

// The two resources of the examples, and what either of them can serve where they are GPU models.
constexpr ResourceId kFirst{4};
constexpr ResourceId kSecond{5};
constexpr std::int64_t kThousand = 1000;
constexpr std::int64_t kPlenty = 1000;  // wants more than there is

struct Wanted {
  std::int64_t first = 0;
  std::int64_t second = 0;
  std::int64_t either = 0;
};
using Pair = std::pair<std::int64_t, std::int64_t>;

struct Spec {
  std::string name;
  std::string parent = {};
  std::vector<Wanted> wants = {};
  std::int64_t weight = 1;
  std::int32_t priority = 0;
  Pair guarantee = {0, 0};
  std::optional<std::int64_t> limit_of_first = {};
  bool lendable = true;
};

// By name of a leaf: the amounts of first, second and either that it gets, as "5/2".
using Answer = std::map<std::string, std::vector<std::string>>;

ResourceVector Both(Pair amounts) {
  ResourceVector vector;
  vector.Set(kFirst, amounts.first * kThousand);
  vector.Set(kSecond, amounts.second * kThousand);
  return vector;
}

EntitlementInput InputOf(Pair capacity, const std::vector<Spec>& specs) {
  EntitlementInput input{.capacity = Both(capacity), .queues = {}};
  std::map<std::string, std::uint32_t> ids;
  for (const Spec& spec : specs) {
    EntitlementQueue queue{.rank = static_cast<std::uint32_t>(ids.size()), .weight = spec.weight};
    if (!spec.parent.empty()) queue.parent = QueueId{ids.at(spec.parent)};
    ids.emplace(spec.name, static_cast<std::uint32_t>(ids.size()));
    queue.priority = spec.priority;
    queue.guarantee = Both(spec.guarantee);
    queue.lendable = spec.lendable;
    if (spec.limit_of_first) queue.limit.Set(kFirst, *spec.limit_of_first * kThousand);
    for (const Wanted& wanted : spec.wants) {
      DemandClass demand{.amounts = Both({wanted.first, wanted.second})};
      if (wanted.either > 0) {
        demand.any_of.push_back({{kFirst, kSecond}, wanted.either * kThousand});
      }
      queue.demand.push_back(demand);
    }
    input.queues.push_back(queue);
  }
  return input;
}

bool IsFirst(const Dimension& dimension) { return dimension == Dimension{kFirst}; }
bool IsSecond(const Dimension& dimension) { return dimension == Dimension{kSecond}; }

// The place of a dimension in an Answer's amounts; 3 for others.
std::size_t PlaceOf(const Dimension& dimension) {
  if (dimension.size() == 2) return 2;
  return IsFirst(dimension) ? 0 : IsSecond(dimension) ? 1 : 3;
}

// Of leaves; trailing zeros left out.
Answer AnswerOf(const Subject& subject, const EntitlementInput& input,
                const std::vector<Spec>& specs) {
  const ExactSolution solution = subject.solve(input);
  std::map<std::string, Amounts> sums;
  for (const ExactClass& c : solution.classes) {
    Amounts& sum = sums[specs[c.leaf.index()].name];
    sum.resize(3, 0);
    for (std::size_t d = 0; d < c.base.size(); ++d) {
      const std::size_t place = PlaceOf(solution.dimensions[d]);
      if (place < 3) sum[place] += (c.base[d] + c.surplus[d]) / kThousand;
    }
  }
  Answer answer;
  for (auto& [name, sum] : sums) {
    while (!sum.empty() && sum.back() == 0) sum.pop_back();
    answer[name];
    for (const Rational& amount : sum) answer[name].push_back(amount.get_str());
  }
  return answer;
}

struct Example {
  std::string what;
  Pair capacity;
  std::vector<Spec> specs;
  Answer expected;
  Mutant wrong = Mutant::kNone;  // whose answer is known too
  Answer wrong_answer = {};
};

// NOLINTNEXTLINE(readability-function-size): a table.
const std::vector<Example>& Examples() {
  static const std::vector<Example> examples = {
      // Ghodsi et al., NSDI 2011, section 4.1: CPU 9, memory 18; A's tasks (1, 4), B's (3, 1). 3
      // and
      // 2 tasks, both with a dominant share of 2/3. Asset fairness (5.1) would give 2.52 and 2.16
      // tasks, and CEEI (5.2) 45/11 and 18/11.
      {"DRF",
       {9, 18},
       {{"A", "", {{100, 400}}}, {"B", "", {{300, 100}}}},
       {{"A", {"3", "12"}}, {"B", {"6", "2"}}},
       Mutant::kSumOfShares,
       {{"A", {"63/25", "252/25"}}, {"B", {"162/25", "54/25"}}}},
      // Bhattacharya et al., SoCC 2013: complementary demands below n2. n2's CPU is no reason to
      // give all GPUs to n1: 5 tasks, 10, 5. Filling by unscaled sums gives 6, 10, 4 in whole
      // tasks.
      {"H-DRF: starvation",
       {10, 10},
       {{"n1", "", {{0, kPlenty}}},
        {"n2"},
        {"n2,1", "n2", {{kPlenty, 0}}},
        {"n2,2", "n2", {{0, kPlenty}}}},
       {{"n1", {"0", "5"}}, {"n2,1", {"10"}}, {"n2,2", {"0", "5"}}}},
      // SoCC 2013, rescaling: 5 tasks each.
      {"H-DRF: rescaling",
       {10, 10},
       {{"sci", "", {{kPlenty, kPlenty}}},
        {"eng"},
        {"dev", "eng", {{kPlenty, 0}}},
        {"prod", "eng", {{0, kPlenty}}}},
       {{"sci", {"5", "5"}}, {"dev", {"5"}}, {"prod", {"0", "5"}}}},
      // SoCC 2013, blocked nodes: CPU is used up at 10 tasks each; n3,2 and n4 share what is left
      // of
      // the GPUs: 15 and 15. Where n3,1 still holds back the level of n3: 20 and 10.
      {"H-DRF: blocked nodes",
       {30, 30},
       {{"n1", "", {{kPlenty, 0}}},
        {"n2", "", {{kPlenty, 0}}},
        {"n3"},
        {"n3,1", "n3", {{kPlenty, 0}}},
        {"n3,2", "n3", {{0, kPlenty}}},
        {"n4", "", {{0, kPlenty}}}},
       {{"n1", {"10"}},
        {"n2", {"10"}},
        {"n3,1", {"10"}},
        {"n3,2", {"0", "15"}},
        {"n4", {"0", "15"}}},
       Mutant::kBlockedHoldBack,
       {{"n1", {"10"}},
        {"n2", {"10"}},
        {"n3,1", {"10"}},
        {"n3,2", {"0", "20"}},
        {"n4", {"0", "10"}}}},
      // c1 grows nine times as fast as c2 until it has its 3 of 12 CPUs: level 1/4 of X and b (15
      // of
      // 60), c2 at 1/36; Q at GPU 1/36 + 9/36, as M and N. X then counts with c2 alone, b only with
      // as much per weight: c2 grows alone to 5/36, then c2 = y and M = N = 2 y until
      // y + 1/4 + 4 y = 1, y = 3/20. Without rescaling Q = M = N = 1/3, so c2 = 1/3 - 1/4.
      {"a level that drops",
       {12, 60},
       {{"Q"},
        {"X", "Q"},
        {"c1", "X", {{3, 0}}, 9},
        {"c2", "X", {{0, kPlenty}}},
        {"b", "Q", {{0, kPlenty}}},
        {"M", "", {{0, kPlenty}}},
        {"N", "", {{0, kPlenty}}}},
       {{"c1", {"3"}},
        {"c2", {"0", "9"}},
        {"b", {"0", "15"}},
        {"M", {"0", "18"}},
        {"N", {"0", "18"}}},
       Mutant::kNoRescale,
       {{"c1", {"3"}},
        {"c2", {"0", "5"}},
        {"b", {"0", "15"}},
        {"M", {"0", "20"}},
        {"N", {"0", "20"}}}},
      // A leaf with 1,200 gangs that use CPU only and 12 that use a GPU only. As one class
      // it would stop when CPU is used up, at a hundredth of both.
      {"classes are split",
       {12, 12},
       {{"A", "", {{1200, 0}, {0, 12}}}},
       {{"A", {"12", "12"}}},
       Mutant::kClassesMerged,
       {{"A", {"12", "3/25"}}}},
      // That class would do better to hide what else it wants.
      {"one class that hides what it wants",
       {12, 12},
       {{"A", "", {{0, 12}}}},
       {{"A", {"0", "12"}}},
       Mutant::kClassesMerged,
       {{"A", {"0", "12"}}}},
      // Population monotonicity fails with zero demands: a second D takes from A, which leaves more
      // of the second resource to C. First 3 each.
      {"before a second D comes",
       {6, 6},
       {{"A", "", {{kPlenty, kPlenty}}}, {"C", "", {{0, kPlenty}}}, {"D", "", {{kPlenty, 0}}}},
       {{"A", {"3", "3"}}, {"C", {"0", "3"}}, {"D", {"3"}}}},
      // A = D = E = 2, and C gets 6 - 2.
      {"with a second D",
       {6, 6},
       {{"A", "", {{kPlenty, kPlenty}}},
        {"C", "", {{0, kPlenty}}},
        {"D", "", {{kPlenty, 0}}},
        {"E", "", {{kPlenty, 0}}}},
       {{"A", {"2", "2"}}, {"C", {"0", "4"}}, {"D", {"2"}}, {"E", {"2"}}}},
      // The group property fails below the root: b gets 4 beside A, but 6 in half a cluster of its
      // own. G's level is a's CPU: a = 2 u, b = u, A = 2 u; GPU is used up at 3 u = 12.
      {"a group beside another",
       {12, 12},
       {{"G"},
        {"a", "G", {{kPlenty, 0}}, 2},
        {"b", "G", {{0, kPlenty}}},
        {"A", "", {{0, kPlenty}}}},
       {{"a", {"12"}}, {"b", {"0", "4"}}, {"A", {"0", "8"}}}},
      {"a group in half a cluster",
       {6, 6},
       {{"G"}, {"a", "G", {{kPlenty, 0}}, 2}, {"b", "G", {{0, kPlenty}}}},
       {{"a", {"6"}}, {"b", {"0", "6"}}}},
      // high takes all that is left of the guarantee of its sibling: 12 - 3.
      {"priority goes before weight, guarantees before both",
       {12, 0},
       {{"high", "", {{kPlenty, 0}}, 1, 1}, {"low", "", {{kPlenty, 0}}, 9, 0, {3, 0}}},
       {{"high", {"9"}}, {"low", {"3"}}},
       Mutant::kPriorityIgnored,
       {{"high", {"9/10"}}, {"low", {"111/10"}}}},
      // c gets its 6 of 12 while a is at 6 of 24: Q's level is 1/2 as M's, and stays there since b
      // waits for that resource. So M stands still until a is at 1/2 too, and CPU is used up.
      {"a level that cannot rise",
       {24, 12},
       {{"Q"},
        {"c", "Q", {{0, 6}}, 2, 1},
        {"a", "Q", {{kPlenty, 0}}, 1, 1},
        {"b", "Q", {{0, kPlenty}}},
        {"M", "", {{kPlenty, 0}}}},
       {{"c", {"0", "6"}}, {"a", {"12"}}, {"b", {"0", "6"}}, {"M", {"12"}}}},
      // What is guaranteed does not count as share: the other 8 are halved.
      {"surplus is shared from zero",
       {12, 0},
       {{"A", "", {{kPlenty, 0}}, 1, 0, {4, 0}}, {"B", "", {{kPlenty, 0}}}},
       {{"A", {"8"}}, {"B", {"4"}}},
       Mutant::kBaseInLevel,
       {{"A", {"6"}}, {"B", {"6"}}}},
      // 9 of 12 are left of guarantees of 6 and 12: 3 and 6.
      {"guarantees that do not fit are cut in proportion",
       {9, 0},
       {{"A", "", {{kPlenty, 0}}, 1, 0, {6, 0}}, {"B", "", {{kPlenty, 0}}, 1, 0, {12, 0}}},
       {{"A", {"3"}}, {"B", {"6"}}}},
      // A keeps 5 of its 6 for itself.
      {"a guarantee that is not lent",
       {12, 0},
       {{"A", "", {{1, 0}}, 1, 0, {6, 0}, {}, false}, {"B", "", {{kPlenty, 0}}}},
       {{"A", {"1"}}, {"B", {"6"}}},
       Mutant::kKeptIgnored,
       {{"A", {"1"}}, {"B", {"11"}}}},
      // Of (10, 20) it can use a tenth; cutting demand to (1, 20) would bend its direction.
      {"a limit is a capacity, not less demand",
       {20, 20},
       {{"A", "", {{10, 20}}, 1, 0, {0, 0}, 1}},
       {{"A", {"1", "2"}}},
       Mutant::kLimitCutsDemand,
       {{"A", {"1", "20"}}}},
      // G's guarantee beyond its children's goes to what they want: 6, max-min by weight 1:2.
      {"a guarantee of an inner queue",
       {12, 0},
       {{"G", "", {}, 1, 0, {6, 0}},
        {"a", "G", {{kPlenty, 0}}},
        {"b", "G", {{kPlenty, 0}}, 2},
        {"H", "", {{kPlenty, 0}}, 9, 1}},
       {{"a", {"2"}}, {"b", {"4"}}, {"H", {"6"}}}},
      // All 8 GPUs are used: A = 4 t, B = 8 t of either, 12 t = 8.
      {"either of two models",
       {4, 4},
       {{"A", "", {{kPlenty, 0}}}, {"B", "", {{0, 0, kPlenty}}}},
       {{"A", {"8/3"}}, {"B", {"0", "0", "16/3"}}},
       Mutant::kSingleModelSetsOnly,
       {{"A", {"4"}}, {"B", {"0", "0", "1000"}}}},
      // At f = 50 a1 and b1 are done, at once. A's level falls from 200 to what a2 has, 100, and so
      // does B's, so that both reach for the last 50 of the second resource: 25 each. If A's level
      // fell before b1 was done, B would be left out.
      {"two classes done at one instant",
       {1000, 1000},
       {{"A", "", {}, 4},
        {"a1", "A", {{200, 0}}, 2},
        {"a2", "A", {{0, kPlenty}}},
        {"B", "", {}, 4},
        {"b1", "B", {{200, 0}}, 2},
        {"b2", "B", {{0, kPlenty}}},
        {"C", "", {{0, kPlenty}}, 5},
        {"D", "", {{0, kPlenty}}, 5},
        {"E", "", {{0, kPlenty}}, 5}},
       {{"a1", {"200"}},
        {"a2", {"0", "125"}},
        {"b1", {"200"}},
        {"b2", {"0", "125"}},
        {"C", {"0", "250"}},
        {"D", {"0", "250"}},
        {"E", {"0", "250"}}}},
      // The same, where limits of A and B hold a1 and b1.
      {"two limits tight at one instant",
       {1000, 1000},
       {{"A", "", {}, 4, 0, {0, 0}, 200},
        {"a1", "A", {{kPlenty, 0}}, 2},
        {"a2", "A", {{0, kPlenty}}},
        {"B", "", {}, 4, 0, {0, 0}, 200},
        {"b1", "B", {{kPlenty, 0}}, 2},
        {"b2", "B", {{0, kPlenty}}},
        {"C", "", {{0, kPlenty}}, 5},
        {"D", "", {{0, kPlenty}}, 5},
        {"E", "", {{0, kPlenty}}, 5}},
       {{"a1", {"200"}},
        {"a2", {"0", "125"}},
        {"b1", {"200"}},
        {"b2", {"0", "125"}},
        {"C", {"0", "250"}},
        {"D", {"0", "250"}},
        {"E", {"0", "250"}}}},
  };
  return examples;
}

TEST(FairExamples, KnownAnswers) {
  for (const Example& example : Examples()) {
    SCOPED_TRACE(example.what);
    const EntitlementInput input = InputOf(example.capacity, example.specs);
    EXPECT_EQ(AnswerOf(UnderTest(), input, example.specs), example.expected);
    EXPECT_EQ(AnswerOf(Reference(), input, example.specs), example.expected);
  }
}

// The wrong answers come from the mistakes that they are known for, so the examples notice those.
TEST(FairExamples, KnownWrongAnswers) {
  for (const Example& example : Examples()) {
    if (example.wrong == Mutant::kNone) continue;
    SCOPED_TRACE(example.what);
    const EntitlementInput input = InputOf(example.capacity, example.specs);
    EXPECT_EQ(AnswerOf(Reference(example.wrong), input, example.specs), example.wrong_answer);
  }
}

// 1 and 1/2 of 3 units by weight 2:1:1: prefixes 1.5, 2.25, 3 are rounded down to 1, 2, 3.
TEST(FairExamples, RemaindersGoByOrderOfNames) {
  EntitlementInput input;
  input.capacity.Set(kCpu, 3);
  for (const std::uint32_t rank : {2U, 0U, 1U}) {
    EntitlementQueue queue{.rank = rank, .weight = rank == 0 ? 2 : 1};
    queue.demand.resize(1);
    queue.demand[0].amounts.Set(kCpu, 100);
    input.queues.push_back(queue);
  }
  for (const Subject& subject : {UnderTest(), Reference()}) {
    const auto whole = subject.round(input);
    EXPECT_EQ(whole[1].amounts.Get(kCpu), 1);  // first by name: 1.5
    EXPECT_EQ(whole[2].amounts.Get(kCpu), 1);  // 0.75
    EXPECT_EQ(whole[0].amounts.Get(kCpu), 1);  // 0.75
  }
}

}  // namespace
}  // namespace fairlead::testing_support
