#include "scheduler/sim/series.h"

#include <algorithm>

namespace fairlead::sim {
namespace {

// sum += point x factor, without times.
void AddTimes(const SeriesPoint& point, double factor, SeriesPoint* sum) {
  sum->utilisation += point.utilisation * factor;
  sum->waiting_jobs += point.waiting_jobs * factor;
  sum->waiting_gpus += point.waiting_gpus * factor;
  for (std::size_t q = 0; q < sum->share.size(); ++q) {
    sum->share[q] += point.share[q] * factor;
    sum->entitled[q] += point.entitled[q] * factor;
  }
}

}  // namespace

SeriesPoint& Series::At(std::size_t index) {
  while (sums_.size() <= index) {
    SeriesPoint& fresh = sums_.emplace_back();
    fresh.at = static_cast<std::int64_t>(sums_.size() - 1) * width_;
    fresh.share.assign(queues_, 0);
    fresh.entitled.assign(queues_, 0);
  }
  return sums_[index];
}

void Series::Halve() {
  width_ *= 2;
  std::vector<SeriesPoint> finer = std::move(sums_);
  sums_.clear();
  for (std::size_t i = 0; i < finer.size(); ++i) {
    SeriesPoint& sum = At(i / 2);
    AddTimes(finer[i], 1, &sum);
    sum.span += finer[i].span;
  }
}

void Series::Add(std::int64_t begin, std::int64_t end, const SeriesPoint& now) {
  while (end > width_ * static_cast<std::int64_t>(kMost)) Halve();
  while (begin < end) {
    const std::int64_t index = begin / width_;
    const std::int64_t until = std::min(end, (index + 1) * width_);
    SeriesPoint& sum = At(static_cast<std::size_t>(index));
    AddTimes(now, static_cast<double>(until - begin), &sum);
    sum.span += until - begin;
    begin = until;
  }
}

std::vector<SeriesPoint> Series::Means() const {
  std::vector<SeriesPoint> means = sums_;
  for (SeriesPoint& point : means) {
    const double span = point.span > 0 ? static_cast<double>(point.span) : 1;
    SeriesPoint mean;
    mean.at = point.at;
    mean.span = width_;
    mean.share.assign(queues_, 0);
    mean.entitled.assign(queues_, 0);
    AddTimes(point, 1 / span, &mean);
    point = std::move(mean);
  }
  return means;
}

}  // namespace fairlead::sim
