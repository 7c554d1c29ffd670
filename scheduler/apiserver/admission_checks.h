// What the validation of objects is written with: a list of findings in the words of the real
// server, and the rules for names, labels, selectors and quantities. Field paths are text such as
// "spec.containers[0].name". Nothing here knows a kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/apiserver/answer.h"
#include "scheduler/apiserver/json.h"

namespace fairlead::apiserver {

// In the order in which they are found. The same finding may be there several times, as with the
// real server.
class Findings {
 public:
  void Required(std::string field, std::string_view why = {});
  // `value` as Go prints it; strings through Quoted().
  void Invalid(std::string field, std::string_view value, std::string_view why);
  void NotSupported(std::string field, std::string_view value,
                    std::initializer_list<std::string_view> supported);
  void Forbidden(std::string field, std::string_view why);
  void Duplicate(std::string field, std::string_view value);
  void NotFound(std::string field, std::string_view value);
  void TooLong(std::string field, std::string_view why);
  void Add(Cause cause) { causes_.push_back(std::move(cause)); }
  // One Invalid per complaint.
  void All(const std::string& field, std::string_view text,
           const std::vector<std::string>& complaints);

  bool empty() const { return causes_.empty(); }
  std::size_t size() const { return causes_.size(); }
  const std::vector<Cause>& causes() const { return causes_; }

 private:
  std::vector<Cause> causes_;
};

// 422 with all causes; the message names equal ones once.
ApiError Rejected(const Resource& resource, const json::object& object, const Findings& findings);

// "text" with escapes, as Go's %q.
std::string Quoted(std::string_view text);
std::string QuotedValue(const json::value& text);
// map[string]string{"a":"b"}, keys in order; null: map[string]string(nil).
std::string GoMap(const json::object* map);
// v1.LabelSelector{...}
std::string GoSelector(const json::object& selector);

std::string_view TextOf(const json::value& value);  // empty if it is no string
inline std::string_view KeyOf(const json::key_value_pair& entry) {
  return {entry.key().data(), entry.key().size()};
}

// What is wrong with a name; empty: nothing.
std::vector<std::string> DnsSubdomainComplaints(std::string_view name);
std::vector<std::string> DnsLabelComplaints(std::string_view name);
std::vector<std::string> Dns1035Complaints(std::string_view name);
std::vector<std::string> PathSegmentComplaints(std::string_view name);
std::vector<std::string> QualifiedNameComplaints(std::string_view name);
std::vector<std::string> LabelValueComplaints(std::string_view value);

void CheckLabelKey(std::string_view key, const std::string& field, Findings* findings);
// Keys and values; null: no labels.
void CheckLabels(const json::object* labels, const std::string& field, Findings* findings);
// {matchLabels, matchExpressions}
void CheckLabelSelector(const json::object& selector, const std::string& field, Findings* findings);
// The number at `path`, where there is one, is not negative. `field` is its path as text.
void CheckNotNegative(const json::object& object, Path path, const std::string& field,
                      Findings* findings);

// Quantities in canonical form.
bool QuantityNegative(std::string_view text);
bool QuantityZero(std::string_view text);
bool QuantityWhole(std::string_view text);
int CompareQuantities(std::string_view a, std::string_view b);  // -1, 0, 1
std::int64_t QuantityMilli(std::string_view text);              // rounded up, saturated
// A name with a domain that is not Kubernetes' own, such as nvidia.com/gpu.
bool IsExtendedResource(std::string_view name);
// Not negative, and whole where the resource is counted in pieces.
void CheckQuantity(std::string_view resource, std::string_view quantity, const std::string& field,
                   Findings* findings);

// Calls `visit(entry, "field[i]")` for each object of an array.
void EachObject(const json::object& object, Path path, const std::string& field,
                const std::function<void(const json::object&, const std::string&)>& visit);
void EachObject(json::object* object, Path path, const std::function<void(json::object*)>& visit);

// Sets a member that is absent.
void SetDefault(json::object* object, std::string_view name, json::value value);

}  // namespace fairlead::apiserver
