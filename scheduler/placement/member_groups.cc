// Which members of a gang are placed, by shape.
#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "fairlead/placement/placer.h"

namespace fairlead {
namespace {

// Which members of a gang with roles or a maximum are placed: what its roles lack, then others up
// to its minimum, then, unless only what is needed is asked for, up to its maximum.
std::vector<bool> Choose(const GangView& gang, bool needed_only) {
  std::vector<bool> chosen(gang.members.size(), false);
  std::int64_t counted = 0;  // towards the minimum
  std::int64_t running = 0;
  for (const MemberView& member : gang.members) {
    if (member.state == MemberState::kPending) continue;
    if (member.state != MemberState::kDone) ++running;
    if (!member.terminating) ++counted;
  }
  const auto choose = [&](auto may) {
    for (std::size_t m = 0; m < gang.members.size(); ++m) {
      if (gang.terms.most && running >= *gang.terms.most) return;
      if (chosen[m] || !IsPlaceable(gang.members[m]) || !may(gang.members[m])) continue;
      chosen[m] = true;
      ++counted;
      ++running;
    }
  };
  std::vector<std::int64_t> missing = RolesMissing(gang);
  choose([&](const MemberView& member) {
    return member.role != kNoRole && missing[member.role]-- > 0;
  });
  choose([&](const MemberView&) { return counted < gang.min_member; });
  if (!needed_only) choose([](const MemberView&) { return true; });
  return chosen;
}

// All placeable members, or those of them that are chosen.
std::vector<MemberGroup> Group(const GangView& gang, const std::vector<bool>* chosen) {
  std::vector<MemberGroup> groups;
  std::vector<std::pair<ShapeId, std::uint32_t>> others;  // of another shape than the first
  for (std::uint32_t m = 0; m < gang.members.size(); ++m) {
    if (!IsPlaceable(gang.members[m]) || (chosen != nullptr && !(*chosen)[m])) continue;
    const ShapeId shape = gang.members[m].shape;
    if (groups.empty()) groups.push_back({&gang, shape, {}});
    if (groups.front().shape == shape) {
      groups.front().members.push_back(m);
    } else {
      others.emplace_back(shape, m);
    }
  }
  std::sort(others.begin(), others.end());
  for (const auto& [shape, m] : others) {
    if (groups.back().shape != shape) groups.push_back({&gang, shape, {}});
    groups.back().members.push_back(m);
  }
  std::sort(groups.begin(), groups.end(), [](const MemberGroup& a, const MemberGroup& b) {
    return a.members.front() < b.members.front();
  });
  return groups;
}

}  // namespace

std::vector<MemberGroup> GroupByShape(const GangView& gang) {
  if (gang.terms.roles.empty() && !gang.terms.most) return Group(gang, nullptr);
  const std::vector<bool> chosen = Choose(gang, false);
  return Group(gang, &chosen);
}

std::vector<MemberGroup> GroupNeeded(const GangView& gang) {
  if (gang.terms.roles.empty()) return GroupByShape(gang);
  const std::vector<bool> chosen = Choose(gang, true);
  std::vector<MemberGroup> needed = Group(gang, &chosen);
  return needed.empty() ? GroupByShape(gang) : needed;
}

std::vector<MemberGroup> Unplaced(const std::vector<MemberGroup>& groups,
                                  const std::vector<Placement>& out, std::size_t first) {
  std::set<std::uint32_t> placed;
  for (std::size_t i = first; i < out.size(); ++i) placed.insert(out[i].member);
  std::vector<MemberGroup> rest;
  for (const MemberGroup& group : groups) {
    MemberGroup left{group.gang, group.shape, {}};
    for (const std::uint32_t member : group.members) {
      if (!placed.contains(member)) left.members.push_back(member);
    }
    if (!left.members.empty()) rest.push_back(std::move(left));
  }
  return rest;
}

}  // namespace fairlead
