// Parts of GPUs, from the annotation to the kubelet. The kubelets reject what does not fit on a
// device together with what was assigned there before.
#include <gmock/gmock.h>

#include "tests/integration/world_test.h"

namespace fairlead::integration {
namespace {

using testing::HasSubstr;

class GpuShareTest : public WorldTest {
 protected:
  // Two GPUs of 40 GB, cut into four.
  void MakeShared() {
    apiserver::SimNode node;
    node.gpus = 2;
    node.labels = {{"fairlead.dev/gpu-slices", "4"}, {"nvidia.com/gpu.memory", "40000"}};
    Make(1, {}, node);
  }
  void Share(const std::string& name, std::map<std::string, std::string> asks) {
    Create({.name = name, .annotations = std::move(asks)});
  }
  void Quarters(int from, int to) {
    for (int i = from; i < to; ++i) {
      Share("quarter-" + std::to_string(i), {{"fairlead.dev/gpu-share", "0.25"}});
    }
  }
  std::string Assignment(const std::string& pod) {
    const std::string body = world().Do("GET", "/api/v1/namespaces/default/pods/" + pod).body;
    const std::string key = "\"fairlead.dev/gpu-assignment\":\"";
    const std::size_t at = body.find(key);
    if (at == std::string::npos) return "";
    const std::size_t begin = at + key.size();
    return body.substr(begin, body.find('"', begin) - begin);
  }
};

TEST_F(GpuShareTest, FillGpusAndSayWhenTheyAreFull) {
  MakeShared();
  Start();
  Quarters(0, 9);
  EXPECT_TRUE(Running(8));
  EXPECT_THAT(Pending("quarter-8"),
              HasSubstr("0/1 nodes are available: 1 Insufficient shares of GPUs."));
  EXPECT_EQ(Assignment("quarter-0"), "0:1/4");
  EXPECT_EQ(Assignment("quarter-7"), "1:1/4");
  (void)world().Delete("default", "quarter-3");
  EXPECT_TRUE(Running(8));
  EXPECT_EQ(Assignment("quarter-8"), "0:1/4");
}

// A new process knows from the pods which slices are taken.
TEST_F(GpuShareTest, SlicesAreKnownAfterARestart) {
  MakeShared();
  Start();
  Quarters(0, 3);
  Share("memory", {{"fairlead.dev/gpu-memory", "15G"}});  // two slices
  Create({.name = "whole", .gpus = 1});
  ASSERT_TRUE(Running(4));
  EXPECT_THAT(Pending("whole"), HasSubstr("Insufficient nvidia.com/gpu"));
  EXPECT_EQ(Assignment("memory"), "1:2/4");
  world().KillScheduler();
  world().RunFor(Duration::Seconds(1));
  Start();
  Quarters(3, 7);
  EXPECT_TRUE(Running(7));
  EXPECT_EQ(Assignment("quarter-3"), "0:1/4") << "the GPU with one slice left";
  EXPECT_THAT(Pending("quarter-6"), HasSubstr("Insufficient shares of GPUs"));
  (void)world().Delete("default", "quarter-6");
  for (const char* pod : {"memory", "quarter-4", "quarter-5"}) (void)world().Delete("default", pod);
  EXPECT_TRUE(Running(5));
  EXPECT_EQ(Assignment("whole"), "1");
}

TEST_F(GpuShareTest, PartsOfTwoGpusAndClasses) {
  MakeShared();
  Start();
  Share("pair", {{"fairlead.dev/gpu-share", "0.5"}, {"fairlead.dev/gpu-share-devices", "2"}});
  Share("latency",
        {{"fairlead.dev/gpu-share", "0.25"}, {"fairlead.dev/gpu-share-class", "latency"}});
  EXPECT_TRUE(Running(1));
  EXPECT_EQ(Assignment("pair"), "0:2/4,1:2/4");
  EXPECT_THAT(Pending("latency"), HasSubstr("Insufficient shares of GPUs"));
  Share("fraction", {{"gpu-fraction", "0.5"}});
  EXPECT_TRUE(Running(2));
  (void)world().Delete("default", "pair");
  EXPECT_TRUE(Running(2));
  EXPECT_EQ(Assignment("latency"), "1:1/4");
}

TEST_F(GpuShareTest, WhatMakesNoSenseIsRefusedOnThePod) {
  MakeShared();
  Start();
  Share("half-more", {{"fairlead.dev/gpu-share", "1.5"}});
  Share("huge", {{"fairlead.dev/gpu-memory", "80Gi"}});
  world().RunFor(Duration::Seconds(10));
  EXPECT_THAT(Pending("half-more"),
              HasSubstr("annotation fairlead.dev/gpu-share: \"1.5\": expected a number above 0"));
  EXPECT_THAT(Pending("huge"), HasSubstr("node(s) didn't have GPUs large enough for the share"));
}

}  // namespace
}  // namespace fairlead::integration
