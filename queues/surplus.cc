#include "queues/surplus.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "queues/exact.h"
#include "queues/traced.h"

namespace fairlead::fair {
namespace {

__extension__ using Wide = unsigned __int128;

// a / b of one amount against another, exactly.
bool LargerShare(const Amount& a, std::int64_t capacity_a, const Amount& b,
                 std::int64_t capacity_b) {
  return Wide{static_cast<std::uint64_t>(a.amount)} * static_cast<std::uint64_t>(capacity_b) >
         Wide{static_cast<std::uint64_t>(b.amount)} * static_cast<std::uint64_t>(capacity_a);
}

template <typename Num>
class SurplusSolver {
 public:
  SurplusSolver(const EntitlementInput& input, const DemandModel& model)
      : input_(input), model_(model) {}

  SolvedSurplus<Num> Run() {
    solved_.guarantees = GrantGuarantees<Num>(input_, model_);
    solved_.classes.resize(input_.queues.size());
    problem_.dimensions = model_.dimensions.size();
    problem_.nodes.emplace_back();
    for (const Dimension& dimension : model_.dimensions) {
      inverse_capacity_.push_back(dimension.capacity > 0 ? Num::Ratio(1, dimension.capacity)
                                                         : Num());
    }
    AddCapacity();
    Reserve();
    for (const std::uint32_t q : model_.children.back()) AddQueue(q, 0);
    const FillingSolution<Num> filled = Fill(problem_);
    solved_.events = filled.events;
    for (std::size_t i = 0; i < class_of_.size(); ++i) Note(i, filled);
    return std::move(solved_);
  }

 private:
  using Class = SolvedClass<Num>;

  // A constraint that has no room from the start holds all that use it at zero.
  struct Shut {
    std::uint32_t set = 0;
    ClassEnd end;
  };

  // A class of the problem.
  struct Origin {
    std::uint32_t queue = 0;
    std::size_t index = 0;
    Num full;                            // level at which its demand is met
    Num rate;                            // weight / full
    Num done = Num::Of(1);               // part of the demand beyond the base where it is done
    std::optional<ClassEnd> stopped_by;  // where that is before its demand is met
  };

  void Reserve() {
    std::size_t classes = 0;
    std::size_t amounts = 0;
    for (const auto& queue : model_.classes) {
      classes += queue.size();
      for (const auto& c : queue) amounts += c.size();
    }
    class_of_.reserve(classes);
    problem_.classes.reserve(classes);
    problem_.uses.reserve(amounts);
    problem_.slopes.reserve(amounts);
  }

  Num Used(std::size_t set, const std::vector<Num>& used) const {
    return solved_.guarantees.any ? used[set] : Num();
  }

  // The largest dimension of a set.
  std::uint32_t MeasureOf(const ResourceSet& set) const {
    return *std::max_element(set.dimensions.begin(), set.dimensions.end(),
                             [this](std::uint32_t a, std::uint32_t b) {
                               return model_.dimensions[a].capacity < model_.dimensions[b].capacity;
                             });
  }

  // The terms of a set in shares of its largest dimension, and `room` in the same measure.
  Constraint<Num> MakeConstraint(const ResourceSet& set, const Num& room) const {
    Constraint<Num> constraint;
    const std::uint32_t measure = MeasureOf(set);
    const std::int64_t capacity = model_.dimensions[measure].capacity;
    for (const std::uint32_t j : set.dimensions) {
      const std::int64_t own = model_.dimensions[j].capacity;
      if (own == 0) continue;
      constraint.terms.push_back({j, Num::Ratio(own, capacity), own == capacity});
    }
    constraint.room = room * inverse_capacity_[measure];
    return constraint;
  }

  void AddCapacity() {
    for (std::uint32_t u = 0; u < model_.sets.size(); ++u) {
      const ResourceSet& set = model_.sets[u];
      std::int64_t capacity = 0;
      for (const ResourceId r : set.resources) {
        const std::int64_t more = input_.capacity.Get(r);
        capacity = more > kMaxAmount - capacity ? kMaxAmount : capacity + more;
      }
      const Num room = Num::Of(capacity) - Used(u, solved_.guarantees.used_by_all);
      if (capacity == 0 || room.Sign() <= 0) {
        shut_.push_back({u, {ClassEnd::Kind::kCapacity, 0, u}});
        continue;
      }
      problem_.capacity.push_back(MakeConstraint(set, room));
      capacity_sets_.push_back(u);
    }
  }

  void AddQueue(std::uint32_t q, std::uint32_t parent) {
    const std::size_t shut = shut_.size();
    const bool inner = !model_.children[q].empty();
    std::vector<std::pair<std::uint32_t, Num>> limits;  // set, room in units
    for (std::uint32_t u = 0; u < model_.sets.size(); ++u) {
      const std::optional<EffectiveLimit> limit = LimitOf(input_.queues[q], model_.sets[u]);
      if (!limit) continue;
      Num room = Num::Of(limit->amount);
      if (solved_.guarantees.any) room -= solved_.guarantees.used[q][u];
      if (room.Sign() <= 0) {
        shut_.push_back({u, {ClassEnd::Kind::kLimit, q, u}});
      } else {
        limits.emplace_back(u, room);
      }
    }
    if (inner) {
      const std::uint32_t node = AddNode(q, parent, limits);
      for (const std::uint32_t child : model_.children[q]) AddQueue(child, node);
      DropNode(node);
    } else {
      AddLeaf(q, parent, limits);
    }
    shut_.resize(shut);
  }

  std::uint32_t AddNode(std::uint32_t q, std::uint32_t parent,
                        const std::vector<std::pair<std::uint32_t, Num>>& limits) {
    FillingNode<Num>& node = problem_.nodes.emplace_back();
    node.parent = parent;
    node.weight = WeightOf(q);
    node.priority = input_.queues[q].priority;
    auto& sets = limit_sets_[static_cast<std::uint32_t>(problem_.nodes.size() - 1)];
    for (const auto& [set, room] : limits) {
      if (model_.dimensions[MeasureOf(model_.sets[set])].capacity == 0) continue;
      node.limits.push_back(MakeConstraint(model_.sets[set], room));
      sets.emplace_back(q, set);
    }
    return static_cast<std::uint32_t>(problem_.nodes.size() - 1);
  }

  // A node below which nothing grows does not exist for the filling.
  void DropNode(std::uint32_t node) {
    const bool has_class = !problem_.classes.empty() && problem_.classes.back().parent >= node;
    if (has_class) return;
    problem_.nodes.resize(node);
    limit_sets_.erase(node);
  }

  // Relative to the largest sibling, which keeps numbers small.
  Num WeightOf(std::uint32_t q) {
    const QueueId parent = input_.queues[q].parent;
    const std::size_t group = parent.valid() ? parent.index() : input_.queues.size();
    if (largest_weight_.empty()) largest_weight_.resize(model_.children.size());
    std::int64_t& largest = largest_weight_[group];
    if (largest == 0) {
      for (const std::uint32_t sibling : model_.children[group]) {
        largest = std::max(largest, input_.queues[sibling].weight);
      }
    }
    return Num::Ratio(input_.queues[q].weight, largest);
  }

  void AddLeaf(std::uint32_t q, std::uint32_t parent,
               const std::vector<std::pair<std::uint32_t, Num>>& limits) {
    const std::size_t classes = model_.classes[q].size();
    std::vector<std::size_t> growing;
    for (std::size_t c = 0; c < classes; ++c) {
      if (Start(q, c)) growing.push_back(c);
    }
    if (growing.empty()) return;
    // A leaf with one class behaves like the class itself.
    if (growing.size() == 1) {
      AddClass(q, growing.front(), parent, WeightOf(q), input_.queues[q].priority);
      Stop(q, growing.front(), limits);
      return;
    }
    const std::uint32_t node = AddNode(q, parent, limits);
    for (const std::size_t c : growing) AddClass(q, c, node, Num::Of(1), 0);
  }

  // Fills in the base. False if the class does not grow.
  bool Start(std::uint32_t q, std::size_t c) {
    Class& entry = solved_.classes[q].emplace_back();
    const std::vector<Amount>& amounts = model_.classes[q][c];
    if (solved_.guarantees.any) {
      entry.base = BaseOfClass(solved_.guarantees, model_, q, c);
      const auto has = [](const Num& base) { return base.Sign() > 0; };
      if (std::none_of(entry.base.begin(), entry.base.end(), has)) entry.base.clear();
    }
    bool wants = false;
    for (std::size_t i = 0; i < amounts.size(); ++i) {
      if (!entry.base.empty() && entry.Missing(amounts[i].amount, i).Sign() <= 0) continue;
      wants = true;
      const std::uint32_t j = amounts[i].dimension;
      for (const Shut& shut : shut_) {
        const auto& dimensions = model_.sets[shut.set].dimensions;
        if (!std::binary_search(dimensions.begin(), dimensions.end(), j)) continue;
        entry.end = shut.end;
        return false;
      }
    }
    return wants;
  }

  // Appends what the class uses, and how fast it takes it.
  void AddSlopes(const Class& entry, const std::vector<Amount>& amounts, FillingClass<Num>* added,
                 Origin* origin) {
    const auto capacity = [&](std::size_t i) {
      return model_.dimensions[amounts[i].dimension].capacity;
    };
    std::size_t dominant = 0;
    std::vector<Num>& shares = shares_;
    shares.resize(amounts.size());
    for (std::size_t i = 0; i < amounts.size(); ++i) {
      const Num& inverse = inverse_capacity_[amounts[i].dimension];
      if (entry.base.empty()) {
        shares[i] = inverse.Times(amounts[i].amount);
        if (LargerShare(amounts[i], capacity(i), amounts[dominant], capacity(dominant))) {
          dominant = i;
        }
      } else {
        shares[i] = entry.Missing(amounts[i].amount, i) * inverse;
        if (i > 0 && (shares[i] - shares[dominant]).Sign() > 0) dominant = i;
      }
    }
    origin->full = shares[dominant];
    origin->rate = added->weight * (entry.base.empty()
                                        ? Num::Ratio(capacity(dominant), amounts[dominant].amount)
                                        : origin->full.Inverse());
    added->begin = static_cast<std::uint32_t>(problem_.uses.size());
    for (std::size_t i = 0; i < amounts.size(); ++i) {
      if (shares[i].IsExactZero()) continue;
      problem_.uses.push_back(amounts[i].dimension);
      problem_.slopes.push_back(i == dominant ? added->weight : shares[i] * origin->rate);
    }
    added->end = static_cast<std::uint32_t>(problem_.uses.size());
  }

  void AddClass(std::uint32_t q, std::size_t c, std::uint32_t parent, const Num& weight,
                std::int32_t priority) {
    const Class& entry = solved_.classes[q][c];
    FillingClass<Num>& added = problem_.classes.emplace_back();
    added.parent = parent;
    added.weight = weight;
    added.priority = priority;
    Origin& origin = class_of_.emplace_back();
    origin.queue = q;
    origin.index = c;
    AddSlopes(entry, model_.classes[q][c], &added, &origin);
    added.stop = origin.full;
  }

  // A limit of the leaf is, for its only class, a level at which it is done.
  void Stop(std::uint32_t q, std::size_t c,
            const std::vector<std::pair<std::uint32_t, Num>>& limits) {
    const Class& entry = solved_.classes[q][c];
    const std::vector<Amount>& amounts = model_.classes[q][c];
    Origin& origin = class_of_.back();
    for (const auto& [u, room] : limits) {
      const auto& dimensions = model_.sets[u].dimensions;
      Num wanted;
      for (std::size_t i = 0; i < amounts.size(); ++i) {
        if (std::binary_search(dimensions.begin(), dimensions.end(), amounts[i].dimension)) {
          wanted += entry.Missing(amounts[i].amount, i);
        }
      }
      if ((wanted - room).Sign() <= 0) continue;
      const Num possible = room / wanted;
      if ((possible - origin.done).Sign() >= 0) continue;
      origin.done = possible;
      origin.stopped_by = ClassEnd{ClassEnd::Kind::kLimit, q, u};
    }
    if (origin.stopped_by) problem_.classes.back().stop = origin.full * origin.done;
  }

  void Note(std::size_t i, const FillingSolution<Num>& filled) {
    const Origin& origin = class_of_[i];
    Class& entry = solved_.classes[origin.queue][origin.index];
    const Freeze& end = filled.ends[i];
    entry.part = end.kind == Freeze::Kind::kDone ? origin.done : filled.at[i] * origin.rate;
    if (end.kind == Freeze::Kind::kCapacity) {
      entry.end = {ClassEnd::Kind::kCapacity, 0, capacity_sets_[end.constraint]};
    } else if (end.kind == Freeze::Kind::kLimit) {
      const auto& [queue, set] = limit_sets_.at(end.node)[end.constraint];
      entry.end = {ClassEnd::Kind::kLimit, queue, set};
    } else if (origin.stopped_by) {
      entry.end = *origin.stopped_by;
    }
  }

  static constexpr std::int64_t kMaxAmount = std::numeric_limits<std::int64_t>::max();

  const EntitlementInput& input_;
  const DemandModel& model_;
  SolvedSurplus<Num> solved_;
  FillingProblem<Num> problem_;
  std::vector<Num> inverse_capacity_;         // by dimension; 0 where there is none of it
  std::vector<Num> shares_;                   // scratch of AddSlopes
  std::vector<Shut> shut_;                    // that hold for the queue being added
  std::vector<Origin> class_of_;              // by class of the problem
  std::vector<std::uint32_t> capacity_sets_;  // by constraint of the problem
  std::map<std::uint32_t, std::vector<std::pair<std::uint32_t, std::uint32_t>>>
      limit_sets_;                            // by node: queue and set of each of its limits
  std::vector<std::int64_t> largest_weight_;  // by parent
};

}  // namespace

template <typename Num>
SolvedSurplus<Num> SolveSurplus(const EntitlementInput& input, const DemandModel& model) {
  return SurplusSolver<Num>(input, model).Run();
}

template SolvedSurplus<Short> SolveSurplus(const EntitlementInput&, const DemandModel&);
template SolvedSurplus<Long> SolveSurplus(const EntitlementInput&, const DemandModel&);
template SolvedSurplus<Exact> SolveSurplus(const EntitlementInput&, const DemandModel&);

}  // namespace fairlead::fair
