// explain: why a gang waits that could start if there were room.
//
// For one member that finds no node the words are kube-scheduler's (NodeReasons). For a gang, as
// many members as fit are set down first, and the words are about the next one.
//
// NoMatchingNode if this also happens on the same cluster with nothing running, and then the words
// are about that.
//
// A gang that must be in one domain of a topology level, and for which the cluster as a whole has
// room, is told how many of its members the best domain takes.
//
// Gangs of one shape share one look at the cluster per shape; others one per distinct list of
// (shape, count).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "fairlead/base/quantity.h"
#include "fairlead/model/gpu_share.h"
#include "scheduler/cycle/node_reasons.h"
#include "scheduler/cycle/passes.h"

namespace fairlead {
namespace {

constexpr std::size_t kShapesShown = 3;

// What the first member that does not fit sees.
struct Shortfall {
  std::int64_t fit = 0;  // members that were set down before it
  std::string nodes;     // "0/N nodes are available: ..."; empty if the gang does fit
};

// One cluster, as it is or empty, and what is known about gangs that do not fit it.
class Lookout {
 public:
  Lookout(const Snapshot& snapshot, const NodeClasses& classes, Placer* placer)
      : snapshot_(snapshot), classes_(classes), placer_(placer) {}

  const Shortfall& Look(const std::vector<MemberGroup>& groups, std::int64_t need) {
    const bool ruled = std::any_of(groups.begin(), groups.end(), [this](const MemberGroup& group) {
      return placer_->Ruled(group);
    });
    if (groups.size() == 1 && !ruled) return LookAtShape(groups, need);
    std::vector<std::int64_t> key{need};
    for (const MemberGroup& group : groups) {
      key.push_back(group.shape.value());
      key.push_back(static_cast<std::int64_t>(group.members.size()));
      if (!ruled) continue;
      for (const std::uint32_t member : group.members)
        key.push_back(placer_->KindOf(group, member));
    }
    const auto [it, added] = mixed_.try_emplace(std::move(key));
    if (added) it->second = Measure(groups, need);
    return it->second;
  }

  std::uint64_t steps() const { return steps_; }

 private:
  // Too little room for one gang of a shape is told in the same words to every larger one.
  const Shortfall& LookAtShape(const std::vector<MemberGroup>& groups, std::int64_t need) {
    const auto [it, added] = by_shape_.try_emplace(groups.front().shape);
    Shortfall& known = it->second;
    const bool settled = !added && (known.fit >= need || !known.nodes.empty());
    if (!settled) known = Measure(groups, need);
    return known.fit >= need ? fits_ : known;
  }

  Shortfall Measure(const std::vector<MemberGroup>& groups, std::int64_t need) {
    const FillResult fill = placer_->Fill(groups);
    Shortfall shortfall{fill.placed, ""};
    if (fill.placed < need) {
      steps_ += placer_->room().ranks();
      shortfall.nodes =
          NodeReasons(snapshot_, classes_, placer_, fill.short_shape, fill.short_kind).Summary();
    }
    placer_->Undo();
    return shortfall;
  }

  const Snapshot& snapshot_;
  const NodeClasses& classes_;
  Placer* placer_;
  const Shortfall fits_;
  std::map<ShapeId, Shortfall> by_shape_;
  std::map<std::vector<std::int64_t>, Shortfall> mixed_;
  std::uint64_t steps_ = 0;
};

// "0.25 of a GPU", "20Gi of each of 2 GPUs"
std::string ShareText(const GpuShare& share) {
  std::string part = FormatBytes(share.memory_bytes);
  if (share.millionths > 0) {
    part = fmt::format("0.{:06}", share.millionths);
    part.erase(part.find_last_not_of('0') + 1);
  }
  if (share.devices == 1) return part + " of a GPU";
  return fmt::format("{} of each of {} GPUs", part, share.devices);
}

std::string PodsOf(const Snapshot& snapshot, std::int64_t count, ShapeId shape) {
  const PodShape& asked = *(*snapshot.shapes)[shape.index()];
  const std::int32_t gpus = asked.requests.gpus;
  std::string pods = fmt::format("{} pod{}", count, count == 1 ? "" : "s");
  if (asked.gpu_share.devices > 0) return fmt::format("{} of {}", pods, ShareText(asked.gpu_share));
  if (gpus == 0) return pods;
  return fmt::format("{} of {} GPU{}", pods, gpus, gpus == 1 ? "" : "s");
}

std::string WhatItNeeds(const Snapshot& snapshot, const std::vector<MemberGroup>& groups,
                        std::int64_t need) {
  if (groups.size() == 1) return PodsOf(snapshot, need, groups.front().shape);
  if (groups.size() > kShapesShown) {
    return fmt::format("{} pods of {} kinds", need, groups.size());
  }
  std::vector<std::string> parts;
  parts.reserve(groups.size());
  for (const MemberGroup& group : groups) {
    parts.push_back(PodsOf(snapshot, static_cast<std::int64_t>(group.members.size()), group.shape));
  }
  return fmt::format("{} pods ({})", need, fmt::join(parts, ", "));
}

class Explainer {
 public:
  Explainer(const Snapshot& snapshot, const Policy& policy, PlacementMemo* memo,
            const ResourceVector& capacity, Placer* placer)
      : snapshot_(snapshot),
        policy_(policy),
        placer_(placer),
        empty_placer_(snapshot, memo->classes(), memo->Empty(), PeerBook::Empty(snapshot),
                      capacity),
        now_(snapshot, memo->classes(), placer),
        empty_(snapshot, memo->classes(), &empty_placer_) {}

  PendingGang Explain(const Candidate& candidate, const std::optional<Topology>& topology) {
    const GangView& gang = *candidate.gang;
    const std::vector<MemberGroup> groups = GroupNeeded(gang);
    const Shortfall& never = empty_.Look(groups, candidate.need);
    if (!never.nodes.empty()) {
      return {gang.id, ReasonCode::kNoMatchingNode,
              Sentence(candidate, groups, never, "an empty cluster fits")};
    }
    const bool in_one = topology && candidate.nearness.required >= 0;
    if (in_one && Best(&empty_placer_, candidate, groups, *topology).fits < candidate.need) {
      return {gang.id, ReasonCode::kNoMatchingNode,
              NearSentence(&empty_placer_, candidate, groups, *topology)};
    }
    const Shortfall& short_now = now_.Look(groups, candidate.need);
    if (in_one && short_now.nodes.empty()) {
      return {gang.id, ReasonCode::kWaitingForCapacity,
              NearSentence(placer_, candidate, groups, *topology)};
    }
    return {gang.id, ReasonCode::kWaitingForCapacity, Sentence(candidate, groups, short_now, "")};
  }

  std::uint64_t steps() const { return now_.steps() + empty_.steps() + empty_placer_.steps(); }

 private:
  std::string Sentence(const Candidate& candidate, const std::vector<MemberGroup>& groups,
                       const Shortfall& shortfall, std::string_view cluster) const {
    const GangView& gang = *candidate.gang;
    const bool whole = candidate.held >= gang.min_member;
    if (gang.min_member == 1 || whole || snapshot_.nodes->by_name.empty()) {
      return shortfall.nodes.empty() ? NotTwice(candidate) : shortfall.nodes;
    }
    const std::string needs = WhatItNeeds(snapshot_, groups, candidate.need);
    std::string text = candidate.held == 0 ? fmt::format("gang needs {}", needs)
                                           : fmt::format("gang has {} of {} pods and needs {}",
                                                         candidate.held, gang.min_member, needs);
    if (shortfall.nodes.empty()) return text + ", " + NotTwice(candidate);
    text += cluster.empty() ? fmt::format(", {} fit now", shortfall.fit)
                            : fmt::format(", {} {}", cluster, shortfall.fit);
    return fmt::format("{}; for one more {}", text, shortfall.nodes);
  }

  static Placer::BestDomain Best(Placer* placer, const Candidate& candidate,
                                 const std::vector<MemberGroup>& groups, const Topology& topology) {
    return placer->FindBest(groups, topology, candidate.nearness.required);
  }

  // "gang needs 4 pods of 8 GPUs in one rack; the best, zone-a/r2, takes 3 now"
  std::string NearSentence(Placer* placer, const Candidate& candidate,
                           const std::vector<MemberGroup>& groups, const Topology& topology) const {
    const std::string& level =
        policy_.topology[static_cast<std::size_t>(candidate.nearness.required)].name;
    const Placer::BestDomain best = Best(placer, candidate, groups, topology);
    std::string text = fmt::format("gang needs {} in one {}",
                                   WhatItNeeds(snapshot_, groups, candidate.need), level);
    if (best.domain == Topology::kNoDomain) {
      return fmt::format(
          "{}; no node has the label {}", text,
          policy_.topology[static_cast<std::size_t>(candidate.nearness.required)].label);
    }
    return fmt::format("{}; the best, {}, takes {} {}", text,
                       topology.NameOf(candidate.nearness.required, best.domain), best.fits,
                       placer == placer_ ? "now" : "when empty");
  }

  // Only for mixed gangs: what was placed after its turn can open a way for a greedy choice.
  static std::string NotTwice(const Candidate& candidate) {
    return fmt::format("there is room for {} since its turn: tried again in the next decision",
                       candidate.need);
  }

  const Snapshot& snapshot_;
  const Policy& policy_;
  Placer* placer_;
  Placer empty_placer_;
  Lookout now_;
  Lookout empty_;
};

}  // namespace

std::uint64_t ExplainFailures(const DecideInput& input, PlacementMemo* memo,
                              const ResourceVector& capacity, const Admission& admission,
                              Placer* placer, std::vector<PendingGang>* pending) {
  std::unique_ptr<Explainer> explainer;  // most decisions need none
  for (const Candidate& candidate : admission.candidates) {
    if (admission.outcomes[candidate.position] != Outcome::kFailed) continue;
    if (!explainer) {
      explainer = std::make_unique<Explainer>(input.snapshot, input.policy, memo, capacity, placer);
    }
    pending->push_back(explainer->Explain(candidate, admission.topology));
  }
  return explainer ? explainer->steps() : 0;
}

}  // namespace fairlead
