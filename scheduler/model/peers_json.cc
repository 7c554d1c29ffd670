#include "scheduler/model/peers_json.h"

#include "scheduler/model/volumes_json.h"

namespace fairlead {
namespace {

void WriteSelector(const PodSelector& selector, JsonWriter* json) {
  if (selector.everywhere) json->Field("everywhere", true);
  if (selector.nobody) json->Field("nobody", true);
  json->Key("namespaces");
  WriteStrings(selector.namespaces, json);
  WriteRequirements("labels", selector.labels, json);
  if (!selector.of_namespaces.empty()) {
    WriteRequirements("of_namespaces", selector.of_namespaces, json);
  }
}

void WriteTerm(const PodTerm& term, JsonWriter* json) {
  json->Field("topology", term.topology);
  WriteSelector(term.pods, json);
}

void WriteTerms(std::string_view key, const std::vector<PodTerm>& terms, JsonWriter* json) {
  if (terms.empty()) return;
  json->Key(key).BeginArray();
  for (const PodTerm& term : terms) {
    json->BeginObject();
    WriteTerm(term, json);
    json->EndObject();
  }
  json->EndArray();
}

void WritePreferred(const std::vector<PodPreference>& preferred, JsonWriter* json) {
  if (preferred.empty()) return;
  json->Key("preferred").BeginArray();
  for (const PodPreference& preference : preferred) {
    json->BeginObject().Field("weight", std::int64_t{preference.weight});
    WriteTerm(preference.term, json);
    json->EndObject();
  }
  json->EndArray();
}

void WriteSpread(std::string_view key, const std::vector<SpreadRule>& rules, JsonWriter* json) {
  if (rules.empty()) return;
  json->Key(key).BeginArray();
  for (const SpreadRule& rule : rules) {
    json->BeginObject().Field("topology", rule.topology);
    WriteSelector(rule.pods, json);
    json->Field("max_skew", rule.max_skew);
    json->Field("min_domains", rule.min_domains);
    json->Field("only_nodes_selected", rule.only_nodes_selected);
    json->Field("only_nodes_tolerated", rule.only_nodes_tolerated).EndObject();
  }
  json->EndArray();
}

void WritePorts(const std::vector<HostPort>& ports, JsonWriter* json) {
  if (ports.empty()) return;
  json->Key("ports").BeginArray();
  for (const HostPort& port : ports) {
    json->BeginObject().Field("address", port.address).Field("protocol", port.protocol);
    json->Field("port", std::int64_t{port.port}).EndObject();
  }
  json->EndArray();
}

void WriteVolumes(const std::vector<VolumeUse>& volumes, JsonWriter* json) {
  if (volumes.empty()) return;
  json->Key("volumes").BeginArray();
  for (const VolumeUse& use : volumes) {
    json->BeginObject().Field("claim", use.claim);
    if (!use.pod_uid.empty()) json->Field("pod", use.pod).Field("pod_uid", use.pod_uid);
    json->EndObject();
  }
  json->EndArray();
}

void WritePeer(const Peer& peer, JsonWriter* json) {
  json->BeginObject().Field("ns", peer.ns).Key("labels");
  WriteLabels(peer.labels, json);
  WriteTerms("near", peer.rules.near, json);
  WriteTerms("away", peer.rules.away, json);
  WriteSpread("spread", peer.rules.spread, json);
  WritePorts(peer.rules.ports, json);
  WritePreferred(peer.rules.preferred, json);
  WriteSpread("spread_softly", peer.rules.spread_softly, json);
  WriteVolumes(peer.rules.volumes, json);
  json->EndObject();
}

}  // namespace

void WriteStrings(const std::vector<std::string>& values, JsonWriter* json) {
  json->BeginArray();
  for (const std::string& value : values) json->String(value);
  json->EndArray();
}

void WriteLabels(const Labels& labels, JsonWriter* json) {
  json->BeginObject();
  for (const auto& [key, value] : labels) json->Field(key, value);
  json->EndObject();
}

void WriteRequirements(std::string_view key, const std::vector<LabelRequirement>& requirements,
                       JsonWriter* json) {
  json->Key(key).BeginArray();
  for (const LabelRequirement& requirement : requirements) {
    json->BeginObject().Field("key", requirement.key);
    json->Field("op", static_cast<std::int64_t>(requirement.op)).Key("values");
    WriteStrings(requirement.values, json);
    json->EndObject();
  }
  json->EndArray();
}

PeerNumbers::PeerNumbers(const Snapshot& snapshot) : snapshot_(snapshot) {
  if (!snapshot.residents) return;
  for (const Resident& resident : *snapshot.residents) Number(resident.peer);
  for (const auto& gang : snapshot.waiting) {
    for (const MemberView& member : gang->members) {
      if (member.state == MemberState::kPending && member.peer) Number(member.peer);
    }
  }
}

void PeerNumbers::Number(const PeerRef& peer) {
  const bool added =
      numbers_.try_emplace(peer.get(), static_cast<std::int64_t>(peers_.size())).second;
  if (added) peers_.push_back(peer.get());
}

std::int64_t PeerNumbers::Of(const MemberView& member) const {
  if (member.state != MemberState::kPending) return -1;
  const auto it = numbers_.find(member.peer.get());
  return it == numbers_.end() ? -1 : it->second;
}

void PeerNumbers::Write(JsonWriter* json) const {
  if (!snapshot_.residents) return;
  json->Key("peers").BeginArray();
  for (const Peer* peer : peers_) {
    json->NewLine();
    WritePeer(*peer, json);
  }
  json->EndArray().Key("residents").BeginArray();
  for (const Resident& resident : *snapshot_.residents) {
    json->NewLine();
    json->BeginObject().Field("node", std::int64_t{resident.node.value()});
    json->Field("peer", numbers_.at(resident.peer.get()));
    if (resident.terminating) json->Field("terminating", true);
    json->EndObject();
  }
  json->EndArray();
  if (snapshot_.namespaces) {
    json->Key("namespaces").BeginArray();
    for (const auto& [name, labels] : *snapshot_.namespaces) {
      json->NewLine();
      json->BeginObject().Field("name", name).Key("labels");
      WriteLabels(labels, json);
      json->EndObject();
    }
    json->EndArray();
  }
  if (snapshot_.volumes) WriteVolumeTable(*snapshot_.volumes, json);
}

}  // namespace fairlead
