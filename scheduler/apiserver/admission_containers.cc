// Containers of a pod's spec: names, images, ports, environment, mounts, resources; declared in
// admission_kinds.h. Probes, lifecycle hooks and security contexts are stored as they come.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void CheckPortName(std::string_view name, const std::string& field, Findings* findings) {
  constexpr std::size_t kMaxPortName = 15;
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::vector<std::string> complaints;
  if (name.size() > kMaxPortName) {
    complaints.push_back(fmt::format("must be no more than {} characters", kMaxPortName));
  }
  if (!std::all_of(name.begin(), name.end(),
                   [&](char c) { return c == '-' || lower(c) || digit(c); })) {
    complaints.emplace_back(
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (std::none_of(name.begin(), name.end(), lower)) {
    complaints.emplace_back("must contain at least one letter or number (a-z, 0-9)");
  }
  if (name.find("--") != std::string_view::npos) {
    complaints.emplace_back("must not contain consecutive hyphens");
  }
  if (name.starts_with('-') || name.ends_with('-')) {
    complaints.emplace_back("must not begin or end with a hyphen");
  }
  findings->All(field, name, complaints);
}

void CheckPortNumber(std::int64_t port, const std::string& field, Findings* findings) {
  if (port >= 1 && port <= 65'535) return;
  findings->Invalid(field, std::to_string(port), "must be between 1 and 65535, inclusive");
}

void CheckPorts(const json::object& container, const std::string& field, Findings* findings) {
  std::set<std::string, std::less<>> names;
  EachObject(container, {"ports"}, field, [&](const json::object& port, const std::string& at) {
    const std::string_view name = GetString(port, {"name"});
    if (!name.empty()) {
      const std::size_t before = findings->size();
      CheckPortName(name, at + ".name", findings);
      if (findings->size() == before && !names.emplace(name).second) {
        findings->Duplicate(at + ".name", Quoted(name));
      }
    }
    const std::int64_t number = GetInt(port, {"containerPort"}, 0);
    if (number == 0) {
      findings->Required(at + ".containerPort");
    } else {
      CheckPortNumber(number, at + ".containerPort", findings);
    }
    const std::int64_t host = GetInt(port, {"hostPort"}, 0);
    if (host != 0) CheckPortNumber(host, at + ".hostPort", findings);
    const std::string_view protocol = GetString(port, {"protocol"});
    if (protocol != "TCP" && protocol != "UDP" && protocol != "SCTP") {
      findings->NotSupported(at + ".protocol", Quoted(protocol), {"SCTP", "TCP", "UDP"});
    }
  });
}

void CheckEnvironment(const json::object& container, const std::string& field, Findings* findings) {
  EachObject(container, {"env"}, field, [&](const json::object& entry, const std::string& at) {
    const std::string_view name = GetString(entry, {"name"});
    if (name.empty()) {
      findings->Required(at + ".name");
      return;
    }
    const auto letter = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
    };
    const bool fine = letter(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
                        return letter(c) || (c >= '0' && c <= '9');
                      });
    if (fine) return;
    findings->Invalid(
        at + ".name", Quoted(name),
        "a valid environment variable name must consist of alphabetic characters, digits, '_', "
        "'-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or "
        "'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')");
  });
}

void CheckMounts(const json::object& spec, const json::object& container, const std::string& field,
                 Findings* findings) {
  const auto has_volume = [&spec](std::string_view name) {
    bool found = false;
    EachObject(spec, {"volumes"}, "", [&](const json::object& volume, const auto&) {
      found |= GetString(volume, {"name"}) == name && DnsLabelComplaints(name).empty();
    });
    return found;
  };
  std::set<std::string, std::less<>> paths;
  EachObject(container, {"volumeMounts"}, field,
             [&](const json::object& mount, const std::string& at) {
               const std::string_view name = GetString(mount, {"name"});
               if (name.empty()) findings->Required(at + ".name");
               if (!has_volume(name)) findings->NotFound(at + ".name", Quoted(name));
               const std::string_view path = GetString(mount, {"mountPath"});
               if (path.empty()) findings->Required(at + ".mountPath");
               if (!paths.emplace(path).second) {
                 findings->Invalid(at + ".mountPath", Quoted(path), "must be unique");
               }
             });
}

bool StandardForContainers(std::string_view name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage" ||
         name.starts_with("hugepages-");
}

bool StandardResource(std::string_view name) {
  static constexpr std::string_view kOthers[] = {
      "pods",    "resourcequotas", "services", "replicationcontrollers",
      "secrets", "configmaps",     "storage",  "persistentvolumeclaims"};
  return StandardForContainers(name) || name.starts_with("requests.") ||
         name.starts_with("limits.") ||
         std::find(std::begin(kOthers), std::end(kOthers), name) != std::end(kOthers);
}

bool Native(std::string_view name) {
  return name.find('/') == std::string_view::npos ||
         name.find("kubernetes.io/") != std::string_view::npos;
}

void CheckResourceName(std::string_view name, const std::string& field, Findings* findings) {
  const std::vector<std::string> complaints = QualifiedNameComplaints(name);
  findings->All(field, name, complaints);
  const bool plain = name.find('/') == std::string_view::npos;
  if (complaints.empty() && plain && !StandardResource(name)) {
    findings->Invalid(field, Quoted(name), "must be a standard resource type or fully qualified");
  }
  if (plain && !StandardForContainers(name)) {
    findings->Invalid(field, Quoted(name), "must be a standard resource for containers");
  } else if (!plain && !Native(name) && !IsExtendedResource(name)) {
    findings->Invalid(field, Quoted(name), "doesn't follow extended resource name standard");
  }
}

// A request beside its limit. Only Kubernetes' own resources but huge pages may be overcommitted.
void CheckRequest(const json::object* limits, std::string_view name, std::string_view request,
                  const std::string& field, Findings* findings) {
  const bool overcommits = Native(name) && !name.starts_with("hugepages-");
  const std::string_view limit = limits == nullptr ? std::string_view() : MapGet(*limits, name);
  if (limit.empty()) {
    if (!overcommits) {
      findings->Required(field + ".limits", "Limit must be set for non overcommitable resources");
    }
    return;
  }
  const int order = CompareQuantities(request, limit);
  if (order != 0 && !overcommits) {
    findings->Invalid(field + ".requests", Quoted(request),
                      fmt::format("must be equal to {} limit", name));
  } else if (order > 0) {
    findings->Invalid(field + ".requests", Quoted(request),
                      fmt::format("must be less than or equal to {} limit", name));
  }
}

void CheckResources(const json::object& container, const std::string& field, Findings* findings) {
  const json::object* limits = FindObject(container, {"resources", "limits"});
  const json::object* requests = FindObject(container, {"resources", "requests"});
  bool huge = false;
  bool base = false;
  for (const json::object* list : {limits, requests}) {
    if (list == nullptr) continue;
    const std::string at = field + (list == limits ? ".limits" : ".requests");
    for (const auto& entry : *list) {
      const std::string_view name = KeyOf(entry);
      const std::string_view quantity = TextOf(entry.value());
      const std::string key = fmt::format("{}[{}]", at, name);
      CheckResourceName(name, key, findings);
      CheckQuantity(name, quantity, key, findings);
      if (list == requests) CheckRequest(limits, name, quantity, field, findings);
      huge |= name.starts_with("hugepages-");
      base |= name == "cpu" || name == "memory";
    }
  }
  if (huge && !base) findings->Forbidden(field, "HugePages require cpu or memory");
}

void CheckContainer(const json::object& spec, const json::object& container, const std::string& at,
                    Findings* findings) {
  const std::string_view image = GetString(container, {"image"});
  if (image.empty()) {
    findings->Required(at + ".image");
  } else if (!at.starts_with("spec.template.") &&
             (IsSpace(image.front()) || IsSpace(image.back()))) {  // asked of pods alone
    findings->Invalid(at + ".image", Quoted(image), "must not have leading or trailing whitespace");
  }
  const std::string_view message = GetString(container, {"terminationMessagePolicy"});
  if (message != "File" && message != "FallbackToLogsOnError") {
    findings->Invalid(at + ".terminationMessagePolicy", Quoted(message),
                      "must be 'File' or 'FallbackToLogsOnError'");
  }
  CheckPorts(container, at + ".ports", findings);
  CheckEnvironment(container, at + ".env", findings);
  CheckMounts(spec, container, at + ".volumeMounts", findings);
  const std::string_view pull = GetString(container, {"imagePullPolicy"});
  if (pull != "Always" && pull != "IfNotPresent" && pull != "Never") {
    findings->NotSupported(at + ".imagePullPolicy", Quoted(pull),
                           {"Always", "IfNotPresent", "Never"});
  }
  CheckResources(container, at + ".resources", findings);
}

// Two containers cannot listen on the same port of the host.
void CheckHostPorts(const json::object& spec, const std::string& field, Findings* findings) {
  std::set<std::string> taken;
  EachObject(spec, {"containers"}, field, [&](const json::object& one, const std::string& at) {
    EachObject(one, {"ports"}, at + ".ports", [&](const json::object& port, const auto& where) {
      const std::int64_t host = GetInt(port, {"hostPort"}, 0);
      if (host == 0) return;
      const std::string text =
          fmt::format("{}/{}/{}", GetString(port, {"protocol"}), GetString(port, {"hostIP"}), host);
      if (!taken.insert(text).second) findings->Duplicate(where + ".hostPort", Quoted(text));
    });
  });
}

using Names = std::set<std::string, std::less<>>;

void CheckContainerName(std::string_view name, const std::string& field, Names* taken,
                        Findings* findings) {
  if (name.empty()) {
    findings->Required(field);
    return;
  }
  findings->All(field, name, DnsLabelComplaints(name));
  if (!taken->emplace(name).second) findings->Duplicate(field, Quoted(name));
}

}  // namespace

void CheckContainers(const json::object& spec, const std::string& field, Findings* findings) {
  Names names;
  const auto check = [&](const json::object& one, const std::string& at) {
    CheckContainerName(GetString(one, {"name"}), at + ".name", &names, findings);
    CheckContainer(spec, one, at, findings);
  };
  const json::array* containers = FindArray(spec, {"containers"});
  if (containers == nullptr || containers->empty()) {
    findings->Required(field + ".containers");
  } else {
    EachObject(spec, {"containers"}, field + ".containers", check);
    CheckHostPorts(spec, field + ".containers", findings);
  }
  EachObject(spec, {"initContainers"}, field + ".initContainers", check);
}

}  // namespace fairlead::apiserver
