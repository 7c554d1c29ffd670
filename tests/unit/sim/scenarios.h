// Scenarios from text, for tests.
#pragma once

#include <string>
#include <vector>

#include "fairlead/config/config.h"
#include "fairlead/sim/scenario.h"
#include "fairlead/sim/simulate.h"

namespace fairlead::sim {

inline const std::string kTraces = std::string(FAIRLEAD_SOURCE_DIR) + "/bench/traces/";

inline Result<Scenario> ScenarioOf(const std::string& text,
                                   const std::vector<std::string>& settings = {}) {
  Result<yaml::Node> document = yaml::Parse(text, "s.yaml");
  if (!document) return document.error();
  for (const std::string& setting : settings) {
    if (Status status = ApplySetting(setting, &*document); !status) return status.error();
  }
  return ReadScenario(*document, "s.yaml", ReadPolicy);
}

inline Result<Results> RunOf(const std::string& text,
                             const std::vector<std::string>& settings = {}) {
  const Result<Scenario> scenario = ScenarioOf(text, settings);
  if (!scenario) return scenario.error();
  RunControl control;
  return Simulate(*scenario, &control);
}

}  // namespace fairlead::sim
