// Experiments: many runs of one scenario. A sweep runs the product of its settings; a search varies
// one number until a condition just holds. Without either the scenario is run once.
#pragma once

#include <string>

#include "fairlead/sim/simulate.h"

namespace fairlead::sim {

struct ExperimentOptions {
  std::size_t workers = 1;  // points that run at the same time
  // Finished points of a sweep are kept in this folder and taken from there when it runs again;
  // empty: nowhere.
  std::string resume_dir;
};

// `document`: the scenario with what the command line set. The scenario of `document` itself is
// `scenario`. A search sees every seed; its figure is their mean.
Result<Results> RunExperiment(const Scenario& scenario, const yaml::Node& document,
                              const PolicyReader& read_policy, const ExperimentOptions& options,
                              RunControl* control);

// A figure of a run by the name that it has in the JSON: "wait.mean", "gpu_utilisation", ... Error:
// there is none of that name.
Result<double> FigureOf(const ReplayResult& run, const std::string& name);

// archive.cc: a run as text and back, exactly.
std::string SaveRun(const ReplayResult& run);
Result<ReplayResult> LoadRun(const std::string& text);

}  // namespace fairlead::sim
