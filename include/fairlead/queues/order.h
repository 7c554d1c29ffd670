// QueueOrder: which queue is served next.
//
// Next() is the queue with work left that has the lowest
//
//     (dominant share of what it holds) / weight
//
// compared exactly, as cross products of integers. Charge() adds what a gang of the queue has just
// been given, so that the queue moves back in the line.
//
// Ties, in this order: (1) lower weighted dominant share, (2) name, bytewise. Names are unique, so
// the order is total and does not depend on the order of the input.
//
// I1: what a queue holds only grows while an order lives. Therefore a key in the heap is never
//     larger than the true one, and it is enough to correct a stale key when it reaches the top.
//
// Cost: O(log Q) comparisons per step; a Charge computes one dominant share.
// Does not know gangs, nodes or tenants: ids and quantities only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/base/resources.h"
#include "fairlead/base/share.h"

namespace fairlead {

// One queue that has work. `weight` > 0 in any unit that all queues share.
struct QueueLoad {
  QueueId id;
  std::string name;
  std::int64_t weight = 1;
  ResourceVector allocated;
};

class QueueOrder {
 public:
  // `capacity` is the denominator of shares. Ids and names are unique.
  QueueOrder(ResourceVector capacity, std::vector<QueueLoad> queues);

  // The queue to serve, or None when none has work left.
  QueueId Next();

  // The queue has been given `amounts` more.
  void Charge(QueueId queue, const ResourceVector& amounts);

  // The queue has no work left: Next() never names it again.
  void Remove(QueueId queue);

  // What the queue holds now, as the share that orders it (not divided by the weight).
  Share DominantShareOf(QueueId queue) const;

 private:
  struct Entry {
    QueueLoad load;
    std::uint32_t name_rank = 0;
    Share share;
    std::uint32_t revision = 0;  // counts charges: tells stale keys in the heap
    bool removed = false;
  };
  struct Key {
    std::uint32_t entry = 0;
    std::uint32_t revision = 0;
    Share share;
  };

  bool ServedLater(const Key& a, const Key& b) const;
  std::uint32_t EntryOf(QueueId queue) const;
  void Push(std::uint32_t entry);

  ResourceVector capacity_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> entry_of_id_;  // by QueueId; kNoEntry where the queue is not here
  std::vector<Key> heap_;
};

}  // namespace fairlead
