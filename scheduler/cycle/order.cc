// order: which gang next. Between queues by HierarchyOrder, inside a leaf by its rule.
#include <algorithm>
#include <map>
#include <string_view>

#include "scheduler/cycle/gang_line.h"

namespace fairlead {
namespace {

// Total orders: true if `a` is served after `b`.
bool SubmittedAfter(const Candidate* a, const Candidate* b) {
  if (a->gang->submitted != b->gang->submitted) return a->gang->submitted > b->gang->submitted;
  return a->gang->id > b->gang->id;
}

bool ServedAfter(const Candidate* a, const Candidate* b) {
  if (a->priority != b->priority) return a->priority < b->priority;
  return SubmittedAfter(a, b);
}

}  // namespace

GangLine::GangLine(const LineInput& input, const std::vector<Candidate>& candidates)
    : input_(input), leaves_(input.policy.queues.size()) {
  Fill(candidates);
  std::sort(partial_.begin(), partial_.end(), ServedAfter);
  for (std::uint32_t q = 0; q < leaves_.size(); ++q) Sort(QueueId(q));
  MakeOrder();
}

void GangLine::Fill(const std::vector<Candidate>& candidates) {
  std::map<std::pair<QueueId, std::string_view>, std::vector<const Candidate*>> by_user;
  for (const Candidate& candidate : candidates) {
    if (candidate.gang->partial) {
      partial_.push_back(&candidate);
      continue;
    }
    Leaf& leaf = leaves_[candidate.queue.index()];
    if (input_.policy.queues[candidate.queue.index()].order == LeafOrder::kFairUsers) {
      const std::string& user = input_.snapshot.claims[candidate.gang->claim.index()].user;
      by_user[{candidate.queue, user}].push_back(&candidate);
      continue;
    }
    if (leaf.lanes.empty()) leaf.lanes.push_back({candidate.gang->claim, {}, {}});
    leaf.lanes.front().gangs.push_back(&candidate);
  }
  for (auto& [key, gangs] : by_user) {
    const ClaimId claim = gangs.front()->gang->claim;
    leaves_[key.first.index()].lanes.push_back({claim, std::move(gangs), {}});
  }
}

void GangLine::Sort(QueueId queue) {
  const LeafOrder order = input_.policy.queues[queue.index()].order;
  for (Lane& lane : leaves_[queue.index()].lanes) {
    if (order == LeafOrder::kFifoStrict) {
      std::sort(lane.gangs.begin(), lane.gangs.end(), SubmittedAfter);
      continue;
    }
    if (order != LeafOrder::kShortestFirst) {
      std::sort(lane.gangs.begin(), lane.gangs.end(), ServedAfter);
      continue;
    }
    std::vector<std::pair<Share, const Candidate*>> sized;
    for (const Candidate* gang : lane.gangs) {
      const DemandClass demand = DemandOf(input_.snapshot, input_.context, *gang);
      sized.emplace_back(ShareOf(demand, input_.context.capacity), gang);
    }
    std::sort(sized.begin(), sized.end(), [](const auto& a, const auto& b) {
      if (a.first != b.first) return a.first > b.first;
      return ServedAfter(a.second, b.second);
    });
    std::transform(sized.begin(), sized.end(), lane.gangs.begin(),
                   [](const auto& entry) { return entry.second; });
  }
}

void GangLine::MakeOrder() {
  std::size_t open = 0;
  for (std::uint32_t q = 0; q < leaves_.size(); ++q) {
    if (leaves_[q].lanes.empty()) continue;
    ++open;
    only_ = QueueId(q);
  }
  if (open < 2) return;
  std::vector<HierarchyQueue> queues(leaves_.size());
  for (std::uint32_t q = 0; q < leaves_.size(); ++q) {
    const QueueId id(q);
    HierarchyQueue& queue = queues[q];
    queue.parent = input_.context.tree.parent(id);
    queue.rank = input_.context.tree.NameRank(id);
    queue.weight = {input_.weights[q], 1};
    if (!input_.context.tree.IsLeaf(id)) continue;
    queue.blocked = leaves_[q].lanes.empty();
    queue.allocated = input_.book.Allocated(id);
    queue.uses = input_.demand[q].uses;
  }
  order_.emplace(input_.context.capacity, std::move(queues));
}

const Candidate* GangLine::Next() {
  if (!partial_.empty()) {
    const Candidate* next = partial_.back();
    partial_.pop_back();
    return next;
  }
  if (!order_) return NextOfOnly();
  for (QueueId queue = order_->Next(); queue.valid(); queue = order_->Next()) {
    if (Settle(queue)) return Pop(queue);
  }
  return nullptr;
}

const Candidate* GangLine::NextOfOnly() {
  if (!only_.valid()) return nullptr;
  if (Settle(only_)) return Pop(only_);
  only_ = QueueId::None();
  return nullptr;
}

const Candidate* GangLine::Pop(QueueId queue) {
  std::vector<const Candidate*>& gangs = BestLane(&leaves_[queue.index()])->gangs;
  const Candidate* next = gangs.back();
  gangs.pop_back();
  return next;
}

// The lane that is served next, or null where no gang is left in any.
GangLine::Lane* GangLine::BestLane(Leaf* leaf) const {
  Lane* best = nullptr;
  Share least;
  for (Lane& lane : leaf->lanes) {
    if (lane.gangs.empty()) continue;
    if (leaf->lanes.size() == 1) return &lane;
    const Share share = input_.book.UserShare(lane.claim);
    if (best != nullptr && share >= least) continue;
    best = &lane;
    least = share;
  }
  return best;
}

// Lets gangs step back that are over. False if that, or that none is left, has changed the leaf's
// place in the order.
bool GangLine::Settle(QueueId queue) {
  Leaf& leaf = leaves_[queue.index()];
  const bool strict = input_.policy.queues[queue.index()].order == LeafOrder::kFifoStrict;
  Lane* lane = leaf.head == nullptr ? BestLane(&leaf) : nullptr;
  bool stepped = false;
  while (order_ && !leaf.over && lane != nullptr && input_.entitled.Over(*lane->gangs.back())) {
    stepped = true;
    if (strict) break;  // nobody may pass it, and so the leaf steps back as one
    lane->stepped.push_back(lane->gangs.back());
    lane->gangs.pop_back();
    lane = BestLane(&leaf);
  }
  if (lane != nullptr && !(strict && stepped)) return true;
  if (leaf.over || leaf.head != nullptr || !(stepped || HasStepped(leaf))) {
    if (order_) order_->Block(queue);
    return false;
  }
  leaf.over = true;
  for (Lane& each : leaf.lanes) {
    each.gangs.insert(each.gangs.end(), each.stepped.rbegin(), each.stepped.rend());
    each.stepped.clear();
  }
  if (order_) order_->SetOver(queue, true);
  return false;
}

bool GangLine::HasStepped(const Leaf& leaf) {
  return std::any_of(leaf.lanes.begin(), leaf.lanes.end(),
                     [](const Lane& lane) { return !lane.stepped.empty(); });
}

void GangLine::Charge(const Candidate& candidate, const ResourceVector& amounts) {
  if (order_) order_->Charge(candidate.queue, amounts);
}

void GangLine::Waits(const Candidate& candidate) {
  const bool strict = input_.policy.queues[candidate.queue.index()].order == LeafOrder::kFifoStrict;
  if (strict && !candidate.gang->partial) leaves_[candidate.queue.index()].head = &candidate;
}

std::vector<std::pair<const Candidate*, const Candidate*>> GangLine::Behind() const {
  std::vector<std::pair<const Candidate*, const Candidate*>> behind;
  for (const Leaf& leaf : leaves_) {
    if (leaf.head == nullptr) continue;
    for (const Lane& lane : leaf.lanes) {
      for (const Candidate* gang : lane.gangs) behind.emplace_back(gang, leaf.head);
    }
  }
  return behind;
}

}  // namespace fairlead
