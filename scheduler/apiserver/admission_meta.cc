// Metadata and namespaces; declared in admission_kinds.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

constexpr std::size_t kMaxAnnotations = 256U << 10U;

std::vector<std::string> NameComplaints(const Resource& resource, std::string_view name) {
  if (!resource.custom) {
    if (resource.storage == "namespaces") return DnsLabelComplaints(name);
    if (resource.storage == "services") return Dns1035Complaints(name);
    if (resource.storage == "events" || resource.storage == "poddisruptionbudgets.policy") {
      return PathSegmentComplaints(name);
    }
  }
  return DnsSubdomainComplaints(name);
}

// A prefix of a name may end in what a name may not end in.
std::string MaskedPrefix(std::string_view prefix) {
  std::string text(prefix);
  if (text.size() > 1 && text.back() == '-') text.replace(text.size() - 2, 2, "a");
  return text;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

void CheckAnnotations(const json::object* annotations, const std::string& field,
                      Findings* findings) {
  if (annotations == nullptr) return;
  std::size_t size = 0;
  for (const auto& entry : *annotations) {
    findings->All(field, KeyOf(entry), QualifiedNameComplaints(Lower(KeyOf(entry))));
    size += entry.key().size() + TextOf(entry.value()).size();
  }
  if (size > kMaxAnnotations) {
    findings->TooLong(field, fmt::format("must have at most {} bytes", kMaxAnnotations));
  }
}

std::string GoFlag(const json::object& owner, std::string_view name) {
  return Find(owner, {name}) == nullptr ? "(*bool)(nil)" : "(*bool)(0xc000000000)";
}

std::string GoOwner(const json::object& owner) {
  return fmt::format(
      "v1.OwnerReference{{APIVersion:{}, Kind:{}, Name:{}, UID:{}, Controller:{}, "
      "BlockOwnerDeletion:{}}}",
      Quoted(GetString(owner, {"apiVersion"})), Quoted(GetString(owner, {"kind"})),
      Quoted(GetString(owner, {"name"})), Quoted(GetString(owner, {"uid"})),
      GoFlag(owner, "controller"), GoFlag(owner, "blockOwnerDeletion"));
}

void CheckOwners(const json::object& metadata, const std::string& field, Findings* findings) {
  std::string_view controller;
  std::string all;
  EachObject(metadata, {"ownerReferences"}, field, [&](const json::object& owner, const auto&) {
    const std::string_view version = GetString(owner, {"apiVersion"});
    const std::string_view kind = GetString(owner, {"kind"});
    if (version.empty()) {
      findings->Invalid(field + ".apiVersion", "\"\"", "version must not be empty");
    }
    if (kind.empty()) findings->Invalid(field + ".kind", "\"\"", "kind must not be empty");
    for (const char* name : {"name", "uid"}) {
      if (GetString(owner, {name}).empty()) {
        findings->Invalid(fmt::format("{}.{}", field, name), "\"\"",
                          fmt::format("{} must not be empty", name));
      }
    }
    if (version == "v1" && kind == "Event") {
      findings->Invalid(field, GoOwner(owner), "/v1, Kind=Event is disallowed from being an owner");
    }
    all += (all.empty() ? "" : ", ") + GoOwner(owner);
  });
  EachObject(metadata, {"ownerReferences"}, field, [&](const json::object& owner, const auto&) {
    if (!GetBool(owner, {"controller"}, false)) return;
    const std::string_view name = GetString(owner, {"name"});
    if (!controller.empty()) {
      findings->Invalid(field, "[]v1.OwnerReference{" + all + "}",
                        fmt::format("Only one reference can have Controller set to true. Found "
                                    "\"true\" in references for {} and {}",
                                    controller, name));
    }
    controller = name;
  });
}

}  // namespace

void CheckFinalizers(const json::object& metadata, const std::string& field, Findings* findings) {
  const json::array* finalizers = FindArray(metadata, {"finalizers"});
  if (finalizers == nullptr) return;
  bool orphans = false;
  bool foreground = false;
  for (const json::value& entry : *finalizers) {
    const std::string_view name = TextOf(entry);
    findings->All(field, name, QualifiedNameComplaints(name));
    orphans |= name == "orphan";
    foreground |= name == "foregroundDeletion";
  }
  if (orphans && foreground) {
    findings->Invalid(field, json::serialize(*finalizers),
                      "finalizer orphan and foregroundDeletion cannot be both set");
  }
}

std::optional<Cause> CheckName(const Resource& resource, std::string_view name) {
  const std::vector<std::string> complaints = NameComplaints(resource, name);
  if (complaints.empty()) return std::nullopt;
  return Cause{"FieldValueInvalid",
               fmt::format("Invalid value: {}: {}", Quoted(name), complaints.front()),
               "metadata.name"};
}

void CheckMetaContent(const json::object& metadata, const std::string& field, Findings* findings) {
  CheckLabels(FindObject(metadata, {"labels"}), field + ".labels", findings);
  CheckAnnotations(FindObject(metadata, {"annotations"}), field + ".annotations", findings);
  CheckOwners(metadata, field + ".ownerReferences", findings);
}

void CheckFinalizersKnown(const json::object& object, Findings* findings) {
  static constexpr std::array<std::string_view, 3> kKnown = {"kubernetes", "orphan",
                                                             "foregroundDeletion"};
  const json::array* finalizers = FindArray(object, {"metadata", "finalizers"});
  if (finalizers == nullptr) return;
  for (std::size_t i = 0; i < finalizers->size(); ++i) {
    const std::string_view name = TextOf((*finalizers)[i]);
    const bool known = std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end();
    if (known || name.find('/') != std::string_view::npos) continue;
    findings->Invalid(fmt::format("metadata.finalizers[{}]", i), Quoted(name),
                      "name is neither a standard finalizer name nor is it fully qualified");
  }
}

void CheckMetaOnCreate(const Resource& resource, MetaRules rules, const json::object& object,
                       Findings* findings) {
  static const json::object kNone;
  const json::object* found = FindObject(object, {"metadata"});
  const json::object& metadata = found == nullptr ? kNone : *found;
  const std::string_view prefix = GetString(metadata, {"generateName"});
  if (!prefix.empty()) {
    findings->All("metadata.generateName", prefix, NameComplaints(resource, MaskedPrefix(prefix)));
  }
  const std::string_view name = GetString(metadata, {"name"});
  if (name.empty()) {
    findings->Required("metadata.name", "name or generateName is required");
  } else {
    findings->All("metadata.name", name, NameComplaints(resource, name));
  }
  CheckNotNegative(metadata, {"generation"}, "metadata.generation", findings);
  CheckMetaContent(metadata, "metadata", findings);
  CheckFinalizers(metadata, "metadata.finalizers", findings);
  if (rules == MetaRules::kCore) CheckFinalizersKnown(object, findings);
}

std::optional<ApiError> CheckNamespace(const AdmissionContext& context, std::string_view ns,
                                       std::string_view name) {
  if (!context.resource.namespaced) return std::nullopt;
  const VersionPtr found = context.store.Get("namespaces", "", ns);
  if (found == nullptr) {
    Resource namespaces;
    namespaces.plural = "namespaces";
    return NotFound(namespaces, ns);
  }
  if (GetString(found->object, {"status", "phase"}) != "Terminating") return std::nullopt;
  ApiError error = Forbidden(
      context.resource, name,
      fmt::format("unable to create new content in namespace {} because it is being terminated",
                  ns));
  error.causes.push_back({"NamespaceTerminating",
                          fmt::format("namespace {} is being terminated", ns),
                          "metadata.namespace"});
  return error;
}

void KeepOld(const json::object& old, std::string_view member, json::object* object) {
  const json::value* was = Find(old, {member});
  if (was == nullptr) {
    Erase(object, {member});
  } else {
    At(object, {member}) = *was;
  }
}

bool SameMember(const json::object& a, const json::object& b, std::string_view member) {
  const json::value* x = Find(a, {member});
  const json::value* y = Find(b, {member});
  return x == nullptr || y == nullptr ? x == y : *x == *y;
}

void SetGeneration(const Writing& writing, bool changed) {
  if (writing.old == nullptr) {
    At(writing.object, {"metadata", "generation"}) = 1;
  } else if (changed) {
    At(writing.object, {"metadata", "generation"}) =
        GetInt(*writing.old, {"metadata", "generation"}, 0) + 1;
  }
}

}  // namespace fairlead::apiserver
