#include "fairlead/queues/order.h"

#include <algorithm>
#include <compare>
#include <limits>
#include <utility>

#include "fairlead/base/check.h"

namespace fairlead {
namespace {

constexpr std::uint32_t kNoEntry = std::numeric_limits<std::uint32_t>::max();

}  // namespace

QueueOrder::QueueOrder(ResourceVector capacity, std::vector<QueueLoad> queues)
    : capacity_(std::move(capacity)) {
  std::sort(queues.begin(), queues.end(),
            [](const QueueLoad& a, const QueueLoad& b) { return a.name < b.name; });
  entries_.reserve(queues.size());
  heap_.reserve(queues.size());
  for (QueueLoad& load : queues) {
    FAIRLEAD_CHECK(load.weight > 0, "queue {} has weight {}", load.name, load.weight);
    const auto rank = static_cast<std::uint32_t>(entries_.size());
    FAIRLEAD_CHECK(rank == 0 || entries_.back().load.name != load.name, "queue {} twice",
                   load.name);
    if (entry_of_id_.size() <= load.id.index()) entry_of_id_.resize(load.id.index() + 1, kNoEntry);
    FAIRLEAD_CHECK(entry_of_id_[load.id.index()] == kNoEntry, "queue id {} twice", load.id.value());
    entry_of_id_[load.id.index()] = rank;
    const Share share = DominantShare(load.allocated, capacity_);
    entries_.push_back({std::move(load), rank, share, 0, false});
    Push(rank);
  }
}

bool QueueOrder::ServedLater(const Key& a, const Key& b) const {
  const Entry& ea = entries_[a.entry];
  const Entry& eb = entries_[b.entry];
  const auto order = CompareWeighted(a.share, ea.load.weight, b.share, eb.load.weight);
  if (std::is_neq(order)) return std::is_gt(order);
  return ea.name_rank > eb.name_rank;
}

void QueueOrder::Push(std::uint32_t entry) {
  const Entry& e = entries_[entry];
  heap_.push_back({entry, e.revision, e.share});
  std::push_heap(heap_.begin(), heap_.end(),
                 [this](const Key& a, const Key& b) { return ServedLater(a, b); });
}

QueueId QueueOrder::Next() {
  while (!heap_.empty()) {
    const Key top = heap_.front();
    const Entry& entry = entries_[top.entry];
    if (!entry.removed && entry.revision == top.revision) return entry.load.id;
    std::pop_heap(heap_.begin(), heap_.end(),
                  [this](const Key& a, const Key& b) { return ServedLater(a, b); });
    heap_.pop_back();
    if (!entry.removed) Push(top.entry);
  }
  return QueueId::None();
}

void QueueOrder::Charge(QueueId queue, const ResourceVector& amounts) {
  Entry& entry = entries_[EntryOf(queue)];
  entry.load.allocated += amounts;
  entry.share = DominantShare(entry.load.allocated, capacity_);
  ++entry.revision;
}

void QueueOrder::Remove(QueueId queue) { entries_[EntryOf(queue)].removed = true; }

Share QueueOrder::DominantShareOf(QueueId queue) const { return entries_[EntryOf(queue)].share; }

std::uint32_t QueueOrder::EntryOf(QueueId queue) const {
  FAIRLEAD_CHECK(queue.valid() && queue.index() < entry_of_id_.size() &&
                     entry_of_id_[queue.index()] != kNoEntry,
                 "queue id {} is not in this order", queue.value());
  return entry_of_id_[queue.index()];
}

}  // namespace fairlead
