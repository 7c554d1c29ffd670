#include "scheduler/model/peers_load.h"

#include <algorithm>

#include "scheduler/model/volumes_json.h"

namespace fairlead {
namespace {

using Element = JsonFields::Element;

constexpr std::int64_t kMaxCount = std::int64_t{1} << 31;

void ReadSelector(JsonFields* fields, PodSelector* to, std::optional<Error>* error) {
  to->everywhere = fields->Has("everywhere") && fields->Bool("everywhere");
  to->nobody = fields->Has("nobody") && fields->Bool("nobody");
  to->namespaces = fields->Strings("namespaces");
  to->labels = ReadRequirements(fields, "labels", error);
  if (fields->Has("of_namespaces")) {
    to->of_namespaces = ReadRequirements(fields, "of_namespaces", error);
  }
}

PodTerm ReadTerm(JsonFields* fields, std::optional<Error>* error) {
  PodTerm term;
  term.topology = fields->String("topology");
  ReadSelector(fields, &term.pods, error);
  return term;
}

std::vector<PodTerm> ReadTerms(JsonFields* fields, std::string_view key,
                               std::optional<Error>* error) {
  std::vector<PodTerm> terms;
  if (!fields->Has(key)) return terms;
  fields->Array(key, [&](Element item) {
    JsonFields term(item, key, error);
    terms.push_back(ReadTerm(&term, error));
  });
  return terms;
}

std::vector<PodPreference> ReadPreferred(JsonFields* fields, std::optional<Error>* error) {
  std::vector<PodPreference> preferred;
  if (!fields->Has("preferred")) return preferred;
  fields->Array("preferred", [&](Element item) {
    JsonFields from(item, "preferred", error);
    const auto weight = static_cast<std::int32_t>(from.Int("weight", -100, 100));
    preferred.push_back({weight, ReadTerm(&from, error)});
  });
  return preferred;
}

std::vector<VolumeUse> ReadVolumes(JsonFields* fields, std::optional<Error>* error) {
  std::vector<VolumeUse> volumes;
  if (!fields->Has("volumes")) return volumes;
  fields->Array("volumes", [&](Element item) {
    JsonFields from(item, "volumes", error);
    VolumeUse& use = volumes.emplace_back();
    use.claim = from.String("claim");
    if (!from.Has("pod_uid")) return;
    use.pod = from.String("pod");
    use.pod_uid = from.String("pod_uid");
  });
  return volumes;
}

std::vector<SpreadRule> ReadSpread(JsonFields* fields, std::string_view key,
                                   std::optional<Error>* error) {
  std::vector<SpreadRule> rules;
  if (!fields->Has(key)) return rules;
  fields->Array(key, [&](Element item) {
    JsonFields from(item, key, error);
    SpreadRule& rule = rules.emplace_back();
    rule.topology = from.String("topology");
    ReadSelector(&from, &rule.pods, error);
    rule.max_skew = from.Int("max_skew", 1, kMaxCount);
    rule.min_domains = from.Int("min_domains", 1, kMaxCount);
    rule.only_nodes_selected = from.Bool("only_nodes_selected");
    rule.only_nodes_tolerated = from.Bool("only_nodes_tolerated");
  });
  return rules;
}

std::vector<HostPort> ReadPorts(JsonFields* fields, std::optional<Error>* error) {
  std::vector<HostPort> ports;
  if (!fields->Has("ports")) return ports;
  fields->Array("ports", [&](Element item) {
    JsonFields port(item, "ports", error);
    ports.push_back({port.String("address"), port.String("protocol"), port.Int32("port", 1)});
  });
  return ports;
}

PeerRef ReadPeer(Element element, std::optional<Error>* error) {
  JsonFields fields(element, "peers", error);
  Peer peer;
  peer.ns = fields.String("ns");
  peer.labels = ReadLabels(&fields, "labels");
  peer.rules.near = ReadTerms(&fields, "near", error);
  peer.rules.away = ReadTerms(&fields, "away", error);
  peer.rules.spread = ReadSpread(&fields, "spread", error);
  peer.rules.ports = ReadPorts(&fields, error);
  peer.rules.preferred = ReadPreferred(&fields, error);
  peer.rules.spread_softly = ReadSpread(&fields, "spread_softly", error);
  peer.rules.volumes = ReadVolumes(&fields, error);
  return std::make_shared<const Peer>(std::move(peer));
}

}  // namespace

Labels ReadLabels(JsonFields* fields, std::string_view key) {
  Labels labels;
  fields->Object(key, [&](const std::string& name, Element value) {
    labels.emplace_back(name, fields->Value<std::string_view>(value, key, "strings"));
  });
  if (!std::is_sorted(labels.begin(), labels.end())) fields->Fail(key, "keys in order");
  return labels;
}

std::vector<LabelRequirement> ReadRequirements(JsonFields* fields, std::string_view key,
                                               std::optional<Error>* error) {
  std::vector<LabelRequirement> requirements;
  fields->Array(key, [&](Element item) {
    JsonFields requirement(item, key, error);
    LabelRequirement& added = requirements.emplace_back();
    added.key = requirement.String("key");
    added.op = static_cast<RequirementOp>(requirement.Int("op", 0, 5));
    added.values = requirement.Strings("values");
  });
  return requirements;
}

NodeTerm ReadNodeTerm(JsonFields* fields, std::optional<Error>* error) {
  return {ReadRequirements(fields, "labels", error), ReadRequirements(fields, "names", error)};
}

LoadedPeers ReadPeers(JsonFields* root, std::size_t nodes, std::optional<Error>* error) {
  LoadedPeers loaded;
  if (!root->Has("peers") && !root->Has("residents")) return loaded;
  root->Array("peers", [&](Element item) { loaded.peers.push_back(ReadPeer(item, error)); });
  auto residents = std::make_shared<std::vector<Resident>>();
  root->Array("residents", [&](Element item) {
    JsonFields fields(item, "residents", error);
    Resident resident;
    resident.node = NodeId(fields.Index("node", nodes));
    const std::uint32_t peer = fields.Index("peer", loaded.peers.size());
    resident.terminating = fields.Has("terminating") && fields.Bool("terminating");
    if (!fields.ok()) return;
    resident.peer = loaded.peers[peer];
    residents->push_back(std::move(resident));
  });
  loaded.residents = std::move(residents);
  if (root->Has("namespaces")) {
    auto namespaces = std::make_shared<NamespaceLabels>();
    root->Array("namespaces", [&](Element item) {
      JsonFields fields(item, "namespaces", error);
      std::string name = fields.String("name");
      namespaces->emplace(std::move(name), ReadLabels(&fields, "labels"));
    });
    loaded.namespaces = std::move(namespaces);
  }
  if (root->Has("volumes")) loaded.volumes = ReadVolumeTable(root, error);
  return loaded;
}

}  // namespace fairlead
