// What the parts of Verify ask of a node, written once for them and apart from placement.
#pragma once

#include <algorithm>
#include <vector>

#include "fairlead/model/objects.h"

namespace fairlead {

inline bool AnyHolds(const std::vector<NodeTerm>& terms, const NodeInfo& node) {
  return std::any_of(terms.begin(), terms.end(),
                     [&node](const NodeTerm& term) { return Holds(term, node.name, node.labels); });
}

inline bool HasLabel(const NodeInfo& node, const std::string& key, const std::string& value) {
  const std::string* label = FindLabel(node.labels, key);
  return label != nullptr && *label == value;
}

inline bool ToleratesAny(const std::vector<Toleration>& tolerations, const Taint& taint) {
  return std::any_of(tolerations.begin(), tolerations.end(),
                     [&taint](const Toleration& t) { return Tolerates(t, taint); });
}

// Does the taint keep such a pod off?
inline bool Repels(const Taint& taint, const std::vector<Toleration>& tolerations) {
  return taint.effect != TaintEffect::kPreferNoSchedule && !ToleratesAny(tolerations, taint);
}

}  // namespace fairlead
