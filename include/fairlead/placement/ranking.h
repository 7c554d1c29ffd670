// Ranking: nodes in tiers, by a number that each has (the lowest first), kept while nodes change.
//
// Cost: Set is O(1) but for a number that no node had before; a tier is walked by its words that
// are not empty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fairlead/placement/room.h"

namespace fairlead {

class Ranking {
 public:
  using Number = std::uint16_t;
  static constexpr Number kNowhere = 0xffff;

  struct Tier {
    Number number = 0;
    std::uint32_t nodes = 0;
    RankBits bits;
    RankBits words;  // bit w: bits[w] may be other than 0
  };

  // Of no nodes.
  explicit Ranking(std::size_t ranks = 0) : ranks_(ranks), number_(ranks, kNowhere) {}

  // kNowhere takes the node out.
  void Set(std::uint32_t rank, Number number);

  // Ascending numbers; some may be empty.
  const std::vector<Tier>& tiers() const { return tiers_; }

 private:
  Tier& TierOf(Number number);

  std::size_t ranks_;
  std::vector<Number> number_;  // by name rank
  std::vector<Tier> tiers_;
};

}  // namespace fairlead
