#include "fairlead/sim/simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "scheduler/sim/published.h"
#include "scheduler/sim/replay.h"
#include "scheduler/sim/saturation.h"
#include "scheduler/sim/world.h"

namespace fairlead::sim {
namespace {

Error ErrorIn(const std::string& file, std::string field, std::string message) {
  Error error;
  error.message = std::move(message);
  error.file = file;
  error.field = std::move(field);
  return error;
}

// Does the workload of one seed serve all of them?
bool SeedsShareWorld(const Scenario& scenario) { return !scenario.workload.generator; }

Status CheckFaults(const Scenario& scenario, const World& world) {
  std::set<std::string_view> names;
  for (const NodeSpec& node : world.nodes) names.insert(node.name);
  for (std::size_t i = 0; i < scenario.faults.size(); ++i) {
    if (names.contains(scenario.faults[i].node)) continue;
    return ErrorIn(scenario.file, "faults",
                   fmt::format("'{}': expected the name of a node, such as {}",
                               scenario.faults[i].node, world.nodes.front().name));
  }
  return Ok{};
}

class Simulation {
 public:
  Simulation(const Scenario& scenario, RunControl* control)
      : scenario_(scenario), control_(*control) {
    out_.name = scenario.name;
    out_.mode = scenario.mode;
    out_.forecast = scenario.given != nullptr;
  }

  Result<Results> Run() {
    std::optional<PublishedMeans> published;
    if (!scenario_.expect.file.empty()) {
      Result<PublishedMeans> read = ReadPublished(scenario_.expect, scenario_.workload.pods);
      if (!read) return read.error();
      published = std::move(*read);
    }
    for (const std::uint32_t seed : scenario_.seeds) {
      if (control_.Stopped()) break;
      if (!world_ || !SeedsShareWorld(scenario_)) {
        Result<World> world = MakeWorld(scenario_, seed);
        if (!world) return world.error();
        world_ = std::move(*world);
        if (Status status = CheckFaults(scenario_, *world_); !status) return status.error();
        out_.bad_rows = world_->workload.bad_rows;
        out_.first_bad_rows = world_->workload.first_bad_rows;
      }
      const Status status = scenario_.mode == Mode::kSaturation ? Saturate(seed) : Replay(seed);
      if (!status) return status.error();
    }
    out_.interrupted = control_.stopped;
    Summarize();
    if (published) {
      if (Status status = published->Compare(&out_.summary); !status) return status.error();
    }
    return std::move(out_);
  }

 private:
  // One run of many: its progress as a part of all.
  RunControl Part() {
    RunControl part;
    part.stop = [this] { return control_.Stopped(); };
    const std::size_t before = runs_;
    part.progress = [this, before](std::size_t done, std::size_t total) {
      control_.Progress(before * total + done, AllRuns() * total);
    };
    return part;
  }

  std::size_t AllRuns() const {
    const bool replay = scenario_.mode == Mode::kReplay;
    const std::size_t orders = replay ? scenario_.orders.size() : 1;
    return scenario_.seeds.size() * orders * std::max<std::size_t>(1, scenario_.placements.size());
  }

  Status Saturate(std::uint32_t seed) {
    std::vector<Placement> placements = scenario_.placements;
    if (placements.empty()) placements = {Placement::kDefault};
    for (const Placement placement : placements) {
      if (control_.Stopped()) return Ok{};
      if (placement == Placement::kPack) {
        return ErrorIn(scenario_.file, "policy.placement", "pack: is a placement of replays");
      }
      const auto policy = static_cast<saturation::PolicyKind>(placement);
      const saturation::Curve curve = saturation::Saturate(world_->pods, policy, seed);
      SaturationResult& result = out_.saturation.emplace_back();
      result.policy = kPlacementNames[static_cast<std::size_t>(placement)];
      result.seed = seed;
      result.alloc_100 = curve.allocated[100];
      result.alloc_130 = curve.allocated[130];
      result.frag_50 = curve.fragmented[50];
      result.frag_80 = curve.fragmented[80];
      result.frag_100 = curve.fragmented[100];
      result.allocated = curve.allocated;
      result.fragmented = curve.fragmented;
      control_.Progress(++runs_, AllRuns());
    }
    return Ok{};
  }

  Status Replay(std::uint32_t seed) {
    for (const Order order : scenario_.orders) {
      std::vector<Placement> placements = scenario_.placements;
      if (placements.empty()) {
        placements = {order == Order::kDefault ? Placement::kDefault : Placement::kPack};
      }
      for (const Placement placement : placements) {
        if (control_.Stopped()) return Ok{};
        if (order == Order::kDefault && placement != Placement::kDefault) {
          return ErrorIn(scenario_.file, "policy.placement",
                         fmt::format("{}: the live engine (order default) places by its own rule: "
                                     "expected default, or another order",
                                     kPlacementNames[static_cast<std::size_t>(placement)]));
        }
        const RunSpec spec{scenario_, *world_, order, placement, seed};
        RunControl part = Part();
        ReplayResult result =
            order == Order::kDefault ? ReplayByEngine(spec, &part) : ReplayByLine(spec, &part);
        result.order = kOrderNames[static_cast<std::size_t>(order)];
        result.placement = kPlacementNames[static_cast<std::size_t>(placement)];
        result.seed = seed;
        out_.replay.push_back(std::move(result));
        ++runs_;
      }
    }
    return Ok{};
  }

  void Summarize() {
    std::vector<std::string> policies;
    for (const SaturationResult& result : out_.saturation) {
      if (std::find(policies.begin(), policies.end(), result.policy) == policies.end()) {
        policies.push_back(result.policy);
      }
    }
    for (const std::string& policy : policies) out_.summary.push_back(SummaryOf(policy));
  }

  SaturationSummary SummaryOf(const std::string& policy) const {
    SaturationSummary sum;
    sum.policy = policy;
    for (const SaturationResult& result : out_.saturation) {
      if (result.policy != policy) continue;
      ++sum.seeds;
      sum.mean_100 += result.alloc_100;
      sum.mean_130 += result.alloc_130;
      sum.frag_50 += result.frag_50;
      sum.frag_80 += result.frag_80;
      sum.frag_100 += result.frag_100;
    }
    const auto n = static_cast<double>(sum.seeds);
    for (double* mean : {&sum.mean_100, &sum.mean_130, &sum.frag_50, &sum.frag_80, &sum.frag_100}) {
      *mean /= n;
    }
    double squares_100 = 0;
    double squares_130 = 0;
    for (const SaturationResult& result : out_.saturation) {
      if (result.policy != policy) continue;
      squares_100 += (result.alloc_100 - sum.mean_100) * (result.alloc_100 - sum.mean_100);
      squares_130 += (result.alloc_130 - sum.mean_130) * (result.alloc_130 - sum.mean_130);
    }
    if (sum.seeds > 1) {
      sum.sd_100 = std::sqrt(squares_100 / (n - 1));
      sum.sd_130 = std::sqrt(squares_130 / (n - 1));
    }
    return sum;
  }

  const Scenario& scenario_;
  RunControl& control_;
  std::optional<World> world_;
  std::size_t runs_ = 0;
  Results out_;
};

}  // namespace

Result<Results> Simulate(const Scenario& scenario, RunControl* control) {
  return Simulation(scenario, control).Run();
}

}  // namespace fairlead::sim
