// Simulated nodes: registers Node objects, watches all pods, and plays the kubelet for its nodes.
// What a kubelet decides is in cluster_view.h; this carries it out over the API.
//
// A pod that is admitted becomes Running; with the annotation `sim.fairlead.dev/runtime-ms` it
// succeeds after that time. A rejected pod becomes Failed. A pod that is being deleted goes away at
// once. The watch is kept up through cut connections, server restarts and expired versions.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/api_client.h"
#include "tests/support/cluster_view.h"
#include "tests/support/process.h"

namespace fairlead::e2e {

struct NodeTaint {
  std::string key, value, effect;
};

struct NodeSpec {
  std::string name;
  int cpu = 96;
  int memory_gib = 768;
  int gpus = 8;
  int pods = 110;
  std::map<std::string, std::string> labels = {};
  std::vector<NodeTaint> taints = {};
};

// The object as a kubelet would register it.
Json NodeObject(const NodeSpec& spec);

struct KubeletOptions {
  bool observe_only = false;     // judge and count, but write nothing about pods
  int connections = 4;           // for writing
  long default_runtime_ms = -1;  // of pods without the annotation; negative: they run on
};

class SimKubelets {
 public:
  // Returns once all pods are listed, or after `patience` if the server cannot be reached; goes on
  // trying then.
  SimKubelets(const Access& access, KubeletOptions options, milliseconds patience = seconds(20));
  ~SimKubelets();
  SimKubelets(const SimKubelets&) = delete;
  SimKubelets& operator=(const SimKubelets&) = delete;

  // How many could be registered.
  std::size_t AddNodes(const std::vector<NodeSpec>& specs);
  bool RemoveNode(const std::string& name);
  void RemoveAllNodes();

  // Waits until the predicate, called under a lock at each change, holds; false: not in time.
  bool WaitFor(milliseconds patience, const std::function<bool(const ClusterView&)>& predicate);
  // Reads something out of the view.
  void Look(const std::function<void(const ClusterView&)>& reader) const;
  Counters counters() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fairlead::e2e
