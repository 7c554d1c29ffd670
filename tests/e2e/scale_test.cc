// Many pods at once: all of them are bound, none onto room that was given away already.
#include "tests/e2e/e2e_test.h"

namespace fairlead::e2e {
namespace {

TEST_F(E2eTest, FiveThousandPodsOnFiveHundredNodes) {
  constexpr std::size_t kPods = 5000;
  AddNodes(500, {.name = "", .cpu = 16, .memory_gib = 64, .gpus = 8});
  StartScheduler();
  // Every second one takes a GPU (2,500 of 4,000), every tenth is one of a gang of 10.
  std::atomic<std::size_t> created{0};
  ForEachParallel(plane().admin(), 16, kPods, [&](ApiClient& client, std::size_t i) {
    PodOptions pod = {.name = "p-" + std::to_string(i), .gpus = i % 2 == 0 ? 1 : 0};
    if (i % 10 == 0) {
      pod.gang = "g-" + std::to_string(i / 100);
      pod.gang_size = "10";
    }
    if (client.Post(PodPath(), PodObject(pod)).ok()) ++created;
  });
  ASSERT_EQ(created, kPods);
  EXPECT_TRUE(WaitRunning(kPods, seconds(300))) << "bound: " << Bound();
  const Counters counters = kubelets().counters();
  EXPECT_EQ(counters.bound, static_cast<int>(kPods));
  EXPECT_EQ(counters.rejected, 0);
}

}  // namespace
}  // namespace fairlead::e2e
