// The cluster as the simulated kubelets see it through their watch, and what they decide. Pure: no
// thread, no socket, no clock of its own.
//
// Every node admits a pod bound to it if the pod's requests fit into the node's allocatable beside
// those already admitted, and rejects it otherwise, as a real kubelet does. A rejection means that
// somebody gave the same room away twice: it is counted as a double booking. That makes the
// kubelets the judge over the scheduler. Like a real one it also rejects pods whose node selector
// does not match the node.
//
// I1: a pod holds room from its admission until it has finished or is gone.
// I2: amounts are in thousandths, requests rounded up and allocatable down.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace fairlead::e2e {

using Json = nlohmann::json;
using TimePoint = std::chrono::steady_clock::time_point;
using Amounts = std::map<std::string, std::int64_t>;  // by resource name; thousandths

// Thousandths of a Kubernetes quantity; saturates.
std::int64_t ParseAmount(const std::string& text, bool round_up);

struct PodView {
  std::string ns, name, uid;
  std::string node;  // empty: not bound
  std::string phase;
  std::string status_reason;
  std::string scheduler;
  bool deleting = false;
  std::string gang;  // see GangOf(); empty: none
  std::map<std::string, std::string> annotations;
  std::vector<std::string> containers;
  Amounts requests;
  std::map<std::string, std::string> node_selector;
  // The condition PodScheduled.
  std::string scheduled_status, scheduled_reason, scheduled_message;

  bool finished() const { return phase == "Succeeded" || phase == "Failed"; }
  std::string Annotation(const std::string& key) const;
};
PodView PodFrom(const Json& object);

// A pod seen with a node for the first time.
struct BindSeen {
  std::string ns, name, uid, node, gang;
  std::string decision;  // annotation fairlead.dev/decision
  TimePoint at;
};

struct Counters {
  int bound = 0;
  int admitted = 0;
  int rejected = 0;         // by the kubelets, for any reason
  int double_bookings = 0;  // rejected because the node's room was already given away
  int unknown_node = 0;     // bound to a node that does not exist
  int moved = 0;            // shown on one node, later on another: never allowed
  int finished = 0;
};

struct GangStart {
  int admitted = 0;
  TimePoint first, last;
};

// Of one namespace, so that waiting for thousands of pods does not walk over them all the time.
struct Tally {
  int pods = 0;
  int bound = 0;
  std::map<std::string, int> by_phase;
};

struct ClusterView {
  std::map<std::string, PodView> pods;     // by "ns/name"
  std::map<std::string, Tally> tallies;    // by namespace
  std::vector<BindSeen> binds;             // in the order seen
  std::map<std::string, GangStart> gangs;  // by "ns/gang"
  Counters counters;

  const PodView* Find(const std::string& ns, const std::string& name) const;
  // Pods of the namespace in this phase; empty: in any.
  int Count(const std::string& ns, const std::string& phase = "") const;
  int Bound(const std::string& ns) const;
  int BindsOf(const std::string& ns, const std::string& name) const;
};

// What a kubelet does next about a pod.
struct KubeletAction {
  enum class Kind { kStart, kReject, kDelete };
  Kind kind = Kind::kStart;
  PodView pod;
  std::string reason = {}, message = {};  // of a rejection
};

class KubeletBook {
 public:
  void AddNode(const std::string& name, Amounts allocatable,
               std::map<std::string, std::string> labels);
  void RemoveNode(const std::string& name);
  bool HasNode(const std::string& name) const { return nodes_.contains(name); }

  std::vector<KubeletAction> Upsert(PodView pod, TimePoint now);
  void Remove(const std::string& ns, const std::string& name);
  const ClusterView& view() const { return view_; }

 private:
  struct Node {
    Amounts allocatable;
    std::map<std::string, std::string> labels;
    std::map<std::string, Amounts> admitted;  // by uid of the pod
  };
  KubeletAction Admit(const PodView& pod, TimePoint now);
  KubeletAction Reject(const PodView& pod, std::string reason, std::string message);
  void CountInTally(const PodView& pod, int sign);
  void Release(const PodView& pod);

  std::map<std::string, Node> nodes_;
  std::map<std::string, std::string> judged_;  // uid -> node, of pods admitted or rejected
  std::map<std::string, bool> deleting_;       // uids whose deletion was asked for
  ClusterView view_;
};

}  // namespace fairlead::e2e
