// Plan: what a decision wants done, as data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fairlead/base/ids.h"
#include "fairlead/model/node_table.h"
#include "fairlead/model/snapshot.h"

namespace fairlead {

// Why a gang waits. The names are an interface: people and autoscalers read them.
enum class ReasonCode : std::uint8_t {
  kWaitingForMembers,
  kWaitingForCapacity,
  kNoMatchingNode,  // would not even fit an empty cluster
  kUnauthorized,
  kUnknownQueue,
  kInvalidRequest,
  kSchedulingGated,
  kBackoff,               // a binding failed a moment ago
  kQueueHeld,             // the queue or an ancestor is on hold
  kQueueDraining,         // the queue or an ancestor is draining
  kQueueLimit,            // would take a queue above its limit
  kQueueCap,              // the queue has as many running or waiting gangs as it may
  kUserLimit,             // would take a user above his part of the queue
  kReservedForGuarantee,  // what is free is kept for guarantees that are not lent
  kQueueOrder,            // a gang before it, which nobody may pass, waits
  kGangMaximum,           // as many members run as the gang states at most
};

std::string_view ReasonName(ReasonCode code);  // "WaitingForMembers"

struct Placement {
  GangId gang;
  std::uint32_t member = 0;  // index into GangView::members
  NodeId node;
  GpuMask gpus = 0;
  friend bool operator==(const Placement&, const Placement&) = default;
};

struct PendingGang {
  GangId gang;
  ReasonCode code = ReasonCode::kWaitingForCapacity;
  std::string message;  // one sentence, kube-scheduler's wording where it has one
  friend bool operator==(const PendingGang&, const PendingGang&) = default;
};

struct Eviction {
  GangId gang;
  std::vector<std::uint32_t> members;  // indices, ascending
  std::string reason;                  // "gang_rollback", "gang_stale"
  friend bool operator==(const Eviction&, const Eviction&) = default;
};

struct Plan {
  std::uint64_t snapshot_version = 0;
  std::vector<Placement> bind;  // grouped by gang, in the order decided
  std::vector<Eviction> evict;
  std::vector<PendingGang> pending;  // in order of GangId
  friend bool operator==(const Plan&, const Plan&) = default;
};

// {"bind":[{"gang":"ta/g1","pod":0,"node":"n-2","gpus":[0]}],"evict":[...],"reserve":[],"pending":[...]}:
// gangs as namespace/name, "pod" the member's position in the gang's order of names. Ends in a
// newline.
std::string PlanToJson(const Snapshot& snapshot, const Plan& plan);

}  // namespace fairlead
