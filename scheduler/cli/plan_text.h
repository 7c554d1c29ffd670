// A plan as tables for people.
#pragma once

#include <string>

#include "fairlead/cycle/decide.h"

namespace fairlead::cli {

// `colour`: with terminal colours.
std::string PlanToText(const Snapshot& snapshot, const Decision& decision, bool colour);

}  // namespace fairlead::cli
