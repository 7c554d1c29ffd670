// The measurements of the live benchmark. Each takes a control plane with nodes and without pods,
// and leaves it so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bench/live_processes.h"

namespace fairlead::bench {

// Who binds, and in what units.
enum class Mode {
  kBare,
  kBareUser,
  kFairleadSingle,
  kFairleadGangs,
  kFairleadRacks,  // gangs, each in one rack
  kFairleadWhole,  // pods of a whole node, an eighth as many
  kKubeSingle,
};
const char* ModeName(Mode mode);

struct BindRun {
  Mode mode = Mode::kBare;
  std::size_t pods = 0;
  double start_s = 0;  // scheduler's start (bare: first request) to the last pod seen bound
  double first_s = 0;  // first to last pod seen bound
  CpuTimes cpu;        // over start_s
  double peak_mib = 0;
  double other_share = 0;  // part of the machine that others used, 0 ... 1

  double rate_from_start() const { return static_cast<double>(pods) / start_s; }
  double rate_from_first() const { return static_cast<double>(pods) / first_s; }
  double cpu_per_1000() const { return cpu.scheduler * 1000 / static_cast<double>(pods); }
};

// Creates the pods, then starts who binds them, waits for all and deletes them.
std::optional<BindRun> MeasureBinding(const e2e::ControlPlane& plane, Mode mode, std::size_t pods,
                                      std::size_t nodes);

struct LatencyRun {
  Mode mode = Mode::kFairleadSingle;
  std::size_t pods = 0;
  int per_second = 0;
  // Milliseconds from sending the create, and from its answer, to the pod seen bound; sorted.
  std::vector<double> from_sent, from_created;
  CpuTimes cpu;
  double other_share = 0;
};
// Of a sorted list, by nearest rank.
double Percentile(const std::vector<double>& sorted, int percent);

// An open loop: every pod is created at its time, however the earlier ones fare.
std::optional<LatencyRun> MeasureLatency(const e2e::ControlPlane& plane, Mode mode, int per_second,
                                         int for_seconds);

struct ReadyRun {
  double seconds = 0;  // process start to 200 from /readyz
  Memory memory;       // at that moment
  double cpu_s = 0;
  double other_share = 0;
};
inline constexpr std::size_t kPodsPerNode = 10;
inline constexpr std::size_t kBoundPerNode = 8;
// Fills the cluster with pods of another scheduler, kPodsPerNode for every node and kBoundPerNode
// of them bound, so that nothing is to be decided. They stay.
bool FillForReady(const e2e::ControlPlane& plane, std::size_t nodes);
std::optional<ReadyRun> MeasureReady(const e2e::ControlPlane& plane);

// Progress, on stderr.
void Say(const std::string& text);

}  // namespace fairlead::bench
