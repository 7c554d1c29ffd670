// The parts of a scenario, each read in a file of its own.
#pragma once

#include "fairlead/sim/scenario.h"

namespace fairlead::sim {

// scenario.cc
Result<std::int64_t> ParseWhole(const yaml::Node& node, std::int64_t min, std::int64_t max);
// Whole seconds, as a number or a duration.
void ReadSeconds(std::string_view key, std::int64_t min, yaml::MapReader* map, std::int64_t* out);

// scenario_parts.cc
void ReadShapeFields(yaml::MapReader* map, NodeSpec* out);
Status ReadShapes(const yaml::Node& list, const std::string& file,
                  std::vector<std::pair<NodeSpec, std::int64_t>>* out);
Status ReadGenerator(const yaml::Node& node, const std::string& file, GeneratorSpec* out);
Status ReadExperiments(const yaml::Node* sweep, const yaml::Node* find, const std::string& file,
                       Scenario* out);

}  // namespace fairlead::sim
