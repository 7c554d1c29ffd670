#include "scheduler/apiserver/kubelet_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "scheduler/apiserver/controllers_work.h"

namespace fairlead::apiserver {
namespace {

constexpr std::int64_t kGib = std::int64_t{1} << 30;
constexpr int kEphemeralGib = 3500;
constexpr std::string_view kProbe = "lastProbeTime";
constexpr std::string_view kHeartbeat = "lastHeartbeatTime";

struct Pressure {
  std::string_view type, reason, message;
};
constexpr std::array<Pressure, 3> kPressures = {{
    {"MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"},
    {"DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"},
    {"PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"},
}};

json::object AmountsText(const SimNode& node) {
  json::object amounts;
  amounts["cpu"] = std::to_string(node.cpu);
  amounts["memory"] = fmt::format("{}Gi", node.memory_gib);
  amounts["ephemeral-storage"] = fmt::format("{}Gi", kEphemeralGib);
  amounts["pods"] = std::to_string(node.pods);
  if (node.gpus > 0) At(&amounts, {kGpuResource}) = std::to_string(node.gpus * node.gpu_slices);
  return amounts;
}

json::object Labels(const SimNode& node) {
  json::object labels;
  labels["kubernetes.io/arch"] = "amd64";
  labels["kubernetes.io/os"] = "linux";
  labels["kubernetes.io/hostname"] = node.name;
  if (node.gpus > 0) {
    labels["nvidia.com/gpu.product"] = node.gpu_model;
    labels["nvidia.com/gpu.count"] = std::to_string(node.gpus);
  }
  if (node.gpus > 0 && node.gpu_slices > 1) {
    labels["nvidia.com/gpu.replicas"] = std::to_string(node.gpu_slices);
  }
  for (const auto& [key, value] : node.labels) labels[key] = value;
  return labels;
}

json::object Address(std::string_view type, std::string_view address) {
  json::object entry;
  entry["type"] = Str(type);
  entry["address"] = Str(address);
  return entry;
}

json::object Taint(std::string_view key, std::string_view value, std::string_view effect) {
  json::object taint;
  taint["key"] = Str(key);
  if (!value.empty()) taint["value"] = Str(value);
  taint["effect"] = Str(effect);
  return taint;
}

json::object RunningState(const RunFacts& facts) {
  json::object state;
  At(&state, {"running", "startedAt"}) = StampText(facts.started_at);
  return state;
}

json::object TerminatedState(const RunFacts& facts, const EndFacts& end, Instant now) {
  json::object state;
  json::object& terminated = ObjectAt(&state, {"terminated"});
  terminated["exitCode"] = end.exit_code;
  terminated["reason"] = Str(end.reason);
  terminated["startedAt"] = StampText(facts.started_at);
  terminated["finishedAt"] = StampText(now);
  return state;
}

struct ContainerState {
  json::object state, last_state;
  bool ready = false;
  int restarts = 0;
};

json::object ContainerStatus(const json::object& container, const ContainerState& state) {
  json::object status;
  status["name"] = Str(GetString(container, {"name"}));
  status["image"] = Str(GetString(container, {"image"}));
  status["imageID"] = "";
  status["ready"] = state.ready;
  status["started"] = state.ready;
  status["restartCount"] = state.restarts;
  status["state"] = state.state;
  status["lastState"] = state.last_state;
  return status;
}

// Statuses of all containers; init containers have completed, unless they keep running.
void WriteContainers(json::object* pod, const ContainerState& state, const RunFacts& facts,
                     Instant now) {
  const ContainerState done{
      .state = TerminatedState(facts, {}, now), .last_state = {}, .ready = true};
  for (const auto& [specs, statuses] :
       {std::pair<std::string_view, std::string_view>{"initContainers", "initContainerStatuses"},
        {"containers", "containerStatuses"}}) {
    const json::array* containers = FindArray(*pod, {"spec", specs});
    if (containers == nullptr) continue;
    json::array list;
    for (const json::value& entry : *containers) {
      const json::object* container = entry.if_object();
      if (container == nullptr) continue;
      const bool lasts =
          specs == "containers" || GetString(*container, {"restartPolicy"}) == "Always";
      list.push_back(ContainerStatus(*container, lasts ? state : done));
    }
    At(pod, {"status", statuses}) = std::move(list);
  }
}

std::string ContainerNames(const json::object& pod) {
  std::string names;
  const json::array* containers = FindArray(pod, {"spec", "containers"});
  if (containers == nullptr) return names;
  for (const json::value& entry : *containers) {
    const json::object* container = entry.if_object();
    if (container == nullptr) continue;
    names += (names.empty() ? "" : " ") + std::string(GetString(*container, {"name"}));
  }
  return names;
}

void WriteReadiness(json::object* pod, const Condition& readiness, Instant now) {
  for (const std::string_view type : {"Ready", "ContainersReady"}) {
    Condition condition = readiness;
    condition.type = type;
    PutCondition(pod, condition, "", now);
    for (json::value& entry : ArrayAt(pod, {"status", "conditions"})) {
      json::object* fields = entry.if_object();
      if (fields != nullptr && !fields->contains("lastProbeTime")) At(fields, {kProbe}) = nullptr;
    }
  }
}

void WriteNotReady(json::object* pod, Instant now) {
  const std::string message =
      fmt::format("containers with unready status: [{}]", ContainerNames(*pod));
  WriteReadiness(
      pod, {.type = "", .status = "False", .reason = "ContainersNotReady", .message = message},
      now);
}

}  // namespace

Amounts AllocatableOf(const SimNode& node) {
  Amounts amounts = {{"cpu", std::int64_t{node.cpu} * 1000},
                     {"memory", node.memory_gib * kGib * 1000},
                     {"ephemeral-storage", kEphemeralGib * kGib * 1000},
                     {"pods", std::int64_t{node.pods} * 1000}};
  if (node.gpus > 0) {
    amounts[std::string(kGpuResource)] = std::int64_t{node.gpus} * node.gpu_slices * 1000;
  }
  return amounts;
}

json::object NodeObject(const SimNode& node, std::string_view ip, Instant now) {
  json::object object;
  object["apiVersion"] = "v1";
  object["kind"] = "Node";
  At(&object, {"metadata", "name"}) = node.name;
  At(&object, {"metadata", "labels"}) = Labels(node);
  for (const SimTaint& taint : node.taints) {
    ArrayAt(&object, {"spec", "taints"}).push_back(Taint(taint.key, taint.value, taint.effect));
  }
  object["status"] = json::object();
  At(&object, {"status", "capacity"}) = AmountsText(node);
  At(&object, {"status", "allocatable"}) = AmountsText(node);
  WriteNodeReady(&object, now);
  json::array& addresses = ArrayAt(&object, {"status", "addresses"});
  addresses.push_back(Address("InternalIP", ip));
  addresses.push_back(Address("Hostname", node.name));
  json::object& about = ObjectAt(&object, {"status", "nodeInfo"});
  for (const auto& [field, value] :
       {std::pair<std::string_view, std::string_view>{"architecture", "amd64"},
        {"bootID", ""},
        {"containerRuntimeVersion", "simulated://1"},
        {"kernelVersion", "simulated"},
        {"kubeProxyVersion", "v1.20.2-simulated"},
        {"kubeletVersion", "v1.20.2-simulated"},
        {"machineID", ""},
        {"operatingSystem", "linux"},
        {"osImage", "simulated"},
        {"systemUUID", ""}}) {
    At(&about, {field}) = Str(value);
  }
  return object;
}

json::object LeaseObject(std::string_view node_name, Instant now) {
  json::object lease;
  lease["apiVersion"] = "coordination.k8s.io/v1";
  lease["kind"] = "Lease";
  At(&lease, {"metadata", "name"}) = Str(node_name);
  At(&lease, {"metadata", "namespace"}) = Str(kLeaseNamespace);
  At(&lease, {"spec", "holderIdentity"}) = Str(node_name);
  At(&lease, {"spec", "leaseDurationSeconds"}) = 40;
  At(&lease, {"spec", "renewTime"}) = MicroTimeText(now);
  return lease;
}

void WriteNodeReady(json::object* node, Instant now) {
  for (const auto& [type, reason, message] : kPressures) {
    PutCondition(node, {.type = type, .status = "False", .reason = reason, .message = message},
                 kHeartbeat, now);
  }
  PutCondition(node,
               {.type = "Ready",
                .status = "True",
                .reason = "KubeletReady",
                .message = "kubelet is posting ready status"},
               kHeartbeat, now);
  const json::array* taints = FindArray(*node, {"spec", "taints"});
  if (taints == nullptr) return;
  json::array kept;
  for (const json::value& taint : *taints) {
    const json::object* fields = taint.if_object();
    if (fields != nullptr && GetString(*fields, {"key"}) != kUnreachableTaint) {
      kept.push_back(taint);
    }
  }
  if (kept.empty()) {
    Erase(node, {"spec", "taints"});
  } else {
    At(node, {"spec", "taints"}) = std::move(kept);
  }
}

void WriteNodeUnreachable(json::object* node, Instant now) {
  for (const std::string_view type : {"MemoryPressure", "DiskPressure", "PIDPressure", "Ready"}) {
    PutCondition(node,
                 {.type = type,
                  .status = "Unknown",
                  .reason = "NodeStatusUnknown",
                  .message = "Kubelet stopped posting node status."},
                 "", now);
  }
  for (const std::string_view effect : {"NoSchedule", "NoExecute"}) {
    json::object taint = Taint(kUnreachableTaint, "", effect);
    taint["timeAdded"] = StampText(now);
    ArrayAt(node, {"spec", "taints"}).push_back(std::move(taint));
  }
}

void WriteStarting(json::object* pod, const RunFacts& facts, Instant now) {
  At(pod, {"status", "startTime"}) = StampText(now);
  At(pod, {"status", "hostIP"}) = facts.host_ip;
  PutCondition(pod, {.type = "Initialized", .status = "True"}, "", now);
  WriteNotReady(pod, now);
  json::object waiting;
  At(&waiting, {"waiting", "reason"}) = "ContainerCreating";
  WriteContainers(pod,
                  {.state = waiting, .last_state = {}, .ready = false, .restarts = facts.restarts},
                  facts, now);
}

void WriteRunning(json::object* pod, const RunFacts& facts, Instant now) {
  At(pod, {"status", "phase"}) = "Running";
  if (GetString(*pod, {"status", "startTime"}).empty()) {
    At(pod, {"status", "startTime"}) = StampText(now);
  }
  At(pod, {"status", "hostIP"}) = facts.host_ip;
  At(pod, {"status", "podIP"}) = facts.pod_ip;
  json::object ip;
  ip["ip"] = facts.pod_ip;
  ArrayAt(pod, {"status", "podIPs"}) = {std::move(ip)};
  PutCondition(pod, {.type = "Initialized", .status = "True"}, "", now);
  WriteReadiness(pod, {.type = "", .status = "True"}, now);
  WriteContainers(
      pod,
      {.state = RunningState(facts), .last_state = {}, .ready = true, .restarts = facts.restarts},
      facts, now);
}

void WriteBackOff(json::object* pod, const RunFacts& facts, Duration delay, Instant now) {
  WriteNotReady(pod, now);
  json::object waiting;
  At(&waiting, {"waiting", "reason"}) = "CrashLoopBackOff";
  At(&waiting, {"waiting", "message"}) =
      fmt::format("back-off {} restarting failed container", FormatDuration(delay));
  const EndFacts end{.succeeded = false, .exit_code = 1, .reason = "Error"};
  WriteContainers(pod,
                  {.state = std::move(waiting),
                   .last_state = TerminatedState(facts, end, now),
                   .ready = false,
                   .restarts = facts.restarts},
                  facts, now);
}

void WriteEnded(json::object* pod, const RunFacts& facts, const EndFacts& end, Instant now) {
  At(pod, {"status", "phase"}) = end.succeeded ? "Succeeded" : "Failed";
  if (!end.pod_reason.empty()) At(pod, {"status", "reason"}) = Str(end.pod_reason);
  if (!end.pod_message.empty()) At(pod, {"status", "message"}) = Str(end.pod_message);
  if (end.succeeded) {
    PutCondition(pod, {.type = "Initialized", .status = "True", .reason = "PodCompleted"}, "", now);
    WriteReadiness(pod, {.type = "", .status = "False", .reason = "PodCompleted"}, now);
  } else {
    WriteNotReady(pod, now);
  }
  WriteContainers(pod,
                  {.state = TerminatedState(facts, end, now),
                   .last_state = {},
                   .ready = false,
                   .restarts = facts.restarts},
                  facts, now);
}

void WriteRejected(json::object* pod, std::string_view reason, std::string_view message,
                   Instant now) {
  At(pod, {"status", "phase"}) = "Failed";
  At(pod, {"status", "reason"}) = Str(reason);
  At(pod, {"status", "message"}) = Str(message);
  At(pod, {"status", "startTime"}) = StampText(now);
}

void WritePodNotReady(json::object* pod, Instant now) {
  if (FindCondition(*pod, "Ready") == nullptr) return;
  PutCondition(pod, {.type = "Ready", .status = "False"}, "", now);
}

Duration TimeOnUnreachableNode(const json::object& pod) {
  const json::array* tolerations = FindArray(pod, {"spec", "tolerations"});
  bool tolerated = false;
  Duration least{-1};
  if (tolerations == nullptr) return Duration{};
  for (const json::value& entry : *tolerations) {
    const json::object* toleration = entry.if_object();
    if (toleration == nullptr) continue;
    const std::string_view key = GetString(*toleration, {"key"});
    const std::string_view effect = GetString(*toleration, {"effect"});
    const bool any_value = GetString(*toleration, {"operator"}) == "Exists";
    if (!key.empty() && key != kUnreachableTaint) continue;
    if (!effect.empty() && effect != "NoExecute") continue;
    if (key.empty() ? !any_value : !any_value && !GetString(*toleration, {"value"}).empty()) {
      continue;
    }
    tolerated = true;
    if (Find(*toleration, {"tolerationSeconds"}) == nullptr) continue;
    const Duration time =
        Duration::Seconds(std::max<std::int64_t>(GetInt(*toleration, {"tolerationSeconds"}, 0), 0));
    least = least.ns < 0 ? time : std::min(least, time);
  }
  return tolerated ? least : Duration{};
}

}  // namespace fairlead::apiserver
