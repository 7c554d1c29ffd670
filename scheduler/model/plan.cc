#include "fairlead/model/plan.h"

#include "fairlead/base/check.h"
#include "fairlead/base/json.h"

namespace fairlead {
namespace {

std::string GangName(const Snapshot& snapshot, GangId id) {
  const GangView* gang = FindGang(snapshot, id);
  FAIRLEAD_CHECK(gang != nullptr, "gang {} is not in snapshot {}", id.value(), snapshot.version);
  return gang->key.ns + "/" + gang->key.name;
}

void WriteBind(const Snapshot& snapshot, const Placement& placement, JsonWriter* json) {
  json->BeginObject();
  json->Field("gang", GangName(snapshot, placement.gang));
  json->Field("pod", std::int64_t{placement.member});
  json->Field("node", snapshot.nodes->info[placement.node.index()].name);
  json->Key("gpus").BeginArray();
  for (const std::int32_t device : MaskToDevices(placement.gpus)) json->Int(device);
  json->EndArray();
  const ShapeId shape = FindGang(snapshot, placement.gang)->members[placement.member].shape;
  if (const GpuGrant grant = GrantOf(snapshot, shape, placement.node); grant.of != 0) {
    json->Field("slices", std::int64_t{grant.slices});
    json->Field("slices_of", std::int64_t{grant.of});
  }
  json->EndObject();
}

void WriteEviction(const Snapshot& snapshot, const Eviction& eviction, JsonWriter* json) {
  json->BeginObject();
  json->Field("gang", GangName(snapshot, eviction.gang));
  json->Key("pods").BeginArray();
  for (const std::uint32_t member : eviction.members) json->Unsigned(member);
  json->EndArray();
  json->Field("reason", eviction.reason);
  // A rollback makes room for nobody in particular.
  json->Key("beneficiary").Null();
  json->EndObject();
}

}  // namespace

std::string_view ReasonName(ReasonCode code) {
  switch (code) {
    case ReasonCode::kWaitingForMembers:
      return "WaitingForMembers";
    case ReasonCode::kWaitingForCapacity:
      return "WaitingForCapacity";
    case ReasonCode::kNoMatchingNode:
      return "NoMatchingNode";
    case ReasonCode::kUnauthorized:
      return "Unauthorized";
    case ReasonCode::kUnknownQueue:
      return "UnknownQueue";
    case ReasonCode::kInvalidRequest:
      return "InvalidRequest";
    case ReasonCode::kSchedulingGated:
      return "SchedulingGated";
    case ReasonCode::kBackoff:
      return "Backoff";
    case ReasonCode::kQueueHeld:
      return "QueueHeld";
    case ReasonCode::kQueueDraining:
      return "QueueDraining";
    case ReasonCode::kQueueLimit:
      return "QueueLimit";
    case ReasonCode::kQueueCap:
      return "QueueCap";
    case ReasonCode::kUserLimit:
      return "UserLimit";
    case ReasonCode::kGangMaximum:
      return "GangMaximum";
    case ReasonCode::kReservedForGuarantee:
      return "ReservedForGuarantee";
    case ReasonCode::kQueueOrder:
      return "QueueOrder";
  }
  FAIRLEAD_CHECK(false, "reason code {}", static_cast<int>(code));
}

std::string PlanToJson(const Snapshot& snapshot, const Plan& plan) {
  JsonWriter json;
  json.BeginObject().Key("bind").BeginArray();
  for (const Placement& placement : plan.bind) WriteBind(snapshot, placement, &json);
  json.EndArray().Key("evict").BeginArray();
  for (const Eviction& eviction : plan.evict) WriteEviction(snapshot, eviction, &json);
  json.EndArray().Key("reserve").BeginArray().EndArray().Key("pending").BeginArray();
  for (const PendingGang& pending : plan.pending) {
    json.BeginObject();
    json.Field("gang", GangName(snapshot, pending.gang));
    json.Field("code", ReasonName(pending.code));
    json.Field("message", pending.message);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return json.Take() + "\n";
}

}  // namespace fairlead
