// QueueBook: what every queue holds in the course of a decision, what its limits leave to it, and
// why a gang may not start whatever room there is.
//
// The rules, each at the leaf and at all its ancestors:
//   limit              what a queue holds stays within its limit, GPUs by model. `borrowing: false`
//                      lowers it to the guarantee; of resources that the guarantee does not name
//                      that is 0, but for pods and ephemeral storage.
//   max_running_gangs  gangs that hold room; one that holds some already is none more.
//   user_limit         of each resource a user holds at most that part of the queue's size: the
//                      smallest limit of it and its ancestors, or the capacity where none has one.
//   kept               what stays free covers the guarantees that other queues do not use and do
//                      not lend (Keep). A queue's own and those of its ancestors are open to it.
//
// I1: amounts only grow while a decision lasts. Who is refused stays refused in it.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/base/share.h"
#include "fairlead/placement/placer.h"
#include "scheduler/cycle/passes.h"

namespace fairlead {

class QueueBook {
 public:
  QueueBook(const Snapshot& snapshot, const Policy& policy, const QueueContext& context);

  // Of the queue and all below it.
  const ResourceVector& Allocated(QueueId queue) const { return lines_[queue.index()].allocated; }
  std::int64_t Running(QueueId queue) const { return lines_[queue.index()].running; }
  const ResourceVector& Guarantee(QueueId queue) const { return lines_[queue.index()].guarantee; }
  const ResourceLimits& Limit(QueueId queue) const { return lines_[queue.index()].limit; }

  // What users hold in the leaf, 0 where nobody counts them (no fair_users, no user_limit).
  Share UserShare(ClaimId claim) const;

  // `kept` by queue, without what is kept for queues below it; `free`: what nobody holds.
  void Keep(std::vector<ResourceVector> kept, ResourceVector free);

  // Is there any rule that could keep a gang of the leaf from starting.
  bool Bounded(QueueId leaf) const { return lines_[leaf.index()].bounded; }
  // Why the gang may not start, or nullopt. What the gang needs is counted from below where its
  // members differ and not all are needed; then the allowance decides.
  std::optional<Refusal> Refuse(const Candidate& candidate) const;
  // Why a gang waits for which the allowance left too little.
  Refusal Cut(const Candidate& candidate) const;
  // The most of each resource that the gang may take.
  Allowance AllowanceOf(const Candidate& candidate) const;
  // The gang has been given this.
  void Charge(const Candidate& candidate, const ResourceVector& amounts);

 private:
  struct Line {
    ResourceVector allocated;
    std::int64_t running = 0;
    ResourceVector guarantee;
    ResourceLimits limit;
    bool limited = false;  // has any limit
    bool bounded = false;  // it or an ancestor has any rule
    ResourceVector kept;
  };
  struct Need;  // what a gang needs at least

  const QueueSpec& Spec(QueueId queue) const { return policy_.queues[queue.index()]; }
  void SetLimits(QueueId queue);
  void CountHeld();
  void CountUsers();
  Need NeedOf(const Candidate& candidate) const;
  std::optional<std::int64_t> UserMay(QueueId queue, ResourceId r) const;
  std::int64_t KeptFromOthers(QueueId leaf, ResourceId r) const;
  std::optional<Refusal> RefuseByCap(const Candidate& candidate) const;
  std::optional<Refusal> RefuseAmount(const Candidate& candidate, ResourceId r,
                                      std::int64_t needed) const;
  std::optional<Refusal> RefuseModels(const Candidate& candidate,
                                      const std::vector<ResourceId>& models, std::int64_t needed,
                                      const Allowance& allowance) const;
  // What the claim's user holds in the queue, by all his claims.
  const ResourceVector& UserHeld(QueueId queue, ClaimId claim) const;
  std::string Amount(ResourceId r, std::int64_t amount) const;
  const std::string& Name(ResourceId r) const { return snapshot_.names->resources[r.index()]; }

  const Snapshot& snapshot_;
  const Policy& policy_;
  const QueueContext& context_;
  std::vector<Line> lines_;  // by QueueId
  // What users hold, for the queues that count them.
  std::map<std::pair<QueueId, std::string>, ResourceVector> users_;
  ResourceVector all_kept_;
  ResourceVector free_;
  bool keeping_ = false;
};

}  // namespace fairlead
