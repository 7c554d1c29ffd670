// GangLine: which gang is tried next.
//
// Gangs that hold a part already come first, whatever their queue, since what they hold is lost to
// everybody until they are whole. Then HierarchyOrder names the leaf, and the leaf's `order` the
// gang in it:
//   priority_fifo   priority with what waiting has added (high first), submission, id
//   fifo_strict     submission, id; while one that did not start waits, nobody behind it is tried
//   shortest_first  dominant share of what the gang asks for (low first), then as priority_fifo
//   fair_users      the user who holds the lower dominant share of the leaf (ties by name), then as
//                   priority_fifo
//
// Gangs that would take a leaf beyond what it is entitled to (Entitled::Over) step back in their
// leaf, behind those that do not; a leaf in which all do goes behind the leaves in which one does
// not. They are all tried in the end: what nobody entitled can use is not left idle.
//
// Where one leaf alone has gangs, nobody steps back: there is nobody to let pass.
//
// I1: every candidate is handed out once, but for those behind a strict head.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "fairlead/queues/hierarchy_order.h"
#include "scheduler/cycle/entitle.h"
#include "scheduler/cycle/passes.h"
#include "scheduler/cycle/queue_book.h"

namespace fairlead {

// What a line is made of. All of it outlives the line; the book changes as gangs are placed.
struct LineInput {
  const Snapshot& snapshot;
  const Policy& policy;
  const QueueContext& context;
  const QueueBook& book;
  Entitled& entitled;
  const std::vector<LeafDemand>& demand;     // by QueueId
  const std::vector<std::int64_t>& weights;  // by QueueId
};

class GangLine {
 public:
  GangLine(const LineInput& input, const std::vector<Candidate>& candidates);

  // The next candidate, each once, or null.
  const Candidate* Next();
  // The candidate was placed and holds this; the book knows it already.
  void Charge(const Candidate& candidate, const ResourceVector& amounts);
  // The candidate did not start.
  void Waits(const Candidate& candidate);

  // Who was not handed out because somebody before him waits, and that one.
  std::vector<std::pair<const Candidate*, const Candidate*>> Behind() const;

 private:
  // The gangs of one user where users take turns, else of all.
  struct Lane {
    ClaimId claim;                          // one of the user
    std::vector<const Candidate*> gangs;    // best last
    std::vector<const Candidate*> stepped;  // over: best first
  };
  struct Leaf {
    std::vector<Lane> lanes;          // where users take turns in order of their names
    bool over = false;                // all that is left is over
    const Candidate* head = nullptr;  // waits, and nobody may pass
  };

  void Fill(const std::vector<Candidate>& candidates);
  void Sort(QueueId queue);
  void MakeOrder();
  Lane* BestLane(Leaf* leaf) const;
  const Candidate* Pop(QueueId queue);
  const Candidate* NextOfOnly();
  bool Settle(QueueId queue);
  static bool HasStepped(const Leaf& leaf);

  LineInput input_;
  std::vector<const Candidate*> partial_;  // best last
  std::vector<Leaf> leaves_;               // by QueueId
  std::optional<HierarchyOrder> order_;    // none where one leaf alone has gangs
  QueueId only_;                           // that leaf
};

}  // namespace fairlead
