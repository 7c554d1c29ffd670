// Validation of a pod's spec; declared in admission_kinds.h.
#include <fmt/format.h>

#include <array>
#include <limits>
#include <set>

#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

// What a volume must name, by its source.
struct VolumeSource {
  std::string_view name;
  std::string_view required;
};
constexpr std::array<VolumeSource, 10> kSources = {{{"emptyDir", ""},
                                                    {"hostPath", "path"},
                                                    {"secret", "secretName"},
                                                    {"nfs", "server"},
                                                    {"persistentVolumeClaim", "claimName"},
                                                    {"downwardAPI", ""},
                                                    {"configMap", "name"},
                                                    {"projected", ""},
                                                    {"csi", "driver"},
                                                    {"ephemeral", ""}}};

void CheckSources(const json::object& volume, const std::string& at, Findings* findings) {
  int sources = 0;
  for (const VolumeSource& source : kSources) {
    const json::object* given = FindObject(volume, {source.name});
    if (given == nullptr) continue;
    const std::string field = fmt::format("{}.{}", at, source.name);
    if (++sources > 1) {
      findings->Forbidden(field, "may not specify more than 1 volume type");
      continue;
    }
    if (source.required.empty()) continue;
    const std::string_view value = GetString(*given, {source.required});
    if (value.empty()) findings->Required(fmt::format("{}.{}", field, source.required));
    if (source.name == "hostPath" && value.find("..") != std::string_view::npos) {
      findings->Invalid(field + ".path", Quoted(value), "must not contain '..'");
    }
  }
}

void CheckVolumes(const json::object& spec, const std::string& field, Findings* findings) {
  std::set<std::string, std::less<>> names;
  EachObject(spec, {"volumes"}, field, [&](const json::object& volume, const std::string& at) {
    CheckSources(volume, at, findings);
    const std::string_view name = GetString(volume, {"name"});
    if (name.empty()) {
      findings->Required(at + ".name");
      return;
    }
    const std::vector<std::string> complaints = DnsLabelComplaints(name);
    findings->All(at + ".name", name, complaints);
    if (complaints.empty() && !names.emplace(name).second) {
      findings->Duplicate(at + ".name", Quoted(name));
    }
  });
}

void CheckChoices(const json::object& spec, const std::string& field, Findings* findings) {
  const std::string_view restart = GetString(spec, {"restartPolicy"});
  if (restart != "Always" && restart != "OnFailure" && restart != "Never") {
    findings->NotSupported(field + ".restartPolicy", Quoted(restart),
                           {"Always", "OnFailure", "Never"});
  }
  const std::string_view dns = GetString(spec, {"dnsPolicy"});
  if (dns != "ClusterFirstWithHostNet" && dns != "ClusterFirst" && dns != "Default" &&
      dns != "None") {
    findings->NotSupported(field + ".dnsPolicy", Quoted(dns),
                           {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"});
  }
}

// On the host's network a port is the same inside and outside.
void CheckHostNetwork(const json::object& spec, const std::string& field, Findings* findings) {
  if (!GetBool(spec, {"hostNetwork"}, false)) return;
  EachObject(spec, {"containers"}, field, [&](const json::object& one, const std::string& at) {
    EachObject(one, {"ports"}, at + ".ports", [&](const json::object& port, const auto& where) {
      const std::int64_t inside = GetInt(port, {"containerPort"}, 0);
      if (GetInt(port, {"hostPort"}, 0) == inside) return;
      findings->Invalid(where + ".containerPort", std::to_string(inside),
                        "must match `hostPort` when `hostNetwork` is true");
    });
  });
}

// The ids of users and groups; the rest of a security context is stored as it comes.
void CheckSecurity(const json::object& spec, const std::string& field, Findings* findings) {
  const json::object* context = FindObject(spec, {"securityContext"});
  if (context == nullptr) return;
  for (const char* name : {"fsGroup", "runAsUser", "runAsGroup"}) {
    const std::int64_t id = GetInt(*context, {name}, 0);
    if (id >= 0 && id <= std::numeric_limits<std::int32_t>::max()) continue;
    findings->Invalid(fmt::format("{}.{}", field, name), std::to_string(id),
                      "must be between 0 and 2147483647, inclusive");
  }
}

void CheckNames(const json::object& spec, const std::string& field, Findings* findings) {
  struct Name {
    std::string_view field;
    bool label;
  };
  static constexpr std::array<Name, 2> kBefore = {
      {{"serviceAccountName", false}, {"nodeName", false}}};
  static constexpr std::array<Name, 2> kAfter = {{{"hostname", true}, {"subdomain", true}}};
  const auto check = [&](const Name& name) {
    const std::string_view value = GetString(spec, {name.field});
    if (value.empty()) return;
    findings->All(fmt::format("{}.{}", field, name.field), value,
                  name.label ? DnsLabelComplaints(value) : DnsSubdomainComplaints(value));
  };
  for (const Name& name : kBefore) check(name);
  if (Find(spec, {"activeDeadlineSeconds"}) != nullptr) {
    const std::int64_t seconds = GetInt(spec, {"activeDeadlineSeconds"}, 0);
    if (seconds < 1 || seconds > std::numeric_limits<std::int32_t>::max()) {
      findings->Invalid(field + ".activeDeadlineSeconds", std::to_string(seconds),
                        "must be between 1 and 2147483647, inclusive");
    }
  }
  for (const Name& name : kAfter) check(name);
}

void CheckGates(const json::object& spec, const std::string& field, Findings* findings) {
  const std::string at = field + ".schedulingGates";
  std::set<std::string, std::less<>> names;
  EachObject(spec, {"schedulingGates"}, at, [&](const json::object& gate, const std::string& one) {
    const std::string_view name = GetString(gate, {"name"});
    findings->All(one, name, QualifiedNameComplaints(name));
    if (!names.emplace(name).second) findings->Duplicate(one, Quoted(name));
  });
}

}  // namespace

void CheckPodSpec(const Writing& writing, const json::object& spec, const std::string& field,
                  Findings* findings) {
  CheckVolumes(spec, field + ".volumes", findings);
  CheckContainers(spec, field, findings);
  CheckChoices(spec, field, findings);
  CheckLabels(FindObject(spec, {"nodeSelector"}), field + ".nodeSelector", findings);
  CheckHostNetwork(spec, field + ".containers", findings);
  CheckSecurity(spec, field + ".securityContext", findings);
  if (const json::object* affinity = FindObject(spec, {"affinity"})) {
    CheckAffinity(writing, *affinity, field + ".affinity", findings);
  }
  if (GetString(spec, {"dnsPolicy"}) == "None") {
    if (FindObject(spec, {"dnsConfig"}) == nullptr) {
      findings->Required(field + ".dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None");
    } else if (const json::array* servers = FindArray(spec, {"dnsConfig", "nameservers"});
               servers == nullptr || servers->empty()) {
      findings->Required(field + ".dnsConfig.nameservers",
                         "must provide at least one DNS nameserver when `dnsPolicy` is None");
    }
  }
  EachObject(spec, {"readinessGates"}, field + ".readinessGates",
             [&](const json::object& gate, const std::string& at) {
               const std::string_view type = GetString(gate, {"conditionType"});
               findings->All(at + ".conditionType", type, QualifiedNameComplaints(type));
             });
  CheckNames(spec, field, findings);
  CheckTolerations(spec, field + ".tolerations", findings);
  const std::string_view priority = GetString(spec, {"priorityClassName"});
  if (!priority.empty()) {
    findings->All(field + ".priorityClassName", priority, DnsSubdomainComplaints(priority));
  }
  const std::string_view preemption = GetString(spec, {"preemptionPolicy"});
  const bool given = Find(spec, {"preemptionPolicy"}) != nullptr;
  if (given && preemption.empty()) {
    findings->Required(field + ".preemptionPolicy");
  } else if (given && preemption != "PreemptLowerPriority" && preemption != "Never") {
    findings->NotSupported(field + ".preemptionPolicy", Quoted(preemption),
                           {"PreemptLowerPriority", "Never"});
  }
  CheckSpread(writing, spec, field + ".topologySpreadConstraints", findings);
  if (writing.current()) CheckGates(spec, field, findings);
}

}  // namespace fairlead::apiserver
