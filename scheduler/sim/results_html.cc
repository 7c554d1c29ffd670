// The report for people: one file that needs nothing else. The figures are in it as JSON; the page
// draws them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fairlead/base/json.h"
#include "fairlead/sim/results.h"
#include "scheduler/sim/report_page.h"

namespace fairlead::sim {
namespace {

// More lines than this nobody can tell apart: the smaller queues become one.
constexpr std::size_t kShownQueues = 15;

std::string Short(double value) {
  std::string text = fmt::format("{:.4f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// The queues that are shown, the largest first; then in order of name.
std::vector<std::size_t> Shown(const ReplayResult& run) {
  std::vector<std::size_t> order(run.queues.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() <= kShownQueues) return order;
  std::sort(order.begin(), order.end(), [&run](std::size_t a, std::size_t b) {
    const std::int64_t x = run.queues[a].gpu_milli_seconds;
    const std::int64_t y = run.queues[b].gpu_milli_seconds;
    return x != y ? x > y : a < b;
  });
  order.resize(kShownQueues - 1);
  std::sort(order.begin(), order.end());
  return order;
}

void WriteQueue(const QueueResult& queue, JsonWriter* json) {
  json->BeginObject().Field("name", queue.queue).Field("jobs", queue.jobs);
  json->Key("mean").Raw(MeanText(queue.wait.sum, queue.wait.count));
  json->Field("p50", queue.wait.p50).Field("p90", queue.wait.p90).Field("p99", queue.wait.p99);
  json->Field("max", queue.wait.max);
  json->Key("share").Raw(Short(queue.share)).Key("entitled").Raw(Short(queue.entitled));
  json->EndObject();
}

QueueResult Others(const ReplayResult& run, const std::vector<std::size_t>& shown) {
  QueueResult rest;
  std::size_t count = 0;
  for (std::size_t q = 0; q < run.queues.size(); ++q) {
    if (std::binary_search(shown.begin(), shown.end(), q)) continue;
    const QueueResult& queue = run.queues[q];
    ++count;
    rest.jobs += queue.jobs;
    rest.share += queue.share;
    rest.entitled += queue.entitled;
    rest.wait.sum += queue.wait.sum;
    rest.wait.count += queue.wait.count;
    rest.wait.max = std::max(rest.wait.max, queue.wait.max);
  }
  rest.queue = fmt::format("{} smaller queues", count);
  return rest;
}

// One list of numbers for each shown queue, and of the others' sum.
void WriteByQueue(std::string_view key, const ReplayResult& run,
                  const std::vector<std::size_t>& shown, std::vector<double> SeriesPoint::*values,
                  JsonWriter* json) {
  json->Key(key).BeginArray();
  for (const std::size_t q : shown) {
    json->BeginArray();
    for (const SeriesPoint& point : run.series) json->Raw(Short((point.*values)[q]));
    json->EndArray();
  }
  if (shown.size() < run.queues.size()) {
    json->BeginArray();
    for (const SeriesPoint& point : run.series) {
      double sum = std::accumulate((point.*values).begin(), (point.*values).end(), 0.0);
      for (const std::size_t q : shown) sum -= (point.*values)[q];
      json->Raw(Short(std::max(0.0, sum)));
    }
    json->EndArray();
  }
  json->EndArray();
}

void WriteRun(const ReplayResult& run, const std::string& point, JsonWriter* json) {
  const std::vector<std::size_t> shown = Shown(run);
  json->NewLine().BeginObject();
  const std::string label = run.order == "default" || run.placement == "pack"
                                ? run.order
                                : fmt::format("{}, {}", run.order, run.placement);
  json->Field("label", point.empty() ? label : label + " · " + point);
  json->Field("nodes", run.nodes).Field("gpus", run.gpu_milli / kWholeGpu);
  json->Field("seed", std::int64_t{run.seed}).Field("jobs", run.jobs);
  json->Key("mean").Raw(MeanText(run.wait.sum, run.wait.count));
  json->Field("p50", run.wait.p50).Field("p90", run.wait.p90).Field("p99", run.wait.p99);
  json->Field("max", run.wait.max).Field("waited", run.jobs_waited);
  json->Field("makespan", run.makespan).Key("util").Raw(Short(run.utilisation));
  json->Key("unfair")
      .Raw(fmt::format("{:.6f}", run.fairness_error))
      .Key("jain")
      .Raw(Short(run.jain));
  json->Field("evictions", run.evictions);
  json->Field("lost", run.preempted_gpu_milli_seconds / kWholeGpu);
  json->Field("tooLarge", static_cast<std::int64_t>(run.too_large.size()));
  json->Field("unfinished", run.unfinished);
  json->Key("queues").BeginArray();
  for (const std::size_t q : shown) WriteQueue(run.queues[q], json);
  if (shown.size() < run.queues.size()) WriteQueue(Others(run, shown), json);
  json->EndArray().Key("hist").BeginArray();
  for (const std::int64_t count : run.wait_histogram) json->Int(count);
  json->EndArray().Key("t").BeginArray();
  for (const SeriesPoint& each : run.series) json->Int(each.at);
  json->EndArray().Key("u").BeginArray();
  for (const SeriesPoint& each : run.series) json->Raw(Short(each.utilisation));
  json->EndArray().Key("depth").BeginArray();
  for (const SeriesPoint& each : run.series) json->Raw(fmt::format("{:.1f}", each.waiting_jobs));
  json->EndArray();
  WriteByQueue("share", run, shown, &SeriesPoint::share, json);
  WriteByQueue("entitled", run, shown, &SeriesPoint::entitled, json);
  json->EndObject();
}

// Mean curves over the seeds.
void WritePolicy(const Results& results, const SaturationSummary& row, JsonWriter* json) {
  std::vector<double> allocated;
  std::vector<double> fragmented;
  for (const SaturationResult& run : results.saturation) {
    if (run.policy != row.policy) continue;
    allocated.resize(run.allocated.size(), 0);
    fragmented.resize(run.fragmented.size(), 0);
    for (std::size_t i = 0; i < allocated.size(); ++i) {
      allocated[i] += run.allocated[i] / static_cast<double>(row.seeds);
      fragmented[i] += run.fragmented[i] / static_cast<double>(row.seeds);
    }
  }
  json->NewLine().BeginObject().Field("label", row.policy).Field("seeds", row.seeds);
  json->Key("alloc100").Raw(Short(row.mean_100)).Key("sd").Raw(Short(row.sd_100));
  json->Key("alloc130").Raw(Short(row.mean_130)).Key("frag100").Raw(Short(row.frag_100));
  json->Key("alloc").BeginArray();
  for (const double value : allocated) json->Raw(fmt::format("{:.2f}", value));
  json->EndArray().Key("frag").BeginArray();
  for (const double value : fragmented) json->Raw(fmt::format("{:.2f}", value));
  json->EndArray().EndObject();
}

void WritePoint(const PointSummary& point, JsonWriter* json) {
  std::string label = point.order;
  for (const auto& [key, value] : point.settings) label += fmt::format(", {} {}", key, value);
  json->NewLine().BeginObject().Field("label", label).Field("seeds", point.seeds);
  json->Key("wait").Raw(fmt::format("{:.2f}", point.wait_mean.mean));
  json->Key("half").Raw(fmt::format("{:.2f}", point.wait_mean.half));
  json->Key("util").Raw(Short(point.utilisation.mean));
  json->Key("utilHalf").Raw(Short(point.utilisation.half)).EndObject();
}

// In a script element, "<" of a text must not end it.
std::string Escaped(const std::string& json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

std::string ResultsHtml(const Results& results) {
  JsonWriter json;
  json.BeginObject().Field("name", results.name.empty() ? "Simulation" : results.name);
  json.Field("mode", results.mode == Mode::kReplay ? "replay" : "saturation");
  json.Field("interrupted", results.interrupted).Field("badRows", results.bad_rows);
  json.Key("runs").BeginArray();
  for (std::size_t i = 0; i < results.replay.size(); ++i) {
    WriteRun(results.replay[i], i < results.points.size() ? results.points[i] : "", &json);
  }
  for (const SaturationSummary& row : results.summary) WritePolicy(results, row, &json);
  json.NewLine().EndArray().NewLine().Key("points").BeginArray();
  for (const PointSummary& point : results.sweep) WritePoint(point, &json);
  json.NewLine().EndArray().EndObject();
  std::string page(ReportHead());
  page += Escaped(json.Take());
  page += ReportTail();
  return page;
}

}  // namespace fairlead::sim
