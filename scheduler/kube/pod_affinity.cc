#include "scheduler/kube/pod_affinity.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

namespace fairlead::kube {
namespace {

constexpr std::array<std::pair<std::string_view, RequirementOp>, 6> kOperators = {{
    {"In", RequirementOp::kIn},
    {"NotIn", RequirementOp::kNotIn},
    {"Exists", RequirementOp::kExists},
    {"DoesNotExist", RequirementOp::kDoesNotExist},
    {"Gt", RequirementOp::kGt},
    {"Lt", RequirementOp::kLt},
}};

std::optional<RequirementOp> OperatorOf(std::string_view text) {
  for (const auto& [name, op] : kOperators) {
    if (name == text) return op;
  }
  return std::nullopt;
}

// What is wrong with the number of values, or empty.
std::string_view ValuesExpected(RequirementOp op, std::size_t values) {
  switch (op) {
    case RequirementOp::kIn:
    case RequirementOp::kNotIn:
      return values == 0 ? "at least one value" : "";
    case RequirementOp::kExists:
    case RequirementOp::kDoesNotExist:
      return values != 0 ? "no value" : "";
    case RequirementOp::kGt:
    case RequirementOp::kLt:
      return values != 1 ? "one value" : "";
  }
  return "";
}

std::string ReadLabel(const RawPod& raw, const RawRequirement& from, LabelRequirement* to) {
  return ReadRequirement(raw, from, Comparing::kAllowed, to);
}

std::string ReadField(const RawPod& raw, const RawRequirement& from, LabelRequirement* to) {
  if (from.key != "metadata.name") {
    return fmt::format("key: \"{}\", expected metadata.name", from.key);
  }
  if (from.op != "In" && from.op != "NotIn") {
    return fmt::format("operator: \"{}\", expected In or NotIn", from.op);
  }
  std::string problem = ReadRequirement(raw, from, Comparing::kRefused, to);
  to->key.clear();
  return problem;
}

using ReadOne = std::string (*)(const RawPod&, const RawRequirement&, LabelRequirement*);

std::string ReadList(const RawPod& raw, const RawSpan& span, ReadOne read,
                     std::vector<LabelRequirement>* out) {
  for (std::size_t i = span.begin; i < span.end; ++i) {
    const std::string problem = read(raw, raw.requirements[i], &out->emplace_back());
    if (!problem.empty()) return fmt::format("[{}].{}", i - span.begin, problem);
  }
  return {};
}

std::string ReadTerm(const RawPod& raw, const RawNodeTerm& from, NodeTerm* to) {
  if (std::string problem = ReadList(raw, from.labels, ReadLabel, &to->labels); !problem.empty()) {
    return "matchExpressions" + problem;
  }
  if (std::string problem = ReadList(raw, from.fields, ReadField, &to->names); !problem.empty()) {
    return "matchFields" + problem;
  }
  return {};
}

}  // namespace

std::string ReadRequirement(const RawPod& raw, const RawRequirement& from, Comparing comparing,
                            LabelRequirement* to) {
  const std::optional<RequirementOp> op = OperatorOf(from.op);
  const bool compares = op == RequirementOp::kGt || op == RequirementOp::kLt;
  const bool numbers = comparing == Comparing::kAllowed;
  if (!op || (compares && !numbers)) {
    return fmt::format("operator: \"{}\" is none of In, NotIn, Exists, DoesNotExist{}", from.op,
                       numbers ? ", Gt, Lt" : "");
  }
  const std::size_t values = from.values.end - from.values.begin;
  if (const std::string_view expected = ValuesExpected(*op, values); !expected.empty()) {
    return fmt::format("values: {} has {} values, expected {}", from.op, values, expected);
  }
  to->op = *op;
  to->key = from.key;
  for (std::size_t i = from.values.begin; i < from.values.end; ++i) {
    to->values.emplace_back(raw.texts[i]);
  }
  SortUnique(&to->values);
  return {};
}

std::string ReadPreferredNodes(const RawPod& raw, PodShape* shape) {
  for (std::size_t i = 0; i < raw.preferred.size(); ++i) {
    const RawNodeTerm& from = raw.preferred[i];
    NodePreference preference{from.weight, {}};
    std::string problem = ReadTerm(raw, from, &preference.term);
    if (!problem.empty()) problem.insert(0, "preference.");
    if (from.weight < 1 || from.weight > 100) {
      problem = fmt::format("weight: {}, expected 1 to 100", from.weight);
    }
    if (problem.empty()) {
      // One that says nothing holds for no node.
      const bool says = !preference.term.labels.empty() || !preference.term.names.empty();
      if (says) shape->preferred.push_back(std::move(preference));
      continue;
    }
    return fmt::format(
        "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[{}].{}", i,
        problem);
  }
  return {};
}

std::string ReadNodeTerms(const RawPod& raw, std::vector<NodeTerm>* terms) {
  for (std::size_t i = 0; i < raw.node_terms.size(); ++i) {
    const std::string problem = ReadTerm(raw, raw.node_terms[i], &terms->emplace_back());
    if (problem.empty()) continue;
    terms->pop_back();
    return fmt::format("nodeSelectorTerms[{}].{}", i, problem);
  }
  return {};
}

std::string ReadNodeAffinity(const RawPod& raw, PodShape* shape) {
  if (std::string problem = ReadPreferredNodes(raw, shape); !problem.empty()) return problem;
  if (!raw.node_affinity) return {};
  const std::string problem = ReadNodeTerms(raw, &shape->node_terms.emplace());
  if (problem.empty()) return {};
  return "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution." + problem;
}

}  // namespace fairlead::kube
