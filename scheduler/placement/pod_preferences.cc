// Preferences between pods, and the order of nodes for a member that has some.
#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

#include "fairlead/placement/placer.h"

namespace fairlead {

PeerBook::Preference PeerBook::PreferenceAt(Kind number, std::uint32_t rank) const {
  Preference preference;
  if (number == kPlain) return preference;
  const KindData& kind = *kinds_[number];
  const auto count_at = [this, rank](TallyId id) -> std::int64_t {
    const Tally& tally = tallies_[id];
    const std::int32_t domain = tally.domains->at[rank];
    return domain < 0 ? 0 : tally.counts[static_cast<std::size_t>(domain)];
  };
  for (const auto& [id, weight] : kind.preferred) preference.worth += weight * count_at(id);
  for (const TallyId id : kind.spread_softly) {
    if (tallies_[id].domains->at[rank] < 0) {
      preference.crowd = std::numeric_limits<std::int64_t>::max();
      break;
    }
    preference.crowd += count_at(id);
  }
  return preference;
}

bool Placer::OneByOne(const MemberGroup& group) {
  return !peers_.idle() &&
         std::any_of(group.members.begin(), group.members.end(), [&](std::uint32_t member) {
           const PeerBook::Kind kind = KindOf(group, member);
           return peers_.Ruled(kind) || peers_.Prefers(kind);
         });
}

// The nodes of a set that are open to the run, as a heap with the best on top.
std::vector<Placer::Choice> Placer::Choices(const RankBits& nodes, GroupRun* run) {
  std::vector<NodeClasses::Standing>& standings = run->state.standings;
  if (standings.empty()) {
    standings.reserve(classes_.size());
    for (std::uint32_t c = 0; c < classes_.size(); ++c) {
      standings.push_back(classes_.StandingOf(run->group.shape, c));
    }
  }
  std::vector<Choice> choices;
  for (std::size_t w = 0; w < nodes.size(); ++w) {
    std::uint64_t word = nodes[w] & run->state.open[w];
    if (within_ != nullptr) word &= (*within_)[w];
    if (run->tier != nullptr) word &= run->tier->bits[w];
    for (; word != 0; word &= word - 1) {
      const auto rank =
          static_cast<std::uint32_t>(w * 64) + static_cast<std::uint32_t>(std::countr_zero(word));
      const NodeClasses::Standing& standing = standings[classes_.ClassAt(rank)];
      const PeerBook::Preference preference = peers_.PreferenceAt(run->kind, rank);
      choices.push_back(
          {standing.soft_taints, -(standing.weight + preference.worth), preference.crowd, rank});
    }
  }
  steps_ += choices.size();
  std::make_heap(choices.begin(), choices.end(), std::greater<>());
  return choices;
}

}  // namespace fairlead
