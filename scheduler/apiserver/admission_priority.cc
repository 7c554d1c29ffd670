// What the admission plugins Priority and DefaultTolerationSeconds do; declared in
// admission_kinds.h.
#include <fmt/format.h>

#include <array>

#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kClasses = "priorityclasses.scheduling.k8s.io";

struct Priority {
  std::string name;
  std::int64_t value = 0;
  std::string preemption = "PreemptLowerPriority";
};

Priority FromClass(const json::object& priority_class) {
  Priority priority;
  priority.name = GetString(priority_class, {"metadata", "name"});
  priority.value = GetInt(priority_class, {"value"}, 0);
  const std::string_view preemption = GetString(priority_class, {"preemptionPolicy"});
  if (!preemption.empty()) priority.preemption = preemption;
  return priority;
}

// Of the global defaults the lowest.
Priority DefaultPriority(const Store& store) {
  const json::object* lowest = nullptr;
  for (const auto& [key, version] : store.table(kClasses)) {
    const json::object& object = version->object;
    if (!GetBool(object, {"globalDefault"}, false)) continue;
    if (lowest == nullptr || GetInt(object, {"value"}, 0) < GetInt(*lowest, {"value"}, 0)) {
      lowest = &object;
    }
  }
  return lowest == nullptr ? Priority() : FromClass(*lowest);
}

std::optional<ApiError> SetPriority(const Writing& writing) {
  const AdmissionContext& context = writing.context;
  json::object& spec = ObjectAt(writing.object, {"spec"});
  std::string_view pod = GetString(*writing.object, {"metadata", "name"});
  if (pod.empty()) pod = GetString(*writing.object, {"metadata", "generateName"});
  if (pod.empty()) pod = "Unknown";
  const std::string_view name = GetString(spec, {"priorityClassName"});
  Priority priority;
  if (name.empty()) {
    priority = DefaultPriority(context.store);
    if (!priority.name.empty()) spec["priorityClassName"] = priority.name;
  } else {
    const VersionPtr found = context.store.Get(kClasses, "", name);
    if (found == nullptr) {
      return Forbidden(context.resource, pod,
                       fmt::format("no PriorityClass with name {} was found", name));
    }
    priority = FromClass(found->object);
  }
  if (Find(spec, {"priority"}) != nullptr && GetInt(spec, {"priority"}, 0) != priority.value) {
    return Forbidden(
        context.resource, pod,
        fmt::format("the integer value of priority ({}) must not be provided in pod spec; priority "
                    "admission controller computed {} from the given PriorityClass name",
                    GetInt(spec, {"priority"}, 0), priority.value));
  }
  const std::string_view preemption = GetString(spec, {"preemptionPolicy"});
  if (Find(spec, {"preemptionPolicy"}) != nullptr && preemption != priority.preemption) {
    return Forbidden(
        context.resource, pod,
        fmt::format("the string value of PreemptionPolicy ({}) must not be provided in pod spec; "
                    "priority admission controller computed {} from the given PriorityClass name",
                    preemption, priority.preemption));
  }
  spec["priority"] = priority.value;
  spec["preemptionPolicy"] = priority.preemption;
  return std::nullopt;
}

}  // namespace

std::optional<ApiError> AdmitPriority(const Writing& writing) {
  if (writing.old == nullptr) return SetPriority(writing);
  json::object& spec = ObjectAt(writing.object, {"spec"});
  for (const char* name : {"priority", "preemptionPolicy"}) {
    const json::value* was = Find(*writing.old, {"spec", name});
    if (was != nullptr) SetDefault(&spec, name, *was);
  }
  return std::nullopt;
}

void AddDefaultTolerations(json::object* pod) {
  static constexpr std::array<const char*, 2> kTaints = {"node.kubernetes.io/not-ready",
                                                         "node.kubernetes.io/unreachable"};
  constexpr int kSeconds = 300;
  std::array<bool, 2> tolerated = {false, false};
  EachObject(*pod, {"spec", "tolerations"}, "", [&](const json::object& one, const auto&) {
    const std::string_view key = GetString(one, {"key"});
    const std::string_view effect = GetString(one, {"effect"});
    for (std::size_t i = 0; i < kTaints.size(); ++i) {
      tolerated[i] |=
          (key.empty() || key == kTaints[i]) && (effect.empty() || effect == "NoExecute");
    }
  });
  for (std::size_t i = 0; i < kTaints.size(); ++i) {
    if (tolerated[i]) continue;
    json::object toleration;
    toleration["key"] = kTaints[i];
    toleration["operator"] = "Exists";
    toleration["effect"] = "NoExecute";
    toleration["tolerationSeconds"] = kSeconds;
    ArrayAt(pod, {"spec", "tolerations"}).emplace_back(std::move(toleration));
  }
}

}  // namespace fairlead::apiserver
