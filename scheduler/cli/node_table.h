// How tables of nodes look: columns for people, JSON for programs. Pure text in, text out.
#pragma once

#include <string>

#include "fairlead/cycle/node_report.h"
#include "scheduler/cli/text.h"

namespace fairlead::cli {

// A header, a line for each node and one about all. GPUs are drawn one cell for each device: free,
// taken, or by how much of it is taken.
std::string NodesText(const NodesReport& report, const ScreenStyle& style);

// One line: {"at","version","nodes":[...],...}. Amounts are Kubernetes quantities as strings.
std::string NodesJson(const NodesReport& report);

}  // namespace fairlead::cli
