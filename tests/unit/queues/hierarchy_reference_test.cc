// HierarchyOrder against its definition, evaluated from scratch in unbounded rationals.
#include <gmpxx.h>
#include <gtest/gtest.h>

#include <vector>

#include "fairlead/queues/hierarchy_order.h"
#include "tests/support/random.h"

namespace fairlead {
namespace {

using testing::Random;

constexpr std::size_t kResources = 3;

struct Level {
  mpq_class key;
  std::vector<mpq_class> sums;
  bool blocked = true;
  bool over = false;
};

mpq_class Ratio(std::int64_t num, std::int64_t den) {
  mpq_class ratio{mpz_class(num), mpz_class(den)};
  ratio.canonicalize();
  return ratio;
}

class Reference {
 public:
  Reference(ResourceVector capacity, std::vector<HierarchyQueue> queues)
      : capacity_(std::move(capacity)), queues_(std::move(queues)) {}

  std::vector<HierarchyQueue>& queues() { return queues_; }

  std::vector<QueueId> Children(QueueId parent) const {
    std::vector<QueueId> children;
    for (std::uint32_t i = 0; i < queues_.size(); ++i) {
      if (queues_[i].parent == parent) children.emplace_back(i);
    }
    return children;
  }

  QueueId Next() const {
    QueueId at = QueueId::None();
    for (std::vector<QueueId> children = Children(at); !children.empty(); children = Children(at)) {
      const QueueId* best = nullptr;
      Level lowest;
      for (const QueueId& child : children) {
        const Level level = LevelOf(child);
        if (level.blocked || (best != nullptr && !Before(level, child, lowest, *best))) continue;
        best = &child;
        lowest = level;
      }
      if (best == nullptr) return QueueId::None();
      at = *best;
    }
    return at;
  }

 private:
  bool Before(const Level& a, QueueId ia, const Level& b, QueueId ib) const {
    if (a.over != b.over) return b.over;
    if (a.key != b.key) return a.key < b.key;
    return queues_[ia.index()].rank < queues_[ib.index()].rank;
  }

  std::vector<mpq_class> Held(QueueId queue) const {
    std::vector<mpq_class> held(kResources);
    const ResourceVector& own = queues_[queue.index()].allocated;
    for (std::uint32_t r = 0; r < kResources; ++r) {
      held[r] = Ratio(own.Get(ResourceId(r)), capacity_.Get(ResourceId(r)));
    }
    for (const QueueId child : Children(queue)) {
      const auto more = Held(child);
      for (std::size_t r = 0; r < kResources; ++r) held[r] += more[r];
    }
    return held;
  }

  bool Uses(QueueId queue, ResourceId resource) const {
    const HierarchyQueue& own = queues_[queue.index()];
    const auto children = Children(queue);
    if (children.empty()) {
      return !own.blocked &&
             std::find(own.uses.begin(), own.uses.end(), resource) != own.uses.end();
    }
    return std::any_of(children.begin(), children.end(),
                       [&](QueueId child) { return Uses(child, resource); });
  }

  Level LevelOf(QueueId queue) const {
    const HierarchyQueue& own = queues_[queue.index()];
    const auto children = Children(queue);
    Level level;
    level.over = own.over;
    if (children.empty()) {
      level.blocked = own.blocked;
      level.sums = Held(queue);
    } else {
      Sum(children, &level);
      level.over = level.over || !HasFront(children);
    }
    for (std::uint32_t r = 0; r < kResources; ++r) {
      if (!children.empty() && !Uses(queue, ResourceId(r))) continue;
      if (level.sums[r] > level.key) level.key = level.sums[r];
    }
    level.key *= Ratio(own.weight.den, own.weight.num);
    return level;
  }

  bool HasFront(const std::vector<QueueId>& children) const {
    return std::any_of(children.begin(), children.end(), [this](QueueId child) {
      const Level level = LevelOf(child);
      return !level.blocked && !level.over;
    });
  }

  void Sum(const std::vector<QueueId>& children, Level* out) const {
    out->sums.resize(kResources);
    std::vector<Level> growing;
    for (const QueueId child : children) {
      Level level = LevelOf(child);
      if (!level.blocked) {
        growing.push_back(std::move(level));
        continue;
      }
      const auto held = Held(child);
      for (std::size_t r = 0; r < kResources; ++r) out->sums[r] += held[r];
    }
    out->blocked = growing.empty();
    if (growing.empty()) return;
    mpq_class lowest = growing.front().key;
    for (const Level& level : growing) {
      if (level.key < lowest) lowest = level.key;
    }
    for (const Level& level : growing) {
      const mpq_class factor = level.key == 0 ? mpq_class(1) : mpq_class(lowest / level.key);
      for (std::size_t r = 0; r < kResources; ++r) out->sums[r] += factor * level.sums[r];
    }
  }

  ResourceVector capacity_;
  std::vector<HierarchyQueue> queues_;
};

// Small numbers make ties, large ones lengthen the rationals.
ResourceVector RandomAmounts(Random* random, bool large) {
  ResourceVector amounts;
  for (std::uint32_t r = 0; r < kResources; ++r) {
    if (random->Below(2) == 0) continue;
    amounts.Set(ResourceId(r), random->Below(large ? std::int64_t{1} << 40 : 3));
  }
  return amounts;
}

std::vector<ResourceId> RandomUses(Random* random) {
  std::vector<ResourceId> uses;
  for (std::uint32_t r = 0; r < kResources; ++r) {
    if (random->Below(3) != 0) uses.emplace_back(r);
  }
  return uses;
}

std::vector<HierarchyQueue> RandomTree(Random* random, bool large) {
  std::vector<HierarchyQueue> queues(static_cast<std::size_t>(3 + random->Below(14)));
  std::vector<bool> inner(queues.size());
  for (std::size_t i = 0; i < queues.size(); ++i) {
    if (i > 0 && random->Below(3) != 0) {
      queues[i].parent = QueueId(static_cast<std::uint32_t>(random->Below(static_cast<int>(i))));
      inner[queues[i].parent.index()] = true;
    }
  }
  for (std::size_t i = 0; i < queues.size(); ++i) {
    HierarchyQueue& queue = queues[i];
    queue.rank = static_cast<std::uint32_t>(queues.size() - i);
    queue.weight = {1 + random->Below(3), 1 + random->Below(2)};
    if (inner[i]) continue;
    queue.blocked = random->Below(3) == 0;
    queue.allocated = RandomAmounts(random, large);
    queue.uses = RandomUses(random);
  }
  return queues;
}

void Change(Random* random, bool large, Reference* reference, HierarchyOrder* order) {
  const QueueId id(static_cast<std::uint32_t>(
      random->Below(static_cast<std::int64_t>(reference->queues().size()))));
  HierarchyQueue& queue = reference->queues()[id.index()];
  const std::int64_t what = random->Below(8);
  if (what == 0) {
    queue.weight = {1 + random->Below(3), 1 + random->Below(2)};
    order->SetWeight(id, queue.weight);
  } else if (what == 1) {
    queue.over = !queue.over;
    order->SetOver(id, queue.over);
  } else if (!reference->Children(id).empty()) {
    return;
  } else if (what == 2) {
    queue.uses = RandomUses(random);
    order->SetUses(id, queue.uses);
  } else if (what <= 4) {
    queue.blocked = !queue.blocked;
    queue.blocked ? order->Block(id) : order->Unblock(id);
  } else if (what == 5) {
    order->Refund(id, queue.allocated);
    queue.allocated = {};
  } else {
    const ResourceVector more = RandomAmounts(random, large);
    queue.allocated += more;
    order->Charge(id, more);
  }
}

TEST(HierarchyOrderReference, TheSameLeafAfterEveryChange) {
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    Random random(seed);
    const bool large = seed % 2 == 1;
    ResourceVector capacity;
    for (std::uint32_t r = 0; r < kResources; ++r) {
      capacity.Set(ResourceId(r), large ? (std::int64_t{1} << 45) + random.Below(1'000'000)
                                        : 6 + 2 * random.Below(3));
    }
    const auto queues = RandomTree(&random, large);
    Reference reference(capacity, queues);
    HierarchyOrder order(capacity, queues);
    for (int step = 0; step < 40; ++step) {
      ASSERT_EQ(order.Next(), reference.Next()) << "seed " << seed << ", step " << step;
      Change(&random, large, &reference, &order);
    }
  }
}

}  // namespace
}  // namespace fairlead
