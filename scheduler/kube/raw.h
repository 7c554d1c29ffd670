// The intermediate form between wire and model: the fields that scheduling reads, as views into the
// bytes that they came from, nothing interpreted. Both decoders (protobuf and JSON) fill it, and
// translate.h turns it into values of the model, so every rule is written once.
//
// Views live as long as the decoder's input; lists as long as the arena.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fairlead/base/result.h"
#include "fairlead/base/time.h"

namespace fairlead::kube {

// Memory for the lists of one object: a piece of the stack, and the heap beyond it. A pod of usual
// size needs no allocation.
class RawArena {
 public:
  std::pmr::memory_resource* memory() { return &resource_; }

 private:
  static constexpr std::size_t kBytes = 16'384;
  alignas(std::max_align_t) std::array<std::byte, kBytes> buffer_;  // uninitialised on purpose
  std::pmr::monotonic_buffer_resource resource_{buffer_.data(), buffer_.size()};
};

template <typename T>
using RawList = std::pmr::vector<T>;

struct RawPair {
  std::string_view key, value;
};

struct RawOwner {
  std::string_view api_version, kind, name, uid;
  bool controller = false;
};

struct RawMeta {
  explicit RawMeta(std::pmr::memory_resource* memory)
      : labels(memory), annotations(memory), owners(memory) {
    labels.reserve(kUsualPairs);
    annotations.reserve(kUsualPairs);
  }

  std::string_view ns, name, uid, resource_version;
  Instant created;        // 1970 where absent or outside 1970..2261
  bool deleting = false;  // has a deletionTimestamp
  RawList<RawPair> labels, annotations;
  RawList<RawOwner> owners;

 private:
  static constexpr std::size_t kUsualPairs = 16;
};

// A part [begin, end) of a list of RawPod.
struct RawSpan {
  std::size_t begin = 0, end = 0;
};

// Of RawPod::texts, RawPod::pairs and RawPod::requirements.
struct RawLabelSelector {
  bool stated = false;
  RawSpan pairs, requirements;
};

struct RawPodTerm {
  RawLabelSelector pods, namespace_labels;
  RawSpan namespaces, match_keys, mismatch_keys;
  std::string_view topology;
  std::int32_t weight = 0;  // where it is preferred
};

struct RawSpread {
  RawLabelSelector pods;
  RawSpan match_keys;
  std::string_view topology, action, node_affinity_policy, node_taints_policy;
  std::int32_t max_skew = 0;
  std::int32_t min_domains = 0;  // 0 = not stated
};

struct RawPort {
  std::string_view address, protocol;
  std::int32_t host_port = 0;  // 0 = not bound on the host
};

struct RawContainer {
  RawSpan requests;             // of RawPod::quantities
  bool restart_always = false;  // of an init container: it is a sidecar
  RawSpan ports;                // of RawPod::ports
};

// A volume that is a claim, or that a claim is made for.
struct RawVolume {
  std::string_view name, claim;
  bool ephemeral = false;
};

struct RawToleration {
  std::string_view key, op, value, effect;
};

struct RawRequirement {
  std::string_view key, op;
  RawSpan values;  // of RawPod::texts
};

struct RawNodeTerm {
  RawSpan labels, fields;   // of RawPod::requirements
  std::int32_t weight = 0;  // where it is preferred
};

// What a spec holds of the things that are refused; positions are -1 where there is none, and of
// several the first counts.
struct RawUnsupported {
  bool resource_claims = false;
  bool scheduling_group = false;
  std::int32_t volume = -1;
  std::string_view volume_source;  // of that volume; static text
};

struct RawPod {
  explicit RawPod(std::pmr::memory_resource* memory)
      : meta(memory),
        quantities(memory),
        containers(memory),
        init_containers(memory),
        overhead(memory),
        pod_requests(memory),
        node_selector(memory),
        tolerations(memory),
        texts(memory),
        requirements(memory),
        node_terms(memory),
        preferred(memory),
        near(memory),
        away(memory),
        near_preferred(memory),
        away_preferred(memory),
        spread(memory),
        pairs(memory),
        ports(memory),
        claims(memory) {
    quantities.reserve(16);
    containers.reserve(4);
    tolerations.reserve(4);
  }

  RawMeta meta;
  std::string_view scheduler_name, node_name, service_account, phase, status_reason;
  std::int32_t priority = 0;
  bool gated = false;
  RawList<RawPair> quantities;  // requests of all containers, one after the other
  RawList<RawContainer> containers, init_containers;
  RawList<RawPair> overhead, pod_requests;
  RawList<RawPair> node_selector;
  RawList<RawToleration> tolerations;
  RawList<std::string_view> texts;
  RawList<RawRequirement> requirements;
  bool node_affinity = false;  // it has a required part: one of these terms must hold
  RawList<RawNodeTerm> node_terms;
  RawList<RawNodeTerm> preferred;
  RawList<RawPodTerm> near, away;  // required pod affinity and anti-affinity
  RawList<RawPodTerm> near_preferred, away_preferred;
  RawList<RawSpread> spread;  // all constraints, also those that only prefer
  RawList<RawPair> pairs;
  RawList<RawPort> ports;
  RawList<RawVolume> claims;
  RawUnsupported unsupported;
};

struct RawTaint {
  std::string_view key, value, effect;
};

struct RawNode {
  explicit RawNode(std::pmr::memory_resource* memory)
      : meta(memory), taints(memory), allocatable(memory) {}

  RawMeta meta;
  bool unschedulable = false;
  RawList<RawTaint> taints;
  RawList<RawPair> allocatable;
};

struct RawJob {
  explicit RawJob(std::pmr::memory_resource* memory) : meta(memory) {}

  RawMeta meta;
  std::int64_t parallelism = 1;
};

struct RawPodGroup {
  explicit RawPodGroup(std::pmr::memory_resource* memory) : meta(memory) {}

  RawMeta meta;
  std::int64_t min_member = 1;
};

// A volume source that ties a pod to certain nodes, or counts against a limit of the node, without
// a claim that would say to which.
struct PlacedVolumeSource {
  std::uint32_t proto_field;  // in core/v1 VolumeSource
  std::string_view json_name;
};
inline constexpr std::array<PlacedVolumeSource, 7> kPlacedVolumeSources = {{
    {3, "gcePersistentDisk"},
    {4, "awsElasticBlockStore"},
    {8, "iscsi"},
    {11, "rbd"},
    {13, "cinder"},
    {20, "vsphereVolume"},
    {22, "azureDisk"},
}};

inline Error DecodeError(std::string message) {
  Error error;
  error.message = std::move(message);
  return error;
}

}  // namespace fairlead::kube
