#include "fairlead/model/affinity.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace fairlead {
namespace {

// As Go's ParseInt reads it, base 10.
std::optional<std::int64_t> WholeNumber(const std::string& text) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (text.size() > 1 && *begin == '+' && begin[1] != '-') ++begin;
  std::int64_t number = 0;
  const auto [read, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || read != end) return std::nullopt;
  return number;
}

bool Compares(const LabelRequirement& requirement, const std::string& value) {
  const auto found = WholeNumber(value);
  const auto bound =
      requirement.values.empty() ? std::nullopt : WholeNumber(requirement.values.front());
  if (!found || !bound) return false;
  return requirement.op == RequirementOp::kGt ? *found > *bound : *found < *bound;
}

bool Contains(const std::vector<std::string>& sorted, const std::string& value) {
  return std::binary_search(sorted.begin(), sorted.end(), value);
}

bool AllHold(const std::vector<LabelRequirement>& requirements, const Labels& labels) {
  return std::all_of(requirements.begin(), requirements.end(),
                     [&labels](const LabelRequirement& r) { return Holds(r, labels); });
}

bool InSelected(const std::vector<LabelRequirement>& of_namespaces, const std::string& ns,
                const NamespaceLabels* namespaces) {
  if (of_namespaces.empty()) return false;
  if (namespaces != nullptr) {
    const auto it = namespaces->find(ns);
    if (it != namespaces->end()) return AllHold(of_namespaces, it->second);
  }
  return AllHold(of_namespaces, {{kNamespaceNameLabel, ns}});
}

}  // namespace

const std::string* FindLabel(const Labels& labels, const std::string& key) {
  const auto it = std::lower_bound(
      labels.begin(), labels.end(), key,
      [](const auto& label, const std::string& wanted) { return label.first < wanted; });
  return it != labels.end() && it->first == key ? &it->second : nullptr;
}

bool Holds(const LabelRequirement& requirement, const Labels& labels) {
  const std::string* value = FindLabel(labels, requirement.key);
  switch (requirement.op) {
    case RequirementOp::kIn:
      return value != nullptr && Contains(requirement.values, *value);
    case RequirementOp::kNotIn:
      return value == nullptr || !Contains(requirement.values, *value);
    case RequirementOp::kExists:
      return value != nullptr;
    case RequirementOp::kDoesNotExist:
      return value == nullptr;
    case RequirementOp::kGt:
    case RequirementOp::kLt:
      return value != nullptr && Compares(requirement, *value);
  }
  return false;
}

bool Holds(const NodeTerm& term, const std::string& node_name, const Labels& labels) {
  if (term.labels.empty() && term.names.empty()) return false;
  const bool named =
      std::all_of(term.names.begin(), term.names.end(), [&node_name](const auto& requirement) {
        return Contains(requirement.values, node_name) == (requirement.op == RequirementOp::kIn);
      });
  return named && AllHold(term.labels, labels);
}

bool Holds(const PodSelector& selector, const Peer& peer, const NamespaceLabels* namespaces) {
  if (selector.nobody) return false;
  const bool there = selector.everywhere || Contains(selector.namespaces, peer.ns) ||
                     InSelected(selector.of_namespaces, peer.ns, namespaces);
  return there && AllHold(selector.labels, peer.labels);
}

bool AsksForNamespaces(const PeerRules& rules) {
  const auto asks = [](const PodTerm& term) { return !term.pods.of_namespaces.empty(); };
  return std::any_of(rules.near.begin(), rules.near.end(), asks) ||
         std::any_of(rules.away.begin(), rules.away.end(), asks) ||
         std::any_of(rules.preferred.begin(), rules.preferred.end(),
                     [&asks](const PodPreference& p) { return asks(p.term); });
}

bool Collide(const HostPort& a, const HostPort& b) {
  constexpr std::string_view kAll = "0.0.0.0";
  if (a.port != b.port || a.protocol != b.protocol) return false;
  return a.address == b.address || a.address == kAll || b.address == kAll;
}

}  // namespace fairlead
