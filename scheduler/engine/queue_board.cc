#include "fairlead/engine/queue_board.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "fairlead/base/check.h"

namespace fairlead {

std::vector<std::string> ResourcesOf(const QueueReport& queue) {
  std::vector<std::string> names;
  for (const NamedAmounts* amounts : {&queue.demand, &queue.guarantee, &queue.entitlement,
                                      &queue.allocated, &queue.borrowed, &queue.lent}) {
    for (const auto& [name, amount] : *amounts) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void QueueBoard::Publish(std::shared_ptr<const QueueTable> table,
                         std::shared_ptr<const NodesReport> nodes) {
  FAIRLEAD_CHECK(table != nullptr, "no table after edition {}", Current().number);
  {
    const std::lock_guard lock(mutex_);
    ++edition_.number;
    edition_.table.swap(table);
    edition_.nodes.swap(nodes);
  }
  published_.notify_all();
  // The old table, unless somebody still reads it, is freed here and not under the lock.
}

QueueBoard::Edition QueueBoard::Current() const {
  const std::lock_guard lock(mutex_);
  return edition_;
}

QueueBoard::Edition QueueBoard::WaitNewer(std::uint64_t seen, Duration patience) const {
  std::unique_lock lock(mutex_);
  published_.wait_for(lock, std::chrono::nanoseconds(patience.ns),
                      [this, seen] { return edition_.number > seen; });
  return edition_;
}

}  // namespace fairlead
