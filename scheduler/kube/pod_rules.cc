// Rules between pods: affinity, anti-affinity, spread, ports of the host, and claims to volumes.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scheduler/kube/pod_affinity.h"

namespace fairlead::kube {
namespace {

// All that the selector asks for, up to the first that cannot be read; returns what is wrong there.
std::string ReadLabels(const RawPod& raw, const RawLabelSelector& from,
                       std::vector<LabelRequirement>* to) {
  for (std::size_t i = from.pairs.begin; i < from.pairs.end; ++i) {
    to->push_back(
        {std::string(raw.pairs[i].key), RequirementOp::kIn, {std::string(raw.pairs[i].value)}});
  }
  for (std::size_t i = from.requirements.begin; i < from.requirements.end; ++i) {
    const std::string problem =
        ReadRequirement(raw, raw.requirements[i], Comparing::kRefused, &to->emplace_back());
    if (problem.empty()) continue;
    return fmt::format("matchExpressions[{}].{}", i - from.requirements.begin, problem);
  }
  return {};
}

std::string ReadSelector(const RawPod& raw, const RawLabelSelector& from, PodSelector* to) {
  to->nobody = !from.stated;
  const std::string problem = ReadLabels(raw, from, &to->labels);
  if (problem.empty()) return {};
  to->nobody = true;
  return "labelSelector." + problem;
}

// The pod's own values of these labels, those that it has. A server that knows the field has added
// the same to the selector; a file may not.
void AddOwn(const RawPod& raw, const RawSpan& keys, RequirementOp op, PodSelector* to) {
  for (std::size_t i = keys.begin; i < keys.end; ++i) {
    const auto& labels = raw.meta.labels;
    const auto label = std::find_if(labels.begin(), labels.end(),
                                    [&](const RawPair& pair) { return pair.key == raw.texts[i]; });
    if (label == labels.end()) continue;
    to->labels.push_back({std::string(label->key), op, {std::string(label->value)}});
  }
}

std::string ReadNamespaces(const RawPod& raw, const RawPodTerm& from, PodSelector* to) {
  const RawLabelSelector& wanted = from.namespace_labels;
  const bool any = wanted.pairs.begin == wanted.pairs.end &&
                   wanted.requirements.begin == wanted.requirements.end;
  to->everywhere = wanted.stated && any;
  if (to->everywhere) return {};
  if (wanted.stated) {
    const std::string problem = ReadLabels(raw, wanted, &to->of_namespaces);
    to->nobody = to->nobody || !problem.empty();
    if (!problem.empty()) return "namespaceSelector." + problem;
    SortUnique(&to->of_namespaces);
  }
  for (std::size_t i = from.namespaces.begin; i < from.namespaces.end; ++i) {
    to->namespaces.emplace_back(raw.texts[i]);
  }
  if (to->namespaces.empty() && !wanted.stated) to->namespaces.emplace_back(raw.meta.ns);
  SortUnique(&to->namespaces);
  return {};
}

std::string ReadTerm(const RawPod& raw, const RawPodTerm& from, PodTerm* to) {
  to->topology = from.topology;
  if (to->topology.empty()) return "topologyKey: expected the name of a node label";
  if (std::string problem = ReadSelector(raw, from.pods, &to->pods); !problem.empty()) {
    return problem;
  }
  AddOwn(raw, from.match_keys, RequirementOp::kIn, &to->pods);
  AddOwn(raw, from.mismatch_keys, RequirementOp::kNotIn, &to->pods);
  SortUnique(&to->pods.labels);
  return ReadNamespaces(raw, from, &to->pods);
}

std::string ReadTerms(const RawPod& raw, const RawList<RawPodTerm>& from, std::string_view kind,
                      std::vector<PodTerm>* to) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::string problem = ReadTerm(raw, from[i], &to->emplace_back());
    if (problem.empty()) continue;
    return fmt::format("spec.affinity.{}.requiredDuringSchedulingIgnoredDuringExecution[{}].{}",
                       kind, i, problem);
  }
  return {};
}

// `sign`: of the weights.
std::string ReadPreferred(const RawPod& raw, const RawList<RawPodTerm>& from, std::string_view kind,
                          std::int32_t sign, std::vector<PodPreference>* to) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    PodPreference preference{sign * from[i].weight, {}};
    std::string problem = ReadTerm(raw, from[i], &preference.term);
    if (!problem.empty()) problem.insert(0, "podAffinityTerm.");
    if (from[i].weight < 1 || from[i].weight > 100) {
      problem = fmt::format("weight: {}, expected 1 to 100", from[i].weight);
    }
    if (problem.empty()) {
      to->push_back(std::move(preference));
      continue;
    }
    return fmt::format("spec.affinity.{}.preferredDuringSchedulingIgnoredDuringExecution[{}].{}",
                       kind, i, problem);
  }
  return {};
}

// Honor or Ignore; `out` keeps its default where nothing is stated. Returns what is wrong.
std::string ReadPolicy(std::string_view field, std::string_view text, bool* out) {
  if (text.empty()) return {};
  if (text != "Honor" && text != "Ignore") {
    return fmt::format("{}: \"{}\", expected Honor or Ignore", field, text);
  }
  *out = text == "Honor";
  return {};
}

std::string ReadSpreadRule(const RawPod& raw, const RawSpread& from, SpreadRule* to) {
  to->topology = from.topology;
  to->max_skew = from.max_skew;
  to->min_domains = std::max(1, from.min_domains);
  if (to->topology.empty()) return "topologyKey: expected the name of a node label";
  if (to->max_skew < 1) return fmt::format("maxSkew: {}, expected 1 or more", to->max_skew);
  if (from.min_domains < 0) {
    return fmt::format("minDomains: {}, expected 1 or more", from.min_domains);
  }
  std::string problem = ReadSelector(raw, from.pods, &to->pods);
  AddOwn(raw, from.match_keys, RequirementOp::kIn, &to->pods);
  SortUnique(&to->pods.labels);
  to->pods.namespaces = {std::string(raw.meta.ns)};
  if (problem.empty()) {
    problem = ReadPolicy("nodeAffinityPolicy", from.node_affinity_policy, &to->only_nodes_selected);
  }
  if (problem.empty()) {
    problem = ReadPolicy("nodeTaintsPolicy", from.node_taints_policy, &to->only_nodes_tolerated);
  }
  return problem;
}

std::string ReadSpreads(const RawPod& raw, PeerRules* to) {
  for (std::size_t i = 0; i < raw.spread.size(); ++i) {
    const bool softly = raw.spread[i].action == "ScheduleAnyway";
    std::vector<SpreadRule>& rules = softly ? to->spread_softly : to->spread;
    std::string problem = ReadSpreadRule(raw, raw.spread[i], &rules.emplace_back());
    if (!softly && raw.spread[i].action != "DoNotSchedule" && !raw.spread[i].action.empty()) {
      problem = fmt::format("whenUnsatisfiable: \"{}\", expected DoNotSchedule or ScheduleAnyway",
                            raw.spread[i].action);
    }
    if (problem.empty()) continue;
    return fmt::format("spec.topologySpreadConstraints[{}].{}", i, problem);
  }
  return {};
}

void ReadPorts(const RawPod& raw, const RawContainer& container, std::vector<HostPort>* to) {
  for (std::size_t i = container.ports.begin; i < container.ports.end; ++i) {
    const RawPort& port = raw.ports[i];
    if (port.host_port <= 0) continue;
    to->push_back({std::string(port.address.empty() ? "0.0.0.0" : port.address),
                   std::string(port.protocol.empty() ? "TCP" : port.protocol), port.host_port});
  }
}

// An ephemeral volume is a claim that is made for the pod, and named after both.
std::string ReadClaims(const RawPod& raw, std::vector<VolumeUse>* to) {
  to->reserve(raw.claims.size());
  for (const RawVolume& volume : raw.claims) {
    if (volume.ephemeral) {
      to->push_back({fmt::format("{}-{}", raw.meta.name, volume.name), std::string(raw.meta.name),
                     std::string(raw.meta.uid)});
    } else {
      to->push_back({std::string(volume.claim)});
    }
    if (!to->back().claim.empty()) continue;
    return fmt::format(
        "spec.volumes: volume \"{}\": persistentVolumeClaim.claimName: expected a name",
        volume.name);
  }
  SortUnique(to);
  return {};
}

}  // namespace

std::string ReadPeerRules(const RawPod& raw, PeerRules* rules) {
  for (const RawContainer& container : raw.containers) ReadPorts(raw, container, &rules->ports);
  // An init container that ends before the others start holds no port that another pod may want
  // while this one runs; kube-scheduler does not count it either.
  for (const RawContainer& container : raw.init_containers) {
    if (container.restart_always) ReadPorts(raw, container, &rules->ports);
  }
  SortUnique(&rules->ports);
  std::string problem = ReadTerms(raw, raw.near, "podAffinity", &rules->near);
  if (problem.empty()) problem = ReadTerms(raw, raw.away, "podAntiAffinity", &rules->away);
  if (problem.empty()) {
    problem = ReadPreferred(raw, raw.near_preferred, "podAffinity", 1, &rules->preferred);
  }
  if (problem.empty()) {
    problem = ReadPreferred(raw, raw.away_preferred, "podAntiAffinity", -1, &rules->preferred);
  }
  std::sort(rules->preferred.begin(), rules->preferred.end());
  if (problem.empty()) problem = ReadSpreads(raw, rules);
  if (problem.empty()) problem = ReadClaims(raw, &rules->volumes);
  return problem;
}

}  // namespace fairlead::kube
