// CustomResourceDefinitions. A valid one is established at once, where the real server takes a
// moment: its conditions are there when the create returns.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "fairlead/base/time.h"
#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

void Defaults(const Writing& writing) {
  json::object& spec = ObjectAt(writing.object, {"spec"});
  json::object& names = ObjectAt(&spec, {"names"});
  const std::string kind(GetString(names, {"kind"}));
  if (!kind.empty()) {
    SetDefault(&names, "singular", Str(Lower(kind)));
    SetDefault(&names, "listKind", Str(kind + "List"));
  }
  if (FindObject(spec, {"conversion"}) == nullptr) At(&spec, {"conversion", "strategy"}) = "None";
}

std::string SecondOf(Instant now) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return FormatInstant(Instant{now.ns - now.ns % kSecond});
}

json::object Condition(const char* type, const char* reason, const char* message, Instant now) {
  json::object condition;
  condition["type"] = type;
  condition["status"] = "True";
  condition["lastTransitionTime"] = SecondOf(now);
  condition["reason"] = reason;
  condition["message"] = message;
  return condition;
}

void StoreVersion(json::object* crd) {
  EachObject(crd, {"spec", "versions"}, [crd](json::object* version) {
    if (!GetBool(*version, {"storage"}, false)) return;
    const json::string name = Str(GetString(*version, {"name"}));
    json::array& stored = ArrayAt(crd, {"status", "storedVersions"});
    const bool has = std::any_of(stored.begin(), stored.end(), [&name](const json::value& one) {
      return one == json::value(name);
    });
    if (!has) stored.emplace_back(name);
  });
}

void Reset(const Writing& writing) {
  json::object& crd = *writing.object;
  if (writing.status()) {
    KeepOld(*writing.old, "spec", &crd);
    return;
  }
  if (writing.old == nullptr) {
    json::object status;
    json::array& conditions = status["conditions"].emplace_array();
    const Instant now = writing.context.now;
    conditions.emplace_back(Condition("NamesAccepted", "NoConflicts", "no conflicts found", now));
    conditions.emplace_back(Condition("Established", "InitialNamesAccepted",
                                      "the initial names have been accepted", now));
    status["storedVersions"].emplace_array();
    crd["status"] = std::move(status);
  } else {
    KeepOld(*writing.old, "status", &crd);
  }
  if (const json::object* names = FindObject(crd, {"spec", "names"})) {
    json::object copy = *names;
    At(&crd, {"status", "acceptedNames"}) = std::move(copy);
  }
  StoreVersion(&crd);
  SetGeneration(writing, writing.old != nullptr && !SameMember(*writing.old, crd, "spec"));
}

// The structural rules: each node has a type, and what is inside it fits the type.
void CheckSchema(const json::object& schema, const std::string& field, bool root,
                 Findings* findings) {
  static constexpr std::array<std::string_view, 6> kTypes = {"array",  "boolean", "integer",
                                                             "number", "object",  "string"};
  const std::string_view type = GetString(schema, {"type"});
  const bool free = GetBool(schema, {"x-kubernetes-int-or-string"}, false) ||
                    GetBool(schema, {"x-kubernetes-preserve-unknown-fields"}, false);
  if (type.empty() && root) {
    findings->Required(field + ".type", "must not be empty at the root");
  } else if (type.empty() && !free) {
    findings->Required(field + ".type", field.ends_with("items")
                                            ? "must not be empty for specified array items"
                                            : "must not be empty for specified object fields");
  } else if (!type.empty() && std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
    findings->NotSupported(field + ".type", Quoted(type),
                           {"array", "boolean", "integer", "number", "object", "string"});
  }
  if (const json::object* properties = FindObject(schema, {"properties"})) {
    for (const auto& entry : *properties) {
      const json::object* inner = entry.value().if_object();
      if (inner == nullptr) continue;
      CheckSchema(*inner, fmt::format("{}.properties[{}]", field, KeyOf(entry)), false, findings);
    }
  }
  if (const json::object* items = FindObject(schema, {"items"})) {
    CheckSchema(*items, field + ".items", false, findings);
  } else if (type == "array") {
    findings->Required(field + ".items", "must be specified");
  }
  if (const json::object* more = FindObject(schema, {"additionalProperties"})) {
    CheckSchema(*more, field + ".additionalProperties", false, findings);
  }
}

// A single version's schema is moved up before it is checked, and so are equal ones.
bool SchemasAreEqual(const json::array& versions) {
  return std::all_of(versions.begin(), versions.end(), [&](const json::value& version) {
    const json::object* one = version.if_object();
    const json::object* first = versions.front().if_object();
    return one != nullptr && first != nullptr && SameMember(*one, *first, "schema");
  });
}

void CheckVersionSchema(const json::object& version, const std::string& at, bool moved_up,
                        Findings* findings) {
  const json::object* schema = FindObject(version, {"schema", "openAPIV3Schema"});
  if (schema == nullptr) {
    findings->Required(at + ".schema.openAPIV3Schema", "schemas are required");
    return;
  }
  const std::string field =
      moved_up ? "spec.validation.openAPIV3Schema" : at + ".schema.openAPIV3Schema";
  const std::string_view type = GetString(*schema, {"type"});
  const bool status = FindObject(version, {"subresources", "status"}) != nullptr;
  if (!type.empty() && type != "object" && status) {
    findings->Invalid(field + ".type", Quoted(type),
                      "only \"object\" is allowed as the type at the root of the schema if the "
                      "status subresource is enabled");
  }
  CheckSchema(*schema, field, true, findings);
  if (!type.empty() && type != "object") {
    findings->Invalid(field + ".type", Quoted(type), "must be object at the root");
  }
}

void CheckVersions(const json::object& crd, Findings* findings) {
  const json::array* versions = FindArray(crd, {"spec", "versions"});
  static const json::array kNone;
  const json::array& list = versions == nullptr ? kNone : *versions;
  std::set<std::string, std::less<>> names;
  int storing = 0;
  bool unique = true;
  EachObject(crd, {"spec", "versions"}, "spec.versions",
             [&](const json::object& version, const std::string& at) {
               const std::string_view name = GetString(version, {"name"});
               findings->All(at + ".name", name, Dns1035Complaints(name));
               unique &= names.emplace(name).second;
               if (GetBool(version, {"storage"}, false)) ++storing;
             });
  // An older field repeats the name of the first version.
  if (!list.empty() && list.front().is_object()) {
    const std::string_view name = GetString(list.front().get_object(), {"name"});
    findings->All("spec.version", name, Dns1035Complaints(name));
  }
  constexpr std::string_view kVersions = "[]apiextensions.CustomResourceDefinitionVersion{}";
  if (!unique) findings->Invalid("spec.versions", kVersions, "must contain unique version names");
  if (storing != 1) {
    findings->Invalid("spec.versions", kVersions,
                      "must have exactly one version marked as storage version");
  }
  const bool moved_up = !list.empty() && SchemasAreEqual(list);
  bool first = true;
  EachObject(crd, {"spec", "versions"}, "spec.versions",
             [&](const json::object& version, const std::string& at) {
               if (first || !moved_up) CheckVersionSchema(version, at, moved_up, findings);
               first = false;
             });
  const json::array* stored = FindArray(crd, {"status", "storedVersions"});
  if (stored == nullptr || stored->empty()) {
    findings->Invalid("status.storedVersions", "[]string(nil)",
                      "must have at least one stored version");
  }
}

void CheckNames(const json::object& crd, Findings* findings) {
  for (const char* name : {"plural", "singular", "kind", "listKind"}) {
    const std::string field = fmt::format("spec.names.{}", name);
    const std::string_view value = GetString(crd, {"spec", "names", name});
    // Kinds are in camel case.
    const bool is_kind = name == std::string_view("kind") || name == std::string_view("listKind");
    if (value.empty()) {
      findings->Required(field);
    } else {
      findings->All(field, value, Dns1035Complaints(is_kind ? Lower(value) : std::string(value)));
    }
  }
}

void Check(const Writing& writing, Findings* findings) {
  const json::object& crd = *writing.object;
  const std::string_view group = GetString(crd, {"spec", "group"});
  const std::string_view name = GetString(crd, {"metadata", "name"});
  const std::string wanted =
      fmt::format("{}.{}", GetString(crd, {"spec", "names", "plural"}), group);
  if (writing.old == nullptr && name != wanted) {
    findings->Invalid("metadata.name", Quoted(name), "must be spec.names.plural+\".\"+spec.group");
  }
  if (group.empty()) {
    findings->Required("spec.group");
  } else {
    const std::vector<std::string> complaints = DnsSubdomainComplaints(group);
    findings->All("spec.group", group, complaints);
    if (complaints.empty() && group.find('.') == std::string_view::npos) {
      findings->Invalid("spec.group", Quoted(group), "should be a domain with at least one dot");
    }
  }
  const std::string_view scope = GetString(crd, {"spec", "scope"});
  if (scope.empty()) {
    findings->Required("spec.scope");
  } else if (scope != "Cluster" && scope != "Namespaced") {
    findings->NotSupported("spec.scope", Quoted(scope), {"Cluster", "Namespaced"});
  }
  CheckVersions(crd, findings);
  CheckNames(crd, findings);
  if (GetBool(crd, {"spec", "preserveUnknownFields"}, false)) {
    findings->Invalid("spec.preserveUnknownFields", "true",
                      "cannot set to true, set x-preserve-unknown-fields to true in "
                      "spec.versions[*].schema instead");
  }
  const bool guarded = (group == "k8s.io" || group == "kubernetes.io" ||
                        group.ends_with(".k8s.io") || group.ends_with(".kubernetes.io"));
  if (guarded && writing.old == nullptr &&
      GetString(crd, {"metadata", "annotations", "api-approved.kubernetes.io"}).empty()) {
    findings->Required("metadata.annotations[api-approved.kubernetes.io]",
                       "protected groups must have approval annotation "
                       "\"api-approved.kubernetes.io\", see "
                       "https://github.com/kubernetes/enhancements/pull/1111");
  }
}

void CheckUpdate(const Writing& writing, Findings* findings) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kFixed = {
      {{"", "group"}, {"", "scope"}, {"names", "kind"}, {"names", "plural"}}};
  for (const auto& [parent, field] : kFixed) {
    const Path path = {"spec", parent, field};
    const Path flat = {"spec", field};
    const std::string_view was = GetString(*writing.old, parent.empty() ? flat : path);
    const std::string_view is = GetString(*writing.object, parent.empty() ? flat : path);
    if (was == is) continue;
    findings->Invalid(
        parent.empty() ? fmt::format("spec.{}", field) : fmt::format("spec.{}.{}", parent, field),
        Quoted(is), "field is immutable");
  }
}

}  // namespace

const KindRules& CrdRules() {
  static constexpr KindRules kRules = {
      .storage = "customresourcedefinitions.apiextensions.k8s.io",
      .meta = MetaRules::kPlain,
      .defaults = Defaults,
      .reset = Reset,
      .check = Check,
      .check_update = CheckUpdate,
  };
  return kRules;
}

}  // namespace fairlead::apiserver
