// Rules 2 and 3: what guarantees give, before any surplus.
#include <algorithm>
#include <vector>

#include "tests/support/fair_problem.h"

namespace fairlead::testing_support {
namespace {

class BaseSolver {
 public:
  BaseSolver(FairProblem& problem, Mutant mutant)
      : problem_(problem),
        mutant_(mutant),
        zero_(problem.dimensions.size(), 0),
        demand_(problem.root() + 1, zero_),
        charged_(problem.root() + 1, zero_),
        kept_(problem.root() + 1, zero_),
        part_(problem.root() + 1) {
    for (auto& parts : part_) {
      for (const Dimension& d : problem.dimensions) parts.emplace_back(d.size(), 0);
    }
  }

  std::vector<Amounts> Solve() {
    problem_.cut.assign(problem_.root(), false);
    for (const std::size_t child : problem_.nodes[problem_.root()].children) Visit(child);
    Cut();
    for (ExactClass& c : problem_.classes) {
      for (std::size_t d = 0; d < zero_.size(); ++d) {
        if (c.demand[d] == 0) continue;
        c.base[d] = BaseOf(c.leaf.index(), d) * c.demand[d] / demand_[c.leaf.index()][d];
      }
    }
    kept_.pop_back();
    return kept_;
  }

 private:
  Rational BaseOf(std::size_t leaf, std::size_t d) const {
    Rational sum = 0;
    for (const Rational& part : part_[leaf][d]) sum += part;
    return sum;
  }

  // What a constraint counts so far.
  Rational Used(const Constraint& constraint) const {
    Rational used = 0;
    for (std::size_t q = 0; q < problem_.root(); ++q) {
      if (!problem_.Within(q, constraint.node)) continue;
      for (std::size_t d = 0; d < zero_.size(); ++d) {
        if (constraint.dimensions[d]) used += BaseOf(q, d) + kept_[q][d];
      }
    }
    return used;
  }

  // How much more of dimension d can be handed out at `node`.
  Rational CanTake(std::size_t node, std::size_t d) const {
    Rational most = 0;
    if (problem_.is_leaf(node)) {
      most = demand_[node][d] - BaseOf(node, d);
    } else {
      for (const std::size_t child : problem_.nodes[node].children) most += CanTake(child, d);
    }
    for (const Constraint& constraint : problem_.constraints) {
      if (constraint.node != node || !constraint.dimensions[d]) continue;
      most = std::min(most, Rational(constraint.most - Used(constraint)));
    }
    return most;
  }

  void HandOut(std::size_t node, std::size_t d, std::size_t member, Rational amount) {
    if (problem_.is_leaf(node)) {
      part_[node][d][member] += amount;
      return;
    }
    struct Taker {
      std::size_t node;
      Rational most, weight;
    };
    std::vector<Taker> takers;
    Rational weights = 0;
    for (const std::size_t child : problem_.nodes[node].children) {
      takers.push_back({child, CanTake(child, d), problem_.nodes[child].weight});
      weights += takers.back().weight;
    }
    // Those with the least per weight are filled first.
    std::stable_sort(takers.begin(), takers.end(), [](const Taker& a, const Taker& b) {
      return a.most * b.weight < b.most * a.weight;
    });
    for (const Taker& taker : takers) {
      const Rational fair = amount * taker.weight / weights;
      const Rational given = std::min(taker.most, fair);
      HandOut(taker.node, d, member, given);
      amount -= given;
      weights -= taker.weight;
    }
  }

  // Uses `rest`, what is left of the guarantee of one model, for demand of dimension d.
  void Use(std::size_t node, std::size_t d, std::size_t member, Rational& rest) {
    if (rest == 0) return;
    const Rational amount = std::min(rest, CanTake(node, d));
    if (amount == 0) return;
    rest -= amount;
    charged_[node][problem_.dimensions[d][member].index()] += amount;
    HandOut(node, d, member, amount);
  }

  void Gather(std::size_t node) {
    for (const std::size_t child : problem_.nodes[node].children) {
      if (problem_.is_class(child)) {
        const ExactClass& c = problem_.classes[child - problem_.class_node(0)];
        for (std::size_t d = 0; d < zero_.size(); ++d) demand_[node][d] += c.demand[d];
        continue;
      }
      Visit(child);
      for (std::size_t d = 0; d < zero_.size(); ++d) {
        demand_[node][d] += demand_[child][d];
        charged_[node][d] += charged_[child][d];
      }
    }
  }

  void Visit(std::size_t node) {
    Gather(node);
    const bool inner = !problem_.is_leaf(node);
    if (mutant_ == Mutant::kGuaranteeIgnored) return;
    if (mutant_ == Mutant::kInnerGuaranteeIgnored && inner) return;
    // By resource: guarantee less what children use of it.
    const EntitlementQueue& queue = problem_.input.queues[node];
    Amounts rest = zero_;
    for (std::size_t d = 0; d < zero_.size(); ++d) {
      const Dimension& dimension = problem_.dimensions[d];
      if (dimension.size() == 1) {
        rest[d] = ToRational(queue.guarantee.Get(dimension[0])) - charged_[node][d];
      }
      // Single resources come first, and their place in `rest` is their id.
      for (std::size_t m = 0; m < dimension.size(); ++m) {
        const std::size_t model = dimension[m].index();
        Use(node, d, m, rest[model]);
      }
    }
    Keep(node, rest);
  }

  void Keep(std::size_t node, const Amounts& rest) {
    const EntitlementQueue& queue = problem_.input.queues[node];
    if (mutant_ == Mutant::kKeptIgnored) return;
    for (std::size_t d = 0; d < zero_.size(); ++d) {
      if (problem_.dimensions[d].size() > 1) continue;
      const auto limit = queue.lending_limit.Get(problem_.dimensions[d][0]);
      if (queue.lendable && !limit) continue;
      const Rational lent = queue.lendable ? ToRational(*limit) : Rational(0);
      if (rest[d] <= lent) continue;
      kept_[node][d] = rest[d] - lent;
      charged_[node][d] += kept_[node][d];
    }
  }

  // Where the parts on a model exceed what there is of it, all shrink by the same factor.
  void Cut() {
    if (mutant_ == Mutant::kCutIgnored) return;
    for (std::size_t model = 0; model < zero_.size(); ++model) {
      if (problem_.dimensions[model].size() > 1) continue;
      const std::vector<Rational*> all = On(problem_.dimensions[model][0], model);
      Rational total = 0;
      for (const Rational* amount : all) total += *amount;
      if (total <= problem_.capacity[model]) continue;
      const Rational factor = problem_.capacity[model] / total;
      MarkCut(model);
      for (Rational* amount : all) *amount *= factor;
    }
  }

  // Those that have something of the model.
  void MarkCut(std::size_t model) {
    const ResourceId resource = problem_.dimensions[model][0];
    for (std::size_t q = 0; q < problem_.root(); ++q) {
      const std::vector<Rational*> own = On(resource, model, q);
      const auto some = [](const Rational* amount) { return *amount > 0; };
      if (std::any_of(own.begin(), own.end(), some)) problem_.cut[q] = true;
    }
  }

  std::vector<Rational*> On(ResourceId resource, std::size_t model) {
    std::vector<Rational*> all;
    for (std::size_t q = 0; q < problem_.root(); ++q) {
      const std::vector<Rational*> own = On(resource, model, q);
      all.insert(all.end(), own.begin(), own.end());
    }
    return all;
  }

  // What queue q has of a model, `model` being its dimension.
  std::vector<Rational*> On(ResourceId resource, std::size_t model, std::size_t q) {
    std::vector<Rational*> own = {&kept_[q][model]};
    for (std::size_t d = 0; d < zero_.size(); ++d) {
      for (std::size_t m = 0; m < problem_.dimensions[d].size(); ++m) {
        if (problem_.dimensions[d][m] == resource) own.push_back(&part_[q][d][m]);
      }
    }
    return own;
  }

  FairProblem& problem_;
  const Mutant mutant_;
  const Amounts zero_;
  std::vector<Amounts> demand_;             // by queue, of its subtree
  std::vector<Amounts> charged_;            // by queue and resource: base and h when it was visited
  std::vector<Amounts> kept_;               // h, of the queue alone
  std::vector<std::vector<Amounts>> part_;  // base by leaf, dimension and model of the dimension
};

}  // namespace

std::vector<Amounts> SolveBase(FairProblem& problem, Mutant mutant) {
  return BaseSolver(problem, mutant).Solve();
}

}  // namespace fairlead::testing_support
