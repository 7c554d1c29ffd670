// The simulated kubelets' books and steps. kubelets.cc follows the store, kubelets_nodes.cc has the
// machines, kubelets_lifecycle.cc the life of one pod.
//
// I1  A pod has one PodRun from the first time that it is seen with a node until it is gone.
// I2  Every step looks the pod up again by name and uid; a recreated pod of the same name is
//     another one.
// I3  While a machine is lost, nothing happens to its pods that a kubelet would have to do.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "fairlead/apiserver/kubelets.h"
#include "scheduler/apiserver/controllers_work.h"
#include "scheduler/apiserver/kubelet_node.h"
#include "scheduler/apiserver/kubelet_status.h"

namespace fairlead::apiserver {

enum class Stage : std::uint8_t {
  kSeen,      // bound, not judged yet
  kAdmitted,  // holds room, not started
  kRunning,
  kBackOff,  // failed, waits for its restart
  kEnded,    // rejected, succeeded, failed or killed: holds nothing
};

struct PodRun {
  ObjectKey key;
  std::string uid, node;
  std::uint64_t order = 0;  // of being seen
  Stage stage = Stage::kSeen;
  bool terminating = false;
  Duration grace;  // of the termination
  int restarts = 0;
  Instant started_at;  // of the containers
  std::string ip;
  LoopWork::TimerId life = 0;      // start, end of a run, restart
  LoopWork::TimerId deadline = 0;  // activeDeadlineSeconds
  LoopWork::TimerId kill = 0;      // end of the termination
  LoopWork::TimerId leave = 0;     // eviction from a lost node, or removal from a missing one
};

struct Machine {
  SimNode spec;
  KubeletNode book;
  std::string ip;
  bool lost = false;
  bool marked = false;  // as unreachable
  Instant marked_at = {};
  LoopWork::TimerId beat = 0, mark = 0;
};

struct Kubelets::State {
  State(net::IoLoop* l, ApiServer* server, const Clock* c, KubeletOptions o);

  void OnChange(const Change& change);
  void OnPod(const json::object& pod);
  void OnPodGone(const json::object& pod);
  void OnNodeGone(const std::string& name);

  void AddNode(const SimNode& node);
  void LoseNode(const std::string& name);
  void MarkUnreachable(const std::string& name);
  void ReturnNode(const std::string& name);
  void RemoveNode(const std::string& name);
  void BreakGpu(const std::string& name, int device);
  void Beat(const std::string& name);
  void EnsureNamespace(std::string_view name);
  void UpdateNode(const std::string& name, const std::function<void(json::object*)>& change);

  void Judge(PodRun* run, const json::object& pod);
  void Reject(PodRun* run, const Verdict& verdict);
  void Start(PodRun* run);
  void Run(PodRun* run);  // the containers, for the first time or again
  void Succeed(PodRun* run);
  void Fail(PodRun* run);
  void PastDeadline(PodRun* run);
  void End(PodRun* run, const EndFacts& end);
  void Terminate(PodRun* run, const json::object& pod);
  void Delete(PodRun* run);
  void Return(PodRun* run);
  void ScheduleLeave(PodRun* run, const json::object& pod);
  void Leave(PodRun* run);
  void Collect(PodRun* run);
  void Release(PodRun* run);
  void CancelTimers(PodRun* run);

  // The pod as it is stored now; null: it is gone, or another one has its name.
  VersionPtr Current(const PodRun& run) const;
  void WriteStatus(PodRun* run, const std::function<void(json::object*)>& change);
  RunFacts FactsOf(const PodRun& run) const;
  // Runs `step` with the run of this uid after a delay, if it is still there then.
  LoopWork::TimerId Later(const PodRun& run, Duration delay, void (State::*step)(PodRun*));
  void EachOn(const std::string& node, const std::function<void(PodRun*)>& visit);
  Machine* FindMachine(const std::string& name);

  Api* api;
  const Clock* clock;
  const KubeletOptions options;
  const Resource& pods;
  const Resource& nodes;
  KubeletCounters counters;
  LoopWork work;
  std::map<std::string, Machine> machines;
  std::unordered_map<std::string, PodRun> runs;                         // by uid
  std::map<std::string, std::map<std::uint64_t, std::string>> by_node;  // order -> uid
  std::uint64_t last_order = 0;
  std::uint32_t last_ip = 0;
  std::uint32_t last_host = 0;
  ChangeInbox inbox;  // last: it is the first to end
};

}  // namespace fairlead::apiserver
