#include "scheduler/ledger/tally.h"

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::ledger {
namespace {

constexpr std::string_view kLabel = "label:";
using Member = std::string Interval::*;
constexpr std::array<std::pair<std::string_view, Member>, 8> kMembers = {
    {{"tenant", &Interval::tenant},
     {"environment", &Interval::environment},
     {"namespace", &Interval::ns},
     {"gang", &Interval::gang},
     {"user", &Interval::user},
     {"queue", &Interval::queue},
     {"model", &Interval::gpu_model},
     {"cost_center", &Interval::cost_center}}};

}  // namespace

bool IsGrouping(std::string_view by) {
  if (by == "class") return true;
  if (by.starts_with(kLabel)) return by.size() > kLabel.size();
  return std::any_of(kMembers.begin(), kMembers.end(),
                     [&](const auto& m) { return m.first == by; });
}

std::string GroupOf(const Interval& interval, std::string_view by) {
  if (by == "class") return std::string(UseClassName(interval.use_class));
  if (by.starts_with(kLabel)) {
    for (const auto& [key, value] : interval.labels) {
      if (key == by.substr(kLabel.size())) return value;
    }
    return "";
  }
  for (const auto& [name, member] : kMembers) {
    if (name == by) return interval.*member;
  }
  return "";
}

Tally::Tally(std::vector<Instant> bounds, std::string by)
    : bounds_(std::move(bounds)), by_(std::move(by)) {}

Cell& Tally::CellOf(const Interval& interval) {
  const std::string group = GroupOf(interval, by_);
  const std::int32_t slices = interval.gpus() > 0 ? interval.slices_per_gpu : 0;
  key_.clear();
  for (const std::string* part : {&interval.tenant, &group, &interval.gpu_model}) {
    // The length keeps parts apart, whatever they hold.
    key_.append(std::to_string(part->size())).append(1, ':').append(*part);
  }
  key_.push_back(static_cast<char>(interval.use_class));
  key_.push_back(static_cast<char>(slices));
  const auto [it, added] = index_.emplace(key_, cells_.size());
  if (added) {
    Cell& cell = cells_.emplace_back();
    cell.tenant = interval.tenant;
    cell.group = group;
    cell.model = interval.gpus() > 0 ? interval.gpu_model : "";
    cell.use_class = interval.use_class;
    cell.slices_per_gpu = slices;
    cell.by_segment.resize(bounds_.size() - 1);
  }
  return cells_[it->second];
}

void Tally::AddSums(const Interval& values, Instant hour, const Amounts128& sums) {
  const auto next = std::upper_bound(bounds_.begin(), bounds_.end(), hour);
  if (next == bounds_.begin() || next == bounds_.end()) return;
  const auto segment = static_cast<std::size_t>(next - bounds_.begin()) - 1;
  Amounts128& sum = CellOf(values).by_segment[segment];
  sum.cpu_milli_ns += sums.cpu_milli_ns;
  sum.memory_byte_ns += sums.memory_byte_ns;
  sum.gpu_slice_ns += sums.gpu_slice_ns;
  sum.storage_byte_ns += sums.storage_byte_ns;
}

void Tally::Add(const Interval& interval, Instant until, int sign) {
  const Instant end = std::min(interval.end.value_or(until), bounds_.back());
  if (end <= interval.start || end <= bounds_.front()) return;
  Cell& cell = CellOf(interval);
  const auto first = std::upper_bound(bounds_.begin(), bounds_.end(), interval.start);
  auto segment = first == bounds_.begin() ? std::size_t{0}
                                          : static_cast<std::size_t>(first - bounds_.begin()) - 1;
  const Int128 slices = Int128{interval.gpus()} * interval.slices;
  for (; segment + 1 < bounds_.size() && bounds_[segment] < end; ++segment) {
    const Instant from = std::max(bounds_[segment], interval.start);
    const Instant to = std::min(bounds_[segment + 1], end);
    if (to <= from) continue;
    const Int128 ns = Int128{(to - from).ns} * sign;
    Amounts128& sum = cell.by_segment[segment];
    sum.cpu_milli_ns += ns * interval.cpu_milli;
    sum.memory_byte_ns += ns * interval.memory_bytes;
    sum.gpu_slice_ns += ns * slices;
    sum.storage_byte_ns += ns * interval.storage_bytes;
  }
}

}  // namespace fairlead::ledger
