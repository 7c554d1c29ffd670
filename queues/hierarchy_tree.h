// The state behind HierarchyOrder: the tree, and what each queue counts for in its parent's level.
//
// With key_k = level_k / w_k, and over the children k of a queue that are not blocked,
//
//   level, resource r  =  held by blocked children / capacity  +  the sums of children of level 0
//                         +  f x sum of (sums_k / key_k),      f = the lowest key_k,
//
// and none of these sums changes but by the child that changed. So a change costs one pass from
// the leaf to the root. A queue whose numbers leave the range of Measure is "wild": it and the
// queues above it are compared in unbounded rationals.
#pragma once

#include <gmpxx.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "fairlead/queues/hierarchy_order.h"
#include "queues/measure.h"

namespace fairlead {

class HierarchyOrder::Tree {
 public:
  Tree(ResourceVector capacity, const std::vector<HierarchyQueue>& queues);

  QueueId Next() const;
  void Charge(QueueId leaf, const ResourceVector& amounts, bool refund);
  void SetBlocked(QueueId leaf, bool blocked);
  void SetUses(QueueId leaf, std::vector<ResourceId> uses);
  void SetOver(QueueId queue, bool over);
  void SetWeight(QueueId queue, EffectiveWeight weight);
  const ResourceVector& Allocated(QueueId queue) const { return nodes_[Check(queue)].allocated; }
  const ResourceVector& capacity() const { return capacity_; }

 private:
  using Index = std::uint32_t;
  // How a queue counts in its parent.
  enum class Counts : std::uint8_t {
    kBlocked,  // all that it holds
    kFully,    // its rescaled sums, as its level is 0
    kScaled,   // its rescaled sums / key
    kWild,
  };
  static constexpr std::uint8_t kNoHeap = 2;

  struct Node {
    Index parent = 0;
    std::uint32_t rank = 0;
    bool leaf = true;
    bool over = false;
    bool blocked = true;  // of leaves
    EffectiveWeight weight;
    std::uint64_t weight_residue = 1;
    std::uint64_t inverse_weight = 1;  // residue of den / num
    ResourceVector allocated;
    std::vector<ResourceId> uses;  // of leaves, sorted

    // As a child.
    Counts counts = Counts::kBlocked;
    std::uint8_t heap = kNoHeap;  // 0: not over, 1: over
    std::uint32_t place = 0;      // in that heap
    bool known = true;            // is `key`
    Share share;                  // of leaves: the dominant share
    queues::Measure key;
    mutable std::optional<mpq_class> exact;  // the key, where a comparison has asked for it
    std::vector<std::uint32_t> tops;         // resources of which one at least is its level's
    std::vector<queues::Measure> part;       // what is in a sum of the parent

    // As a parent.
    std::vector<Index> children;
    std::array<std::vector<Index>, 2> heaps;
    std::vector<std::uint32_t> live;  // leaves with work below it that use the resource
    ResourceVector blocked_amounts;
    std::vector<queues::Measure> full_sum;
    std::vector<queues::Measure> scaled_sum;
    std::uint32_t wild = 0;
  };

  // hierarchy_order.cc: structure and heaps.
  Index Check(QueueId queue) const;
  Index CheckLeaf(QueueId queue) const;
  Index root() const { return static_cast<Index>(nodes_.size() - 1); }
  bool HasWork(const Node& node) const;
  void Build(const std::vector<HierarchyQueue>& queues);
  static void SetWeight(EffectiveWeight weight, Node* node);
  void Count(const Node& leaf, bool add);
  void RefreshUpward(Index from);
  void Place(Index child);
  void SiftUp(std::vector<Index>* heap, std::uint32_t at);
  void SiftDown(std::vector<Index>* heap, std::uint32_t at);
  bool Before(Index a, Index b) const;

  // hierarchy_levels.cc: levels.
  struct Exact {
    mpq_class key;
    std::vector<mpq_class> sums;
  };
  void Refresh(Index child);
  void Withdraw(Node* child);
  void Evaluate(Node* child);
  bool LeafSums(Node* leaf);
  bool InnerSums(const Node& node);
  Index LowestChild(const Node& node) const;
  bool LevelOf(Node* node, queues::Measure* level) const;
  bool IsTop(const Node& node, std::size_t resource) const;
  void Deposit(Node* child);
  bool MakePart(Node* child) const;
  queues::Measure ShareOf(std::size_t resource, std::int64_t amount) const;
  Exact ExactOf(Index index) const;
  std::optional<mpq_class> ReadExact(const Node& node) const;
  const mpq_class& ExactKey(const Node& node) const;
  std::strong_ordering CompareKeys(const Node& a, const Node& b) const;

  ResourceVector capacity_;
  std::size_t resources_ = 0;
  std::vector<std::uint64_t> inverse_capacity_;  // residues
  std::vector<Node> nodes_;                      // the root last
  std::vector<queues::Measure> sums_;            // of the child that is being evaluated
};

}  // namespace fairlead
