// What really held what, from the outside: the judge of a ledger. It shares no code with it and
// sums the slow way, moment by moment.
#pragma once

#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "fairlead/ledger/balance.h"

namespace fairlead::testing {

struct Held {
  ledger::Kind kind = ledger::Kind::kUsage;
  std::string tenant;
  std::string node;
  std::int64_t cpu = 0;
  std::int64_t memory = 0;
  std::string model;
  std::vector<std::int32_t> devices;
  std::int32_t unknown = 0;
  std::int64_t slices = 0, of = 1;
  bool down = false;

  friend bool operator==(const Held&, const Held&) = default;
};

struct HeldFrom {
  Held held;
  std::int64_t start = 0;
  std::int64_t end = INT64_MAX;
};

class Truth {
 public:
  // What holds something at `now`, by what it is ("pod UID", "node NAME").
  void Set(const std::map<std::string, Held>& state, std::int64_t now) { Change(state, now, now); }
  // The same after the scheduler was away: what is gone ended when it was last known to be there.
  void Reconcile(const std::map<std::string, Held>& state, std::int64_t last, std::int64_t now) {
    Change(state, last, now);
  }

  ledger::BalanceSheet Sheet(const std::vector<Instant>& bounds) const {
    ledger::BalanceSheet sheet;
    std::set<std::tuple<std::string, std::int32_t, std::string>> units;
    for (const HeldFrom& h : all_) {
      units.emplace(h.held.node, ledger::kCpuUnit, "");
      units.emplace(h.held.node, ledger::kMemoryUnit, "");
      for (const std::int32_t d : h.held.devices) units.emplace(h.held.node, d, h.held.model);
      if (h.held.unknown > 0) units.emplace(h.held.node, ledger::kUnknownGpu, h.held.model);
    }
    for (const auto& [node, unit, model] : units) SumUnit(node, unit, model, bounds, &sheet);
    return sheet;
  }
  // Milli-CPU-nanoseconds of usage, by tenant.
  std::map<std::string, ledger::WideInt> CpuByTenant(std::int64_t until) const {
    std::map<std::string, ledger::WideInt> sums;
    for (const HeldFrom& h : all_) {
      const std::int64_t ns = std::min(h.end, until) - h.start;
      if (h.held.kind == ledger::Kind::kUsage && ns > 0) {
        sums[h.held.tenant] += ledger::WideInt{ns} * h.held.cpu;
      }
    }
    return sums;
  }

 private:
  void Change(const std::map<std::string, Held>& state, std::int64_t gone_at, std::int64_t now) {
    for (auto it = open_.begin(); it != open_.end();) {
      HeldFrom& from = all_[it->second];
      const auto next = state.find(it->first);
      if (next != state.end() && next->second == from.held) {
        ++it;
        continue;
      }
      from.end = next == state.end() ? std::max(gone_at, from.start) : now;
      it = open_.erase(it);
    }
    for (const auto& [key, held] : state) {
      if (open_.contains(key)) continue;
      open_[key] = all_.size();
      all_.push_back({held, now});
    }
  }

  static std::int64_t AmountOf(const Held& h, const std::string& node, std::int32_t unit,
                               const std::string& model, std::int64_t cut) {
    if (h.node != node) return 0;
    if (unit == ledger::kCpuUnit) return h.cpu;
    if (unit == ledger::kMemoryUnit) return h.memory;
    if (h.model != model) return 0;
    if (unit == ledger::kUnknownGpu) return h.unknown * h.slices * (cut / h.of);
    for (const std::int32_t d : h.devices) {
      if (d == unit) return h.slices * (cut / h.of);
    }
    return 0;
  }

  void SumUnit(const std::string& node, std::int32_t unit, const std::string& model,
               const std::vector<Instant>& bounds, ledger::BalanceSheet* sheet) const {
    std::set<std::int64_t> moments;
    std::int64_t cut = 1;
    std::vector<const HeldFrom*> mine;
    for (const HeldFrom& h : all_) {
      // What begins at the very end is of no moment of the sheet, so it has no say in the cut.
      if (h.end <= h.start || h.start >= bounds.back().ns || h.held.node != node) continue;
      const bool gpu = unit >= ledger::kUnknownGpu;
      if (gpu && AmountOf(h.held, node, unit, model, h.held.of) == 0) continue;
      mine.push_back(&h);
      moments.insert({h.start, h.end});
      if (gpu) cut = std::lcm(cut, h.held.of);
    }
    for (const Instant bound : bounds) moments.insert(bound.ns);
    std::size_t bucket = 0;
    for (auto it = moments.begin(); it != moments.end() && *it < bounds.back().ns; ++it) {
      if (*it < bounds.front().ns) continue;
      while (bounds[bucket + 1].ns <= *it) ++bucket;
      const std::int64_t to = std::min(*std::next(it), bounds.back().ns);
      ledger::Balance part;
      std::int64_t capacity = 0;
      std::int64_t held = 0;
      bool down = false;
      const ledger::WideInt ns = to - *it;
      for (const HeldFrom* h : mine) {
        if (h->start > *it || h->end <= *it) continue;
        const std::int64_t amount = AmountOf(h->held, node, unit, model, cut);
        switch (h->held.kind) {
          case ledger::Kind::kCapacity:
            capacity += amount;
            down = down || h->held.down;
            break;
          case ledger::Kind::kUsage:
            part.tenants += ns * amount;
            held += amount;
            break;
          case ledger::Kind::kSystem:
            part.system += ns * amount;
            held += amount;
            break;
          case ledger::Kind::kReserved:
            part.reserved += ns * amount;
            held += amount;
            break;
        }
      }
      part.capacity = ns * capacity;
      (down ? part.down : part.idle) = ns * std::max<std::int64_t>(capacity - held, 0);
      part.over = ns * std::max<std::int64_t>(held - capacity, 0);
      if (part == ledger::Balance{}) continue;
      ledger::Balance& sum =
          (*sheet)[{bounds[bucket], node, unit, model, unit >= ledger::kUnknownGpu ? cut : 0}];
      sum.tenants += part.tenants;
      sum.system += part.system;
      sum.reserved += part.reserved;
      sum.down += part.down;
      sum.idle += part.idle;
      sum.over += part.over;
      sum.capacity += part.capacity;
    }
  }

  std::vector<HeldFrom> all_;
  std::map<std::string, std::size_t> open_;
};

}  // namespace fairlead::testing
