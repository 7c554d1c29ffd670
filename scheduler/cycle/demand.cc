#include "scheduler/cycle/demand.h"

#include <algorithm>
#include <limits>

namespace fairlead {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 61;

// What one member of a shape asks for.
struct ShapeDemand {
  bool known = false;
  ResourceVector fixed;            // with the GPUs where one model can serve them
  std::vector<ResourceId> any_of;  // else the models, at least two
  std::int64_t gpus = 0;           // milli, of any_of
  std::int64_t fits = 0;           // no more members than this fit the whole cluster
  std::int64_t countable = 0;      // no more than this keep all sums below kMost
};

std::int64_t SumOf(const std::vector<ResourceId>& models, const ResourceVector& capacity) {
  std::int64_t sum = 0;
  for (const ResourceId model : models) {
    sum = std::min(kMost, sum + std::min(kMost, capacity.Get(model)));
  }
  return sum;
}

ShapeDemand MakeShapeDemand(const Snapshot& snapshot, const QueueContext& context, ShapeId id) {
  ShapeDemand demand;
  demand.known = true;
  demand.fixed = (*snapshot.shape_requests)[id.index()];
  demand.fits = std::numeric_limits<std::int64_t>::max();
  demand.countable = kMost;
  if (const std::int64_t gpus = GpusWanted(snapshot, context, id); gpus > 0) {
    const std::vector<ResourceId>& models = AcceptedGpus(snapshot, context, id);
    demand.fits = SumOf(models, context.capacity) / gpus;
    if (models.size() == 1) {
      demand.fixed.Set(models.front(), gpus);
    } else {
      demand.any_of = models;
      demand.gpus = gpus;
      demand.countable = kMost / gpus;
    }
  }
  for (std::uint32_t r = 0; r < demand.fixed.size(); ++r) {
    const std::int64_t amount = demand.fixed.Get(ResourceId(r));
    if (amount == 0) continue;
    demand.fits = std::min(demand.fits, context.capacity.Get(ResourceId(r)) / amount);
    demand.countable = std::min(demand.countable, kMost / amount);
  }
  return demand;
}

void AddAnyOf(const std::vector<ResourceId>& models, std::int64_t amount, DemandClass* sum) {
  const auto place = std::lower_bound(
      sum->any_of.begin(), sum->any_of.end(), models,
      [](const AnyOf& a, const std::vector<ResourceId>& b) { return a.models < b; });
  if (place != sum->any_of.end() && place->models == models) {
    place->amount += amount;
  } else {
    sum->any_of.insert(place, AnyOf{models, amount});
  }
}

bool SameClass(const DemandClass& a, const DemandClass& b) {
  return CompareResourceSets(a.amounts, b.amounts) == 0 &&
         std::equal(a.any_of.begin(), a.any_of.end(), b.any_of.begin(), b.any_of.end(),
                    [](const AnyOf& x, const AnyOf& y) { return x.models == y.models; });
}

bool StaysCountable(const DemandClass& sum, const DemandClass& more) {
  for (std::uint32_t r = 0; r < more.amounts.size(); ++r) {
    if (more.amounts.Get(ResourceId(r)) > kMost - sum.amounts.Get(ResourceId(r))) return false;
  }
  for (std::size_t i = 0; i < more.any_of.size(); ++i) {
    if (more.any_of[i].amount > kMost - sum.any_of[i].amount) return false;
  }
  return true;
}

void AddToClass(const DemandClass& more, std::vector<DemandClass>* classes) {
  for (DemandClass& sum : *classes) {
    if (!SameClass(sum, more)) continue;
    if (!StaysCountable(sum, more)) return;
    sum.amounts += more.amounts;
    for (std::size_t i = 0; i < more.any_of.size(); ++i) {
      sum.any_of[i].amount += more.any_of[i].amount;
    }
    return;
  }
  classes->push_back(more);
}

class Counter {
 public:
  Counter(const Snapshot& snapshot, const QueueContext& context)
      : snapshot_(snapshot),
        context_(context),
        shapes_(snapshot.shapes->size()),
        counts_(snapshot.shapes->size(), 0),
        leaves_(context.tree.size()) {}

  std::vector<LeafDemand> Run(const Admission& admission) {
    CountHeld();
    std::vector<std::vector<const Candidate*>> by_leaf(leaves_.size());
    for (const auto* list : {&admission.candidates, &admission.delayed}) {
      for (const Candidate& candidate : *list) {
        by_leaf[candidate.queue.index()].push_back(&candidate);
      }
    }
    for (std::size_t leaf = 0; leaf < leaves_.size(); ++leaf) {
      if (!by_leaf[leaf].empty()) CountWaiting(by_leaf[leaf], &leaves_[leaf]);
    }
    return std::move(leaves_);
  }

  DemandClass Of(const Candidate& candidate) {
    DemandClass sum;
    if (candidate.shape.valid()) {
      AddMembers(Of(candidate.shape), candidate.placeable, &sum);
      return sum;
    }
    for (const MemberGroup& group : GroupByShape(*candidate.gang)) {
      AddMembers(Of(group.shape), static_cast<std::int64_t>(group.members.size()), &sum);
    }
    return sum;
  }

 private:
  const ShapeDemand& Of(ShapeId shape) {
    ShapeDemand& demand = shapes_[shape.index()];
    if (!demand.known) demand = MakeShapeDemand(snapshot_, context_, shape);
    return demand;
  }

  // Resources that the cluster does not have any more are left out: no share can be made of them.
  void CountHeld() {
    for (std::size_t c = 0; c < context_.claims.size(); ++c) {
      const QueueId queue = context_.claims[c].queue;
      const auto& holdings = snapshot_.claims[c].holdings;
      if (!queue.valid() || !context_.tree.IsLeaf(queue) || !holdings) continue;
      for (const Holding& holding : *holdings) {
        const DemandClass held{ThatExists(holding.amounts), {}};
        if (!held.amounts.IsZero()) AddToClass(held, &leaves_[queue.index()].classes);
      }
    }
  }

  ResourceVector ThatExists(const ResourceVector& amounts) const {
    ResourceVector existing;
    for (std::uint32_t r = 0; r < amounts.size(); ++r) {
      const ResourceId id(r);
      if (context_.capacity.Get(id) > 0) existing.Set(id, std::min(kMost, amounts.Get(id)));
    }
    return existing;
  }

  static void AddMembers(const ShapeDemand& shape, std::int64_t count, DemandClass* sum) {
    count = std::min(count, shape.countable);
    DemandClass more;
    more.amounts.AddTimes(shape.fixed, count);
    if (!shape.any_of.empty()) AddAnyOf(shape.any_of, shape.gpus * count, &more);
    for (std::uint32_t r = 0; r < more.amounts.size(); ++r) {
      const ResourceId id(r);
      const std::int64_t room = kMost - sum->amounts.Get(id);
      sum->amounts.Add(id, std::min(room, more.amounts.Get(id)));
    }
    for (const AnyOf& any : more.any_of) {
      AddAnyOf(any.models, 0, sum);
      for (AnyOf& known : sum->any_of) {
        if (known.models == any.models) known.amount += std::min(kMost - known.amount, any.amount);
      }
    }
  }

  void CountWaiting(const std::vector<const Candidate*>& gangs, LeafDemand* leaf) {
    std::vector<ShapeId> touched;
    std::vector<bool> used(snapshot_.names->resources.size(), false);
    for (const Candidate* candidate : gangs) {
      if (!candidate->shape.valid()) {
        CountMixed(*candidate, leaf, &used);
        continue;
      }
      const ShapeDemand& shape = Of(candidate->shape);
      if (candidate->placeable > shape.fits) continue;
      std::int64_t& count = counts_[candidate->shape.index()];
      if (count == 0) touched.push_back(candidate->shape);
      count = std::min(kMost, count + candidate->placeable);
    }
    std::sort(touched.begin(), touched.end());
    for (const ShapeId id : touched) {
      DemandClass sum;
      AddMembers(Of(id), counts_[id.index()], &sum);
      counts_[id.index()] = 0;
      Use(sum, &used);
      AddToClass(sum, &leaf->classes);
    }
    for (std::uint32_t r = 0; r < used.size(); ++r) {
      if (used[r]) leaf->uses.emplace_back(r);
    }
  }

  void CountMixed(const Candidate& candidate, LeafDemand* leaf, std::vector<bool>* used) {
    for (const MemberGroup& group : GroupByShape(*candidate.gang)) {
      if (static_cast<std::int64_t>(group.members.size()) > Of(group.shape).fits) return;
    }
    const DemandClass sum = Of(candidate);
    if (!FitsIn(sum.amounts, context_.capacity)) return;
    for (const AnyOf& any : sum.any_of) {
      if (any.amount > SumOf(any.models, context_.capacity)) return;
    }
    Use(sum, used);
    AddToClass(sum, &leaf->classes);
  }

  static void Use(const DemandClass& demand, std::vector<bool>* used) {
    for (std::uint32_t r = 0; r < demand.amounts.size(); ++r) {
      if (demand.amounts.Get(ResourceId(r)) > 0) (*used)[r] = true;
    }
    for (const AnyOf& any : demand.any_of) {
      for (const ResourceId model : any.models) (*used)[model.index()] = true;
    }
  }

  const Snapshot& snapshot_;
  const QueueContext& context_;
  std::vector<ShapeDemand> shapes_;   // by ShapeId
  std::vector<std::int64_t> counts_;  // by ShapeId; members in the leaf at hand
  std::vector<LeafDemand> leaves_;
};

}  // namespace

std::vector<LeafDemand> CountDemand(const Snapshot& snapshot, const QueueContext& context,
                                    const Admission& admission) {
  return Counter(snapshot, context).Run(admission);
}

DemandClass DemandOf(const Snapshot& snapshot, const QueueContext& context,
                     const Candidate& candidate) {
  return Counter(snapshot, context).Of(candidate);
}

Share ShareOf(const DemandClass& demand, const ResourceVector& capacity) {
  Share largest = DominantShare(demand.amounts, capacity);
  for (const AnyOf& any : demand.any_of) {
    const std::int64_t total = SumOf(any.models, capacity);
    const Share share =
        total == 0 ? Share{std::numeric_limits<std::int64_t>::max(), 1} : Share{any.amount, total};
    largest = std::max(largest, share);
  }
  return largest;
}

}  // namespace fairlead
