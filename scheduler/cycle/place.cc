// place: gang after gang in order, each whole or not at all. A gang that does not fit, or that the
// book refuses, steps aside; the next of its queue may pass where the queue's order allows that.
#include <fmt/format.h>

#include "scheduler/cycle/gang_line.h"

namespace fairlead {
namespace {

class Placing {
 public:
  Placing(const PlaceInput& input, std::vector<Outcome>* outcomes)
      : input_(input), outcomes_(*outcomes), waiting_(input.policy.queues.size(), 0) {
    for (const QueueSpec& queue : input.policy.queues) {
      caps_waiting_ = caps_waiting_ || queue.max_pending_gangs.has_value();
    }
  }

  PlaceResult Run() {
    while (const Candidate* candidate = input_.line->Next()) {
      if (input_.placer->steps() >= input_.step_budget) {
        result_.exhausted = true;
        break;
      }
      if (Try(*candidate)) continue;
      input_.line->Waits(*candidate);
      if (!candidate->running) CountWaiting(candidate->queue);
    }
    for (const auto& [gang, head] : input_.line->Behind()) Behind(*gang, *head);
    return std::move(result_);
  }

 private:
  const QueueSpec& Spec(QueueId queue) const { return input_.policy.queues[queue.index()]; }

  bool Try(const Candidate& candidate) {
    Outcome& outcome = outcomes_[candidate.position];
    if (const QueueId full = FullOfWaiting(candidate); full.valid()) {
      outcome = Outcome::kBarred;
      result_.barred.push_back({&candidate, CapText(full)});
      return true;  // refused: it is none of those that wait
    }
    const bool bounded = input_.book->Bounded(candidate.queue);
    if (bounded && input_.book->Refuse(candidate)) {
      outcome = Outcome::kBarred;
      result_.barred.push_back({&candidate, std::nullopt});
      return false;
    }
    Allowance allowance;
    if (bounded) allowance = input_.book->AllowanceOf(candidate);
    const std::size_t first = result_.bind.size();
    if (!Place(candidate, bounded ? &allowance : nullptr)) {
      outcome = allowance.cut ? Outcome::kBarred : Outcome::kFailed;
      if (allowance.cut) result_.barred.push_back({&candidate, std::nullopt});
      return false;
    }
    outcome = Outcome::kPlaced;
    const ResourceVector amounts =
        Bound(input_.snapshot, input_.context, *candidate.gang, result_.bind, first);
    input_.book->Charge(candidate, amounts);
    input_.line->Charge(candidate, amounts);
    return true;
  }

  bool Place(const Candidate& candidate, Allowance* allowance) {
    if (!candidate.nearness.any()) {
      return input_.placer->PlaceGang(*candidate.gang, candidate.need, &result_.bind, allowance);
    }
    return input_.placer->PlaceNear(*candidate.gang, candidate.need, &result_.bind, allowance,
                                    {*input_.topology, candidate.nearness});
  }

  // The queue in which as many gangs wait as may, before this one; None if there is none.
  QueueId FullOfWaiting(const Candidate& candidate) const {
    if (!caps_waiting_ || candidate.running) return QueueId::None();
    for (QueueId q = candidate.queue; q.valid(); q = input_.context.tree.parent(q)) {
      const auto cap = Spec(q).max_pending_gangs;
      if (cap && waiting_[q.index()] >= *cap) return q;
    }
    return QueueId::None();
  }

  Refusal CapText(QueueId queue) const {
    return {ReasonCode::kQueueCap,
            fmt::format("queue \"{}\" lets {} gangs wait (max_pending_gangs), and that many are "
                        "before this one",
                        Spec(queue).name, *Spec(queue).max_pending_gangs)};
  }

  void CountWaiting(QueueId leaf) {
    for (QueueId q = leaf; q.valid(); q = input_.context.tree.parent(q)) ++waiting_[q.index()];
  }

  void Behind(const Candidate& gang, const Candidate& head) {
    outcomes_[gang.position] = Outcome::kBarred;
    const GangKey& key = head.gang->key;
    std::string text = fmt::format(
        "behind gang {}/{}, which waits at the head of queue \"{}\" "
        "(order: fifo_strict)",
        key.ns, key.name, Spec(gang.queue).name);
    result_.barred.push_back({&gang, Refusal{ReasonCode::kQueueOrder, std::move(text)}});
  }

  const PlaceInput& input_;
  std::vector<Outcome>& outcomes_;
  PlaceResult result_;
  std::vector<std::int64_t> waiting_;  // by QueueId, it and below
  bool caps_waiting_ = false;
};

}  // namespace

PlaceResult PlaceGangs(const PlaceInput& input, std::vector<Outcome>* outcomes) {
  return Placing(input, outcomes).Run();
}

}  // namespace fairlead
