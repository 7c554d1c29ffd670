#include "scheduler/sim/published.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>

#include "scheduler/sim/table.h"

namespace fairlead::sim {
namespace {

// Our name, the file's, and how many points a mean of ten seeds may be off.
struct Counterpart {
  std::string_view policy;
  std::string_view published;
  double tolerance;
};
constexpr std::array<Counterpart, 6> kCounterparts = {{
    {"random", "Random", 0.7},
    {"dotprod", "DotProd", 0.7},
    {"clustering", "GpuClustering", 1.0},
    {"packing", "GpuPacking", 1.0},
    {"bestfit", "BestFit", 0.5},
    {"fgd", "FGD", 0.4},
}};

Error ErrorIn(const std::string& file, std::string message) {
  Error error;
  error.message = std::move(message);
  error.file = file;
  return error;
}

// openb_pod_list_cpu050.csv.gz is cpu050.
std::string ListOf(std::string_view path) {
  constexpr std::string_view kPrefix = "pod_list_";
  const std::size_t at = path.rfind(kPrefix);
  if (at == std::string_view::npos) return "";
  path.remove_prefix(at + kPrefix.size());
  return std::string(path.substr(0, path.find('.')));
}

}  // namespace

Result<PublishedMeans> ReadPublished(const ExpectSpec& spec, const std::string& pods) {
  PublishedMeans out;
  out.file_ = spec.file;
  out.list_ = spec.list.empty() ? ListOf(pods) : spec.list;
  if (out.list_.empty()) {
    return ErrorIn(spec.file, "which list of pods is it: expected expect.list in the scenario");
  }
  Workload bad;
  const Status status = ReadTable(
      spec.file, {},
      [&](Columns* columns) -> ReadRow {
        const std::size_t list = columns->Need("workload");
        const std::size_t policy = columns->Need("policy");
        const std::size_t metric = columns->Need("metric");
        const std::size_t arrived = columns->Need("arrived_pct");
        const std::size_t mean = columns->Need("mean");
        return [&out, list, policy, metric, arrived, mean](Row* row) {
          const bool ours = row->Text(list) == out.list_ && row->Text(metric) == "alloc_pct" &&
                            row->Text(arrived) == "100";
          if (!ours) return;
          const std::string text(row->Text(mean));
          char* end = nullptr;
          const double value = std::strtod(text.c_str(), &end);
          if (text.empty() || *end != '\0') {
            row->Fail(mean, fmt::format("'{}': expected a number", text));
          }
          out.means_[std::string(row->Text(policy))] = value;
        };
      },
      &bad);
  if (!status) return status.error();
  if (out.means_.empty()) {
    return ErrorIn(spec.file,
                   fmt::format("has no alloc_pct at 100 of the list '{}': nothing to compare with",
                               out.list_));
  }
  return out;
}

Status PublishedMeans::Compare(std::vector<SaturationSummary>* summary) const {
  for (SaturationSummary& row : *summary) {
    for (const Counterpart& counterpart : kCounterparts) {
      if (counterpart.policy != row.policy) continue;
      const auto it = means_.find(std::string(counterpart.published));
      if (it == means_.end()) {
        return ErrorIn(file_, fmt::format("has no alloc_pct at 100 of the list '{}' by {}: nothing "
                                          "to compare with",
                                          list_, counterpart.published));
      }
      row.has_published = true;
      row.published = it->second;
      row.tolerance = counterpart.tolerance;
    }
  }
  return Ok{};
}

}  // namespace fairlead::sim
