// Traces, by format. Each loader reads the columns that its format names and makes jobs of the
// rows; a bad row is an error with file, line, column and reason, or is left out and counted.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/sim/scenario.h"
#include "fairlead/sim/workload.h"

namespace fairlead::sim {

// Nodes of the published list openb (sn, cpu_milli, memory_mib, gpu, model).
Result<std::vector<NodeSpec>> ReadNodeList(const std::string& path);

// What `spec` names, read or generated. Jobs are in the order of the trace, ids are unique.
// openb of `pods`; the others of `jobs`.
Result<Workload> LoadWorkload(const WorkloadSpec& spec, std::uint32_t seed);

// One loader each.
Status ReadOpenb(const std::string& path, bool skip_bad, Workload* out);
Status ReadPhilly(const std::string& path, bool skip_bad, Workload* out);
Status ReadHelios(const std::string& path, bool skip_bad, Workload* out);
Status ReadPai2020(const std::string& path, bool skip_bad, Workload* out);
Status ReadSwf(const std::string& path, bool skip_bad, Workload* out);
Status ReadCsv(const std::string& path, bool skip_bad, Workload* out);

// generator.cc
Workload Generate(const GeneratorSpec& spec, std::uint32_t seed);

}  // namespace fairlead::sim
