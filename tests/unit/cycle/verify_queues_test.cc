// A plan that was sound under one policy, held against others: each must be objected to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "tests/support/cluster.h"

namespace fairlead {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing_support::Cluster;

Policy OpenPolicy() {
  Policy policy;
  policy.queues = {{.name = "team"}, {.name = "q", .parent = "team"}, {.name = "other"}};
  return policy;
}

// q holds 2 of 8 H100 (one gang of user ann) and gets 3 more (a gang of hers).
class VerifyQueues : public testing::Test {
 protected:
  VerifyQueues() {
    cluster_.Node("n", {.gpus = 8, .model = "H100"});
    cluster_.Gang({.name = "held",
                   .queue = "q",
                   .user = "ann",
                   .pods = 2,
                   .milli_cpu = 1000,
                   .gpus = 1,
                   .bound = {"n", "n"}});
    cluster_.Gang(
        {.name = "g", .queue = "q", .user = "ann", .pods = 3, .milli_cpu = 1000, .gpus = 1});
    snapshot_ = cluster_.Take();
    plan_ = Decide({*snapshot_, OpenPolicy(), Instant{}}).plan;
  }
  std::vector<std::string> Objections(const Policy& policy) const {
    return Verify(*snapshot_, policy, plan_);
  }

  Cluster cluster_;
  std::shared_ptr<const Snapshot> snapshot_;
  Plan plan_;
};

TEST_F(VerifyQueues, AcceptsWhatTheRulesAllow) {
  ASSERT_THAT(plan_.bind, SizeIs(3));
  EXPECT_THAT(Objections(OpenPolicy()), IsEmpty());
  Policy just = OpenPolicy();
  just.queues[0].limit = {{"gpu/H100", 5000}};
  just.queues[1].limit = {{"cpu", 5000}};
  just.queues[1].max_running_gangs = 2;
  just.queues[1].tenants = {"red"};
  just.tenants = {{"red", {"default"}, {"other"}, "other"}};
  EXPECT_THAT(Objections(just), IsEmpty());
  just.queues[1].borrowing = false;
  just.queues[1].guarantee = {{"cpu", 5000}, {"gpu/H100", 5000}};
  EXPECT_THAT(Objections(just), IsEmpty());
  just.queues[1].user_limit = kWeightOne;
  just.queues[0].user_limit = kWeightOne;
  EXPECT_THAT(Objections(just), IsEmpty());
}

TEST_F(VerifyQueues, ObjectsToEveryBrokenRule) {
  struct Case {
    const char* what;
    std::function<void(Policy*)> change;
    const char* objection;
  };
  const std::vector<Case> cases = {
      {"limit of the leaf",
       [](Policy* p) {
         p->queues[1].limit = {{"cpu", 4999}};
       },
       "queue q may hold 4999 of cpu, holds 2000 and gets 3000"},
      {"limit above it",
       [](Policy* p) {
         p->queues[0].limit = {{"gpu/H100", 4000}};
       },
       "queue team may hold 4000 of gpu/H100, holds 2000 and gets 3000"},
      {"no borrowing: the guarantee is the limit",
       [](Policy* p) {
         p->queues[1].borrowing = false;
         p->queues[1].guarantee = {{"cpu", 4000}, {"gpu/H100", 8000}};
       },
       "queue q may hold 4000 of cpu, holds 2000 and gets 3000"},
      {"no borrowing above it: the sum of the children's guarantees",
       [](Policy* p) {
         p->queues[0].borrowing = false;
         p->queues[1].guarantee = {{"cpu", 4000}, {"gpu/H100", 8000}};
       },
       "queue team may hold 4000 of cpu, holds 2000 and gets 3000"},
      {"hold", [](Policy* p) { p->queues[0].state = QueueState::kHold; },
       "queue team is not open, and 1 gangs of it are started"},
      {"drain", [](Policy* p) { p->queues[1].state = QueueState::kDrain; },
       "queue q is not open, and 1 gangs of it are started"},
      {"too many gangs", [](Policy* p) { p->queues[1].max_running_gangs = 1; },
       "queue q may run 1 gangs, runs 1 and starts 1"},
      // Half of 8 GPUs: 2 + 3 > 4.
      {"a user's part", [](Policy* p) { p->queues[1].user_limit = kWeightOne / 2; },
       "user ann gets 3000 of gpu/H100 beyond his part of queue q"},
      {"another tenant's queue", [](Policy* p) { p->queues[0].tenants = {"red"}; },
       "namespace default gets something from queue q and may not use it"},
      {"no tenant",
       [](Policy* p) {
         p->tenants = {{"red", {"x"}, {"q"}, "q"}};
       },
       "namespace default gets something from queue q and may not use it"},
      {"an inner queue", [](Policy* p) { p->queues[2].parent = "q"; },
       "queue q gets something and is no leaf"},
      {"no such queue", [](Policy* p) { p->queues[1].name = "r"; },
       "queue q does not exist and gets something"},
  };
  for (const Case& c : cases) {
    Policy policy = OpenPolicy();
    c.change(&policy);
    EXPECT_THAT(Objections(policy), ElementsAre(c.objection)) << c.what;
  }
}

}  // namespace
}  // namespace fairlead
