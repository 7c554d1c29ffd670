#include "queues/guarantee.h"

#include <algorithm>
#include <limits>

#include "queues/exact.h"
#include "queues/traced.h"

namespace fairlead::fair {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

template <typename Num>
Num Min(const Num& a, const Num& b) {
  return (a - b).Sign() <= 0 ? a : b;
}

template <typename Num>
class Granting {
 public:
  Granting(const EntitlementInput& input, const DemandModel& model)
      : input_(input), model_(model), queues_(input.queues.size()) {}

  Guarantees<Num> Run() {
    for (const EntitlementQueue& queue : input_.queues) {
      result_.any = result_.any || !queue.guarantee.IsZero();
    }
    if (!result_.any) return std::move(result_);
    result_.slots.assign(queues_, Row(model_.slots.size()));
    result_.kept.assign(queues_, Row(model_.resources));
    lacking_.assign(queues_, Row(model_.dimensions.size()));
    spent_.assign(queues_, Row(model_.resources));
    for (std::size_t i = queues_; i-- > 0;) Visit(model_.depth_first[i]);
    Cut();
    CountUse();
    return std::move(result_);
  }

 private:
  using Row = std::vector<Num>;

  void Visit(std::uint32_t q) {
    const std::vector<std::uint32_t>& children = model_.children[q];
    for (const std::uint32_t child : children) {
      for (std::size_t j = 0; j < lacking_[q].size(); ++j) lacking_[q][j] += lacking_[child][j];
      for (std::size_t r = 0; r < model_.resources; ++r) spent_[q][r] += spent_[child][r];
    }
    for (const auto& amounts : model_.classes[q]) {
      for (const Amount& a : amounts) lacking_[q][a.dimension] += Num::Of(a.amount);
    }
    Row rest(model_.resources);
    for (std::uint32_t r = 0; r < model_.resources; ++r) {
      rest[r] = Num::Of(input_.queues[q].guarantee.Get(ResourceId(r))) - spent_[q][r];
    }
    for (std::size_t s = 0; s < model_.slots.size(); ++s) {
      const Slot& slot = model_.slots[s];
      Num& left = rest[slot.resource.index()];
      if (left.Sign() <= 0) continue;
      const Num amount = Min(Takes(q, slot.dimension), left);
      if (amount.Sign() <= 0) continue;
      left -= amount;
      Give(q, s, amount);
    }
    for (std::uint32_t r = 0; r < model_.resources; ++r) {
      const Num kept = Kept(input_.queues[q], ResourceId(r), rest[r]);
      result_.kept[q][r] = kept;
      spent_[q][r] += kept;
    }
  }

  static Num Kept(const EntitlementQueue& queue, ResourceId r, const Num& unused) {
    if (unused.Sign() <= 0) return Num();
    if (!queue.lendable) return unused;
    const std::optional<std::int64_t> lent = queue.lending_limit.Get(r);
    if (!lent) return Num();
    const Num kept = unused - Num::Of(*lent);
    return kept.Sign() > 0 ? kept : Num();
  }

  // How much more of a dimension can be given below the queue.
  Num Takes(std::uint32_t q, std::uint32_t dimension) const {
    Num takes;
    if (model_.children[q].empty()) {
      takes = lacking_[q][dimension];
    } else {
      for (const std::uint32_t child : model_.children[q]) takes += Takes(child, dimension);
    }
    for (const ResourceSet& set : model_.sets) {
      if (!std::binary_search(set.dimensions.begin(), set.dimensions.end(), dimension)) continue;
      const std::optional<EffectiveLimit> limit = LimitOf(input_.queues[q], set);
      if (!limit) continue;
      Num room = Num::Of(limit->amount) - Use(q, set);
      takes = Min(takes, room.Sign() > 0 ? room : Num());
    }
    return takes;
  }

  // Base of the set's dimensions and kept amounts of its resources, of all below the queue.
  Num Use(std::uint32_t q, const ResourceSet& set) const {
    Num use = OwnUse(q, set);
    for (const std::uint32_t child : model_.children[q]) use += Use(child, set);
    return use;
  }

  // Adds to the base of a slot below the queue: weighted max-min among children from zero, each at
  // most what it takes.
  void Give(std::uint32_t q, std::size_t s, Num amount) {
    if (amount.Sign() <= 0) return;
    const Slot& slot = model_.slots[s];
    lacking_[q][slot.dimension] -= amount;
    spent_[q][slot.resource.index()] += amount;
    if (model_.children[q].empty()) {
      result_.slots[q][s] += amount;
      return;
    }
    struct Taker {
      std::uint32_t queue;
      Num takes;
      Num level;  // at which it is full
    };
    std::vector<Taker> takers;
    Num weights;
    for (const std::uint32_t child : model_.children[q]) {
      const Num takes = Takes(child, slot.dimension);
      if (takes.Sign() <= 0) continue;
      const Num weight = Num::Of(input_.queues[child].weight);
      takers.push_back({child, takes, takes / weight});
      weights += weight;
    }
    std::stable_sort(takers.begin(), takers.end(),
                     [](const Taker& a, const Taker& b) { return ProbablyLess(a.level, b.level); });
    for (const Taker& taker : takers) {
      const Num weight = Num::Of(input_.queues[taker.queue].weight);
      const Num even = amount * (weight / weights);
      const bool last = &taker == &takers.back();
      const Num given = last ? Min(taker.takes, amount) : Min(taker.takes, even);
      Give(taker.queue, s, given);
      amount -= given;
      weights -= weight;
    }
  }

  // Nodes were lost: what all are promised of a resource does not fit.
  void Cut() {
    result_.cut.assign(model_.resources, false);
    for (std::uint32_t r = 0; r < model_.resources; ++r) {
      Num total;
      for (const std::uint32_t q : model_.children.back()) total += spent_[q][r];
      const Num capacity = Num::Of(input_.capacity.Get(ResourceId(r)));
      if ((total - capacity).Sign() <= 0) continue;
      result_.cut[r] = true;
      const Num part = capacity / total;
      for (std::uint32_t q = 0; q < queues_; ++q) {
        result_.kept[q][r] = result_.kept[q][r] * part;
        for (std::size_t s = 0; s < model_.slots.size(); ++s) {
          if (model_.slots[s].resource.index() != r) continue;
          result_.slots[q][s] = result_.slots[q][s] * part;
        }
      }
    }
  }

  void CountUse() {
    result_.used.assign(queues_, Row(model_.sets.size()));
    result_.used_by_all.assign(model_.sets.size(), Num());
    for (std::size_t i = queues_; i-- > 0;) {
      const std::uint32_t q = model_.depth_first[i];
      const QueueId parent = input_.queues[q].parent;
      for (std::size_t u = 0; u < model_.sets.size(); ++u) {
        result_.used[q][u] += OwnUse(q, model_.sets[u]);
        Num& above = parent.valid() ? result_.used[parent.index()][u] : result_.used_by_all[u];
        above += result_.used[q][u];
      }
    }
  }

  Num OwnUse(std::uint32_t q, const ResourceSet& set) const {
    Num use;
    for (std::size_t s = 0; s < model_.slots.size(); ++s) {
      const std::uint32_t dimension = model_.slots[s].dimension;
      if (std::binary_search(set.dimensions.begin(), set.dimensions.end(), dimension)) {
        use += result_.slots[q][s];
      }
    }
    for (const ResourceId r : set.resources) use += result_.kept[q][r.index()];
    return use;
  }

  const EntitlementInput& input_;
  const DemandModel& model_;
  const std::size_t queues_;
  Guarantees<Num> result_;
  std::vector<Row> lacking_;  // by queue and dimension: demand below it without base so far
  std::vector<Row> spent_;    // by queue and resource: base and kept below it
};

}  // namespace

std::optional<EffectiveLimit> LimitOf(const EntitlementQueue& queue, const ResourceSet& set) {
  EffectiveLimit limit;
  for (const ResourceId r : set.resources) {
    std::optional<std::int64_t> amount = queue.limit.Get(r);
    const std::int64_t guarantee = queue.guarantee.Get(r);
    const bool named = guarantee > 0 || (r != kPods && r != kEphemeralStorage);
    if (!queue.borrowing && named && (!amount || *amount >= guarantee)) {
      amount = guarantee;
      limit.from_guarantee = true;
    }
    if (!amount || *amount > kMax - limit.amount) return std::nullopt;
    limit.amount += *amount;
  }
  return limit;
}

template <typename Num>
Guarantees<Num> GrantGuarantees(const EntitlementInput& input, const DemandModel& model) {
  return Granting<Num>(input, model).Run();
}

template <typename Num>
std::vector<Num> BaseOfClass(const Guarantees<Num>& guarantees, const DemandModel& model,
                             std::uint32_t queue, std::size_t c) {
  const std::vector<Amount>& amounts = model.classes[queue][c];
  std::vector<Num> base(amounts.size());
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    Num granted;
    for (std::size_t s = 0; s < model.slots.size(); ++s) {
      if (model.slots[s].dimension == amounts[i].dimension) granted += guarantees.slots[queue][s];
    }
    if (granted.Sign() <= 0) continue;
    Num demand;
    std::size_t askers = 0;
    for (const auto& other : model.classes[queue]) {
      for (const Amount& a : other) {
        if (a.dimension != amounts[i].dimension) continue;
        demand += Num::Of(a.amount);
        ++askers;
      }
    }
    base[i] = askers == 1 ? granted : granted * (Num::Of(amounts[i].amount) / demand);
  }
  return base;
}

template Guarantees<Short> GrantGuarantees(const EntitlementInput&, const DemandModel&);
template Guarantees<Long> GrantGuarantees(const EntitlementInput&, const DemandModel&);
template Guarantees<Exact> GrantGuarantees(const EntitlementInput&, const DemandModel&);
template std::vector<Short> BaseOfClass(const Guarantees<Short>&, const DemandModel&, std::uint32_t,
                                        std::size_t);
template std::vector<Long> BaseOfClass(const Guarantees<Long>&, const DemandModel&, std::uint32_t,
                                       std::size_t);
template std::vector<Exact> BaseOfClass(const Guarantees<Exact>&, const DemandModel&, std::uint32_t,
                                        std::size_t);

}  // namespace fairlead::fair
