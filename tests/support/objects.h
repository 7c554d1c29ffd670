// Fluent builders of the model's input values, for tests: Node("n-0").Gpus(8), Pod("ta",
// "p-0").Gang("g", 2).
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "fairlead/model/objects.h"

namespace fairlead::testing {

class Node {
 public:
  explicit Node(std::string name) {
    info_.name = std::move(name);
    info_.uid = "uid-" + info_.name;
    info_.allocatable = {.milli_cpu = 32'000,
                         .memory_bytes = std::int64_t{256} << 30,
                         .ephemeral_bytes = std::int64_t{1} << 40,
                         .pods = 110,
                         .gpus = 0,
                         .extended = {}};
  }
  Node& Cpu(std::int64_t milli) { return info_.allocatable.milli_cpu = milli, *this; }
  Node& Memory(std::int64_t bytes) { return info_.allocatable.memory_bytes = bytes, *this; }
  Node& MaxPods(std::int64_t pods) { return info_.allocatable.pods = pods, *this; }
  Node& Gpus(std::int32_t gpus, std::string model = "H100") {
    info_.allocatable.gpus = gpus;
    info_.gpu_model = std::move(model);
    return *this;
  }
  Node& Label(std::string key, std::string value) {
    info_.labels.emplace_back(std::move(key), std::move(value));
    std::sort(info_.labels.begin(), info_.labels.end());
    return *this;
  }
  Node& Tainted(std::string key, std::string value, TaintEffect effect) {
    info_.taints.push_back({std::move(key), std::move(value), effect});
    return *this;
  }
  Node& Cordoned() { return info_.unschedulable = true, *this; }
  // NOLINTNEXTLINE(google-explicit-constructor): it stands where a NodeInfo is expected.
  operator NodeInfo() const { return info_; }

 private:
  NodeInfo info_;
};

class Pod {
 public:
  Pod(std::string ns, std::string name) {
    info_.ns = std::move(ns);
    info_.name = std::move(name);
    info_.uid = "uid-" + info_.ns + "-" + info_.name;
    info_.created = Instant{1'000'000'000};
    info_.shape.requests.milli_cpu = 1000;
    info_.shape.requests.memory_bytes = std::int64_t{1} << 30;
    info_.shape.requests.pods = 1;
    info_.gang = GangKey{info_.ns, GangKind::kSinglePod, info_.name, info_.uid};
  }
  Pod& Uid(std::string uid) {
    info_.uid = std::move(uid);
    if (info_.gang.kind == GangKind::kSinglePod) info_.gang.uid = info_.uid;
    return *this;
  }
  Pod& Cpu(std::int64_t milli) { return info_.shape.requests.milli_cpu = milli, *this; }
  Pod& Memory(std::int64_t bytes) { return info_.shape.requests.memory_bytes = bytes, *this; }
  Pod& Gpus(std::int32_t gpus) { return info_.shape.requests.gpus = gpus, *this; }
  Pod& Gang(std::string name, std::int64_t size) {
    info_.gang = GangKey{info_.ns, GangKind::kLabel, std::move(name), ""};
    info_.gang_size = size;
    return *this;
  }
  Pod& Job(std::string name, std::string uid) {
    info_.gang = GangKey{info_.ns, GangKind::kJob, std::move(name), std::move(uid)};
    return *this;
  }
  Pod& Group(std::string name) {
    info_.gang = GangKey{info_.ns, GangKind::kPodGroup, std::move(name), ""};
    return *this;
  }
  Pod& Queue(std::string queue) { return info_.queue = std::move(queue), *this; }
  Pod& User(std::string user) { return info_.user = std::move(user), *this; }
  Pod& Priority(std::int32_t priority) { return info_.priority = priority, *this; }
  Pod& Created(Instant at) { return info_.created = at, *this; }
  Pod& On(std::string node) { return info_.node_name = std::move(node), *this; }
  Pod& Devices(std::vector<std::int32_t> devices) {
    return info_.gpu_devices = std::move(devices), *this;
  }
  Pod& Phase(PodPhase phase) { return info_.phase = phase, *this; }
  Pod& Reason(std::string reason) { return info_.status_reason = std::move(reason), *this; }
  Pod& Deleting() { return info_.deleting = true, *this; }
  Pod& Gated() { return info_.gated = true, *this; }
  Pod& Foreign() { return info_.ours = false, *this; }
  Pod& Invalid(std::string why) { return info_.invalid = std::move(why), *this; }
  Pod& Select(std::string key, std::string value) {
    info_.shape.node_selector.emplace_back(std::move(key), std::move(value));
    std::sort(info_.shape.node_selector.begin(), info_.shape.node_selector.end());
    return *this;
  }
  // NOLINTNEXTLINE(google-explicit-constructor): it stands where a PodInfo is expected.
  operator PodInfo() const { return info_; }

 private:
  PodInfo info_;
};

}  // namespace fairlead::testing
