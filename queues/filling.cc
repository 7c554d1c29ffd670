#include "queues/filling.h"

#include "fairlead/base/check.h"
#include "queues/exact.h"
#include "queues/filling_state.h"
#include "queues/fixed.h"

namespace fairlead::fair {
namespace {

template <typename Num>
class Filling {
 public:
  explicit Filling(const FillingProblem<Num>& problem)
      : problem_(problem),
        dimensions_(problem.dimensions),
        classes_(static_cast<std::uint32_t>(problem.classes.size())) {}

  FillingSolution<Num> Run() {
    Prepare();
    while (!fronts(0).empty()) Step();
    return std::move(solution_);
  }

 private:
  using Node = NodeState<Num>;
  using FrontOf = Front<Num>;
  static constexpr std::uint64_t kAll = ~std::uint64_t{0};

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
  bool IsFrozen(std::uint32_t member) const { return frozen_[member]; }
  // In a front of its parent, as opposed to waiting for higher priorities.
  bool IsActive(std::uint32_t member) const { return front_of_[member] != kNone; }

  // --- setting up ---
  void Prepare() {
    const std::size_t members = problem_.classes.size() + problem_.nodes.size();
    nodes_.resize(problem_.nodes.size());
    for (Node& node : nodes_) {
      node.frozen.resize(dimensions_);
      node.sum = Line<Num>(dimensions_);
      node.users.resize(dimensions_);
    }
    keys_.resize(members);
    places_.resize(members);
    front_of_.assign(members, kNone);
    frozen_.assign(members, false);
    counted_split_.assign(nodes_.size(), false);
    inverse_weights_.resize(members);
    lines_.resize(nodes_.size(), Line<Num>(dimensions_));
    solution_.level.resize(classes_);
    solution_.ends.resize(classes_);
    users_.resize(dimensions_);
    for (std::uint32_t m = 0; m < members; ++m) {
      if (m == MemberOf(0)) continue;
      inverse_weights_[m] = WeightOf(m).Inverse();
      nodes_[ParentOf(m)].children.push_back(m);
    }
    for (std::uint32_t c = 0; c < classes_; ++c) {
      for (const std::uint32_t j : problem_.classes[c].dimensions) users_[j].push_back(c);
    }
    for (Node& node : nodes_) {
      std::stable_sort(
          node.children.begin(), node.children.end(),
          [this](std::uint32_t a, std::uint32_t b) { return PriorityOf(a) > PriorityOf(b); });
    }
    for (auto n = static_cast<std::uint32_t>(nodes_.size()); n-- > 0;) MarkDirty(n);
    SettleAll();
  }

  // Makes the next priority of the node's children that has an unfrozen one a front. False if there
  // is none.
  bool Activate(std::uint32_t n) {
    Node& node = nodes_[n];
    while (node.next_group < node.children.size()) {
      const std::int32_t priority = PriorityOf(node.children[node.next_group]);
      std::vector<std::uint32_t> group;
      for (; node.next_group < node.children.size() &&
             PriorityOf(node.children[node.next_group]) == priority;
           ++node.next_group) {
        if (!IsFrozen(node.children[node.next_group])) {
          group.push_back(node.children[node.next_group]);
        }
      }
      if (group.empty()) continue;
      node.clock = Num();
      node.fronts.push_back(NewFront());
      for (const std::uint32_t member : group) {
        Join(n, &node.fronts.back(), member);
        CountUsers(member, +1);
      }
      return true;
    }
    return false;
  }

  FrontOf NewFront() {
    FrontOf front(dimensions_);
    front.id = next_front_++;
    return front;
  }

  // Adds the dimensions of the member's unfrozen classes to its ancestors, as far as they are
  // active.
  void CountUsers(std::uint32_t member, int sign) {
    std::vector<std::uint32_t> delta(dimensions_);
    if (IsClass(member)) {
      for (const std::uint32_t j : ClassAt(member).dimensions) delta[j] = 1;
    } else {
      delta = nodes_[NodeOf(member)].users;
    }
    for (std::uint32_t n = ParentOf(member);; n = problem_.nodes[n].parent) {
      for (std::size_t j = 0; j < dimensions_; ++j) {
        nodes_[n].users[j] =
            sign > 0 ? nodes_[n].users[j] + delta[j] : nodes_[n].users[j] - delta[j];
      }
      if (n == 0 || !IsActive(MemberOf(n))) return;
    }
  }

  // --- fronts ---
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
    for (std::size_t i = 0; i < c.dimensions.size(); ++i) {
      const Num slope = c.direction[i] * c.weight;
      Num& p = front->sum.p_slope[c.dimensions[i]];
      Num& x = front->sum.x_slope[c.dimensions[i]];
      if (add) {
        p += slope;
        x += slope;
      } else {
        p -= slope;
        x -= slope;
      }
    }
  }

  // The line of an inner child in terms of its parent's clock, and the key of its next event.
  void Describe(std::uint32_t n) {
    const Node& node = nodes_[n];
    CountSplit(n, node.split);
    const std::uint32_t member = MemberOf(n);
    const Num& lambda = node.sum.p_constant[node.dominant];
    const Num& mu = node.sum.p_slope[node.dominant];
    const Num inverse = mu.Inverse();
    const Num back = lambda * inverse;
    const Num rate = WeightOf(member) * inverse;
    Line<Num>& line = lines_[n];
    for (std::size_t j = 0; j < dimensions_; ++j) {
      line.p_constant[j] = node.sum.p_constant[j] - node.sum.p_slope[j] * back;
      line.p_slope[j] = node.sum.p_slope[j] * rate;
      if (!node.split) continue;
      line.x_constant[j] = node.sum.x_constant[j] - node.sum.x_slope[j] * back;
      line.x_slope[j] = node.sum.x_slope[j] * rate;
    }
    line.p_constant[node.dominant] = Num();
    line.p_slope[node.dominant] = WeightOf(member);
    if (!node.split) {
      line.x_constant = line.p_constant;
      line.x_slope = line.p_slope;
    }
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
      front->stood_held[j] = front->sum.x_constant[j] + front->sum.x_slope[j] * front->join;
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

  // Puts a member that is in no front where its level / weight belongs. True if the node's clock
  // has changed.
  bool Place(std::uint32_t n, std::uint32_t member, const Num& at) {
    Node& node = nodes_[n];
    const int side = (at - node.clock).Sign();
    if (side <= 0) {
      if (side < 0 || node.fronts.back().heap.empty()) {
        Push(n);
        node.fronts.push_back(NewFront());
        node.clock = at;
      }
      Join(n, &node.fronts.back(), member);
      return side < 0;
    }
    FrontOf front = NewFront();
    front.join = at;
    auto it = node.fronts.end() - 1;
    while (it != node.fronts.begin() && ProbablyLess((it - 1)->join, at)) --it;
    it = node.fronts.insert(it, std::move(front));
    Join(n, &*it, member);
    return false;
  }

  // --- settling: after something froze, joined or switched ---
  void MarkDirty(std::uint32_t n) {
    if (nodes_[n].dirty) return;
    nodes_[n].dirty = true;
    dirty_.push_back(n);
    std::push_heap(dirty_.begin(), dirty_.end());
  }

  // Children before parents, since indices of parents are smaller.
  void SettleAll() {
    while (!dirty_.empty()) {
      std::pop_heap(dirty_.begin(), dirty_.end());
      const std::uint32_t n = dirty_.back();
      dirty_.pop_back();
      nodes_[n].dirty = false;
      Settle(n);
    }
  }

  void Settle(std::uint32_t n) {
    Node& node = nodes_[n];
    if (!Advance(n)) {
      FreezeNode(n);
      return;
    }
    Sum(&node);
    if (n == 0) {
      PlanRoot();
      return;
    }
    const bool keeps = KeepsLevel(node);
    Num at;
    if (!keeps) at = PickDominant(&node) * inverse_weights_[MemberOf(n)];
    Plan(&node, problem_.nodes[n].limits);
    if (IsActive(MemberOf(n))) Tell(n, keeps, at);
    node.changed = 0;
  }

  // Is the level what it was, for a reason that needs no comparison of equal numbers: its dimension
  // is still live and has not changed, and none that has changed is above it now.
  bool KeepsLevel(const Node& node) const {
    if (node.dominant == kNone || !IsLive(node, node.dominant)) return false;
    if (node.changed == 0) return true;
    if ((node.changed & Bit(node.dominant)) != 0) return false;
    const Num level = ValueNow(node, node.dominant);
    for (std::uint32_t j = 0; j < dimensions_; ++j) {
      if ((node.changed & Bit(j)) == 0 || j == node.dominant || !IsLive(node, j)) continue;
      if ((ValueNow(node, j) - level).Sign() > 0) return false;
    }
    return true;
  }

  Num ValueNow(const Node& node, std::uint32_t j) const {
    return node.sum.p_constant[j] + node.sum.p_slope[j] * node.clock;
  }

  // One bit per dimension; those from 63 on share one.
  static std::uint64_t Bit(std::size_t j) {
    return std::uint64_t{1} << std::min<std::size_t>(j, 63);
  }

  // Dimensions in which the row may differ from zero.
  static std::uint64_t BitsOf(const Row<Num>& row) {
    std::uint64_t bits = 0;
    for (std::size_t j = 0; j < row.size(); ++j) {
      if (!row[j].IsExactZero()) bits |= Bit(j);
    }
    return bits;
  }

  // Brings the parent up to date with an active node, whose level / weight is `at` unless it keeps
  // its level.
  void Tell(std::uint32_t n, bool keeps, const Num& at) {
    const Node& node = nodes_[n];
    const std::uint32_t member = MemberOf(n);
    const std::uint32_t p = problem_.nodes[n].parent;
    FrontOf& front = FrontWith(p, front_of_[member]);
    const bool grows = &front == &nodes_[p].fronts.back();
    nodes_[p].changed |= node.changed;
    if (keeps || (at - (grows ? nodes_[p].clock : front.join)).Sign() == 0) {
      front.sum.Subtract(lines_[n]);
      Describe(n);
      front.sum.Add(lines_[n]);
      front.heap.Changed(member, keys_, &places_);
      Refresh(&front);
      if (!grows) Stand(&front);
    } else {
      Leave(p, &front, member);
      DropEmpty(p, grows);
      nodes_[p].changed |= BitsOf(node.sum.p_constant) | BitsOf(node.sum.p_slope);
      if (Place(p, member, at)) nodes_[p].changed = kAll;
    }
    MarkDirty(p);
  }

  // Removes standing fronts without members.
  void DropEmpty(std::uint32_t p, bool grows) {
    if (grows) return;
    std::vector<FrontOf>& all = nodes_[p].fronts;
    for (auto it = all.begin(); it + 1 < all.end(); ++it) {
      if (!it->heap.empty()) continue;
      all.erase(it);
      return;
    }
  }

  // Sees to it that the growing front has members. False if all children are frozen.
  bool Advance(std::uint32_t n) {
    Node& node = nodes_[n];
    while (!node.fronts.empty() && node.fronts.back().heap.empty()) {
      node.fronts.pop_back();
      node.changed = kAll;
      if (!node.fronts.empty()) node.clock = node.fronts.back().join;
    }
    if (!node.fronts.empty()) return true;
    node.changed = kAll;
    return Activate(n);
  }

  void FreezeNode(std::uint32_t n) {
    if (n == 0) return;
    const std::uint32_t member = MemberOf(n);
    frozen_[member] = true;
    const std::uint32_t p = problem_.nodes[n].parent;
    Node& parent = nodes_[p];
    for (std::size_t j = 0; j < dimensions_; ++j) parent.frozen[j] += nodes_[n].frozen[j];
    if (!IsActive(member)) return;
    TakeOut(p, member, nodes_[n].split, BitsOf(nodes_[n].frozen));
  }

  // A member of a front froze. Where it had been rescaled, it now counts with more.
  void TakeOut(std::uint32_t p, std::uint32_t member, bool split, std::uint64_t dimensions) {
    FrontOf& front = FrontWith(p, front_of_[member]);
    const bool grows = &front == &nodes_[p].fronts.back();
    Leave(p, &front, member);
    if (!grows || split) nodes_[p].changed |= dimensions;
    DropEmpty(p, grows);
    MarkDirty(p);
  }

  void Sum(Node* node) {
    node->sum = node->fronts.back().sum;
    node->split = node->fronts.size() > 1 || node->split_children > 0;
    for (std::size_t j = 0; j < dimensions_; ++j) {
      node->sum.p_constant[j] += node->frozen[j];
      node->sum.x_constant[j] += node->frozen[j];
    }
    for (std::size_t i = 0; i + 1 < node->fronts.size(); ++i) {
      const FrontOf& front = node->fronts[i];
      for (std::size_t j = 0; j < dimensions_; ++j) {
        node->sum.p_slope[j] += front.stood_slope[j];
        node->sum.x_constant[j] += front.stood_held[j];
      }
    }
  }

  bool IsLive(const Node& node, std::size_t j) const {
    return node.users[j] > 0 && node.sum.p_slope[j].Sign() > 0;
  }

  // Chooses the live dimension with the largest entry now, among equal ones the fastest, and
  // returns that entry: the level.
  Num PickDominant(Node* node) {
    node->dominant = kNone;
    Num level;
    for (std::uint32_t j = 0; j < dimensions_; ++j) {
      if (!IsLive(*node, j)) continue;
      const Num value = ValueNow(*node, j);
      if (node->dominant != kNone) {
        const int order = (value - level).Sign();
        if (order < 0) continue;
        if (order == 0 && (node->sum.p_slope[j] - node->sum.p_slope[node->dominant]).Sign() <= 0) {
          continue;
        }
      }
      node->dominant = j;
      level = value;
    }
    FAIRLEAD_CHECK(node->dominant != kNone, "a queue grows in no dimension");
    return level;
  }

  // --- what happens next ---
  // The next event among members and fronts.
  void PlanMembers(Node* node) {
    const FrontOf& front = node->fronts.back();
    node->next_kind = EventKind::kMember;
    node->next = keys_[front.heap.top()];
    if (node->fronts.size() > 1) {
      const Num& join = node->fronts[node->fronts.size() - 2].join;
      if (ProbablyLess(join, node->next)) {
        node->next_kind = EventKind::kJoin;
        node->next = join;
      }
    }
  }

  void Plan(Node* node, const std::vector<Constraint<Num>>& limits) {
    PlanMembers(node);
    const Num lambda = node->sum.p_constant[node->dominant];
    const Num mu = node->sum.p_slope[node->dominant];
    for (std::uint32_t j = 0; j < dimensions_; ++j) {
      if (j == node->dominant || node->users[j] == 0) continue;
      const Num constant = node->sum.p_constant[j] - lambda;
      const Num slope = node->sum.p_slope[j] - mu;
      if ((constant + slope * node->next).Sign() <= 0) continue;
      if (!IsLive(*node, j)) continue;
      node->next_kind = EventKind::kSwitch;
      node->next = (Num() - constant) / slope;
      node->next_of = j;
    }
    PlanConstraints(node, limits);
  }

  void PlanRoot() {
    PlanMembers(&nodes_[0]);
    PlanConstraints(&nodes_[0], problem_.capacity);
  }

  void PlanConstraints(Node* node, const std::vector<Constraint<Num>>& constraints) {
    for (std::uint32_t i = 0; i < constraints.size(); ++i) {
      Num constant = Num() - constraints[i].room;
      Num slope;
      bool used = false;
      for (const auto& term : constraints[i].terms) {
        used = used || node->users[term.dimension] > 0;
        const Num& x = node->sum.x_constant[term.dimension];
        const Num& dx = node->sum.x_slope[term.dimension];
        constant += term.unit ? x : x * term.factor;
        slope += term.unit ? dx : dx * term.factor;
      }
      if (!used || (constant + slope * node->next).Sign() <= 0) continue;
      node->next_kind = EventKind::kLimit;
      node->next = (Num() - constant) / slope;
      node->next_of = i;
    }
  }

  void Step() {
    ++solution_.events;
    std::uint32_t n = 0;
    while (true) {
      Node& node = nodes_[n];
      node.clock = node.next;
      if (node.next_kind != EventKind::kMember) break;
      const std::uint32_t member = node.fronts.back().heap.top();
      if (IsClass(member)) {
        FreezeClass(member, ClassAt(member).stop, {Freeze::Kind::kDone, 0, 0});
        SettleAll();
        return;
      }
      n = NodeOf(member);
    }
    Node& node = nodes_[n];
    if (node.next_kind == EventKind::kJoin) MergeFronts(&node);
    if (node.next_kind == EventKind::kSwitch) node.dominant = node.next_of;
    if (node.next_kind == EventKind::kLimit) Tighten(n, node.next_of);
    MarkDirty(n);
    SettleAll();
  }

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

  // The constraint of the node (of the root: of the problem) has become tight: all that uses it
  // freezes.
  void Tighten(std::uint32_t n, std::uint32_t which) {
    SetClocks(n);
    const auto& constraint = n == 0 ? problem_.capacity[which] : problem_.nodes[n].limits[which];
    const Freeze::Kind kind = n == 0 ? Freeze::Kind::kCapacity : Freeze::Kind::kLimit;
    for (const auto& term : constraint.terms) {
      for (const std::uint32_t c : users_[term.dimension]) {
        if (!IsFrozen(c) && IsBelow(c, n)) FreezeClass(c, LevelOf(c), {kind, n, which});
      }
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
        const Num& lambda = child.sum.p_constant[child.dominant];
        const Num& mu = child.sum.p_slope[child.dominant];
        child.clock = (WeightOf(member) * at - lambda) / mu;
        SetClocks(NodeOf(member));
      }
    }
  }

  Num LevelOf(std::uint32_t c) {
    if (!IsActive(c)) return Num();
    const std::uint32_t p = ParentOf(c);
    const FrontOf& front = FrontWith(p, front_of_[c]);
    const bool grows = &front == &nodes_[p].fronts.back();
    return WeightOf(c) * (grows ? nodes_[p].clock : front.join);
  }

  void FreezeClass(std::uint32_t c, const Num& level, Freeze why) {
    const FillingClass<Num>& entry = ClassAt(c);
    frozen_[c] = true;
    solution_.level[c] = level;
    solution_.ends[c] = why;
    Node& parent = nodes_[entry.parent];
    for (std::size_t i = 0; i < entry.dimensions.size(); ++i) {
      parent.frozen[entry.dimensions[i]] += entry.direction[i] * level;
    }
    if (IsActive(c)) {
      CountUsers(c, -1);
      std::uint64_t dimensions = 0;
      for (const std::uint32_t j : entry.dimensions) dimensions |= Bit(j);
      TakeOut(entry.parent, c, false, dimensions);
    } else {
      MarkDirty(entry.parent);
    }
  }

  const FillingProblem<Num>& problem_;
  const std::size_t dimensions_;
  const std::uint32_t classes_;
  FillingSolution<Num> solution_;
  std::vector<Node> nodes_;
  std::vector<Line<Num>> lines_;                   // by node, in terms of its parent's clock
  std::vector<Num> keys_;                          // by member: next event, by its parent's clock
  std::vector<Num> inverse_weights_;               // by member
  std::vector<std::uint32_t> places_;              // by member, in the heap of its front
  std::vector<std::uint32_t> front_of_;            // by member
  std::vector<bool> frozen_;                       // by member
  std::vector<bool> counted_split_;                // by node
  std::vector<std::vector<std::uint32_t>> users_;  // by dimension: classes
  std::vector<std::uint32_t> dirty_;               // heap
  std::uint32_t next_front_ = 0;
};

}  // namespace

template <typename Num>
FillingSolution<Num> Fill(const FillingProblem<Num>& problem) {
  return Filling<Num>(problem).Run();
}

template FillingSolution<Short> Fill(const FillingProblem<Short>& problem);
template FillingSolution<Long> Fill(const FillingProblem<Long>& problem);
template FillingSolution<Exact> Fill(const FillingProblem<Exact>& problem);

}  // namespace fairlead::fair
