// Where a pod may run as its spec says it: on which nodes by their labels and names, and beside
// which pods. The rules are those of kube-scheduler.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead {

// Sorted by key, keys unique.
using Labels = std::vector<std::pair<std::string, std::string>>;

// The value of a label, or null.
const std::string* FindLabel(const Labels& labels, const std::string& key);

enum class RequirementOp : std::uint8_t { kIn, kNotIn, kExists, kDoesNotExist, kGt, kLt };

// Of one label. kNotIn also holds where there is no such label. kGt and kLt, only of nodes, compare
// integers and hold for nothing that is none.
struct LabelRequirement {
  std::string key;
  RequirementOp op = RequirementOp::kIn;
  std::vector<std::string> values;  // sorted, unique; one for kGt and kLt, none for (not) existing

  friend auto operator<=>(const LabelRequirement&, const LabelRequirement&) = default;
};

bool Holds(const LabelRequirement& requirement, const Labels& labels);

// All of it must hold; one without requirements holds for no node.
struct NodeTerm {
  std::vector<LabelRequirement> labels;
  std::vector<LabelRequirement> names;  // kIn or kNotIn, of metadata.name; the key is empty

  friend auto operator<=>(const NodeTerm&, const NodeTerm&) = default;
};

bool Holds(const NodeTerm& term, const std::string& node_name, const Labels& labels);

// Nodes that the term holds for are better by `weight`.
struct NodePreference {
  std::int32_t weight = 0;
  NodeTerm term;

  friend auto operator<=>(const NodePreference&, const NodePreference&) = default;
};

// Which pods a rule is about: all requirements must hold for their labels.
struct PodSelector {
  bool everywhere = false;              // in all namespaces
  std::vector<std::string> namespaces;  // else in these; sorted, unique
  bool nobody = false;                  // no selector is stated: it holds for no pod
  std::vector<LabelRequirement> labels;
  // Not empty: also in namespaces whose labels all of these hold for.
  std::vector<LabelRequirement> of_namespaces = {};

  friend auto operator<=>(const PodSelector&, const PodSelector&) = default;
};

// By name. A namespace that is not listed has only the label that the API server gives to each:
// its name.
using NamespaceLabels = std::map<std::string, Labels>;
inline constexpr const char* kNamespaceNameLabel = "kubernetes.io/metadata.name";

// On the nodes that agree in the value of label `topology` with one where such a pod runs.
struct PodTerm {
  PodSelector pods;
  std::string topology;

  friend auto operator<=>(const PodTerm&, const PodTerm&) = default;
};

// Nodes that the term names are better by `weight` for each such pod; below 0 they are worse.
struct PodPreference {
  std::int32_t weight = 0;
  PodTerm term;

  friend auto operator<=>(const PodPreference&, const PodPreference&) = default;
};

// Pods that the selector holds for are to be spread over the values of label `topology`: nowhere
// more than `max_skew` above the fewest.
struct SpreadRule {
  PodSelector pods;  // of the pod's own namespace
  std::string topology;
  std::int64_t max_skew = 1;
  std::int64_t min_domains = 1;       // with fewer, the fewest is 0
  bool only_nodes_selected = true;    // count only nodes that its selector and affinity hold for
  bool only_nodes_tolerated = false;  // and whose taints it tolerates

  friend auto operator<=>(const SpreadRule&, const SpreadRule&) = default;
};

struct HostPort {
  std::string address;   // "0.0.0.0" = all
  std::string protocol;  // TCP, UDP, SCTP
  std::int32_t port = 0;

  friend auto operator<=>(const HostPort&, const HostPort&) = default;
};

// Can two pods that take these not be on one node?
bool Collide(const HostPort& a, const HostPort& b);

// A claim to a volume, by its name in the namespace of the pod.
struct VolumeUse {
  std::string claim;
  // Where the volume is ephemeral: whose it must be.
  std::string pod = {};
  std::string pod_uid = {};

  friend auto operator<=>(const VolumeUse&, const VolumeUse&) = default;
};

// What a pod wants of pods beside it, and the claims that it shares with others.
struct PeerRules {
  std::vector<PodTerm> near;  // affinity
  std::vector<PodTerm> away;  // anti-affinity
  std::vector<SpreadRule> spread;
  std::vector<HostPort> ports;                 // sorted, unique
  std::vector<PodPreference> preferred = {};   // affinity, and anti-affinity below 0
  std::vector<SpreadRule> spread_softly = {};  // as far as it goes
  std::vector<VolumeUse> volumes = {};         // sorted, unique

  // Does any of it keep the pod from a node?
  bool strict() const {
    return !(near.empty() && away.empty() && spread.empty() && ports.empty() && volumes.empty());
  }
  bool prefers() const { return !(preferred.empty() && spread_softly.empty()); }
  bool empty() const { return !strict() && !prefers(); }
  friend auto operator<=>(const PeerRules&, const PeerRules&) = default;
};

// A pod as rules between pods see it. Pods that are equal in this share one object.
struct Peer {
  std::string ns;
  Labels labels;
  PeerRules rules;

  friend bool operator==(const Peer&, const Peer&) = default;
};
using PeerRef = std::shared_ptr<const Peer>;

// Does the selector hold for the pod? `namespaces` may be null where no selector asks for labels of
// namespaces.
bool Holds(const PodSelector& selector, const Peer& peer, const NamespaceLabels* namespaces);

// Does one of the rules ask for labels of namespaces?
bool AsksForNamespaces(const PeerRules& rules);

}  // namespace fairlead
