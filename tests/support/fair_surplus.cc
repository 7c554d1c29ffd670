// Rules 4 and 5: classes grow until each is satisfied or held.
#include <algorithm>
#include <optional>
#include <vector>

#include "fairlead/base/check.h"
#include "tests/support/fair_problem.h"

namespace fairlead::testing_support {
namespace {

// A node at one moment. Only of nodes with an unfrozen class below them (`open`), but for `sum`.
struct State {
  bool open = false;
  Amounts sum;             // rescaled
  std::vector<bool> used;  // by dimension: by an unfrozen class below that may grow
  std::vector<bool> live;  // by dimension
  Rational level = 0;
  Rational f = 0;                  // lowest level / weight among the children that may grow
  std::vector<std::size_t> front;  // those of that level / weight
  // Growth, for one unit of the node's own clock.
  Amounts growth;
  Rational level_growth = 0;
  bool clock_runs = true;  // false: only stalled children grow
  Rational relative = 0;   // how fast the own clock runs if that of the parent does
  // How fast the own clock runs, 0 if nothing below grows.
  Rational rate = 0;
};

class SurplusSolver {
 public:
  SurplusSolver(FairProblem& problem, const std::vector<Amounts>& kept, Mutant mutant)
      : problem_(problem),
        mutant_(mutant),
        zero_(problem.dimensions.size(), 0),
        done_(problem.classes.size(), 0),
        frozen_(problem.classes.size(), false) {
    for (const ExactClass& c : problem.classes) {
      Amounts wanted = zero_;
      for (std::size_t d = 0; d < zero_.size(); ++d) wanted[d] = c.demand[d] - c.base[d];
      wanted_.push_back(std::move(wanted));
    }
    for (Constraint& constraint : problem.constraints) {
      room_.push_back(constraint.most - Granted(constraint, kept));
      constraint.bound.granted = room_.back() <= 0;
    }
  }

  void Solve() {
    // Every step freezes a class, lets a child join the front or another dimension dominate.
    for (int step = 0;; ++step) {
      FAIRLEAD_CHECK(step < 100'000, "the reference does not come to an end");
      Freeze();
      if (std::find(frozen_.begin(), frozen_.end(), false) == frozen_.end()) return ListTight();
      states_.assign(problem_.nodes.size(), {});
      Look(problem_.root());
      states_[problem_.root()].rate = 1;
      PassRates(problem_.root());
      Advance(LengthOfStep());
    }
  }

 private:
  Rational Granted(const Constraint& constraint, const std::vector<Amounts>& kept) const {
    Rational granted = 0;
    for (std::size_t d = 0; d < zero_.size(); ++d) {
      if (!constraint.dimensions[d]) continue;
      for (std::size_t q = 0; q < problem_.root(); ++q) {
        if (problem_.Within(q, constraint.node)) granted += kept[q][d];
      }
      if (mutant_ == Mutant::kLimitOnSurplusOnly && constraint.bound.queue.valid()) continue;
      for (const ExactClass& c : problem_.classes) {
        if (problem_.Within(c.leaf.index(), constraint.node)) granted += c.base[d];
      }
    }
    return granted;
  }

  bool Touches(const Constraint& constraint, std::size_t c) const {
    if (!problem_.Within(problem_.class_node(c), constraint.node)) return false;
    for (std::size_t d = 0; d < zero_.size(); ++d) {
      if (constraint.dimensions[d] && wanted_[c][d] > 0) return true;
    }
    return false;
  }

  void Freeze() {
    for (std::size_t c = 0; c < frozen_.size(); ++c) {
      if (frozen_[c]) continue;
      const bool nothing = wanted_[c] == zero_;
      if (nothing || done_[c] == 1) frozen_[c] = true;
      for (std::size_t i = 0; i < room_.size() && !frozen_[c]; ++i) {
        if (room_[i] > 0 || !Touches(problem_.constraints[i], c)) continue;
        frozen_[c] = true;
        problem_.classes[c].held_by = problem_.constraints[i].bound;
      }
    }
  }

  void ListTight() {
    for (std::size_t c = 0; c < frozen_.size(); ++c) {
      ExactClass& it = problem_.classes[c];
      for (std::size_t i = 0; i < room_.size() && it.held_by; ++i) {
        if (room_[i] > 0 || !Touches(problem_.constraints[i], c)) continue;
        it.tight.push_back(problem_.constraints[i].bound);
      }
    }
  }

  Rational ShareOf(const Amounts& amounts, std::size_t d) const {
    if (mutant_ == Mutant::kRawAmounts) return amounts[d];
    return amounts[d] / problem_.capacity[d];
  }

  // The level of a node whose sum is `sum`: over live dimensions.
  Rational LevelOf(const Amounts& sum, const std::vector<bool>& live) const {
    Rational level = 0;
    for (std::size_t d = 0; d < zero_.size(); ++d) {
      if (!live[d] || problem_.capacity[d] == 0) continue;
      const Rational share = ShareOf(sum, d);
      level = mutant_ == Mutant::kSumOfShares ? Rational(level + share) : std::max(level, share);
    }
    return level;
  }

  // Bottom-up: what grows below a node, by that its live dimensions, by these its level.
  void Look(std::size_t node) {
    State& state = states_[node];
    state.sum = zero_;
    state.growth = zero_;
    state.used.assign(zero_.size(), false);
    state.live.assign(zero_.size(), false);
    if (problem_.is_class(node)) {
      LookAtClass(node - problem_.class_node(0), state);
    } else {
      for (const std::size_t child : problem_.nodes[node].children) {
        Look(child);
        state.open = state.open || states_[child].open;
      }
      FindFront(node, state);
      AddUp(node, state);
      FindGrowth(node, state);
    }
    for (std::size_t d = 0; d < zero_.size(); ++d) {
      const bool rises = state.used[d] && state.growth[d] > 0;
      state.live[d] = rises || (mutant_ == Mutant::kSaturatedKept && Wanted(node, d));
    }
    state.level = LevelOf(state.sum, state.live);
    const auto lowest_of_frozen = LowestOfFrozen(node);
    const bool held_back = lowest_of_frozen && *lowest_of_frozen <= state.f;
    state.level_growth = held_back ? Rational(0) : LevelGrowth(state);
  }

  void LookAtClass(std::size_t c, State& state) const {
    const ExactClass& it = problem_.classes[c];
    state.open = !frozen_[c];
    for (std::size_t d = 0; d < zero_.size(); ++d) {
      state.sum[d] = it.surplus[d];
      if (state.open && problem_.capacity[d] > 0) state.growth[d] = wanted_[c][d];
      state.used[d] = state.growth[d] > 0;
      if (mutant_ == Mutant::kBaseInLevel) state.sum[d] += it.base[d];
    }
  }

  // Is the dimension wanted by any class below, frozen or not.
  bool Wanted(std::size_t node, std::size_t d) const {
    if (problem_.capacity[d] == 0) return false;
    for (std::size_t c = 0; c < frozen_.size(); ++c) {
      if (problem_.Within(problem_.class_node(c), node) && wanted_[c][d] > 0) return true;
    }
    return false;
  }

  Rational LevelPerWeight(std::size_t node) const {
    return states_[node].level / problem_.nodes[node].weight;
  }

  void FindFront(std::size_t node, State& state) const {
    std::vector<std::size_t> may_grow;
    for (const std::size_t child : problem_.nodes[node].children) {
      if (!states_[child].open) continue;
      const auto priority = problem_.nodes[child].priority;
      if (!may_grow.empty() && problem_.nodes[may_grow[0]].priority > priority) continue;
      if (!may_grow.empty() && problem_.nodes[may_grow[0]].priority < priority) may_grow.clear();
      may_grow.push_back(child);
    }
    for (const std::size_t child : may_grow) {
      for (std::size_t d = 0; d < zero_.size(); ++d) {
        if (states_[child].used[d]) state.used[d] = true;
      }
      const Rational level = LevelPerWeight(child);
      if (!state.front.empty() && level > state.f) continue;
      if (level < state.f) state.front.clear();
      state.f = level;
      state.front.push_back(child);
    }
  }

  bool Waits(std::size_t child, const State& parent) const {
    return states_[child].open && LevelPerWeight(child) > parent.f;
  }

  // Of kBlockedHoldBack: the lowest level / weight among frozen children that hold something.
  std::optional<Rational> LowestOfFrozen(std::size_t node) const {
    std::optional<Rational> lowest;
    if (mutant_ != Mutant::kBlockedHoldBack) return lowest;
    const std::vector<bool> all(zero_.size(), true);
    for (const std::size_t child : problem_.nodes[node].children) {
      const State& part = states_[child];
      if (part.open || part.sum == zero_) continue;
      const Rational level = LevelOf(part.sum, all) / problem_.nodes[child].weight;
      if (!lowest || level < *lowest) lowest = level;
    }
    return lowest;
  }

  void AddUp(std::size_t node, State& state) const {
    const auto lowest_of_frozen = LowestOfFrozen(node);
    for (const std::size_t child : problem_.nodes[node].children) {
      const State& part = states_[child];
      if (mutant_ == Mutant::kFrozenLeftOut && !part.open && state.open) continue;
      Rational factor = 1;
      if (Waits(child, state) && mutant_ != Mutant::kNoRescale) {
        factor = state.f / LevelPerWeight(child);
      }
      if (lowest_of_frozen && part.open && LevelPerWeight(child) > *lowest_of_frozen) {
        factor = *lowest_of_frozen / LevelPerWeight(child);
      }
      for (std::size_t d = 0; d < zero_.size(); ++d) {
        if (part.sum[d] != 0) state.sum[d] += factor * part.sum[d];
      }
    }
    // Frozen: all that it holds. Its children are all frozen, so the sum has no factors.
  }

  // The right derivative of a level that grows by `growth`.
  Rational LevelGrowth(const State& state) const {
    if (mutant_ == Mutant::kSumOfShares) return LevelOf(state.growth, state.live);
    Rational most = 0;
    for (std::size_t d = 0; d < zero_.size(); ++d) {
      if (!state.live[d] || ShareOf(state.sum, d) != state.level) continue;
      most = std::max(most, ShareOf(state.growth, d));
    }
    return most;
  }

  // Sets growth, and leaves in each child's `rate` its speed relative to this node's clock. Only a
  // mutant stalls: the level of what grows rises, since its live dimensions are those that do.
  void FindGrowth(std::size_t node, State& state) {
    for (const std::size_t child : state.front) {
      if (states_[child].level_growth == 0) state.clock_runs = false;
    }
    for (const std::size_t child : state.front) {
      State& part = states_[child];
      if (!state.clock_runs && part.level_growth > 0) continue;
      part.relative = problem_.nodes[child].weight /
                      (state.clock_runs ? part.level_growth : LevelOf(part.growth, part.live));
      for (std::size_t d = 0; d < zero_.size(); ++d) {
        state.growth[d] += part.relative * part.growth[d];
      }
    }
    if (state.clock_runs && mutant_ != Mutant::kNoRescale) AddWaiting(node, state);
  }

  // Those that wait count with more of what they hold as f grows.
  void AddWaiting(std::size_t node, State& state) const {
    for (const std::size_t child : problem_.nodes[node].children) {
      if (!Waits(child, state)) continue;
      for (std::size_t d = 0; d < zero_.size(); ++d) {
        state.growth[d] += states_[child].sum[d] / LevelPerWeight(child);
      }
    }
  }

  void PassRates(std::size_t node) {
    for (const std::size_t child : states_[node].front) {
      states_[child].rate = states_[child].relative * states_[node].rate;
      PassRates(child);
    }
  }

  // The time to the first event.
  Rational LengthOfStep() const {
    std::optional<Rational> step;
    const auto consider = [&](const Rational& time) {
      if (!step || time < *step) step = time;
    };
    for (std::size_t c = 0; c < frozen_.size(); ++c) {
      const Rational& rate = states_[problem_.class_node(c)].rate;
      if (rate > 0) consider((1 - done_[c]) / rate);
    }
    for (std::size_t i = 0; i < room_.size(); ++i) {
      const Rational speed = Speed(problem_.constraints[i]);
      if (speed > 0) consider(room_[i] / speed);
    }
    for (std::size_t node = 0; node <= problem_.root(); ++node) {
      const State& state = states_[node];
      if (state.rate == 0) continue;
      for (const std::size_t child : problem_.nodes[node].children) {
        if (!state.clock_runs || !Waits(child, state)) continue;
        if (problem_.nodes[child].priority != problem_.nodes[state.front[0]].priority) continue;
        consider((LevelPerWeight(child) - state.f) / state.rate);
      }
      if (mutant_ == Mutant::kSumOfShares) continue;
      for (std::size_t d = 0; d < zero_.size(); ++d) {
        if (!state.live[d]) continue;
        const Rational lead = state.level - ShareOf(state.sum, d);
        const Rational gain = (ShareOf(state.growth, d) - state.level_growth) * state.rate;
        if (lead > 0 && gain > 0) consider(lead / gain);
      }
    }
    FAIRLEAD_CHECK(step && *step > 0, "the reference stands still");
    return *step;
  }

  Rational Speed(const Constraint& constraint) const {
    Rational speed = 0;
    for (std::size_t c = 0; c < frozen_.size(); ++c) {
      const Rational& rate = states_[problem_.class_node(c)].rate;
      if (rate == 0 || !problem_.Within(problem_.class_node(c), constraint.node)) continue;
      for (std::size_t d = 0; d < zero_.size(); ++d) {
        if (constraint.dimensions[d]) speed += rate * wanted_[c][d];
      }
    }
    return speed;
  }

  void Advance(const Rational& step) {
    for (std::size_t i = 0; i < room_.size(); ++i)
      room_[i] -= step * Speed(problem_.constraints[i]);
    for (std::size_t c = 0; c < frozen_.size(); ++c) {
      const Rational& rate = states_[problem_.class_node(c)].rate;
      if (rate == 0) continue;
      done_[c] += rate * step;
      for (std::size_t d = 0; d < zero_.size(); ++d) {
        problem_.classes[c].surplus[d] = done_[c] * wanted_[c][d];
      }
    }
  }

  FairProblem& problem_;
  const Mutant mutant_;
  const Amounts zero_;
  std::vector<Amounts> wanted_;  // d, by class
  Amounts done_;                 // by class: which part of d it has
  std::vector<bool> frozen_;     // by class
  Amounts room_;                 // by constraint
  std::vector<State> states_;    // by node
};

}  // namespace

void SolveSurplus(FairProblem& problem, const std::vector<Amounts>& kept, Mutant mutant) {
  SurplusSolver(problem, kept, mutant).Solve();
}

}  // namespace fairlead::testing_support
