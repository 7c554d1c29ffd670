#include "scheduler/apiserver/admission_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "scheduler/apiserver/resources.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kNotASelectorOperator = "not a valid selector operator";

std::string CauseText(const Cause& cause) { return cause.field + ": " + cause.message; }

// What follows []string.
std::string GoList(const json::array* values) {
  if (values == nullptr || values->empty()) return "(nil)";
  std::string list;
  for (const json::value& value : *values) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", QuotedValue(value));
  }
  return "{" + list + "}";
}

}  // namespace

void Findings::Required(std::string field, std::string_view why) {
  std::string message = "Required value";
  if (!why.empty()) message.append(": ").append(why);
  causes_.push_back({"FieldValueRequired", std::move(message), std::move(field)});
}

void Findings::Invalid(std::string field, std::string_view value, std::string_view why) {
  causes_.push_back(
      {"FieldValueInvalid", fmt::format("Invalid value: {}: {}", value, why), std::move(field)});
}

void Findings::NotSupported(std::string field, std::string_view value,
                            std::initializer_list<std::string_view> supported) {
  std::string list;
  for (const std::string_view one : supported) {
    list += (list.empty() ? "\"" : ", \"") + std::string(one) + "\"";
  }
  causes_.push_back({"FieldValueNotSupported",
                     fmt::format("Unsupported value: {}: supported values: {}", value, list),
                     std::move(field)});
}

void Findings::Forbidden(std::string field, std::string_view why) {
  causes_.push_back({"FieldValueForbidden", fmt::format("Forbidden: {}", why), std::move(field)});
}

void Findings::Duplicate(std::string field, std::string_view value) {
  causes_.push_back(
      {"FieldValueDuplicate", fmt::format("Duplicate value: {}", value), std::move(field)});
}

void Findings::NotFound(std::string field, std::string_view value) {
  causes_.push_back({"FieldValueNotFound", fmt::format("Not found: {}", value), std::move(field)});
}

void Findings::TooLong(std::string field, std::string_view why) {
  causes_.push_back({"FieldValueTooLong", fmt::format("Too long: {}", why), std::move(field)});
}

void Findings::All(const std::string& field, std::string_view text,
                   const std::vector<std::string>& complaints) {
  for (const std::string& complaint : complaints) Invalid(field, Quoted(text), complaint);
}

ApiError Rejected(const Resource& resource, const json::object& object, const Findings& findings) {
  std::vector<Cause> once;
  std::set<std::string> seen;
  for (const Cause& cause : findings.causes()) {
    if (seen.insert(CauseText(cause)).second) once.push_back(cause);
  }
  ApiError error = Invalid(resource, GetString(object, {"metadata", "name"}), std::move(once));
  error.causes = findings.causes();
  return error;
}

std::string_view TextOf(const json::value& value) {
  const json::string* text = value.if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

std::string QuotedValue(const json::value& text) { return Quoted(TextOf(text)); }

std::string Quoted(std::string_view text) {
  constexpr std::string_view kNamed = "abtnvfr";  // from 0x07 on
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte >= 0x07 && byte <= 0x0d) {
      out += '\\';
      out += kNamed[byte - 0x07U];
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string GoMap(const json::object* map) {
  if (map == nullptr || map->empty()) return "map[string]string(nil)";
  std::map<std::string, std::string> sorted;
  for (const auto& entry : *map) sorted[Quoted(KeyOf(entry))] = QuotedValue(entry.value());
  std::string list;
  for (const auto& [key, value] : sorted) {
    list += fmt::format("{}{}:{}", list.empty() ? "" : ", ", key, value);
  }
  return "map[string]string{" + list + "}";
}

std::string GoSelector(const json::object& selector) {
  std::string list;
  EachObject(selector, {"matchExpressions"}, "", [&list](const json::object& one, const auto&) {
    list += fmt::format("{}v1.LabelSelectorRequirement{{Key:{}, Operator:{}, Values:[]string{}}}",
                        list.empty() ? "" : ", ", Quoted(GetString(one, {"key"})),
                        Quoted(GetString(one, {"operator"})), GoList(FindArray(one, {"values"})));
  });
  return fmt::format(
      "v1.LabelSelector{{MatchLabels:{}, MatchExpressions:[]v1.LabelSelectorRequirement{}}}",
      GoMap(FindObject(selector, {"matchLabels"})), list.empty() ? "(nil)" : "{" + list + "}");
}

void CheckLabelKey(std::string_view key, const std::string& field, Findings* findings) {
  findings->All(field, key, QualifiedNameComplaints(key));
}

void CheckLabels(const json::object* labels, const std::string& field, Findings* findings) {
  if (labels == nullptr) return;
  for (const auto& entry : *labels) {
    CheckLabelKey(KeyOf(entry), field, findings);
    const std::string_view value = TextOf(entry.value());
    findings->All(field, value, LabelValueComplaints(value));
  }
}

void CheckLabelSelector(const json::object& selector, const std::string& field,
                        Findings* findings) {
  CheckLabels(FindObject(selector, {"matchLabels"}), field + ".matchLabels", findings);
  const auto check = [findings](const json::object& one, const std::string& at) {
    const std::string_view op = GetString(one, {"operator"});
    const json::array* values = FindArray(one, {"values"});
    const bool none = values == nullptr || values->empty();
    if (op == "In" || op == "NotIn") {
      if (none) {
        findings->Required(at + ".values", "must be specified when `operator` is 'In' or 'NotIn'");
      }
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (!none) {
        findings->Forbidden(at + ".values",
                            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
    } else {
      findings->Invalid(at + ".operator", Quoted(op), kNotASelectorOperator);
    }
    CheckLabelKey(GetString(one, {"key"}), at + ".key", findings);
  };
  EachObject(selector, {"matchExpressions"}, field + ".matchExpressions", check);
}

void CheckNotNegative(const json::object& object, Path path, const std::string& field,
                      Findings* findings) {
  const std::int64_t number = GetInt(object, path, 0);
  if (number < 0) {
    findings->Invalid(field, std::to_string(number), "must be greater than or equal to 0");
  }
}

void EachObject(const json::object& object, Path path, const std::string& field,
                const std::function<void(const json::object&, const std::string&)>& visit) {
  const json::array* list = FindArray(object, path);
  if (list == nullptr) return;
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (const json::object* entry = (*list)[i].if_object()) {
      visit(*entry, fmt::format("{}[{}]", field, i));
    }
  }
}

void EachObject(json::object* object, Path path, const std::function<void(json::object*)>& visit) {
  if (FindArray(*object, path) == nullptr) return;
  for (json::value& entry : ArrayAt(object, path)) {
    if (json::object* one = entry.if_object()) visit(one);
  }
}

void SetDefault(json::object* object, std::string_view name, json::value value) {
  const json::string_view key(name.data(), name.size());
  if (object->if_contains(key) == nullptr) object->emplace(key, std::move(value));
}

}  // namespace fairlead::apiserver
