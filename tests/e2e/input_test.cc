// Pods that cannot be right: each is told why, and nobody else is held up.
#include "tests/e2e/e2e_test.h"

namespace fairlead::e2e {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct BadPod {
  const char* name;
  PodOptions options;
  const char* why;  // in the condition's message

  // Else the name of the test would show addresses.
  friend void PrintTo(const BadPod& it, std::ostream* out) { *out << it.name; }
};

class BadInput : public E2eTest, public testing::WithParamInterface<BadPod> {};

TEST_P(BadInput, WaitsWithAReasonWhileOthersRun) {
  AddNodes(1);
  StartScheduler();
  PodOptions bad = GetParam().options;
  bad.name = "bad";
  CreatePod(bad);
  const std::string why = WaitPending("bad", GetParam().why);
  EXPECT_THAT(why, StartsWith("Unschedulable: "));
  EXPECT_THAT(why, HasSubstr(GetParam().why));
  CreateGang("good", 0, 2, {.gpus = 4, .gang_size = "2"});
  EXPECT_TRUE(WaitRunning(2));
  EXPECT_EQ(BoundOf("good"), 2);
  EXPECT_EQ(Bound(), 2);
}

INSTANTIATE_TEST_SUITE_P(
    Pods, BadInput,
    testing::Values(
        BadPod{"HugeCpu", {.cpu = "9E"}, ""}, BadPod{"HugeMemory", {.memory = "9E"}, ""},
        BadPod{"ManyGpus", {.gpus = 2'000'000'000}, "nvidia.com/gpu"},
        BadPod{"GangSizeZero", {.gang = "g", .gang_size = "0"}, "gang-size"},
        BadPod{"GangSizeNegative", {.gang = "g", .gang_size = "-3"}, "gang-size"},
        BadPod{"GangSizeHuge", {.gang = "g", .gang_size = "1000000000"}, "gang-size"},
        BadPod{"GangSizeOverflow", {.gang = "g", .gang_size = "99999999999999999999"}, "gang-size"},
        BadPod{"GangSizeText", {.gang = "g", .gang_size = "eight"}, "gang-size"},
        BadPod{"UnknownQueue", {.queue = "no-such-queue"}, "no-such-queue"}),
    [](const auto& test) { return test.param.name; });

TEST_F(E2eTest, MembersThatDisagreeAboutTheSize) {
  AddNodes(1);
  StartScheduler();
  CreateGang("mixed", 0, 2, {.gang_size = "2"});
  CreateGang("mixed", 2, 3, {.gang_size = "3"});
  // The first two may have started before the third was there; none of the rest may.
  const std::string why = WaitPending("mixed-2", "gang-size");
  EXPECT_THAT(why, HasSubstr("gang-size"));
  CreateGang("good", 0, 2, {.gpus = 4, .gang_size = "2"});
  EXPECT_TRUE(WaitPhase("good-1", "Running"));
}

TEST_F(E2eTest, TenantMayNotUseTheQueueOfAnother) {
  AddNodes(1);
  StartScheduler({.config = "queues:\n- name: gold\n- name: silver\ntenants:\n- name: red\n"
                            "  namespaces: [" +
                            ns() + "]\n  queues: [silver]\n- name: blue\n  queues: [gold]\n"});
  CreatePod({.name = "greedy", .queue = "gold"});
  const std::string why = WaitPending("greedy");
  EXPECT_THAT(why, StartsWith("Unschedulable: "));
  EXPECT_THAT(why, HasSubstr("gold"));
  EXPECT_THAT(why, HasSubstr("red"));
  CreatePod({.name = "honest", .queue = "silver"});
  CreatePod({.name = "default"});
  EXPECT_TRUE(WaitRunning(2));
  EXPECT_EQ(Bound(), 2);
}

}  // namespace
}  // namespace fairlead::e2e
