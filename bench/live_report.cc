#include "bench/live_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

namespace fairlead::bench {
namespace {

using e2e::Json;

// What the project promises; MISSED is printed where it is not kept.
constexpr double kMinPercentOfBare = 80;
constexpr double kMaxCpuPer1000 = 0.2;
constexpr double kMaxPeakMib = 150;
constexpr double kMaxP50Ms = 8;
constexpr double kMaxP99Ms = 50;
constexpr double kMaxReadyS = 3;

constexpr Mode kModes[] = {Mode::kBare,          Mode::kBareUser,      Mode::kFairleadSingle,
                           Mode::kFairleadGangs, Mode::kFairleadRacks, Mode::kFairleadWhole,
                           Mode::kKubeSingle};

bool IsFairlead(Mode mode) {
  return mode != Mode::kBare && mode != Mode::kBareUser && mode != Mode::kKubeSingle;
}

std::vector<double> Values(const std::vector<BindRun>& runs, Mode mode,
                           const std::function<double(const BindRun&)>& value) {
  std::vector<double> out;
  for (const BindRun& run : runs) {
    if (run.mode == mode) out.push_back(value(run));
  }
  return out;
}

std::string All(const std::vector<double>& values, int digits) {
  std::string text;
  for (const double value : values) {
    text += fmt::format("{}{:.{}f}", text.empty() ? "" : " ", value, digits);
  }
  return text;
}

std::string Goal(std::string_view what, double measured, std::string_view relation, double goal,
                 std::string_view unit) {
  const bool kept = relation == ">=" ? measured >= goal : measured <= goal;
  return fmt::format("  {:<58} {:>9.2f} {:<6} (goal {} {}) {}\n", what, measured, unit, relation,
                     goal, kept ? "ok" : "MISSED");
}

struct Column {
  const char* name;
  int digits;
  std::function<double(const BindRun&)> value;
};

const std::vector<Column>& Columns() {
  static const std::vector<Column> columns = {
      {"pods/s from start", 0, [](const BindRun& r) { return r.rate_from_start(); }},
      {"pods/s from first bound", 0, [](const BindRun& r) { return r.rate_from_first(); }},
      {"scheduler CPU-s per 1,000", 3, [](const BindRun& r) { return r.cpu_per_1000(); }},
      {"API server CPU-s", 1, [](const BindRun& r) { return r.cpu.api_server; }},
      {"etcd CPU-s", 1, [](const BindRun& r) { return r.cpu.etcd; }},
      {"this tool CPU-s", 1, [](const BindRun& r) { return r.cpu.self; }},
      {"these together CPU-s", 1,
       [](const BindRun& r) {
         return r.cpu.scheduler + r.cpu.api_server + r.cpu.etcd + r.cpu.self;
       }},
      {"scheduler peak MiB", 0, [](const BindRun& r) { return r.peak_mib; }},
      {"machine used by others %", 0, [](const BindRun& r) { return r.other_share * 100; }},
  };
  return columns;
}

std::string BindingText(const Report& report) {
  std::string text = fmt::format("Binding: {} pods that are there first, {} nodes x 8 GPUs\n",
                                 report.pods, report.nodes);
  for (const Mode mode : kModes) {
    if (Values(report.binding, mode, [](const BindRun&) { return 0.0; }).empty()) continue;
    text += fmt::format("\n {}\n", ModeName(mode));
    for (const Column& column : Columns()) {
      const auto values = Values(report.binding, mode, column.value);
      text += fmt::format("  {:<28} median {:>9.{}f}   runs: {}\n", column.name, Median(values),
                          column.digits, All(values, column.digits));
    }
  }
  text += "\n goals\n";
  const auto rate = [](const BindRun& r) { return r.rate_from_start(); };
  const double bare = Median(Values(report.binding, Mode::kBare, rate));
  for (const Mode mode : kModes) {
    const auto rates = Values(report.binding, mode, rate);
    if (!IsFairlead(mode) || rates.empty()) continue;
    const std::string name = ModeName(mode);
    text += Goal(name + ": part of the bare rate, from its start", Median(rates) / bare * 100,
                 ">=", kMinPercentOfBare, "%");
    text += Goal(
        name + ": scheduler CPU-s per 1,000 pods",
        Median(Values(report.binding, mode, [](const BindRun& r) { return r.cpu_per_1000(); })),
        "<=", kMaxCpuPer1000, "s");
    text += Goal(name + ": peak memory",
                 Median(Values(report.binding, mode, [](const BindRun& r) { return r.peak_mib; })),
                 "<=", kMaxPeakMib, "MiB");
  }
  return text + "\n";
}

std::string LatencyText(const Report& report) {
  std::string text;
  for (const LatencyRun& run : report.latency) {
    text += fmt::format("Latency at {} pods/s, {} pods: {} (others: {:.0f} % of the machine)\n",
                        run.per_second, run.pods, ModeName(run.mode), run.other_share * 100);
    const auto line = [&text](const char* what, const std::vector<double>& v) {
      text +=
          fmt::format("  {:<28} p50 {:.1f}  p90 {:.1f}  p99 {:.1f}  max {:.1f} ms\n", what,
                      Percentile(v, 50), Percentile(v, 90), Percentile(v, 99), Percentile(v, 100));
    };
    line("from sending the create", run.from_sent);
    line("from the create's answer", run.from_created);
    text += fmt::format("  CPU-s per 1,000 pods: scheduler {:.3f}, API server {:.1f}\n",
                        run.cpu.scheduler * 1000 / static_cast<double>(run.pods),
                        run.cpu.api_server * 1000 / static_cast<double>(run.pods));
    if (IsFairlead(run.mode)) {
      text += Goal("create to bound, p50", Percentile(run.from_sent, 50), "<=", kMaxP50Ms, "ms");
      text += Goal("create to bound, p99", Percentile(run.from_sent, 99), "<=", kMaxP99Ms, "ms");
    }
    text += "\n";
  }
  return text;
}

std::string ReadyText(const Report& report) {
  if (report.ready.empty()) return "";
  std::vector<double> seconds;
  std::vector<double> rss;
  std::vector<double> cpu;
  for (const ReadyRun& run : report.ready) {
    seconds.push_back(run.seconds);
    rss.push_back(run.memory.rss_mib);
    cpu.push_back(run.cpu_s);
  }
  std::string text =
      fmt::format("Time to ready: {} nodes, {} pods of another scheduler, {} of them bound\n",
                  report.nodes, report.nodes * kPodsPerNode, report.nodes * kBoundPerNode);
  text += fmt::format("  seconds: {}   CPU-s: {}   RSS MiB: {}\n", All(seconds, 2), All(cpu, 2),
                      All(rss, 0));
  text += Goal("start to ready", Median(seconds), "<=", kMaxReadyS, "s");
  text += Goal("memory when ready", Median(rss), "<=", kMaxPeakMib, "MiB");
  return text;
}

Json CpuJson(const CpuTimes& cpu) {
  return {{"scheduler", cpu.scheduler},
          {"api_server", cpu.api_server},
          {"etcd", cpu.etcd},
          {"tool", cpu.self},
          {"other", cpu.other}};
}

}  // namespace

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

std::string ReportText(const Report& report) {
  std::string text;
  if (!report.binding.empty()) text += BindingText(report);
  return text + LatencyText(report) + ReadyText(report);
}

std::string ReportJson(const Report& report) {
  Json json = {{"nodes", report.nodes}, {"pods", report.pods}};
  for (const BindRun& run : report.binding) {
    json["binding"].push_back({{"mode", ModeName(run.mode)},
                               {"pods_per_second", run.rate_from_start()},
                               {"pods_per_second_from_first", run.rate_from_first()},
                               {"cpu_seconds", CpuJson(run.cpu)},
                               {"scheduler_cpu_seconds_per_1000", run.cpu_per_1000()},
                               {"scheduler_peak_mib", run.peak_mib},
                               {"machine_used_by_others", run.other_share}});
  }
  const auto percentiles = [](const std::vector<double>& v) -> Json {
    return {{"p50", Percentile(v, 50)},
            {"p90", Percentile(v, 90)},
            {"p99", Percentile(v, 99)},
            {"max", Percentile(v, 100)}};
  };
  for (const LatencyRun& run : report.latency) {
    json["latency_ms"].push_back({{"mode", ModeName(run.mode)},
                                  {"pods_per_second", run.per_second},
                                  {"pods", run.pods},
                                  {"from_sent", percentiles(run.from_sent)},
                                  {"from_created", percentiles(run.from_created)},
                                  {"cpu_seconds", CpuJson(run.cpu)},
                                  {"machine_used_by_others", run.other_share}});
  }
  for (const ReadyRun& run : report.ready) {
    json["ready"].push_back({{"seconds", run.seconds},
                             {"rss_mib", run.memory.rss_mib},
                             {"peak_mib", run.memory.peak_mib},
                             {"cpu_seconds", run.cpu_s},
                             {"machine_used_by_others", run.other_share}});
  }
  return json.dump(2) + "\n";
}

}  // namespace fairlead::bench
