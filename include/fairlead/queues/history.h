// UsageHistory: what queues held in the past, fading with time, so that over days shares converge
// to the weights even where demand comes in bursts.
//
//   usage  u = integral of (dominant share of what is held) x 2^(-(now - t) / half_life) dt
//   target   = the same integral of the dominant share of the entitlement
//   effective weight = weight x ((1 - strength) + strength x clamp(target / u, 1/8, 8))
//
// Fixed point with kHistoryBits fractional bits, in share-seconds. Time moves in ticks of one
// minute: what a queue holds at a tick is taken to be what it held since the last one. A share
// counts as 1 at most.
//
// Rounding: towards zero at every step, so that a queue that holds nothing comes to zero. 2^-x is
// the product of exact constants 2^-(1/2), 2^-(1/4), ... for the first 32 bits of the fraction of
// x; powers that fall below the last bit are zero. No floating point: the same on every machine.
//
// I1: both integrals are at least 0 and at most half_life / ln 2 in share-seconds (plus one tick).
// I2: Advance() by k ticks in which shares stay the same equals k times Advance() by one.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "fairlead/base/share.h"
#include "fairlead/base/time.h"
#include "fairlead/queues/spec.h"

namespace fairlead {

inline constexpr int kHistoryBits = 20;
inline constexpr Duration kHistoryTick = Duration::Seconds(60);

// Share-seconds with kHistoryBits fractional bits.
struct QueueUsage {
  std::int64_t usage = 0;
  std::int64_t target = 0;
  friend bool operator==(const QueueUsage&, const QueueUsage&) = default;
};

struct UsageHistory {
  // The last tick that is in it: a multiple of kHistoryTick since 1970. 0 = it has not begun.
  Instant tick = {};
  std::map<std::string, QueueUsage> queues = {};  // by name; absent = nothing held so far
  friend bool operator==(const UsageHistory&, const UsageHistory&) = default;
};

// What a queue holds and is entitled to, as dominant shares.
struct QueueShares {
  Share held;
  Share entitled;
};

// Takes in all whole ticks up to `now`, with `shares` (by name) as what was held since the last
// one. Queues that are not in `shares` hold nothing and are forgotten when nothing is left of them.
// A `now` before the last tick changes nothing. The first call only sets the tick.
void Advance(UsageHistory* history, Instant now, Duration half_life,
             const std::map<std::string, QueueShares>& shares);

// 2^-(elapsed / half_life) with 62 fractional bits, rounded towards zero. elapsed >= 0,
// half_life > 0.
std::int64_t DecayFactor(Duration elapsed, Duration half_life);

// The weight (millionths) times kWeightOne times the factor above; at least 1. strength in
// millionths, 0..kWeightOne. A queue that has used nothing counts as having used 1/8 of its target,
// one without target and usage as neutral.
std::int64_t WeightAfterHistory(std::int64_t weight, const QueueUsage& usage,
                                std::int64_t strength);

}  // namespace fairlead
