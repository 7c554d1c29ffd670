#include "fairlead/queues/entitlement.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "queues/demand_model.h"
#include "queues/exact.h"
#include "queues/exact_solution.h"
#include "queues/surplus.h"
#include "queues/traced.h"

namespace fairlead {
namespace fair {
namespace {

// Rule 6: one line of prefix sums per dimension, over leaves and kept amounts in depth-first order.
template <typename Num>
class Rounding {
 public:
  Rounding(const EntitlementInput& input, const DemandModel& model,
           const SolvedSurplus<Num>& solved)
      : input_(input),
        model_(model),
        solved_(solved),
        sums_(model.dimensions.size()),
        floors_(model.dimensions.size()),
        kept_sums_(model.resources),
        kept_floors_(model.resources) {}

  std::vector<Entitlement> Run() {
    result_.resize(input_.queues.size());
    amounts_.assign(input_.queues.size(), std::vector<std::int64_t>(model_.dimensions.size()));
    others_.assign(input_.queues.size(), ResourceVector());
    FindRivals();
    for (const std::uint32_t q : model_.depth_first) Round(q);
    for (std::size_t i = model_.depth_first.size(); i-- > 0;) Finish(model_.depth_first[i]);
    return std::move(result_);
  }

 private:
  void Round(std::uint32_t q) {
    std::vector<bool> moved(model_.dimensions.size(), false);
    for (std::size_t c = 0; c < solved_.classes[q].size(); ++c) {
      const SolvedClass<Num>& entry = solved_.classes[q][c];
      const std::vector<Amount>& amounts = model_.classes[q][c];
      for (std::size_t i = 0; i < amounts.size(); ++i) {
        const std::uint32_t j = amounts[i].dimension;
        if (entry.end.kind == ClassEnd::Kind::kDemand) {
          amounts_[q][j] += amounts[i].amount;
          continue;
        }
        moved[j] = true;
        sums_[j] += entry.Surplus(amounts[i].amount, i);
        if (!entry.base.empty()) sums_[j] += entry.base[i];
      }
    }
    if (solved_.guarantees.any) RoundKept(q, &moved);
    for (std::size_t j = 0; j < moved.size(); ++j) {
      if (!moved[j]) continue;
      const std::int64_t floor = sums_[j].Floor();
      amounts_[q][j] += floor - floors_[j];
      floors_[j] = floor;
    }
  }

  // Kept amounts of a resource that nobody asks for have no dimension and a line of their own.
  void RoundKept(std::uint32_t q, std::vector<bool>* moved) {
    for (std::uint32_t r = 0; r < model_.resources; ++r) {
      const Num& kept = solved_.guarantees.kept[q][r];
      if (kept.IsExactZero()) continue;
      result_[q].kept.Set(ResourceId(r), kept.Floor());
      const std::uint32_t j = DimensionOf(ResourceId(r));
      if (j == kNone) {
        kept_sums_[r] += kept;
        const std::int64_t floor = kept_sums_[r].Floor();
        others_[q].Add(ResourceId(r), floor - kept_floors_[r]);
        kept_floors_[r] = floor;
        continue;
      }
      sums_[j] += kept;
      (*moved)[j] = true;
    }
  }

  std::uint32_t DimensionOf(ResourceId r) const {
    for (std::uint32_t j = 0; j < model_.dimensions.size(); ++j) {
      const auto& models = model_.dimensions[j].models;
      if (models.size() == 1 && models.front() == r) return j;
    }
    return kNone;
  }

  // Which resources are wanted by more than one leaf at the end.
  void FindRivals() {
    rivals_.resize(model_.sets.size());
    std::vector<std::uint32_t> last(model_.sets.size(), kNone);
    for (std::uint32_t q = 0; q < solved_.classes.size(); ++q) {
      for (const SolvedClass<Num>& entry : solved_.classes[q]) {
        if (entry.end.kind != ClassEnd::Kind::kCapacity) continue;
        std::uint32_t& seen = last[entry.end.set];
        if (seen != kNone && seen != q) rivals_[entry.end.set] = true;
        seen = q;
      }
    }
  }

  // Children are finished before their parents.
  void Finish(std::uint32_t q) {
    Entitlement& e = result_[q];
    bool bound = false;
    for (std::size_t c = 0; c < solved_.classes[q].size() && !bound; ++c) {
      bound = Explain(q, solved_.classes[q][c], &e);
    }
    for (const std::uint32_t child : model_.children[q]) {
      for (std::size_t j = 0; j < amounts_[q].size(); ++j) amounts_[q][j] += amounts_[child][j];
      others_[q] += others_[child];
      e.guarantee_cut = e.guarantee_cut || result_[child].guarantee_cut;
      if (bound || result_[child].bound_by == BoundBy::kDemand) continue;
      bound = true;
      e.bound_by = result_[child].bound_by;
      e.bound_resource = result_[child].bound_resource;
      e.bound_queue = result_[child].bound_queue;
    }
    if (solved_.guarantees.any && !e.guarantee_cut) e.guarantee_cut = WasCut(q);
    for (std::size_t j = 0; j < model_.dimensions.size(); ++j) {
      const std::int64_t amount = amounts_[q][j];
      const Dimension& dimension = model_.dimensions[j];
      if (amount == 0) continue;
      const Share share{amount, dimension.capacity};
      if (share > e.dominant_share) e.dominant_share = share;
      if (dimension.models.size() == 1) {
        e.amounts.Set(dimension.models.front(), amount);
      } else {
        e.any_of.push_back({dimension.models, amount});
      }
    }
    std::sort(e.any_of.begin(), e.any_of.end(),
              [](const AnyOf& a, const AnyOf& b) { return a.models < b.models; });
    e.amounts += others_[q];
    for (std::uint32_t r = 0; r < others_[q].size(); ++r) {
      const std::int64_t amount = others_[q].Get(ResourceId(r));
      if (amount == 0) continue;
      const Share share{amount, input_.capacity.Get(ResourceId(r))};
      if (share > e.dominant_share) e.dominant_share = share;
    }
  }

  bool WasCut(std::uint32_t q) const {
    for (std::size_t s = 0; s < model_.slots.size(); ++s) {
      if (!solved_.guarantees.cut[model_.slots[s].resource.index()]) continue;
      if (!solved_.guarantees.slots[q][s].IsExactZero()) return true;
    }
    for (std::size_t r = 0; r < model_.resources; ++r) {
      if (solved_.guarantees.cut[r] && !solved_.guarantees.kept[q][r].IsExactZero()) return true;
    }
    return false;
  }

  // False if the class has all that it wants.
  bool Explain(std::uint32_t q, const SolvedClass<Num>& entry, Entitlement* e) const {
    if (entry.end.kind == ClassEnd::Kind::kDemand) return false;
    const ResourceSet& set = model_.sets[entry.end.set];
    e->bound_resource = set.resources.front();
    if (entry.end.kind == ClassEnd::Kind::kLimit) {
      const bool guarantee = LimitOf(input_.queues[entry.end.queue], set)->from_guarantee;
      e->bound_by = guarantee ? BoundBy::kGuarantee : BoundBy::kLimit;
      e->bound_queue = QueueId(entry.end.queue);
      return true;
    }
    const bool no_surplus = entry.part.IsExactZero() && !entry.base.empty();
    if (no_surplus) {
      e->bound_by = BoundBy::kGuarantee;
      e->bound_queue = QueueId(q);
    } else {
      e->bound_by = rivals_[entry.end.set] ? BoundBy::kWeight : BoundBy::kSaturated;
    }
    return true;
  }

  const EntitlementInput& input_;
  const DemandModel& model_;
  const SolvedSurplus<Num>& solved_;
  std::vector<Num> sums_;             // by dimension: so far, without what is whole by itself
  std::vector<std::int64_t> floors_;  // by dimension: of sums_
  std::vector<Num> kept_sums_;        // by resource without dimension
  std::vector<std::int64_t> kept_floors_;
  std::vector<std::vector<std::int64_t>> amounts_;  // by queue and dimension
  std::vector<ResourceVector> others_;  // by queue: kept, of resources without dimension
  std::vector<bool> rivals_;            // by set
  std::vector<Entitlement> result_;
};

template <typename Num>
std::vector<Entitlement> SolveWith(const EntitlementInput& input, const DemandModel& model) {
  const SolvedSurplus<Num> solved = SolveSurplus<Num>(input, model);
  return Rounding<Num>(input, model, solved).Run();
}

template <typename Num>
bool TryWith(const EntitlementInput& input, const DemandModel& model,
             std::vector<Entitlement>* out) {
  try {
    *out = SolveWith<Num>(input, model);
    return true;
  } catch (const Undecided&) {
    return false;
  }
}

template <typename Num>
ExactAmount AmountOf(const SolvedClass<Num>& entry, const Amount& demand, std::size_t i,
                     const Dimension& dimension) {
  ExactAmount amount;
  amount.models = dimension.models;
  if (!entry.base.empty()) amount.base = entry.base[i].value();
  amount.surplus = entry.Surplus(demand.amount, i).value();
  return amount;
}

}  // namespace

bool SolveInFixedPoint(const EntitlementInput& input, std::vector<Entitlement>* out) {
  const DemandModel model = MakeDemandModel(input);
  return TryWith<Short>(input, model, out) || TryWith<Long>(input, model, out);
}

std::vector<Entitlement> SolveInRationals(const EntitlementInput& input) {
  return SolveWith<Exact>(input, MakeDemandModel(input));
}

ExactEntitlements SolveExactly(const EntitlementInput& input) {
  const DemandModel model = MakeDemandModel(input);
  const SolvedSurplus<Exact> solved = SolveSurplus<Exact>(input, model);
  ExactEntitlements result;
  result.kept.assign(input.queues.size(), std::vector<mpq_class>(model.resources));
  for (std::uint32_t q = 0; q < solved.classes.size(); ++q) {
    for (std::size_t c = 0; c < solved.classes[q].size(); ++c) {
      const SolvedClass<Exact>& entry = solved.classes[q][c];
      ExactClass& out = result.classes.emplace_back();
      out.queue = QueueId(q);
      out.index = c;
      out.satisfied = entry.end.kind == ClassEnd::Kind::kDemand;
      for (std::size_t i = 0; i < model.classes[q][c].size(); ++i) {
        const Amount& demand = model.classes[q][c][i];
        out.amounts.push_back(AmountOf(entry, demand, i, model.dimensions[demand.dimension]));
      }
    }
    for (std::size_t r = 0; solved.guarantees.any && r < model.resources; ++r) {
      result.kept[q][r] = solved.guarantees.kept[q][r].value();
    }
  }
  return result;
}

}  // namespace fair

std::string_view BoundByName(BoundBy bound) {
  constexpr std::array<std::string_view, 5> kNames = {"demand", "guarantee", "limit", "weight",
                                                      "saturated"};
  return kNames[static_cast<std::size_t>(bound)];
}

std::vector<Entitlement> SolveEntitlements(const EntitlementInput& input) {
  std::vector<Entitlement> result;
  if (fair::SolveInFixedPoint(input, &result)) return result;
  return fair::SolveInRationals(input);
}

}  // namespace fairlead
