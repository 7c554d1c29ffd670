// nearness: from the names of topology levels on pods to levels of the policy.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scheduler/cycle/passes.h"

namespace fairlead {
namespace {

// The shape that speaks for the gang: its members agree, or the gang is invalid. Null: no members.
const PodShape* SpokesmanOf(const Snapshot& snapshot, const GangView& gang) {
  if (gang.members.empty()) return nullptr;
  return (*snapshot.shapes)[gang.members.front().shape.index()].get();
}

std::int32_t LevelOf(const Policy& policy, const std::string& name) {
  for (std::size_t l = 0; l < policy.topology.size() && !name.empty(); ++l) {
    if (policy.topology[l].name == name) return static_cast<std::int32_t>(l);
  }
  return -1;
}

}  // namespace

Nearness NearnessOf(const Snapshot& snapshot, const Policy& policy, const GangView& gang) {
  const PodShape* shape = SpokesmanOf(snapshot, gang);
  if (shape == nullptr || policy.topology.empty()) return {};
  return {LevelOf(policy, shape->topology_required), LevelOf(policy, shape->topology_preferred)};
}

std::optional<Refusal> RefuseByTopology(const Snapshot& snapshot, const Policy& policy,
                                        const GangView& gang) {
  const PodShape* shape = SpokesmanOf(snapshot, gang);
  if (shape == nullptr) return std::nullopt;
  if (shape->topology_required.empty() && shape->topology_preferred.empty()) return std::nullopt;
  const auto refuse = [&](std::string_view key, const std::string& name) -> std::optional<Refusal> {
    if (name.empty() || LevelOf(policy, name) >= 0) return std::nullopt;
    std::vector<std::string_view> known;
    for (const TopologyLevel& level : policy.topology) known.push_back(level.name);
    const std::string expected = known.empty()
                                     ? "none is configured (policy.topology)"
                                     : fmt::format("expected one of {}", fmt::join(known, ", "));
    return Refusal{ReasonCode::kInvalidRequest,
                   fmt::format("annotation fairlead.dev/{}: \"{}\" is no topology level; {}", key,
                               name, expected)};
  };
  std::optional<Refusal> refusal = refuse("topology-required", shape->topology_required);
  return refusal ? refusal : refuse("topology-preferred", shape->topology_preferred);
}

}  // namespace fairlead
