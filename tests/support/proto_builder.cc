#include "tests/support/proto_builder.h"

#include <array>

#include "fairlead/base/json.h"

namespace fairlead::testing {
namespace {

struct SourceField {
  std::string_view name;
  std::uint32_t field;
};
// Of core/v1 VolumeSource.
constexpr std::array<SourceField, 16> kSources = {{
    {"hostPath", 1},
    {"emptyDir", 2},
    {"gcePersistentDisk", 3},
    {"awsElasticBlockStore", 4},
    {"secret", 6},
    {"nfs", 7},
    {"iscsi", 8},
    {"persistentVolumeClaim", 10},
    {"rbd", 11},
    {"cinder", 13},
    {"downwardAPI", 16},
    {"configMap", 19},
    {"vsphereVolume", 20},
    {"azureDisk", 22},
    {"projected", 26},
    {"ephemeral", 29},
}};

std::uint32_t SourceFieldOf(std::string_view name) {
  for (const SourceField& source : kSources) {
    if (source.name == name) return source.field;
  }
  return 7;
}

Proto MetaProto(const PodSpec& pod) {
  Proto meta;
  meta.Text(1, pod.name).Text(3, pod.ns).Text(5, pod.uid).Text(6, pod.resource_version);
  meta.Message(8, Proto().Int(1, pod.created_seconds).Int(2, 0));
  if (pod.deleting) meta.Message(9, Proto().Int(1, pod.created_seconds + 5));
  for (const auto& [key, value] : pod.labels) meta.Entry(11, key, value);
  for (const auto& [key, value] : pod.annotations) meta.Entry(12, key, value);
  for (const OwnerSpec& owner : pod.owners) {
    meta.Message(13, Proto()
                         .Text(1, owner.kind)
                         .Text(3, owner.name)
                         .Text(4, owner.uid)
                         .Text(5, owner.api_version)
                         .Bool(6, owner.controller));
  }
  return meta;
}

Proto RequestsProto(const Pairs& requests) {
  Proto out;
  for (const auto& [key, value] : requests) out.Quantity(1, key, "999");  // limits: never read
  for (const auto& [key, value] : requests) out.Quantity(2, key, value);
  return out;
}

Proto ContainerProto(const ContainerSpec& container) {
  Proto out;
  out.Text(1, "c").Text(2, "image");
  out.Message(6, Proto().Text(1, "plain").Int(2, 0).Int(3, 80));
  if (container.host_port > 0) {
    Proto port;
    port.Int(2, container.host_port).Int(3, 80);
    if (!container.protocol.empty()) port.Text(4, container.protocol);
    if (!container.host_address.empty()) port.Text(5, container.host_address);
    out.Message(6, port);
  }
  out.Message(8, RequestsProto(container.requests));
  if (container.sidecar) out.Text(24, "Always");
  return out;
}

Proto RequirementProto(const RequirementSpec& requirement) {
  Proto out;
  out.Text(1, requirement.key).Text(2, requirement.op);
  for (const std::string& value : requirement.values) out.Text(3, value);
  return out;
}

Proto NodeTermProto(const NodeTermSpec& term) {
  Proto out;
  for (const RequirementSpec& label : term.expressions) out.Message(1, RequirementProto(label));
  for (const RequirementSpec& field : term.fields) out.Message(2, RequirementProto(field));
  return out;
}

// A node selector.
Proto NodeTermsProto(const std::vector<NodeTermSpec>& terms) {
  Proto out;
  for (const NodeTermSpec& term : terms) out.Message(1, NodeTermProto(term));
  return out;
}

Proto LabelSelectorProto(const LabelSelectorSpec& selector) {
  Proto out;
  for (const auto& [key, value] : selector.labels) out.Entry(1, key, value);
  for (const auto& requirement : selector.expressions) {
    out.Message(2, RequirementProto(requirement));
  }
  return out;
}

Proto PodTermProto(const PodTermSpec& term) {
  Proto out;
  if (term.pods) out.Message(1, LabelSelectorProto(*term.pods));
  for (const std::string& ns : term.namespaces) out.Text(2, ns);
  out.Text(3, term.topology);
  if (term.namespace_labels) out.Message(4, LabelSelectorProto(*term.namespace_labels));
  for (const std::string& key : term.match_keys) out.Text(5, key);
  for (const std::string& key : term.mismatch_keys) out.Text(6, key);
  return out;
}

Proto PodTermsProto(const std::vector<PodTermSpec>& terms,
                    const std::vector<std::pair<int, PodTermSpec>>& preferred) {
  Proto out;
  for (const PodTermSpec& term : terms) out.Message(1, PodTermProto(term));
  for (const auto& [weight, term] : preferred) {
    out.Message(2, Proto().Int(1, weight).Message(2, PodTermProto(term)));
  }
  return out;
}

Proto SpreadProto(const SpreadSpec& spread) {
  Proto out;
  out.Int(1, spread.max_skew).Text(2, spread.topology).Text(3, spread.action);
  if (spread.pods) out.Message(4, LabelSelectorProto(*spread.pods));
  if (spread.min_domains > 0) out.Int(5, spread.min_domains);
  if (!spread.affinity_policy.empty()) out.Text(6, spread.affinity_policy);
  if (!spread.taints_policy.empty()) out.Text(7, spread.taints_policy);
  for (const std::string& key : spread.match_keys) out.Text(8, key);
  return out;
}

Proto AffinityProto(const PodSpec& pod) {
  Proto out;
  const auto add = [&](std::uint32_t field, bool stated, const Proto& terms) {
    if (stated) out.Message(field, terms);
  };
  Proto nodes;
  if (pod.node_terms) nodes.Message(1, NodeTermsProto(*pod.node_terms));
  for (const auto& [weight, term] : pod.preferred_nodes) {
    nodes.Message(2, Proto().Int(1, weight).Message(2, NodeTermProto(term)));
  }
  add(1, pod.node_terms.has_value() || !pod.preferred_nodes.empty(), nodes);
  add(2, !pod.near.empty() || !pod.near_preferred.empty(),
      PodTermsProto(pod.near, pod.near_preferred));
  add(3, !pod.away.empty() || !pod.away_preferred.empty(),
      PodTermsProto(pod.away, pod.away_preferred));
  return out;
}

void AddRestrictions(const PodSpec& pod, Proto* spec) {
  spec->Message(18, AffinityProto(pod));
  for (const SpreadSpec& spread : pod.spread) spec->Message(33, SpreadProto(spread));
  for (const std::string& gate : pod.gates) spec->Message(38, Proto().Text(1, gate));
  if (pod.resource_claims) spec->Message(39, Proto().Text(1, "claim"));
  if (pod.scheduling_group) spec->Message(43, Proto().Text(1, "group"));
}

Proto SpecProto(const PodSpec& pod) {
  Proto spec;
  for (const std::string& source : pod.volume_sources) {
    spec.Message(1, Proto().Text(1, "v").Message(2, Proto().Message(SourceFieldOf(source), {})));
  }
  for (const std::string& claim : pod.claims) {
    const bool ephemeral = claim.front() == '+';
    const Proto source =
        ephemeral ? Proto().Message(29, {}) : Proto().Message(10, Proto().Text(1, claim));
    spec.Message(1, Proto().Text(1, ephemeral ? claim.substr(1) : "v").Message(2, source));
  }
  for (const ContainerSpec& container : pod.containers) {
    spec.Message(2, ContainerProto(container));
  }
  for (const auto& [key, value] : pod.node_selector) spec.Entry(7, key, value);
  spec.Text(8, pod.service_account).Text(10, pod.node_name).Text(19, pod.scheduler_name);
  for (const ContainerSpec& container : pod.init_containers) {
    spec.Message(20, ContainerProto(container));
  }
  for (const auto& t : pod.tolerations) {
    spec.Message(22, Proto().Text(1, t[0]).Text(2, t[1]).Text(3, t[2]).Text(4, t[3]));
  }
  spec.Int(25, pod.priority);
  for (const auto& [key, value] : pod.overhead) spec.Quantity(32, key, value);
  AddRestrictions(pod, &spec);
  if (!pod.pod_requests.empty()) spec.Message(40, RequestsProto(pod.pod_requests));
  return spec;
}

void WriteMap(JsonWriter* out, std::string_view key, const Pairs& pairs) {
  out->Key(key).BeginObject();
  for (const auto& [name, value] : pairs) out->Field(name, std::string_view(value));
  out->EndObject();
}

void WriteContainers(JsonWriter* out, std::string_view key,
                     const std::vector<ContainerSpec>& containers) {
  out->Key(key).BeginArray();
  for (const ContainerSpec& container : containers) {
    out->BeginObject().Field("name", "c").Key("ports").BeginArray();
    out->BeginObject().Field("containerPort", std::int64_t{80}).EndObject();
    if (container.host_port > 0) {
      out->BeginObject().Field("hostPort", std::int64_t{container.host_port});
      if (!container.protocol.empty()) out->Field("protocol", container.protocol);
      if (!container.host_address.empty()) out->Field("hostIP", container.host_address);
      out->EndObject();
    }
    out->EndArray().Key("resources").BeginObject();
    Pairs limits = container.requests;
    for (auto& [name, value] : limits) value = "999";
    WriteMap(out, "limits", limits);
    WriteMap(out, "requests", container.requests);
    out->EndObject();
    if (container.sidecar) out->Field("restartPolicy", "Always");
    out->EndObject();
  }
  out->EndArray();
}

void WriteRequirements(std::string_view key, const std::vector<RequirementSpec>& requirements,
                       JsonWriter* out) {
  out->Key(key).BeginArray();
  for (const RequirementSpec& requirement : requirements) {
    out->BeginObject().Field("key", requirement.key).Field("operator", requirement.op);
    out->Key("values").BeginArray();
    for (const std::string& value : requirement.values) out->String(value);
    out->EndArray().EndObject();
  }
  out->EndArray();
}

void WriteNodeTerm(JsonWriter* out, const NodeTermSpec& term) {
  out->BeginObject();
  WriteRequirements("matchExpressions", term.expressions, out);
  WriteRequirements("matchFields", term.fields, out);
  out->EndObject();
}

void WriteNodeTerms(JsonWriter* out, const std::vector<NodeTermSpec>& terms) {
  out->BeginObject().Key("nodeSelectorTerms").BeginArray();
  for (const NodeTermSpec& term : terms) WriteNodeTerm(out, term);
  out->EndArray().EndObject();
}

void WriteTexts(std::string_view key, const std::vector<std::string>& texts, JsonWriter* out) {
  if (texts.empty()) return;
  out->Key(key).BeginArray();
  for (const std::string& text : texts) out->String(text);
  out->EndArray();
}

void WriteLabelSelector(std::string_view key, const std::optional<LabelSelectorSpec>& selector,
                        JsonWriter* out) {
  if (!selector) return;
  out->Key(key).BeginObject();
  WriteMap(out, "matchLabels", selector->labels);
  WriteRequirements("matchExpressions", selector->expressions, out);
  out->EndObject();
}

void WritePodTerm(JsonWriter* out, const PodTermSpec& term) {
  out->BeginObject().Field("topologyKey", term.topology);
  WriteLabelSelector("labelSelector", term.pods, out);
  WriteLabelSelector("namespaceSelector", term.namespace_labels, out);
  WriteTexts("namespaces", term.namespaces, out);
  WriteTexts("matchLabelKeys", term.match_keys, out);
  WriteTexts("mismatchLabelKeys", term.mismatch_keys, out);
  out->EndObject();
}

void WriteSpread(JsonWriter* out, const std::vector<SpreadSpec>& spreads) {
  out->Key("topologySpreadConstraints").BeginArray();
  for (const SpreadSpec& spread : spreads) {
    out->BeginObject().Field("maxSkew", spread.max_skew).Field("topologyKey", spread.topology);
    out->Field("whenUnsatisfiable", spread.action);
    if (spread.min_domains > 0) out->Field("minDomains", spread.min_domains);
    WriteLabelSelector("labelSelector", spread.pods, out);
    if (!spread.affinity_policy.empty()) out->Field("nodeAffinityPolicy", spread.affinity_policy);
    if (!spread.taints_policy.empty()) out->Field("nodeTaintsPolicy", spread.taints_policy);
    WriteTexts("matchLabelKeys", spread.match_keys, out);
    out->EndObject();
  }
  out->EndArray();
}

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";

void WritePodAffinity(JsonWriter* out, const std::vector<PodTermSpec>& terms,
                      const std::vector<std::pair<int, PodTermSpec>>& preferred) {
  out->BeginObject().Key(kRequired).BeginArray();
  for (const PodTermSpec& term : terms) WritePodTerm(out, term);
  out->EndArray().Key(kPreferred).BeginArray();
  for (const auto& [weight, term] : preferred) {
    out->BeginObject().Field("weight", std::int64_t{weight}).Key("podAffinityTerm");
    WritePodTerm(out, term);
    out->EndObject();
  }
  out->EndArray().EndObject();
}

void WriteAffinity(JsonWriter* out, const PodSpec& pod) {
  out->Key("affinity").BeginObject().Key("nodeAffinity").BeginObject();
  if (pod.node_terms) {
    out->Key(kRequired);
    WriteNodeTerms(out, *pod.node_terms);
  }
  if (!pod.preferred_nodes.empty()) {
    out->Key(kPreferred).BeginArray();
    for (const auto& [weight, term] : pod.preferred_nodes) {
      out->BeginObject().Field("weight", std::int64_t{weight}).Key("preference");
      WriteNodeTerm(out, term);
      out->EndObject();
    }
    out->EndArray();
  }
  out->EndObject().Key("podAffinity");
  WritePodAffinity(out, pod.near, pod.near_preferred);
  out->Key("podAntiAffinity");
  WritePodAffinity(out, pod.away, pod.away_preferred);
  out->EndObject();
}

// An array of objects with one member each.
void WriteNamed(JsonWriter* out, std::string_view key, std::string_view member,
                const std::vector<std::string>& values) {
  out->Key(key).BeginArray();
  for (const std::string& value : values) {
    out->BeginObject().Field(member, std::string_view(value)).EndObject();
  }
  out->EndArray();
}

void WriteRestrictions(JsonWriter* out, const PodSpec& pod) {
  WriteAffinity(out, pod);
  WriteSpread(out, pod.spread);
  WriteNamed(out, "schedulingGates", "name", pod.gates);
  if (pod.resource_claims) WriteNamed(out, "resourceClaims", "name", {"claim"});
  if (pod.scheduling_group) {
    out->Key("schedulingGroup").BeginObject().Field("podGroupName", "group").EndObject();
  }
  out->Key("volumes").BeginArray();
  for (const std::string& source : pod.volume_sources) {
    out->BeginObject().Field("name", "v").Key(source).BeginObject().EndObject().EndObject();
  }
  for (const std::string& claim : pod.claims) {
    const bool ephemeral = claim.front() == '+';
    out->BeginObject().Key(ephemeral ? "ephemeral" : "persistentVolumeClaim").BeginObject();
    if (!ephemeral) out->Field("claimName", claim);
    out->EndObject().Field("name", ephemeral ? claim.substr(1) : "v").EndObject();
  }
  out->EndArray();
}

void WriteMeta(JsonWriter* out, const PodSpec& pod) {
  out->Key("metadata").BeginObject();
  out->Field("namespace", std::string_view(pod.ns)).Field("name", std::string_view(pod.name));
  out->Field("uid", std::string_view(pod.uid));
  out->Field("resourceVersion", std::string_view(pod.resource_version));
  out->Field("creationTimestamp", std::string_view(pod.created_text));
  if (pod.deleting) out->Field("deletionTimestamp", "2026-01-01T00:00:05Z");
  WriteMap(out, "labels", pod.labels);
  WriteMap(out, "annotations", pod.annotations);
  out->Key("ownerReferences").BeginArray();
  for (const OwnerSpec& owner : pod.owners) {
    out->BeginObject().Field("apiVersion", std::string_view(owner.api_version));
    out->Field("kind", std::string_view(owner.kind));
    out->Field("name", std::string_view(owner.name)).Field("uid", std::string_view(owner.uid));
    out->Field("controller", owner.controller).EndObject();
  }
  out->EndArray().EndObject();
}

void WriteSpec(JsonWriter* out, const PodSpec& pod) {
  out->Key("spec").BeginObject();
  WriteContainers(out, "containers", pod.containers);
  WriteContainers(out, "initContainers", pod.init_containers);
  WriteMap(out, "nodeSelector", pod.node_selector);
  WriteMap(out, "overhead", pod.overhead);
  out->Key("resources").BeginObject();
  WriteMap(out, "requests", pod.pod_requests);
  out->EndObject().Key("tolerations").BeginArray();
  for (const auto& t : pod.tolerations) {
    out->BeginObject().Field("key", std::string_view(t[0]));
    out->Field("operator", std::string_view(t[1])).Field("value", std::string_view(t[2]));
    out->Field("effect", std::string_view(t[3])).EndObject();
  }
  out->EndArray();
  out->Field("schedulerName", std::string_view(pod.scheduler_name));
  out->Field("nodeName", std::string_view(pod.node_name));
  out->Field("serviceAccountName", std::string_view(pod.service_account));
  out->Field("priority", std::int64_t{pod.priority});
  WriteRestrictions(out, pod);
  out->EndObject();
}

}  // namespace

std::string ToProto(const PodSpec& pod) {
  return Proto()
      .Message(1, MetaProto(pod))
      .Message(2, SpecProto(pod))
      .Message(3, Proto().Text(1, pod.phase).Text(4, pod.reason))
      .bytes();
}

std::string ToJson(const PodSpec& pod) {
  JsonWriter out;
  out.BeginObject().Field("kind", "Pod").Field("apiVersion", "v1");
  WriteMeta(&out, pod);
  WriteSpec(&out, pod);
  out.Key("status").BeginObject().Field("phase", std::string_view(pod.phase));
  out.Field("reason", std::string_view(pod.reason)).EndObject().EndObject();
  return out.Take();
}

}  // namespace fairlead::testing
