// Placer: gangs whose members are to be near each other (see the header).
#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "fairlead/base/check.h"
#include "fairlead/placement/placer.h"

namespace fairlead {
namespace {

// The domain of the members that hold room already; nothing where none does, kNoDomain where they
// are in several.
std::optional<std::uint32_t> HeldDomain(const GangView& gang, const Snapshot& snapshot,
                                        const Topology& topology, std::int32_t level) {
  std::optional<std::uint32_t> domain;
  for (const MemberView& member : gang.members) {
    const bool holds = member.state == MemberState::kAssumed || member.state == MemberState::kBound;
    if (!holds || member.terminating || !snapshot.nodes->present[member.node.index()]) continue;
    const std::uint32_t of_member =
        topology.DomainAt(level, snapshot.nodes->name_rank[member.node.index()]);
    if (domain && *domain != of_member) return Topology::kNoDomain;
    domain = of_member;
  }
  return domain;
}

RankBits NodesOf(const Domain& domain, std::size_t ranks) {
  RankBits bits((ranks + 63) / 64, 0);
  for (std::uint32_t rank = 0; rank < ranks; ++rank) {
    if (domain.topology.DomainAt(domain.level, rank) == domain.number) {
      bits[rank / 64] |= std::uint64_t{1} << (rank % 64);
    }
  }
  return bits;
}

}  // namespace

// Do rules between pods keep members of all these kinds from the node?
bool Placer::KeptOut(const std::vector<PeerBook::Kind>& kinds, std::uint32_t rank) const {
  return !kinds.empty() && std::all_of(kinds.begin(), kinds.end(), [&](PeerBook::Kind kind) {
    return peers_.Broken(kind, rank) != PeerRule::kNone;
  });
}

std::vector<std::vector<std::int64_t>> Placer::CountFits(const std::vector<MemberGroup>& groups) {
  std::vector<std::vector<std::int64_t>> fits;
  for (const MemberGroup& group : groups) {
    const ShapeState& state = StateOf(group.shape);
    const std::vector<PeerBook::Kind> kinds =
        Ruled(group) ? KindsOf(group) : std::vector<PeerBook::Kind>();
    std::vector<std::int64_t>& of_group = fits.emplace_back(room_.ranks(), 0);
    for (std::size_t w = 0; w < state.open.size(); ++w) {
      for (std::uint64_t word = state.open[w]; word != 0; word &= word - 1) {
        const auto rank =
            static_cast<std::uint32_t>(w * 64) + static_cast<std::uint32_t>(std::countr_zero(word));
        if (KeptOut(kinds, rank)) continue;
        of_group[rank] = room_.Fits(state.need, room_.NodeAt(rank), kMostFits);
        ++steps_;
      }
    }
  }
  return fits;
}

std::vector<Placer::DomainRoom> Placer::DomainRooms(
    const std::vector<MemberGroup>& groups, const std::vector<std::vector<std::int64_t>>& fits,
    const Topology& topology, std::int32_t level) const {
  std::vector<DomainRoom> rooms(topology.domains(level));
  std::vector<std::int64_t> sums(rooms.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    std::fill(sums.begin(), sums.end(), 0);
    for (std::uint32_t rank = 0; rank < fits[g].size(); ++rank) {
      const std::uint32_t domain = topology.DomainAt(level, rank);
      if (domain != Topology::kNoDomain) sums[domain] += fits[g][rank];
    }
    const auto members = static_cast<std::int64_t>(groups[g].members.size());
    for (std::uint32_t d = 0; d < rooms.size(); ++d) {
      rooms[d].domain = d;
      rooms[d].takes += std::min(sums[d], members);
      if (g == 0) rooms[d].left = std::max<std::int64_t>(0, sums[d] - members);
    }
  }
  return rooms;
}

Placer::BestDomain Placer::FindBest(const std::vector<MemberGroup>& groups,
                                    const Topology& topology, std::int32_t level) {
  BestDomain best;
  for (const DomainRoom& room : DomainRooms(groups, CountFits(groups), topology, level)) {
    if (best.domain == Topology::kNoDomain || room.takes > best.fits) {
      best = {room.domain, room.takes};
    }
  }
  return best;
}

bool Placer::PlaceNear(const GangView& gang, std::int64_t need, std::vector<Placement>* out,
                       Allowance* allowance, const Vicinity& vicinity) {
  FAIRLEAD_CHECK(need > 0, "gang {} needs {}", gang.id.value(), need);
  ++steps_;
  const auto& [topology, nearness] = vicinity;
  std::vector<MemberGroup> groups = GroupNeeded(gang);
  if (Bound(groups) < need) return false;
  SortHardestFirst(&groups);
  const std::vector<std::vector<std::int64_t>> fits = CountFits(groups);
  const std::int32_t tightest =
      nearness.preferred >= 0 ? nearness.preferred : topology.levels() - 1;
  const std::int32_t last = std::max(0, nearness.required);
  const std::size_t first = out->size();
  for (std::int32_t level = std::max(tightest, last); level >= last; --level) {
    const std::optional<std::uint32_t> held = HeldDomain(gang, snapshot_, topology, level);
    std::vector<DomainRoom> rooms = DomainRooms(groups, fits, topology, level);
    std::erase_if(rooms, [&](const DomainRoom& room) {
      return room.takes < need || (held && room.domain != *held);
    });
    std::sort(rooms.begin(), rooms.end(), [](const DomainRoom& a, const DomainRoom& b) {
      if (a.takes != b.takes) return a.takes > b.takes;
      return a.left != b.left ? a.left < b.left : a.domain < b.domain;
    });
    for (const DomainRoom& room : rooms) {
      const Domain domain{topology, level, room.domain};
      if (!PlaceWithin(groups, domain, need, out, allowance)) continue;
      if (!gang.terms.roles.empty()) {
        groups = GroupByShape(gang);
        SortHardestFirst(&groups);
        const std::vector<MemberGroup> more = Unplaced(groups, *out, first);
        if (!more.empty()) PlaceWithin(more, domain, 1, out, allowance);
      }
      Widen(Unplaced(groups, *out, first), domain, nearness, out, allowance);
      return true;
    }
  }
  return nearness.required < 0 && Place(groups, need, out, allowance) &&
         PlaceMore(gang, first, out, allowance);
}

bool Placer::PlaceWithin(const std::vector<MemberGroup>& groups, const Domain& domain,
                         std::int64_t need, std::vector<Placement>* out, Allowance* allowance) {
  const RankBits nodes = NodesOf(domain, room_.ranks());
  const Allowance before = allowance == nullptr ? Allowance{} : *allowance;
  within_ = &nodes;
  const bool placed = Place(groups, need, out, allowance);
  within_ = nullptr;
  if (!placed && allowance != nullptr) allowance->left = before.left;
  return placed;
}

// What has found no place in the domain follows in those above it.
void Placer::Widen(std::vector<MemberGroup> rest, const Domain& domain, const Nearness& nearness,
                   std::vector<Placement>* out, Allowance* allowance) {
  const std::int32_t last = std::max(0, nearness.required);
  std::uint32_t number = domain.number;
  for (std::int32_t level = domain.level; !rest.empty() && level > last; --level) {
    number = domain.topology.Above(level, number);
    const std::size_t first = out->size();
    const Domain above{domain.topology, level - 1, number};
    if (PlaceWithin(rest, above, 1, out, allowance)) rest = Unplaced(rest, *out, first);
  }
  if (!rest.empty() && nearness.required < 0) Place(rest, 1, out, allowance);
}

}  // namespace fairlead
