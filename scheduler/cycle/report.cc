// ReportQueues: the same passes as a decision, up to the entitlements, and then words for people.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>

#include "fairlead/cycle/queue_report.h"
#include "fairlead/queues/amounts.h"
#include "scheduler/cycle/entitle.h"

namespace fairlead {
namespace {

using Sums = std::map<std::string, std::int64_t>;

void Add(const std::string& name, std::int64_t amount, Sums* sums) {
  std::int64_t& sum = (*sums)[name];
  if (__builtin_add_overflow(sum, amount, &sum)) sum = std::numeric_limits<std::int64_t>::max();
}

NamedAmounts ToAmounts(const Sums& sums) {
  NamedAmounts amounts;
  for (const auto& [name, amount] : sums) {
    if (amount > 0) amounts.emplace_back(name, amount);
  }
  return amounts;
}

class Reporter {
 public:
  Reporter(const Snapshot& snapshot, const Policy& policy, Instant now, const UsageHistory* history)
      : snapshot_(snapshot),
        policy_(policy),
        now_(now),
        history_(history),
        context_(MakeContext(snapshot, policy)),
        book_(snapshot, policy, context_),
        reports_(policy.queues.size()),
        demand_(policy.queues.size()) {
    const DecideInput input{snapshot, policy, now};
    std::vector<PendingGang> refused;
    const std::vector<LeafDemand> demand =
        CountDemand(snapshot, context_, Admit(input, context_, &refused));
    entitlements_ = SolveEntitlements(MakeEntitlementInput(
        policy, context_, book_, demand, EffectiveWeights(policy, nullptr), *snapshot.names));
    for (std::size_t q = 0; q < demand.size(); ++q) SumDemand(demand[q], &demand_[q]);
    free_ = FreeOf(context_, snapshot);
  }

  QueueTable Run() {
    CountWaiting();
    const std::vector<QueueId>& order = context_.tree.DepthFirst();
    for (auto queue = order.rbegin(); queue != order.rend(); ++queue) AddToParent(*queue);
    QueueTable table{now_, snapshot_.version, {}};
    for (const QueueId queue : order) {
      Describe(queue);
      table.queues.push_back(std::move(reports_[queue.index()]));
    }
    return table;
  }

 private:
  const std::vector<std::string>& names() const { return snapshot_.names->resources; }

  std::string NameOf(const std::vector<ResourceId>& models) const {
    constexpr std::string_view kPrefix = "gpu/";
    std::vector<std::string> all;
    for (const ResourceId model : models) {
      all.push_back(names()[model.index()].substr(kPrefix.size()));
    }
    std::sort(all.begin(), all.end());
    return fmt::format("{}{}", kPrefix, fmt::join(all, "|"));
  }

  void Sum(const ResourceVector& amounts, const std::vector<AnyOf>& any_of, Sums* sums) const {
    for (std::uint32_t r = 0; r < amounts.size(); ++r) {
      Add(names()[r], amounts.Get(ResourceId(r)), sums);
    }
    for (const AnyOf& any : any_of) Add(NameOf(any.models), any.amount, sums);
  }

  void SumDemand(const LeafDemand& demand, Sums* sums) const {
    for (const DemandClass& c : demand.classes) Sum(c.amounts, c.any_of, sums);
  }

  // Gangs that may not use the queue that they name are none of its waiting ones.
  void CountWaiting() {
    for (const auto& gang : snapshot_.waiting) {
      const ResolvedClaim& claim = context_.claims[gang->claim.index()];
      if (!claim.queue.valid() || claim.refusal) continue;
      QueueReport& report = reports_[claim.queue.index()];
      const auto pods = std::count_if(
          gang->members.begin(), gang->members.end(),
          [](const MemberView& member) { return member.state == MemberState::kPending; });
      report.pending_pods += pods;
      if (pods == 0 || CountMembers(*gang).holding > 0) continue;
      ++report.pending_gangs;
      const Duration wait{std::max<std::int64_t>(0, (now_ - gang->submitted).ns)};
      report.oldest_wait = std::max(report.oldest_wait.value_or(wait), wait);
    }
  }

  void AddToParent(QueueId queue) {
    const QueueId parent = context_.tree.parent(queue);
    if (!parent.valid()) return;
    QueueReport& above = reports_[parent.index()];
    const QueueReport& own = reports_[queue.index()];
    above.pending_gangs += own.pending_gangs;
    above.pending_pods += own.pending_pods;
    if (own.oldest_wait) {
      above.oldest_wait = std::max(above.oldest_wait.value_or(*own.oldest_wait), *own.oldest_wait);
    }
    for (const auto& [name, amount] : demand_[queue.index()]) {
      Add(name, amount, &demand_[parent.index()]);
    }
  }

  void Describe(QueueId queue) {
    const QueueSpec& spec = policy_.queues[queue.index()];
    const Entitlement& entitlement = entitlements_[queue.index()];
    QueueReport& report = reports_[queue.index()];
    report.name = spec.name;
    report.parent = spec.parent;
    for (QueueId up = context_.tree.parent(queue); up.valid(); up = context_.tree.parent(up)) {
      ++report.depth;
    }
    report.leaf = context_.tree.IsLeaf(queue);
    report.state = context_.tree.EffectiveState(queue);
    report.weight = spec.weight;
    report.demand = ToAmounts(demand_[queue.index()]);
    for (const auto& guaranteed : context_.tree.Guarantee(queue)) {
      if (guaranteed.second > 0) report.guarantee.push_back(guaranteed);
    }
    Sums entitled;
    Sum(entitlement.amounts, entitlement.any_of, &entitled);
    report.entitlement = ToAmounts(entitled);
    report.allocated = ToNamed(book_.Allocated(queue), names());
    DescribeLoans(queue, &report);
    report.dominant_share = DominantShare(book_.Allocated(queue), context_.capacity);
    report.entitled_share = entitlement.dominant_share;
    report.bound_by = BoundText(queue, entitlement);
    if (history_ != nullptr) {
      const auto past = history_->queues.find(spec.name);
      if (past != history_->queues.end()) report.decayed_usage = past->second.usage;
    }
    report.running_gangs = book_.Running(queue);
  }

  void DescribeLoans(QueueId queue, QueueReport* report) const {
    Sums borrowed;
    Sums lent;
    for (std::uint32_t r = 0; r < names().size(); ++r) {
      const ResourceId id(r);
      const std::int64_t guarantee = book_.Guarantee(queue).Get(id);
      const std::int64_t held = book_.Allocated(queue).Get(id);
      Add(names()[r], std::max<std::int64_t>(0, held - guarantee), &borrowed);
      Add(names()[r], std::max<std::int64_t>(0, guarantee - held - free_.Get(id)), &lent);
    }
    report->borrowed = ToAmounts(borrowed);
    report->lent = ToAmounts(lent);
  }

  std::string BoundText(QueueId queue, const Entitlement& entitlement) const {
    std::string text(BoundByName(entitlement.bound_by));
    if (entitlement.bound_by == BoundBy::kDemand) return text;
    if (entitlement.bound_resource.valid()) {
      text += " " + names()[entitlement.bound_resource.index()];
    }
    const bool other = entitlement.bound_queue.valid() && entitlement.bound_queue != queue;
    if (other) text += " of " + policy_.queues[entitlement.bound_queue.index()].name;
    return text;
  }

  const Snapshot& snapshot_;
  const Policy& policy_;
  Instant now_;
  const UsageHistory* history_;
  QueueContext context_;
  QueueBook book_;
  std::vector<QueueReport> reports_;  // by QueueId
  std::vector<Sums> demand_;          // by QueueId
  std::vector<Entitlement> entitlements_;
  ResourceVector free_;
};

}  // namespace

QueueTable ReportQueues(const Snapshot& snapshot, const Policy& policy, Instant now,
                        const UsageHistory* history) {
  return Reporter(snapshot, policy, now, history).Run();
}

}  // namespace fairlead
