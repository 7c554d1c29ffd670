// The saturation experiment on the published lists, beside the published results.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/saturation/run.h"
#include "fairlead/base/json.h"

namespace fairlead::saturation {
namespace {

constexpr std::array<std::string_view, 9> kLists = {"default",    "cpu050",      "cpu100",
                                                    "gpushare40", "gpushare100", "gpuspec10",
                                                    "gpuspec33",  "multigpu20",  "multigpu50"};
// Names in the published results, and how far from their mean a reproduction may be, in points.
constexpr std::array<std::string_view, 7> kPublishedNames = {
    "Random", "DotProd", "GpuClustering", "GpuPacking", "BestFit", "FGD", ""};
constexpr std::array<double, 7> kTolerances = {0.7, 0.7, 1.0, 1.0, 0.5, 0.4, 0};
constexpr std::uint32_t kFirstSeed = 42;

struct Options {
  std::string traces;
  std::vector<std::string> lists{kLists.begin(), kLists.end()};
  std::vector<std::string> policies{kPolicyNames.begin(), kPolicyNames.end()};
  std::uint32_t seeds = 10;
  bool json = false;
};

// Means over the seeds, in per cent of the capacity.
struct Result {
  double allocated_100 = 0, allocated_130 = 0;
  double fragmented_50 = 0, fragmented_80 = 0, fragmented_100 = 0;
};

using Published = std::map<std::pair<std::string, std::string>, double>;

// alloc(100) by list and policy; empty where the file is not there.
Published ReadPublished(const std::string& path) {
  Published published;
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    for (std::size_t begin = 0; begin <= line.size();) {
      const std::size_t end = std::min(line.find(',', begin), line.size());
      cells.push_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
    if (cells.size() < 6 || cells[2] != "alloc_pct" || cells[3] != "100") continue;
    published[{cells[0], cells[1]}] = std::strtod(cells[5].c_str(), nullptr);
  }
  return published;
}

Result Mean(const Workload& workload, PolicyKind policy, std::uint32_t seeds) {
  Result mean;
  for (std::uint32_t seed = kFirstSeed; seed < kFirstSeed + seeds; ++seed) {
    const Curve curve = Saturate(workload, policy, seed);
    mean.allocated_100 += curve.allocated[100] / seeds;
    mean.allocated_130 += curve.allocated[130] / seeds;
    mean.fragmented_50 += curve.fragmented[50] / seeds;
    mean.fragmented_80 += curve.fragmented[80] / seeds;
    mean.fragmented_100 += curve.fragmented[100] / seeds;
  }
  return mean;
}

std::size_t IndexOf(std::string_view policy) {
  return static_cast<std::size_t>(std::find(kPolicyNames.begin(), kPolicyNames.end(), policy) -
                                  kPolicyNames.begin());
}

// Of one list and policy.
struct Row {
  std::string list;
  std::size_t policy = 0;
  Result mean;
  std::optional<double> published;

  double Off() const { return mean.allocated_100 - *published; }
  bool Within() const { return !published || std::abs(Off()) <= kTolerances[policy]; }
};

void PrintHeader() {
  fmt::print("{:<12} {:<11} {:>10} {:>10} {:>8} {:>8} {:>9}  {}\n", "list", "policy", "alloc(100)",
             "alloc(130)", "frag(50)", "frag(80)", "frag(100)", "published");
}

// The published mean, how far this one is from it, and "!" where that is beyond the tolerance.
void Print(const Row& row) {
  const Result& mean = row.mean;
  fmt::print("{:<12} {:<11} {:>10.2f} {:>10.2f} {:>8.2f} {:>8.2f} {:>9.2f}", row.list,
             kPolicyNames[row.policy], mean.allocated_100, mean.allocated_130, mean.fragmented_50,
             mean.fragmented_80, mean.fragmented_100);
  if (row.published) {
    fmt::print("  {:>6.2f} {:+.2f}{}", *row.published, row.Off(), row.Within() ? "" : " !");
  }
  fmt::print("\n");
  (void)std::fflush(stdout);
}

void PrintMeans(const std::vector<Row>& rows) {
  for (std::size_t policy = 0; policy < kPolicyNames.size(); ++policy) {
    double sum = 0;
    double count = 0;
    for (const Row& row : rows) {
      if (row.policy != policy) continue;
      sum += row.mean.allocated_100;
      ++count;
    }
    if (count > 0) {
      fmt::print("{:<12} {:<11} {:>10.2f}\n", "mean", kPolicyNames[policy], sum / count);
    }
  }
}

std::string ToJson(const std::vector<Row>& rows) {
  const auto number = [](double value) { return fmt::format("{:.3f}", value); };
  JsonWriter json;
  json.BeginArray();
  for (const Row& row : rows) {
    json.BeginObject().Field("list", row.list).Field("policy", kPolicyNames[row.policy]);
    json.Field("alloc_100", number(row.mean.allocated_100));
    json.Field("alloc_130", number(row.mean.allocated_130));
    json.Field("frag_50", number(row.mean.fragmented_50));
    json.Field("frag_80", number(row.mean.fragmented_80));
    json.Field("frag_100", number(row.mean.fragmented_100));
    if (row.published) json.Field("published_alloc_100", number(*row.published));
    json.EndObject();
  }
  json.EndArray();
  return json.Take();
}

// Appends a row for each policy on the list.
Status RunList(const Options& options, const std::string& list, const Published& published,
               std::vector<Row>* rows) {
  const auto workload =
      ReadWorkload(options.traces + "/openb_node_list_gpu_node.csv.gz",
                   fmt::format("{}/openb_pod_list_{}.csv.gz", options.traces, list));
  if (!workload.ok()) return workload.error();
  for (const std::string& policy : options.policies) {
    Row& row = rows->emplace_back();
    row.list = list;
    row.policy = IndexOf(policy);
    row.mean = Mean(*workload, static_cast<PolicyKind>(row.policy), options.seeds);
    const auto it = published.find({list, std::string(kPublishedNames[row.policy])});
    if (it != published.end()) row.published = it->second;
    if (!options.json) Print(row);
  }
  return Ok{};
}

int RunAll(const Options& options) {
  const Published published = ReadPublished(options.traces + "/expected_fgd_atc23.csv");
  if (!options.json) PrintHeader();
  std::vector<Row> rows;
  for (const std::string& list : options.lists) {
    if (const Status status = RunList(options, list, published, &rows); !status.ok()) {
      fmt::print(stderr, "{}\n", status.error().ToString());
      return 2;
    }
  }
  if (options.json) {
    fmt::print("{}\n", ToJson(rows));
  } else {
    PrintMeans(rows);
  }
  return std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.Within(); }) ? 0 : 3;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Placement policies on a cluster that fills up (FGD, ATC 2023). Exit code 3: a published "
      "mean "
      "is not reproduced within its tolerance.\n\n"
      "  fairlead-saturation --traces ../openb\n"
      "  fairlead-saturation --traces ../openb --lists default --policies fgd,default --json");
  app.add_option("--traces", options.traces,
                 "Folder of openb_node_list_gpu_node.csv.gz and openb_pod_list_*.csv.gz")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--lists", options.lists, "Lists of pods")->delimiter(',');
  const std::vector<std::string> names(kPolicyNames.begin(), kPolicyNames.end());
  app.add_option("--policies", options.policies, "Policies")
      ->delimiter(',')
      ->check(CLI::IsMember(names));
  app.add_option("--seeds", options.seeds, "Runs of each, from seed 42 on")
      ->check(CLI::Range(1, 1000));
  app.add_flag("--json", options.json, "For machines");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return RunAll(options);
}

}  // namespace
}  // namespace fairlead::saturation

int main(int argc, char** argv) {
  try {
    return fairlead::saturation::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fairlead-saturation: %s\n", error.what());
    return 1;
  }
}
