// The grammars of names, labels and quantities; declared in admission_checks.h.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "fairlead/base/quantity.h"
#include "scheduler/apiserver/admission_checks.h"

namespace fairlead::apiserver {
namespace {

constexpr std::size_t kMaxSubdomain = 253;
constexpr std::size_t kMaxLabel = 63;

constexpr std::string_view kSubdomainRule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kLabelRule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kDns1035Rule =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kQualifiedRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kLabelValueRule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

bool LowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool Alphanumeric(char c) { return LowerOrDigit(c) || (c >= 'A' && c <= 'Z'); }

bool IsDnsLabel(std::string_view text) {
  return !text.empty() && LowerOrDigit(text.front()) && LowerOrDigit(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c == '-' || LowerOrDigit(c); });
}

bool IsSubdomain(std::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    if (!IsDnsLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsQualifiedPart(std::string_view text) {
  return !text.empty() && Alphanumeric(text.front()) && Alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return Alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

std::string AtMost(std::size_t size) {
  return fmt::format("must be no more than {} characters", size);
}

// The amount and the power of ten of a decimal quantity in canonical form, as Go keeps it.
std::string GoQuantity(std::string_view text) {
  int scale = 0;
  std::string_view digits = text;
  if (digits.ends_with('m')) scale = -3;
  if (digits.ends_with('u')) scale = -6;
  if (digits.ends_with('n')) scale = -9;
  if (scale != 0) digits.remove_suffix(1);
  return fmt::format(
      "resource.Quantity{{i:resource.int64Amount{{value:{}, scale:{}}}, "
      "d:resource.infDecAmount{{Dec:(*inf.Dec)(nil)}}, s:{}, Format:\"DecimalSI\"}}",
      digits, scale, Quoted(text));
}

}  // namespace

std::vector<std::string> DnsSubdomainComplaints(std::string_view name) {
  std::vector<std::string> complaints;
  if (name.size() > kMaxSubdomain) complaints.push_back(AtMost(kMaxSubdomain));
  if (!IsSubdomain(name)) complaints.emplace_back(kSubdomainRule);
  return complaints;
}

std::vector<std::string> DnsLabelComplaints(std::string_view name) {
  std::vector<std::string> complaints;
  if (name.size() > kMaxLabel) complaints.push_back(AtMost(kMaxLabel));
  if (!IsDnsLabel(name)) complaints.emplace_back(kLabelRule);
  return complaints;
}

std::vector<std::string> Dns1035Complaints(std::string_view name) {
  std::vector<std::string> complaints;
  if (name.size() > kMaxLabel) complaints.push_back(AtMost(kMaxLabel));
  const bool starts = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
  if (!starts || !IsDnsLabel(name)) complaints.emplace_back(kDns1035Rule);
  return complaints;
}

std::vector<std::string> PathSegmentComplaints(std::string_view name) {
  if (name == "." || name == "..") return {fmt::format("may not be '{}'", name)};
  std::vector<std::string> complaints;
  for (const char c : {'/', '%'}) {
    if (name.find(c) != std::string_view::npos) {
      complaints.push_back(fmt::format("may not contain '{}'", c));
    }
  }
  return complaints;
}

std::vector<std::string> QualifiedNameComplaints(std::string_view name) {
  const auto slashes = std::count(name.begin(), name.end(), '/');
  if (slashes > 1) {
    return {
        fmt::format("a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. "
                    "'example.com/MyName')",
                    kQualifiedRule)};
  }
  std::vector<std::string> complaints;
  if (slashes == 1) {
    const std::string_view prefix = name.substr(0, name.find('/'));
    name.remove_prefix(prefix.size() + 1);
    if (prefix.empty()) {
      complaints.emplace_back("prefix part must be non-empty");
    } else {
      for (const std::string& why : DnsSubdomainComplaints(prefix)) {
        complaints.push_back("prefix part " + why);
      }
    }
  }
  if (name.empty()) {
    complaints.emplace_back("name part must be non-empty");
  } else if (name.size() > kMaxLabel) {
    complaints.push_back("name part " + AtMost(kMaxLabel));
  }
  if (!IsQualifiedPart(name)) complaints.push_back(fmt::format("name part {}", kQualifiedRule));
  return complaints;
}

std::vector<std::string> LabelValueComplaints(std::string_view value) {
  std::vector<std::string> complaints;
  if (value.size() > kMaxLabel) complaints.push_back(AtMost(kMaxLabel));
  if (!value.empty() && !IsQualifiedPart(value)) complaints.emplace_back(kLabelValueRule);
  return complaints;
}

bool QuantityZero(std::string_view text) {
  for (const char c : text) {
    if (c >= '1' && c <= '9') return false;
    if (c != '-' && c != '+' && c != '.' && c != '0') return true;
  }
  return true;
}

bool QuantityNegative(std::string_view text) {
  return text.starts_with('-') && !QuantityZero(text);
}

bool QuantityWhole(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto up = ParseQuantity(text, 1, Rounding::kUp);
  const auto down = ParseQuantity(text, 1, Rounding::kDown);
  return !up.ok() || !down.ok() || *up == *down;
}

std::int64_t QuantityMilli(std::string_view text) {
  const auto milli = ParseQuantity(text, 1'000, Rounding::kUp);
  return milli.ok() ? *milli : std::numeric_limits<std::int64_t>::max();
}

int CompareQuantities(std::string_view a, std::string_view b) {
  if (QuantityNegative(a) != QuantityNegative(b)) return QuantityNegative(a) ? -1 : 1;
  if (QuantityNegative(a)) return CompareQuantities(b.substr(1), a.substr(1));
  // The finest scale at which both fit.
  for (const std::int64_t scale : {1'000'000'000L, 1'000L, 1L}) {
    const auto x = ParseQuantity(a, scale, Rounding::kUp);
    const auto y = ParseQuantity(b, scale, Rounding::kUp);
    if (x.ok() && y.ok()) return *x < *y ? -1 : (*x > *y ? 1 : 0);
  }
  return a == b ? 0 : 1;
}

bool IsExtendedResource(std::string_view name) {
  return name.find('/') != std::string_view::npos &&
         name.find("kubernetes.io/") == std::string_view::npos && !name.starts_with("requests.") &&
         QualifiedNameComplaints("requests." + std::string(name)).empty();
}

void CheckQuantity(std::string_view resource, std::string_view quantity, const std::string& field,
                   Findings* findings) {
  static constexpr std::string_view kCounted[] = {
      "pods",    "resourcequotas", "services",          "replicationcontrollers",
      "secrets", "configmaps",     "persistentvolumes", "persistentvolumeclaims"};
  if (QuantityNegative(quantity)) {
    findings->Invalid(field, Quoted(quantity), "must be greater than or equal to 0");
  }
  const bool counted =
      IsExtendedResource(resource) ||
      std::find(std::begin(kCounted), std::end(kCounted), resource) != std::end(kCounted);
  if (counted && !QuantityWhole(quantity)) {
    findings->Invalid(field, GoQuantity(quantity), "must be an integer");
  }
}

}  // namespace fairlead::apiserver
