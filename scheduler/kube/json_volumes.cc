// core/v1 PersistentVolumeClaim and PersistentVolume, storage.k8s.io/v1 StorageClass and CSINode
// from JSON.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "scheduler/kube/json_walk.h"
#include "scheduler/kube/pod_affinity.h"
#include "scheduler/kube/translate.h"

namespace fairlead::kube {
namespace {

constexpr std::array<std::string_view, 4> kZoneLabels = {
    "failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
    "topology.kubernetes.io/region", "topology.kubernetes.io/zone"};

// Sources of volumes from before CSI. A node attaches a limited number of them, which it states for
// the driver that has taken their place.
constexpr std::array<std::string_view, 7> kOldSources = {
    "awsElasticBlockStore", "azureDisk",      "azureFile",    "cinder",
    "gcePersistentDisk",    "portworxVolume", "vsphereVolume"};

std::string_view Find(const RawList<RawPair>& pairs, std::string_view key) {
  std::string_view found;
  for (const RawPair& pair : pairs) {
    if (pair.key == key) found = pair.value;
  }
  return found;
}

Error WithoutName(std::string_view kind) {
  return DecodeError(fmt::format("{} without metadata.name", kind));
}

error_code ReadClaimSpec(JsonPath* path, JsonValue value, VolumeClaimInfo* out) {
  return EachMember(path, value, [=](std::string_view key, JsonValue member) -> error_code {
    std::string_view text;
    error_code e = simdjson::SUCCESS;
    if (key == "volumeName") {
      e = ReadString(member, &text);
      out->volume = text;
    } else if (key == "storageClassName") {
      e = ReadString(member, &text);
      out->storage_class = text;
    } else if (key == "accessModes") {
      return EachElement(path, member, [out](std::int32_t, JsonValue mode) {
        std::string_view name;
        const error_code read = ReadString(mode, &name);
        out->one_pod = out->one_pod || name == "ReadWriteOncePod";
        return read;
      });
    }
    return e;
  });
}

error_code ReadCsi(JsonPath* path, JsonValue value, VolumeInfo* out) {
  return EachMember(path, value, [out](std::string_view key, JsonValue member) {
    std::string_view text;
    error_code e = simdjson::SUCCESS;
    if (key == "driver") {
      e = ReadString(member, &text);
      out->driver = text;
    } else if (key == "volumeHandle") {
      e = ReadString(member, &text);
      out->handle = text;
    }
    return e;
  });
}

error_code ReadVolumeSpec(JsonPath* path, JsonValue value, VolumeInfo* out, RawPod* terms) {
  return EachMember(path, value, [=](std::string_view key, JsonValue member) {
    const bool old = std::find(kOldSources.begin(), kOldSources.end(), key) != kOldSources.end();
    if (old) out->unsupported = fmt::format("spec.{}: not supported yet", key);
    if (key == "csi") return ReadCsi(path, member, out);
    if (key != "nodeAffinity") return simdjson::SUCCESS;
    return EachMember(path, member, [=](std::string_view kind, JsonValue selector) {
      return kind == "required" ? ReadJsonNodeSelector(path, selector, terms) : simdjson::SUCCESS;
    });
  });
}

// "a__b" names two zones. Nothing where one of them has no name: then the label says nothing.
std::vector<std::string> ZonesIn(std::string_view text) {
  constexpr std::string_view kBetween = "__";
  std::vector<std::string> zones;
  while (true) {
    const std::size_t end = text.find(kBetween);
    std::string_view zone = text.substr(0, end);
    while (!zone.empty() && zone.front() == ' ') zone.remove_prefix(1);
    while (!zone.empty() && zone.back() == ' ') zone.remove_suffix(1);
    if (zone.empty()) return {};
    zones.emplace_back(zone);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + kBetween.size());
  }
  SortUnique(&zones);
  return zones;
}

void ReadZones(const RawMeta& meta, VolumeInfo* out) {
  for (const std::string_view label : kZoneLabels) {
    const std::string_view text = Find(meta.labels, label);
    if (text.empty()) continue;
    std::vector<std::string> zones = ZonesIn(text);
    if (!zones.empty()) out->zones.emplace_back(label, std::move(zones));
  }
}

error_code ReadDriver(JsonPath* path, JsonValue value, CsiNodeInfo* out) {
  std::string_view name;
  std::optional<std::int32_t> count;
  const error_code e = EachMember(path, value, [&](std::string_view key, JsonValue member) {
    if (key == "name") return ReadString(member, &name);
    if (key != "allocatable") return simdjson::SUCCESS;
    return EachMember(path, member, [&count](std::string_view field, JsonValue number) {
      return field == "count" ? ReadInt32(number, &count.emplace()) : simdjson::SUCCESS;
    });
  });
  if (count) out->limits.emplace_back(name, *count);
  return e;
}

}  // namespace

Result<VolumeClaimInfo> VolumeClaimFromJson(std::string_view json, ObjectMeta* meta) {
  RawArena arena;
  RawMeta raw(arena.memory());
  JsonText text(json);
  JsonPath path;
  VolumeClaimInfo out;
  std::string_view phase;
  const auto read =
      text.Walk("PersistentVolumeClaim", &path, [&](std::string_view key, JsonValue member) {
        if (key == "metadata") return ReadJsonMeta(&path, member, &raw);
        if (key == "spec") return ReadClaimSpec(&path, member, &out);
        if (key != "status") return simdjson::SUCCESS;
        return EachMember(&path, member, [&phase](std::string_view name, JsonValue value) {
          return name == "phase" ? ReadString(value, &phase) : simdjson::SUCCESS;
        });
      });
  if (!read.ok()) return read.error();
  if (raw.name.empty()) return WithoutName("persistentvolumeclaim");
  CopyMeta(raw, meta);
  out.ns = raw.ns;
  out.name = raw.name;
  for (const RawOwner& owner : raw.owners) {
    if (owner.controller) out.owner_uid = owner.uid;
  }
  const std::string_view old_class =
      Find(raw.annotations, "volume.beta.kubernetes.io/storage-class");
  if (!old_class.empty()) out.storage_class = old_class;
  const bool settled = !Find(raw.annotations, "pv.kubernetes.io/bind-completed").empty();
  out.bound = !out.volume.empty() && settled;
  out.lost = phase == "Lost";
  out.deleting = raw.deleting;
  return out;
}

Result<VolumeInfo> VolumeFromJson(std::string_view json, ObjectMeta* meta) {
  RawArena arena;
  RawPod raw(arena.memory());  // for its metadata and node terms
  JsonText text(json);
  JsonPath path;
  VolumeInfo out;
  const auto read =
      text.Walk("PersistentVolume", &path, [&](std::string_view key, JsonValue member) {
        if (key == "metadata") return ReadJsonMeta(&path, member, &raw.meta);
        if (key == "spec") return ReadVolumeSpec(&path, member, &out, &raw);
        return simdjson::SUCCESS;
      });
  if (!read.ok()) return read.error();
  if (raw.meta.name.empty()) return WithoutName("persistentvolume");
  CopyMeta(raw.meta, meta);
  out.name = raw.meta.name;
  ReadZones(raw.meta, &out);
  if (!raw.node_affinity) return out;
  const std::string problem = ReadNodeTerms(raw, &out.node_terms.emplace());
  if (!problem.empty()) out.unsupported = "spec.nodeAffinity.required." + problem;
  return out;
}

Result<StorageClassInfo> StorageClassFromJson(std::string_view json, ObjectMeta* meta) {
  RawArena arena;
  RawMeta raw(arena.memory());
  JsonText text(json);
  JsonPath path;
  std::string_view mode;
  const auto read = text.Walk("StorageClass", &path, [&](std::string_view key, JsonValue member) {
    if (key == "metadata") return ReadJsonMeta(&path, member, &raw);
    return key == "volumeBindingMode" ? ReadString(member, &mode) : simdjson::SUCCESS;
  });
  if (!read.ok()) return read.error();
  if (raw.name.empty()) return WithoutName("storageclass");
  CopyMeta(raw, meta);
  return StorageClassInfo{std::string(raw.name), mode == "WaitForFirstConsumer"};
}

Result<CsiNodeInfo> CsiNodeFromJson(std::string_view json, ObjectMeta* meta) {
  RawArena arena;
  RawMeta raw(arena.memory());
  JsonText text(json);
  JsonPath path;
  CsiNodeInfo out;
  const auto read = text.Walk("CSINode", &path, [&](std::string_view key, JsonValue member) {
    if (key == "metadata") return ReadJsonMeta(&path, member, &raw);
    if (key != "spec") return simdjson::SUCCESS;
    return EachMember(&path, member, [&](std::string_view name, JsonValue drivers) {
      if (name != "drivers") return simdjson::SUCCESS;
      return EachElement(&path, drivers, [&](std::int32_t, JsonValue driver) {
        return ReadDriver(&path, driver, &out);
      });
    });
  });
  if (!read.ok()) return read.error();
  if (raw.name.empty()) return WithoutName("csinode");
  CopyMeta(raw, meta);
  out.node = raw.name;
  std::sort(out.limits.begin(), out.limits.end());
  return out;
}

}  // namespace fairlead::kube
