// What a scenario file cannot say: budgets, records, bindings under way, limits of size. Everything
// else about decisions is in tests/golden.
#include "fairlead/cycle/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::Cluster;
using testing_support::GangShape;
using testing_support::Seconds;

Decision DecideAt(const Snapshot& snapshot, const Policy& policy, Instant now) {
  Decision decision = Decide({snapshot, policy, now});
  EXPECT_THAT(Verify(snapshot, policy, decision.plan), IsEmpty());
  return decision;
}

std::string MessageOf(const Decision& decision) {
  EXPECT_EQ(decision.plan.pending.size(), 1U);
  return decision.plan.pending.empty() ? "" : decision.plan.pending.front().message;
}

PodRef Ref(const std::string& pod) { return {"default", pod, "uid-default-" + pod}; }

TEST(Decide, NothingToDo) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 1});
  const Decision decision = DecideAt(*cluster.Take(), {}, {});
  EXPECT_THAT(decision.plan.bind, IsEmpty());
  EXPECT_EQ(decision.steps, 0U);
  EXPECT_FALSE(decision.exhausted);
}

TEST(Decide, StopsWhenTheStepBudgetIsSpent) {
  Cluster cluster;
  cluster.Nodes("n", 10, {.gpus = 1});
  for (int g = 0; g < 10; ++g) {
    cluster.Gang({.name = "g" + std::to_string(g), .gpus = 1, .submitted = Seconds(g)});
  }
  cluster.Gang({.name = "gated", .gpus = 1, .gated = true});
  const auto snapshot = cluster.Take();
  struct Case {
    std::uint64_t budget;
    std::size_t placed;
    bool exhausted;
  };
  // The first gang costs 12: 1, the feasible set of 10 nodes, and one node. Each other costs 2.
  const std::vector<Case> cases = {{0, 0, true},  {1, 1, true},  {12, 1, true},  {13, 2, true},
                                   {14, 2, true}, {15, 3, true}, {29, 10, false}};
  for (const Case& c : cases) {
    const Policy policy;
    DecideInput input{*snapshot, policy, {}};
    input.step_budget = c.budget;
    const Decision decision = Decide(input);
    EXPECT_EQ(decision.plan.bind.size(), c.placed) << c.budget;
    EXPECT_EQ(decision.exhausted, c.exhausted) << c.budget;
    // Gangs not tried are not explained; what needs no trial is.
    EXPECT_EQ(decision.plan.pending.size(), 1U) << c.budget;
  }
}

TEST(Decide, MembersUnderWayCountTowardsTheMinimum) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 4});
  cluster.Gang({.name = "g", .pods = 3, .gpus = 1});
  cluster.Gang({.name = "h", .pods = 4, .gpus = 1});
  cluster.Take();
  ASSERT_TRUE(cluster.store().Assume(Ref("g-00001"), NodeId(0), 1, Seconds(5)));
  const Decision decision = DecideAt(*cluster.Take(), {}, Seconds(6));
  ASSERT_EQ(decision.plan.bind.size(), 2U);
  EXPECT_EQ(decision.plan.bind[0].member, 0U);
  EXPECT_EQ(decision.plan.bind[1].member, 2U);
  EXPECT_EQ(decision.plan.bind[0].gpus, 0b10U);
}

TEST(Decide, TerminatingMembersHoldRoomAndDoNotCount) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 2});
  cluster.Gang({.name = "g", .pods = 2, .gpus = 1, .bound = {"n"}});
  PodInfo leaving = Cluster::Pod({.name = "g", .pods = 2, .gpus = 1}, 0);
  leaving.node_name = "n";
  leaving.deleting = true;
  cluster.store().UpsertPod(leaving, Instant{});
  // One of two is leaving: the other alone is no gang, though it would fit.
  EXPECT_EQ(MessageOf(DecideAt(*cluster.Take(), {}, {})), "waits for members: 1 of 2 pods exist");
}

TEST(Decide, DoneMembersCount) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 2});
  cluster.Gang({.name = "g", .pods = 3, .gpus = 1});
  PodInfo done = Cluster::Pod({.name = "g", .pods = 3, .gpus = 1}, 0);
  done.node_name = "n";
  done.phase = PodPhase::kSucceeded;
  cluster.store().UpsertPod(done, Instant{});
  EXPECT_EQ(DecideAt(*cluster.Take(), {}, {}).plan.bind.size(), 2U);
}

struct RollbackCase {
  const char* what;
  std::int64_t seconds;  // since the first member was bound; the timeout is 30
  bool assumed;
  bool started;
  bool fits;
  std::size_t evictions;
};

class Rollback : public testing::TestWithParam<RollbackCase> {};

TEST_P(Rollback, GivesBackOnlyWhatIsStale) {
  const RollbackCase& c = GetParam();
  Cluster cluster;
  cluster.Node("n", {.gpus = c.assumed ? 3 : 2});
  if (c.fits) cluster.Node("m", {.gpus = 2});
  cluster.Gang({.name = "g",
                .pods = 4,
                .min_member = c.started ? 2 : 4,
                .gpus = 1,
                .bound = {"n", "n"},
                .bound_at = Seconds(100)});
  if (c.started) {
    // Was whole; then one member was lost.
    cluster.Take();
    cluster.store().RemovePod("default", "g-00000", "", Seconds(100));
    cluster.Gang({.name = "blocker", .gpus = 1, .bound = {"n"}});
  }
  cluster.Take();
  if (c.assumed) {
    ASSERT_TRUE(cluster.store().Assume(Ref("g-00003"), NodeId(0), 1, Seconds(101)));
  }
  const auto snapshot = cluster.Take();
  const Decision decision = DecideAt(*snapshot, {}, Seconds(100 + c.seconds));
  ASSERT_EQ(decision.plan.evict.size(), c.evictions);
  if (c.evictions == 0) return;
  EXPECT_THAT(decision.plan.evict.front().members, ElementsAre(0, 1));
  EXPECT_EQ(decision.plan.evict.front().reason, "gang_rollback");
  EXPECT_EQ(decision.plan.pending.size(), 1U) << "it waits on";
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Rollback,
    testing::Values(RollbackCase{"Stale", 30, false, false, false, 1},
                    RollbackCase{"Young", 29, false, false, false, 0},
                    RollbackCase{"BindingUnderWay", 999, true, false, false, 0},
                    RollbackCase{"HasBeenWhole", 59, false, true, false, 0},
                    RollbackCase{"CanBeCompleted", 999, false, false, true, 0}),
    [](const auto& c) { return c.param.what; });

// A gang of two that runs loses one of them for ever.
TEST(Decide, AGangThatLostMembersGivesUpTheOthersAfterAGrace) {
  Policy never;
  never.stale_grace = Duration{};
  struct Case {
    Policy policy;
    std::optional<Duration> stated;  // by the gang
    std::int64_t seconds;
    std::size_t evictions;
  };
  for (const Case& c : {Case{{}, std::nullopt, 59, 0},
                        {{}, std::nullopt, 60, 1},
                        {{}, Duration::Seconds(10), 10, 1},
                        {{}, Duration{}, 9999, 0},
                        {never, std::nullopt, 9999, 0},
                        {never, Duration::Seconds(10), 10, 1}}) {
    Cluster cluster;
    cluster.Node("n", {.gpus = 2});
    GangShape gang{.name = "g", .pods = 2, .gpus = 1, .bound = {"n", "n"}};
    gang.terms.stale_grace = c.stated;
    cluster.Gang(gang);
    cluster.Take();
    cluster.store().RemovePod("default", "g-00000", "", Seconds(100));
    const Decision decision = DecideAt(*cluster.Take(), c.policy, Seconds(100 + c.seconds));
    ASSERT_EQ(decision.plan.evict.size(), c.evictions) << c.seconds;
    if (c.evictions == 0) continue;
    EXPECT_THAT(decision.plan.evict.front().members, ElementsAre(0));
    EXPECT_EQ(decision.plan.evict.front().reason, "gang_stale");
  }
}

// Its own start timeout stands in for the policy's.
TEST(Decide, AGangMayWaitLongerForItsStart) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 2});
  GangShape gang{.name = "g", .pods = 4, .gpus = 1, .bound = {"n"}, .bound_at = Seconds(100)};
  gang.terms.start_timeout = Duration::Seconds(300);
  cluster.Gang(gang);
  const auto snapshot = cluster.Take();
  EXPECT_THAT(DecideAt(*snapshot, {}, Seconds(399)).plan.evict, testing::IsEmpty());
  EXPECT_THAT(DecideAt(*snapshot, {}, Seconds(400)).plan.evict, testing::SizeIs(1));
}

GangShape WithRoles(std::int64_t pods) {
  GangShape gang{.name = "g", .pods = pods, .min_member = 1, .gpus = 1};
  gang.terms.roles = {{"launcher", 1}, {"worker", 2}};
  gang.roles = {"worker", "worker", "worker", "launcher"};
  return gang;
}

TEST(Decide, WhatRolesNeedGoesFirst) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 3});
  cluster.Gang(WithRoles(4));
  std::vector<std::uint32_t> bound;
  for (const Placement& p : DecideAt(*cluster.Take(), {}, {}).plan.bind) bound.push_back(p.member);
  EXPECT_THAT(bound, testing::UnorderedElementsAre(0, 1, 3));  // not the third worker
}

TEST(Decide, RolesAreAllOrNothing) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 2});
  cluster.Gang(WithRoles(4));
  const Decision decision = DecideAt(*cluster.Take(), {}, {});
  EXPECT_THAT(decision.plan.bind, testing::IsEmpty());
  EXPECT_EQ(decision.plan.pending.front().message,
            "gang needs 3 pods of 1 GPU, an empty cluster fits 2; for one more 0/1 nodes are "
            "available: 1 Insufficient nvidia.com/gpu.");
}

TEST(Decide, AGangWithoutItsLauncherIsNotWhole) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 4});
  GangShape gang = WithRoles(4);
  gang.bound = {"n", "n", "n", "n"};
  cluster.Gang(gang);
  cluster.Take();
  cluster.store().RemovePod("default", "g-00003", "", Seconds(100));
  const auto snapshot = cluster.Take();
  ASSERT_THAT(snapshot->waiting, testing::SizeIs(1));
  EXPECT_TRUE(snapshot->waiting.front()->partial);
  EXPECT_THAT(DecideAt(*snapshot, {}, Seconds(160)).plan.evict, testing::SizeIs(1));
}

TEST(Decide, AGangGrowsToItsMaximum) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 8});
  GangShape gang{.name = "g", .pods = 5, .min_member = 2, .gpus = 1, .bound = {"n", "n"}};
  gang.terms.most = 3;
  cluster.Gang(gang);
  const auto snapshot = cluster.Take();
  const Plan plan = DecideAt(*snapshot, {}, {}).plan;
  EXPECT_THAT(plan.bind, testing::SizeIs(1));
  cluster.store().Assume(Ref("g-00002"), NodeId(0), 4, {});
  const Plan then = DecideAt(*cluster.Take(), {}, {}).plan;
  EXPECT_THAT(then.bind, testing::IsEmpty());
  EXPECT_EQ(then.pending.front().code, ReasonCode::kGangMaximum);
}

TEST(Decide, AStaleGangThatLostItsQueueGivesBack) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 4});
  cluster.Gang({.name = "g", .queue = "gone", .pods = 2, .gpus = 1, .bound = {"n"}});
  const Decision decision = DecideAt(*cluster.Take(), {}, Seconds(1000));
  EXPECT_EQ(decision.plan.evict.size(), 1U);
  EXPECT_EQ(decision.plan.pending.front().code, ReasonCode::kUnknownQueue);
}

TEST(Decide, RefusesGangsOverTheLimitOfSize) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 4});
  cluster.Gang({.name = "g", .pods = 4, .gpus = 1});
  Policy policy;
  policy.max_gang_size = 3;
  EXPECT_EQ(MessageOf(DecideAt(*cluster.Take(), policy, {})),
            "the gang's size is 4; expected at most 3 (max_gang_size)");
  policy.max_gang_size = 4;
  EXPECT_EQ(DecideAt(*cluster.Take(), policy, {}).plan.bind.size(), 4U);
}

TEST(Decide, InvalidGangsSayWhy) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 4});
  cluster.Gang({.name = "g", .gpus = 1, .invalid = "spec.hostNetwork: not supported yet"});
  const Decision decision = DecideAt(*cluster.Take(), {}, {});
  EXPECT_EQ(decision.plan.pending.front().code, ReasonCode::kInvalidRequest);
  EXPECT_THAT(MessageOf(decision), HasSubstr("spec.hostNetwork: not supported yet"));
}

TEST(Decide, TenantOfANamespace) {
  struct Case {
    const char* what;
    std::string ns, label, queue;
    std::string expected;  // message, or empty if it starts
  };
  const std::vector<Case> cases = {
      {"listed", "ta", "", "a", ""},
      {"default queue", "ta", "", "", ""},
      {"listed wins over the label", "ta", "tb", "a", ""},
      {"label", "x", "tb", "b", ""},
      {"label of nobody", "x", "tz", "b",
       "namespace \"x\" belongs to no tenant (its label names \"tz\", which is not configured)"},
      {"no label", "x", "", "b", "namespace \"x\" belongs to no tenant"},
      {"not allowed", "ta", "", "b", "tenant \"ta\" may not use queue \"b\"; it may use: a"},
      {"unknown", "ta", "", "c", "queue \"c\" does not exist; tenant \"ta\" may use: a"},
  };
  Policy policy;
  policy.queues = {{"a", kWeightOne}, {"b", kWeightOne}};
  policy.tenants = {{"ta", {"ta"}, {"a"}, "a"}, {"tb", {}, {"b"}, "b"}};
  for (const Case& c : cases) {
    Cluster cluster;
    cluster.Node("n", {.gpus = 1});
    cluster.store().UpsertNamespace({c.ns, c.label});
    cluster.Gang({.name = "g", .ns = c.ns, .queue = c.queue, .gpus = 1});
    const Decision decision = DecideAt(*cluster.Take(), policy, {});
    if (c.expected.empty()) {
      EXPECT_EQ(decision.plan.bind.size(), 1U) << c.what;
    } else {
      EXPECT_EQ(MessageOf(decision), c.expected) << c.what;
    }
  }
}

TEST(Decide, DefaultQueueMustExistToo) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 1});
  cluster.Gang({.name = "g", .gpus = 1});
  Policy policy;
  policy.queues = {{"a", kWeightOne}};
  EXPECT_EQ(MessageOf(DecideAt(*cluster.Take(), policy, {})),
            "no queue is asked for and there is no queue \"default\"; queues: a");
}

TEST(Record, RefusesWhatIsNoRecord) {
  Cluster cluster;
  cluster.Nodes("n", 2, {.gpus = 1, .model = "H100"});
  cluster.Gang({.name = "g",
                .pods = 2,
                .gpus = 1,
                .tolerations = {{"k", TolerationOperator::kEqual, "v", std::nullopt}}});
  const auto snapshot = cluster.Take();
  const Policy policy;
  const DecideInput input{*snapshot, policy, Seconds(7), 42};
  const std::string good = DumpDecision(input, Decide(input).plan);
  ASSERT_TRUE(LoadDecision(good).ok());
  EXPECT_EQ(LoadDecision(good)->seed, 42U);
  struct Case {
    std::string from, to, error;
  };
  const std::vector<Case> cases = {
      {"{", "[", "not JSON"},
      {"fairlead-decision", "other", "record.kind: expected \"fairlead-decision\""},
      {"\"format\":1", "\"format\":2", "record.format: expected an integer from 1 to 1"},
      {"\"weight\":1000000", "\"weight\":0", "queues.weight: expected an integer from 1"},
      {"\"now_ns\":", "\"later\":", "record.now_ns: expected an integer"},
      {"\"snapshot\":", "\"picture\":", "record.snapshot: expected a value"},
      {"\"shape\":0", "\"shape\":5", "members.shape: expected an integer from 0 to 0"},
      {"\"claim\":0", "\"claim\":-1", "gangs.claim: expected an integer from 0 to 0"},
      {"\"state\":0", "\"state\":1", "members.node: expected a node"},
      {"\"model\":0", "\"model\":null", "nodes.model: expected a model"},
      {"\"name\":\"n-00001\"", "\"name\":\"n-00000\"", "snapshot.nodes: expected unique names"},
      {"\"cpu\",\"memory\"", "\"memory\",\"cpu\"", "snapshot.resources: expected unique names"},
      {"\"gpus\":1", "\"gpus\":65", "nodes.allocatable: expected at most 64 GPUs"},
      {"\"milli_cpu\":64000", "\"milli_cpu\":-1", "allocatable.milli_cpu: expected an integer"},
      {"\"free\":[", "\"free\":[1,", "nodes.free: expected one amount per resource"},
  };
  for (const Case& c : cases) {
    std::string bad = good;
    const std::size_t at = bad.find(c.from);
    ASSERT_NE(at, std::string::npos) << c.from;
    bad.replace(at, c.from.size(), c.to);
    const auto loaded = LoadDecision(bad);
    ASSERT_FALSE(loaded.ok()) << c.from;
    EXPECT_THAT(loaded.error().ToString(), HasSubstr(c.error));
  }
}

}  // namespace
}  // namespace fairlead
