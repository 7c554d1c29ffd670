// Builds Kubernetes protobuf bytes for tests and benchmarks, field by field:
//
//   std::string pod = Proto().Message(1, Proto().Text(1, "p0")).Message(2, spec).bytes();
//
// and, on top of that, a fluent builder of pods that writes the same pod as protobuf and as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::testing {

class Proto {
 public:
  Proto& Text(std::uint32_t field, std::string_view value) {
    protozero::pbf_writer(bytes_).add_string(field, value.data(), value.size());
    return *this;
  }
  Proto& Message(std::uint32_t field, const Proto& message) { return Text(field, message.bytes_); }
  Proto& Int(std::uint32_t field, std::int64_t value) {
    protozero::pbf_writer(bytes_).add_int64(field, value);
    return *this;
  }
  Proto& Bool(std::uint32_t field, bool value) {
    protozero::pbf_writer(bytes_).add_bool(field, value);
    return *this;
  }
  // One entry of map<string, string>.
  Proto& Entry(std::uint32_t field, std::string_view key, std::string_view value) {
    return Message(field, Proto().Text(1, key).Text(2, value));
  }
  // One entry of map<string, Quantity>.
  Proto& Quantity(std::uint32_t field, std::string_view key, std::string_view value) {
    return Message(field, Proto().Text(1, key).Message(2, Proto().Text(1, value)));
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct ContainerSpec {
  Pairs requests;
  bool sidecar = false;
  std::int32_t host_port = 0;
  std::string host_address = {}, protocol = {};  // of that port
};

struct OwnerSpec {
  std::string api_version, kind, name, uid;
  bool controller = true;
};

// A pod as a test describes it. Defaults: a pending pod of ours, tenant-a/p0, uid u-p0.
struct RequirementSpec {
  std::string key, op;
  std::vector<std::string> values = {};
};

struct NodeTermSpec {
  std::vector<RequirementSpec> expressions = {}, fields = {};
};

struct LabelSelectorSpec {
  Pairs labels = {};
  std::vector<RequirementSpec> expressions = {};
};

struct PodTermSpec {
  std::string topology = "zone";
  std::optional<LabelSelectorSpec> pods = std::nullopt;
  std::vector<std::string> namespaces = {};
  std::optional<LabelSelectorSpec> namespace_labels = std::nullopt;
  std::vector<std::string> match_keys = {}, mismatch_keys = {};
};

struct SpreadSpec {
  std::string action = "DoNotSchedule";
  std::string topology = "zone";
  std::int64_t max_skew = 1;
  std::int64_t min_domains = 0;  // 0 = not written
  std::optional<LabelSelectorSpec> pods = std::nullopt;
  std::string affinity_policy = {}, taints_policy = {};
  std::vector<std::string> match_keys = {};
};

struct PodSpec {
  std::string ns = "tenant-a", name = "p0", uid = "u-p0", resource_version = "7";
  std::int64_t created_seconds = 1'767'225'600;  // 2026-01-01T00:00:00Z
  std::string created_text = "2026-01-01T00:00:00Z";
  bool deleting = false;
  Pairs labels, annotations;
  std::vector<OwnerSpec> owners;
  std::vector<ContainerSpec> containers = {{{{"cpu", "1"}}}};
  std::vector<ContainerSpec> init_containers;
  Pairs overhead, pod_requests, node_selector;
  std::vector<std::vector<std::string>> tolerations;  // key, operator, value, effect
  std::string scheduler_name = "fairlead", node_name, service_account, phase = "Pending", reason;
  std::int32_t priority = 0;
  std::vector<std::string> gates, volume_sources;  // JSON names
  std::optional<std::vector<NodeTermSpec>> node_terms;
  std::vector<std::pair<int, NodeTermSpec>> preferred_nodes;  // with weights
  std::vector<PodTermSpec> near, away;
  std::vector<std::pair<int, PodTermSpec>> near_preferred, away_preferred;  // with weights
  std::vector<std::string> claims;  // names of claims; "+v" = an ephemeral volume v
  std::vector<SpreadSpec> spread;
  bool resource_claims = false, scheduling_group = false;
};

std::string ToProto(const PodSpec& pod);
std::string ToJson(const PodSpec& pod);

}  // namespace fairlead::testing
