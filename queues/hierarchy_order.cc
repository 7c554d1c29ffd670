#include "fairlead/queues/hierarchy_order.h"

#include <algorithm>
#include <utility>

#include "fairlead/base/check.h"
#include "queues/hierarchy_tree.h"

namespace fairlead {
namespace {

using queues::ResidueInverse;
using queues::ResidueOf;
using queues::ResidueProduct;

// num / den
std::uint64_t Quotient(std::int64_t num, std::int64_t den) {
  return ResidueProduct(ResidueOf(num), ResidueInverse(ResidueOf(den)));
}

std::vector<ResourceId> SortedUnique(std::vector<ResourceId> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace

HierarchyOrder::Tree::Tree(ResourceVector capacity, const std::vector<HierarchyQueue>& queues)
    : capacity_(std::move(capacity)) {
  resources_ = capacity_.size();
  for (const HierarchyQueue& queue : queues) {
    resources_ = std::max(resources_, queue.allocated.size());
    for (const ResourceId used : queue.uses) resources_ = std::max(resources_, used.index() + 1);
  }
  sums_.resize(resources_);
  for (std::size_t r = 0; r < resources_; ++r) {
    const std::int64_t amount = capacity_.Get(ResourceId(static_cast<std::uint32_t>(r)));
    inverse_capacity_.push_back(ResidueInverse(ResidueOf(amount)));
  }
  Build(queues);
}

void HierarchyOrder::Tree::Build(const std::vector<HierarchyQueue>& queues) {
  nodes_.resize(queues.size() + 1);
  nodes_[root()].leaf = false;
  for (Index i = 0; i < root(); ++i) {
    const HierarchyQueue& queue = queues[i];
    Node& node = nodes_[i];
    node.parent = queue.parent.valid() ? queue.parent.value() : root();
    FAIRLEAD_CHECK(node.parent <= root() && node.parent != i, "queue {} has parent {}", i,
                   node.parent);
    node.rank = queue.rank;
    node.over = queue.over;
    SetWeight(queue.weight, &node);
    node.allocated = queue.allocated;
    node.uses = SortedUnique(queue.uses);
    nodes_[node.parent].children.push_back(i);
    nodes_[node.parent].leaf = false;
  }
  std::vector<Index> parents_first = nodes_[root()].children;
  for (std::size_t i = 0; i < parents_first.size(); ++i) {
    const std::vector<Index>& children = nodes_[parents_first[i]].children;
    parents_first.insert(parents_first.end(), children.begin(), children.end());
  }
  FAIRLEAD_CHECK(parents_first.size() == queues.size(), "the queues do not form a tree");
  for (Node& node : nodes_) {
    if (node.leaf) continue;
    node.live.resize(resources_);
    node.full_sum.resize(resources_);
    node.scaled_sum.resize(resources_);
  }
  // Children before parents: everything counts as blocked until its turn.
  for (auto i = parents_first.rbegin(); i != parents_first.rend(); ++i) {
    Node& node = nodes_[*i];
    Node& parent = nodes_[node.parent];
    FAIRLEAD_CHECK(node.leaf || queues[*i].allocated.IsZero(), "inner queue {} holds something",
                   *i);
    parent.allocated += node.allocated;
    parent.blocked_amounts += node.allocated;
    node.blocked = !node.leaf || queues[*i].blocked;
    if (HasWork(node)) {
      if (node.leaf) Count(node, true);
      Refresh(*i);
    }
  }
}

HierarchyOrder::Tree::Index HierarchyOrder::Tree::Check(QueueId queue) const {
  FAIRLEAD_CHECK(queue.valid() && queue.index() + 1 < nodes_.size(),
                 "queue id {} is not in this order", queue.value());
  return queue.value();
}

HierarchyOrder::Tree::Index HierarchyOrder::Tree::CheckLeaf(QueueId queue) const {
  const Index leaf = Check(queue);
  FAIRLEAD_CHECK(nodes_[leaf].leaf, "queue id {} is no leaf", leaf);
  return leaf;
}

bool HierarchyOrder::Tree::HasWork(const Node& node) const {
  return node.leaf ? !node.blocked : !node.heaps[0].empty() || !node.heaps[1].empty();
}

QueueId HierarchyOrder::Tree::Next() const {
  Index at = root();
  while (!nodes_[at].leaf) {
    const auto& [front, over] = nodes_[at].heaps;
    if (front.empty() && over.empty()) return QueueId::None();
    at = front.empty() ? over.front() : front.front();
  }
  return QueueId(at);
}

void HierarchyOrder::Tree::Charge(QueueId leaf, const ResourceVector& amounts, bool refund) {
  FAIRLEAD_CHECK(amounts.size() <= resources_, "{} resources, the order has {}", amounts.size(),
                 resources_);
  const auto apply = [&amounts, refund](ResourceVector* to) {
    refund ? * to -= amounts : * to += amounts;
  };
  const Index from = CheckLeaf(leaf);
  apply(&nodes_[root()].allocated);
  for (Index i = from; i != root(); i = nodes_[i].parent) {
    apply(&nodes_[i].allocated);
    if (nodes_[i].counts == Counts::kBlocked) apply(&nodes_[nodes_[i].parent].blocked_amounts);
  }
  RefreshUpward(from);
}

void HierarchyOrder::Tree::Count(const Node& leaf, bool add) {
  for (Index i = leaf.parent;; i = nodes_[i].parent) {
    for (const ResourceId used : leaf.uses) {
      std::uint32_t& count = nodes_[i].live[used.index()];
      count = add ? count + 1 : count - 1;
    }
    if (i == root()) return;
  }
}

void HierarchyOrder::Tree::SetBlocked(QueueId leaf, bool blocked) {
  const Index index = CheckLeaf(leaf);
  if (nodes_[index].blocked == blocked) return;
  nodes_[index].blocked = blocked;
  Count(nodes_[index], !blocked);
  RefreshUpward(index);
}

void HierarchyOrder::Tree::SetUses(QueueId leaf, std::vector<ResourceId> uses) {
  const Index index = CheckLeaf(leaf);
  Node& node = nodes_[index];
  uses = SortedUnique(std::move(uses));
  FAIRLEAD_CHECK(uses.empty() || uses.back().index() < resources_, "resource {} of {}",
                 uses.back().value(), resources_);
  if (uses == node.uses) return;
  if (!node.blocked) Count(node, false);
  node.uses = std::move(uses);
  if (!node.blocked) Count(node, true);
  RefreshUpward(index);
}

void HierarchyOrder::Tree::SetOver(QueueId queue, bool over) {
  const Index index = Check(queue);
  if (nodes_[index].over == over) return;
  nodes_[index].over = over;
  RefreshUpward(index);
}

void HierarchyOrder::Tree::SetWeight(QueueId queue, EffectiveWeight weight) {
  const Index index = Check(queue);
  SetWeight(weight, &nodes_[index]);
  RefreshUpward(index);
}

void HierarchyOrder::Tree::SetWeight(EffectiveWeight weight, Node* node) {
  FAIRLEAD_CHECK(weight.num > 0 && weight.den > 0, "weight {}/{}", weight.num, weight.den);
  node->weight = weight;
  node->weight_residue = Quotient(weight.num, weight.den);
  node->inverse_weight = Quotient(weight.den, weight.num);
}

void HierarchyOrder::Tree::RefreshUpward(Index from) {
  for (Index i = from; i != root(); i = nodes_[i].parent) Refresh(i);
}

// Puts a child into the heap where it belongs now, after its key or its work may have changed.
void HierarchyOrder::Tree::Place(Index child) {
  Node& node = nodes_[child];
  std::array<std::vector<Index>, 2>& heaps = nodes_[node.parent].heaps;
  std::uint8_t target = kNoHeap;
  if (HasWork(node)) target = node.over || (!node.leaf && node.heaps[0].empty()) ? 1 : 0;
  if (node.heap != target && node.heap != kNoHeap) {
    std::vector<Index>* heap = &heaps[node.heap];
    const std::uint32_t hole = node.place;
    const Index last = heap->back();
    heap->pop_back();
    if (last != child) {
      (*heap)[hole] = last;
      nodes_[last].place = hole;
      SiftUp(heap, hole);
      SiftDown(heap, nodes_[last].place);
    }
  }
  if (node.heap != target && target != kNoHeap) {
    node.place = static_cast<std::uint32_t>(heaps[target].size());
    heaps[target].push_back(child);
  }
  node.heap = target;
  if (target == kNoHeap) return;
  SiftUp(&heaps[target], node.place);
  SiftDown(&heaps[target], node.place);
}

void HierarchyOrder::Tree::SiftUp(std::vector<Index>* heap, std::uint32_t at) {
  const Index moving = (*heap)[at];
  while (at > 0 && Before(moving, (*heap)[(at - 1) / 2])) {
    (*heap)[at] = (*heap)[(at - 1) / 2];
    nodes_[(*heap)[at]].place = at;
    at = (at - 1) / 2;
  }
  (*heap)[at] = moving;
  nodes_[moving].place = at;
}

void HierarchyOrder::Tree::SiftDown(std::vector<Index>* heap, std::uint32_t at) {
  const Index moving = (*heap)[at];
  const auto size = static_cast<std::uint32_t>(heap->size());
  for (std::uint32_t next = 2 * at + 1; next < size; next = 2 * at + 1) {
    if (next + 1 < size && Before((*heap)[next + 1], (*heap)[next])) ++next;
    if (!Before((*heap)[next], moving)) break;
    (*heap)[at] = (*heap)[next];
    nodes_[(*heap)[at]].place = at;
    at = next;
  }
  (*heap)[at] = moving;
  nodes_[moving].place = at;
}

bool HierarchyOrder::Tree::Before(Index a, Index b) const {
  const auto order = CompareKeys(nodes_[a], nodes_[b]);
  if (std::is_neq(order)) return std::is_lt(order);
  return nodes_[a].rank < nodes_[b].rank;
}

HierarchyOrder::HierarchyOrder(ResourceVector capacity, const std::vector<HierarchyQueue>& queues)
    : tree_(std::make_unique<Tree>(std::move(capacity), queues)) {}
HierarchyOrder::~HierarchyOrder() = default;
HierarchyOrder::HierarchyOrder(HierarchyOrder&&) noexcept = default;
HierarchyOrder& HierarchyOrder::operator=(HierarchyOrder&&) noexcept = default;

QueueId HierarchyOrder::Next() const { return tree_->Next(); }
void HierarchyOrder::Charge(QueueId leaf, const ResourceVector& amounts) {
  tree_->Charge(leaf, amounts, false);
}
void HierarchyOrder::Refund(QueueId leaf, const ResourceVector& amounts) {
  tree_->Charge(leaf, amounts, true);
}
void HierarchyOrder::Block(QueueId leaf) { tree_->SetBlocked(leaf, true); }
void HierarchyOrder::Unblock(QueueId leaf) { tree_->SetBlocked(leaf, false); }
void HierarchyOrder::SetUses(QueueId leaf, std::vector<ResourceId> uses) {
  tree_->SetUses(leaf, std::move(uses));
}
void HierarchyOrder::SetOver(QueueId queue, bool over) { tree_->SetOver(queue, over); }
void HierarchyOrder::SetWeight(QueueId queue, EffectiveWeight weight) {
  tree_->SetWeight(queue, weight);
}
const ResourceVector& HierarchyOrder::Allocated(QueueId queue) const {
  return tree_->Allocated(queue);
}
Share HierarchyOrder::DominantShareOf(QueueId queue) const {
  return DominantShare(tree_->Allocated(queue), tree_->capacity());
}

}  // namespace fairlead
