// Pods: what their containers' states add up to.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "scheduler/apiserver/table.h"
#include "scheduler/apiserver/table_cells.h"

namespace fairlead::apiserver {
namespace {

// Of a pod whose node is gone; its end is not known then.
constexpr std::string_view kNodeLost = "NodeLost";

struct PodState {
  std::string reason;
  std::int64_t ready = 0;
  std::int64_t total = 0;
  std::int64_t restarts = 0;
  std::string last_restart;  // of any container; times of one form compare as text
};

std::vector<const json::object*> Objects(const json::object& object, Path path) {
  std::vector<const json::object*> list;
  const json::array* array = FindArray(object, path);
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
    if (const json::object* entry = (*array)[i].if_object()) list.push_back(entry);
  }
  return list;
}

bool HasCondition(const json::object& pod, std::string_view type, Path member,
                  std::string_view value) {
  const auto conditions = Objects(pod, {"status", "conditions"});
  return std::any_of(conditions.begin(), conditions.end(), [&](const json::object* condition) {
    return GetString(*condition, {"type"}) == type && GetString(*condition, member) == value;
  });
}

// Why a container ended: its reason, else its signal or exit code.
std::string EndText(const json::object& terminated, std::string_view prefix) {
  const std::string_view reason = GetString(terminated, {"reason"});
  if (!reason.empty()) return fmt::format("{}{}", prefix, reason);
  const std::int64_t signal = GetInt(terminated, {"signal"}, 0);
  if (signal != 0) return fmt::format("{}Signal:{}", prefix, signal);
  return fmt::format("{}ExitCode:{}", prefix, GetInt(terminated, {"exitCode"}, 0));
}

void CountRestarts(const json::object& status, PodState* state) {
  state->restarts += GetInt(status, {"restartCount"}, 0);
  const std::string_view ended = GetString(status, {"lastState", "terminated", "finishedAt"});
  state->last_restart = std::max(state->last_restart, std::string(ended));
}

bool IsSidecar(const json::object& pod, std::string_view name) {
  const auto containers = Objects(pod, {"spec", "initContainers"});
  return std::any_of(containers.begin(), containers.end(), [&](const json::object* container) {
    return GetString(*container, {"name"}) == name &&
           GetString(*container, {"restartPolicy"}) == "Always";
  });
}

// Why the pod still initializes because of this container; empty if it does not.
std::string InitReason(const json::object& status, std::size_t index, std::size_t total) {
  if (const json::object* terminated = FindObject(status, {"state", "terminated"})) {
    return GetInt(*terminated, {"exitCode"}, 0) == 0 ? "" : EndText(*terminated, "Init:");
  }
  const std::string_view waiting = GetString(status, {"state", "waiting", "reason"});
  if (!waiting.empty() && waiting != "PodInitializing") return fmt::format("Init:{}", waiting);
  return fmt::format("Init:{}/{}", index, total);
}

// True: the pod is still initializing. `sidecars`: their restarts, which go on counting after.
bool ReadInitContainers(const json::object& pod, bool current, PodState* state,
                        PodState* sidecars) {
  const auto statuses = Objects(pod, {"status", "initContainerStatuses"});
  const std::size_t total = Objects(pod, {"spec", "initContainers"}).size();
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    const json::object& status = *statuses[i];
    const bool sidecar = current && IsSidecar(pod, GetString(status, {"name"}));
    CountRestarts(status, state);
    if (sidecar) CountRestarts(status, sidecars);
    if (sidecar && FindObject(status, {"state", "terminated"}) == nullptr &&
        GetBool(status, {"started"}, false)) {
      if (GetBool(status, {"ready"}, false)) ++state->ready;
      continue;
    }
    std::string reason = InitReason(status, i, total);
    if (reason.empty()) continue;
    state->reason = std::move(reason);
    return true;
  }
  return false;
}

void ReadContainers(const json::object& pod, PodState* state) {
  bool running = false;
  const auto statuses = Objects(pod, {"status", "containerStatuses"});
  for (auto at = statuses.rbegin(); at != statuses.rend(); ++at) {
    const json::object& status = **at;
    CountRestarts(status, state);
    const std::string_view waiting = GetString(status, {"state", "waiting", "reason"});
    const json::object* terminated = FindObject(status, {"state", "terminated"});
    if (!waiting.empty()) {
      state->reason = waiting;
    } else if (terminated != nullptr) {
      state->reason = EndText(*terminated, "");
    } else if (GetBool(status, {"ready"}, false) &&
               FindObject(status, {"state", "running"}) != nullptr) {
      running = true;
      ++state->ready;
    }
  }
  if (state->reason == "Completed" && running) {
    state->reason = HasCondition(pod, "Ready", {"status"}, "True") ? "Running" : "NotReady";
  }
}

PodState StateOf(const json::object& pod, Profile profile) {
  const bool current = profile == Profile::kCurrent;
  PodState state;
  const std::string_view phase = GetString(pod, {"status", "phase"});
  const std::string_view reason = GetString(pod, {"status", "reason"});
  state.reason = reason.empty() ? phase : reason;
  state.total = static_cast<std::int64_t>(Objects(pod, {"spec", "containers"}).size());
  if (current) {
    for (const json::object* container : Objects(pod, {"spec", "initContainers"})) {
      if (GetString(*container, {"restartPolicy"}) == "Always") ++state.total;
    }
    if (HasCondition(pod, "PodScheduled", {"reason"}, "SchedulingGated")) {
      state.reason = "SchedulingGated";
    }
  }
  PodState sidecars;
  const bool initializing = ReadInitContainers(pod, current, &state, &sidecars);
  if (!initializing || (current && HasCondition(pod, "Initialized", {"status"}, "True"))) {
    state.restarts = sidecars.restarts;
    state.last_restart = sidecars.last_restart;
    ReadContainers(pod, &state);
  }
  if (Find(pod, {"metadata", "deletionTimestamp"}) != nullptr) {
    const bool ended = current && (phase == "Succeeded" || phase == "Failed");
    if (reason == kNodeLost) {
      state.reason = "Unknown";
    } else if (!ended) {
      state.reason = "Terminating";
    }
  }
  return state;
}

json::value RestartsCell(const PodState& state, const RowContext& context) {
  if (context.profile == Profile::k120) return state.restarts;
  const auto last = ParseInstant(state.last_restart);
  if (state.restarts == 0 || !last.ok()) return Str(std::to_string(state.restarts));
  return Str(fmt::format("{} ({} ago)", state.restarts, HumanDuration(context.now - *last)));
}

std::string ReadinessGates(const json::object& pod) {
  const auto gates = Objects(pod, {"spec", "readinessGates"});
  if (gates.empty()) return "<none>";
  const auto open = std::count_if(gates.begin(), gates.end(), [&](const json::object* gate) {
    return HasCondition(pod, GetString(*gate, {"conditionType"}), {"status"}, "True");
  });
  return fmt::format("{}/{}", open, gates.size());
}

json::array PodCells(const json::object& pod, const RowContext& context) {
  const PodState state = StateOf(pod, context.profile);
  const auto ips = Objects(pod, {"status", "podIPs"});
  const std::string_view ip = ips.empty() ? std::string_view() : GetString(*ips.front(), {"ip"});
  return {NameCell(pod),
          Str(fmt::format("{}/{}", state.ready, state.total)),
          Str(state.reason),
          RestartsCell(state, context),
          AgeCell(pod, context.now),
          OrNone(ip),
          OrNone(GetString(pod, {"spec", "nodeName"})),
          OrNone(GetString(pod, {"status", "nominatedNodeName"})),
          Str(ReadinessGates(pod))};
}

}  // namespace

TableKind PodTable(Profile profile) {
  const std::string count = profile == Profile::k120 ? "integer" : "string";
  return {{NameColumn(),
           {"Ready", "string", "", "How many of the containers are ready.", 0},
           {"Status", "string", "", "What the states of the containers add up to.", 0},
           {"Restarts", count, "", "How often the containers were restarted.", 0},
           AgeColumn(),
           {"IP", "string", "", "Address of the pod.", 1},
           {"Node", "string", "", "The node that the pod is bound to.", 1},
           {"Nominated Node", "string", "", "The node on which room is being made.", 1},
           {"Readiness Gates", "string", "", "How many of the readiness gates are open.", 1}},
          PodCells};
}

}  // namespace fairlead::apiserver
