// Fronts of a filling (filling.h): which children of a node grow together, and which stand until
// they are reached again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "fairlead/base/check.h"
#include "queues/filling.h"
#include "queues/filling_state.h"

namespace fairlead::fair {

template <typename Num>
class FillingFronts {
 protected:
  using Node = NodeState<Num>;
  using FrontOf = Front<Num>;

  explicit FillingFronts(const FillingProblem<Num>& problem)
      : problem_(problem),
        dimensions_(problem.dimensions),
        classes_(static_cast<std::uint32_t>(problem.classes.size())) {
    const std::size_t members = problem.classes.size() + problem.nodes.size();
    nodes_.resize(problem.nodes.size());
    for (Node& node : nodes_) {
      node.frozen.resize(dimensions_);
      node.sum = Line<Num>(dimensions_);
      node.users.resize(dimensions_);
    }
    keys_.resize(members);
    places_.resize(members);
    front_of_.assign(members, kNone);
    counted_split_.assign(nodes_.size(), false);
    inverse_weights_.resize(members);
    lines_.resize(nodes_.size(), Line<Num>(dimensions_));
  }

  // --- who is who ---
  bool IsClass(std::uint32_t member) const { return member < classes_; }
  std::uint32_t NodeOf(std::uint32_t member) const { return member - classes_; }
  std::uint32_t MemberOf(std::uint32_t node) const { return node + classes_; }
  const FillingClass<Num>& ClassAt(std::uint32_t member) const { return problem_.classes[member]; }
  std::uint32_t ParentOf(std::uint32_t member) const {
    return IsClass(member) ? ClassAt(member).parent : problem_.nodes[NodeOf(member)].parent;
  }
  const Num& WeightOf(std::uint32_t member) const {
    return IsClass(member) ? ClassAt(member).weight : problem_.nodes[NodeOf(member)].weight;
  }
  std::int32_t PriorityOf(std::uint32_t member) const {
    return IsClass(member) ? ClassAt(member).priority : problem_.nodes[NodeOf(member)].priority;
  }
  std::vector<FrontOf>& fronts(std::uint32_t node) { return nodes_[node].fronts; }
  // In a front of its parent, as opposed to waiting for higher priorities.
  bool IsActive(std::uint32_t member) const { return front_of_[member] != kNone; }

  // --- fronts ---
  FrontOf NewFront() {
    FrontOf front(dimensions_);
    front.id = next_front_++;
    return front;
  }

  FrontOf& FrontWith(std::uint32_t n, std::uint32_t id) {
    for (FrontOf& front : nodes_[n].fronts) {
      if (front.id == id) return front;
    }
    FAIRLEAD_CHECK(false, "front {} of node {}", id, n);
  }

  // Adds up the members anew once there were as many changes as there are members: radii of
  // intervals grow with every change, and so they do not grow without end.
  void Refresh(FrontOf* front) {
    if (++front->changes <= front->heap.size() + 4) return;
    front->changes = 0;
    front->sum = Line<Num>(dimensions_);
    for (const std::uint32_t member : front->heap.members()) AddLine(front, member, true);
  }

  // What a member adds to its parent while it grows there, and its next event.
  void AddLine(FrontOf* front, std::uint32_t member, bool add) {
    if (!IsClass(member)) {
      if (add) front->sum.Add(lines_[NodeOf(member)]);
      if (!add) front->sum.Subtract(lines_[NodeOf(member)]);
      return;
    }
    const FillingClass<Num>& c = ClassAt(member);
    Line<Num>& sum = front->sum;
    for (std::uint32_t i = c.begin; i < c.end; ++i) {
      const Num& slope = problem_.slopes[i];
      const std::uint32_t j = problem_.uses[i];
      if (add) {
        sum.p_slope[j] += slope;
        if (sum.split) sum.x_slope[j] += slope;
      } else {
        sum.p_slope[j] -= slope;
        if (sum.split) sum.x_slope[j] -= slope;
      }
    }
  }

  // The line of an inner child in terms of its parent's clock, and the key of its next event.
  void Describe(std::uint32_t n) {
    const Node& node = nodes_[n];
    CountSplit(n, node.sum.split);
    const std::uint32_t member = MemberOf(n);
    const Num& lambda = node.lambda;
    const Num& mu = node.mu;
    const Num inverse = mu.Inverse();
    const Num back = lambda * inverse;
    const Num rate = WeightOf(member) * inverse;
    Line<Num>& line = lines_[n];
    for (std::size_t j = 0; j < dimensions_; ++j) {
      line.p_constant[j] = node.sum.p_constant[j] - node.sum.p_slope[j] * back;
      line.p_slope[j] = node.sum.p_slope[j] * rate;
    }
    line.split = node.sum.split;
    if (line.split) {
      line.x_constant.resize(dimensions_);
      line.x_slope.resize(dimensions_);
    }
    for (std::size_t j = 0; line.split && j < dimensions_; ++j) {
      line.x_constant[j] = node.sum.x_constant[j] - node.sum.x_slope[j] * back;
      line.x_slope[j] = node.sum.x_slope[j] * rate;
    }
    line.p_constant[node.dominant] = Num();
    line.p_slope[node.dominant] = WeightOf(member);
    keys_[member] = (lambda + mu * node.next) * inverse_weights_[member];
  }

  // Whether the child counts among those of its parent's fronts whose P and X differ.
  void CountSplit(std::uint32_t n, bool split) {
    if (counted_split_[n] == split) return;
    counted_split_[n] = split;
    std::size_t& count = nodes_[problem_.nodes[n].parent].split_children;
    count = split ? count + 1 : count - 1;
  }

  void Join(std::uint32_t n, FrontOf* front, std::uint32_t member) {
    if (IsClass(member)) {
      keys_[member] = ClassAt(member).stop * inverse_weights_[member];
    } else {
      Describe(NodeOf(member));
    }
    AddLine(front, member, true);
    front->heap.Insert(member, keys_, &places_);
    front_of_[member] = front->id;
    if (front != &nodes_[n].fronts.back()) Stand(front);
  }

  void Leave(std::uint32_t n, FrontOf* front, std::uint32_t member) {
    AddLine(front, member, false);
    front->heap.Remove(member, keys_, &places_);
    front_of_[member] = kNone;
    if (!IsClass(member)) CountSplit(NodeOf(member), false);
    Refresh(front);
    if (front != &nodes_[n].fronts.back() && !front->heap.empty()) Stand(front);
  }

  // What a front that stands at its join adds to the sums.
  void Stand(FrontOf* front) {
    const Num inverse = front->join.Inverse();
    front->stood_slope.resize(dimensions_);
    front->stood_held.resize(dimensions_);
    for (std::size_t j = 0; j < dimensions_; ++j) {
      const Num p = front->sum.p_constant[j] + front->sum.p_slope[j] * front->join;
      front->stood_slope[j] = p * inverse;
      front->stood_held[j] =
          front->sum.split ? front->sum.x_constant[j] + front->sum.x_slope[j] * front->join : p;
    }
  }

  // Stops the growing front at the clock, if it has members.
  void Push(std::uint32_t n) {
    Node& node = nodes_[n];
    if (node.fronts.back().heap.empty()) {
      node.fronts.pop_back();
      return;
    }
    node.fronts.back().join = node.clock;
    Stand(&node.fronts.back());
  }

  // Puts a member that is in no front where its level / weight belongs. Below the node's clock, the
  // clock falls.
  void Place(std::uint32_t n, std::uint32_t member, const Num& at) {
    Node& node = nodes_[n];
    const int side = (at - node.clock).Sign();
    if (side <= 0) {
      if (side < 0 || node.fronts.back().heap.empty()) {
        Push(n);
        node.fronts.push_back(NewFront());
        node.clock = at;
      }
      Join(n, &node.fronts.back(), member);
      return;
    }
    FrontOf front = NewFront();
    front.join = at;
    auto it = node.fronts.end() - 1;
    while (it != node.fronts.begin() && ProbablyLess((it - 1)->join, at)) --it;
    it = node.fronts.insert(it, std::move(front));
    Join(n, &*it, member);
  }

  // The growing front has reached the one before it.
  void MergeFronts(Node* node) {
    FrontOf top = std::move(node->fronts.back());
    node->fronts.pop_back();
    FrontOf* into = &node->fronts.back();
    if (into->heap.size() < top.heap.size()) std::swap(*into, top);
    into->sum.Add(top.sum);
    for (const std::uint32_t member : top.heap.members()) {
      front_of_[member] = into->id;
      into->heap.Insert(member, keys_, &places_);
    }
  }

  bool IsBelow(std::uint32_t member, std::uint32_t n) const {
    std::uint32_t node = ParentOf(member);
    while (node > n) node = problem_.nodes[node].parent;
    return node == n;
  }

  // Brings the clocks of all active nodes below n up to date with that of n: the level of a member
  // follows from the clock at which its front grows or stands.
  void SetClocks(std::uint32_t n) {
    const Node& node = nodes_[n];
    for (const FrontOf& front : node.fronts) {
      const Num& at = &front == &node.fronts.back() ? node.clock : front.join;
      for (const std::uint32_t member : front.heap.members()) {
        if (IsClass(member)) continue;
        Node& child = nodes_[NodeOf(member)];
        child.clock = (WeightOf(member) * at - child.lambda) / child.mu;
        SetClocks(NodeOf(member));
      }
    }
  }

  // Level / weight of a class, given its parent's clock.
  Num PlaceOf(std::uint32_t c) {
    if (!IsActive(c)) return Num();
    const std::uint32_t p = ParentOf(c);
    const FrontOf& front = FrontWith(p, front_of_[c]);
    const bool grows = &front == &nodes_[p].fronts.back();
    return grows ? nodes_[p].clock : front.join;
  }

  const FillingProblem<Num>& problem_;
  const std::size_t dimensions_;
  const std::uint32_t classes_;
  std::vector<Node> nodes_;
  std::vector<Line<Num>> lines_;         // by node, in terms of its parent's clock
  std::vector<Num> keys_;                // by member: next event, by its parent's clock
  std::vector<Num> inverse_weights_;     // by member
  std::vector<std::uint32_t> places_;    // by member, in the heap of its front
  std::vector<std::uint32_t> front_of_;  // by member
  std::vector<bool> counted_split_;      // by node
  std::uint32_t next_front_ = 0;
};

}  // namespace fairlead::fair
