// What a simulated kubelet decides about room: which pods fit on one node, and which GPU devices
// they hold. Pure: no clock, no store.
//
// I1  held() is the sum of the requests of the pods that are admitted and not released.
// I2  A device never has more slices assigned than it has; a whole GPU is a device with one slice.
//     Parts that are assigned beside what is requested count as well.
// I3  Amounts are in thousandths, requests rounded up and allocatable down; sums saturate.
//
// Pods that ask for GPUs without naming devices hold no device in particular: they take whichever
// are free, so they count in the sum only and collide with nobody.
//
// Stricter than a real kubelet in one point, because it judges a scheduler: a resource that the
// node does not have at all is refused, where a real one assumes that somebody else provides it.
// Host ports, volumes and taints are not looked at.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scheduler/apiserver/json.h"

namespace fairlead::apiserver {

using Amounts = std::map<std::string, std::int64_t, std::less<>>;  // by resource; thousandths

inline constexpr std::string_view kGpuResource = "nvidia.com/gpu";
inline constexpr std::string_view kGpuAssignmentKey = "fairlead.dev/gpu-assignment";

// Containers summed, plus init containers that keep running, at least what the other init
// containers need in their turn, plus overhead; requests of the pod as a whole replace those of its
// containers. "pods" is one.
Amounts PodRequests(const json::object& pod);

// spec.nodeSelector and the required node affinity against a Node's labels and name.
bool NodeMatches(const json::object& pod, const json::object* labels, std::string_view node_name);

struct DeviceShare {
  int device = 0;
  std::int64_t slices = 0;
  std::int64_t of = 0;  // 0: slices as the node cuts its devices
};
// "0,1" or "0:2,1:2" (device:slices), for `requested` slices in all. Entries without slices share
// what is requested evenly. None: it is malformed or does not add up to what is requested.
// "0:1/4" (one of four slices) is part of no request: the agent of the node gives it out.
std::optional<std::vector<DeviceShare>> ParseGpuAssignment(std::string_view text,
                                                           std::int64_t requested);

struct PodClaim {
  std::string uid;
  Amounts requests = {};
  std::string gpu_assignment = {};  // empty: any devices
  bool node_matches = true;
};

struct Verdict {
  bool admitted = false;
  bool double_booking = false;  // the room or a device was given away already
  std::string reason = {};      // "OutOfcpu", ...
  std::string message = {};     // as a real kubelet words it, without the leading "Pod "
};

class KubeletNode {
 public:
  // `allocatable` has gpus x gpu_slices of kGpuResource where gpus > 0.
  KubeletNode(Amounts allocatable, int gpus, int gpu_slices);

  // A pod that is admitted already keeps what it has.
  Verdict Admit(const PodClaim& claim);
  void Release(const std::string& uid);
  // False: there is no such device, or it is broken already. Pods on it keep it.
  bool Break(int device);

  const Amounts& allocatable() const { return allocatable_; }
  const Amounts& held() const { return held_; }
  // Slices that were assigned by name, per device.
  const std::vector<std::int64_t>& assigned() const { return assigned_; }
  bool broken(int device) const { return broken_[static_cast<std::size_t>(device)]; }
  std::size_t admitted() const { return pods_.size(); }

 private:
  struct Holding {
    Amounts requests;
    std::vector<DeviceShare> devices;
  };
  std::optional<Verdict> CheckRoom(const Amounts& requests) const;
  std::optional<Verdict> CheckResource(std::string_view name, std::int64_t wanted) const;
  bool FitsOn(std::size_t device, std::int64_t slices, const std::vector<DeviceShare>& more) const;
  std::optional<Verdict> TakeDevices(const PodClaim& claim, std::vector<DeviceShare>* devices);

  Amounts capacity_;     // with broken devices
  Amounts allocatable_;  // without
  Amounts held_;
  std::int64_t slices_per_device_;
  std::vector<std::int64_t> assigned_;
  std::vector<std::vector<DeviceShare>> parts_;  // per device, those with `of`
  std::vector<bool> broken_;
  std::unordered_map<std::string, Holding> pods_;
};

}  // namespace fairlead::apiserver
