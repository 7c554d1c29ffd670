#include "fairlead/placement/topology.h"

#include <algorithm>
#include <utility>

namespace fairlead {

Topology::Topology(const Snapshot& snapshot, const std::vector<TopologyLevel>& levels) {
  const std::vector<NodeId>& nodes = snapshot.nodes->by_name;
  std::vector<std::uint32_t> above(nodes.size(), 0);  // the whole cluster
  for (const TopologyLevel& spec : levels) {
    // (domain above, value) of each node that has one, and its rank.
    using Place = std::pair<std::uint32_t, const std::string*>;
    const auto before = [](const Place& a, const Place& b) {
      return a.first != b.first ? a.first < b.first : *a.second < *b.second;
    };
    std::vector<std::pair<Place, std::uint32_t>> places;
    for (std::uint32_t rank = 0; rank < nodes.size(); ++rank) {
      const std::string* value =
          FindLabel(snapshot.nodes->info[nodes[rank].index()].labels, spec.label);
      if (above[rank] == kNoDomain || value == nullptr) continue;
      places.push_back({{above[rank], value}, rank});
    }
    std::sort(places.begin(), places.end(), [&](const auto& a, const auto& b) {
      if (before(a.first, b.first)) return true;
      return !before(b.first, a.first) && a.second < b.second;
    });
    Level level;
    level.domain_at.assign(nodes.size(), kNoDomain);
    const Place* last = nullptr;
    for (const auto& [place, rank] : places) {
      if (last == nullptr || before(*last, place)) {
        const std::string prefix = levels_.empty() ? "" : levels_.back().names[place.first] + "/";
        level.names.push_back(prefix + *place.second);
        level.above.push_back(place.first);
      }
      level.domain_at[rank] = static_cast<std::uint32_t>(level.names.size() - 1);
      last = &place;
    }
    above = level.domain_at;
    levels_.push_back(std::move(level));
  }
}

std::uint32_t Topology::domains(std::int32_t level) const {
  return static_cast<std::uint32_t>(levels_[static_cast<std::size_t>(level)].names.size());
}

std::uint32_t Topology::DomainAt(std::int32_t level, std::uint32_t rank) const {
  return levels_[static_cast<std::size_t>(level)].domain_at[rank];
}

std::uint32_t Topology::Above(std::int32_t level, std::uint32_t domain) const {
  return levels_[static_cast<std::size_t>(level)].above[domain];
}

const std::string& Topology::NameOf(std::int32_t level, std::uint32_t domain) const {
  return levels_[static_cast<std::size_t>(level)].names[domain];
}

}  // namespace fairlead
