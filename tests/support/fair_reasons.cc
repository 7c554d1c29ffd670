#include "tests/support/fair_reasons.h"

#include <algorithm>

namespace fairlead::testing_support {
namespace {

class Reasoning {
 public:
  Reasoning(const EntitlementInput& input, const ExactSolution& solution)
      : input_(input), solution_(solution) {}

  std::vector<QueueReasons> Run() {
    reasons_.resize(input_.queues.size());
    Visit(QueueId::None());
    return std::move(reasons_);
  }

 private:
  std::vector<QueueId> Children(QueueId parent) const {
    std::vector<QueueId> children;
    for (std::uint32_t q = 0; q < input_.queues.size(); ++q) {
      if (input_.queues[q].parent == parent) children.emplace_back(q);
    }
    std::sort(children.begin(), children.end(), [this](QueueId a, QueueId b) {
      return input_.queues[a.index()].rank < input_.queues[b.index()].rank;
    });
    return children;
  }

  QueueReasons Visit(QueueId queue) {
    QueueReasons own;
    if (queue.valid()) {
      own.bounds = OfLeaf(queue);
      own.guarantee_cut = !solution_.cut.empty() && solution_.cut[queue.index()];
    }
    for (const QueueId child : Children(queue)) {
      QueueReasons below = Visit(child);
      own.guarantee_cut = own.guarantee_cut || below.guarantee_cut;
      const bool bound = below.bounds.front().bound_by != BoundBy::kDemand;
      if (own.bounds.empty() && bound) own.bounds = std::move(below.bounds);
    }
    if (own.bounds.empty()) own.bounds.emplace_back();
    if (queue.valid()) reasons_[queue.index()] = own;
    return own;
  }

  // Nothing if it is satisfied, and for inner queues.
  std::vector<Reason> OfLeaf(QueueId leaf) const {
    for (const ExactClass& c : solution_.classes) {
      if (c.leaf != leaf || !c.held_by) continue;
      std::vector<Reason> reasons;
      for (const Bound& bound : c.tight) Add(c, bound, &reasons);
      return reasons;
    }
    return {};
  }

  void Add(const ExactClass& c, const Bound& bound, std::vector<Reason>* reasons) const {
    const ResourceId first = bound.resources.front();
    if (bound.queue.valid()) {
      const bool guarantee = ForbidsBorrowing(bound);
      reasons->push_back({guarantee ? BoundBy::kGuarantee : BoundBy::kLimit, first, bound.queue});
      return;
    }
    const bool base_only = HasSome(c.base) && !HasSome(c.surplus);
    if (base_only) reasons->push_back({BoundBy::kGuarantee, first, c.leaf});
    if (base_only && bound.granted) return;
    // A rival that several things hold may be said to be held by another one.
    const Rivals rivals = RivalsOf(c, bound);
    if (rivals != Rivals::kNone) reasons->push_back({BoundBy::kWeight, first});
    if (rivals != Rivals::kSome) reasons->push_back({BoundBy::kSaturated, first});
  }

  static bool HasSome(const Amounts& amounts) {
    return std::any_of(amounts.begin(), amounts.end(), [](const auto& a) { return a > 0; });
  }

  bool ForbidsBorrowing(const Bound& bound) const {
    const EntitlementQueue& queue = input_.queues[bound.queue.index()];
    if (queue.borrowing) return false;
    return std::any_of(bound.resources.begin(), bound.resources.end(), [&](ResourceId r) {
      const std::int64_t guarantee = queue.guarantee.Get(r);
      if (guarantee == 0 && (r == kPods || r == kEphemeralStorage)) return false;
      const auto limit = queue.limit.Get(r);
      return !limit || guarantee <= *limit;
    });
  }

  enum class Rivals { kNone, kPerhaps, kSome };
  Rivals RivalsOf(const ExactClass& c, const Bound& bound) const {
    Rivals rivals = Rivals::kNone;
    for (const ExactClass& other : solution_.classes) {
      if (other.leaf == c.leaf) continue;
      const bool held = std::any_of(other.tight.begin(), other.tight.end(), [&](const Bound& b) {
        return !b.queue.valid() && b.resources == bound.resources;
      });
      if (held && other.tight.size() == 1) return Rivals::kSome;
      if (held) rivals = Rivals::kPerhaps;
    }
    return rivals;
  }

  const EntitlementInput& input_;
  const ExactSolution& solution_;
  std::vector<QueueReasons> reasons_;
};

}  // namespace

std::vector<QueueReasons> ReasonsOf(const EntitlementInput& input, const ExactSolution& solution) {
  return Reasoning(input, solution).Run();
}

}  // namespace fairlead::testing_support
