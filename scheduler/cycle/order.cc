// order: which gang next. Between queues by QueueOrder; inside a queue by priority (high first),
// then submission, then id.
#include <algorithm>

#include "scheduler/cycle/passes.h"

namespace fairlead {
namespace {

// Total order: true if `a` is served after `b`.
bool ServedAfter(const Candidate* a, const Candidate* b) {
  if (a->gang->priority != b->gang->priority) return a->gang->priority < b->gang->priority;
  if (a->gang->submitted != b->gang->submitted) return a->gang->submitted > b->gang->submitted;
  return a->gang->id > b->gang->id;
}

std::vector<ResourceVector> HeldByQueue(const Snapshot& snapshot,
                                        const std::vector<ResolvedClaim>& claims,
                                        std::size_t queues) {
  std::vector<ResourceVector> held(queues);
  for (std::size_t c = 0; c < claims.size(); ++c) {
    if (claims[c].queue.valid()) held[claims[c].queue.index()] += snapshot.claims[c].allocated;
  }
  return held;
}

}  // namespace

GangLine::GangLine(const DecideInput& input, const ResourceVector& capacity,
                   const std::vector<ResolvedClaim>& claims,
                   const std::vector<Candidate>& candidates)
    : snapshot_(input.snapshot) {
  for (std::uint32_t m = 0; m < snapshot_.names->models.size(); ++m) {
    model_resources_.push_back(GpuResource(*snapshot_.names, ModelId(m)));
  }
  const std::vector<QueueSpec>& queues = input.policy.queues;
  leaves_.resize(queues.size());
  for (const Candidate& candidate : candidates) {
    if (candidate.gang->partial) {
      partial_.push_back(&candidate);
    } else {
      leaves_[candidate.queue.index()].gangs.push_back(&candidate);
    }
  }
  std::sort(partial_.begin(), partial_.end(), ServedAfter);
  std::vector<ResourceVector> held = HeldByQueue(snapshot_, claims, queues.size());
  std::vector<QueueLoad> loads;
  for (std::uint32_t q = 0; q < queues.size(); ++q) {
    std::sort(leaves_[q].gangs.begin(), leaves_[q].gangs.end(), ServedAfter);
    loads.push_back({QueueId(q), queues[q].name, queues[q].weight, std::move(held[q])});
  }
  order_.emplace(capacity, std::move(loads));
}

const Candidate* GangLine::Next() {
  if (!partial_.empty()) {
    const Candidate* next = partial_.back();
    partial_.pop_back();
    return next;
  }
  for (QueueId queue = order_->Next(); queue.valid(); queue = order_->Next()) {
    std::vector<const Candidate*>& gangs = leaves_[queue.index()].gangs;
    if (gangs.empty()) {
      order_->Remove(queue);
      continue;
    }
    const Candidate* next = gangs.back();
    gangs.pop_back();
    return next;
  }
  return nullptr;
}

void GangLine::Charge(const Candidate& candidate, const std::vector<Placement>& bind,
                      std::size_t first) {
  ResourceVector amounts;
  for (std::size_t i = first; i < bind.size(); ++i) {
    const ShapeId shape = candidate.gang->members[bind[i].member].shape;
    amounts += (*snapshot_.shape_requests)[shape.index()];
    const std::int64_t gpus = (*snapshot_.shapes)[shape.index()]->requests.gpus;
    if (gpus == 0) continue;
    const ModelId model = snapshot_.nodes->model[bind[i].node.index()];
    amounts.Add(model_resources_[model.index()], gpus * 1000);
  }
  order_->Charge(candidate.queue, amounts);
}

}  // namespace fairlead
