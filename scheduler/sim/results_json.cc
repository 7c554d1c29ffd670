// The results for machines. Its keys are an interface; bench/README.md lists them.
#include <fmt/format.h>

#include <algorithm>

#include "fairlead/base/json.h"
#include "fairlead/sim/results.h"

namespace fairlead::sim {
namespace {

constexpr std::size_t kNamedJobs = 100;

std::string Fixed(double value, int digits) { return fmt::format("{:.{}f}", value, digits); }

void Write(const SaturationResult& result, JsonWriter* json) {
  json->NewLine().BeginObject().Field("policy", result.policy);
  json->Field("seed", std::int64_t{result.seed});
  json->Key("alloc_pct_100").Raw(Fixed(result.alloc_100, 3));
  json->Key("alloc_pct_130").Raw(Fixed(result.alloc_130, 3));
  json->Key("frag_pct").BeginObject();
  json->Key("50").Raw(Fixed(result.frag_50, 3)).Key("80").Raw(Fixed(result.frag_80, 3));
  json->Key("100").Raw(Fixed(result.frag_100, 3)).EndObject().EndObject();
}

void Write(const SaturationSummary& row, JsonWriter* json) {
  json->NewLine().BeginObject().Field("policy", row.policy).Field("seeds", row.seeds);
  json->Key("alloc_pct_100").BeginObject();
  json->Key("mean").Raw(Fixed(row.mean_100, 3)).Key("sd").Raw(Fixed(row.sd_100, 3)).EndObject();
  json->Key("alloc_pct_130").BeginObject();
  json->Key("mean").Raw(Fixed(row.mean_130, 3)).Key("sd").Raw(Fixed(row.sd_130, 3)).EndObject();
  json->Key("frag_pct").BeginObject();
  json->Key("50").Raw(Fixed(row.frag_50, 3)).Key("80").Raw(Fixed(row.frag_80, 3));
  json->Key("100").Raw(Fixed(row.frag_100, 3)).EndObject();
  if (row.has_published) {
    json->Key("published").BeginObject();
    json->Key("alloc_pct_100").Raw(Fixed(row.published, 3));
    json->Key("tolerance").Raw(Fixed(row.tolerance, 1));
    json->Field("reproduced", row.Reproduced()).EndObject();
  }
  json->EndObject();
}

void Write(const Distribution& wait, JsonWriter* json) {
  json->Key("wait").BeginObject().Key("mean").Raw(MeanText(wait.sum, wait.count));
  json->Field("p50", wait.p50).Field("p90", wait.p90).Field("p95", wait.p95);
  json->Field("p99", wait.p99).Field("max", wait.max).EndObject();
}

void WriteNames(std::string_view key, const std::vector<std::string>& names, JsonWriter* json) {
  json->Key(key).BeginObject().Field("jobs", static_cast<std::int64_t>(names.size()));
  json->Key("ids").BeginArray();
  for (std::size_t i = 0; i < std::min(names.size(), kNamedJobs); ++i) json->String(names[i]);
  json->EndArray().EndObject();
}

void Write(const QueueResult& queue, JsonWriter* json) {
  json->NewLine().BeginObject().Field("queue", queue.queue).Field("jobs", queue.jobs);
  json->Field("started", queue.started);
  Write(queue.wait, json);
  json->Key("jct").BeginObject().Key("mean").Raw(MeanText(queue.jct_sum, queue.ended)).EndObject();
  json->Key("share").Raw(Fixed(queue.share, 6)).Key("entitled_share").Raw(Fixed(queue.entitled, 6));
  json->Key("fairness_error").Raw(Fixed(queue.error, 6));
  json->Field("gpu_seconds", queue.gpu_milli_seconds / kWholeGpu).EndObject();
}

void Write(const ReplayResult& result, const std::string& point, bool forecast, JsonWriter* json) {
  json->NewLine().BeginObject();
  if (!point.empty()) json->Field("point", point);
  json->Field("order", result.order).Field("policy", result.placement);
  json->Field("nodes", result.nodes).Field("seed", std::int64_t{result.seed});
  json->Field("jobs", result.jobs);
  Write(result.wait, json);
  json->Key("jct").BeginObject().Key("mean").Raw(MeanText(result.jct_sum, result.ended));
  json->EndObject();
  json->Key("slowdown").BeginObject().Key("mean").Raw(Fixed(result.slowdown_mean, 3));
  json->Key("p99").Raw(Fixed(result.slowdown_p99, 3)).EndObject();
  json->Field("makespan_s", result.makespan);
  json->Key("gpu_utilisation").Raw(Fixed(result.utilisation, 4));
  json->Field("jobs_waited", result.jobs_waited);
  json->Key("fairness_error").Raw(Fixed(result.fairness_error, 6));
  json->Key("jain").Raw(Fixed(result.jain, 6));
  json->Field("preempted_gpu_seconds", result.preempted_gpu_milli_seconds / kWholeGpu);
  json->Field("evictions", result.evictions);
  json->Field("longest_wait_over_8_gpus", result.longest_wait_many);
  json->Field("unfinished", result.unfinished);
  if (result.decisions > 0) json->Field("decisions", result.decisions);
  WriteNames("too_large", result.too_large, json);
  WriteNames("never_started", result.unstarted, json);
  if (forecast) {
    json->Key("forecast").BeginArray();
    for (const JobTimes& job : result.times) {
      if (job.ran_before) continue;
      json->NewLine().BeginObject().Field("id", job.id).Field("queue", job.queue).Key("start_s");
      job.start < 0 ? json->Null() : json->Int(job.start - job.submit);
      json->EndObject();
    }
    json->NewLine().EndArray();
  }
  json->Key("queues").BeginArray();
  for (const QueueResult& queue : result.queues) Write(queue, json);
  json->NewLine().EndArray().EndObject();
}

void Write(std::string_view key, const Band& band, int digits, JsonWriter* json) {
  json->Key(key).BeginObject().Key("mean").Raw(Fixed(band.mean, digits));
  json->Key("ci95").Raw(Fixed(band.half, digits)).EndObject();
}

void Write(const PointSummary& point, JsonWriter* json) {
  json->NewLine().BeginObject().Key("set").BeginObject();
  for (const auto& [key, value] : point.settings) json->Field(key, value);
  json->EndObject().Field("order", point.order).Field("policy", point.placement);
  json->Field("seeds", point.seeds);
  Write("wait_mean", point.wait_mean, 2, json);
  Write("wait_p99", point.wait_p99, 2, json);
  Write("jct_mean", point.jct_mean, 2, json);
  Write("gpu_utilisation", point.utilisation, 4, json);
  Write("fairness_error", point.fairness_error, 6, json);
  json->EndObject();
}

void Write(const FindResult& find, JsonWriter* json) {
  json->NewLine().Key("find").BeginObject().Field("vary", find.vary);
  json->Field("such_that", find.such_that).Key("value");
  find.value ? json->Int(*find.value) : json->Null();
  json->Key("tried").BeginArray();
  for (const FindResult::Tried& tried : find.tried) {
    json->NewLine().BeginObject().Field("value", tried.value);
    json->Key("figure").Raw(Fixed(tried.figure, 4)).Field("complete", tried.complete);
    json->Field("holds", tried.holds).EndObject();
  }
  json->EndArray().EndObject();
}

}  // namespace

std::string ResultsJson(const Results& results) {
  JsonWriter json;
  const bool replay = results.mode == Mode::kReplay;
  json.BeginObject().NewLine().Field("name", results.name);
  json.Field("mode", replay ? "replay" : "saturation");
  json.Field("interrupted", results.interrupted);
  json.Key("bad_rows").BeginObject().Field("count", results.bad_rows).Key("first").BeginArray();
  for (const Error& error : results.first_bad_rows) json.String(error.ToString());
  json.EndArray().EndObject();
  json.NewLine().Key("results").BeginArray();
  for (const SaturationResult& result : results.saturation) Write(result, &json);
  for (std::size_t i = 0; i < results.replay.size(); ++i) {
    Write(results.replay[i], i < results.points.size() ? results.points[i] : "", results.forecast,
          &json);
  }
  json.NewLine().EndArray();
  if (!results.sweep.empty()) {
    json.NewLine().Key("sweep").BeginArray();
    for (const PointSummary& point : results.sweep) Write(point, &json);
    json.NewLine().EndArray();
  }
  if (results.find) Write(*results.find, &json);
  if (!replay) {
    json.NewLine().Key("summary").BeginArray();
    for (const SaturationSummary& row : results.summary) Write(row, &json);
    json.NewLine().EndArray();
  }
  json.NewLine().EndObject();
  return json.Take() + "\n";
}

}  // namespace fairlead::sim
