// Builds snapshots for tests: nodes and gangs in a few words, through the real store.
//
//   Cluster cluster;
//   cluster.Nodes("n", 4, {.cpu = 32, .gpus = 8});
//   cluster.Gang({.name = "g", .pods = 8, .gpus = 1});
//   auto snapshot = cluster.Take();
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fairlead/model/cluster_store.h"

namespace fairlead::testing_support {

struct NodeShape {
  std::int64_t cpu = 64;
  std::int64_t memory_gib = 512;
  std::int32_t gpus = 0;
  std::int64_t pods = 110;
  std::string model = {};
  std::int32_t gpu_slices = 1;
  std::int64_t gpu_memory = 0;
  Labels labels = {};
  std::vector<Taint> taints = {};
  bool cordoned = false;
};

struct GangShape {
  std::string name = {};
  std::string ns = "default";
  std::string queue = {};
  std::string user = {};
  std::int64_t pods = 1;
  std::int64_t min_member = 0;  // 0 = pods
  std::int64_t milli_cpu = 0;
  std::int64_t memory_mib = 0;
  std::int32_t gpus = 0;
  std::int32_t priority = 0;
  Instant submitted = {};
  Labels selector = {};
  std::optional<std::vector<NodeTerm>> node_terms = std::nullopt;
  std::vector<NodePreference> preferred = {};
  std::vector<Toleration> tolerations = {};
  std::vector<std::string> models = {};
  GpuShare share = {};
  std::string topology_required = {};
  std::string topology_preferred = {};
  Labels labels = {};
  PeerRules rules = {};
  GangTerms terms = {};
  std::vector<std::string> roles = {};  // of its pods, in turn
  bool gated = false;
  std::string invalid = {};
  // The first of its pods run on these nodes, one each, since `bound_at`.
  std::vector<std::string> bound = {};
  Instant bound_at = {};
};

class Cluster {
 public:
  ClusterStore& store() { return store_; }

  void Node(const std::string& name, const NodeShape& shape) {
    NodeInfo node;
    node.name = name;
    node.uid = "uid-" + name;
    node.labels = shape.labels;
    std::sort(node.labels.begin(), node.labels.end());
    node.taints = shape.taints;
    node.unschedulable = shape.cordoned;
    node.gpu_model = shape.model;
    node.gpu_slices = shape.gpu_slices;
    node.gpu_memory = shape.gpu_memory;
    node.allocatable.milli_cpu = shape.cpu * 1000;
    node.allocatable.memory_bytes = shape.memory_gib << 30;
    node.allocatable.pods = shape.pods;
    node.allocatable.gpus = shape.gpus;
    store_.UpsertNode(node);
  }

  // NAME-0000, NAME-0001, ...
  void Nodes(const std::string& name, int count, const NodeShape& shape) {
    for (int i = 0; i < count; ++i) Node(Numbered(name, i), shape);
  }

  void Gang(const GangShape& shape) {
    for (std::int64_t i = 0; i < shape.pods; ++i) {
      PodInfo pod = Pod(shape, static_cast<int>(i));
      const auto index = static_cast<std::size_t>(i);
      if (index < shape.bound.size()) {
        pod.node_name = shape.bound[index];
        pod.phase = PodPhase::kRunning;
        store_.UpsertPod(pod, shape.bound_at);
      } else {
        store_.UpsertPod(pod, shape.submitted);
      }
    }
  }

  static PodInfo Pod(const GangShape& shape, int index) {
    PodInfo pod;
    pod.ns = shape.ns;
    pod.name = Numbered(shape.name, index);
    pod.uid = "uid-" + shape.ns + "-" + pod.name;
    pod.created = shape.submitted;
    pod.gated = shape.gated;
    pod.priority = shape.priority;
    pod.queue = shape.queue;
    pod.user = shape.user;
    pod.invalid = shape.invalid;
    pod.gang = {shape.ns, GangKind::kLabel, shape.name, ""};
    pod.gang_size = shape.min_member > 0 ? shape.min_member : shape.pods;
    pod.shape.requests.milli_cpu = shape.milli_cpu;
    pod.shape.requests.memory_bytes = shape.memory_mib << 20;
    pod.shape.requests.pods = 1;
    pod.shape.requests.gpus = shape.gpus;
    pod.shape.node_selector = shape.selector;
    std::sort(pod.shape.node_selector.begin(), pod.shape.node_selector.end());
    pod.shape.node_terms = shape.node_terms;
    pod.shape.preferred = shape.preferred;
    pod.shape.tolerations = shape.tolerations;
    pod.shape.gpu_models = shape.models;
    std::sort(pod.shape.gpu_models.begin(), pod.shape.gpu_models.end());
    pod.shape.gpu_share = shape.share;
    pod.shape.topology_required = shape.topology_required;
    pod.shape.topology_preferred = shape.topology_preferred;
    pod.labels = shape.labels;
    std::sort(pod.labels.begin(), pod.labels.end());
    pod.rules = shape.rules;
    pod.gang_terms = shape.terms;
    if (!shape.roles.empty()) {
      pod.gang_role = shape.roles[static_cast<std::size_t>(index) % shape.roles.size()];
    }
    return pod;
  }

  std::shared_ptr<const Snapshot> Take() { return store_.TakeSnapshot(); }

  static std::string Numbered(const std::string& name, int number) {
    const std::string digits = std::to_string(number);
    return name + "-" + std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
  }

 private:
  ClusterStore store_;
};

inline Instant Seconds(std::int64_t seconds) { return Instant{} + Duration::Seconds(seconds); }

}  // namespace fairlead::testing_support
