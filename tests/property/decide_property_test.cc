// Random clusters and gangs: what must hold of every decision.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/cycle/decide.h"
#include "tests/property/scene.h"

namespace fairlead {
namespace {

using namespace scenes;  // NOLINT(google-build-using-namespace): generators in the words of this
                         // file

// What a plan says, by names, in an order that does not depend on ids.
std::vector<std::string> ByName(const Snapshot& snapshot, const Plan& plan) {
  std::vector<std::string> lines;
  for (const Placement& p : plan.bind) {
    const GangView& gang = *FindGang(snapshot, p.gang);
    lines.push_back("bind " + gang.members[p.member].pod + " " +
                    snapshot.nodes->info[p.node.index()].name + " " + std::to_string(p.gpus));
  }
  std::vector<std::string> rest;
  for (const PendingGang& p : plan.pending) {
    rest.push_back("wait " + FindGang(snapshot, p.gang)->key.name + " " +
                   std::string(ReasonName(p.code)) + " " + p.message);
  }
  for (const Eviction& e : plan.evict) {
    rest.push_back("evict " + FindGang(snapshot, e.gang)->key.name);
  }
  std::sort(rest.begin(), rest.end());
  lines.insert(lines.end(), rest.begin(), rest.end());
  return lines;
}

bool BindsRuled(const Snapshot& snapshot, const Plan& plan) {
  return std::any_of(plan.bind.begin(), plan.bind.end(), [&](const Placement& p) {
    return !FindGang(snapshot, p.gang)->members[p.member].peer->rules.empty();
  });
}

TEST(DecideProperty, VerifyFindsNothing) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene();
    const auto snapshot = Build(scene);
    const Decision decision = Decide({*snapshot, scene.policy, kNow});
    const auto objections = Verify(*snapshot, scene.policy, decision.plan);
    RC_CLASSIFY(!decision.plan.bind.empty(), "places");
    RC_CLASSIFY(!decision.plan.evict.empty(), "rolls back");
    RC_CLASSIFY(BindsRuled(*snapshot, decision.plan), "places pods with rules");
    RC_ASSERT(objections == std::vector<std::string>{});
  }));
}

TEST(DecideProperty, NoGangInPart) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene();
    const auto snapshot = Build(scene);
    const Plan plan = Decide({*snapshot, scene.policy, kNow}).plan;
    std::map<GangId, std::int64_t> bound;
    for (const Placement& p : plan.bind) ++bound[p.gang];
    for (const auto& [id, count] : bound) {
      const GangView& gang = *FindGang(*snapshot, id);
      const auto held = std::count_if(gang.members.begin(), gang.members.end(),
                                      [](const auto& m) { return m.state == MemberState::kBound; });
      RC_ASSERT(held + count >= gang.min_member);
      if (gang.terms.most) RC_ASSERT(held + count <= *gang.terms.most);
    }
    // Every waiting gang is either bound or told why not.
    for (const auto& gang : snapshot->waiting) {
      const bool told = std::any_of(plan.pending.begin(), plan.pending.end(),
                                    [&](const PendingGang& p) { return p.gang == gang->id; });
      RC_ASSERT(told != (bound.count(gang->id) > 0));
    }
  }));
}

TEST(DecideProperty, InputOrderDoesNotMatter) {
  EXPECT_TRUE(rc::check([] {
    Scene scene = RandomScene();
    // Overbooked devices are first come, first served by the order of events.
    for (GangShape& gang : scene.gangs) gang.bound.clear();
    const auto first = Build(scene);
    const auto expected = ByName(*first, Decide({*first, scene.policy, kNow}).plan);
    Scene shuffled = scene;
    for (std::size_t i = shuffled.nodes.size(); i > 1; --i) {
      std::swap(shuffled.nodes[i - 1],
                shuffled.nodes[static_cast<std::size_t>(Below(static_cast<int>(i)))]);
    }
    for (std::size_t i = shuffled.gangs.size(); i > 1; --i) {
      std::swap(shuffled.gangs[i - 1],
                shuffled.gangs[static_cast<std::size_t>(Below(static_cast<int>(i)))]);
    }
    std::reverse(shuffled.policy.queues.begin(), shuffled.policy.queues.end());
    const auto second = Build(shuffled);
    const auto got = ByName(*second, Decide({*second, shuffled.policy, kNow}).plan);
    // The list of queues in a message follows the policy; everything else is the same.
    const auto without_queues = [](std::vector<std::string> lines) {
      for (std::string& line : lines) line = line.substr(0, line.find("; queues:"));
      return lines;
    };
    RC_ASSERT(without_queues(got) == without_queues(expected));
  }));
}

TEST(DecideProperty, ReplayGivesTheSameBytes) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene();
    const auto snapshot = Build(scene);
    const DecideInput input{*snapshot, scene.policy, kNow, 3};
    const std::string dump = DumpDecision(input, Decide(input).plan);
    const auto record = LoadDecision(dump);
    RC_ASSERT(record.ok());
    const DecideInput again{record->snapshot, record->policy, record->now, record->seed,
                            record->step_budget};
    const Plan plan = Decide(again).plan;
    RC_ASSERT(PlanToJson(record->snapshot, plan) == record->plan_json);
    RC_ASSERT(DumpDecision(again, plan) == dump);
  }));
}

bool OfSeveralLimits(const PendingGang& pending) {
  return pending.message.starts_with("limits of queue");
}

// Without rules that another pod can help to meet: takes the plan's room and then looks for a gang
// that was told to wait and would still fit.
TEST(DecideProperty, NoWaitingGangWouldStillFit) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene(Rules::kMonotone);
    Cluster cluster;
    for (const auto& [name, shape] : scene.nodes) cluster.Node(name, shape);
    for (const GangShape& gang : scene.gangs) cluster.Gang(gang);
    const auto before = cluster.Take();
    const Plan plan = Decide({*before, scene.policy, kNow}).plan;
    for (const Placement& p : plan.bind) {
      const GangView& gang = *FindGang(*before, p.gang);
      const MemberView& member = gang.members[p.member];
      RC_ASSERT(
          cluster.store().Assume({gang.key.ns, member.pod, member.uid}, p.node, p.gpus, kNow));
    }
    const auto after = cluster.Take();
    const Decision second = Decide({*after, scene.policy, kNow});
    // Nothing more starts.
    RC_ASSERT(second.plan.bind.empty());
    // And the room that the reasons speak of is the room that was left.
    for (const PendingGang& p : plan.pending) {
      const auto same = std::find_if(second.plan.pending.begin(), second.plan.pending.end(),
                                     [&](const PendingGang& q) { return q.gang == p.gang; });
      RC_ASSERT(same != second.plan.pending.end());
      // Which of a lack of room and limits of several models is met first depends on the room.
      if (OfSeveralLimits(p) || OfSeveralLimits(*same)) continue;
      RC_ASSERT(same->message == p.message);
    }
  }));
}

// Sums by name of what leaves and the queues above them hold with the plan, against their limits: a
// queue that was above its limit before gets nothing more of that.
TEST(DecideProperty, NoQueueExceedsItsLimit) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene();
    const auto snapshot = Build(scene);
    const Plan plan = Decide({*snapshot, scene.policy, kNow}).plan;
    std::map<std::string, std::string> parents;
    for (const QueueSpec& queue : scene.policy.queues) parents[queue.name] = queue.parent;
    std::map<std::pair<std::string, std::string>, std::int64_t> held;  // queue, resource
    std::map<std::pair<std::string, std::string>, std::int64_t> added;
    const auto count = [&](const GangView& gang, ShapeId shape, NodeId node, auto* sums) {
      const Amounts& asks = (*snapshot->shapes)[shape.index()]->requests;
      const std::string gpu = "gpu/" + snapshot->nodes->info[node.index()].gpu_model;
      std::string queue = snapshot->claims[gang.claim.index()].queue;
      for (; parents.contains(queue); queue = parents[queue]) {
        (*sums)[{queue, "cpu"}] += asks.milli_cpu;
        (*sums)[{queue, gpu}] += asks.gpus * 1000;
      }
    };
    for (const auto& chunk : snapshot->gangs) {
      for (const auto& gang : *chunk) {
        for (const MemberView& member : gang->members) {
          if (member.node.valid()) count(*gang, member.shape, member.node, &held);
        }
      }
    }
    for (const Placement& p : plan.bind) {
      const GangView& gang = *FindGang(*snapshot, p.gang);
      count(gang, gang.members[p.member].shape, p.node, &added);
    }
    for (const QueueSpec& queue : scene.policy.queues) {
      for (const auto& [resource, limit] : queue.limit) {
        const std::int64_t more = added[{queue.name, resource}];
        RC_CLASSIFY(more > 0, "adds to a limited queue");
        RC_ASSERT(more == 0 || (held[{queue.name, resource}] + more <= limit));
      }
    }
  }));
}

// Whatever the budget, what was decided is sound, and a larger budget only goes further.
TEST(DecideProperty, BudgetsCutTheLineOnly) {
  EXPECT_TRUE(rc::check([] {
    const Scene scene = RandomScene();
    const auto snapshot = Build(scene);
    const Plan whole = Decide({*snapshot, scene.policy, kNow}).plan;
    DecideInput input{*snapshot, scene.policy, kNow};
    input.step_budget = static_cast<std::uint64_t>(Below(100));
    const Decision cut = Decide(input);
    RC_ASSERT(Verify(*snapshot, scene.policy, cut.plan) == std::vector<std::string>{});
    RC_ASSERT(cut.plan.bind.size() <= whole.bind.size());
    RC_ASSERT(std::equal(cut.plan.bind.begin(), cut.plan.bind.end(), whole.bind.begin()));
  }));
}

}  // namespace
}  // namespace fairlead
