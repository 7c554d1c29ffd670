// The state of a filling (filling.h): nodes, fronts and the line of their next events.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "queues/filling.h"

namespace fairlead::fair {

// Children that grow together, the one with the next event first. Members are numbered through:
// classes, then nodes.
template <typename Num>
class EventHeap {
 public:
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  std::uint32_t top() const { return heap_.front(); }
  const std::vector<std::uint32_t>& members() const { return heap_; }

  void Insert(std::uint32_t member, const std::vector<Num>& keys,
              std::vector<std::uint32_t>* places) {
    heap_.push_back(member);
    (*places)[member] = static_cast<std::uint32_t>(heap_.size() - 1);
    Up(heap_.size() - 1, keys, places);
  }

  void Remove(std::uint32_t member, const std::vector<Num>& keys,
              std::vector<std::uint32_t>* places) {
    const std::size_t at = (*places)[member];
    const std::uint32_t last = heap_.back();
    heap_.pop_back();
    if (last == member) return;
    heap_[at] = last;
    (*places)[last] = static_cast<std::uint32_t>(at);
    Fix(at, keys, places);
  }

  // The key of the member has changed.
  void Changed(std::uint32_t member, const std::vector<Num>& keys,
               std::vector<std::uint32_t>* places) {
    Fix((*places)[member], keys, places);
  }

 private:
  bool Before(std::uint32_t a, std::uint32_t b, const std::vector<Num>& keys) const {
    if (ProbablyLess(keys[a], keys[b])) return true;
    if (ProbablyLess(keys[b], keys[a])) return false;
    return a < b;
  }
  void Swap(std::size_t i, std::size_t j, std::vector<std::uint32_t>* places) {
    std::swap(heap_[i], heap_[j]);
    (*places)[heap_[i]] = static_cast<std::uint32_t>(i);
    (*places)[heap_[j]] = static_cast<std::uint32_t>(j);
  }
  void Up(std::size_t i, const std::vector<Num>& keys, std::vector<std::uint32_t>* places) {
    while (i > 0 && Before(heap_[i], heap_[(i - 1) / 2], keys)) {
      Swap(i, (i - 1) / 2, places);
      i = (i - 1) / 2;
    }
  }
  void Fix(std::size_t i, const std::vector<Num>& keys, std::vector<std::uint32_t>* places) {
    Up(i, keys, places);
    while (true) {
      std::size_t best = i;
      for (std::size_t child = 2 * i + 1; child <= 2 * i + 2 && child < heap_.size(); ++child) {
        if (Before(heap_[child], heap_[best], keys)) best = child;
      }
      if (best == i) return;
      Swap(i, best, places);
      i = best;
    }
  }

  std::vector<std::uint32_t> heap_;
};

// One entry per dimension.
template <typename Num>
using Row = std::vector<Num>;

// Linear in a clock: constant + slope f, of the rescaled sum (p) and of what is held (x). The two
// are the same until something was rescaled (`split`), and then only p is kept.
template <typename Num>
struct Line {
  Row<Num> p_constant, p_slope, x_constant, x_slope;
  bool split = false;

  explicit Line(std::size_t dimensions = 0) : p_constant(dimensions), p_slope(dimensions) {}

  const Row<Num>& held_constant() const { return split ? x_constant : p_constant; }
  const Row<Num>& held_slope() const { return split ? x_slope : p_slope; }

  void Split() {
    if (split) return;
    split = true;
    x_constant = p_constant;
    x_slope = p_slope;
  }
  void Add(const Line& other) {
    if (other.split) Split();
    for (std::size_t j = 0; split && j < p_constant.size(); ++j) {
      x_constant[j] += other.held_constant()[j];
      x_slope[j] += other.held_slope()[j];
    }
    for (std::size_t j = 0; j < p_constant.size(); ++j) {
      p_constant[j] += other.p_constant[j];
      p_slope[j] += other.p_slope[j];
    }
  }
  void Subtract(const Line& other) {
    if (other.split) Split();
    for (std::size_t j = 0; split && j < p_constant.size(); ++j) {
      x_constant[j] -= other.held_constant()[j];
      x_slope[j] -= other.held_slope()[j];
    }
    for (std::size_t j = 0; j < p_constant.size(); ++j) {
      p_constant[j] -= other.p_constant[j];
      p_slope[j] -= other.p_slope[j];
    }
  }
};

template <typename Num>
struct Front {
  std::uint32_t id = 0;
  Line<Num> sum;            // of its members, as if it grew
  EventHeap<Num> heap;      // all members, by their next event
  std::size_t changes = 0;  // of sum, since it was added up
  Num join;                 // while it stands: the clock at which the growing front reaches it
  Row<Num> stood_slope;     // while it stands: p(join) / join
  Row<Num> stood_held;      // while it stands: x(join)

  explicit Front(std::size_t dimensions) : sum(dimensions) {}
};

enum class EventKind : std::uint8_t { kMember, kJoin, kSwitch, kLimit };

template <typename Num>
struct NodeState {
  std::vector<std::uint32_t> children;  // members by priority, highest first, then in order
  std::size_t next_group = 0;           // first child of a priority that is not active yet
  std::vector<Front<Num>> fronts;       // by join, the growing one last
  Row<Num> frozen;                      // held by frozen children
  Line<Num> sum;                        // of the node in terms of its clock
  std::vector<std::uint32_t> users;     // by dimension: unfrozen classes below through active nodes
  std::uint32_t dominant = kNone;
  Num lambda, mu;  // line of the dominant dimension when the node was settled last
  Num clock;       // current where the node does not grow
  bool dirty = false;
  std::size_t split_children = 0;  // in fronts

  EventKind next_kind = EventKind::kMember;
  Num next;                          // in terms of its clock
  std::uint32_t next_of = 0;         // kSwitch: dimension
  std::vector<std::uint32_t> tight;  // constraints that are tight at `next`
};

}  // namespace fairlead::fair
