#include "scheduler/model/volumes_json.h"

#include <algorithm>

#include "scheduler/model/peers_json.h"
#include "scheduler/model/peers_load.h"

namespace fairlead {
namespace {

using Element = JsonFields::Element;

void WriteClaim(const VolumeClaimInfo& claim, JsonWriter* json) {
  json->BeginObject().Field("ns", claim.ns).Field("name", claim.name);
  json->Field("owner_uid", claim.owner_uid).Field("volume", claim.volume);
  json->Field("class", claim.storage_class).Field("bound", claim.bound);
  json->Field("lost", claim.lost).Field("deleting", claim.deleting);
  json->Field("one_pod", claim.one_pod).EndObject();
}

void WriteVolume(const VolumeInfo& volume, JsonWriter* json) {
  json->BeginObject().Field("name", volume.name);
  if (volume.node_terms) {
    json->Key("node_terms").BeginArray();
    for (const NodeTerm& term : *volume.node_terms) {
      json->BeginObject();
      WriteRequirements("labels", term.labels, json);
      WriteRequirements("names", term.names, json);
      json->EndObject();
    }
    json->EndArray();
  }
  json->Key("zones").BeginArray();
  for (const auto& [label, values] : volume.zones) {
    json->BeginObject().Field("label", label).Key("values");
    WriteStrings(values, json);
    json->EndObject();
  }
  json->EndArray().Field("driver", volume.driver).Field("handle", volume.handle);
  json->Field("unsupported", volume.unsupported).EndObject();
}

void WriteCsiNode(const CsiNodeInfo& node, JsonWriter* json) {
  json->BeginObject().Field("name", node.node).Key("limits").BeginObject();
  for (const auto& [driver, count] : node.limits) json->Field(driver, count);
  json->EndObject().EndObject();
}

template <typename Map, typename Write>
void WriteAll(std::string_view key, const Map& map, Write write, JsonWriter* json) {
  json->Key(key).BeginArray();
  for (const auto& [name, info] : map) {
    json->NewLine();
    write(*info, json);
  }
  json->EndArray();
}

std::shared_ptr<const VolumeClaimInfo> ReadClaim(JsonFields* fields) {
  VolumeClaimInfo claim;
  claim.ns = fields->String("ns");
  claim.name = fields->String("name");
  claim.owner_uid = fields->String("owner_uid");
  claim.volume = fields->String("volume");
  claim.storage_class = fields->String("class");
  claim.bound = fields->Bool("bound");
  claim.lost = fields->Bool("lost");
  claim.deleting = fields->Bool("deleting");
  claim.one_pod = fields->Bool("one_pod");
  return std::make_shared<const VolumeClaimInfo>(std::move(claim));
}

std::shared_ptr<const VolumeInfo> ReadVolume(JsonFields* fields, std::optional<Error>* error) {
  VolumeInfo volume;
  volume.name = fields->String("name");
  if (fields->Has("node_terms")) {
    volume.node_terms.emplace();
    fields->Array("node_terms", [&](Element item) {
      JsonFields term(item, "node_terms", error);
      volume.node_terms->push_back(ReadNodeTerm(&term, error));
    });
  }
  fields->Array("zones", [&](Element item) {
    JsonFields zone(item, "zones", error);
    std::string label = zone.String("label");
    volume.zones.emplace_back(std::move(label), zone.Strings("values"));
  });
  volume.driver = fields->String("driver");
  volume.handle = fields->String("handle");
  volume.unsupported = fields->String("unsupported");
  return std::make_shared<const VolumeInfo>(std::move(volume));
}

std::shared_ptr<const CsiNodeInfo> ReadCsiNode(JsonFields* fields) {
  CsiNodeInfo node;
  node.node = fields->String("name");
  fields->Object("limits", [&](const std::string& driver, Element value) {
    node.limits.emplace_back(driver, fields->Value<std::int64_t>(value, "limits", "integers"));
  });
  if (!std::is_sorted(node.limits.begin(), node.limits.end())) {
    fields->Fail("limits", "drivers in order");
  }
  return std::make_shared<const CsiNodeInfo>(std::move(node));
}

}  // namespace

void WriteVolumeTable(const VolumeTable& table, JsonWriter* json) {
  json->Key("volumes").BeginObject().Field("listed", table.listed);
  WriteAll("claims", table.claims, WriteClaim, json);
  WriteAll("volumes", table.volumes, WriteVolume, json);
  const auto write_class = [](const StorageClassInfo& info, JsonWriter* out) {
    out->BeginObject().Field("name", info.name).Field("on_first_use", info.on_first_use);
    out->EndObject();
  };
  WriteAll("classes", table.classes, write_class, json);
  WriteAll("nodes", table.nodes, WriteCsiNode, json);
  json->EndObject();
}

std::shared_ptr<const VolumeTable> ReadVolumeTable(JsonFields* root, std::optional<Error>* error) {
  auto table = std::make_shared<VolumeTable>();
  JsonFields fields(root->Child("volumes"), "volumes", error);
  table->listed = fields.Bool("listed");
  fields.Array("claims", [&](Element item) {
    JsonFields from(item, "claims", error);
    const auto claim = ReadClaim(&from);
    table->claims.emplace(std::pair(claim->ns, claim->name), claim);
  });
  fields.Array("volumes", [&](Element item) {
    JsonFields from(item, "volumes", error);
    const auto volume = ReadVolume(&from, error);
    table->volumes.emplace(volume->name, volume);
  });
  fields.Array("classes", [&](Element item) {
    JsonFields from(item, "classes", error);
    StorageClassInfo info{from.String("name"), from.Bool("on_first_use")};
    table->classes.emplace(info.name, std::make_shared<const StorageClassInfo>(info));
  });
  fields.Array("nodes", [&](Element item) {
    JsonFields from(item, "nodes", error);
    const auto node = ReadCsiNode(&from);
    table->nodes.emplace(node->node, node);
  });
  return table;
}

}  // namespace fairlead
