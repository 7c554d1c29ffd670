// What a kubelet writes into Node, Lease and Pod objects. Pure: an object and facts in, the object
// changed.
#pragma once

#include <string>
#include <string_view>

#include "fairlead/apiserver/kubelets.h"
#include "scheduler/apiserver/json.h"
#include "scheduler/apiserver/kubelet_node.h"

namespace fairlead::apiserver {

inline constexpr std::string_view kUnreachableTaint = "node.kubernetes.io/unreachable";
inline constexpr std::string_view kLeaseNamespace = "kube-node-lease";

Amounts AllocatableOf(const SimNode& node);
json::object NodeObject(const SimNode& node, std::string_view ip, Instant now);
json::object LeaseObject(std::string_view node_name, Instant now);

// Ready and the pressures, and with them the taints of a node that is out of reach.
void WriteNodeReady(json::object* node, Instant now);
void WriteNodeUnreachable(json::object* node, Instant now);

struct RunFacts {
  std::string pod_ip, host_ip;
  int restarts = 0;
  Instant started_at;  // of the containers
};
struct EndFacts {
  bool succeeded = true;
  int exit_code = 0;
  std::string_view reason = "Completed";  // of the containers
  std::string_view pod_reason = {}, pod_message = {};
};

// Admitted, not running yet.
void WriteStarting(json::object* pod, const RunFacts& facts, Instant now);
void WriteRunning(json::object* pod, const RunFacts& facts, Instant now);
// Between a failure and the restart.
void WriteBackOff(json::object* pod, const RunFacts& facts, Duration delay, Instant now);
void WriteEnded(json::object* pod, const RunFacts& facts, const EndFacts& end, Instant now);
void WriteRejected(json::object* pod, std::string_view reason, std::string_view message,
                   Instant now);
// What the node controller does to the pods of a node that is out of reach.
void WritePodNotReady(json::object* pod, Instant now);

// When a pod must leave a node with the unreachable taint, counted from the taint; negative: never.
Duration TimeOnUnreachableNode(const json::object& pod);

}  // namespace fairlead::apiserver
