// Workloads that are drawn: arrivals, durations, sizes and owners.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "scheduler/sim/loaders.h"
#include "scheduler/sim/random.h"

namespace fairlead::sim {
namespace {

constexpr double kMillion = 1'000'000;
constexpr std::int64_t kDay = 86'400;

// Uniform in (0, 1).
double Unit(Random* random) {
  constexpr std::int64_t kSteps = std::int64_t{1} << 52;
  return (static_cast<double>(random->Below(kSteps)) + 0.5) / static_cast<double>(kSteps);
}

// Box and Muller.
double Normal(Random* random) {
  const double radius = std::sqrt(-2 * std::log(Unit(random)));
  return radius * std::cos(2 * std::numbers::pi * Unit(random));
}

// A Poisson process of a known number of arrivals is uniform; a day's swing leaves some draws out.
std::int64_t Arrival(const GeneratorSpec& spec, Random* random) {
  const double swing = static_cast<double>(spec.diurnal) / kMillion;
  while (true) {
    const std::int64_t at = random->Below(std::max<std::int64_t>(1, spec.span));
    if (spec.diurnal == 0) return at;
    const double day = 2 * std::numbers::pi * static_cast<double>(at % kDay) / kDay;
    if (Unit(random) * (1 + swing) < 1 - swing * std::cos(day)) return at;
  }
}

std::int64_t DurationOf(const GeneratorSpec& spec, Random* random) {
  if (!spec.durations.empty()) {
    return spec.durations[static_cast<std::size_t>(
        random->Below(static_cast<std::int64_t>(spec.durations.size())))];
  }
  const double sigma = static_cast<double>(spec.sigma) / kMillion;
  const double drawn = static_cast<double>(spec.median) * std::exp(sigma * Normal(random));
  return std::clamp<std::int64_t>(std::llround(std::min(drawn, 1e12)), 1, spec.longest);
}

// Draws positions in proportion to weights.
class Draw {
 public:
  void Add(std::int64_t weight) { ends_.push_back((ends_.empty() ? 0 : ends_.back()) + weight); }
  std::size_t Next(Random* random) const {
    const std::int64_t at = random->Below(ends_.back());
    return static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), at) -
                                    ends_.begin());
  }

 private:
  std::vector<std::int64_t> ends_;
};

}  // namespace

Workload Generate(const GeneratorSpec& spec, std::uint32_t seed) {
  Random random(seed);
  Workload out;
  Draw sizes;
  for (const GangMix& gang : spec.gangs) sizes.Add(gang.weight);
  Draw owners;
  for (std::int64_t q = 0; q < spec.queues; ++q) {
    const double rank = static_cast<double>(q + 1);
    const double part = std::pow(rank, -static_cast<double>(spec.skew) / kMillion);
    owners.Add(std::max<std::int64_t>(1, std::llround(part * kMillion)));
    const std::string name = fmt::format("team-{:02}", q + 1);
    out.queues.Intern(name);
    out.tenants.Intern(name);
  }
  out.users.Intern("");
  std::vector<std::int64_t> arrivals(static_cast<std::size_t>(spec.jobs));
  for (std::int64_t& at : arrivals) at = Arrival(spec, &random);
  std::sort(arrivals.begin(), arrivals.end());
  out.jobs.reserve(arrivals.size());
  for (std::size_t j = 0; j < arrivals.size(); ++j) {
    const GangMix& gang = spec.gangs[sizes.Next(&random)];
    Job job;
    job.id = fmt::format("j{}", j);
    job.queue = static_cast<std::uint32_t>(owners.Next(&random));
    job.tenant = job.queue;
    job.submit = arrivals[j];
    job.duration = DurationOf(spec, &random);
    job.cpu = gang.cpu;
    job.memory = gang.memory;
    job.pods = gang.pods;
    job.gpus = gang.gpus;
    job.milli = gang.milli;
    out.jobs.push_back(std::move(job));
  }
  return out;
}

}  // namespace fairlead::sim
