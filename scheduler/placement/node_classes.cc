#include "fairlead/placement/node_classes.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include "fairlead/model/gpu_share.h"

namespace fairlead {
namespace {

// What kube-scheduler takes a cordon for: a pod that tolerates this taint may run there.
const Taint& CordonTaint() {
  static const Taint kTaint{"node.kubernetes.io/unschedulable", "", TaintEffect::kNoSchedule};
  return kTaint;
}

// What the shapes look at in nodes, beside taints and GPUs.
struct Wanted {
  std::set<std::string> keys;   // of labels
  std::set<std::string> nodes;  // by name

  void Add(const NodeTerm& term) {
    for (const LabelRequirement& of_label : term.labels) keys.insert(of_label.key);
    for (const LabelRequirement& of_name : term.names) {
      nodes.insert(of_name.values.begin(), of_name.values.end());
    }
  }
};

Wanted WantedBy(const Snapshot& snapshot, const std::vector<ShapeId>& shapes) {
  Wanted wanted;
  for (const ShapeId id : shapes) {
    const PodShape& shape = *(*snapshot.shapes)[id.index()];
    for (const auto& [key, value] : shape.node_selector) wanted.keys.insert(key);
    for (const NodePreference& preference : shape.preferred) wanted.Add(preference.term);
    if (!shape.node_terms) continue;
    for (const NodeTerm& term : *shape.node_terms) wanted.Add(term);
  }
  return wanted;
}

// Small numbers for texts, in order of first sight.
class Numbers {
 public:
  std::uint32_t Of(std::string_view text) {
    const auto [it, added] =
        numbers_.emplace(text, static_cast<std::uint32_t>(numbers_.size() + 1));
    return it->second;
  }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

std::string TaintText(const std::vector<Taint>& taints) {
  std::string text;
  for (const Taint& taint : taints) {
    text.append(taint.key).push_back('\0');
    text.append(taint.value).push_back('\0');
    text.push_back(static_cast<char>('0' + static_cast<int>(taint.effect)));
  }
  return text;
}

bool MatchesSelector(const Labels& selector, const Labels& labels) {
  return std::all_of(selector.begin(), selector.end(), [&labels](const auto& wanted) {
    const std::string* value = FindLabel(labels, wanted.first);
    return value != nullptr && *value == wanted.second;
  });
}

bool MatchesTerms(const std::vector<NodeTerm>& terms, const NodeInfo& node) {
  return std::any_of(terms.begin(), terms.end(),
                     [&node](const NodeTerm& term) { return Holds(term, node.name, node.labels); });
}

bool Tolerated(const Taint& taint, const std::vector<Toleration>& tolerations) {
  return std::any_of(tolerations.begin(), tolerations.end(),
                     [&taint](const Toleration& t) { return Tolerates(t, taint); });
}

}  // namespace

bool Selects(const PodShape& shape, const NodeInfo& node) {
  return MatchesSelector(shape.node_selector, node.labels) &&
         (!shape.node_terms || MatchesTerms(*shape.node_terms, node));
}

bool GetsPast(const Taint& taint, const std::vector<Toleration>& tolerations) {
  if (taint.effect == TaintEffect::kPreferNoSchedule) return true;
  return Tolerated(taint, tolerations);
}

NodeClasses::NodeClasses(const Snapshot& snapshot, const std::vector<ShapeId>& shapes)
    : snapshot_(&snapshot) {
  const NodeTable& nodes = *snapshot.nodes;
  const Wanted wanted = WantedBy(snapshot, shapes);
  Numbers values;
  Numbers taints;
  std::map<std::vector<std::uint32_t>, std::uint32_t> classes;
  std::vector<std::uint32_t> signature;
  class_at_.reserve(nodes.by_name.size());
  for (const NodeId node : nodes.by_name) {
    const NodeInfo& info = nodes.info[node.index()];
    signature.clear();
    signature.push_back(info.unschedulable ? 1 : 0);
    signature.push_back(nodes.gpus[node.index()] > 0 ? nodes.model[node.index()].value()
                                                     : ModelId::None().value());
    signature.push_back(info.taints.empty() ? 0 : taints.Of(TaintText(info.taints)));
    for (const Taint& taint : info.taints) {
      soft_taints_ = soft_taints_ || taint.effect == TaintEffect::kPreferNoSchedule;
    }
    signature.push_back(wanted.nodes.contains(info.name) ? values.Of(info.name) : 0);
    for (const std::string& key : wanted.keys) {
      const std::string* value = FindLabel(info.labels, key);
      signature.push_back(value == nullptr ? 0 : values.Of(*value));
    }
    const auto [it, added] = classes.emplace(signature, static_cast<std::uint32_t>(count_.size()));
    if (added) {
      count_.push_back(0);
      sample_.push_back(node);
    }
    ++count_[it->second];
    class_at_.push_back(it->second);
  }
}

Verdict NodeClasses::Check(ShapeId shape_id, std::uint32_t node_class) const {
  const PodShape& shape = *(*snapshot_->shapes)[shape_id.index()];
  const NodeId node = sample_[node_class];
  const NodeInfo& info = snapshot_->nodes->info[node.index()];
  if (info.unschedulable && !GetsPast(CordonTaint(), shape.tolerations)) {
    return {Predicate::kUnschedulable, 0};
  }
  for (std::uint32_t t = 0; t < info.taints.size(); ++t) {
    if (!GetsPast(info.taints[t], shape.tolerations)) return {Predicate::kTaint, t};
  }
  if (!Selects(shape, info)) return {Predicate::kSelector, 0};
  if (GpusAsked(shape) == 0 || snapshot_->nodes->gpus[node.index()] == 0) return {};
  const ModelId model = snapshot_->nodes->model[node.index()];
  const auto& accepted = shape.gpu_models;
  const std::string& name = snapshot_->names->models[model.index()];
  if (!accepted.empty() && std::find(accepted.begin(), accepted.end(), name) == accepted.end()) {
    return {Predicate::kModel, 0};
  }
  const bool shares = shape.gpu_share.devices > 0;
  if (shares && SlicesFor(shape.gpu_share, snapshot_->names->kinds[model.index()]) == 0) {
    return {Predicate::kShare, 0};
  }
  return {};
}

NodeClasses::Standing NodeClasses::StandingOf(ShapeId shape_id, std::uint32_t node_class) const {
  const PodShape& shape = *(*snapshot_->shapes)[shape_id.index()];
  const NodeInfo& info = snapshot_->nodes->info[sample_[node_class].index()];
  Standing standing;
  for (const Taint& taint : info.taints) {
    const bool soft = taint.effect == TaintEffect::kPreferNoSchedule;
    if (soft && !Tolerated(taint, shape.tolerations)) ++standing.soft_taints;
  }
  for (const NodePreference& preference : shape.preferred) {
    if (Holds(preference.term, info.name, info.labels)) standing.weight += preference.weight;
  }
  return standing;
}

std::vector<RankBits> NodeClasses::Tiers(ShapeId shape_id) const {
  const PodShape& shape = *(*snapshot_->shapes)[shape_id.index()];
  if (shape.preferred.empty() && !soft_taints_) return {};
  // The least is the best.
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::uint32_t>> by_worth;
  for (std::uint32_t c = 0; c < size(); ++c) {
    const Standing standing = StandingOf(shape_id, c);
    by_worth[{standing.soft_taints, -standing.weight}].push_back(c);
  }
  if (by_worth.size() < 2) return {};
  std::vector<std::size_t> tier_of(size());
  std::size_t tier = 0;
  for (const auto& [worth, classes] : by_worth) {
    for (const std::uint32_t c : classes) tier_of[c] = tier;
    ++tier;
  }
  std::vector<RankBits> tiers(tier, RankBits((class_at_.size() + 63) / 64, 0));
  for (std::size_t rank = 0; rank < class_at_.size(); ++rank) {
    tiers[tier_of[class_at_[rank]]][rank / 64] |= std::uint64_t{1} << (rank % 64);
  }
  return tiers;
}

RankBits NodeClasses::Feasible(ShapeId shape) const {
  std::vector<std::uint64_t> fine(size());
  for (std::uint32_t c = 0; c < size(); ++c) {
    fine[c] = Check(shape, c).failed == Predicate::kNone ? 1 : 0;
  }
  RankBits bits((class_at_.size() + 63) / 64, 0);
  for (std::size_t rank = 0; rank < class_at_.size(); ++rank) {
    bits[rank / 64] |= fine[class_at_[rank]] << (rank % 64);
  }
  return bits;
}

}  // namespace fairlead
