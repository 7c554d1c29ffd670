// Series: means over equal spans of time, of which there are never more than a chart can show:
// where they would be, each two become one.
#pragma once

#include <cstdint>
#include <vector>

#include "fairlead/sim/results.h"

namespace fairlead::sim {

class Series {
 public:
  explicit Series(std::size_t queues) : queues_(queues) {}

  // What held from `begin` to `end`; `now.at` and `now.span` are not read.
  void Add(std::int64_t begin, std::int64_t end, const SeriesPoint& now);
  std::vector<SeriesPoint> Means() const;

 private:
  static constexpr std::size_t kMost = 480;
  void Halve();
  SeriesPoint& At(std::size_t index);

  std::size_t queues_;
  std::int64_t width_ = 1;
  std::vector<SeriesPoint> sums_;  // value x seconds; `span` are the seconds
};

}  // namespace fairlead::sim
