#include "fairlead/queues/history.h"

#include <algorithm>
#include <array>
#include <limits>

#include "fairlead/base/check.h"

namespace fairlead {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kOne = std::int64_t{1} << kHistoryBits;
constexpr int kFactorBits = 62;
constexpr std::int64_t kFactorOne = std::int64_t{1} << kFactorBits;
constexpr std::int64_t kTickSeconds = 60;
// Bounds of target / usage.
constexpr std::int64_t kRatio = 8;

// 2^-(2^-(i+1)) with 62 fractional bits, rounded down: square roots of one half, one after another.
constexpr std::array<std::int64_t, 32> kRoots = {
    3260954456333195553, 3877950241171266237, 4228934724888366667, 4416165660797809419,
    4512867096753504462, 4562008997483360349, 4586780255215411730, 4599216278082138665,
    4605446927862164404, 4608565417332308034, 4610125453837388245, 4610905670110601999,
    4611295827762151833, 4611490918967884500, 4611588467665893036, 4611637242788701950,
    4611661630543559956, 4611673824469352644, 4611679921444339947, 4611682969934856343,
    4611684494180870228, 4611685256304066092, 4611685637365711254, 4611685827896545643,
    4611685923161965789, 4611685970794676600, 4611685994611032190, 4611686006519210032,
    4611686012473298964, 4611686015450343433, 4611686016938865668, 4611686017683126786,
};

std::int64_t Times(std::int64_t amount, std::int64_t factor) {
  return static_cast<std::int64_t>((Wide{amount} * factor) >> kFactorBits);
}

// At most 1, with kHistoryBits fractional bits, rounded down.
std::int64_t Fixed(const Share& share) {
  if (share.num >= share.den) return kOne;
  return static_cast<std::int64_t>(Wide{share.num} * kOne / share.den);
}

// `ticks` ticks of holding `share` (fixed point).
std::int64_t After(std::int64_t ticks, std::int64_t amount, std::int64_t share,
                   std::int64_t factor) {
  for (std::int64_t t = 0; t < ticks; ++t) {
    const std::int64_t next = Times(amount, factor) + share * kTickSeconds;
    if (next == amount) break;  // from here on every tick is like this one
    amount = next;
  }
  return amount;
}

}  // namespace

std::int64_t DecayFactor(Duration elapsed, Duration half_life) {
  FAIRLEAD_CHECK(elapsed.ns >= 0 && half_life.ns > 0, "{} / {}", elapsed.ns, half_life.ns);
  const std::int64_t halvings = elapsed.ns / half_life.ns;
  if (halvings >= kFactorBits) return 0;
  std::int64_t factor = kFactorOne >> halvings;
  std::int64_t rest = elapsed.ns % half_life.ns;
  for (const std::int64_t root : kRoots) {
    // The next bit of rest / half_life; twice the rest can exceed 63 bits.
    const Wide twice = Wide{rest} * 2;
    const bool bit = twice >= half_life.ns;
    rest = static_cast<std::int64_t>(bit ? twice - half_life.ns : twice);
    if (bit) factor = Times(factor, root);
  }
  return factor;
}

void Advance(UsageHistory* history, Instant now, Duration half_life,
             const std::map<std::string, QueueShares>& shares) {
  const Instant tick{now.ns - now.ns % kHistoryTick.ns};
  if (tick <= history->tick) return;
  const std::int64_t ticks = (tick - history->tick).ns / kHistoryTick.ns;
  const bool first = history->tick.ns == 0;
  history->tick = tick;
  if (first) return;
  const std::int64_t factor = DecayFactor(kHistoryTick, half_life);
  for (const auto& [name, share] : shares) history->queues.try_emplace(name);
  for (auto it = history->queues.begin(); it != history->queues.end();) {
    const auto now_held = shares.find(it->first);
    const bool there = now_held != shares.end();
    QueueUsage& past = it->second;
    past.usage = After(ticks, past.usage, there ? Fixed(now_held->second.held) : 0, factor);
    past.target = After(ticks, past.target, there ? Fixed(now_held->second.entitled) : 0, factor);
    it = past == QueueUsage{} ? history->queues.erase(it) : std::next(it);
  }
}

std::int64_t WeightAfterHistory(std::int64_t weight, const QueueUsage& usage,
                                std::int64_t strength) {
  if (strength == 0 || (usage.usage == 0 && usage.target == 0)) return weight;
  // clamp(target / usage, 1/8, 8) as numerator / denominator.
  Wide num = usage.target;
  Wide den = usage.usage;
  if (num >= den * kRatio) {
    num = kRatio;
    den = 1;
  } else if (num * kRatio <= den) {
    num = 1;
    den = kRatio;
  }
  // weight x ((1 - s) + s x num / den), with s in millionths. num and den are below 2^63, and so
  // the products are made in two steps.
  const Wide ratio = num * kWeightOne / den;  // millionths, at most 8 kWeightOne
  const Wide factor = Wide{kWeightOne} - strength + Wide{strength} * ratio / kWeightOne;
  const Wide weighted = Wide{weight} * factor / kWeightOne;
  return static_cast<std::int64_t>(
      std::clamp<Wide>(weighted, 1, std::numeric_limits<std::int64_t>::max()));
}

}  // namespace fairlead
