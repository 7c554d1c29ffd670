// The metrics of queues and of GPUs, made of the latest table whenever they are asked for: setting
// a table costs the engine nothing, and the series of a queue vanish with it.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "fairlead/cycle/node_report.h"
#include "fairlead/cycle/queue_report.h"

namespace fairlead {

// In Prometheus' base units: cores, bytes, GPUs, counts, seconds, ratios. A queue has a series for
// every resource that any of its amounts names, in all six families.
std::vector<prometheus::MetricFamily> QueueFamilies(const QueueTable& table);

// Of all nodes; nothing where they have no GPUs.
std::vector<prometheus::MetricFamily> GpuFamilies(const NodesReport& nodes);

}  // namespace fairlead
