// Label and field selectors, as in ?labelSelector= and ?fieldSelector=, and as objects in specs
// (matchLabels, matchExpressions).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/apiserver/answer.h"
#include "scheduler/apiserver/resources.h"

namespace fairlead::apiserver {

enum class SelectorOp : std::uint8_t { kIn, kNotIn, kExists, kAbsent, kGreater, kLess };

struct LabelRequirement {
  std::string key;
  SelectorOp op = SelectorOp::kIn;
  std::vector<std::string> values;
};

// All must hold; none: everything matches.
class LabelSelector {
 public:
  std::vector<LabelRequirement> requirements;
  bool Matches(const json::object* labels) const;  // null: no labels
  bool empty() const { return requirements.empty(); }
};
// "a=b,c!=d,e in (f,g),!h,i,j>5"; error: 400 with the real server's words.
Answer<LabelSelector> ParseLabelSelector(std::string_view text);
// {matchLabels, matchExpressions}
Answer<LabelSelector> LabelSelectorFrom(const json::object& selector);
// What is wrong with such an object at `field` ("spec.selector"), for the validation of specs.
std::vector<Cause> CheckLabelSelector(const json::object& selector, std::string_view field);

// Why a text is no label key or value, in the real server's words; empty: it is one.
std::vector<std::string> LabelKeyErrors(std::string_view key);
std::vector<std::string> LabelValueErrors(std::string_view value);

// "a=b,c in (d,e)" as tables show it; "<none>" if empty, "<error>" if it is no selector.
std::string FormatLabelSelector(const json::object& selector);

struct FieldRequirement {
  std::string field;  // "spec.nodeName"
  std::string value;
  bool equal = true;
};
class FieldSelector {
 public:
  std::vector<FieldRequirement> requirements;
  bool Matches(const json::object& object) const;
  bool empty() const { return requirements.empty(); }
  // The name that it asks for, empty if none: lets a read of one object skip the rest.
  std::string_view Name() const;
};
// Fields that the resource does not support: 400, "field label not supported: ...".
// Matching is by value: an absent string is "", an absent number "0", an absent flag "false".
Answer<FieldSelector> ParseFieldSelector(const Resource& resource, std::string_view text,
                                         Profile profile = Profile::kCurrent);

}  // namespace fairlead::apiserver
