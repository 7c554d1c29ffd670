#include "scheduler/cli/decide_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <set>
#include <string_view>

#include "fairlead/model/cluster_store.h"
#include "fairlead/model/gpu_share.h"
#include "scheduler/cli/manifests.h"

namespace fairlead::cli {
namespace {

using yaml::MapReader;

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// "NAME-0007": as many digits as the last one needs, so that the order of names is that of numbers.
std::string Numbered(const std::string& name, std::int64_t number, std::int64_t count) {
  const std::size_t width = std::to_string(count - 1).size();
  return fmt::format("{}-{:0{}}", name, number, width);
}

class Loader {
 public:
  explicit Loader(std::string path) : path_(std::move(path)) {}

  Result<DecideFile> Load(const std::optional<Config>& config);

 private:
  Status ReadSettings(MapReader* root, const std::optional<Config>& config);
  Status ReadNow(MapReader* root);
  Status AddManifests(MapReader* root);
  Status AddNodes(MapReader* root);
  Status AddGangs(MapReader* root);
  Status AddGang(const yaml::Node& node, const std::string& path);
  Status AddNodeName(const yaml::Node& at, const std::string& field, const std::string& name);
  Error ErrorAt(const yaml::Node& at, std::string field, std::string message) const {
    return Error{std::move(message), path_, at.line, at.column, std::move(field)};
  }
  std::vector<std::int32_t> TakeDevices(const std::string& node, const PodShape& shape);
  void AddPods(const GangSpec& spec);

  std::string path_;
  DecideFile out_;
  bool has_now_ = false;
  ClusterStore store_;
  struct Devices {
    GpuKind kind;
    std::vector<std::int32_t> left;  // slices of each that no pod of this file has yet
  };
  std::map<std::string, Devices> nodes_;  // all nodes by name
  std::set<std::pair<std::string, std::string>> gangs_;
};

Status Loader::ReadSettings(MapReader* root, const std::optional<Config>& config) {
  const yaml::Node none;
  const yaml::Node* queues = root->Child("queues");
  const yaml::Node* tenants = root->Child("tenants");
  const yaml::Node* policy = root->Child("policy");
  if (!config) {
    return ReadPolicy(queues == nullptr ? none : *queues, tenants, policy, path_,
                      &out_.config.policy);
  }
  for (const yaml::Node* own : {queues, tenants, policy}) {
    if (own == nullptr) continue;
    const std::string_view key = own == queues ? "queues" : own == tenants ? "tenants" : "policy";
    return root->MakeError(*own, key, "given here and in the configuration: expected one of them");
  }
  out_.config = *config;
  return Ok{};
}

Status Loader::ReadNow(MapReader* root) {
  const yaml::Node* node = root->Child("now");
  if (node == nullptr) return Ok{};
  const Result<Instant> now = ParseInstant(node->scalar);
  if (!now) return root->MakeError(*node, "now", now.error().message);
  out_.now = *now;
  has_now_ = true;
  return Ok{};
}

Status Loader::AddNodeName(const yaml::Node& at, const std::string& field,
                           const std::string& name) {
  if (nodes_.try_emplace(name).second) return Ok{};
  return ErrorAt(at, field, fmt::format("a second node named '{}'", name));
}

Status Loader::AddManifests(MapReader* root) {
  const yaml::Node* list = root->Child("manifests");
  if (list == nullptr) return Ok{};
  if (list->kind != yaml::Kind::kSequence) {
    return root->MakeError(*list, "manifests", "expected a list of objects and file names");
  }
  const Config& config = out_.config;
  Manifests manifests({config.scheduler_names, config.gpu_resources, config.gpu_model_labels,
                       config.policy.max_gang_size},
                      out_.now);
  for (const yaml::Node& item : list->items) {
    const bool is_name = item.kind == yaml::Kind::kScalar;
    const bool absolute = is_name && item.scalar.starts_with('/');
    const std::string file = absolute ? item.scalar : DirectoryOf(path_) + item.scalar;
    Status status = is_name ? manifests.AddFile(file) : manifests.Add(item, path_);
    if (!status) return status;
  }
  for (const std::string& name : manifests.node_names()) {
    if (Status status = AddNodeName(*list, "manifests", name); !status) return status;
  }
  return manifests.Store(&store_);
}

Status Loader::AddNodes(MapReader* root) {
  const yaml::Node* list = root->Child("nodes");
  if (list == nullptr) return Ok{};
  if (list->kind != yaml::Kind::kSequence) {
    return root->MakeError(*list, "nodes", "expected a list");
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const std::string path = fmt::format("nodes[{}]", i);
    const yaml::Node& item = list->items[i];
    Result<NodeSpec> spec = ReadNodeSpec(item, path_, path);
    if (!spec) return spec.error();
    const std::string name = spec->info.name;
    for (std::int64_t n = 0; n < spec->count; ++n) {
      spec->info.name = spec->count == 1 ? name : fmt::format("{}-{}", name, n);
      spec->info.uid = "node/" + spec->info.name;
      if (Status status = AddNodeName(item, path, spec->info.name); !status) return status;
      const NodeInfo& info = spec->info;
      nodes_[info.name].kind = {info.gpu_slices, info.gpu_memory};
      nodes_[info.name].left.assign(static_cast<std::size_t>(info.allocatable.gpus),
                                    info.gpu_slices);
      store_.UpsertNode(spec->info);
    }
  }
  return Ok{};
}

Status Loader::AddGangs(MapReader* root) {
  const yaml::Node* list = root->Child("gangs");
  if (list == nullptr) return Ok{};
  if (list->kind != yaml::Kind::kSequence) {
    return root->MakeError(*list, "gangs", "expected a list");
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    Status status = AddGang(list->items[i], fmt::format("gangs[{}]", i));
    if (!status) return status;
  }
  return Ok{};
}

Status Loader::AddGang(const yaml::Node& node, const std::string& path) {
  const Result<GangSpec> spec = ReadGangSpec(node, path_, path);
  if (!spec) return spec.error();
  if (!gangs_.emplace(spec->ns, spec->name).second) {
    return ErrorAt(node, path, fmt::format("a second gang named {}/{}", spec->ns, spec->name));
  }
  if (!has_now_ && (spec->submitted || spec->started)) {
    return ErrorAt(node, "now", "missing: expected a time, since gangs have times");
  }
  for (const GangSpec::Running& running : spec->nodes) {
    if (!nodes_.contains(running.node)) {
      return ErrorAt(*running.at, path + ".nodes",
                     fmt::format("'{}': expected the name of a node", running.node));
    }
  }
  AddPods(*spec);
  return Ok{};
}

// The lowest devices that no pod of this file has yet; none where the node has too few, as for a
// pod whose devices nobody wrote down.
std::vector<std::int32_t> Loader::TakeDevices(const std::string& node, const PodShape& shape) {
  Devices& devices = nodes_[node];
  const bool shares = shape.gpu_share.devices > 0;
  const std::int32_t slices =
      shares ? SlicesFor(shape.gpu_share, devices.kind) : devices.kind.slices;
  std::vector<std::int32_t> taken;
  if (slices == 0) return taken;
  for (std::size_t d = 0; d < devices.left.size(); ++d) {
    const bool enough = std::ssize(taken) == GpusAsked(shape);
    if (!enough && devices.left[d] >= slices) taken.push_back(static_cast<std::int32_t>(d));
  }
  if (std::ssize(taken) < GpusAsked(shape)) taken.clear();
  for (const std::int32_t d : taken) devices.left[static_cast<std::size_t>(d)] -= slices;
  return taken;
}

void Loader::AddPods(const GangSpec& spec) {
  const Instant submitted = spec.submitted.value_or(out_.now);
  const std::int64_t minimum = spec.min_member > 0 ? spec.min_member : spec.pods;
  PodInfo pod;
  pod.ns = spec.ns;
  pod.created = submitted;
  pod.queue = spec.queue;
  pod.user = spec.user;
  pod.shape = spec.shape;
  pod.priority = static_cast<std::int32_t>(spec.priority);
  const bool alone = spec.pods == 1 && minimum == 1;
  if (!alone) pod.gang_size = minimum;
  auto running = spec.nodes.begin();
  std::int64_t left = running == spec.nodes.end() ? 0 : running->pods;
  for (std::int64_t i = 0; i < spec.pods; ++i) {
    pod.name = alone ? spec.name : Numbered(spec.name, i, spec.pods);
    pod.uid = fmt::format("{}/{}", pod.ns, pod.name);
    pod.gang = {spec.ns, alone ? GangKind::kSinglePod : GangKind::kLabel, spec.name,
                alone ? pod.uid : ""};
    const bool runs = left > 0;
    pod.node_name = runs ? running->node : "";
    pod.phase = runs ? PodPhase::kRunning : PodPhase::kPending;
    pod.gated = spec.gated && !runs;
    pod.gpu_devices.clear();
    if (runs) {
      pod.gpu_devices = TakeDevices(pod.node_name, spec.shape);
      if (--left == 0 && ++running != spec.nodes.end()) left = running->pods;
    }
    store_.UpsertPod(pod, runs ? spec.started.value_or(submitted) : submitted);
  }
}

Result<DecideFile> Loader::Load(const std::optional<Config>& config) {
  const Result<std::string> text = yaml::ReadFile(path_);
  if (!text) return text.error();
  const Result<yaml::Node> document = yaml::Parse(*text, path_);
  if (!document) return document.error();
  MapReader root(*document, path_, "");
  if (Status status = ReadSettings(&root, config); !status) return status.error();
  if (Status status = ReadNow(&root); !status) return status.error();
  if (Status status = AddManifests(&root); !status) return status.error();
  if (Status status = AddNodes(&root); !status) return status.error();
  if (Status status = AddGangs(&root); !status) return status.error();
  if (Status status = root.Finish(); !status) return status.error();
  out_.snapshot = store_.TakeSnapshot();
  return std::move(out_);
}

}  // namespace

Result<DecideFile> LoadDecideFile(const std::string& path, const std::optional<Config>& config) {
  return Loader(path).Load(config);
}

}  // namespace fairlead::cli
