// What can go wrong between the scheduler and the server, one thing at a time.
#include <gmock/gmock.h>

#include "tests/integration/world_test.h"

namespace fairlead::integration {
namespace {

using apiserver::Fault;
using apiserver::FaultKind;
using apiserver::FaultRule;
using apiserver::Profile;
using testing::HasSubstr;
using testing::StartsWith;

FaultRule OnBinding(Fault fault, int strikes = 1, int skip = 0) {
  return {.method = "POST",
          .path_contains = "/binding",
          .watches = 0,
          .skip = skip,
          .strikes = strikes,
          .fault = fault};
}

FaultRule OnPodWatch(Fault fault) {
  return {.method = "GET",
          .path_contains = "/api/v1/pods",
          .watches = 1,
          .skip = 0,
          .strikes = 1,
          .fault = fault};
}

using WireTest = WorldTest;

// Initial events of a watch instead of a list, where the server has them; else a list.
TEST_F(WireTest, WatchListWhereTheServerHasIt) {
  struct Case {
    const char* what;
    Profile profile;
    bool watch_list;
    int lists;
  };
  for (const Case& c : {Case{"current", Profile::kCurrent, true, 0},
                        Case{"current, switched off", Profile::kCurrent, false, 4},
                        Case{"1.20", Profile::k120, true, 4}}) {
    WorldOptions options;
    options.server.profile = c.profile;
    options.server.watch_list = c.watch_list;
    Make(1, options);
    Create({.name = "before"});
    Start();
    Create({.name = "after"});
    EXPECT_TRUE(Running(2)) << c.what;
    EXPECT_EQ(world().Metric("fairlead_api_requests_total{code=\"200\",verb=\"list\"}"), c.lists)
        << c.what;
    EXPECT_EQ(world().client().Trouble(), "") << c.what;
  }
}

// Whatever becomes of the first POST, the pod is bound exactly once.
TEST_F(WireTest, OneBindingWhateverBecomesOfTheRequest) {
  using enum FaultKind;
  for (const FaultKind kind :
       {kReplyLost, kRequestLost, kConflict, kTooMany, kServerError, kServerErrorAfter, kFrozen,
        kHalfOpen, kSlowBody, kGarbage, kCutInside}) {
    for (const Profile profile : {Profile::k120, Profile::kCurrent}) {
      WorldOptions options;
      options.server.profile = profile;
      Make(2, options);
      Start();
      Strike({OnBinding(FaultOf(kind))});
      Create({.name = "p", .gpus = 1});
      EXPECT_TRUE(Running(1, Duration::Seconds(60))) << static_cast<int>(kind);
      world().RunFor(Duration::Seconds(60));
      EXPECT_EQ(world().watch().BindsOf("default/p"), 1) << static_cast<int>(kind);
      EXPECT_EQ(world().faults().struck(), 1U);
      EXPECT_EQ(world().Metric("fairlead_unplanned_binds_total"), 0);
      EXPECT_EQ(world().engine().remembered().in_flight, 0U);
    }
  }
}

TEST_F(WireTest, WaitsAsLongAsTheServerAsks) {
  Make(1);
  Start();
  Fault fault = FaultOf(FaultKind::kTooMany);
  fault.retry_after_s = 7;
  Strike({OnBinding(fault, 2)});
  const Instant begin = world().Now();
  Create({.name = "p"});
  ASSERT_TRUE(Running(1));
  EXPECT_EQ(world().Now() - begin, Duration::Seconds(14));
}

TEST_F(WireTest, ListsAgainWhenTheServerHasForgotten) {
  for (const bool watch_list : {true, false}) {
    WorldOptions options;
    options.server.watch_list = watch_list;
    Make(1, options);
    Create({.name = "first"});
    Start();
    ASSERT_TRUE(Running(1));
    // The next watch of pods, which begins when this one is over, is refused.
    Strike({OnPodWatch(FaultOf(FaultKind::kGone))});
    world().RunFor(Duration::Seconds(700));
    EXPECT_EQ(world().faults().struck(), 1U);
    EXPECT_GE(world().Metric("fairlead_watch_restarts_total{kind=\"pods\",reason=\"expired\"}"),
              watch_list ? 0 : 1);
    (void)world().Delete("default", "first");
    Create({.name = "second", .gpus = 8});
    EXPECT_TRUE(Running(1));
    EXPECT_EQ(world().client().Trouble(), "");
  }
}

// A connection whose peer is silent looks like a cluster in which nothing happens. The server was
// asked to end the watch after some time; when it has not by then, the watch is given up.
TEST_F(WireTest, AFrozenWatchIsNoticed) {
  Make(1);
  Fault fault = FaultOf(FaultKind::kFrozen);
  fault.after_frames = 1;
  Strike({OnPodWatch(fault)});
  world().StartScheduler();
  world().RunFor(Duration::Seconds(10));
  Create({.name = "p"});
  EXPECT_FALSE(Running(1, Duration::Seconds(200)));
  EXPECT_TRUE(Running(1, Duration::Seconds(640)));
}

TEST_F(WireTest, SaysThatTheServerIsAwayAndComesBack) {
  Make(1);
  world().SetReachable(false);
  world().StartScheduler();
  world().RunFor(Duration::Seconds(100));
  EXPECT_THAT(world().client().Trouble(), HasSubstr("Connection refused"));
  EXPECT_FALSE(world().engine().Synced());
  world().SetReachable(true);
  Create({.name = "p"});
  EXPECT_TRUE(Running(1, Duration::Seconds(46)));  // the longest backoff with its jitter
  EXPECT_EQ(world().client().Trouble(), "");
}

class TwinTest : public WorldTest {
 protected:
  // The pod "twin" is deleted and made again while its binding is on the way. The successor waits
  // for a second member, so that nothing but the old decision can bind it.
  void ReplaceUnderWay(Profile profile) {
    WorldOptions options;
    options.server.profile = profile;
    Make(1, options);
    Start();
    bool replaced = false;
    world().faults().Use(std::make_unique<Hook>([this, &replaced](std::string_view method,
                                                                  std::string_view path) {
      if (method == "POST" && path.ends_with("/twin/binding") && !std::exchange(replaced, true)) {
        (void)world().Delete("default", "twin");
        Create({.name = "twin", .gang = "pair", .gang_size = 2});
      }
      return Fault{};
    }));
    Create({.name = "twin"});
    world().RunFor(Duration::Seconds(5));
    world().faults().Use(nullptr);
    ASSERT_TRUE(replaced);
  }
};

TEST_F(TwinTest, TheServerRefusesAnotherUid) {
  ReplaceUnderWay(Profile::kCurrent);
  EXPECT_EQ(world().watch().BindsOf("default/twin"), 0);
  EXPECT_EQ(world().Metric("fairlead_api_requests_total{code=\"409\",verb=\"bind\"}"), 1);
  EXPECT_EQ(world().Metric("fairlead_unplanned_binds_total"), 0);
  Create({.name = "other", .gang = "pair", .gang_size = 2});
  EXPECT_TRUE(Running(2));
}

// This one looks at the name only.
TEST_F(TwinTest, AnUnplannedBindingIsUndone) {
  ReplaceUnderWay(Profile::k120);
  EXPECT_EQ(world().watch().BindsOf("default/twin"), 1);
  EXPECT_EQ(world().Metric("fairlead_unplanned_binds_total"), 1);
  EXPECT_FALSE(world().watch().pods().contains("default/twin")) << "it was to be evicted";
}

TEST_F(WireTest, GatedPodsWait) {
  Make(1);
  Start();
  Create({.name = "gated", .gate = "example.com/wait"});
  world().RunFor(Duration::Seconds(10));
  EXPECT_THAT(Pending("gated"), StartsWith("SchedulingGated: "));
  EXPECT_EQ(world().watch().BindsOf("default/gated"), 0);
  EXPECT_EQ(world()
                .Do("PATCH", "/api/v1/namespaces/default/pods/gated",
                    R"({"spec":{"schedulingGates":null}})", "application/merge-patch+json")
                .status,
            200);
  EXPECT_TRUE(Running(1));
}

}  // namespace
}  // namespace fairlead::integration
