#include "tests/support/fair_oracle.h"

#include <algorithm>
#include <optional>

#include "fairlead/base/check.h"

namespace fairlead::testing_support {
namespace {

// A simplex tableau whose basis starts with the slacks.
class Tableau {
 public:
  explicit Tableau(LinearProgram program)
      : rows_(std::move(program.rows)),
        bounds_(std::move(program.bounds)),
        objective_(std::move(program.objective)) {
    const std::size_t variables = objective_.size();
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      rows_[r].resize(variables + rows_.size(), 0);
      rows_[r][variables + r] = 1;
      basis_.push_back(variables + r);
    }
    objective_.resize(variables + rows_.size(), 0);
  }

  Rational Solve() {
    while (const auto column = Entering()) {
      const auto row = Leaving(*column);
      FAIRLEAD_CHECK(row.has_value(), "unbounded");
      Pivot(*row, *column);
    }
    return value_;
  }

 private:
  std::optional<std::size_t> Entering() const {
    for (std::size_t c = 0; c < objective_.size(); ++c) {
      if (objective_[c] > 0) return c;
    }
    return std::nullopt;
  }

  // The row that gives out first; of several, that of the lowest variable.
  std::optional<std::size_t> Leaving(std::size_t column) const {
    std::optional<std::size_t> best;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      if (rows_[r][column] <= 0) continue;
      if (best) {
        const Rational here = bounds_[r] * rows_[*best][column];
        const Rational there = bounds_[*best] * rows_[r][column];
        if (here > there || (here == there && basis_[r] > basis_[*best])) continue;
      }
      best = r;
    }
    return best;
  }

  void Pivot(std::size_t row, std::size_t column) {
    const Rational by = rows_[row][column];
    for (Rational& entry : rows_[row]) entry /= by;
    bounds_[row] /= by;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      if (r == row || rows_[r][column] == 0) continue;
      const Rational times = rows_[r][column];
      for (std::size_t c = 0; c < rows_[r].size(); ++c) rows_[r][c] -= times * rows_[row][c];
      bounds_[r] -= times * bounds_[row];
    }
    const Rational times = objective_[column];
    for (std::size_t c = 0; c < objective_.size(); ++c) objective_[c] -= times * rows_[row][c];
    value_ += times * bounds_[row];
    basis_[row] = column;
  }

  std::vector<Amounts> rows_;
  Amounts bounds_;
  Amounts objective_;
  std::vector<std::size_t> basis_;
  Rational value_ = 0;
};

struct FlatQueue {
  Amounts demand;
  Rational weight;
  Rational share = 0;    // dominant, of the whole demand
  bool settled = false;  // its part is final
  Rational part = 1;
};

class MaxMin {
 public:
  explicit MaxMin(const EntitlementInput& input) {
    const auto dimensions = DimensionsOf(input);
    capacity_ = CapacityOf(dimensions, input.capacity);
    for (const EntitlementQueue& queue : input.queues) {
      FlatQueue flat{.demand = DemandOf(dimensions, queue.demand.at(0)),
                     .weight = ToRational(queue.weight)};
      for (std::size_t d = 0; d < capacity_.size(); ++d) {
        if (flat.demand[d] == 0) continue;
        if (capacity_[d] == 0) {
          flat.settled = true;
          flat.part = 0;
        } else {
          flat.share = std::max(flat.share, Rational(flat.demand[d] / capacity_[d]));
        }
      }
      flat.settled = flat.settled || flat.share == 0;
      queues_.push_back(std::move(flat));
    }
  }

  Amounts Solve() {
    while (std::any_of(queues_.begin(), queues_.end(), [](const auto& q) { return !q.settled; })) {
      const Rational level = HighestLevel();
      std::vector<std::size_t> stuck;
      for (std::size_t q = 0; q < queues_.size(); ++q) {
        if (!queues_[q].settled && !CanExceed(q, level)) stuck.push_back(q);
      }
      FAIRLEAD_CHECK(!stuck.empty(), "some queue must be at its most");
      for (const std::size_t q : stuck) {
        queues_[q].settled = true;
        queues_[q].part = level * queues_[q].weight / queues_[q].share;
      }
    }
    Amounts parts;
    for (const FlatQueue& queue : queues_) parts.push_back(queue.part);
    return parts;
  }

 private:
  // What queues that are not settled may have, above `level` * weight each: one variable per queue.
  LinearProgram Room(const Rational& level) const {
    const std::size_t n = queues_.size();
    LinearProgram program;
    for (std::size_t d = 0; d < capacity_.size(); ++d) {
      Amounts row(n, 0);
      Rational left = capacity_[d];
      for (std::size_t q = 0; q < n; ++q) {
        const FlatQueue& queue = queues_[q];
        if (!queue.settled) row[q] = queue.demand[d];
        left -= queue.demand[d] * Least(queue, level);
      }
      program.rows.push_back(row);
      program.bounds.push_back(left);
    }
    for (std::size_t q = 0; q < n; ++q) {
      Amounts row(n, 0);
      row[q] = 1;
      program.rows.push_back(row);
      program.bounds.push_back(queues_[q].settled ? Rational(0)
                                                  : Rational(1 - Least(queues_[q], level)));
    }
    program.objective.assign(n, 0);
    return program;
  }

  static Rational Least(const FlatQueue& queue, const Rational& level) {
    return queue.settled ? queue.part : Rational(level * queue.weight / queue.share);
  }

  // The highest level that all queues that are not settled can have at once.
  Rational HighestLevel() const {
    LinearProgram program = Room(0);
    for (Amounts& row : program.rows) row.push_back(0);
    program.objective.push_back(1);
    for (std::size_t q = 0; q < queues_.size(); ++q) {
      if (queues_[q].settled) continue;
      Amounts row(queues_.size() + 1, 0);
      row[q] = -queues_[q].share;
      row.back() = queues_[q].weight;
      program.rows.push_back(row);
      program.bounds.push_back(0);
    }
    return Maximum(std::move(program));
  }

  bool CanExceed(std::size_t q, const Rational& level) const {
    LinearProgram program = Room(level);
    program.objective[q] = 1;
    return Maximum(std::move(program)) > 0;
  }

  Amounts capacity_;
  std::vector<FlatQueue> queues_;
};

}  // namespace

Rational Maximum(LinearProgram program) { return Tableau(std::move(program)).Solve(); }

Amounts LexicographicMaxMin(const EntitlementInput& input) { return MaxMin(input).Solve(); }

}  // namespace fairlead::testing_support
