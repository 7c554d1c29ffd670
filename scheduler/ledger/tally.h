// Tally: sums intervals into cells, one for each set of values that a statement tells apart, and
// for each segment of time. Pure sums in 128 bits: 2 TiB for an hour are 2^83 byte-nanoseconds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/ledger/billing.h"
#include "fairlead/ledger/interval.h"
#include "scheduler/ledger/wide_text.h"

namespace fairlead::ledger {

struct Amounts128 {
  Int128 cpu_milli_ns = 0;
  Int128 memory_byte_ns = 0;
  Int128 gpu_slice_ns = 0;  // of the cell's slices_per_gpu
  Int128 storage_byte_ns = 0;
};

struct Cell {
  std::string tenant, group, model;
  UseClass use_class = UseClass::kEntitled;
  std::int32_t slices_per_gpu = 0;
  std::vector<Amounts128> by_segment;
};

class Tally {
 public:
  // Segments lie between neighbours of `bounds`, which ascend.
  Tally(std::vector<Instant> bounds, std::string by);

  // Adds (sign 1) or takes away (sign -1) the parts of the interval that lie within the bounds. One
  // that is open lasts until `until`.
  void Add(const Interval& interval, Instant until, int sign = 1);

  // Adds what a rollup says of an hour that lies within one segment.
  void AddSums(const Interval& values, Instant hour, const Amounts128& sums);

  const std::vector<Cell>& cells() const { return cells_; }  // in order of first sight
  const std::vector<Instant>& bounds() const { return bounds_; }

 private:
  Cell& CellOf(const Interval& interval);

  std::vector<Instant> bounds_;
  std::string by_;
  std::vector<Cell> cells_;
  std::unordered_map<std::string, std::size_t> index_;
  std::string key_;
};

// Can statements be grouped by this?
bool IsGrouping(std::string_view by);
std::string GroupOf(const Interval& interval, std::string_view by);

}  // namespace fairlead::ledger
