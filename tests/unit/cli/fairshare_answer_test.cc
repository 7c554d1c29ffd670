// Whole tasks, what is left, and how both are shown; entitlements are given here, not solved.
#include "scheduler/cli/fairshare_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "fairlead/queues/amounts.h"
#include "scheduler/cli/fairshare_text.h"

namespace fairlead::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

FairshareFile Parse(const std::string& text) {
  auto file = ParseFairshare(text, "f.yaml");
  EXPECT_TRUE(file.ok()) << file.error().ToString();
  return std::move(*file);
}

// Entitlements by name of the queue; others have none.
std::vector<Entitlement> Entitled(const FairshareFile& file,
                                  const std::map<std::string, NamedAmounts>& amounts) {
  std::vector<Entitlement> all(file.queues.size());
  const ResourceVector capacity = ToVector(file.capacity, file.names);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto own = amounts.find(file.queues[i].spec.name);
    if (own == amounts.end()) continue;
    all[i].amounts = ToVector(own->second, file.names);
    all[i].dominant_share = DominantShare(all[i].amounts, capacity);
  }
  return all;
}

std::vector<std::string> Order(const FairshareFile& file,
                               const std::vector<Entitlement>& entitlements) {
  const auto whole = GiveWholeTasks(file, MakeEntitlementInput(file), entitlements);
  std::vector<std::string> names;
  for (const QueueId leaf : whole->order) names.push_back(file.queues[leaf.index()].spec.name);
  return names;
}

constexpr const char* kDrf = R"(
capacity: {cpu: 9, memory: 18}
queues:
  - {name: b, demand: {cpu: 300, memory: 100}, task: {cpu: 3, memory: 1}}
  - {name: a, demand: {cpu: 100, memory: 400}, task: {cpu: 1, memory: 4}}
)";
const std::map<std::string, NamedAmounts> kDrfEntitled = {
    {"a", {{"cpu", 3000}, {"memory", 12}}},
    {"b", {{"cpu", 6000}, {"memory", 2}}},
};

TEST(WholeTasks, TheExampleOfDrf) {
  const FairshareFile file = Parse(kDrf);
  // Shares a : b after each: 2/9 : 0, 2/9 : 3/9, 4/9 : 3/9, 4/9 : 6/9, 6/9 : 6/9.
  EXPECT_THAT(Order(file, Entitled(file, kDrfEntitled)), ElementsAre("a", "b", "a", "b", "a"));
}

TEST(WholeTasks, WhoHasItsEntitlementGoesLast) {
  // a is promised 4 of 6 CPUs; by weight alone each would get 3.
  const FairshareFile file = Parse(R"(
capacity: {cpu: 6}
queues:
  - {name: a, guarantee: {cpu: 2}, demand: {cpu: 9}, task: {cpu: 1}}
  - {name: b, demand: {cpu: 9}, task: {cpu: 1}}
)");
  // After a, b, a, b b has its 2.
  EXPECT_THAT(Order(file, Entitled(file, {{"a", {{"cpu", 4000}}}, {"b", {{"cpu", 2000}}}})),
              ElementsAre("a", "b", "a", "b", "a", "a"));
}

TEST(WholeTasks, StopsAtDemandLimitsAndWhatIsKeptForOthers) {
  struct Case {
    const char* what;
    const char* queues;
    std::vector<std::string> order;
  };
  const std::vector<Case> cases = {
      {"demand", "{name: a, demand: {cpu: 2500m}, task: {cpu: 1}}", {"a", "a"}},
      {"the queue's limit",
       "{name: a, limit: {cpu: 3}, demand: {cpu: 9}, task: {cpu: 1}}",
       {"a", "a", "a"}},
      {"the parent's limit",
       "{name: t, limit: {cpu: 3}}, {name: a, parent: t, demand: {cpu: 9}, task: {cpu: 1}}, "
       "{name: b, parent: t, demand: {cpu: 9}, task: {cpu: 1}}",
       {"a", "b", "a"}},
      {"no borrowing",
       "{name: a, guarantee: {cpu: 2}, borrowing: false, demand: {cpu: 9}, task: {cpu: 1}}",
       {"a", "a"}},
      // b wants nothing of its 3 CPUs and lends 1: 2 of 4 are left.
      {"a guarantee that is not lent",
       "{name: a, demand: {cpu: 9}, task: {cpu: 1}}, "
       "{name: b, guarantee: {cpu: 3}, lending_limit: {cpu: 1}}",
       {"a", "a"}},
      {"a guarantee that is lent",
       "{name: a, demand: {cpu: 9}, task: {cpu: 2}}, {name: b, guarantee: {cpu: 3}}",
       {"a", "a"}},
  };
  for (const Case& c : cases) {
    const FairshareFile file = Parse("capacity: {cpu: 4}\nqueues: [" + std::string(c.queues) + "]");
    EXPECT_EQ(Order(file, Entitled(file, {})), c.order) << c.what;
  }
}

TEST(WholeTasks, TakesTheModelThatOthersDoNotInsistOn) {
  const FairshareFile file = Parse(R"(
capacity: {gpu/A100: 3, gpu/H100: 1}
queues:
  - {name: any, demand: {gpu/A100|H100: 9}, task: {gpu/A100|H100: 1}}
  - {name: only, demand: {gpu/A100: 9}, task: {gpu/A100: 1}}
)");
  const EntitlementInput input = MakeEntitlementInput(file);
  std::vector<Entitlement> entitled = Entitled(file, {{"only", {{"gpu/A100", 2000}}}});
  entitled[0].any_of = {{{ResourceId(4), ResourceId(5)}, 2000}};
  // `any` takes the H100 first, which is all of them, so that it stands at 1/1; `only` gets its 2
  // A100, which is its entitlement, and `any` the last one. Had `any` begun with two A100, `only`
  // would have 1.
  const auto whole = GiveWholeTasks(file, input, entitled);
  ASSERT_TRUE(whole.ok());
  EXPECT_THAT(whole->tasks, ElementsAre(2, 2));
  EXPECT_THAT(Order(file, entitled), ElementsAre("any", "only", "only", "any"));
}

TEST(WholeTasks, LeavesWithoutATaskHoldTheirEntitlement) {
  const FairshareFile file = Parse(R"(
capacity: {gpu/A100: 3, gpu/H100: 3}
queues:
  - {name: t}
  - {name: fluid, parent: t, demand: {gpu/A100|H100: 9}}
  - {name: a, parent: t, demand: {gpu/A100: 9}, task: {gpu/A100: 1}}
  - {name: b, demand: {gpu/H100: 9}, task: {gpu/H100: 1}}
)");
  std::vector<Entitlement> entitled =
      Entitled(file, {{"a", {{"gpu/A100", 2000}}}, {"b", {{"gpu/H100", 2000}}}});
  entitled[1].any_of = {{{ResourceId(4), ResourceId(5)}, 2000}};
  // fluid holds 2 A100, the first that fit; 1 A100 and 3 H100 are left. t counts with the 2 that
  // fluid, as blocked, holds and stands at 2/3 of the A100, so that b goes first until 2/3.
  EXPECT_THAT(Order(file, entitled), ElementsAre("b", "b", "a", "b"));
}

TEST(WholeTasks, RefusesAnAbsurdNumber) {
  const FairshareFile file = Parse(
      "capacity: {memory: 1Gi}\nqueues: [{name: a, demand: {memory: 1Gi}, task: {memory: 1}}]");
  const auto whole = GiveWholeTasks(file, MakeEntitlementInput(file), Entitled(file, {}));
  ASSERT_FALSE(whole.ok());
  EXPECT_THAT(whole.error().message, HasSubstr("expected larger ones"));
}

TEST(UnusedCapacity, FindsModelsForEverything) {
  const FairshareFile file = Parse(R"(
capacity: {gpu/A: 2, gpu/B: 2, gpu/C: 2, cpu: 1}
queues: [{name: x}, {name: t}, {name: y, parent: t}]
)");
  const ResourceId a(4);
  const ResourceId b(5);
  const ResourceId c(6);
  const EntitlementInput input = MakeEntitlementInput(file);
  std::vector<Entitlement> entitled(3);
  // A|B 2, then A|C 2 and B alone 1: A|B must move to A and B, C is left to A|C.
  entitled[0].any_of = {{{a, b}, 2000}};
  entitled[1].any_of = {{{a, c}, 3000}};
  entitled[1].amounts.Set(b, 1000);
  entitled[2] = entitled[1];  // in the sum of t already
  // 6 GPUs in all: nothing is left of any model.
  ResourceVector left;
  left.Set(kCpu, 1000);
  EXPECT_EQ(UnusedCapacity(input, entitled), left);
}

FairshareAnswer Answer(const FairshareFile& file, std::vector<Entitlement> entitlements) {
  const EntitlementInput input = MakeEntitlementInput(file);
  FairshareAnswer answer{entitlements, UnusedCapacity(input, entitlements), {}};
  auto whole = GiveWholeTasks(file, input, entitlements);
  EXPECT_TRUE(whole.ok());
  answer.whole = std::move(*whole);
  return answer;
}

TEST(FairshareJson, OfTheExampleOfDrf) {
  const FairshareFile file = Parse(kDrf);
  std::vector<Entitlement> entitled = Entitled(file, kDrfEntitled);
  for (Entitlement& own : entitled) {
    own.bound_by = BoundBy::kWeight;
    own.bound_resource = kCpu;
  }
  EXPECT_EQ(FairshareJson(file, Answer(file, entitled), true),
            R"({"queues":[{"name":"a","entitlement":{"cpu":"3","memory":"12"},)"
            R"("dominant_share":"2/3","bound_by":"weight","resource":"cpu","tasks":3},)"
            R"({"name":"b","entitlement":{"cpu":"6","memory":"2"},"dominant_share":"2/3",)"
            R"("bound_by":"weight","resource":"cpu","tasks":2}],)"
            R"("unused":{"cpu":"0","memory":"4"},"order":["a","b","a","b","a"]})"
            "\n");
}

constexpr const char* kTree = R"(
capacity: {cpu: 10, gpu/A100: 2, gpu/H100: 4, memory: 8Gi}
queues:
  - {name: z, demand: {cpu: 1500m, memory: 4Gi}}
  - {name: t, limit: {gpu/H100: 1}}
  - {name: y, parent: t, demand: {gpu/A100|H100: 4, cpu: 1}}
)";

std::vector<Entitlement> TreeEntitled(const FairshareFile& file) {
  auto entitled = Entitled(file, {{"z", {{"cpu", 1500}, {"memory", std::int64_t{4} << 30}}}});
  entitled[2].any_of = {{{ResourceId(4), ResourceId(5)}, 3000}};
  entitled[2].dominant_share = {3000, 6000};
  entitled[2].bound_by = BoundBy::kLimit;
  entitled[2].bound_resource = ResourceId(5);
  entitled[2].bound_queue = QueueId(1);
  entitled[1] = entitled[2];
  entitled[1].guarantee_cut = true;
  return entitled;
}

TEST(FairshareJson, ParentsFirstSiblingsByNameAndZerosOfWhatIsWanted) {
  const FairshareFile file = Parse(kTree);
  EXPECT_EQ(FairshareJson(file, Answer(file, TreeEntitled(file)), false),
            R"({"queues":[{"name":"t","entitlement":{"cpu":"0","gpu/A100|H100":"3"},)"
            R"("dominant_share":"1/2","bound_by":"limit","resource":"gpu/H100","bound_queue":"t",)"
            R"("guarantee_cut":true},)"
            R"({"name":"y","parent":"t","entitlement":{"cpu":"0","gpu/A100|H100":"3"},)"
            R"("dominant_share":"1/2","bound_by":"limit","resource":"gpu/H100","bound_queue":"t"},)"
            R"({"name":"z","entitlement":{"cpu":"1500m","memory":"4Gi"},"dominant_share":"1/2",)"
            R"("bound_by":"demand"}],)"
            R"("unused":{"cpu":"8500m","gpu/A100":"0","gpu/H100":"3","memory":"4Gi"}})"
            "\n");
}

TEST(FairshareText, ATableForPeople) {
  const FairshareFile file = Parse(kTree);
  EXPECT_EQ(
      FairshareText(file, Answer(file, TreeEntitled(file)), false, false),
      "QUEUE  DEMAND                  ENTITLEMENT            DOMINANT SHARE  BOUND BY\n"
      "t      cpu 1, gpu/A100|H100 4  gpu/A100|H100 3        50.00 % (1/2)   limit gpu/H100, "
      "guarantee cut\n"
      "  y    cpu 1, gpu/A100|H100 4  gpu/A100|H100 3        50.00 % (1/2)   limit gpu/H100 of t\n"
      "z      cpu 1500m, memory 4Gi   cpu 1500m, memory 4Gi  50.00 % (1/2)   demand\n"
      "unused: cpu 8500m, gpu/H100 3, memory 4Gi\n");
}

TEST(FairshareText, TasksAndTheirOrder) {
  const FairshareFile file = Parse(kDrf);
  const std::string text =
      FairshareText(file, Answer(file, Entitled(file, kDrfEntitled)), true, false);
  EXPECT_THAT(text, HasSubstr("BOUND BY  TASKS\n"));
  EXPECT_THAT(text, HasSubstr("66.67 % (2/3)   demand    3\n"));
  EXPECT_THAT(text, HasSubstr("66.67 % (2/3)   demand    2\n"));
  EXPECT_THAT(text, HasSubstr("\norder: a b a b a\nunused: memory 4\n"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(FairshareText, ColoursWhereAskedFor) {
  const FairshareFile file = Parse(kDrf);
  const FairshareAnswer answer = Answer(file, Entitled(file, kDrfEntitled));
  EXPECT_THAT(FairshareText(file, answer, false, true), HasSubstr("\x1b[1mQUEUE"));
}

TEST(FairshareText, SmallSharesAndSumsThatDoNotFit) {
  const FairshareFile file = Parse(R"(
capacity: {memory: 9223372036854775807}
queues:
  - {name: t}
  - {name: x, parent: t, demand: {memory: 9223372036854775807}}
  - {name: y, parent: t, demand: {memory: 9223372036854775807}}
)");
  const auto entitled = Entitled(file, {{"x", {{"memory", std::int64_t{1} << 52}}}});
  const std::string text = FairshareText(file, Answer(file, entitled), false, false);
  // 2^52 / 2^63 = 0.000488
  EXPECT_THAT(text, HasSubstr("  0.05 % (4503599627370496/9223372036854775807)"));
  EXPECT_THAT(text, HasSubstr("t      more than 63 bits"));
}

}  // namespace
}  // namespace fairlead::cli
