#include "tests/unit/apiserver/admission_world.h"

namespace fairlead::apiserver {
namespace {

constexpr const char* kBudgets = "poddisruptionbudgets.policy";
constexpr const char* kPod = R"({"metadata":{"name":"p","namespace":"default",
  "labels":{"a":"b"}},"status":{"phase":"Running",
  "conditions":[{"type":"Ready","status":"True"}]}})";
constexpr const char* kBudget = R"({"metadata":{"name":"b","namespace":"default","generation":2},
  "spec":{"selector":{"matchLabels":{"a":"b"}}},
  "status":{"observedGeneration":2,"disruptionsAllowed":1,"currentHealthy":3,"desiredHealthy":2,
            "expectedPods":3}})";

struct Evicted {
  std::optional<ApiError> error;
  json::object budget;
};

Evicted Evict(const World& world, const json::object& pod) {
  Evicted result;
  result.error = CheckEviction(world.Context("pods"), pod, &result.budget);
  return result;
}

TEST(Eviction, ChargesTheBudget) {
  World world;
  world.store.Put(kBudgets, Parsed(kBudget));
  const Evicted evicted = Evict(world, Parsed(kPod));
  ASSERT_FALSE(evicted.error);
  EXPECT_EQ(GetInt(evicted.budget, {"status", "disruptionsAllowed"}, -1), 0);
  EXPECT_EQ(GetString(evicted.budget, {"status", "disruptedPods", "p"}), "2026-01-01T00:00:00Z");
  EXPECT_EQ(GetInt(evicted.budget, {"status", "currentHealthy"}, 0), 3);
}

TEST(Eviction, NeedsNoBudgetWhereNoneCoversThePod) {
  World world;
  EXPECT_FALSE(Evict(world, Parsed(kPod)).error);
  for (const char* change : {R"({"matchLabels":{"a":"c"}})", R"({})"}) {
    json::object budget = Parsed(kBudget);
    At(&budget, {"spec", "selector"}) = Parsed(change);
    At(&budget, {"status", "disruptionsAllowed"}) = 0;
    world.store.Put(kBudgets, std::move(budget));
    const Evicted evicted = Evict(world, Parsed(kPod));
    EXPECT_FALSE(evicted.error) << change;
    EXPECT_TRUE(evicted.budget.empty());
  }
}

TEST(Eviction, AnEmptySelectorCoversAllInPolicyV1) {
  World world(Profile::kCurrent);
  json::object budget = Parsed(kBudget);
  At(&budget, {"spec", "selector"}).emplace_object();
  world.store.Put(kBudgets, std::move(budget));
  EXPECT_FALSE(Evict(world, Parsed(kPod)).budget.empty());
}

TEST(Eviction, BudgetsOfOtherNamespacesDoNotCount) {
  World world;
  json::object budget = Parsed(kBudget);
  At(&budget, {"metadata", "namespace"}) = "other";
  At(&budget, {"status", "disruptionsAllowed"}) = 0;
  world.store.Put(kBudgets, std::move(budget));
  EXPECT_FALSE(Evict(world, Parsed(kPod)).error);
}

TEST(Eviction, PodsThatDoNotRunAreFree) {
  World world;
  json::object budget = Parsed(kBudget);
  At(&budget, {"status", "disruptionsAllowed"}) = 0;
  world.store.Put(kBudgets, std::move(budget));
  for (const char* phase : {"Pending", "Succeeded", "Failed"}) {
    json::object pod = Parsed(kPod);
    At(&pod, {"status", "phase"}) = phase;
    EXPECT_FALSE(Evict(world, pod).error) << phase;
  }
  json::object unready = Parsed(kPod);
  Erase(&unready, {"status", "conditions"});
  EXPECT_FALSE(Evict(world, unready).error);
  EXPECT_TRUE(Evict(world, Parsed(kPod)).error);
}

struct Case {
  const char* field;
  int value;
  int code;
  const char* text;  // the cause's, where there is one
};

TEST(Eviction, RefusedByTheBudget) {
  for (const Case& c :
       {Case{"disruptionsAllowed", 0, 429,
             "The disruption budget b needs 2 healthy pods and has 3 currently"},
        Case{"observedGeneration", 1, 429,
             "The disruption budget b is still being processed by the server."},
        Case{"disruptionsAllowed", -1, 403,
             "poddisruptionbudget.policy \"b\" is forbidden: pdb disruptions allowed is "
             "negative"}}) {
    World world;
    json::object budget = Parsed(kBudget);
    At(&budget, {"status", c.field}) = c.value;
    world.store.Put(kBudgets, std::move(budget));
    const Evicted evicted = Evict(world, Parsed(kPod));
    ASSERT_TRUE(evicted.error);
    EXPECT_EQ(evicted.error->code, c.code);
    EXPECT_TRUE(evicted.budget.empty());
    if (c.code != 429) {
      EXPECT_EQ(evicted.error->message, c.text);
      continue;
    }
    EXPECT_EQ(evicted.error->reason, "TooManyRequests");
    EXPECT_EQ(evicted.error->message,
              "Cannot evict pod as it would violate the pod's disruption budget.");
    ASSERT_EQ(evicted.error->causes.size(), 1U);
    EXPECT_EQ(evicted.error->causes[0].reason, "DisruptionBudget");
    EXPECT_EQ(evicted.error->causes[0].message, c.text);
    EXPECT_EQ(evicted.error->retry_after_s, 0);
  }
}

TEST(Eviction, TwoBudgetsAreTooMany) {
  World world;
  world.store.Put(kBudgets, Parsed(kBudget));
  json::object second = Parsed(kBudget);
  At(&second, {"metadata", "name"}) = "b2";
  world.store.Put(kBudgets, std::move(second));
  const Evicted evicted = Evict(world, Parsed(kPod));
  ASSERT_TRUE(evicted.error);
  EXPECT_EQ(evicted.error->code, 500);
  EXPECT_EQ(evicted.error->message,
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does "
            "not support.");
}

}  // namespace
}  // namespace fairlead::apiserver
