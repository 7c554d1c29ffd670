// Rules between pods, from their definitions: each placement is held against the pods themselves,
// where the passes keep sums.
#include "scheduler/cycle/verify_peers.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>
#include <utility>

#include "scheduler/cycle/verify_nodes.h"

namespace fairlead {
namespace {

struct Pod {
  const Peer* peer = nullptr;
  NodeId node;
  bool terminating = false;
};

// A value of a label, as a number, by NodeId; -1 = the node has no such label.
struct Values {
  std::vector<std::int32_t> at;
  std::size_t count = 0;
};

bool TaintsAllow(const PodShape& shape, const NodeInfo& node) {
  return std::none_of(node.taints.begin(), node.taints.end(),
                      [&shape](const Taint& taint) { return Repels(taint, shape.tolerations); });
}

bool LabelsAllow(const PodShape& shape, const NodeInfo& node) {
  const auto& wanted = shape.node_selector;
  return std::all_of(
             wanted.begin(), wanted.end(),
             [&node](const auto& label) { return HasLabel(node, label.first, label.second); }) &&
         (!shape.node_terms || AnyHolds(*shape.node_terms, node));
}

class PeerVerifier {
 public:
  explicit PeerVerifier(const Snapshot& snapshot) : snapshot_(snapshot) {
    for (const Resident& resident : *snapshot.residents) {
      if (!snapshot.nodes->present[resident.node.index()]) continue;
      Settle({resident.peer.get(), resident.node, resident.terminating});
    }
  }

  std::vector<std::string> Run(const Plan& plan) {
    for (const Placement& placement : plan.bind) {
      const MemberView& member = FindGang(snapshot_, placement.gang)->members[placement.member];
      if (!member.peer) continue;
      const Pod pod{member.peer.get(), placement.node, false};
      Check(member, pod);
      Settle(pod);
    }
    return std::move(objections_);
  }

 private:
  void Settle(const Pod& pod) {
    const auto index = static_cast<std::uint32_t>(pods_.size());
    pods_.push_back(pod);
    for (const PodTerm& term : pod.peer->rules.away) averse_[term].push_back(index);
    if (!pod.peer->rules.ports.empty()) with_ports_[pod.node].push_back(index);
    for (auto& [selectors, pods] : matching_) {
      if (AllHold(selectors, *pod.peer)) pods.push_back(index);
    }
  }

  bool AllHold(const std::vector<PodSelector>& selectors, const Peer& peer) const {
    bool all = true;
    for (const PodSelector& s : selectors) all = all && HoldsFor(s, peer);
    return all;
  }

  bool HoldsFor(const PodSelector& selector, const Peer& peer) const {
    return Holds(selector, peer, snapshot_.namespaces.get());
  }

  // Pods that all of the selectors hold for.
  const std::vector<std::uint32_t>& Matching(const std::vector<PodSelector>& selectors) {
    const auto [it, added] = matching_.try_emplace(selectors);
    for (std::uint32_t i = 0; added && i < pods_.size(); ++i) {
      if (AllHold(selectors, *pods_[i].peer)) it->second.push_back(i);
    }
    return it->second;
  }

  const Values& ValuesOf(const std::string& label) {
    const auto [it, added] = values_.try_emplace(label);
    if (!added) return it->second;
    std::unordered_map<std::string, std::int32_t> numbers;
    for (const NodeInfo& node : snapshot_.nodes->info) {
      const std::string* value = FindLabel(node.labels, label);
      const auto next = static_cast<std::int32_t>(numbers.size());
      it->second.at.push_back(value == nullptr ? -1
                                               : numbers.try_emplace(*value, next).first->second);
    }
    it->second.count = numbers.size();
    return it->second;
  }

  // Does one of the pods run where the label has the same value as on `node`?
  bool AnyBeside(const std::vector<std::uint32_t>& pods, const std::string& label, NodeId node) {
    const Values& values = ValuesOf(label);
    const std::int32_t here = values.at[node.index()];
    return here >= 0 && std::any_of(pods.begin(), pods.end(), [&](std::uint32_t i) {
             return values.at[pods_[i].node.index()] == here;
           });
  }

  void Check(const MemberView& member, const Pod& pod) {
    const std::string& node = snapshot_.nodes->info[pod.node.index()].name;
    const auto object = [&](std::string_view rule) {
      objections_.push_back(
          fmt::format("pod {} is bound to node {} against {}", member.pod, node, rule));
    };
    if (PortTaken(pod)) object("its host ports");
    if (!NearHolds(pod)) object("its pod affinity");
    for (const PodTerm& term : pod.peer->rules.away) {
      if (AnyBeside(Matching({term.pods}), term.topology, pod.node)) object("its anti-affinity");
    }
    for (const auto& [term, owners] : averse_) {
      if (!HoldsFor(term.pods, *pod.peer)) continue;
      if (AnyBeside(owners, term.topology, pod.node)) object("the anti-affinity of another pod");
    }
    const PodShape& shape = *(*snapshot_.shapes)[member.shape.index()];
    for (const SpreadRule& rule : pod.peer->rules.spread) {
      if (!SpreadHolds(pod, shape, rule)) object("its topology spread constraints");
    }
  }

  bool PortTaken(const Pod& pod) {
    for (const std::uint32_t other : with_ports_[pod.node]) {
      for (const HostPort& theirs : pods_[other].peer->rules.ports) {
        for (const HostPort& own : pod.peer->rules.ports) {
          if (Collide(own, theirs)) return true;
        }
      }
    }
    return false;
  }

  bool NearHolds(const Pod& pod) {
    const std::vector<PodTerm>& terms = pod.peer->rules.near;
    if (terms.empty()) return true;
    std::vector<PodSelector> selectors;
    selectors.reserve(terms.size());
    for (const PodTerm& term : terms) selectors.push_back(term.pods);
    const std::vector<std::uint32_t>& pods = Matching(selectors);
    bool beside_all = true;
    bool first = AllHold(selectors, *pod.peer);
    for (const PodTerm& term : terms) {
      const Values& values = ValuesOf(term.topology);
      if (values.at[pod.node.index()] < 0) return false;
      beside_all = beside_all && AnyBeside(pods, term.topology, pod.node);
      for (const std::uint32_t i : pods) first = first && values.at[pods_[i].node.index()] < 0;
    }
    return beside_all || first;
  }

  bool SpreadHolds(const Pod& pod, const PodShape& shape, const SpreadRule& rule) {
    const Values& values = ValuesOf(rule.topology);
    const std::int32_t here = values.at[pod.node.index()];
    if (here < 0) return false;
    const std::vector<bool>& counts = NodesThatCount(shape, pod.peer->rules.spread, rule);
    std::vector<std::int64_t> found(values.count, -1);  // -1: no node counts
    for (std::size_t n = 0; n < counts.size(); ++n) {
      if (counts[n]) found[static_cast<std::size_t>(values.at[n])] = 0;
    }
    for (const std::uint32_t i : Matching({rule.pods})) {
      const std::size_t n = pods_[i].node.index();
      if (counts[n] && !pods_[i].terminating) ++found[static_cast<std::size_t>(values.at[n])];
    }
    std::int64_t domains = 0;
    std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t number : found) {
      if (number < 0) continue;
      ++domains;
      fewest = std::min(fewest, number);
    }
    if (domains < rule.min_domains) fewest = 0;
    const std::int64_t self = HoldsFor(rule.pods, *pod.peer) ? 1 : 0;
    const std::int64_t already = std::max<std::int64_t>(0, found[static_cast<std::size_t>(here)]);
    return already + self - fewest <= rule.max_skew;
  }

  // By NodeId.
  const std::vector<bool>& NodesThatCount(const PodShape& shape,
                                          const std::vector<SpreadRule>& rules,
                                          const SpreadRule& rule) {
    const auto [it, added] = that_count_.try_emplace({&shape, &rule});
    if (!added) return it->second;
    const NodeTable& nodes = *snapshot_.nodes;
    for (std::size_t n = 0; n < nodes.size(); ++n) {
      const NodeInfo& node = nodes.info[n];
      bool counts = nodes.present[n];
      for (const SpreadRule& r : rules) {
        counts = counts && FindLabel(node.labels, r.topology) != nullptr;
      }
      if (rule.only_nodes_selected) counts = counts && LabelsAllow(shape, node);
      if (rule.only_nodes_tolerated) counts = counts && TaintsAllow(shape, node);
      it->second.push_back(counts);
    }
    return it->second;
  }

  const Snapshot& snapshot_;
  std::vector<std::string> objections_;
  std::vector<Pod> pods_;
  std::map<std::vector<PodSelector>, std::vector<std::uint32_t>> matching_;
  std::map<PodTerm, std::vector<std::uint32_t>> averse_;
  std::map<NodeId, std::vector<std::uint32_t>> with_ports_;
  std::map<std::string, Values> values_;
  std::map<std::pair<const PodShape*, const SpreadRule*>, std::vector<bool>> that_count_;
};

}  // namespace

std::vector<std::string> VerifyPeers(const Snapshot& snapshot, const Plan& plan) {
  if (!snapshot.residents) return {};
  return PeerVerifier(snapshot).Run(plan);
}

}  // namespace fairlead
