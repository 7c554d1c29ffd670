// Namespaces, and the kinds that are stored almost as they come.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

void DefaultNamespace(const Writing& writing) {
  if (!writing.current()) return;
  const json::string name = Str(GetString(*writing.object, {"metadata", "name"}));
  if (!name.empty()) {
    At(writing.object, {"metadata", "labels", "kubernetes.io/metadata.name"}) = name;
  }
}

void ResetNamespace(const Writing& writing) {
  if (writing.old != nullptr) {
    KeepOld(*writing.old, "spec", writing.object);
    if (!writing.status()) KeepOld(*writing.old, "status", writing.object);
    return;
  }
  json::object status;
  status["phase"] = "Active";
  (*writing.object)["status"] = std::move(status);
  json::array& finalizers = ArrayAt(writing.object, {"spec", "finalizers"});
  const bool has = std::any_of(finalizers.begin(), finalizers.end(),
                               [](const json::value& one) { return TextOf(one) == "kubernetes"; });
  if (!has) finalizers.emplace_back("kubernetes");
}

void CheckNamespaceObject(const Writing& writing, Findings* findings) {
  const json::array* finalizers = FindArray(*writing.object, {"spec", "finalizers"});
  if (finalizers == nullptr) return;
  for (const json::value& entry : *finalizers) {
    const std::string_view name = TextOf(entry);
    if (name == "kubernetes" || name.find('/') != std::string_view::npos) continue;
    findings->Invalid("spec.finalizers", Quoted(name),
                      "name is neither a standard finalizer name nor is it fully qualified");
  }
}

void CheckNamespaceStatus(const Writing& writing, Findings* findings) {
  const bool ends = !GetString(*writing.object, {"metadata", "deletionTimestamp"}).empty();
  const std::string_view phase = GetString(*writing.object, {"status", "phase"});
  if (!ends && phase != "Active") {
    findings->Invalid("status.Phase", Quoted(phase),
                      "may only be 'Active' if `deletionTimestamp` is empty");
  } else if (ends && phase != "Terminating") {
    findings->Invalid("status.Phase", Quoted(phase),
                      "may only be 'Terminating' if `deletionTimestamp` is not empty");
  }
}

void DefaultSecret(const Writing& writing) { SetDefault(writing.object, "type", "Opaque"); }

void DefaultService(const Writing& writing) {
  json::object& spec = ObjectAt(writing.object, {"spec"});
  SetDefault(&spec, "type", "ClusterIP");
  SetDefault(&spec, "sessionAffinity", "None");
  EachObject(&spec, {"ports"}, [](json::object* port) {
    SetDefault(port, "protocol", "TCP");
    const json::value* target = Find(*port, {"targetPort"});
    if (target == nullptr || *target == json::value(0)) {
      (*port)["targetPort"] = GetInt(*port, {"port"}, 0);
    }
  });
}

// What a key of a ConfigMap must look like: it becomes the name of a file.
std::vector<std::string> KeyComplaints(std::string_view key) {
  constexpr std::size_t kMaxKey = 253;
  std::vector<std::string> complaints;
  if (key.size() > kMaxKey) {
    complaints.push_back(fmt::format("must be no more than {} characters", kMaxKey));
  }
  const bool plain = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  if (!plain) {
    complaints.emplace_back(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
        "'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
        "'[-._a-zA-Z0-9]+')");
  }
  if (key == ".") complaints.emplace_back("must not be '.'");
  if (key == "..") {
    complaints.emplace_back("must not be '..'");
  } else if (key.starts_with("..")) {
    complaints.emplace_back("must not start with '..'");
  }
  return complaints;
}

void CheckConfigMap(const Writing& writing, Findings* findings) {
  const json::object* binary = FindObject(*writing.object, {"binaryData"});
  for (const char* list : {"data", "binaryData"}) {
    const json::object* entries = FindObject(*writing.object, {list});
    if (entries == nullptr) continue;
    for (const auto& entry : *entries) {
      const std::string field = fmt::format("{}[{}]", list, KeyOf(entry));
      findings->All(field, KeyOf(entry), KeyComplaints(KeyOf(entry)));
      if (entries != binary && binary != nullptr && binary->contains(entry.key())) {
        findings->Invalid(field, Quoted(KeyOf(entry)), "duplicate of key present in binaryData");
      }
    }
  }
}

void CheckConfigMapUpdate(const Writing& writing, Findings* findings) {
  constexpr std::string_view kWhy = "field is immutable when `immutable` is set";
  if (GetBool(*writing.old, {"immutable"}, false)) {
    if (!GetBool(*writing.object, {"immutable"}, false)) findings->Forbidden("immutable", kWhy);
    for (const char* list : {"data", "binaryData"}) {
      if (!SameMember(*writing.old, *writing.object, list)) findings->Forbidden(list, kWhy);
    }
  }
  // Here what a create checks comes after what has changed.
  CheckMetaOnCreate(writing.context.resource, MetaRules::kCore, *writing.object, findings);
  CheckConfigMap(writing, findings);
}

}  // namespace

const KindRules& NamespaceRules() {
  static constexpr KindRules kRules = {
      .storage = "namespaces",
      .meta = MetaRules::kCore,
      .defaults = DefaultNamespace,
      .reset = ResetNamespace,
      .check = CheckNamespaceObject,
      .check_status = CheckNamespaceStatus,
  };
  return kRules;
}

const KindRules& PlainRules(std::string_view storage) {
  static constexpr KindRules kOther = {.storage = "", .meta = MetaRules::kCore};
  static constexpr std::array<KindRules, 3> kDefaulted = {{
      {.storage = "configmaps",
       .meta = MetaRules::kCore,
       .rechecks = false,
       .check = CheckConfigMap,
       .check_update = CheckConfigMapUpdate},
      {.storage = "secrets", .meta = MetaRules::kCore, .defaults = DefaultSecret},
      {.storage = "services", .meta = MetaRules::kCore, .defaults = DefaultService},
  }};
  for (const KindRules& rules : kDefaulted) {
    if (rules.storage == storage) return rules;
  }
  return kOther;
}

}  // namespace fairlead::apiserver
