#include "fairlead/sim/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include "scheduler/sim/point_store.h"

namespace fairlead::sim {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

// The product, the last key varying fastest.
std::vector<Settings> PointsOf(const SweepSpec& sweep) {
  std::vector<Settings> points = {{}};
  for (const auto& [key, values] : sweep.vary) {
    std::vector<Settings> longer;
    longer.reserve(points.size() * values.size());
    for (const Settings& point : points) {
      for (const std::string& value : values) {
        longer.push_back(point);
        longer.back().emplace_back(key, value);
      }
    }
    points = std::move(longer);
  }
  return points;
}

std::string Label(const Settings& settings) {
  std::string label;
  for (const auto& [key, value] : settings) {
    label += fmt::format("{}{}={}", label.empty() ? "" : ", ", key, value);
  }
  return label;
}

// The scenario of a point: the document without `sweep` and `find`, with the point's settings.
Result<yaml::Node> DocumentOf(const yaml::Node& document, const Settings& settings) {
  yaml::Node point = document;
  std::erase_if(point.members, [](const auto& member) {
    return member.first == "sweep" || member.first == "find";
  });
  for (const auto& [key, value] : settings) {
    if (Status status = ApplySetting(fmt::format("{}={}", key, value), &point); !status)
      return status.error();
  }
  return point;
}

// Two-sided 95 % of Student's distribution by degrees of freedom.
double Student(std::int64_t freedom) {
  static constexpr std::array<double, 15> kValues = {12.706, 4.303, 3.182, 2.776, 2.571,
                                                     2.447,  2.365, 2.306, 2.262, 2.228,
                                                     2.201,  2.179, 2.160, 2.145, 2.131};
  if (freedom < 1) return 0;
  const auto at = static_cast<std::size_t>(freedom - 1);
  return at < kValues.size() ? kValues[at] : 1.96 + 2.5 / static_cast<double>(freedom);
}

Band BandOf(const std::vector<double>& values) {
  Band band;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) band.mean += value / n;
  if (values.size() < 2) return band;
  double squares = 0;
  for (const double value : values) squares += (value - band.mean) * (value - band.mean);
  band.half =
      Student(static_cast<std::int64_t>(values.size()) - 1) * std::sqrt(squares / (n - 1) / n);
  return band;
}

double Mean(std::int64_t sum, std::int64_t count) {
  return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
}

class Sweep {
 public:
  Sweep(const Scenario& scenario, const yaml::Node& document, const PolicyReader& read_policy,
        const ExperimentOptions& options, RunControl* control)
      : scenario_(scenario),
        document_(document),
        read_policy_(read_policy),
        options_(options),
        control_(*control),
        points_(PointsOf(*scenario.sweep)),
        results_(points_.size()) {}

  Result<Results> Run() {
    std::vector<std::thread> workers;
    const std::size_t count = std::clamp<std::size_t>(options_.workers, 1, points_.size());
    workers.reserve(count);
    for (std::size_t w = 1; w < count; ++w) workers.emplace_back([this] { Work(); });
    Work();
    for (std::thread& worker : workers) worker.join();
    if (error_) return *error_;
    Results out;
    out.name = scenario_.name;
    out.mode = scenario_.mode;
    out.interrupted = control_.stopped;
    for (std::size_t p = 0; p < points_.size(); ++p) Append(p, &out);
    return out;
  }

 private:
  void Work() {
    while (true) {
      const std::size_t point = next_.fetch_add(1);
      if (point >= points_.size() || Stopped()) return;
      Result<Results> results = RunPoint(point);
      const std::lock_guard lock(mutex_);
      if (!results) {
        if (!error_) error_ = results.error();
        return;
      }
      if (!results->interrupted) results_[point] = std::move(*results);
      control_.Progress(++done_, points_.size());
    }
  }

  bool Stopped() {
    const std::lock_guard lock(mutex_);
    return error_ || control_.Stopped();
  }

  Result<Results> RunPoint(std::size_t index) {
    const Result<yaml::Node> document = DocumentOf(document_, points_[index]);
    if (!document) return document.error();
    const Result<Scenario> scenario =
        ReadScenario(*document, scenario_.file, read_policy_, scenario_.given);
    if (!scenario) return scenario.error();
    if (scenario->mode != Mode::kReplay) {
      Error error;
      error.message = "sweeps are of replays; a saturation has lists of placements and seeds";
      error.file = scenario_.file;
      error.field = "sweep";
      return error;
    }
    const PointStore store(options_.resume_dir, *scenario, yaml::ToJson(*document));
    if (std::optional<Results> known = store.Load()) return std::move(*known);
    RunControl part;
    part.stop = [this] { return Stopped(); };
    Result<Results> results = Simulate(*scenario, &part);
    if (results && !results->interrupted && results->bad_rows == 0) {
      if (Status status = store.Save(*results); !status) return status.error();
    }
    return results;
  }

  void Append(std::size_t point, Results* out) {
    if (!results_[point]) return;
    Results& results = *results_[point];
    std::vector<std::pair<std::string, std::string>> kinds;  // order and placement
    for (const ReplayResult& run : results.replay) {
      const std::pair<std::string, std::string> kind{run.order, run.placement};
      if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) kinds.push_back(kind);
    }
    for (const auto& [order, placement] : kinds) {
      PointSummary summary{points_[point], order, placement, 0, {}, {}, {}, {}, {}};
      std::array<std::vector<double>, 5> values;
      for (const ReplayResult& run : results.replay) {
        if (run.order != order || run.placement != placement) continue;
        ++summary.seeds;
        values[0].push_back(Mean(run.wait.sum, run.wait.count));
        values[1].push_back(static_cast<double>(run.wait.p99));
        values[2].push_back(run.utilisation);
        values[3].push_back(run.fairness_error);
        values[4].push_back(Mean(run.jct_sum, run.ended));
      }
      summary.wait_mean = BandOf(values[0]);
      summary.wait_p99 = BandOf(values[1]);
      summary.utilisation = BandOf(values[2]);
      summary.fairness_error = BandOf(values[3]);
      summary.jct_mean = BandOf(values[4]);
      out->sweep.push_back(std::move(summary));
    }
    for (ReplayResult& run : results.replay) {
      out->replay.push_back(std::move(run));
      out->points.push_back(Label(points_[point]));
    }
    out->bad_rows = std::max(out->bad_rows, results.bad_rows);
    if (out->first_bad_rows.empty()) out->first_bad_rows = results.first_bad_rows;
  }

  const Scenario& scenario_;
  const yaml::Node& document_;
  const PolicyReader& read_policy_;
  const ExperimentOptions& options_;
  RunControl& control_;  // under mutex_ while workers run
  std::vector<Settings> points_;
  std::vector<std::optional<Results>> results_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::size_t done_ = 0;        // under mutex_
  std::optional<Error> error_;  // under mutex_
};

// "wait.mean <= 600"
struct Condition {
  std::string figure;
  std::string comparison;
  double bound = 0;

  bool Holds(double value) const {
    if (comparison == "<=") return value <= bound;
    if (comparison == "<") return value < bound;
    if (comparison == ">=") return value >= bound;
    return value > bound;
  }
};

Result<Condition> ParseCondition(const Scenario& scenario) {
  const std::string& text = scenario.find->such_that;
  Condition out;
  const std::size_t at = text.find_first_of("<>");
  const std::size_t end = text.find_first_not_of("<>=", at);
  out.figure = text.substr(0, text.find_last_not_of(' ', at - 1) + 1);
  out.comparison = text.substr(at, end - at);
  char* rest = nullptr;
  out.bound = std::strtod(text.c_str() + end, &rest);
  const bool known = out.comparison == "<=" || out.comparison == "<" || out.comparison == ">=" ||
                     out.comparison == ">";
  const Result<double> figure = FigureOf(ReplayResult{}, out.figure);
  if (known && *rest == '\0' && figure) return out;
  Error error;
  error.file = scenario.file;
  error.field = "find.such_that";
  error.message = figure ? fmt::format("'{}': expected such as wait.mean <= 600", text)
                         : figure.error().message;
  return error;
}

class Search {
 public:
  Search(const Scenario& scenario, const yaml::Node& document, const PolicyReader& read_policy,
         RunControl* control)
      : spec_(*scenario.find),
        scenario_(scenario),
        document_(document),
        read_policy_(read_policy),
        control_(*control) {}

  // What holds of a value holds of every greater one (smallest) or smaller one (largest): the ends
  // are tried first, then the middle again and again.
  Result<Results> Run() {
    const Result<Condition> condition = ParseCondition(scenario_);
    if (!condition) return condition.error();
    condition_ = *condition;
    out_.vary = spec_.vary;
    out_.such_that = spec_.such_that;
    std::int64_t good = spec_.smallest ? spec_.most : spec_.least;
    std::int64_t bad = spec_.smallest ? spec_.least : spec_.most;
    if (Try(good)) {
      out_.value = good;
      if (good != bad && Try(bad)) out_.value = good = bad;
      while (std::abs(good - bad) > 1 && !error_ && !control_.Stopped()) {
        const std::int64_t middle = bad + (good - bad) / 2;
        (Try(middle) ? good : bad) = middle;
      }
      out_.value = good;
    }
    if (error_) return *error_;
    Results results;
    const auto best = out_.value ? runs_.find(*out_.value) : runs_.end();
    if (best != runs_.end()) results = std::move(best->second);
    results.name = scenario_.name;
    results.interrupted = control_.stopped;
    results.find = std::move(out_);
    return results;
  }

 private:
  bool Try(std::int64_t value) {
    if (error_ || control_.Stopped()) return false;
    const Settings settings = {{spec_.vary, std::to_string(value)}};
    const Result<yaml::Node> document = DocumentOf(document_, settings);
    if (!document) return Fail(document.error());
    const Result<Scenario> scenario =
        ReadScenario(*document, scenario_.file, read_policy_, scenario_.given);
    if (!scenario) return Fail(scenario.error());
    Result<Results> results = Simulate(*scenario, &control_);
    if (!results) return Fail(results.error());
    if (results->interrupted || results->replay.empty()) return false;
    FindResult::Tried tried;
    tried.value = value;
    tried.complete = true;
    for (const ReplayResult& run : results->replay) {
      tried.figure +=
          *FigureOf(run, condition_.figure) / static_cast<double>(results->replay.size());
      // Jobs that do not run wait for no time: a cluster that is too small must not pass.
      const bool all = run.too_large.empty() && run.unfinished == 0;
      tried.complete = tried.complete && all;
    }
    tried.holds = tried.complete && condition_.Holds(tried.figure);
    out_.tried.push_back(tried);
    if (tried.holds) runs_[value] = std::move(*results);
    return tried.holds;
  }

  bool Fail(const Error& error) {
    error_ = error;
    return false;
  }

  const FindSpec& spec_;
  const Scenario& scenario_;
  const yaml::Node& document_;
  const PolicyReader& read_policy_;
  RunControl& control_;
  Condition condition_;
  FindResult out_;
  std::map<std::int64_t, Results> runs_;  // of the values for which the condition holds
  std::optional<Error> error_;
};

}  // namespace

Result<double> FigureOf(const ReplayResult& run, const std::string& name) {
  const std::array<std::pair<std::string_view, double>, 17> figures = {{
      {"wait.mean", Mean(run.wait.sum, run.wait.count)},
      {"wait.p50", static_cast<double>(run.wait.p50)},
      {"wait.p90", static_cast<double>(run.wait.p90)},
      {"wait.p95", static_cast<double>(run.wait.p95)},
      {"wait.p99", static_cast<double>(run.wait.p99)},
      {"wait.max", static_cast<double>(run.wait.max)},
      {"jct.mean", Mean(run.jct_sum, run.ended)},
      {"slowdown.mean", run.slowdown_mean},
      {"slowdown.p99", run.slowdown_p99},
      {"makespan_s", static_cast<double>(run.makespan)},
      {"gpu_utilisation", run.utilisation},
      {"jobs_waited", static_cast<double>(run.jobs_waited)},
      {"fairness_error", run.fairness_error},
      {"jain", run.jain},
      {"evictions", static_cast<double>(run.evictions)},
      {"preempted_gpu_seconds", static_cast<double>(run.preempted_gpu_milli_seconds) / kWholeGpu},
      {"longest_wait_over_8_gpus", static_cast<double>(run.longest_wait_many)},
  }};
  for (const auto& [known, value] : figures) {
    if (known == name) return value;
  }
  Error error;
  error.message = fmt::format("'{}': expected one of ", name);
  for (const auto& [known, value] : figures) {
    error.message += fmt::format("{}{}", known == figures.front().first ? "" : ", ", known);
  }
  return error;
}

Result<Results> RunExperiment(const Scenario& scenario, const yaml::Node& document,
                              const PolicyReader& read_policy, const ExperimentOptions& options,
                              RunControl* control) {
  if (scenario.sweep) return Sweep(scenario, document, read_policy, options, control).Run();
  if (scenario.find) return Search(scenario, document, read_policy, control).Run();
  return Simulate(scenario, control);
}

}  // namespace fairlead::sim
