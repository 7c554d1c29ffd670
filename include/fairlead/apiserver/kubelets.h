// Simulated nodes: registers Node objects, keeps them alive, and plays the kubelet for the pods
// that are bound to them. They judge the scheduler: a pod that does not fit beside the others on
// its node is rejected (OutOfcpu, OutOfnvidia.com/gpu, ...), as a real kubelet does, and counted as
// a double booking; so is a GPU device that two pods were assigned.
//
// I1  A pod holds room from its admission until it has ended or is gone.
// I2  Amounts are in thousandths, requests rounded up and allocatable down.
//
// What a pod does comes from its annotations: `sim.fairlead.dev/runtime-ms` (then it succeeds;
// absent: it runs until it is deleted, or as the options say), `sim.fairlead.dev/fail-after-ms`
// (then it fails), `sim.fairlead.dev/start-delay-ms`, `sim.fairlead.dev/ignore-term` (it uses its
// whole grace period). Runs on the server's loop, in real or virtual time; all times are in the
// clock's time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fairlead/apiserver/api_server.h"
#include "fairlead/net/loop.h"

namespace fairlead::apiserver {

struct SimTaint {
  std::string key, value, effect;
};

struct SimNode {
  std::string name;
  int cpu = 96;
  int memory_gib = 768;
  int gpus = 8;
  int gpu_slices =
      1;  // per GPU: the node shows gpus x slices and the label nvidia.com/gpu.replicas
  int pods = 110;
  std::string gpu_model = "H100";
  std::map<std::string, std::string> labels = {};
  std::vector<SimTaint> taints = {};
};

struct KubeletOptions {
  Duration start_delay = Duration::Milliseconds(0);  // bound -> running
  Duration default_runtime{-1};                      // negative: pods run until deleted
  Duration term_delay = Duration::Milliseconds(0);   // asked to end -> gone
  Duration heartbeat = Duration::Seconds(40);        // of the nodes' leases
  // How many real nanoseconds one nanosecond of the clock lasts, as a ratio: 1/60 in a demo that is
  // 60 times as fast.
  std::int64_t speed = 1;
};

struct KubeletCounters {
  std::int64_t bound = 0;  // pods seen with a node for the first time
  std::int64_t started = 0;
  std::int64_t rejected = 0;         // for any reason
  std::int64_t double_bookings = 0;  // rejected because the room or a device was given away already
  std::int64_t moved = 0;            // shown on one node and later on another: must never happen
  std::int64_t succeeded = 0;
  std::int64_t failed = 0;   // ran and failed; rejections are not among them
  std::int64_t deleted = 0;  // while running
};

class Kubelets {
 public:
  Kubelets(net::IoLoop* loop, ApiServer* server, const Clock* clock, KubeletOptions options);
  ~Kubelets();
  Kubelets(const Kubelets&) = delete;
  Kubelets& operator=(const Kubelets&) = delete;

  void AddNode(const SimNode& node);
  // The machine is switched off: no heartbeat; Ready becomes Unknown after 40 s, and its pods are
  // deleted after their tolerations end (300 s).
  void LoseNode(const std::string& name);
  void ReturnNode(const std::string& name);
  // The Node object goes too, and the pods on it are removed at once.
  void RemoveNode(const std::string& name);
  // A device fails: allocatable drops by one GPU (all of its slices).
  void BreakGpu(const std::string& node, int device);

  const KubeletCounters& counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::apiserver
