// The binding of a pod to a node; declared in admission.h.
#include <fmt/format.h>

#include "fairlead/base/time.h"
#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

constexpr const char* kSubresource = "pods/binding";

// Errors of this subresource name it as if it were the resource.
ApiError Refused(std::string_view pod, std::string_view why) {
  Resource binding;
  binding.plural = kSubresource;
  return Conflict(binding, pod, why);
}

// What is wrong with the target. The real server answers 500 without a reason.
std::optional<ApiError> CheckTarget(const json::object& binding) {
  Findings findings;
  const std::string_view kind = GetString(binding, {"target", "kind"});
  if (!kind.empty() && kind != "Node") {
    findings.NotSupported("target.kind", Quoted(kind), {"Node", "<empty>"});
  }
  if (GetString(binding, {"target", "name"}).empty()) findings.Required("target.name");
  if (findings.empty()) return std::nullopt;
  ApiError error;
  for (const Cause& cause : findings.causes()) {
    error.message += (error.message.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  }
  if (findings.size() > 1) error.message = "[" + error.message + "]";
  return error;
}

std::optional<ApiError> CheckPrecondition(const json::object& binding, const json::object& pod,
                                          const char* what, const char* field) {
  const std::string_view wanted = GetString(binding, {"metadata", field});
  const std::string_view is = GetString(pod, {"metadata", field});
  if (wanted.empty() || wanted == is) return std::nullopt;
  const std::string_view name = GetString(pod, {"metadata", "name"});
  return Refused(
      name, fmt::format("StorageError: invalid object, Code: 4, Key: /registry/pods/{}/{}, "
                        "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: {} in "
                        "precondition: {}, {} in object meta: {}",
                        GetString(pod, {"metadata", "namespace"}), name, what, wanted, what, is));
}

std::optional<ApiError> CheckFree(const AdmissionContext& context, const json::object& binding,
                                  const json::object& pod) {
  const std::string_view name = GetString(pod, {"metadata", "name"});
  const bool current = context.profile == Profile::kCurrent;
  if (current) {
    if (auto error = CheckPrecondition(binding, pod, "UID", "uid")) return error;
    if (auto error = CheckPrecondition(binding, pod, "ResourceVersion", "resourceVersion")) {
      return error;
    }
  }
  if (!GetString(pod, {"metadata", "deletionTimestamp"}).empty()) {
    return Refused(name,
                   fmt::format("pod {} is being deleted, cannot be assigned to a host", name));
  }
  const std::string_view node = GetString(pod, {"spec", "nodeName"});
  if (!node.empty()) {
    return Refused(name, fmt::format("pod {} is already assigned to node \"{}\"", name, node));
  }
  const json::array* gates = FindArray(pod, {"spec", "schedulingGates"});
  if (current && gates != nullptr && !gates->empty()) {
    return Refused(name, fmt::format("pod {} has non-empty .spec.schedulingGates", name));
  }
  return std::nullopt;
}

void Merge(const json::object& binding, std::string_view member, bool overwrite,
           json::object* pod) {
  const json::object* from = FindObject(binding, {"metadata", member});
  if (from == nullptr || from->empty()) return;
  json::object& into = ObjectAt(pod, {"metadata", member});
  for (const auto& entry : *from) {
    if (overwrite) {
      into.insert_or_assign(entry.key(), entry.value());
    } else {
      SetDefault(&into, KeyOf(entry), entry.value());
    }
  }
}

void MarkScheduled(Instant now, json::object* pod) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  json::object condition;
  condition["type"] = "PodScheduled";
  condition["status"] = "True";
  condition["lastProbeTime"] = nullptr;
  condition["lastTransitionTime"] = FormatInstant(Instant{now.ns - now.ns % kSecond});
  json::array& conditions = ArrayAt(pod, {"status", "conditions"});
  for (json::value& entry : conditions) {
    const json::object* one = entry.if_object();
    if (one == nullptr || GetString(*one, {"type"}) != "PodScheduled") continue;
    if (GetString(*one, {"status"}) == "True") KeepOld(*one, "lastTransitionTime", &condition);
    entry = std::move(condition);
    return;
  }
  conditions.emplace_back(std::move(condition));
}

}  // namespace

std::optional<ApiError> ApplyBinding(const AdmissionContext& context, const json::object& binding,
                                     json::object* pod) {
  if (auto error = CheckTarget(binding)) return error;
  if (auto error = CheckFree(context, binding, *pod)) return error;
  At(pod, {"spec", "nodeName"}) = Str(GetString(binding, {"target", "name"}));
  Merge(binding, "annotations", true, pod);
  if (context.profile == Profile::kCurrent) {
    Merge(binding, "labels", false, pod);
    Erase(pod, {"status", "nominatedNodeName"});
  }
  MarkScheduled(context.now, pod);
  return std::nullopt;
}

}  // namespace fairlead::apiserver
