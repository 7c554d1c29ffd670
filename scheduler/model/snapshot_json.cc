// DumpSnapshot. Derived tables (order of names, requests by id) are not written: LoadSnapshot makes
// them again, so that a dump cannot contradict itself.
#include "fairlead/base/json.h"
#include "fairlead/model/snapshot.h"
#include "scheduler/model/peers_json.h"

namespace fairlead {
namespace {

void WriteAmounts(const Amounts& amounts, JsonWriter* json) {
  json->BeginObject();
  json->Field("milli_cpu", amounts.milli_cpu);
  json->Field("memory", amounts.memory_bytes);
  json->Field("ephemeral", amounts.ephemeral_bytes);
  json->Field("pods", amounts.pods);
  json->Field("gpus", std::int64_t{amounts.gpus});
  json->Key("extended").BeginObject();
  for (const auto& [name, amount] : amounts.extended) json->Field(name, amount);
  json->EndObject().EndObject();
}

bool OfEarlierNode(const SharedGpu& a, const SharedGpu& b) { return a.node < b.node; }

void WriteNode(const Snapshot& snapshot, NodeId node, JsonWriter* json) {
  const NodeTable& table = *snapshot.nodes;
  const NodeInfo& info = table.info[node.index()];
  json->BeginObject();
  json->Field("name", info.name);
  json->Field("uid", info.uid);
  json->Field("present", bool{table.present[node.index()]});
  json->Field("unschedulable", info.unschedulable);
  json->Field("gpu_model", info.gpu_model);
  if (info.gpu_slices != 1) json->Field("gpu_slices", std::int64_t{info.gpu_slices});
  if (info.gpu_memory != 0) json->Field("gpu_memory", info.gpu_memory);
  json->Key("model");
  const ModelId model = table.model[node.index()];
  model.valid() ? json->Unsigned(model.value()) : json->Null();
  json->Key("labels");
  WriteLabels(info.labels, json);
  json->Key("taints").BeginArray();
  for (const Taint& taint : info.taints) {
    json->BeginObject();
    json->Field("key", taint.key);
    json->Field("value", taint.value);
    json->Field("effect", static_cast<std::int64_t>(taint.effect));
    json->EndObject();
  }
  json->EndArray().Key("allocatable");
  WriteAmounts(info.allocatable, json);
  json->Key("free").BeginArray();
  for (std::uint32_t r = 0; r < snapshot.usage.resources; ++r) {
    json->Int(snapshot.usage.Free(ResourceId(r), node));
  }
  json->EndArray();
  json->Key("gpu_used").Unsigned(snapshot.usage.gpu_used[node.index()]);
  json->Field("gpu_unknown", std::int64_t{snapshot.usage.gpu_unknown[node.index()]});
  const auto shared = std::equal_range(snapshot.usage.shared.begin(), snapshot.usage.shared.end(),
                                       SharedGpu{node}, OfEarlierNode);
  if (shared.first != shared.second) {
    json->Key("shared").BeginArray();
    for (auto gpu = shared.first; gpu != shared.second; ++gpu) {
      json->BeginObject().Field("device", std::int64_t{gpu->device});
      json->Field("free", std::int64_t{gpu->free});
      json->Field("class", std::int64_t{gpu->share_class});
      json->Field("milli", std::int64_t{gpu->milli}).EndObject();
    }
    json->EndArray();
  }
  json->EndObject();
}

void WriteNodeTerm(const NodeTerm& term, JsonWriter* json) {
  WriteRequirements("labels", term.labels, json);
  WriteRequirements("names", term.names, json);
}

void WriteNodeTerms(const std::vector<NodeTerm>& terms, JsonWriter* json) {
  json->Key("node_terms").BeginArray();
  for (const NodeTerm& term : terms) {
    json->BeginObject();
    WriteNodeTerm(term, json);
    json->EndObject();
  }
  json->EndArray();
}

void WriteShape(const PodShape& shape, JsonWriter* json) {
  json->BeginObject().Key("requests");
  WriteAmounts(shape.requests, json);
  json->Key("gpu_models");
  WriteStrings(shape.gpu_models, json);
  json->Key("node_selector");
  WriteLabels(shape.node_selector, json);
  json->Key("tolerations").BeginArray();
  for (const Toleration& toleration : shape.tolerations) {
    json->BeginObject();
    json->Field("key", toleration.key);
    json->Field("op", static_cast<std::int64_t>(toleration.op));
    json->Field("value", toleration.value);
    json->Key("effect");
    toleration.effect ? json->Int(static_cast<std::int64_t>(*toleration.effect)) : json->Null();
    json->EndObject();
  }
  json->EndArray();
  if (shape.node_terms) WriteNodeTerms(*shape.node_terms, json);
  if (!shape.preferred.empty()) {
    json->Key("preferred").BeginArray();
    for (const NodePreference& preference : shape.preferred) {
      json->BeginObject().Field("weight", std::int64_t{preference.weight});
      WriteNodeTerm(preference.term, json);
      json->EndObject();
    }
    json->EndArray();
  }
  if (const GpuShare& share = shape.gpu_share; share.devices > 0) {
    json->Key("gpu_share").BeginObject().Field("devices", std::int64_t{share.devices});
    json->Field("millionths", share.millionths).Field("memory", share.memory_bytes);
    json->Field("class", share.share_class).EndObject();
  }
  if (!shape.topology_required.empty()) {
    json->Field("topology_required", shape.topology_required);
  }
  if (!shape.topology_preferred.empty()) {
    json->Field("topology_preferred", shape.topology_preferred);
  }
  json->EndObject();
}

void WriteClaim(const Claim& claim, JsonWriter* json) {
  json->BeginObject();
  json->Field("ns", claim.ns);
  json->Field("tenant_label", claim.tenant_label);
  json->Field("queue", claim.queue);
  if (!claim.user.empty()) json->Field("user", claim.user);
  // Without trailing zeros: equal vectors give equal text.
  std::size_t size = claim.allocated.size();
  const auto last_is_zero = [&] {
    return size > 0 && claim.allocated.Get(ResourceId(static_cast<std::uint32_t>(size - 1))) == 0;
  };
  while (last_is_zero()) --size;
  json->Key("allocated").BeginArray();
  for (std::uint32_t r = 0; r < size; ++r) json->Int(claim.allocated.Get(ResourceId(r)));
  json->EndArray().EndObject();
}

void WriteMember(const MemberView& member, const PeerNumbers& peers, JsonWriter* json) {
  json->BeginObject();
  json->Field("pod", member.pod);
  json->Field("uid", member.uid);
  json->Key("shape").Unsigned(member.shape.value());
  json->Field("state", static_cast<std::int64_t>(member.state));
  json->Field("gated", member.gated);
  json->Field("terminating", member.terminating);
  json->Key("node");
  member.node.valid() ? json->Unsigned(member.node.value()) : json->Null();
  json->Key("gpus").Unsigned(member.gpus);
  if (member.grant.of != 0) {
    json->Field("slices", std::int64_t{member.grant.slices});
    json->Field("slices_of", std::int64_t{member.grant.of});
  }
  if (member.role != kNoRole) json->Field("role", std::int64_t{member.role});
  if (const std::int64_t peer = peers.Of(member); peer >= 0) json->Field("peer", peer);
  json->EndObject();
}

void WriteTerms(const GangTerms& terms, JsonWriter* json) {
  if (!terms.roles.empty()) {
    json->Key("roles").BeginArray();
    for (const GangRole& role : terms.roles) {
      json->BeginObject().Field("name", role.name).Field("least", role.least).EndObject();
    }
    json->EndArray();
  }
  if (terms.most) json->Field("max_member", *terms.most);
  if (terms.start_timeout) json->Field("start_timeout_ns", terms.start_timeout->ns);
  if (terms.stale_grace) json->Field("stale_grace_ns", terms.stale_grace->ns);
}

void WriteGang(const GangView& gang, const PeerNumbers& peers, JsonWriter* json) {
  json->BeginObject();
  json->Key("id").Unsigned(gang.id.value());
  json->Field("ns", gang.key.ns);
  json->Field("kind", static_cast<std::int64_t>(gang.key.kind));
  json->Field("name", gang.key.name);
  json->Field("uid", gang.key.uid);
  json->Key("claim").Unsigned(gang.claim.value());
  json->Field("min_member", gang.min_member);
  WriteTerms(gang.terms, json);
  json->Field("priority", std::int64_t{gang.priority});
  json->Field("submitted", gang.submitted.ns);
  json->Field("partial", gang.partial);
  json->Field("partial_since", gang.partial ? gang.partial_since.ns : 0);
  json->Field("not_before", gang.not_before.ns);
  json->Field("started", gang.started);
  json->Field("invalid", gang.invalid);
  json->Field("missing", gang.missing);
  json->Key("members").BeginArray();
  for (const MemberView& member : gang.members) WriteMember(member, peers, json);
  json->EndArray().EndObject();
}

// Only where something is shared: other texts stay as they were before there were shares.
void WriteKinds(const ResourceNames& names, JsonWriter* json) {
  const GpuKind plain;
  const bool all_plain = std::all_of(names.kinds.begin(), names.kinds.end(),
                                     [&](const GpuKind& kind) { return kind == plain; });
  if (!all_plain) {
    json->Key("kinds").BeginArray();
    for (const GpuKind& kind : names.kinds) {
      json->BeginObject().Field("slices", std::int64_t{kind.slices});
      json->Field("memory", kind.memory_bytes).EndObject();
    }
    json->EndArray();
  }
  if (names.share_classes.empty()) return;
  json->Key("share_classes");
  WriteStrings(names.share_classes, json);
}

}  // namespace

std::string DumpSnapshot(const Snapshot& snapshot) {
  JsonWriter json;
  json.BeginObject().Key("version").Unsigned(snapshot.version);
  json.Key("resources");
  WriteStrings(snapshot.names->resources, &json);
  json.Key("models");
  WriteStrings(snapshot.names->models, &json);
  WriteKinds(*snapshot.names, &json);
  json.Key("usage_resources").Unsigned(snapshot.usage.resources);
  json.Key("nodes").BeginArray();
  for (std::uint32_t n = 0; n < snapshot.nodes->size(); ++n) {
    json.NewLine();
    WriteNode(snapshot, NodeId(n), &json);
  }
  json.EndArray().Key("shapes").BeginArray();
  for (const auto& shape : *snapshot.shapes) {
    json.NewLine();
    WriteShape(*shape, &json);
  }
  json.EndArray().Key("claims").BeginArray();
  for (const Claim& claim : snapshot.claims) {
    json.NewLine();
    WriteClaim(claim, &json);
  }
  const PeerNumbers peers(snapshot);
  json.EndArray();
  peers.Write(&json);
  json.Key("gangs").BeginArray();
  for (const auto& chunk : snapshot.gangs) {
    for (const auto& gang : *chunk) {
      json.NewLine();
      WriteGang(*gang, peers, &json);
    }
  }
  json.EndArray().EndObject();
  return json.Take();
}

}  // namespace fairlead
