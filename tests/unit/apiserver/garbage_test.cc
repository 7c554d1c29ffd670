#include "scheduler/apiserver/garbage.h"

#include <gtest/gtest.h>

#include <random>

#include "scheduler/apiserver/disruption.h"
#include "tests/unit/apiserver/virtual_cluster.h"

namespace fairlead::apiserver {
namespace {

OwnedObject Object(const std::string& uid) { return {"pods", {"ns", "name-" + uid}, uid}; }

// I1 against a recomputation.
TEST(OwnerIndex, AgreesWithARecount) {
  std::mt19937_64 random(5);
  const auto draw = [&](unsigned below) { return static_cast<int>(random() % below); };
  for (int round = 0; round < 100; ++round) {
    OwnerIndex index;
    std::map<std::string, std::vector<OwnerLink>> known;
    for (int step = 0; step < 80; ++step) {
      const std::string uid = std::to_string(draw(10));
      if (draw(4) == 0) {
        index.Remove(uid);
        known.erase(uid);
      } else {
        std::vector<OwnerLink> owners;
        for (int owner = 0; owner < 4; ++owner) {
          if (draw(2) == 0) owners.push_back({"o" + std::to_string(owner), draw(2) == 0});
        }
        index.Upsert(Object(uid), owners);
        known[uid] = owners;
        if (owners.empty()) known.erase(uid);
      }
      ASSERT_EQ(index.size(), known.size());
      for (int owner = 0; owner < 4; ++owner) {
        const std::string name = "o" + std::to_string(owner);
        std::vector<OwnedObject> dependents;
        std::size_t blocking = 0;
        for (const auto& [dependent, owners] : known) {
          for (const OwnerLink& link : owners) {
            if (link.uid != name) continue;
            dependents.push_back(Object(dependent));
            if (link.blocking) ++blocking;
          }
        }
        ASSERT_EQ(index.Dependents(name), dependents);
        ASSERT_EQ(index.HasDependents(name), !dependents.empty());
        ASSERT_EQ(index.blocking(name), blocking);
      }
    }
  }
}

const char* kJob =
    R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{"parallelism":3,
        "completions":3,"template":{"spec":{"restartPolicy":"Never",
        "containers":[{"name":"c","image":"x"}]}}}})";

DeleteOptions Propagate(const char* how) {
  DeleteOptions options;
  options.propagation = how;
  return options;
}

TEST(GarbageCollector, BackgroundDeletionTakesDependentsAfterwards) {
  VirtualCluster cluster;
  cluster.Create("jobs.batch", kJob);
  cluster.Settle();
  ASSERT_EQ(cluster.Names("pods").size(), 3U);
  EXPECT_TRUE(cluster.Delete("jobs.batch", "j", Propagate("Background")));
  EXPECT_FALSE(cluster.Has("jobs.batch", "j"));
  cluster.Settle();
  EXPECT_TRUE(cluster.Names("pods").empty());
}

TEST(GarbageCollector, ForegroundDeletionWaitsForDependents) {
  VirtualCluster cluster(Profile::kCurrent, {.term_delay = Duration::Seconds(5)});
  cluster.kubelets.AddNode({.name = "n1"});
  cluster.Create("jobs.batch", kJob);
  cluster.Settle();
  const std::vector<std::string> pods = cluster.Names("pods");
  ASSERT_EQ(pods.size(), 3U);
  for (const std::string& pod : pods) EXPECT_TRUE(cluster.Bind(pod, "n1"));
  cluster.Settle();
  EXPECT_TRUE(cluster.Delete("jobs.batch", "j", Propagate("Foreground")));
  cluster.Settle();
  EXPECT_TRUE(cluster.Has("jobs.batch", "j"));
  EXPECT_NE(Find(cluster.Get("pods", pods[0]), {"metadata", "deletionTimestamp"}), nullptr);
  cluster.Advance(Duration::Seconds(4));
  EXPECT_TRUE(cluster.Has("jobs.batch", "j"));
  cluster.Advance(Duration::Seconds(1));
  EXPECT_FALSE(cluster.Has("jobs.batch", "j"));
  EXPECT_TRUE(cluster.Names("pods").empty());
}

TEST(GarbageCollector, OrphansLoseTheirOwnerOnly) {
  VirtualCluster cluster;
  cluster.Create("jobs.batch", kJob);
  cluster.Settle();
  EXPECT_TRUE(cluster.Delete("jobs.batch", "j", Propagate("Orphan")));
  cluster.Settle();
  EXPECT_FALSE(cluster.Has("jobs.batch", "j"));
  ASSERT_EQ(cluster.Names("pods").size(), 3U);
  for (const std::string& pod : cluster.Names("pods")) {
    EXPECT_EQ(Find(cluster.Get("pods", pod), {"metadata", "ownerReferences"}), nullptr);
  }
}

TEST(GarbageCollector, OwnersCountByUid) {
  VirtualCluster cluster;
  const auto create = [&](const std::string& name, const std::string& owners) {
    return cluster.Create("configmaps",
                          R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name +
                              R"(","ownerReferences":[)" + owners + "]}}");
  };
  const auto owner = [](const std::string& name, std::string_view uid) {
    return R"({"apiVersion":"v1","kind":"ConfigMap","name":")" + name + R"(","uid":")" +
           std::string(uid) + "\"}";
  };
  const std::string a(GetString(create("a", ""), {"metadata", "uid"}));
  const std::string b(GetString(create("b", ""), {"metadata", "uid"}));
  create("child-of-a", owner("a", a));
  create("child-of-both", owner("a", a) + "," + owner("b", b));
  create("child-of-another-a", owner("a", "00000000-0000-0000-0000-000000000000"));
  create("child-of-unknown-kind",
         R"({"apiVersion":"x.io/v1","kind":"X","name":"x",
             "uid":"11111111-0000-0000-0000-000000000000"})");
  cluster.Settle();
  EXPECT_FALSE(cluster.Has("configmaps", "child-of-another-a"));
  EXPECT_TRUE(cluster.Has("configmaps", "child-of-a"));
  EXPECT_TRUE(cluster.Delete("configmaps", "a", Propagate("Background")));
  cluster.Settle();
  EXPECT_EQ(cluster.Names("configmaps"),
            (std::vector<std::string>{"b", "child-of-both", "child-of-unknown-kind"}));
  EXPECT_EQ(FindArray(cluster.Get("configmaps", "child-of-both"), {"metadata", "ownerReferences"})
                ->size(),
            1U);
}

TEST(NamespaceController, ContentsGoFirst) {
  VirtualCluster cluster(Profile::kCurrent, {.term_delay = Duration::Seconds(5)});
  cluster.kubelets.AddNode({.name = "n1"});
  cluster.Create("namespaces", R"({"metadata":{"name":"team"}})");
  for (int i = 0; i < 450; ++i) {
    cluster.Create("configmaps", R"({"metadata":{"name":"c)" + std::to_string(i) + "\"}}", "team");
  }
  cluster.Create("pods",
                 R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"x"}]}})",
                 "team");
  EXPECT_TRUE(cluster.Bind("p", "n1", "team"));
  cluster.Settle();
  EXPECT_TRUE(cluster.Delete("namespaces", "team"));
  cluster.Settle();
  EXPECT_TRUE(cluster.Names("configmaps", "team").empty());
  EXPECT_TRUE(cluster.Has("pods", "p", "team"));
  EXPECT_TRUE(cluster.Has("namespaces", "team", ""));
  cluster.Advance(Duration::Seconds(5));
  EXPECT_FALSE(cluster.Has("pods", "p", "team"));
  EXPECT_FALSE(cluster.Has("namespaces", "team", ""));
}

TEST(BudgetStatus, NumbersAndPercentages) {
  struct Case {
    const char* spec;
    BudgetCounts counts;
    std::int64_t desired, allowed;
  };
  const std::vector<Case> cases = {
      {R"({"minAvailable":2})", {.expected = 3, .healthy = 3}, 2, 1},
      {R"({"minAvailable":5})", {.expected = 3, .healthy = 3}, 5, 0},
      {R"({"minAvailable":"50%"})", {.expected = 3, .healthy = 3}, 2, 1},
      {R"({"maxUnavailable":1})", {.expected = 3, .healthy = 2}, 2, 0},
      {R"({"maxUnavailable":"34%"})", {.expected = 3, .healthy = 3}, 1, 2},
      {R"({"maxUnavailable":9})", {.expected = 3, .healthy = 3}, 0, 3},
      {R"({"minAvailable":0})", {.expected = 0, .healthy = 0}, 0, 0},
  };
  for (const Case& c : cases) {
    json::object budget;
    budget["spec"] = FromText(c.spec);
    const BudgetStatus status = BudgetStatusOf(budget, c.counts);
    EXPECT_EQ(status.desired, c.desired) << c.spec;
    EXPECT_EQ(status.allowed, c.allowed) << c.spec;
  }
}

TEST(DisruptionController, FollowsThePodsOfABudget) {
  VirtualCluster cluster;
  cluster.kubelets.AddNode({.name = "n1"});
  cluster.Create("poddisruptionbudgets.policy",
                 R"({"metadata":{"name":"b"},"spec":{"minAvailable":1,
                     "selector":{"matchLabels":{"app":"x"}}}})");
  const auto status = [&](std::string_view field) {
    return GetInt(cluster.Get("poddisruptionbudgets.policy", "b"), {"status", field}, -1);
  };
  cluster.Settle();
  EXPECT_EQ(status("expectedPods"), 0);
  for (const char* name : {"p", "q", "other"}) {
    cluster.Create("pods", std::string(R"({"metadata":{"name":")") + name +
                               R"(","labels":{"app":")" +
                               (name == std::string("other") ? "y" : "x") +
                               R"("}},"spec":{"containers":[{"name":"c","image":"x"}]}})");
  }
  cluster.Settle();
  EXPECT_EQ(status("expectedPods"), 2);
  EXPECT_EQ(status("currentHealthy"), 0);
  EXPECT_EQ(status("disruptionsAllowed"), 0);
  for (const char* name : {"p", "q", "other"}) EXPECT_TRUE(cluster.Bind(name, "n1"));
  cluster.Settle();
  EXPECT_EQ(status("currentHealthy"), 2);
  EXPECT_EQ(status("disruptionsAllowed"), 1);
  EXPECT_EQ(
      cluster.ConditionOf(cluster.Get("poddisruptionbudgets.policy", "b"), "DisruptionAllowed"),
      "True SufficientPods");
  EXPECT_TRUE(cluster.Delete("pods", "p"));
  cluster.Settle();
  EXPECT_EQ(status("expectedPods"), 1);
  EXPECT_EQ(status("disruptionsAllowed"), 0);
}

}  // namespace
}  // namespace fairlead::apiserver
