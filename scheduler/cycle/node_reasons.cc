#include "scheduler/cycle/node_reasons.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

namespace fairlead {
namespace {

std::string PeerText(PeerRule rule) {
  switch (rule) {
    case PeerRule::kPorts:
      return "node(s) didn't have free ports for the requested pod ports";
    case PeerRule::kSpreadLabel:
      return "node(s) didn't match pod topology spread constraints (missing required label)";
    case PeerRule::kSpread:
      return "node(s) didn't match pod topology spread constraints";
    case PeerRule::kNear:
      return "node(s) didn't match pod affinity rules";
    case PeerRule::kAway:
      return "node(s) didn't match pod anti-affinity rules";
    case PeerRule::kKeptAway:
      return "node(s) didn't satisfy existing pods anti-affinity rules";
    case PeerRule::kClaimInUse:
      return "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod "
             "access mode";
    case PeerRule::kTooManyVolumes:
      return "node(s) exceed max volume count";
    case PeerRule::kVolumeMissing:
      return "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
    case PeerRule::kVolumeNode:
      return "node(s) didn't match PersistentVolume's node affinity";
    case PeerRule::kVolumeZone:
      return "node(s) had no available volume zone";
    case PeerRule::kClaims:
    case PeerRule::kNone:
      break;
  }
  return "";
}

}  // namespace

NodeReasons::NodeReasons(const Snapshot& snapshot, const NodeClasses& classes, Placer* placer,
                         ShapeId shape, PeerBook::Kind kind)
    : snapshot_(snapshot),
      classes_(classes),
      placer_(*placer),
      shape_(*(*snapshot.shapes)[shape.index()]),
      requests_((*snapshot.shape_requests)[shape.index()]),
      need_(placer->Need(shape)),
      kind_(kind) {
  fixed_.reserve(classes.size());
  for (std::uint32_t c = 0; c < classes.size(); ++c) fixed_.push_back(classes.Check(shape, c));
}

template <typename Each>
void NodeReasons::ForEach(std::uint32_t rank, Each each) const {
  const PeerRule rule = placer_.peers().Broken(kind_, rank);
  if (rule == PeerRule::kClaims) {
    each(Breaks(rule));
    return;
  }
  const std::uint32_t node_class = classes_.ClassAt(rank);
  if (fixed_[node_class].failed != Predicate::kNone) {
    each(Reason{node_class});
    return;
  }
  if (rule == PeerRule::kPorts) {
    each(Breaks(rule));
    return;
  }
  const Room& room = placer_.room();
  const NodeId node = room.NodeAt(rank);
  bool enough = true;
  for (std::uint32_t r = 0; r < requests_.size(); ++r) {
    const std::int64_t wanted = requests_.Get(ResourceId(r));
    const bool known = r < snapshot_.usage.resources;
    const std::int64_t free = known ? room.FreeAmount(ResourceId(r), node) : 0;
    if (free >= wanted) continue;
    each(ShortOf(r));
    enough = false;
  }
  const bool some =
      need_.slices.empty() ? room.FreeDevices(node) >= need_.gpus : room.ShareFits(need_, node) > 0;
  if (!some) each(ShortOfGpus());
  if (enough && some && rule != PeerRule::kNone) each(Breaks(rule));
}

std::string NodeReasons::FixedText(std::uint32_t node_class) const {
  const Verdict& verdict = fixed_[node_class];
  switch (verdict.failed) {
    case Predicate::kUnschedulable:
      return "node(s) were unschedulable";
    case Predicate::kTaint: {
      const NodeInfo& info = snapshot_.nodes->info[classes_.Sample(node_class).index()];
      const Taint& taint = info.taints[verdict.taint];
      return fmt::format("node(s) had untolerated taint {{{}: {}}}", taint.key, taint.value);
    }
    case Predicate::kSelector:
      return "node(s) didn't match Pod's node affinity/selector";
    case Predicate::kModel:
      return fmt::format("node(s) didn't have an accepted GPU model ({})",
                         fmt::join(shape_.gpu_models, ", "));
    case Predicate::kShare:
      return "node(s) didn't have GPUs large enough for the share";
    case Predicate::kNone:
      break;
  }
  return "";
}

std::string NodeReasons::Text(Reason reason) const {
  if (reason < ShortOf(0)) return FixedText(static_cast<std::uint32_t>(reason));
  if (reason == Breaks(PeerRule::kClaims)) return placer_.peers().ClaimsProblem(kind_);
  if (reason > ShortOfGpus()) return PeerText(static_cast<PeerRule>(reason - Breaks(PeerRule{0})));
  if (reason == ShortOfGpus()) {
    return need_.slices.empty() ? "Insufficient nvidia.com/gpu" : "Insufficient shares of GPUs";
  }
  const ResourceId resource(static_cast<std::uint32_t>(reason - ShortOf(0)));
  if (resource == kPods) return "Too many pods";
  return "Insufficient " + snapshot_.names->resources[resource.index()];
}

std::vector<std::string> NodeReasons::On(std::uint32_t rank) const {
  std::vector<std::string> texts;
  ForEach(rank, [&](Reason reason) { texts.push_back(Text(reason)); });
  return texts;
}

std::string NodeReasons::Summary() const {
  const std::size_t total = snapshot_.nodes->by_name.size();
  if (total == 0) return "no nodes available to schedule pods";
  if (const std::string& problem = placer_.peers().ClaimsProblem(kind_); !problem.empty()) {
    return fmt::format("0/{} nodes are available: {}.", total, problem);
  }
  std::vector<std::uint64_t> counts(Breaks(PeerRule::kKeptAway) + 1);
  for (std::uint32_t rank = 0; rank < total; ++rank) {
    ForEach(rank, [&counts](Reason reason) { ++counts[reason]; });
  }
  std::map<std::string, std::uint64_t> by_text;  // several classes have one
  for (Reason reason = 0; reason < counts.size(); ++reason) {
    if (counts[reason] > 0) by_text[Text(reason)] += counts[reason];
  }
  std::vector<std::string> texts;
  texts.reserve(by_text.size());
  for (const auto& [text, count] : by_text) texts.push_back(fmt::format("{} {}", count, text));
  std::sort(texts.begin(), texts.end());
  return fmt::format("0/{} nodes are available: {}.", total, fmt::join(texts, ", "));
}

}  // namespace fairlead
