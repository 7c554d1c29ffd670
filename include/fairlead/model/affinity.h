// Which nodes a pod may run on as its spec says it, by their labels and names. The rules are those
// of kube-scheduler.
#pragma once

#include <compare>
#include <cstdint>
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

}  // namespace fairlead
