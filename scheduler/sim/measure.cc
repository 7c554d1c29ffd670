#include "scheduler/sim/measure.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace fairlead::sim {

Measure::Measure(const World& world, std::vector<std::int64_t> weights)
    : world_(world),
      weights_(std::move(weights)),
      times_(world.workload.jobs.size()),
      submitted_(world.workload.jobs.size(), false),
      allocated_(weights_.size(), 0),
      demand_(weights_.size(), 0),
      entitled_(weights_.size(), 0),
      order_(weights_.size()),
      share_sum_(weights_.size(), 0),
      entitled_sum_(weights_.size(), 0),
      error_sum_(weights_.size(), 0),
      gpu_time_of_(weights_.size(), 0),
      series_(weights_.size()) {
  std::iota(order_.begin(), order_.end(), 0U);
}

void Measure::Submitted(std::uint32_t j) {
  const Job& job = world_.job(j);
  submitted_[j] = true;
  demand_[job.queue] += job.Gpu();
  waiting_milli_ += job.Gpu();
  ++waiting_;
  stale_ = true;
}

void Measure::Started(std::uint32_t j) {
  const Job& job = world_.job(j);
  Times& times = times_[j];
  if (times.first_start < 0) times.first_start = now_;
  times.start = now_;
  allocated_[job.queue] += job.Gpu();
  allocated_all_ += job.Gpu();
  waiting_milli_ -= job.Gpu();
  --waiting_;
  ++running_;
}

void Measure::Ended(std::uint32_t j) {
  const Job& job = world_.job(j);
  times_[j].end = now_;
  last_end_ = std::max(last_end_, now_);
  allocated_[job.queue] -= job.Gpu();
  allocated_all_ -= job.Gpu();
  demand_[job.queue] -= job.Gpu();
  --running_;
  stale_ = true;
}

void Measure::Lost(std::uint32_t j) {
  const Job& job = world_.job(j);
  lost_ += (now_ - times_[j].start) * job.Gpu();
  evictions_ += job.AllPods();
  allocated_[job.queue] -= job.Gpu();
  allocated_all_ -= job.Gpu();
  waiting_milli_ += job.Gpu();
  --running_;
  ++waiting_;
}

// Water filling: queues by demand over weight; each takes its demand or its part of what is left.
void Measure::Entitle() {
  if (!stale_) return;
  stale_ = false;
  const auto level = [this](std::uint32_t q) {
    return static_cast<double>(demand_[q]) / static_cast<double>(weights_[q]);
  };
  std::sort(order_.begin(), order_.end(), [&level](std::uint32_t a, std::uint32_t b) {
    const double x = level(a);
    const double y = level(b);
    return x != y ? x < y : a < b;
  });
  auto left = static_cast<double>(world_.capacity);
  double weight = 0;
  for (const std::int64_t w : weights_) weight += static_cast<double>(w);
  for (const std::uint32_t q : order_) {
    const auto own = static_cast<double>(weights_[q]);
    entitled_[q] = std::min(static_cast<double>(demand_[q]), left * own / weight);
    left -= entitled_[q];
    weight -= own;
  }
}

void Measure::Advance(std::int64_t now) {
  if (!begun_) {
    begun_ = true;
    now_ = now;
    return;
  }
  const std::int64_t seconds = now - now_;
  if (seconds <= 0) return;
  if (waiting_ + running_ > 0 && world_.capacity > 0) {
    Entitle();
    const auto capacity = static_cast<double>(world_.capacity);
    const auto dt = static_cast<double>(seconds);
    SeriesPoint point;
    point.share.resize(weights_.size());
    point.entitled.resize(weights_.size());
    double error = 0;
    double sum = 0;
    double squares = 0;
    double count = 0;
    for (std::size_t q = 0; q < weights_.size(); ++q) {
      point.share[q] = static_cast<double>(allocated_[q]) / capacity;
      point.entitled[q] = entitled_[q] / capacity;
      const double off = std::abs(point.share[q] - point.entitled[q]);
      error += off;
      share_sum_[q] += point.share[q] * dt;
      entitled_sum_[q] += point.entitled[q] * dt;
      error_sum_[q] += off * dt;
      gpu_time_of_[q] += allocated_[q] * seconds;
      if (demand_[q] == 0) continue;
      const double ratio = static_cast<double>(allocated_[q]) / entitled_[q];
      sum += ratio;
      squares += ratio * ratio;
      ++count;
    }
    error_ += error / static_cast<double>(weights_.size()) * dt;
    jain_ += (squares > 0 ? sum * sum / (count * squares) : 1) * dt;
    span_ += seconds;
    gpu_time_ += allocated_all_ * seconds;
    point.utilisation = static_cast<double>(allocated_all_) / capacity;
    point.waiting_jobs = static_cast<double>(waiting_);
    point.waiting_gpus = static_cast<double>(waiting_milli_) / kWholeGpu;
    series_.Add(now_, now, point);
  }
  now_ = now;
}

void Measure::Describe(ReplayResult* out) const {
  std::vector<std::int64_t> waits;
  std::vector<double> slowdowns;
  waits.reserve(world_.order.size());
  slowdowns.reserve(world_.order.size());
  for (const std::uint32_t j : world_.order) {
    const Job& job = world_.job(j);
    const Times& times = times_[j];
    if (!submitted_[j]) continue;
    ++out->jobs;
    if (times.end < 0) ++out->unfinished;
    if (times.first_start < 0) {
      out->unstarted.push_back(job.id);
      continue;
    }
    const std::int64_t wait = times.first_start - job.submit;
    waits.push_back(wait);
    if (wait > 0) ++out->jobs_waited;
    if (job.Gpu() > 8 * kWholeGpu) out->longest_wait_many = std::max(out->longest_wait_many, wait);
    const auto bin = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(wait)));
    if (out->wait_histogram.size() <= bin) out->wait_histogram.resize(bin + 1, 0);
    ++out->wait_histogram[bin];
    if (times.end < 0) continue;
    ++out->ended;
    out->jct_sum += times.end - job.submit;
    const auto bound = static_cast<double>(std::max<std::int64_t>(10, job.duration));
    slowdowns.push_back(std::max(1.0, static_cast<double>(times.end - job.submit) / bound));
  }
  out->wait = sim::Describe(&waits);
  if (slowdowns.empty()) return;
  std::sort(slowdowns.begin(), slowdowns.end());
  out->slowdown_mean = std::accumulate(slowdowns.begin(), slowdowns.end(), 0.0) /
                       static_cast<double>(slowdowns.size());
  out->slowdown_p99 = slowdowns[(slowdowns.size() * 99 + 99) / 100 - 1];
}

void Measure::DescribeQueues(ReplayResult* out) const {
  const Names& names = world_.workload.queues;
  const double span = span_ > 0 ? static_cast<double>(span_) : 1;
  std::vector<std::vector<std::int64_t>> waits(names.size());
  std::vector<QueueResult> queues(names.size());
  for (const std::uint32_t j : world_.order) {
    const Job& job = world_.job(j);
    const Times& times = times_[j];
    QueueResult& queue = queues[job.queue];
    if (submitted_[j]) ++queue.jobs;
    if (times.first_start >= 0) waits[job.queue].push_back(times.first_start - job.submit);
    if (times.end < 0) continue;
    ++queue.ended;
    queue.jct_sum += times.end - job.submit;
  }
  for (std::uint32_t q = 0; q < queues.size(); ++q) {
    QueueResult& queue = queues[q];
    queue.queue = names[q];
    queue.started = static_cast<std::int64_t>(waits[q].size());
    queue.wait = sim::Describe(&waits[q]);
    queue.share = share_sum_[q] / span;
    queue.entitled = entitled_sum_[q] / span;
    queue.error = error_sum_[q] / span;
    queue.gpu_milli_seconds = gpu_time_of_[q];
  }
  out->series = series_.Means();
  // Charts and tables show queues by name; so do the columns of the series.
  std::vector<std::uint32_t> by_name(queues.size());
  std::iota(by_name.begin(), by_name.end(), 0U);
  std::sort(by_name.begin(), by_name.end(),
            [&names](std::uint32_t a, std::uint32_t b) { return names[a] < names[b]; });
  for (SeriesPoint& point : out->series) {
    SeriesPoint sorted = point;
    for (std::size_t i = 0; i < by_name.size(); ++i) {
      sorted.share[i] = point.share[by_name[i]];
      sorted.entitled[i] = point.entitled[by_name[i]];
    }
    point = std::move(sorted);
  }
  out->queues.reserve(queues.size());
  for (const std::uint32_t q : by_name) out->queues.push_back(std::move(queues[q]));
}

std::vector<JobTimes> Measure::JobList() const {
  std::vector<JobTimes> list;
  list.reserve(world_.order.size());
  for (const std::uint32_t j : world_.order) {
    const Job& job = world_.job(j);
    if (!submitted_[j]) continue;
    list.push_back({job.id, world_.workload.queues[job.queue], job.submit, times_[j].first_start,
                    times_[j].end, job.ran >= 0});
  }
  return list;
}

ReplayResult Measure::Finish(bool list_jobs) const {
  ReplayResult out;
  if (list_jobs) out.times = JobList();
  out.nodes = static_cast<std::int64_t>(world_.nodes.size());
  out.gpu_milli = world_.capacity;
  Describe(&out);
  DescribeQueues(&out);
  const double span = span_ > 0 ? static_cast<double>(span_) : 1;
  const std::int64_t first = world_.order.empty() ? 0 : world_.job(world_.order.front()).submit;
  out.makespan = std::max<std::int64_t>(0, (running_ > 0 ? now_ : last_end_) - first);
  if (out.makespan > 0 && world_.capacity > 0) {
    out.utilisation = static_cast<double>(gpu_time_) / static_cast<double>(world_.capacity) /
                      static_cast<double>(out.makespan);
  }
  out.fairness_error = error_ / span;
  out.jain = span_ > 0 ? jain_ / span : 1;
  out.preempted_gpu_milli_seconds = lost_;
  out.evictions = evictions_;
  out.too_large.reserve(world_.too_large.size());
  for (const std::uint32_t j : world_.too_large) out.too_large.push_back(world_.job(j).id);
  return out;
}

}  // namespace fairlead::sim
