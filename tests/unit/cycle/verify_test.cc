// A plan that decide() made is sound; every way to break it is noticed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::Cluster;
using testing_support::GangShape;
using testing_support::Seconds;

// Nodes by row: 0 and 1 free, 2 taken, 3 cordoned, 4 tainted, 5 of another model, 6 elsewhere,
// 7 small.
std::shared_ptr<const Snapshot> Scene() {
  Cluster cluster;
  cluster.Node("n0", {.cpu = 8, .gpus = 4, .model = "H100", .labels = {{"zone", "z1"}}});
  cluster.Node("n1", {.cpu = 8, .gpus = 4, .model = "H100", .labels = {{"zone", "z1"}}});
  cluster.Node("n2", {.cpu = 8, .gpus = 4, .model = "H100", .labels = {{"zone", "z1"}}});
  cluster.Node("n3", {.gpus = 4, .model = "H100", .labels = {{"zone", "z1"}}, .cordoned = true});
  cluster.Node("n4", {.gpus = 4,
                      .model = "H100",
                      .labels = {{"zone", "z1"}},
                      .taints = {{"t", "", TaintEffect::kNoExecute}}});
  cluster.Node("n5", {.gpus = 4, .model = "A100", .labels = {{"zone", "z1"}}});
  cluster.Node("n6", {.gpus = 4, .model = "H100", .labels = {{"zone", "z2"}}});
  cluster.Node("n7", {.cpu = 1, .gpus = 4, .model = "H100", .labels = {{"zone", "z1"}}});
  PodInfo runs = Cluster::Pod({.name = "runs", .gpus = 4}, 0);
  runs.node_name = "n2";
  runs.gpu_devices = {0, 1, 2, 3};
  cluster.store().UpsertPod(runs, Instant{});
  // Gang 1: what the plan places, on n0 and n1.
  cluster.Gang({.name = "whole",
                .pods = 4,
                .milli_cpu = 4000,
                .gpus = 2,
                .selector = {{"zone", "z1"}},
                .node_terms = std::vector<NodeTerm>{{{{"zone", RequirementOp::kExists, {}}},
                                                     {{"", RequirementOp::kNotIn, {"n5"}}}}},
                .models = {"H100"}});
  // Gang 2: partial, stale.
  cluster.Gang({.name = "part", .pods = 3, .gpus = 8, .bound = {"n6", "n6"}});
  cluster.Gang({.name = "gated", .gpus = 1, .gated = true});
  cluster.Gang({.name = "bad", .gpus = 1, .invalid = "spec.x: no"});
  return cluster.Take();
}

const GangView& Find(const Snapshot& snapshot, const std::string& name) {
  for (const auto& chunk : snapshot.gangs) {
    for (const auto& gang : *chunk) {
      if (gang->key.name == name) return *gang;
    }
  }
  ADD_FAILURE() << name;
  return *snapshot.gangs.front()->front();
}

class Verifying : public testing::Test {
 protected:
  void SetUp() override {
    plan_ = Decide({*snapshot_, policy_, Seconds(1000)}).plan;
    ASSERT_EQ(plan_.bind.size(), 4U);
    ASSERT_EQ(plan_.evict.size(), 1U);
    ASSERT_EQ(plan_.pending.size(), 3U);
    ASSERT_THAT(Verify(*snapshot_, policy_, plan_), IsEmpty());
  }

  const std::shared_ptr<const Snapshot> snapshot_ = Scene();
  Policy policy_;
  Plan plan_;
};

TEST_F(Verifying, NoticesEveryBrokenPlan) {
  const Snapshot& s = *snapshot_;
  struct Case {
    const char* objection;
    std::function<void(Plan*)> breakage;
  };
  const auto extra = [&](Plan* plan, const std::string& gang) {
    plan->pending.clear();
    plan->bind.push_back({Find(s, gang).id, 0, NodeId(1), 0b1000});
  };
  const std::vector<Case> cases = {
      {"the plan is for snapshot", [](Plan* p) { ++p->snapshot_version; }},
      {"would hold 3 of 4 members", [](Plan* p) { p->bind.pop_back(); }},
      {"is bound twice", [](Plan* p) { p->bind.push_back(p->bind.front()); }},
      {"has no member 9", [](Plan* p) { p->bind.front().member = 9; }},
      {"gang 999 is unknown", [](Plan* p) { p->bind.front().gang = GangId(999); }},
      {"is not pending", [&](Plan* p) { extra(p, "runs"); }},
      {"is gated", [&](Plan* p) { extra(p, "gated"); }},
      {"gang default/bad is invalid", [&](Plan* p) { extra(p, "bad"); }},
      {"a node that does not exist", [](Plan* p) { p->bind.front().node = NodeId(99); }},
      {"is cordoned", [](Plan* p) { p->bind.front().node = NodeId(3); }},
      {"does not tolerate taint t", [](Plan* p) { p->bind.front().node = NodeId(4); }},
      {"does not accept GPU model A100", [](Plan* p) { p->bind.front().node = NodeId(5); }},
      {"node affinity that node n5 does not match",
       [](Plan* p) { p->bind.front().node = NodeId(5); }},
      {"selects zone=z1", [](Plan* p) { p->bind.front().node = NodeId(6); }},
      {"has 1000 of cpu free", [](Plan* p) { p->bind.front().node = NodeId(7); }},
      {"is given twice", [](Plan* p) { p->bind.front().gpus = p->bind[1].gpus; }},
      {"is given twice", [](Plan* p) { p->bind.front().node = NodeId(2); }},
      {"has 4 GPUs, 18 are taken",
       [](Plan* p) { p->bind.front().node = NodeId(6); }},  // unknown devices of "part"
      {"asks for 2 GPUs and gets 1", [](Plan* p) { p->bind.front().gpus = 0b1; }},
      {"devices that its node does not have", [](Plan* p) { p->bind.front().gpus = 0b110000; }},
      {"is bound and pending",
       [](Plan* p) {
         p->pending = {{p->bind.front().gang, ReasonCode::kInvalidRequest, "x"}};
       }},
      {"waits without a reason", [](Plan* p) { p->pending.front().message.clear(); }},
      {"out of order", [](Plan* p) { std::swap(p->pending[0], p->pending[1]); }},
      {"pending gang 999",
       [](Plan* p) {
         p->pending.push_back({GangId(999), {}, "x"});
       }},
      {"is left behind", [](Plan* p) { p->evict.front().members.pop_back(); }},
      {"holds nothing", [](Plan* p) { p->evict.front().members.push_back(2); }},
      {"in no order",
       [](Plan* p) {
         p->evict.front().members = {1, 0};
       }},
      {"evicted twice", [](Plan* p) { p->evict.push_back(p->evict.front()); }},
      {"members that it does not have", [](Plan* p) { p->evict.front().members.push_back(7); }},
      {"evicted without members", [](Plan* p) { p->evict.front().members.clear(); }},
      {"is evicted and not partial", [&](Plan* p) { p->evict.front().gang = Find(s, "runs").id; }},
      {"is bound and evicted", [](Plan* p) { p->evict.front().gang = p->bind.front().gang; }},
      {"evicted gang 999", [](Plan* p) { p->evict.front().gang = GangId(999); }},
  };
  for (const Case& c : cases) {
    Plan broken = plan_;
    c.breakage(&broken);
    EXPECT_THAT(Verify(s, policy_, broken), Contains(HasSubstr(c.objection)));
  }
}

TEST_F(Verifying, HoldsGangsToThePolicy) {
  policy_.max_gang_size = 3;
  EXPECT_THAT(Verify(*snapshot_, policy_, plan_),
              Contains(HasSubstr("is larger than max_gang_size")));
}

TEST(Verify, SharesStayWithinTheirGpu) {
  Cluster cluster;
  cluster.Node("n", {.gpus = 3, .gpu_slices = 4, .gpu_memory = 4000});
  PodInfo runs = Cluster::Pod({.name = "runs"}, 0);
  runs.shape.gpu_share = {1, 500'000, 0, ""};
  runs.node_name = "n";
  runs.gpu_devices = {0};
  cluster.store().UpsertPod(runs, Instant{});
  PodInfo whole = Cluster::Pod({.name = "whole", .gpus = 1}, 0);
  whole.node_name = "n";
  whole.gpu_devices = {2};
  cluster.store().UpsertPod(whole, Instant{});
  GangShape half{.name = "half", .pods = 2};
  half.share = {1, 500'000, 0, ""};
  cluster.Gang(half);
  GangShape large{.name = "large"};
  large.share = {1, 100'000, 2001, ""};  // 3 of 4 slices
  cluster.Gang(large);
  GangShape apart{.name = "apart"};
  apart.share = {1, 100'000, 0, "latency"};
  cluster.Gang(apart);
  cluster.Gang({.name = "one", .gpus = 1});
  const auto snapshot = cluster.Take();
  const auto objections = [&](const std::vector<std::pair<std::string, GpuMask>>& places) {
    Plan plan;
    plan.snapshot_version = snapshot->version;
    std::map<std::string, std::uint32_t> next;
    for (const auto& [gang, devices] : places) {
      plan.bind.push_back({Find(*snapshot, gang).id, next[gang]++, NodeId(0), devices});
    }
    return Verify(*snapshot, Policy{}, plan);
  };
  EXPECT_THAT(objections({{"half", 1}, {"half", 2}}), IsEmpty());
  EXPECT_THAT(objections({{"large", 2}}), IsEmpty());
  EXPECT_THAT(objections({{"apart", 2}}), IsEmpty());
  EXPECT_THAT(objections({{"half", 1}, {"half", 1}}),
              Contains(HasSubstr("device 0 of node n is given away twice")));
  EXPECT_THAT(objections({{"large", 1}}), Contains(HasSubstr("given away twice")));
  EXPECT_THAT(objections({{"half", 4}, {"half", 2}}), Contains(HasSubstr("is given twice")));
  EXPECT_THAT(objections({{"one", 1}}), Contains(HasSubstr("is given twice")));
  EXPECT_THAT(objections({{"one", 2}, {"apart", 2}}), Contains(HasSubstr("is given twice")));
  EXPECT_THAT(objections({{"apart", 2}, {"one", 2}}), Contains(HasSubstr("is given twice")));
  EXPECT_THAT(objections({{"apart", 1}}), Contains(HasSubstr("is for shares of class")));
  EXPECT_THAT(objections({{"large", 3}}), Contains(HasSubstr("asks for 1 GPUs and gets 2")));
}

// Racks are within their zone, so that the two of name r1 are not one.
TEST(Verify, MembersShareADomainOfTheRequiredLevel) {
  Policy policy;
  policy.topology = {{"zone", "zone"}, {"rack", "rack"}};
  Cluster cluster;
  cluster.Node("a", {.gpus = 1, .labels = {{"rack", "r1"}, {"zone", "za"}}});
  cluster.Node("b", {.gpus = 1, .labels = {{"rack", "r1"}, {"zone", "za"}}});
  cluster.Node("c", {.gpus = 1, .labels = {{"rack", "r1"}, {"zone", "zc"}}});
  cluster.Node("d", {.gpus = 1, .labels = {{"zone", "za"}}});
  cluster.Gang({.name = "g", .pods = 3, .min_member = 2, .gpus = 1, .topology_required = "rack"});
  cluster.Gang({.name = "h",
                .pods = 2,
                .gpus = 0,
                .topology_required = "rack",
                .bound = {"a"},
                .bound_at = Seconds(1000)});
  const auto snapshot = cluster.Take();
  const GangView& g = Find(*snapshot, "g");
  const GangView& h = Find(*snapshot, "h");
  const auto objections = [&](GangId gang, std::vector<std::uint32_t> members,
                              std::vector<std::uint32_t> nodes) {
    Plan plan;
    plan.snapshot_version = snapshot->version;
    for (std::size_t i = 0; i < members.size(); ++i) {
      plan.bind.push_back({gang, members[i], NodeId(nodes[i]), gang == g.id ? 1U : 0U});
    }
    return Verify(*snapshot, policy, plan);
  };
  EXPECT_THAT(objections(g.id, {0, 1}, {0, 1}), IsEmpty());
  for (const std::uint32_t wrong : {2U, 3U}) {
    EXPECT_THAT(objections(g.id, {0, 1}, {0, wrong}), Contains(HasSubstr("not in one rack")));
  }
  EXPECT_THAT(objections(h.id, {1}, {1}), IsEmpty());
  EXPECT_THAT(objections(h.id, {1}, {2}), Contains(HasSubstr("not in one rack")));
  policy.topology.pop_back();
  EXPECT_THAT(objections(g.id, {0, 1}, {0, 1}), Contains(HasSubstr("which does not exist")));
}

TEST_F(Verifying, NoEvictionWhileABindingIsUnderWay) {
  Cluster cluster;
  cluster.Nodes("n", 1, {.gpus = 3});
  cluster.Gang({.name = "g", .pods = 4, .gpus = 1, .bound = {"n-00000"}});
  cluster.store().Assume({"default", "g-00001", "uid-default-g-00001"}, NodeId(0), 2, Instant{});
  const auto snapshot = cluster.Take();
  const GangView& gang = *snapshot->waiting.front();
  Plan plan;
  plan.snapshot_version = snapshot->version;
  plan.evict = {{gang.id, {0}, "gang_rollback"}};
  EXPECT_THAT(Verify(*snapshot, policy_, plan), Contains(HasSubstr("binding is under way")));
  EXPECT_THAT(Decide({*snapshot, policy_, Seconds(1000)}).plan.evict, IsEmpty());
}

}  // namespace
}  // namespace fairlead
