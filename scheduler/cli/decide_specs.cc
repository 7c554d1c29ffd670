#include <fmt/format.h>

#include <algorithm>

#include "fairlead/base/quantity.h"
#include "fairlead/model/gpu_share.h"
#include "scheduler/cli/decide_file.h"

namespace fairlead::cli {
namespace {

using yaml::MapReader;

constexpr std::int64_t kMaxCount = 1'000'000;
constexpr std::int64_t kMilli = 1000;

void ReadQuantity(MapReader* map, std::string_view key, std::int64_t scale, Rounding rounding,
                  std::int64_t* out) {
  const yaml::Node* node = map->Child(key);
  if (node == nullptr) return;
  if (node->kind != yaml::Kind::kScalar) return map->Fail(*node, key, "expected a quantity");
  const Result<std::int64_t> value = ParseQuantity(node->scalar, scale, rounding);
  if (!value) return map->Fail(*node, key, value.error().message);
  *out = *value;
}

void ReadLabels(MapReader* map, std::string_view key, Labels* out) {
  const yaml::Node* node = map->Child(key);
  if (node == nullptr) return;
  if (node->kind != yaml::Kind::kMap) return map->Fail(*node, key, "expected a map of strings");
  for (const auto& [name, value] : node->members) {
    if (value.kind != yaml::Kind::kScalar) return map->Fail(value, key, "expected a string");
    out->emplace_back(name, value.scalar);
  }
  std::sort(out->begin(), out->end());
}

void ReadInstant(MapReader* map, std::string_view key, std::optional<Instant>* out) {
  const yaml::Node* node = map->Child(key);
  if (node == nullptr) return;
  const Result<Instant> value = ParseInstant(node->scalar);
  if (!value) return map->Fail(*node, key, value.error().message);
  *out = *value;
}

std::optional<TaintEffect> EffectFrom(std::string_view text) {
  if (text == "NoSchedule") return TaintEffect::kNoSchedule;
  if (text == "PreferNoSchedule") return TaintEffect::kPreferNoSchedule;
  if (text == "NoExecute") return TaintEffect::kNoExecute;
  return std::nullopt;
}

// "key", "key:Effect", "key=value:Effect", "key=value", or a map with the same parts.
struct TaintText {
  std::string key;
  std::string value;
  bool has_value = false;
  std::string op;
  std::string effect;
};

TaintText SplitTaint(std::string_view text) {
  TaintText parts;
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    parts.effect = std::string(text.substr(colon + 1));
    text = text.substr(0, colon);
  }
  const std::size_t equals = text.find('=');
  parts.has_value = equals != std::string_view::npos;
  if (parts.has_value) parts.value = std::string(text.substr(equals + 1));
  parts.key = std::string(text.substr(0, equals));
  return parts;
}

Status ReadTaintText(const yaml::Node& item, const MapReader& parent, std::string_view path,
                     bool with_operator, TaintText* out) {
  if (item.kind == yaml::Kind::kScalar) {
    *out = SplitTaint(item.scalar);
    return Ok{};
  }
  MapReader map(item, parent.file(), parent.PathOf(path));
  map.String("key", &out->key);
  map.String("value", &out->value);
  map.String("effect", &out->effect);
  if (with_operator) map.String("operator", &out->op);
  out->has_value = map.Has("value");
  return map.Finish();
}

// Calls `read(item, path)` for the items of a list.
template <typename Read>
Status EachItem(MapReader* map, std::string_view key, Read read) {
  const yaml::Node* list = map->Child(key);
  if (list == nullptr) return Ok{};
  if (list->kind != yaml::Kind::kSequence) return map->MakeError(*list, key, "expected a list");
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    Status status = read(list->items[i], fmt::format("{}[{}]", key, i));
    if (!status) return status;
  }
  return Ok{};
}

Status ReadTaints(MapReader* map, std::vector<Taint>* out) {
  return EachItem(map, "taints", [&](const yaml::Node& item, const std::string& path) -> Status {
    TaintText text;
    if (Status status = ReadTaintText(item, *map, path, false, &text); !status) return status;
    const std::optional<TaintEffect> effect = EffectFrom(text.effect);
    if (!effect || text.key.empty()) {
      return map->MakeError(item, path,
                            "expected key=value:EFFECT, EFFECT one of NoSchedule, "
                            "PreferNoSchedule, NoExecute");
    }
    out->push_back({text.key, text.value, *effect});
    return Ok{};
  });
}

Status ReadTolerations(MapReader* map, std::vector<Toleration>* out) {
  return EachItem(
      map, "tolerations", [&](const yaml::Node& item, const std::string& path) -> Status {
        TaintText text;
        if (Status status = ReadTaintText(item, *map, path, true, &text); !status) return status;
        Toleration toleration{text.key, TolerationOperator::kEqual, text.value, {}};
        // A short form without a value tolerates every value.
        const bool short_form = item.kind == yaml::Kind::kScalar;
        if (text.op == "Exists" || (short_form && !text.has_value)) {
          toleration.op = TolerationOperator::kExists;
        } else if (!text.op.empty() && text.op != "Equal") {
          return map->MakeError(item, path,
                                fmt::format("operator '{}': expected Equal or Exists", text.op));
        }
        if (!text.effect.empty()) {
          toleration.effect = EffectFrom(text.effect);
          if (!toleration.effect) {
            return map->MakeError(
                item, path,
                fmt::format("effect '{}': expected NoSchedule, PreferNoSchedule or "
                            "NoExecute",
                            text.effect));
          }
        }
        out->push_back(std::move(toleration));
        return Ok{};
      });
}

void ReadState(MapReader* map, GangState* out) {
  const yaml::Node* node = map->Child("state");
  if (node == nullptr) return;
  if (node->scalar == "running") {
    *out = GangState::kRunning;
  } else if (node->scalar != "pending") {
    map->Fail(*node, "state", fmt::format("'{}': expected pending or running", node->scalar));
  }
}

void ReadRunning(MapReader* map, GangSpec* spec) {
  const yaml::Node* nodes = map->Child("nodes");
  if (nodes == nullptr) {
    if (spec->state == GangState::kRunning) map->Require("nodes");
    return;
  }
  if (spec->state != GangState::kRunning) {
    return map->Fail(*nodes, "nodes", "only a gang with state: running has nodes");
  }
  MapReader placed(*nodes, map->file(), map->PathOf("nodes"));
  std::int64_t running = 0;
  for (const auto& [name, value] : nodes->members) {
    std::int64_t pods = 0;
    placed.Int(name, 1, kMaxCount, &pods);
    running += pods;
    spec->nodes.push_back({name, pods, &value});
  }
  if (Status status = placed.Finish(); !status) {
    return map->Fail(*nodes, "nodes", status.error().message);
  }
  if (running > spec->pods) {
    map->Fail(*nodes, "nodes",
              fmt::format("{} pods run, but the gang has {}", running, spec->pods));
  }
}

// Part of a GPU: by number, by memory, or both.
void ReadShare(MapReader* map, PodShape* shape) {
  GpuShare& share = shape->gpu_share;
  const yaml::Node* text = map->Child("gpu_share");
  if (text != nullptr && !ParseGpuShare(text->scalar, &share.millionths)) {
    map->Fail(*text, "gpu_share",
              fmt::format("'{}': expected a number above 0 and up to 1 with at most 6 digits after "
                          "the point",
                          text->scalar));
  }
  ReadQuantity(map, "gpu_memory", 1, Rounding::kUp, &share.memory_bytes);
  std::int64_t devices = 1;
  map->Int("gpu_share_devices", 1, kMaxGpusPerNode, &devices);
  map->String("gpu_share_class", &share.share_class);
  const bool whole = share.millionths == kWholeGpu;
  if (whole) shape->requests.gpus = static_cast<std::int32_t>(devices);
  const bool asks = share.millionths > 0 || share.memory_bytes > 0;
  if (!asks || whole) share = {};
  if (asks && !whole) share.devices = static_cast<std::int32_t>(devices);
}

}  // namespace

Result<NodeSpec> ReadNodeSpec(const yaml::Node& node, const std::string& file,
                              const std::string& path) {
  MapReader map(node, file, path);
  NodeSpec spec;
  Amounts& has = spec.info.allocatable;
  std::int64_t gpus = 0;
  has.pods = 110;
  map.Require("name");
  map.String("name", &spec.info.name);
  map.Int("count", 1, kMaxCount, &spec.count);
  ReadQuantity(&map, "cpu", kMilli, Rounding::kDown, &has.milli_cpu);
  ReadQuantity(&map, "memory", 1, Rounding::kDown, &has.memory_bytes);
  ReadQuantity(&map, "ephemeral_storage", 1, Rounding::kDown, &has.ephemeral_bytes);
  map.Int("gpus", 0, kMaxGpusPerNode, &gpus);
  map.Int("pods", 0, kMaxCount, &has.pods);
  map.String("model", &spec.info.gpu_model);
  std::int64_t slices = 1;
  map.Int("slices", 1, kMaxGpuSlices, &slices);
  ReadQuantity(&map, "gpu_memory", 1, Rounding::kDown, &spec.info.gpu_memory);
  spec.info.gpu_slices = static_cast<std::int32_t>(slices);
  map.Bool("unschedulable", &spec.info.unschedulable);
  ReadLabels(&map, "labels", &spec.info.labels);
  has.gpus = static_cast<std::int32_t>(gpus);
  const Status taints = ReadTaints(&map, &spec.info.taints);
  if (Status status = map.Finish(); !status) return status.error();
  if (!taints) return taints.error();
  return spec;
}

Result<GangSpec> ReadGangSpec(const yaml::Node& node, const std::string& file,
                              const std::string& path) {
  MapReader map(node, file, path);
  GangSpec spec;
  Amounts& asks = spec.shape.requests;
  std::int64_t gpus = 0;
  asks.pods = 1;
  map.Require("name");
  map.String("name", &spec.name);
  map.String("namespace", &spec.ns);
  map.String("queue", &spec.queue);
  map.String("user", &spec.user);
  map.Int("pods", 1, kMaxCount, &spec.pods);
  map.Int("min_member", 1, kMaxCount, &spec.min_member);
  ReadQuantity(&map, "cpu", kMilli, Rounding::kUp, &asks.milli_cpu);
  ReadQuantity(&map, "memory", 1, Rounding::kUp, &asks.memory_bytes);
  ReadQuantity(&map, "ephemeral_storage", 1, Rounding::kUp, &asks.ephemeral_bytes);
  map.Int("gpus", 0, kMaxGpusPerNode, &gpus);
  map.Int("priority", -2'147'483'648, 2'147'483'647, &spec.priority);
  map.Bool("gated", &spec.gated);
  ReadShare(&map, &spec.shape);
  map.String("topology_required", &spec.shape.topology_required);
  map.String("topology_preferred", &spec.shape.topology_preferred);
  map.Strings("models", &spec.shape.gpu_models);
  ReadInstant(&map, "submitted", &spec.submitted);
  ReadInstant(&map, "started", &spec.started);
  ReadLabels(&map, "selector", &spec.shape.node_selector);
  ReadState(&map, &spec.state);
  ReadRunning(&map, &spec);
  if (gpus > 0 && GpusAsked(spec.shape) > 0) {
    map.Fail(*map.Child("gpus"), "gpus", "expected whole GPUs or a share of some, not both");
  }
  asks.gpus += static_cast<std::int32_t>(gpus);
  std::sort(spec.shape.gpu_models.begin(), spec.shape.gpu_models.end());
  const Status tolerations = ReadTolerations(&map, &spec.shape.tolerations);
  if (Status status = map.Finish(); !status) return status.error();
  if (!tolerations) return tolerations.error();
  return spec;
}

}  // namespace fairlead::cli
