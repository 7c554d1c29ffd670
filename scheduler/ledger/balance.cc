#include "fairlead/ledger/balance.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

namespace fairlead::ledger {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;

// A step of what is held or there of one unit of one node.
struct Step {
  std::int64_t at = 0;  // ns
  Kind kind = Kind::kUsage;
  std::int64_t amount = 0;  // more (or less, where negative)
  std::int64_t of = 1;      // parts that the unit is cut into; cpu and memory: 1
  bool down = false;        // of capacity
};

struct UnitKey {
  std::string node;
  std::int32_t unit = kCpuUnit;
  std::string model;
  friend auto operator<=>(const UnitKey&, const UnitKey&) = default;
};

// The state of a unit at a moment.
struct Level {
  std::int64_t tenants = 0, system = 0, reserved = 0, capacity = 0;
  std::int64_t down = 0;  // capacity intervals that are down

  void Apply(const Step& step) {
    switch (step.kind) {
      case Kind::kUsage:
        tenants += step.amount;
        break;
      case Kind::kSystem:
        system += step.amount;
        break;
      case Kind::kReserved:
        reserved += step.amount;
        break;
      case Kind::kCapacity:
        capacity += step.amount;
        if (step.down) down += step.amount > 0 ? 1 : -1;
        break;
    }
  }
  void AddTo(Balance* balance, std::int64_t ns) const {
    const WideInt time = ns;
    const std::int64_t rest = capacity - tenants - system - reserved;
    balance->tenants += time * tenants;
    balance->system += time * system;
    balance->reserved += time * reserved;
    balance->capacity += time * capacity;
    WideInt& free = down > 0 ? balance->down : balance->idle;
    free += time * std::max<std::int64_t>(rest, 0);
    balance->over += time * std::max<std::int64_t>(-rest, 0);
  }
};

class Sweeper {
 public:
  Sweeper(const std::vector<Instant>& bounds, Instant until)
      : bounds_(bounds), until_(std::min(until, bounds.back())) {}

  void Add(const Interval& interval) {
    const Instant end = std::min(interval.end.value_or(until_), until_);
    const Instant start = std::max(interval.start, bounds_.front());
    if (end <= start || interval.node.empty()) return;
    const auto put = [&](std::int32_t unit, std::int64_t amount, bool gpu) {
      if (amount == 0) return;
      const UnitKey key{interval.node, unit, gpu ? interval.gpu_model : ""};
      const std::int64_t of = gpu ? interval.slices_per_gpu : 1;
      std::vector<Step>& steps = steps_[key];
      steps.push_back({start.ns, interval.kind, amount, of, interval.down});
      steps.push_back({end.ns, interval.kind, -amount, of, interval.down});
    };
    put(kCpuUnit, interval.cpu_milli, false);
    put(kMemoryUnit, interval.memory_bytes, false);
    for (const std::int32_t device : interval.devices) put(device, interval.slices, true);
    put(kUnknownGpu, std::int64_t{interval.unknown_devices} * interval.slices, true);
  }

  BalanceSheet Sweep() {
    BalanceSheet sheet;
    for (auto& [key, steps] : steps_) SweepUnit(key, &steps, &sheet);
    return sheet;
  }

 private:
  void SweepUnit(const UnitKey& key, std::vector<Step>* steps, BalanceSheet* sheet) const {
    std::stable_sort(steps->begin(), steps->end(),
                     [](const Step& a, const Step& b) { return a.at < b.at; });
    // All cuts of the unit in the smallest one that all of them divide.
    std::int64_t cut = 1;
    for (const Step& step : *steps) cut = std::lcm(cut, step.of);
    for (Step& step : *steps) step.amount *= cut / step.of;
    const auto slices = key.unit >= kUnknownGpu ? cut : 0;
    Level level;
    std::size_t next = 0;
    std::size_t bucket = 0;
    std::int64_t at = bounds_.front().ns;
    while (at < until_.ns) {
      for (; next < steps->size() && (*steps)[next].at <= at; ++next) level.Apply((*steps)[next]);
      while (bounds_[bucket + 1].ns <= at) ++bucket;
      std::int64_t to = std::min(bounds_[bucket + 1].ns, until_.ns);
      if (next < steps->size()) to = std::min(to, (*steps)[next].at);
      Balance part;
      level.AddTo(&part, to - at);
      if (!(part == Balance{})) {
        Add(part, &(*sheet)[{bounds_[bucket], key.node, key.unit, key.model, slices}]);
      }
      at = to;
    }
  }
  static void Add(const Balance& part, Balance* sum) {
    sum->tenants += part.tenants;
    sum->system += part.system;
    sum->reserved += part.reserved;
    sum->down += part.down;
    sum->idle += part.idle;
    sum->over += part.over;
    sum->capacity += part.capacity;
  }

  std::vector<Instant> bounds_;
  Instant until_;
  std::map<UnitKey, std::vector<Step>> steps_;
};

// Records that a correction stands in place of.
Result<std::set<std::string>> Superseded(Store* store, std::int64_t up_to_seq) {
  std::set<std::string> ids;
  Filter filter;
  filter.corrections = true;
  Status read = store->Read(filter, [&](const StoredInterval& stored) -> Status {
    if (stored.seq <= up_to_seq) ids.insert(stored.interval.supersedes);
    return Ok{};
  });
  if (!read) return read.error();
  return ids;
}

}  // namespace

std::vector<Instant> HourBounds(Instant from, Instant to) {
  std::vector<Instant> bounds = {from};
  for (std::int64_t hour = from.ns / kHourNs + 1; hour * kHourNs < to.ns; ++hour) {
    bounds.push_back(Instant{hour * kHourNs});
  }
  bounds.push_back(to);
  return bounds;
}

Result<BalanceSheet> BalanceOf(Store* store, const std::vector<Instant>& bounds, Instant until,
                               std::int64_t up_to_seq) {
  const Result<std::set<std::string>> superseded = Superseded(store, up_to_seq);
  if (!superseded.ok()) return superseded.error();
  Sweeper sweeper(bounds, until);
  Filter filter;
  filter.from = bounds.front();
  filter.to = bounds.back();
  Status read = store->Read(filter, [&](const StoredInterval& stored) -> Status {
    const bool counts = stored.seq <= up_to_seq && !superseded->contains(stored.interval.record_id);
    if (counts) sweeper.Add(stored.interval);
    return Ok{};
  });
  if (!read) return read.error();
  Result<std::vector<Interval>> open = store->OpenIntervals();
  if (!open.ok()) return open.error();
  for (const Interval& interval : *open) sweeper.Add(interval);
  return sweeper.Sweep();
}

}  // namespace fairlead::ledger
