#include "queues/filling.h"

#include "fairlead/base/check.h"
#include "queues/exact.h"
#include "queues/filling_fronts.h"
#include "queues/traced.h"

namespace fairlead::fair {
namespace {

template <typename Num>
class Filling : private FillingFronts<Num> {
 public:
  explicit Filling(const FillingProblem<Num>& problem) : FillingFronts<Num>(problem) {}

  FillingSolution<Num> Run() {
    Prepare();
    while (!fronts(0).empty()) Step();
    return std::move(solution_);
  }

 private:
  using Base = FillingFronts<Num>;
  using Base::ClassAt;
  using Base::classes_;
  using Base::Describe;
  using Base::dimensions_;
  using Base::front_of_;
  using Base::fronts;
  using Base::FrontWith;
  using Base::inverse_weights_;
  using Base::IsActive;
  using Base::IsBelow;
  using Base::IsClass;
  using Base::Join;
  using Base::keys_;
  using Base::Leave;
  using Base::lines_;
  using Base::MemberOf;
  using Base::MergeFronts;
  using Base::NewFront;
  using Base::NodeOf;
  using Base::nodes_;
  using Base::ParentOf;
  using Base::Place;
  using Base::PlaceOf;
  using Base::places_;
  using Base::PriorityOf;
  using Base::problem_;
  using Base::Refresh;
  using Base::SetClocks;
  using Base::Stand;
  using Base::WeightOf;
  using typename Base::FrontOf;
  using typename Base::Node;

  bool IsFrozen(std::uint32_t member) const { return frozen_[member]; }
  std::uint32_t BeginOf(std::uint32_t c) const { return problem_.classes[c].begin; }
  std::uint32_t EndOf(std::uint32_t c) const { return problem_.classes[c].end; }

  // --- setting up ---
  void Prepare() {
    const std::size_t members = problem_.classes.size() + problem_.nodes.size();
    frozen_.assign(members, false);
    solution_.at.resize(classes_);
    solution_.ends.resize(classes_);
    users_.resize(dimensions_);
    for (std::uint32_t m = 0; m < members; ++m) {
      if (m == MemberOf(0)) continue;
      inverse_weights_[m] = WeightOf(m).Inverse();
      nodes_[ParentOf(m)].children.push_back(m);
    }
    for (std::uint32_t c = 0; c < classes_; ++c) {
      for (std::uint32_t i = BeginOf(c); i < EndOf(c); ++i) users_[problem_.uses[i]].push_back(c);
    }
    growing_ = classes_;
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

  // Adds the dimensions of the member's unfrozen classes to its ancestors, as far as they are
  // active.
  void CountUsers(std::uint32_t member, int sign) {
    for (std::uint32_t n = ParentOf(member);; n = problem_.nodes[n].parent) {
      std::vector<std::uint32_t>& users = nodes_[n].users;
      if (IsClass(member)) {
        for (std::uint32_t i = BeginOf(member); i < EndOf(member); ++i) {
          users[problem_.uses[i]] += static_cast<std::uint32_t>(sign);
        }
      } else {
        const std::vector<std::uint32_t>& own = nodes_[NodeOf(member)].users;
        for (std::size_t j = 0; j < dimensions_; ++j) {
          users[j] += static_cast<std::uint32_t>(sign) * own[j];
        }
      }
      if (n == 0 || !IsActive(MemberOf(n))) return;
    }
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
    const Num at = PickDominant(&node) * inverse_weights_[MemberOf(n)];
    Plan(&node, problem_.nodes[n].limits);
    if (IsActive(MemberOf(n))) Tell(n, at);
  }

  // By how much dimension j is above dimension i now; exactly 0 where both have the same line.
  Num LeadNow(const Node& node, std::uint32_t j, std::uint32_t i) const {
    return (node.sum.p_constant[j] - node.sum.p_constant[i]) +
           (node.sum.p_slope[j] - node.sum.p_slope[i]) * node.clock;
  }

  // Brings the parent up to date with an active node, whose level / weight is `at`.
  void Tell(std::uint32_t n, const Num& at) {
    const std::uint32_t member = MemberOf(n);
    const std::uint32_t p = problem_.nodes[n].parent;
    FrontOf& front = FrontWith(p, front_of_[member]);
    const bool grows = &front == &nodes_[p].fronts.back();
    if ((at - (grows ? nodes_[p].clock : front.join)).Sign() == 0) {
      front.sum.Subtract(lines_[n]);
      Describe(n);
      front.sum.Add(lines_[n]);
      front.heap.Changed(member, keys_, &places_);
      Refresh(&front);
      if (!grows) Stand(&front);
    } else {
      Leave(p, &front, member);
      DropEmpty(p, grows);
      Place(p, member, at);
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
      if (!node.fronts.empty()) node.clock = node.fronts.back().join;
    }
    if (!node.fronts.empty()) return true;
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
    TakeOut(p, member);
  }

  // A member of a front froze.
  void TakeOut(std::uint32_t p, std::uint32_t member) {
    FrontOf& front = FrontWith(p, front_of_[member]);
    const bool grows = &front == &nodes_[p].fronts.back();
    Leave(p, &front, member);
    DropEmpty(p, grows);
    MarkDirty(p);
  }

  void Sum(Node* node) {
    const Line<Num>& front = node->fronts.back().sum;
    Line<Num>& sum = node->sum;
    sum.split = node->fronts.size() > 1 || node->split_children > 0;
    for (std::size_t j = 0; j < dimensions_; ++j) {
      sum.p_constant[j] = front.p_constant[j] + node->frozen[j];
      sum.p_slope[j] = front.p_slope[j];
    }
    if (!sum.split) return;
    sum.x_slope = front.held_slope();
    sum.x_constant = front.held_constant();
    for (std::size_t j = 0; j < dimensions_; ++j) sum.x_constant[j] += node->frozen[j];
    for (std::size_t i = 0; i + 1 < node->fronts.size(); ++i) {
      const FrontOf& standing = node->fronts[i];
      for (std::size_t j = 0; j < dimensions_; ++j) {
        sum.p_slope[j] += standing.stood_slope[j];
        sum.x_constant[j] += standing.stood_held[j];
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
    for (std::uint32_t j = 0; j < dimensions_; ++j) {
      if (!IsLive(*node, j)) continue;
      if (node->dominant != kNone) {
        const int order = LeadNow(*node, j, node->dominant).Sign();
        if (order < 0) continue;
        if (order == 0 && (node->sum.p_slope[j] - node->sum.p_slope[node->dominant]).Sign() <= 0) {
          continue;
        }
      }
      node->dominant = j;
    }
    FAIRLEAD_CHECK(node->dominant != kNone, "a queue grows in no dimension");
    return node->sum.p_constant[node->dominant] + node->sum.p_slope[node->dominant] * node->clock;
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
    node->lambda = node->sum.p_constant[node->dominant];
    node->mu = node->sum.p_slope[node->dominant];
    for (std::uint32_t j = 0; j < dimensions_; ++j) {
      if (j == node->dominant || node->users[j] == 0) continue;
      const Num constant = node->sum.p_constant[j] - node->lambda;
      const Num slope = node->sum.p_slope[j] - node->mu;
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
    node->tight.clear();
    for (std::uint32_t i = 0; i < constraints.size(); ++i) {
      Num constant = Num() - constraints[i].room;
      Num slope;
      bool used = false;
      for (const auto& term : constraints[i].terms) {
        used = used || node->users[term.dimension] > 0;
        const Num& x = node->sum.held_constant()[term.dimension];
        const Num& dx = node->sum.held_slope()[term.dimension];
        constant += term.unit ? x : x * term.factor;
        slope += term.unit ? dx : dx * term.factor;
      }
      if (!used) continue;
      const int over = (constant + slope * node->next).Sign();
      if (over < 0) continue;
      if (over > 0) {
        node->next_kind = EventKind::kLimit;
        node->next = (Num() - constant) / slope;
        node->tight.clear();
      }
      node->tight.push_back(i);
    }
  }

  // --- what happens now ---
  void Step() {
    ++solution_.events;
    std::uint32_t n = 0;
    std::uint32_t done = kNone;
    while (true) {
      Node& node = nodes_[n];
      node.clock = node.next;
      if (node.next_kind != EventKind::kMember) break;
      const std::uint32_t member = node.fronts.back().heap.top();
      if (IsClass(member)) {
        done = member;
        break;
      }
      n = NodeOf(member);
    }
    Node& node = nodes_[n];
    if (node.next_kind == EventKind::kJoin || node.next_kind == EventKind::kSwitch) {
      if (node.next_kind == EventKind::kJoin) MergeFronts(&node);
      if (node.next_kind == EventKind::kSwitch) node.dominant = node.next_of;
      MarkDirty(n);
    } else if (done != kNone && !MayFall(done)) {
      End(done, node.clock, {Freeze::Kind::kDone, 0, 0});
      --growing_;
      FreezeClass(done);
    } else {
      EndInstant();
    }
    SettleAll();
  }

  void End(std::uint32_t c, const Num& at, Freeze why) {
    frozen_[c] = true;
    solution_.at[c] = at;
    solution_.ends[c] = why;
  }

  // Could a clock fall when the class freezes? Not while every node above keeps its dominant
  // dimension and its growing front.
  bool MayFall(std::uint32_t c) const {
    for (std::uint32_t n = ParentOf(c);; n = problem_.nodes[n].parent) {
      const Node& node = nodes_[n];
      if (node.fronts.back().heap.size() == 1) return true;
      if (n == 0) return false;
      if (node.users[node.dominant] > 1) continue;
      for (std::uint32_t i = BeginOf(c); i < EndOf(c); ++i) {
        if (problem_.uses[i] == node.dominant) return true;
      }
    }
  }

  // Freezes all that is done or held at the clock of the root.
  void EndInstant() {
    std::vector<std::uint32_t> ended;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> tight;  // node, constraint
    FindEvents(0, &ended, &tight);
    for (const std::uint32_t c : ended) {
      End(c, nodes_[ParentOf(c)].clock, {Freeze::Kind::kDone, 0, 0});
    }
    for (const auto& [n, which] : tight) Tighten(n, which, &ended);
    growing_ -= ended.size();
    if (growing_ == 0) {
      // Nobody asks any more what the last ones hold.
      nodes_[0].fronts.clear();
      return;
    }
    for (const std::uint32_t c : ended) FreezeClass(c);
  }

  // What happens below the node at its clock, which is that of its next event.
  void FindEvents(std::uint32_t n, std::vector<std::uint32_t>* done,
                  std::vector<std::pair<std::uint32_t, std::uint32_t>>* tight) {
    const Node& node = nodes_[n];
    for (const std::uint32_t which : node.tight) tight->emplace_back(n, which);
    // Other events are strictly earlier than those of members.
    if (node.next_kind != EventKind::kMember && node.next_kind != EventKind::kJoin) return;
    const std::vector<std::uint32_t>& heap = node.fronts.back().heap.members();
    std::vector<std::size_t> open = {0};
    while (!open.empty()) {
      const std::size_t i = open.back();
      open.pop_back();
      if (i >= heap.size()) continue;
      const std::uint32_t member = heap[i];
      const bool is_next = i == 0 && node.next_kind == EventKind::kMember;
      if (!is_next && (keys_[member] - node.clock).Sign() != 0) continue;
      open.push_back(2 * i + 1);
      open.push_back(2 * i + 2);
      if (IsClass(member)) {
        done->push_back(member);
      } else {
        nodes_[NodeOf(member)].clock = nodes_[NodeOf(member)].next;
        FindEvents(NodeOf(member), done, tight);
      }
    }
  }

  // The constraint of the node (of the root: of the problem) has become tight: all that uses it
  // ends.
  void Tighten(std::uint32_t n, std::uint32_t which, std::vector<std::uint32_t>* ended) {
    SetClocks(n);
    const auto& constraint = n == 0 ? problem_.capacity[which] : problem_.nodes[n].limits[which];
    const Freeze::Kind kind = n == 0 ? Freeze::Kind::kCapacity : Freeze::Kind::kLimit;
    for (const auto& term : constraint.terms) {
      for (const std::uint32_t c : users_[term.dimension]) {
        if (IsFrozen(c) || !IsBelow(c, n)) continue;
        End(c, PlaceOf(c), {kind, n, which});
        ended->push_back(c);
      }
    }
  }

  // Counts the class, which has ended, among what its parent holds for good.
  void FreezeClass(std::uint32_t c) {
    const std::uint32_t p = ParentOf(c);
    Node& parent = nodes_[p];
    for (std::uint32_t i = BeginOf(c); i < EndOf(c); ++i) {
      const std::uint32_t j = problem_.uses[i];
      parent.frozen[j] += problem_.slopes[i] * solution_.at[c];
    }
    if (IsActive(c)) {
      CountUsers(c, -1);
      TakeOut(p, c);
    } else {
      MarkDirty(p);
    }
  }

  FillingSolution<Num> solution_;
  std::vector<bool> frozen_;                       // by member
  std::vector<std::vector<std::uint32_t>> users_;  // by dimension: classes
  std::vector<std::uint32_t> dirty_;               // heap
  std::size_t growing_ = 0;                        // classes that are not frozen
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
