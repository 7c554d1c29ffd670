// The saturation experiment on the published lists, beside the published results.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
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

// "95.23 -0.03": the published mean and how far this one is from it; "!" beyond the tolerance.
std::string Beside(const Published& published, const std::string& list, std::size_t policy,
                   double allocated, bool* within) {
  const auto it = published.find({list, std::string(kPublishedNames[policy])});
  if (it == published.end()) return "";
  const double off = allocated - it->second;
  const bool fine = std::abs(off) <= kTolerances[policy];
  *within = *within && fine;
  return fmt::format("{:6.2f} {:+.2f}{}", it->second, off, fine ? "" : " !");
}

int RunAll(const Options& options) {
  const Published published = ReadPublished(options.traces + "/expected_fgd_atc23.csv");
  std::map<std::string, std::vector<double>> means;
  bool within = true;
  JsonWriter json;
  json.BeginArray();
  if (!options.json) {
    fmt::print("{:<12} {:<11} {:>10} {:>10} {:>8} {:>8} {:>8}  {}\n", "list", "policy",
               "alloc(100)", "alloc(130)", "frag(50)", "frag(80)", "frag(100)", "published");
  }
  for (const std::string& list : options.lists) {
    const auto workload =
        ReadWorkload(options.traces + "/openb_node_list_gpu_node.csv.gz",
                     fmt::format("{}/openb_pod_list_{}.csv.gz", options.traces, list));
    if (!workload.ok()) {
      fmt::print(stderr, "{}\n", workload.error().ToString());
      return 2;
    }
    for (const std::string& policy : options.policies) {
      const std::size_t index = IndexOf(policy);
      const Result mean = Mean(*workload, static_cast<PolicyKind>(index), options.seeds);
      means[policy].push_back(mean.allocated_100);
      const std::string beside = Beside(published, list, index, mean.allocated_100, &within);
      if (options.json) {
        const auto number = [](double value) { return fmt::format("{:.3f}", value); };
        json.BeginObject().Field("list", list).Field("policy", policy);
        json.Field("alloc_100", number(mean.allocated_100));
        json.Field("alloc_130", number(mean.allocated_130));
        json.Field("frag_50", number(mean.fragmented_50));
        json.Field("frag_80", number(mean.fragmented_80));
        json.Field("frag_100", number(mean.fragmented_100)).EndObject();
        continue;
      }
      fmt::print("{:<12} {:<11} {:>10.2f} {:>10.2f} {:>8.2f} {:>8.2f} {:>8.2f}  {}\n", list, policy,
                 mean.allocated_100, mean.allocated_130, mean.fragmented_50, mean.fragmented_80,
                 mean.fragmented_100, beside);
      (void)std::fflush(stdout);
    }
  }
  json.EndArray();
  if (options.json) fmt::print("{}\n", json.Take());
  for (const std::string& policy : options.policies) {
    double sum = 0;
    for (const double value : means[policy]) sum += value;
    if (options.json) continue;
    fmt::print("{:<12} {:<11} {:>10.2f}\n", "mean", policy,
               sum / static_cast<double>(means[policy].size()));
  }
  return within ? 0 : 3;
}

}  // namespace
}  // namespace fairlead::saturation

int main(int argc, char** argv) {
  using namespace fairlead::saturation;
  Options options;
  CLI::App app(
      "Placement policies on a cluster that fills up (FGD, ATC 2023). Exit code 3: a published "
      "mean is "
      "not reproduced within its tolerance.\n\n"
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
  CLI11_PARSE(app, argc, argv);
  return RunAll(options);
}
