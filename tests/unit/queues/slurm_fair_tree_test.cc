// Slurm's fair tree (SchedMD's test24.4 and its published level fairshares): below one account, the
// order of its children by share / usage is our order of siblings, where level is usage alone.
//
// That is so for one resource and one leaf with work in each child: what has no work counts in
// full. Not of ours, and left out: accounts and users with 0 shares; `Fairshare=parent`, whose
// usage is here that of a queue without work.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "fairlead/queues/hierarchy_order.h"

namespace fairlead {
namespace {

constexpr std::int64_t kInfinite = std::numeric_limits<std::int64_t>::max();

struct Association {
  std::string name;
  std::string parent;
  std::int64_t shares;
  std::int64_t usage;     // raw; of accounts the sum below
  std::int64_t level_fs;  // published, in millionths
};

// Parents first.
const std::vector<Association>& Tree() {
  static const std::vector<Association> tree = {
      {"u1", "", 10, 0, kInfinite},      {"u2", "", 10, 10, 1'153'846},
      {"aA", "", 40, 45, 1'025'641},     {"aAA", "aA", 30, 20, 1'687'500},
      {"uAA1", "aAA", 1, 20, 1'000'000}, {"aAB", "aA", 10, 25, 450'000},
      {"uAB1", "aAB", 1, 25, 500'000},   {"uAB2", "aAB", 1, 0, kInfinite},
      {"aB", "", 60, 25, 2'769'231},     {"aBA", "aB", 25, 25, 416'667},
      {"uBA1", "aBA", 1, 25, 1'000'000}, {"aBB", "aB", 35, 0, kInfinite},
      {"uBB1", "aBB", 1, 0, kInfinite},  {"aD", "", 50, 110, 524'476},
      {"uD2", "aD", 40, 20, 1'294'118},  {"uD3", "aD", 50, 25, 1'294'118},
      {"uDA2", "aD", 30, 10, 1'941'176},  // aDA has its parent's share: its users stand here
      {"uDA3", "aD", 50, 25, 1'294'118}, {"parents", "aD", 1, 30, 0},  // uD1 and uDA1
      {"aE", "", 10, 0, kInfinite},      {"aE1", "aE", 10, 0, kInfinite},
      {"aE2", "aE", 10, 0, kInfinite},   {"aF", "", 20, 0, kInfinite},
      {"uF1", "aF", 10, 0, kInfinite},   {"uF2", "aF", 20, 0, kInfinite},
      {"aG", "", 8, 20, 461'538},        {"uG1", "aG", 10, 10, 1'000'000},
      {"aGA", "aG", 10, 10, 1'000'000},  {"uGA1", "aGA", 20, 4, 1'250'000},
      {"uGA2", "aGA", 20, 6, 833'333},
  };
  return tree;
}

bool IsAccount(const std::string& name) {
  return std::any_of(Tree().begin(), Tree().end(),
                     [&](const Association& a) { return a.parent == name; });
}

std::uint32_t IndexOf(const std::string& name) {
  const auto it = std::find_if(Tree().begin(), Tree().end(),
                               [&](const Association& a) { return a.name == name; });
  return static_cast<std::uint32_t>(it - Tree().begin());
}

// The child of `account` that is, or holds, the queue; empty if it is elsewhere.
std::string ChildAbove(std::string queue, const std::string& account) {
  while (!queue.empty() && Tree()[IndexOf(queue)].parent != account) {
    queue = Tree()[IndexOf(queue)].parent;
  }
  return queue;
}

// Work waits in the first user of every child of the account, and nowhere else.
HierarchyOrder OrderBelow(const std::string& account) {
  ResourceVector capacity;
  capacity.Set(kCpu, 240);  // all that was used
  std::vector<HierarchyQueue> queues;
  std::vector<std::string> with_work;
  for (const Association& a : Tree()) {
    HierarchyQueue& queue = queues.emplace_back();
    if (!a.parent.empty()) queue.parent = QueueId(IndexOf(a.parent));
    queue.rank = static_cast<std::uint32_t>(
        std::count_if(Tree().begin(), Tree().end(),
                      [&](const Association& other) { return other.name < a.name; }));
    queue.weight = {a.shares, 1};
    if (IsAccount(a.name)) continue;
    queue.allocated.Set(kCpu, a.usage);
    queue.uses = {kCpu};
    const std::string child = ChildAbove(a.name, account);
    const bool taken = std::find(with_work.begin(), with_work.end(), child) != with_work.end();
    queue.blocked = child.empty() || child == "parents" || taken;
    if (!queue.blocked) with_work.push_back(child);
  }
  return {capacity, queues};
}

class FairTree : public ::testing::TestWithParam<std::string> {};

TEST_P(FairTree, SiblingsComeByTheirPublishedLevelFairshare) {
  std::vector<std::pair<std::int64_t, std::string>> published;  // the highest first, then by name
  for (const Association& a : Tree()) {
    if (a.parent == GetParam() && a.level_fs != 0) published.emplace_back(-a.level_fs, a.name);
  }
  std::sort(published.begin(), published.end());
  std::vector<std::string> expected;
  for (const auto& [level, name] : published) expected.push_back(name);

  HierarchyOrder order = OrderBelow(GetParam());
  std::vector<std::string> served;
  for (QueueId next = order.Next(); next.valid(); next = order.Next()) {
    served.push_back(ChildAbove(Tree()[next.index()].name, GetParam()));
    order.Block(next);
  }
  EXPECT_EQ(served, expected);
}

INSTANTIATE_TEST_SUITE_P(Accounts, FairTree,
                         ::testing::Values("", "aA", "aAB", "aB", "aD", "aE", "aF", "aG", "aGA"),
                         [](const auto& param) {
                           return param.param.empty() ? std::string("root") : param.param;
                         });

}  // namespace
}  // namespace fairlead
