// Pods: status of a new one, quality of service, and what an update may change.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kMayChange120 =
    "pod updates may not change fields other than `spec.containers[*].image`, "
    "`spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or `spec.tolerations` (only "
    "additions to existing tolerations)";
constexpr std::string_view kMayChangeCurrent =
    "pod updates may not change fields other than "
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing "
    "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
    "previously negative)";

const json::object& SpecOf(const json::object& object) {
  static const json::object kNone;
  const json::object* spec = FindObject(object, {"spec"});
  return spec == nullptr ? kNone : *spec;
}

bool Gated(const json::object& pod) {
  const json::array* gates = FindArray(pod, {"spec", "schedulingGates"});
  return gates != nullptr && !gates->empty();
}

void Defaults(const Writing& writing) {
  json::object& spec = ObjectAt(writing.object, {"spec"});
  for (const char* list : {"initContainers", "containers"}) {
    EachObject(&spec, {list}, [](json::object* container) {
      const json::object* limits = FindObject(*container, {"resources", "limits"});
      if (limits == nullptr) return;
      const json::object copy = *limits;
      json::object& requests = ObjectAt(container, {"resources", "requests"});
      for (const auto& entry : copy) SetDefault(&requests, KeyOf(entry), entry.value());
    });
  }
  DefaultPodSpec(&spec);
  SetDefault(&spec, "enableServiceLinks", true);
  if (const json::object* status = FindObject(*writing.object, {"status"})) {
    const std::string ip(GetString(*status, {"podIP"}));
    const json::array* ips = FindArray(*status, {"podIPs"});
    if (!ip.empty() && (ips == nullptr || ips->empty())) {
      json::object entry;
      entry["ip"] = ip;
      ArrayAt(writing.object, {"status", "podIPs"}).emplace_back(std::move(entry));
    }
  }
}

std::optional<ApiError> Admit(const Writing& writing) {
  if (auto error = AdmitPriority(writing)) return error;
  AddDefaultTolerations(writing.object);
  if (writing.old != nullptr) return std::nullopt;
  const std::string_view name = GetString(*writing.object, {"metadata", "name"});
  const json::object& spec = SpecOf(*writing.object);
  const std::string_view runtime = GetString(spec, {"runtimeClassName"});
  if (!runtime.empty()) {
    return Forbidden(writing.context.resource, name,
                     fmt::format("pod rejected: RuntimeClass \"{}\" not found", runtime));
  }
  const json::object* overhead = FindObject(spec, {"overhead"});
  if (overhead != nullptr && !overhead->empty()) {
    return Forbidden(
        writing.context.resource, name,
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
  }
  return std::nullopt;
}

// Of cpu and memory: nothing is asked for, or every container has limits equal to its requests, or
// anything else.
const char* QosClass(const json::object& spec) {
  bool any = false;
  bool guaranteed = true;
  const auto add = [&](const json::object& container, const auto&) {
    for (const char* name : {"cpu", "memory"}) {
      const std::string_view request = GetString(container, {"resources", "requests", name});
      const std::string_view limit = GetString(container, {"resources", "limits", name});
      const bool requests = !request.empty() && !QuantityZero(request);
      const bool limits = !limit.empty() && !QuantityZero(limit);
      any |= requests || limits;
      guaranteed &= limits && requests && CompareQuantities(request, limit) == 0;
    }
  };
  EachObject(spec, {"containers"}, "", add);
  EachObject(spec, {"initContainers"}, "", add);
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

void ResetNew(const Writing& writing) {
  json::object status;
  status["phase"] = "Pending";
  if (writing.current() && Gated(*writing.object)) {
    json::object condition;
    condition["type"] = "PodScheduled";
    condition["status"] = "False";
    condition["lastProbeTime"] = nullptr;
    condition["lastTransitionTime"] = nullptr;
    condition["reason"] = "SchedulingGated";
    condition["message"] = "Scheduling is blocked due to non-empty scheduling gates";
    status["conditions"].emplace_array().emplace_back(std::move(condition));
  }
  status["qosClass"] = QosClass(SpecOf(*writing.object));
  (*writing.object)["status"] = std::move(status);
  if (writing.current()) SetGeneration(writing, true);
}

void Reset(const Writing& writing) {
  if (writing.old == nullptr) {
    ResetNew(writing);
    return;
  }
  if (!writing.status()) {
    KeepOld(*writing.old, "status", writing.object);
    if (writing.current())
      SetGeneration(writing, !SameMember(*writing.old, *writing.object, "spec"));
    return;
  }
  KeepOld(*writing.old, "spec", writing.object);
  const json::value* owners = Find(*writing.old, {"metadata", "ownerReferences"});
  if (owners == nullptr) {
    Erase(writing.object, {"metadata", "ownerReferences"});
  } else {
    At(writing.object, {"metadata", "ownerReferences"}) = *owners;
  }
  if (!writing.current()) return;
  const json::value* qos = Find(*writing.old, {"status", "qosClass"});
  if (qos != nullptr) SetDefault(&ObjectAt(writing.object, {"status"}), "qosClass", *qos);
}

void Check(const Writing& writing, Findings* findings) {
  const json::object& spec = SpecOf(*writing.object);
  CheckPodSpec(writing, spec, "spec", findings);
  if (writing.old != nullptr || !writing.current() || !Gated(*writing.object)) return;
  if (!GetString(spec, {"nodeName"}).empty()) {
    findings->Forbidden("spec.nodeName",
                        "cannot be set until all schedulingGates have been cleared");
  }
}

std::size_t Count(const json::object& spec, std::string_view list) {
  const json::array* found = FindArray(spec, {list});
  return found == nullptr ? 0 : found->size();
}

void CheckDeadline(const json::object& old, const json::object& now, Findings* findings) {
  constexpr std::string_view kField = "spec.activeDeadlineSeconds";
  const bool is = Find(now, {"activeDeadlineSeconds"}) != nullptr;
  const std::int64_t seconds = GetInt(now, {"activeDeadlineSeconds"}, 0);
  if (is && (seconds < 0 || seconds > std::numeric_limits<std::int32_t>::max())) {
    findings->Invalid(std::string(kField), std::to_string(seconds),
                      "must be between 0 and 2147483647, inclusive");
    return;
  }
  if (Find(old, {"activeDeadlineSeconds"}) == nullptr) return;
  if (!is) {
    findings->Invalid(std::string(kField), "\"null\"",
                      "must not update from a positive integer to nil value");
  } else if (seconds > GetInt(old, {"activeDeadlineSeconds"}, 0)) {
    findings->Invalid(std::string(kField), std::to_string(seconds),
                      "must be less than or equal to previous value");
  }
}

// What identifies a toleration: all of it but how long it tolerates.
json::object Identity(json::object toleration) {
  if (GetString(toleration, {"effect"}) == "NoExecute" ||
      toleration.contains("tolerationSeconds")) {
    toleration.erase("tolerationSeconds");
  }
  return toleration;
}

void CheckTolerationsKept(const json::object& old, const json::object& now, Findings* findings) {
  bool kept = true;
  EachObject(old, {"tolerations"}, "", [&](const json::object& was, const auto&) {
    bool found = false;
    EachObject(now, {"tolerations"}, "", [&](const json::object& is, const auto&) {
      found |= Identity(was) == Identity(is);
    });
    kept &= found;
  });
  if (kept) {
    CheckTolerations(now, "spec.tolerations", findings);  // once more
    return;
  }
  findings->Forbidden("spec.tolerations",
                      "existing toleration can not be modified except its tolerationSeconds");
}

void CheckGatesKept(const json::object& old, const json::object& now, Findings* findings) {
  std::set<std::string, std::less<>> names;
  EachObject(old, {"schedulingGates"}, "", [&](const json::object& gate, const auto&) {
    names.emplace(GetString(gate, {"name"}));
  });
  EachObject(now, {"schedulingGates"}, "", [&](const json::object& gate, const auto&) {
    const std::string_view name = GetString(gate, {"name"});
    if (names.contains(name)) return;
    findings->Forbidden(
        "spec.schedulingGates",
        fmt::format("only deletion is allowed, but found new scheduling gate '{}'", name));
  });
}

// A gated pod may be narrowed: labels are added to its node selector.
bool OnlyNarrowed(const json::object& old, const json::object& now) {
  const json::object* before = FindObject(old, {"nodeSelector"});
  const json::object* after = FindObject(now, {"nodeSelector"});
  if (before == nullptr) return true;
  if (after == nullptr) return false;
  return std::all_of(before->begin(), before->end(), [after](const auto& entry) {
    return MapGet(*after, KeyOf(entry)) == TextOf(entry.value());
  });
}

// The spec with what may change made as it was.
json::object Masked(const Writing& writing, const json::object& old, json::object spec) {
  for (const char* list : {"containers", "initContainers"}) {
    if (Count(spec, list) == 0) continue;
    json::array& containers = ArrayAt(&spec, {list});
    const json::array* before = FindArray(old, {list});
    for (std::size_t i = 0; i < containers.size(); ++i) {
      const json::object* was = (*before)[i].if_object();
      json::object* is = containers[i].if_object();
      if (was != nullptr && is != nullptr) KeepOld(*was, "image", is);
    }
  }
  KeepOld(old, "activeDeadlineSeconds", &spec);
  KeepOld(old, "tolerations", &spec);
  if (!writing.current()) return spec;
  KeepOld(old, "schedulingGates", &spec);
  if (GetInt(old, {"terminationGracePeriodSeconds"}, 0) < 0 &&
      GetInt(spec, {"terminationGracePeriodSeconds"}, 0) == 1) {
    KeepOld(old, "terminationGracePeriodSeconds", &spec);
  }
  if (Gated(*writing.old) && OnlyNarrowed(old, spec)) KeepOld(old, "nodeSelector", &spec);
  return spec;
}

void CheckUpdate(const Writing& writing, Findings* findings) {
  const json::object& old = SpecOf(*writing.old);
  const json::object& now = SpecOf(*writing.object);
  for (const char* list : {"containers", "initContainers"}) {
    if (Count(old, list) == Count(now, list)) continue;
    findings->Forbidden(fmt::format("spec.{}", list),
                        "pod updates may not add or remove containers");
    return;
  }
  for (const char* list : {"containers", "initContainers"}) {
    EachObject(now, {list}, fmt::format("spec.{}", list),
               [&](const json::object& container, const std::string& at) {
                 const std::string_view image = GetString(container, {"image"});
                 if (image.empty()) {
                   findings->Required(at + ".image");
                 } else if (image.front() == ' ' || image.back() == ' ') {
                   findings->Invalid(at + ".image", Quoted(image),
                                     "must not have leading or trailing whitespace");
                 }
               });
  }
  const std::size_t before = findings->size();
  CheckDeadline(old, now, findings);
  // A deadline that grows ends the search.
  if (findings->size() != before && now.contains("activeDeadlineSeconds")) return;
  CheckTolerationsKept(old, now, findings);
  if (writing.current()) CheckGatesKept(old, now, findings);
  if (Masked(writing, old, now) == old) return;
  findings->Forbidden("spec", writing.current() ? kMayChangeCurrent : kMayChange120);
}

void CheckConditions(const json::object& pod, Findings* findings) {
  EachObject(pod, {"status", "conditions"}, "metadata.conditions",
             [&](const json::object& condition, const std::string& at) {
               const std::string_view type = GetString(condition, {"type"});
               findings->All(at + ".Type", type, QualifiedNameComplaints(type));
             });
}

void CheckStatus(const Writing& writing, Findings* findings) {
  CheckConditions(*writing.object, findings);
  const std::string_view nominated = GetString(*writing.object, {"status", "nominatedNodeName"});
  if (!nominated.empty()) {
    findings->All("status.nominatedNodeName", nominated, DnsSubdomainComplaints(nominated));
  }
  EachObject(*writing.object, {"status", "podIPs"}, "status.podIPs",
             [&](const json::object& one, const std::string& at) {
               const std::string ip(GetString(one, {"ip"}));
               std::array<unsigned char, sizeof(in6_addr)> bytes{};
               if (inet_pton(AF_INET, ip.c_str(), bytes.data()) == 1 ||
                   inet_pton(AF_INET6, ip.c_str(), bytes.data()) == 1) {
                 return;
               }
               findings->Invalid(at, Quoted(ip),
                                 "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
             });
}

}  // namespace

const KindRules& PodRules() {
  static constexpr KindRules kRules = {
      .storage = "pods",
      .meta = MetaRules::kCore,
      .defaults = Defaults,
      .admit = Admit,
      .reset = Reset,
      .check = Check,
      .check_update = CheckUpdate,
      .check_status = CheckStatus,
  };
  return kRules;
}

}  // namespace fairlead::apiserver
