// core/v1 Pod from JSON.
#include "scheduler/kube/json_walk.h"
#include "scheduler/kube/translate.h"

namespace fairlead::kube {
namespace {

error_code ReadRequests(JsonPath* path, JsonValue requirements, RawList<RawPair>* out) {
  return EachMember(path, requirements, [path, out](std::string_view key, JsonValue member) {
    return key == "requests" ? ReadQuantityMap(path, member, out) : simdjson::SUCCESS;
  });
}

error_code ReadPorts(JsonPath* path, JsonValue ports, RawList<RawPort>* out) {
  return EachElement(path, ports, [=](std::int32_t, JsonValue port) {
    RawPort& to = out->emplace_back();
    return EachMember(path, port, [&to](std::string_view key, JsonValue member) {
      if (key == "hostPort") return ReadInt32(member, &to.host_port);
      if (key == "hostIP") return ReadString(member, &to.address);
      if (key == "protocol") return ReadString(member, &to.protocol);
      return simdjson::SUCCESS;
    });
  });
}

error_code ReadContainer(JsonPath* path, JsonValue value, RawPod* pod, RawContainer* out) {
  out->requests.begin = pod->quantities.size();
  out->ports.begin = pod->ports.size();
  const error_code read =
      EachMember(path, value, [=](std::string_view key, JsonValue member) -> error_code {
        if (key == "ports") return ReadPorts(path, member, &pod->ports);
        if (key == "resources") return ReadRequests(path, member, &pod->quantities);
        if (key != "restartPolicy") return simdjson::SUCCESS;
        std::string_view policy;
        const error_code e = ReadString(member, &policy);
        out->restart_always = policy == "Always";
        return e;
      });
  out->requests.end = pod->quantities.size();
  out->ports.end = pod->ports.size();
  return read;
}

error_code ReadContainers(JsonPath* path, JsonValue value, RawPod* pod,
                          RawList<RawContainer>* out) {
  return EachElement(path, value, [=](std::int32_t, JsonValue element) {
    return ReadContainer(path, element, pod, &out->emplace_back());
  });
}

error_code ReadTolerations(JsonPath* path, JsonValue value, RawList<RawToleration>* out) {
  return EachElement(path, value, [=](std::int32_t, JsonValue element) {
    RawToleration& to = out->emplace_back();
    return EachMember(path, element, [&to](std::string_view key, JsonValue member) {
      if (key == "key") return ReadString(member, &to.key);
      if (key == "operator") return ReadString(member, &to.op);
      if (key == "value") return ReadString(member, &to.value);
      if (key == "effect") return ReadString(member, &to.effect);
      return simdjson::SUCCESS;
    });
  });
}

error_code ReadVolume(JsonPath* path, JsonValue element, std::int32_t index, RawPod* out) {
  RawVolume read;
  bool has_claim = false;
  const error_code e = EachMember(path, element, [&](std::string_view key, JsonValue member) {
    for (const PlacedVolumeSource& placed : kPlacedVolumeSources) {
      if (key != placed.json_name || out->unsupported.volume >= 0) continue;
      out->unsupported.volume = index;
      out->unsupported.volume_source = placed.json_name;
    }
    if (key == "name") return ReadString(member, &read.name);
    read.ephemeral = read.ephemeral || key == "ephemeral";
    has_claim = has_claim || read.ephemeral || key == "persistentVolumeClaim";
    if (key != "persistentVolumeClaim") return simdjson::SUCCESS;
    return EachMember(path, member, [&read](std::string_view name, JsonValue value) {
      return name == "claimName" ? ReadString(value, &read.claim) : simdjson::SUCCESS;
    });
  });
  if (has_claim) out->claims.push_back(read);
  return e;
}

error_code ReadVolumes(JsonPath* path, JsonValue value, RawPod* out) {
  return EachElement(path, value, [=](std::int32_t index, JsonValue element) {
    return ReadVolume(path, element, index, out);
  });
}

// The parts of a spec that are refused.
error_code ReadRestriction(JsonPath* path, std::string_view key, JsonValue member, RawPod* out) {
  RawUnsupported* unsupported = &out->unsupported;
  if (key == "affinity") return ReadJsonAffinity(path, member, out);
  if (key == "topologySpreadConstraints") return ReadJsonSpread(path, member, out);
  if (key == "volumes") return ReadVolumes(path, member, out);
  if (key == "schedulingGates") return ReadNonEmpty(path, member, &out->gated);
  if (key == "resourceClaims") return ReadNonEmpty(path, member, &unsupported->resource_claims);
  if (key == "schedulingGroup") unsupported->scheduling_group = true;
  return simdjson::SUCCESS;
}

error_code ReadSpec(JsonPath* path, JsonValue value, RawPod* out) {
  return EachMember(path, value, [=](std::string_view key, JsonValue member) {
    if (key == "containers") {
      return ReadContainers(path, member, out, &out->containers);
    }
    if (key == "initContainers") {
      return ReadContainers(path, member, out, &out->init_containers);
    }
    if (key == "nodeSelector") return ReadStringMap(path, member, &out->node_selector);
    if (key == "serviceAccountName") return ReadString(member, &out->service_account);
    if (key == "nodeName") return ReadString(member, &out->node_name);
    if (key == "schedulerName") return ReadString(member, &out->scheduler_name);
    if (key == "tolerations") return ReadTolerations(path, member, &out->tolerations);
    if (key == "priority") return ReadInt32(member, &out->priority);
    if (key == "overhead") return ReadQuantityMap(path, member, &out->overhead);
    if (key == "resources") return ReadRequests(path, member, &out->pod_requests);
    return ReadRestriction(path, key, member, out);
  });
}

error_code ReadStatus(JsonPath* path, JsonValue value, RawPod* out) {
  return EachMember(path, value, [out](std::string_view key, JsonValue member) {
    if (key == "phase") return ReadString(member, &out->phase);
    if (key == "reason") return ReadString(member, &out->status_reason);
    return simdjson::SUCCESS;
  });
}

}  // namespace

Result<PodInfo> PodFromJson(std::string_view json, const TranslateOptions& options,
                            ObjectMeta* meta) {
  RawArena arena;
  RawPod raw(arena.memory());
  JsonText text(json);
  JsonPath path;
  const Status read = text.Walk("Pod", &path, [&](std::string_view key, JsonValue member) {
    if (key == "metadata") return ReadJsonMeta(&path, member, &raw.meta);
    if (key == "spec") return ReadSpec(&path, member, &raw);
    if (key == "status") return ReadStatus(&path, member, &raw);
    return simdjson::SUCCESS;
  });
  if (!read.ok()) return read.error();
  CopyMeta(raw.meta, meta);
  return TranslatePod(raw, options);
}

}  // namespace fairlead::kube
