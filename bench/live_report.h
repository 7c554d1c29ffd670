// What the live benchmark found, as tables for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include "bench/live_runs.h"

namespace fairlead::bench {

struct Report {
  std::size_t nodes = 0;
  std::size_t pods = 0;
  std::vector<BindRun> binding;
  std::vector<LatencyRun> latency;
  std::vector<ReadyRun> ready;
};

double Median(std::vector<double> values);  // 0 if there are none
std::string ReportText(const Report& report);
std::string ReportJson(const Report& report);

}  // namespace fairlead::bench
