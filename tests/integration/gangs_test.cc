// Gangs start whole or wait whole, whatever happens to the scheduler meanwhile.
#include <gmock/gmock.h>

#include <set>

#include "tests/integration/world_test.h"

namespace fairlead::integration {
namespace {

using apiserver::Fault;
using apiserver::FaultKind;
using testing::HasSubstr;
using testing::StartsWith;

class GangTest : public WorldTest {
 protected:
  std::size_t Decisions() {
    std::set<std::string> decisions;
    for (const BindSeen& bind : world().watch().binds()) decisions.insert(bind.decision);
    return decisions.size();
  }
  void CreateJob(const std::string& name, int parallelism, PodWish pod) {
    pod.gang = "true";
    ASSERT_EQ(
        world()
            .Do("POST", "/apis/batch/v1/namespaces/default/jobs", JobJson(name, parallelism, pod))
            .status,
        201);
  }
};

TEST_F(GangTest, WaitsForItsLastMember) {
  Make(2);
  Start();
  const PodWish like = {.gpus = 1, .gang_size = 8};
  CreateGang("train", 0, 7, like);
  world().RunFor(Duration::Seconds(10));
  EXPECT_THAT(Pending("train-6"), StartsWith("Unschedulable: WaitingForMembers"));
  EXPECT_EQ(world().watch().BoundOf("train"), 0);
  CreateGang("train", 7, 8, like);
  EXPECT_TRUE(Running(8));
  EXPECT_EQ(Decisions(), 1U);
}

TEST_F(GangTest, AJobIsAGang) {
  Make(1);
  Start();
  CreateJob("big", 9, {.gpus = 1});
  world().RunFor(Duration::Seconds(10));
  EXPECT_EQ(world().watch().BoundOf("job/big"), 0);
  CreateJob("fits", 8, {.gpus = 1});
  EXPECT_TRUE(Running(8));
  EXPECT_EQ(world().watch().BoundOf("job/fits"), 8);
  EXPECT_EQ(Decisions(), 1U);
}

// The definition may come before the scheduler's start or after it.
TEST_F(GangTest, APodGroupIsAGang) {
  for (const bool late : {false, true}) {
    Make(1);
    const std::string crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    if (late) Start();
    ASSERT_EQ(world().Do("POST", crds, PodGroupCrdJson()).status, 201);
    if (!late) Start();
    const std::map<std::string, std::string> in_group = {{kPodGroupLabel, "group"}};
    for (const char* name : {"a", "b"}) Create({.name = name, .gpus = 2, .labels = in_group});
    world().RunFor(Duration::Seconds(10));
    EXPECT_THAT(Pending("a"), HasSubstr("PodGroup \"group\""));
    ASSERT_EQ(world()
                  .Do("POST", "/apis/scheduling.x-k8s.io/v1alpha1/namespaces/default/podgroups",
                      PodGroupJson("group", 3))
                  .status,
              201);
    world().RunFor(Duration::Seconds(late ? 310 : 10));  // the API is looked for every 300 s
    EXPECT_EQ(world().watch().binds().size(), 0U);
    Create({.name = "c", .gpus = 2, .labels = in_group});
    EXPECT_TRUE(Running(3)) << late;
  }
}

TEST_F(GangTest, TwoThatNeedMostOfTheClusterDoNotBlockEachOther) {
  apiserver::SimNode small;
  small.gpus = 2;
  Make(5, {}, small);            // 10 GPUs; each gang needs 6
  for (int i = 0; i < 6; ++i) {  // interleaved, so that pod by pod they would deadlock
    CreateGang("red", i, i + 1, {.gpus = 1, .gang_size = 6});
    CreateGang("blue", i, i + 1, {.gpus = 1, .gang_size = 6});
  }
  Start();
  ASSERT_TRUE(Running(6));
  const std::string first = world().watch().BoundOf("red") > 0 ? "red" : "blue";
  const std::string second = first == "red" ? "blue" : "red";
  EXPECT_EQ(world().watch().BoundOf(first), 6);
  EXPECT_THAT(Pending(second + "-0"), StartsWith("Unschedulable: "));
  for (int i = 0; i < 6; ++i) (void)world().Delete("default", first + "-" + std::to_string(i));
  EXPECT_TRUE(Running(6));
  EXPECT_EQ(world().watch().BoundOf(second), 6);
}

TEST_F(GangTest, OneThatNeverFitsSaysWhyOnce) {
  Make(2);
  CreateGang("huge", 0, 3, {.gpus = 8, .gang_size = 3});
  Start();
  world().RunFor(Duration::Seconds(20));
  EXPECT_THAT(Pending("huge-0"), HasSubstr("nvidia.com/gpu"));
  Create({.name = "small", .gpus = 1});
  EXPECT_TRUE(Running(1));
  const std::string events = world().Do("GET", "/api/v1/namespaces/default/events").body;
  EXPECT_THAT(events, HasSubstr("Successfully assigned default/small to n"));
  const std::size_t first = events.find("FailedScheduling");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(events.find("FailedScheduling", first + 1), std::string::npos);
}

TEST_F(GangTest, PodsOfOtherSchedulersTakeUpRoom) {
  Make(1);
  Create({.name = "foreign", .gpus = 7, .scheduler = "someone-else"});
  ASSERT_EQ(world()
                .Do("POST", "/api/v1/namespaces/default/pods/foreign/binding",
                    R"({"apiVersion":"v1","kind":"Binding","metadata":{"name":"foreign"},)"
                    R"("target":{"kind":"Node","name":"n0"}})")
                .status,
            201);
  Start();
  Create({.name = "two", .gpus = 2});
  world().RunFor(Duration::Seconds(10));
  EXPECT_THAT(Pending("two"), StartsWith("Unschedulable: "));
  (void)world().Delete("default", "foreign");
  EXPECT_TRUE(Running(1));
}

// A scheduler that is killed when three of a gang of eight are bound.
class CrashTest : public GangTest {
 protected:
  static constexpr int kGang = 8;
  static constexpr int kBound = 3;

  void CrashInTheMiddle(WorldOptions options = {}) {
    options.policy.bind_timeout = Duration::Seconds(20);
    Make(1, options);
    Start();
    int posts = 0;
    world().faults().Use(
        std::make_unique<Hook>([&posts](std::string_view method, std::string_view path) {
          const bool late = method == "POST" && path.ends_with("/binding") && ++posts > kBound;
          return late ? FaultOf(FaultKind::kRequestLost) : Fault{};
        }));
    CreateGang("train", 0, kGang, {.gpus = 1, .gang_size = kGang});
    ASSERT_TRUE(
        world().RunUntil([this] { return world().watch().BoundOf("train") == kBound; }, kPatience));
    world().KillScheduler();
    world().faults().Use(nullptr);
    world().RunFor(Duration::Seconds(1));
    ASSERT_EQ(world().watch().BoundOf("train"), kBound);
  }
  // Takes the room that the others need.
  void Occupy() {
    Create({.name = "foreign", .gpus = 1, .scheduler = "someone-else"});
    ASSERT_EQ(world()
                  .Do("POST", "/api/v1/namespaces/default/pods/foreign/binding",
                      R"({"apiVersion":"v1","kind":"Binding","metadata":{"name":"foreign"},)"
                      R"("target":{"kind":"Node","name":"n0"}})")
                  .status,
              201);
  }
  std::int64_t RolledBack() {
    return world().Metric("fairlead_evictions_total{reason=\"gang_rollback\"}");
  }
};

TEST_F(CrashTest, TheNextOneCompletesTheGang) {
  CrashInTheMiddle();
  Start();
  EXPECT_TRUE(Running(kGang));
  EXPECT_EQ(world().watch().binds().size(), std::size_t{kGang}) << "each member once";
  EXPECT_EQ(RolledBack(), 0);
}

TEST_F(CrashTest, TheNextOneRollsBackWhatNoLongerFits) {
  CrashInTheMiddle();
  Occupy();
  Start();
  world().RunFor(Duration::Seconds(19));
  EXPECT_EQ(world().watch().BoundOf("train"), kBound) << "not before the bind timeout";
  EXPECT_TRUE(world().RunUntil([this] { return world().watch().BoundOf("train") == 0; },
                               Duration::Seconds(2)));
  EXPECT_EQ(RolledBack(), kBound);
  EXPECT_TRUE(Running(1)) << "the foreign pod stays";
}

// When the budget goes, so do the pods.
TEST_F(CrashTest, ABudgetBlocksTheRollbackUntilItIsGone) {
  for (const apiserver::Profile profile :
       {apiserver::Profile::k120, apiserver::Profile::kCurrent}) {
    const std::string api = profile == apiserver::Profile::k120 ? "policy/v1beta1" : "policy/v1";
    WorldOptions options;
    options.server.profile = profile;
    CrashInTheMiddle(options);
    Occupy();
    const std::string path = "/apis/" + api + "/namespaces/default/poddisruptionbudgets";
    ASSERT_EQ(world().Do("POST", path, BudgetJson(api, "keep")).status, 201);
    Start();
    world().RunFor(Duration::Seconds(60));
    EXPECT_EQ(world().watch().BoundOf("train"), kBound) << api;
    EXPECT_GE(world().Metric("fairlead_api_requests_total{code=\"429\",verb=\"evict\"}"), kBound);
    ASSERT_EQ(world().Do("DELETE", path + "/keep").status, 200);
    EXPECT_TRUE(world().RunUntil([this] { return world().watch().BoundOf("train") == 0; },
                                 Duration::Seconds(5)))
        << api;
  }
}

}  // namespace
}  // namespace fairlead::integration
