// Whatever the order of events, the store's running sums equal a count from scratch.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <string>

#include "fairlead/model/cluster_store.h"
#include "tests/support/objects.h"

namespace fairlead {
namespace {

using testing::Node;
using testing::Pod;

int Pick(int below) { return *rc::gen::inRange(0, below); }

PodInfo RandomPod(const std::string& name) {
  Pod pod("ns-" + std::to_string(Pick(2)), name);
  pod.Uid(name + "-uid-" + std::to_string(Pick(2))).Cpu(500 * (1 + Pick(3))).Gpus(Pick(3));
  if (Pick(2) == 1) pod.Gang("g" + std::to_string(Pick(3)), 1 + Pick(3));
  if (Pick(3) == 0) pod.Queue("q" + std::to_string(Pick(2)));
  if (Pick(3) == 0) pod.User("u" + std::to_string(Pick(2)));
  if (Pick(2) == 1) pod.On("n-" + std::to_string(Pick(4)));
  if (Pick(4) == 0) pod.Deleting();
  if (Pick(6) == 0) pod.Foreign();
  if (Pick(6) == 0) pod.Gated();
  if (Pick(5) == 0) pod.Phase(Pick(2) == 0 ? PodPhase::kSucceeded : PodPhase::kFailed);
  return pod;
}

void RandomEvent(ClusterStore* store, Instant now) {
  const std::string pod_name = "p" + std::to_string(Pick(6));
  const std::string node_name = "n-" + std::to_string(Pick(4));
  switch (Pick(8)) {
    case 0:
      store->UpsertNode(Node(node_name).Gpus(Pick(9), Pick(2) == 0 ? "A" : "B"));
      break;
    case 1:
      store->RemoveNode(node_name);
      break;
    case 2:
      store->RemovePod("ns-" + std::to_string(Pick(2)), pod_name, "", now);
      break;
    case 3:
    case 4: {
      const auto pod = store->Find("ns-" + std::to_string(Pick(2)), pod_name);
      if (!pod) break;
      if (pod->state == MemberState::kAssumed) {
        store->Forget(pod->ref, now);
      } else {
        const auto nodes = static_cast<int>(store->TakeSnapshot()->nodes->size());
        if (nodes == 0) break;
        store->Assume(pod->ref, NodeId(static_cast<std::uint32_t>(Pick(nodes))), 0, now);
      }
      break;
    }
    default:
      store->UpsertPod(RandomPod(pod_name), now);
  }
}

struct Sums {
  std::map<std::uint32_t, std::int64_t> cpu_by_node;
  std::map<std::uint32_t, std::int64_t> gpus_by_node;
  std::map<std::uint32_t, std::int64_t> cpu_by_claim;
  std::map<std::uint32_t, std::int64_t> gangs_by_claim;
};

Sums Count(const Snapshot& snapshot) {
  Sums sums;
  for (const auto& chunk : snapshot.gangs) {
    for (const auto& gang : *chunk) {
      const auto holds = [](const MemberView& member) {
        return member.state == MemberState::kAssumed || member.state == MemberState::kBound;
      };
      if (std::any_of(gang->members.begin(), gang->members.end(), holds)) {
        ++sums.gangs_by_claim[gang->claim.value()];
      }
      for (const MemberView& member : gang->members) {
        if (member.state != MemberState::kAssumed && member.state != MemberState::kBound) continue;
        const PodShape& shape = *(*snapshot.shapes)[member.shape.index()];
        sums.cpu_by_node[member.node.value()] += shape.requests.milli_cpu;
        sums.gpus_by_node[member.node.value()] += shape.requests.gpus;
        sums.cpu_by_claim[gang->claim.value()] += shape.requests.milli_cpu;
      }
    }
  }
  return sums;
}

RC_GTEST_PROP(StoreProperty, SumsEqualACountFromScratch, ()) {
  ClusterStore store;
  const int events = 5 + Pick(60);
  for (int i = 0; i < events; ++i) {
    RandomEvent(&store, Instant{i});
    if (Pick(3) == 0) store.TakeSnapshot();
  }
  // Pods of others are in no gang: without them, what is held on nodes is what gangs hold.
  for (int ns = 0; ns < 2; ++ns) {
    for (int p = 0; p < 6; ++p) {
      const std::string space = "ns-" + std::to_string(ns);
      const std::string name = "p" + std::to_string(p);
      const auto pod = store.Find(space, name);
      if (pod && !pod->gang.valid()) store.RemovePod(space, name, "", Instant{events});
    }
  }
  const auto snapshot = store.TakeSnapshot();
  Sums sums = Count(*snapshot);
  for (std::uint32_t n = 0; n < snapshot->nodes->size(); ++n) {
    const std::int64_t capacity = snapshot->nodes->capacity[n].Get(kCpu);
    const std::int64_t free = std::max<std::int64_t>(0, capacity - sums.cpu_by_node[n]);
    RC_ASSERT(snapshot->usage.Free(kCpu, NodeId(n)) == free);
    const std::int64_t gpus =
        std::popcount(snapshot->usage.gpu_used[n]) + snapshot->usage.gpu_unknown[n];
    RC_ASSERT(gpus == sums.gpus_by_node[n]);
  }
  for (std::uint32_t c = 0; c < snapshot->claims.size(); ++c) {
    const Claim& claim = snapshot->claims[c];
    RC_ASSERT(claim.allocated.Get(kCpu) == sums.cpu_by_claim[c]);
    ResourceVector held;
    if (claim.holdings) {
      for (const Holding& holding : *claim.holdings) held += holding.amounts;
    }
    RC_ASSERT(held == claim.allocated);
    RC_ASSERT(RunningGangs(claim) == sums.gangs_by_claim[c]);
  }
}

RC_GTEST_PROP(StoreProperty, WaitingIsWhatADecisionMustLookAt, ()) {
  ClusterStore store;
  const int events = 5 + Pick(60);
  for (int i = 0; i < events; ++i) RandomEvent(&store, Instant{i});
  const auto snapshot = store.TakeSnapshot();
  std::vector<GangId> expected;
  for (const auto& chunk : snapshot->gangs) {
    for (const auto& gang : *chunk) {
      bool waits = gang->partial;
      for (const MemberView& m : gang->members) waits |= m.state == MemberState::kPending;
      if (waits) expected.push_back(gang->id);
    }
  }
  std::vector<GangId> actual;
  for (const auto& gang : snapshot->waiting) actual.push_back(gang->id);
  RC_ASSERT(actual == expected);
}

}  // namespace
}  // namespace fairlead
