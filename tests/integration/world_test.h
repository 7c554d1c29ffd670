// What the cases with a virtual world share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/engine/log.h"
#include "tests/integration/virtual_world.h"

namespace fairlead::integration {

inline apiserver::Fault FaultOf(apiserver::FaultKind kind) {
  apiserver::Fault fault;
  fault.kind = kind;
  fault.delay = Duration::Milliseconds(20);
  return fault;
}

// Faults that a test decides on, or acts on: each request passes here before it is carried out.
class Hook : public apiserver::Faults {
 public:
  using Call = std::function<apiserver::Fault(std::string_view method, std::string_view path)>;
  explicit Hook(Call call) : call_(std::move(call)) {}
  apiserver::Fault Next(std::string_view method, std::string_view path, bool) override {
    return call_(method, path);
  }

 private:
  Call call_;
};

class WorldTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }

  // Whatever happened, no node was given more than it has.
  void TearDown() override {
    if (!world_) return;
    EXPECT_THAT(world().watch().offences(), testing::IsEmpty());
    EXPECT_EQ(world().kubelets().counters().double_bookings, 0);
    EXPECT_EQ(world().kubelets().counters().moved, 0);
  }

  // With the nodes n0, n1, ... of 8 GPUs, unless `like` says otherwise.
  void Make(int nodes, WorldOptions options = {}, apiserver::SimNode like = {}) {
    world_ = std::make_unique<VirtualWorld>(std::move(options));
    (void)world_->Do("POST", "/api/v1/namespaces", NamespaceJson("default"));
    for (int i = 0; i < nodes; ++i) {
      like.name = "n" + std::to_string(i);
      world_->kubelets().AddNode(like);
    }
  }
  VirtualWorld& world() { return *world_; }

  void Start() {
    world().StartScheduler();
    ASSERT_TRUE(world().RunUntil([this] { return world().engine().Synced(); }, kPatience));
  }
  void Create(const PodWish& pod) { ASSERT_EQ(world().Create(pod).status, 201) << pod.name; }
  // Members GANG-from ... GANG-(to-1) of a label gang.
  void CreateGang(const std::string& gang, int from, int to, PodWish like) {
    like.gang = gang;
    for (int i = from; i < to; ++i) {
      like.name = gang + "-" + std::to_string(i);
      Create(like);
    }
  }
  void Strike(std::vector<apiserver::FaultRule> rules) {
    world().faults().Use(apiserver::ScriptedFaults(std::move(rules)));
  }
  bool Running(int n, Duration limit = kPatience) {
    return world().RunUntil([&] { return world().watch().Count("Running") == n; }, limit);
  }
  // "reason: message" of PodScheduled=False.
  std::string Pending(const std::string& pod) {
    const auto found = world().watch().pods().find("default/" + pod);
    return found == world().watch().pods().end() ? "" : found->second.told;
  }

  static constexpr Duration kPatience = Duration::Seconds(30);

 private:
  std::unique_ptr<VirtualWorld> world_;
};

}  // namespace fairlead::integration
