// Field selectors: which fields a resource offers, and how their values are compared.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "scheduler/apiserver/selectors.h"

namespace fairlead::apiserver {
namespace {

constexpr auto kPodFields = std::to_array<std::string_view>(
    {"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
     "status.phase", "status.podIP", "status.nominatedNodeName"});
// Accepted under another name, or without ever having a value.
constexpr std::string_view kPodHost = "spec.host";
constexpr std::string_view kPodIps = "status.podIPs";

constexpr auto kEventFields = std::to_array<std::string_view>(
    {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
     "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
     "reason", "reportingComponent", "source", "type"});

template <std::size_t N>
bool Has(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

ApiError NotSupported(std::string_view field) {
  return BadRequest(fmt::format("field label not supported: {}", field));
}

bool IsPodField(std::string_view field, Profile profile) {
  return Has(kPodFields, field) || field == kPodHost || field == kPodIps ||
         (profile == Profile::kCurrent && field == "spec.hostNetwork");
}

// Events of events.k8s.io have other names for the same fields.
bool MapEventField(bool core, std::string* field) {
  if (core) return Has(kEventFields, *field);
  constexpr std::string_view kPrefix = "regarding.";
  if (*field == "reportingController") {
    *field = "reportingComponent";
    return true;
  }
  if (field->starts_with(kPrefix)) {
    *field = "involvedObject." + field->substr(kPrefix.size());
    return Has(kEventFields, *field);
  }
  return *field == "reason" || *field == "type";
}

bool IsSelectableOfCrd(const Resource& resource, std::string_view field) {
  const json::array* selectable = FindArray(resource.crd_version, {"selectableFields"});
  if (selectable == nullptr) return false;
  return std::any_of(selectable->begin(), selectable->end(), [&](const json::value& entry) {
    const json::object* object = entry.if_object();
    if (object == nullptr) return false;
    const std::string_view path = GetString(*object, {"jsonPath"});
    return path.starts_with('.') && path.substr(1) == field;
  });
}

// Kinds that have fields of their own refuse others in these words; the rest names what it has.
std::optional<ApiError> CheckField(const Resource& resource, Profile profile, std::string* field) {
  if (*field == "metadata.name") return std::nullopt;
  const bool own_namespace = *field == "metadata.namespace" && resource.namespaced;
  const std::string& kind = resource.storage;
  bool known = own_namespace;
  if (kind == "pods") {
    known = known || IsPodField(*field, profile);
    if (*field == kPodHost) *field = "spec.nodeName";
  } else if (kind == "nodes") {
    known = *field == "spec.unschedulable";
  } else if (kind == "namespaces") {
    known = *field == "status.phase";
  } else if (kind == "secrets") {
    known = known || *field == "type";
  } else if (resource.kind == "Event" && !resource.custom) {
    known = known || MapEventField(resource.group.empty(), field);
  } else if (kind == "jobs.batch") {
    if (known || *field == "status.successful") return std::nullopt;
    return BadRequest(fmt::format("field label \"{}\" not supported for batchv1.Job", *field));
  } else if (resource.custom) {
    known = known || (profile == Profile::kCurrent && IsSelectableOfCrd(resource, *field));
  } else {
    if (*field == "metadata.namespace") return std::nullopt;
    return BadRequest(
        fmt::format("\"{}\" is not a known field selector: only \"metadata.name\", "
                    "\"metadata.namespace\"",
                    *field));
  }
  if (known) return std::nullopt;
  return NotSupported(*field);
}

std::vector<std::string_view> SplitTerms(std::string_view text) {
  std::vector<std::string_view> terms;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      terms.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  terms.push_back(text.substr(start));
  // The real server sorts them, which decides the error that is told.
  std::sort(terms.begin(), terms.end());
  return terms;
}

// What is wrong with the value, empty if nothing.
std::string Unescape(std::string_view text, std::string* value) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',' || text[i] == '=') {
      return fmt::format("invalid field selector: unescaped character in value: {}",
                         static_cast<int>(text[i]));
    }
    if (text[i] == '\\') {
      const std::string_view next = text.substr(i + 1, 1);
      if (next != "\\" && next != "," && next != "=") {
        return fmt::format("invalid field selector: invalid escape sequence: \\{}", next);
      }
      ++i;
    }
    value->push_back(text[i]);
  }
  return {};
}

// What is wrong with the term, empty if nothing.
std::string ParseTerm(std::string_view selector, std::string_view term, FieldRequirement* out) {
  const std::size_t at = term.find('=');
  if (at == std::string_view::npos) {
    return fmt::format("invalid selector: '{}'; can't understand '{}'", selector, term);
  }
  out->equal = at == 0 || term[at - 1] != '!';
  out->field = term.substr(0, out->equal ? at : at - 1);
  std::string_view value = term.substr(at + 1);
  if (out->equal && value.starts_with('=')) value.remove_prefix(1);
  return Unescape(value, &out->value);
}

bool EqualsNumber(std::int64_t number, std::string_view text) {
  std::array<char, 24> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return std::string_view(buffer.data(), static_cast<std::size_t>(end - buffer.data())) == text;
}

const json::value* FindDotted(const json::object& object, std::string_view path) {
  const json::object* at = &object;
  while (at != nullptr) {
    const std::size_t dot = path.find('.');
    const std::string_view name = path.substr(0, dot);
    const json::value* found = at->if_contains(json::string_view(name.data(), name.size()));
    if (dot == std::string_view::npos || found == nullptr) return found;
    at = found->if_object();
    path.remove_prefix(dot + 1);
  }
  return nullptr;
}

bool EqualsValue(const json::value* found, std::string_view text) {
  if (found == nullptr) return text.empty();
  if (const json::string* value = found->if_string()) {
    return std::string_view(value->data(), value->size()) == text;
  }
  if (const bool* flag = found->if_bool()) return text == (*flag ? "true" : "false");
  if (const std::int64_t* number = found->if_int64()) return EqualsNumber(*number, text);
  if (found->if_uint64() != nullptr) {
    return EqualsNumber(static_cast<std::int64_t>(found->get_uint64()), text);
  }
  return text.empty();
}

std::string_view FirstOf(std::string_view a, std::string_view b) { return a.empty() ? b : a; }

bool Equals(const json::object& object, std::string_view field, std::string_view value) {
  if (field == kPodIps) return value.empty();
  if (field == "spec.unschedulable") {
    return value == (GetBool(object, {"spec", "unschedulable"}, false) ? "true" : "false");
  }
  if (field == "spec.hostNetwork") {
    return value == (GetBool(object, {"spec", "hostNetwork"}, false) ? "true" : "false");
  }
  if (field == "status.successful") {
    return EqualsNumber(GetInt(object, {"status", "succeeded"}, 0), value);
  }
  if (field == "reportingComponent") {
    return FirstOf(GetString(object, {"reportingComponent"}),
                   GetString(object, {"reportingController"})) == value;
  }
  if (field == "source") {
    return FirstOf(GetString(object, {"source", "component"}),
                   GetString(object, {"reportingComponent"})) == value;
  }
  return EqualsValue(FindDotted(object, field), value);
}

}  // namespace

bool FieldSelector::Matches(const json::object& object) const {
  return std::all_of(
      requirements.begin(), requirements.end(), [&](const FieldRequirement& requirement) {
        return Equals(object, requirement.field, requirement.value) == requirement.equal;
      });
}

std::string_view FieldSelector::Name() const {
  for (const FieldRequirement& requirement : requirements) {
    if (requirement.equal && requirement.field == "metadata.name") return requirement.value;
  }
  return {};
}

Answer<FieldSelector> ParseFieldSelector(const Resource& resource, std::string_view text,
                                         Profile profile) {
  FieldSelector selector;
  for (const std::string_view term : SplitTerms(text)) {
    if (term.empty()) continue;
    FieldRequirement requirement;
    std::string why = ParseTerm(text, term, &requirement);
    if (!why.empty()) return BadRequest(std::move(why));
    // Nothing on both sides selects everything.
    if (requirement.field.empty() && requirement.value.empty()) continue;
    selector.requirements.push_back(std::move(requirement));
  }
  for (FieldRequirement& requirement : selector.requirements) {
    if (auto error = CheckField(resource, profile, &requirement.field)) return *error;
  }
  return selector;
}

}  // namespace fairlead::apiserver
