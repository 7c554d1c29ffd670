// LoadSnapshot. The text comes from outside: every reference is checked against its table before it
// is used.
#include <algorithm>
#include <unordered_map>

#include "fairlead/model/gpu_share.h"
#include "fairlead/model/json_fields.h"
#include "fairlead/model/snapshot.h"
#include "scheduler/model/peers_load.h"
#include "scheduler/model/snapshot_derive.h"

namespace fairlead {
namespace {

using Element = JsonFields::Element;

constexpr std::int64_t kMaxAmount = std::int64_t{1} << 60;
constexpr std::int64_t kMaxNodes = 1'000'000;
constexpr std::int64_t kMaxCount = std::int64_t{1} << 31;

// Ids of names, for amounts that are written by name.
using NameIndex = std::unordered_map<std::string, ResourceId>;

class Loader {
 public:
  Result<Snapshot> Load(std::string_view text);

 private:
  Amounts ReadAmounts(Element element, std::string_view what);
  ResourceVector ToVector(const Amounts& amounts, JsonFields* fields);
  void ReadNames(JsonFields* root);
  void ReadNodes(JsonFields* root);
  void ReadNode(Element element);
  void ReadKinds(JsonFields* root);
  void ReadUsage(JsonFields* fields);
  void ReadShared(JsonFields* fields, std::int32_t gpus, const GpuKind& kind);
  void CheckTotals(JsonFields* root);
  void SortNames();
  void ReadShapes(JsonFields* root);
  void ReadShape(Element element);
  void ReadNodeTerms(JsonFields* fields, PodShape* shape);
  void ReadClaims(JsonFields* root);
  void ReadGangs(JsonFields* root);
  GangView ReadGang(Element element);
  GangTerms ReadTerms(JsonFields* fields);
  MemberView ReadMember(Element element);
  void AddGang(GangView gang);

  std::optional<Error> error_;
  Snapshot snapshot_;
  ResourceNames names_;
  NameIndex resource_ids_;
  NodeTable nodes_;
  std::vector<std::vector<std::int64_t>> free_;  // by node, then by resource
  std::vector<std::shared_ptr<const PodShape>> shapes_;
  std::vector<ResourceVector> requests_;
  std::vector<PeerRef> peers_;
  std::size_t roles_ = 0;  // of the gang that is read
  std::shared_ptr<GangChunk> chunk_;
};

Amounts Loader::ReadAmounts(Element element, std::string_view what) {
  JsonFields fields(element, what, &error_);
  Amounts amounts;
  amounts.milli_cpu = fields.Int("milli_cpu", 0, kMaxAmount);
  amounts.memory_bytes = fields.Int("memory", 0, kMaxAmount);
  amounts.ephemeral_bytes = fields.Int("ephemeral", 0, kMaxAmount);
  amounts.pods = fields.Int("pods", 0, kMaxAmount);
  amounts.gpus = fields.Int32("gpus", 0, std::numeric_limits<std::int32_t>::max());
  fields.Object("extended", [&](const std::string& name, Element value) {
    const auto amount = fields.Value<std::int64_t>(value, "extended", "integers");
    if (amount < 0 || amount > kMaxAmount) fields.Fail("extended", "amounts from 0");
    amounts.extended.emplace_back(name, amount);
  });
  return amounts;
}

ResourceVector Loader::ToVector(const Amounts& amounts, JsonFields* fields) {
  ResourceVector vector;
  if (error_) return vector;
  vector.Set(kCpu, amounts.milli_cpu);
  vector.Set(kMemory, amounts.memory_bytes);
  vector.Set(kPods, amounts.pods);
  vector.Set(kEphemeralStorage, amounts.ephemeral_bytes);
  for (const auto& [name, amount] : amounts.extended) {
    const auto it = resource_ids_.find(name);
    if (it == resource_ids_.end()) {
      fields->Fail(name, "a name that \"resources\" has");
      return vector;
    }
    vector.Set(it->second, amount);
  }
  return vector;
}

void Loader::ReadNames(JsonFields* root) {
  names_.resources = root->Strings("resources");
  names_.models = root->Strings("models");
  ReadKinds(root);
  for (std::uint32_t r = 0; r < names_.resources.size(); ++r) {
    resource_ids_.emplace(names_.resources[r], ResourceId(r));
  }
  const ResourceNames fixed;
  if (names_.resources.size() < kFixedResources ||
      !std::equal(fixed.resources.begin(), fixed.resources.end(), names_.resources.begin()) ||
      resource_ids_.size() != names_.resources.size()) {
    root->Fail("resources", "unique names that begin with cpu, memory, pods, ephemeral-storage");
  }
  for (const std::string& model : names_.models) {
    if (!resource_ids_.contains("gpu/" + model)) {
      root->Fail("resources", "\"gpu/" + model + "\" among them");
    }
  }
}

void Loader::ReadKinds(JsonFields* root) {
  names_.kinds.resize(names_.models.size());
  if (root->Has("share_classes")) names_.share_classes = root->Strings("share_classes");
  if (!root->Has("kinds")) return;
  names_.kinds.clear();
  root->Array("kinds", [this](Element item) {
    JsonFields kind(item, "kinds", &error_);
    names_.kinds.push_back(
        {kind.Int32("slices", 1, kMaxGpuSlices), kind.Int("memory", 0, kMaxAmount)});
  });
  if (names_.kinds.size() != names_.models.size()) root->Fail("kinds", "one for each model");
}

// Devices in order, each marked as used.
void Loader::ReadShared(JsonFields* fields, std::int32_t gpus, const GpuKind& kind) {
  if (!fields->Has("shared")) return;
  const NodeId node(static_cast<std::uint32_t>(snapshot_.usage.gpu_used.size() - 1));
  std::int32_t least = 0;
  fields->Array("shared", [&](Element item) {
    JsonFields shared(item, "shared", &error_);
    SharedGpu& gpu = snapshot_.usage.shared.emplace_back();
    gpu.node = node;
    gpu.device = shared.Int32("device", least, std::max(least, gpus - 1));
    gpu.free = shared.Int32("free", 0, kind.slices);
    gpu.share_class = shared.Index("class", names_.share_classes.size());
    gpu.milli = shared.Int32("milli", 0, 1000);
    least = gpu.device + 1;
    const bool used = (snapshot_.usage.gpu_used.back() >> gpu.device & 1) != 0;
    if (gpu.device >= gpus || !used) shared.Fail("device", "a device that the node has and uses");
  });
}

void Loader::ReadUsage(JsonFields* fields) {
  std::vector<std::int64_t>& free = free_.emplace_back();
  fields->Array("free", [&](Element item) {
    free.push_back(fields->Value<std::int64_t>(item, "free", "integers"));
    if (free.back() < 0) fields->Fail("free", "amounts from 0");
  });
  if (free.size() != snapshot_.usage.resources) fields->Fail("free", "one amount per resource");
  snapshot_.usage.gpu_used.push_back(fields->Unsigned("gpu_used"));
  snapshot_.usage.gpu_unknown.push_back(
      fields->Int32("gpu_unknown", 0, std::numeric_limits<std::int32_t>::max()));
}

void Loader::ReadNode(Element element) {
  JsonFields fields(element, "nodes", &error_);
  NodeInfo info;
  info.name = fields.String("name");
  info.uid = fields.String("uid");
  info.unschedulable = fields.Bool("unschedulable");
  info.gpu_model = fields.String("gpu_model");
  if (fields.Has("gpu_slices")) info.gpu_slices = fields.Int32("gpu_slices", 1, kMaxGpuSlices);
  if (fields.Has("gpu_memory")) info.gpu_memory = fields.Int("gpu_memory", 0, kMaxAmount);
  info.labels = ReadLabels(&fields, "labels");
  fields.Array("taints", [&](Element item) {
    JsonFields taint(item, "taints", &error_);
    info.taints.push_back({taint.String("key"), taint.String("value"),
                           static_cast<TaintEffect>(taint.Int("effect", 0, 2))});
  });
  info.allocatable = ReadAmounts(fields.Child("allocatable"), "allocatable");
  const bool present = fields.Bool("present");
  const bool has_model = !fields.IsNull("model");
  const ModelId model =
      has_model ? ModelId(fields.Index("model", names_.models.size())) : ModelId::None();
  const std::int32_t gpus = present ? info.allocatable.gpus : 0;
  if (gpus > kMaxGpusPerNode) fields.Fail("allocatable", "at most 64 GPUs");
  if (gpus > 0 && !has_model) fields.Fail("model", "a model, since the node has GPUs");
  nodes_.present.push_back(present);
  nodes_.capacity.push_back(present ? ToVector(info.allocatable, &fields) : ResourceVector());
  nodes_.gpus.push_back(gpus);
  nodes_.model.push_back(model);
  nodes_.info.push_back(std::move(info));
  ReadUsage(&fields);
  if (!error_) ReadShared(&fields, gpus, has_model ? names_.kinds[model.index()] : GpuKind{});
}

void Loader::SortNames() {
  for (std::uint32_t n = 0; n < nodes_.size(); ++n) {
    if (nodes_.present[n]) nodes_.by_name.push_back(NodeId(n));
  }
  std::sort(nodes_.by_name.begin(), nodes_.by_name.end(), [this](NodeId a, NodeId b) {
    return nodes_.info[a.index()].name < nodes_.info[b.index()].name;
  });
  nodes_.name_rank.assign(nodes_.size(), 0);
  for (std::uint32_t rank = 0; rank < nodes_.by_name.size(); ++rank) {
    const NodeId node = nodes_.by_name[rank];
    nodes_.name_rank[node.index()] = rank;
    if (nodes_.info[node.index()].unschedulable) nodes_.cordoned.push_back(node);
  }
}

// Sums over the cluster must fit 63 bits, which ResourceVector insists on.
void Loader::CheckTotals(JsonFields* root) {
  for (std::uint32_t r = 0; r < names_.resources.size(); ++r) {
    std::int64_t total = 0;
    for (const ResourceVector& capacity : nodes_.capacity) {
      if (__builtin_add_overflow(total, capacity.Get(ResourceId(r)), &total)) {
        root->Fail("nodes", "capacities of " + names_.resources[r] + " with a sum in 63 bits");
        return;
      }
    }
  }
}

void Loader::ReadNodes(JsonFields* root) {
  NodeUsage& usage = snapshot_.usage;
  usage.resources = static_cast<std::size_t>(
      root->Int("usage_resources", 0, static_cast<std::int64_t>(names_.resources.size())));
  root->Array("nodes", [this](Element item) { ReadNode(item); });
  if (static_cast<std::int64_t>(nodes_.size()) > kMaxNodes)
    root->Fail("nodes", "at most 1,000,000");
  CheckTotals(root);
  if (error_) return;
  SortNames();
  const auto same_name = [this](NodeId a, NodeId b) {
    return nodes_.info[a.index()].name == nodes_.info[b.index()].name;
  };
  const auto& line = nodes_.by_name;
  if (std::adjacent_find(line.begin(), line.end(), same_name) != line.end()) {
    return root->Fail("nodes", "unique names");
  }
  usage.nodes = nodes_.size();
  usage.free.assign(usage.nodes * usage.resources, 0);
  for (std::uint32_t n = 0; n < usage.nodes; ++n) {
    for (std::uint32_t r = 0; r < usage.resources; ++r) {
      usage.Free(ResourceId(r), NodeId(n)) = free_[n][r];
    }
  }
}

void Loader::ReadNodeTerms(JsonFields* fields, PodShape* shape) {
  shape->node_terms.emplace();
  fields->Array("node_terms", [&](Element item) {
    JsonFields term(item, "node_terms", &error_);
    shape->node_terms->push_back(ReadNodeTerm(&term, &error_));
  });
}

void Loader::ReadShape(Element element) {
  JsonFields fields(element, "shapes", &error_);
  PodShape shape;
  shape.requests = ReadAmounts(fields.Child("requests"), "requests");
  shape.gpu_models = fields.Strings("gpu_models");
  shape.node_selector = ReadLabels(&fields, "node_selector");
  fields.Array("tolerations", [&](Element item) {
    JsonFields toleration(item, "tolerations", &error_);
    Toleration& added = shape.tolerations.emplace_back();
    added.key = toleration.String("key");
    added.op = static_cast<TolerationOperator>(toleration.Int("op", 0, 1));
    added.value = toleration.String("value");
    if (!toleration.IsNull("effect")) {
      added.effect = static_cast<TaintEffect>(toleration.Int("effect", 0, 2));
    }
  });
  if (fields.Has("node_terms")) ReadNodeTerms(&fields, &shape);
  if (fields.Has("preferred")) {
    fields.Array("preferred", [&](Element item) {
      JsonFields preference(item, "preferred", &error_);
      const std::int32_t weight = preference.Int32("weight", 1, 100);
      shape.preferred.push_back({weight, ReadNodeTerm(&preference, &error_)});
    });
  }
  if (fields.Has("gpu_share")) {
    JsonFields share(fields.Child("gpu_share"), "gpu_share", &error_);
    shape.gpu_share = {share.Int32("devices", 1, kMaxGpusPerNode),
                       share.Int("millionths", 0, kWholeGpu - 1),
                       share.Int("memory", 0, kMaxAmount), share.String("class")};
    const auto& classes = names_.share_classes;
    if (std::find(classes.begin(), classes.end(), shape.gpu_share.share_class) == classes.end()) {
      share.Fail("class", "a class that \"share_classes\" has");
    }
  }
  if (fields.Has("topology_required")) {
    shape.topology_required = fields.String("topology_required");
  }
  if (fields.Has("topology_preferred")) {
    shape.topology_preferred = fields.String("topology_preferred");
  }
  requests_.push_back(ToVector(shape.requests, &fields));
  shapes_.push_back(std::make_shared<const PodShape>(std::move(shape)));
}

void Loader::ReadShapes(JsonFields* root) {
  root->Array("shapes", [this](Element item) { ReadShape(item); });
}

void Loader::ReadClaims(JsonFields* root) {
  root->Array("claims", [this](Element item) {
    JsonFields fields(item, "claims", &error_);
    Claim& claim = snapshot_.claims.emplace_back();
    claim.ns = fields.String("ns");
    claim.tenant_label = fields.String("tenant_label");
    claim.queue = fields.String("queue");
    if (fields.Has("user")) claim.user = fields.String("user");
    std::uint32_t r = 0;
    fields.Array("allocated", [&](Element amount) {
      const auto value = fields.Value<std::int64_t>(amount, "allocated", "integers");
      if (value < 0 || r >= names_.resources.size()) {
        fields.Fail("allocated", "amounts from 0, at most one per resource");
      } else {
        claim.allocated.Set(ResourceId(r++), value);
      }
    });
  });
}

MemberView Loader::ReadMember(Element element) {
  JsonFields fields(element, "members", &error_);
  MemberView member;
  member.pod = fields.String("pod");
  member.uid = fields.String("uid");
  member.shape = ShapeId(fields.Index("shape", shapes_.size()));
  member.state = static_cast<MemberState>(fields.Int("state", 0, 3));
  member.gated = fields.Bool("gated");
  member.terminating = fields.Bool("terminating");
  const bool holds = member.state == MemberState::kAssumed || member.state == MemberState::kBound;
  if (error_) return member;
  if (!fields.IsNull("node")) member.node = NodeId(fields.Index("node", nodes_.size()));
  if (holds && !member.node.valid()) fields.Fail("node", "a node, since the member holds room");
  member.gpus = fields.Unsigned("gpus");
  if (fields.Has("slices_of")) {
    member.grant.of = fields.Int32("slices_of", 1, kMaxGpuSlices);
    member.grant.slices = fields.Int32("slices", 1, member.grant.of);
  }
  if (fields.Has("role")) member.role = fields.Index("role", roles_);
  if (fields.Has("peer")) {
    const std::uint32_t peer = fields.Index("peer", peers_.size());
    if (!error_) member.peer = peers_[peer];
  }
  return member;
}

GangTerms Loader::ReadTerms(JsonFields* fields) {
  GangTerms terms;
  if (fields->Has("roles")) {
    fields->Array("roles", [&](Element item) {
      JsonFields role(item, "roles", &error_);
      terms.roles.push_back({role.String("name"), role.Int("least", 0, kMaxCount)});
    });
  }
  if (fields->Has("max_member")) terms.most = fields->Int("max_member", 1, kMaxAmount);
  if (fields->Has("start_timeout_ns")) {
    terms.start_timeout = Duration{fields->Int("start_timeout_ns", 0)};
  }
  if (fields->Has("stale_grace_ns")) terms.stale_grace = Duration{fields->Int("stale_grace_ns", 0)};
  return terms;
}

GangView Loader::ReadGang(Element element) {
  JsonFields fields(element, "gangs", &error_);
  GangView gang;
  gang.id = GangId(static_cast<std::uint32_t>(fields.Int("id", 0, 0xffff'fffe)));
  gang.key.ns = fields.String("ns");
  gang.key.kind = static_cast<GangKind>(fields.Int("kind", 0, 3));
  gang.key.name = fields.String("name");
  gang.key.uid = fields.String("uid");
  gang.claim = ClaimId(fields.Index("claim", snapshot_.claims.size()));
  gang.min_member = fields.Int("min_member", 1, kMaxAmount);
  gang.terms = ReadTerms(&fields);
  roles_ = gang.terms.roles.size();
  gang.priority = fields.Int32("priority");
  gang.submitted.ns = fields.Int("submitted");
  gang.partial = fields.Bool("partial");
  gang.partial_since.ns = fields.Int("partial_since");
  gang.not_before.ns = fields.Int("not_before");
  gang.started = fields.Bool("started");
  gang.invalid = fields.String("invalid");
  gang.missing = fields.String("missing");
  fields.Array("members", [&](Element item) { gang.members.push_back(ReadMember(item)); });
  return gang;
}

void Loader::AddGang(GangView gang) {
  const bool wanted = NeedsDecision(gang);
  auto view = std::make_shared<const GangView>(std::move(gang));
  if (!chunk_ || chunk_->size() == kGangChunk) {
    chunk_ = std::make_shared<GangChunk>();
    snapshot_.gangs.push_back(chunk_);
  }
  chunk_->push_back(view);
  if (wanted) snapshot_.waiting.push_back(std::move(view));
}

void Loader::ReadGangs(JsonFields* root) {
  GangId last = GangId::None();
  root->Array("gangs", [&](Element item) {
    GangView gang = ReadGang(item);
    if (last.valid() && gang.id <= last) root->Fail("gangs", "ids in ascending order");
    last = gang.id;
    if (!error_) AddGang(std::move(gang));
  });
}

Result<Snapshot> Loader::Load(std::string_view text) {
  simdjson::dom::parser parser;
  Element element;
  const auto parsed = parser.parse(text.data(), text.size()).get(element);
  if (parsed != simdjson::SUCCESS) {
    Error error;
    error.message = std::string("not JSON: ") + simdjson::error_message(parsed);
    return error;
  }
  JsonFields root(element, "snapshot", &error_);
  snapshot_.version = root.Unsigned("version");
  ReadNames(&root);
  ReadNodes(&root);
  ReadShapes(&root);
  ReadClaims(&root);
  LoadedPeers loaded = ReadPeers(&root, nodes_.size(), &error_);
  peers_ = std::move(loaded.peers);
  snapshot_.residents = std::move(loaded.residents);
  snapshot_.namespaces = std::move(loaded.namespaces);
  snapshot_.volumes = std::move(loaded.volumes);
  ReadGangs(&root);
  if (error_) return *error_;
  snapshot_.names = std::make_shared<const ResourceNames>(std::move(names_));
  snapshot_.nodes = std::make_shared<const NodeTable>(std::move(nodes_));
  using Shapes = std::vector<std::shared_ptr<const PodShape>>;
  snapshot_.shapes = std::make_shared<const Shapes>(std::move(shapes_));
  snapshot_.shape_requests =
      std::make_shared<const std::vector<ResourceVector>>(std::move(requests_));
  DeriveShapeMembers(&snapshot_);
  if (const auto wrong = DeriveHoldings(&snapshot_)) {
    root.Fail("gangs", *wrong);
    return *error_;
  }
  return std::move(snapshot_);
}

}  // namespace

Result<Snapshot> LoadSnapshot(std::string_view json) { return Loader().Load(json); }

}  // namespace fairlead
