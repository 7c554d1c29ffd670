#include "fairlead/queues/entitlement_memo.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "fairlead/base/check.h"

namespace fairlead {
namespace {

__extension__ using Wide = unsigned __int128;

bool SameButDemand(const EntitlementQueue& a, const EntitlementQueue& b) {
  return a.parent == b.parent && a.rank == b.rank && a.weight == b.weight &&
         a.priority == b.priority && a.guarantee == b.guarantee && a.limit == b.limit &&
         a.lending_limit == b.lending_limit && a.lendable == b.lendable &&
         a.borrowing == b.borrowing;
}

bool SameButDemand(const EntitlementInput& a, const EntitlementInput& b) {
  return a.capacity == b.capacity &&
         std::equal(a.queues.begin(), a.queues.end(), b.queues.begin(), b.queues.end(),
                    [](const EntitlementQueue& x, const EntitlementQueue& y) {
                      return SameButDemand(x, y);
                    });
}

// Amounts before and after, and whether they are in one proportion everywhere.
class Proportion {
 public:
  void Add(std::int64_t before, std::int64_t after) {
    if ((before == 0) != (after == 0)) kept_ = false;
    if (before == 0 || after == 0) return;
    if (before_ == 0) {
      before_ = before;
      after_ = after;
    }
    kept_ = kept_ && Product(before, after_) == Product(after, before_);
  }
  bool kept() const { return kept_; }

 private:
  static Wide Product(std::int64_t a, std::int64_t b) {
    return Wide{static_cast<std::uint64_t>(a)} * static_cast<std::uint64_t>(b);
  }

  std::int64_t before_ = 0;  // the first that are not 0
  std::int64_t after_ = 0;
  bool kept_ = true;
};

std::int64_t AmountOf(const Entitlement& entitlement, const std::vector<ResourceId>& models) {
  for (const AnyOf& any : entitlement.any_of) {
    if (any.models == models) return any.amount;
  }
  return 0;
}

// Is the class, which is held at `has`, still held there when it wants `after` instead of `before`?
bool StaysHeld(const DemandClass& before, const DemandClass& after, const Entitlement& has) {
  Proportion proportion;
  // A whole unit more than it has, of anything: then it has less of everything than it wants, since
  // `has` is rounded up by less than one.
  bool above = false;
  const std::size_t resources = std::max(before.amounts.size(), after.amounts.size());
  for (std::uint32_t r = 0; r < resources; ++r) {
    const std::int64_t wants = after.amounts.Get(ResourceId(r));
    proportion.Add(before.amounts.Get(ResourceId(r)), wants);
    above = above || wants > has.amounts.Get(ResourceId(r));
  }
  if (before.any_of.size() != after.any_of.size()) return false;
  for (std::size_t i = 0; i < after.any_of.size(); ++i) {
    const AnyOf& any = after.any_of[i];
    if (any.models != before.any_of[i].models) return false;
    proportion.Add(before.any_of[i].amount, any.amount);
    above = above || any.amount > AmountOf(has, any.models);
  }
  return proportion.kept() && above;
}

bool Same(const std::vector<DemandClass>& a, const std::vector<DemandClass>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const DemandClass& x, const DemandClass& y) {
                      return x.amounts == y.amounts && x.any_of == y.any_of;
                    });
}

// Does the change of a leaf's demand leave every entitlement, its own too, as it is?
bool MovesNobody(const std::vector<DemandClass>& before, const std::vector<DemandClass>& after,
                 const Entitlement& has) {
  if (Same(before, after)) return true;
  return before.size() == 1 && after.size() == 1 && has.bound_by != BoundBy::kDemand &&
         StaysHeld(before.front(), after.front(), has);
}

}  // namespace

void EntitlementMemo::SolveAgain() {
  answer_ = SolveEntitlements(input_);
  guaranteed_ =
      std::any_of(input_.queues.begin(), input_.queues.end(),
                  [](const EntitlementQueue& queue) { return !queue.guarantee.IsZero(); });
  ++solves_;
}

const std::vector<Entitlement>& EntitlementMemo::Solve(EntitlementInput input) {
  bool again = solves_ == 0 || !SameButDemand(input_, input);
  for (std::size_t q = 0; q < input.queues.size() && !again; ++q) {
    const auto& before = input_.queues[q].demand;
    const auto& after = input.queues[q].demand;
    again = guaranteed_ ? !Same(before, after) : !MovesNobody(before, after, answer_[q]);
  }
  input_ = std::move(input);
  if (again) SolveAgain();
  return answer_;
}

const std::vector<Entitlement>& EntitlementMemo::Update(QueueId leaf,
                                                        std::vector<DemandClass> demand) {
  FAIRLEAD_CHECK(solves_ > 0 && leaf.index() < input_.queues.size(), "queue {} of {}", leaf.value(),
                 input_.queues.size());
  std::vector<DemandClass>& before = input_.queues[leaf.index()].demand;
  const bool again =
      guaranteed_ ? !Same(before, demand) : !MovesNobody(before, demand, answer_[leaf.index()]);
  before = std::move(demand);
  if (again) SolveAgain();
  return answer_;
}

}  // namespace fairlead
