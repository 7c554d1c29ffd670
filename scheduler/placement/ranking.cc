#include "fairlead/placement/ranking.h"

#include <algorithm>

namespace fairlead {

Ranking::Tier& Ranking::TierOf(Number number) {
  auto it = std::lower_bound(tiers_.begin(), tiers_.end(), number,
                             [](const Tier& tier, Number wanted) { return tier.number < wanted; });
  if (it == tiers_.end() || it->number != number) {
    const std::size_t words = (ranks_ + 63) / 64;
    it = tiers_.insert(it, {number, 0, RankBits(words, 0), RankBits((words + 63) / 64, 0)});
  }
  return *it;
}

void Ranking::Set(std::uint32_t rank, Number number) {
  const Number before = number_[rank];
  if (before == number) return;
  const std::size_t word = rank / 64;
  const std::uint64_t bit = std::uint64_t{1} << (rank % 64);
  number_[rank] = number;
  if (before != kNowhere) {
    Tier& tier = TierOf(before);
    tier.bits[word] &= ~bit;
    --tier.nodes;
    if (tier.bits[word] == 0) tier.words[word / 64] &= ~(std::uint64_t{1} << (word % 64));
  }
  if (number != kNowhere) {
    Tier& tier = TierOf(number);
    tier.bits[word] |= bit;
    tier.words[word / 64] |= std::uint64_t{1} << (word % 64);
    ++tier.nodes;
  }
}

}  // namespace fairlead
