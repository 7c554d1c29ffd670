#include "scheduler/sim/scenario_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "fairlead/base/quantity.h"

namespace fairlead::sim {
namespace {

using yaml::Kind;
using yaml::MapReader;

constexpr std::int64_t kMillionth = 1'000'000;

void ReadQuantity(std::string_view key, std::int64_t scale, std::int64_t unit, MapReader* map,
                  std::int64_t* out) {
  const yaml::Node* node = map->Child(key);
  if (node == nullptr) return;
  const Result<std::int64_t> value = ParseQuantity(node->scalar, scale, Rounding::kDown);
  if (node->kind != Kind::kScalar || !value) {
    return map->Fail(*node, key, value ? "expected a quantity" : value.error().message);
  }
  *out = *value / unit;
}

// Cores and bytes as people write them, in mCPU and MiB.
void ReadCpuAndMemory(MapReader* map, std::int64_t* cpu, std::int64_t* memory) {
  ReadQuantity("cpu", 1000, 1, map, cpu);
  ReadQuantity("memory", 1, 1 << 20, map, memory);
}

Status ReadGang(const yaml::Node& node, const std::string& file, const std::string& path,
                GangMix* out) {
  MapReader map(node, file, path);
  std::int64_t pods = 1;
  std::int64_t gpus = 1;
  std::int64_t milli = kWholeGpu;
  map.Int("weight", 1, 1'000'000, &out->weight);
  map.Int("pods", 1, 100'000, &pods);
  map.Int("gpus", 0, 64, &gpus);
  map.Int("gpu_milli", 1, kWholeGpu, &milli);
  ReadCpuAndMemory(&map, &out->cpu, &out->memory);
  out->pods = static_cast<std::int32_t>(pods);
  out->gpus = static_cast<std::int32_t>(gpus);
  out->milli = static_cast<std::int32_t>(milli);
  return map.Finish();
}

// Calls read(item, path) for each of a list.
template <typename Read>
Status EachOf(const yaml::Node& list, const std::string& file, const std::string& path, Read read) {
  if (list.kind != Kind::kSequence || list.items.empty()) {
    return MapReader(list, file, "").MakeError(list, path, "expected a list with entries");
  }
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    Status status = read(list.items[i], fmt::format("{}[{}]", path, i));
    if (!status) return status;
  }
  return Ok{};
}

Status ReadTenants(const yaml::Node& node, const std::string& file, GeneratorSpec* out) {
  MapReader map(node, file, "workload.generator.tenants");
  map.Int("count", 1, 10'000, &out->queues);
  map.Decimal("skew", 6, 0, 10 * kMillionth, &out->skew);
  return map.Finish();
}

Status ReadDurations(const yaml::Node& node, const std::string& file, GeneratorSpec* out) {
  MapReader map(node, file, "workload.generator.durations");
  ReadSeconds("median", 1, &map, &out->median);
  map.Decimal("sigma", 6, 0, 10 * kMillionth, &out->sigma);
  ReadSeconds("max", 1, &map, &out->longest);
  if (const yaml::Node* list = map.Child("seconds"); list != nullptr) {
    Status status = EachOf(*list, file, "workload.generator.durations.seconds",
                           [&](const yaml::Node& item, const std::string& path) -> Status {
                             const Result<std::int64_t> value = ParseWhole(item, 0, 4'000'000'000);
                             if (!value) return map.MakeError(item, path, value.error().message);
                             out->durations.push_back(*value);
                             return Ok{};
                           });
    if (!status) return status;
  }
  return map.Finish();
}

// What `find` can compare.
bool IsCondition(std::string_view text) {
  const std::size_t at = text.find_first_of("<>");
  return at != std::string_view::npos && at > 0 &&
         text.find_first_of("0123456789", at) != std::string_view::npos;
}

// A scalar or list of scalars as --set writes it.
std::string SettingText(const yaml::Node& node) {
  if (node.kind != Kind::kSequence) return node.scalar;
  std::string text = "[";
  for (const yaml::Node& item : node.items) {
    text += (text.size() > 1 ? ", " : "") + item.scalar;
  }
  return text + "]";
}

Status ReadFind(const yaml::Node& node, const std::string& file, FindSpec* out) {
  MapReader map(node, file, "find");
  map.Require("vary");
  map.Require("such_that");
  map.String("vary", &out->vary);
  map.Int("least", 0, 1'000'000, &out->least);
  map.Int("most", 1, 1'000'000, &out->most);
  map.Bool("smallest", &out->smallest);
  map.String("such_that", &out->such_that);
  if (!out->such_that.empty() && !IsCondition(out->such_that)) {
    map.Fail(
        *map.Child("such_that"), "such_that",
        fmt::format("'{}': expected a figure, <= or >=, and a number, such as wait.mean <= 600",
                    out->such_that));
  }
  if (out->least > out->most) map.Fail(*map.Child("least"), "least", "is above most");
  return map.Finish();
}

}  // namespace

void ReadShapeFields(MapReader* map, NodeSpec* out) {
  std::int64_t gpus = 0;
  map->Int("gpus", 0, 64, &gpus);
  map->String("model", &out->model);
  ReadCpuAndMemory(map, &out->cpu, &out->memory);
  if (const yaml::Node* labels = map->Child("labels"); labels != nullptr) {
    if (labels->kind != Kind::kMap)
      return map->Fail(*labels, "labels", "expected a map of strings");
    for (const auto& [key, value] : labels->members) out->labels.emplace_back(key, value.scalar);
    std::sort(out->labels.begin(), out->labels.end());
  }
  out->gpus = static_cast<std::int32_t>(gpus);
}

Status ReadShapes(const yaml::Node& list, const std::string& file,
                  std::vector<std::pair<NodeSpec, std::int64_t>>* out) {
  return EachOf(list, file, "cluster.shapes",
                [&](const yaml::Node& item, const std::string& path) -> Status {
                  MapReader map(item, file, path);
                  NodeSpec shape;
                  std::int64_t count = 1;
                  shape.name = fmt::format("shape{}", out->size());
                  map.String("name", &shape.name);
                  map.Int("count", 1, 1'000'000, &count);
                  ReadShapeFields(&map, &shape);
                  out->emplace_back(std::move(shape), count);
                  return map.Finish();
                });
}

Status ReadGenerator(const yaml::Node& node, const std::string& file, GeneratorSpec* out) {
  MapReader map(node, file, "workload.generator");
  map.Int("jobs", 1, 10'000'000, &out->jobs);
  ReadSeconds("span", 1, &map, &out->span);
  map.Decimal("diurnal", 6, 0, kMillionth, &out->diurnal);
  if (const yaml::Node* durations = map.Child("durations"); durations != nullptr) {
    if (Status status = ReadDurations(*durations, file, out); !status) return status;
  }
  if (const yaml::Node* tenants = map.Child("tenants"); tenants != nullptr) {
    if (Status status = ReadTenants(*tenants, file, out); !status) return status;
  }
  if (const yaml::Node* gangs = map.Child("gangs"); gangs != nullptr) {
    out->gangs.clear();
    Status status = EachOf(*gangs, file, "workload.generator.gangs",
                           [&](const yaml::Node& item, const std::string& path) {
                             return ReadGang(item, file, path, &out->gangs.emplace_back());
                           });
    if (!status) return status;
  }
  return map.Finish();
}

Status ReadExperiments(const yaml::Node* sweep, const yaml::Node* find, const std::string& file,
                       Scenario* out) {
  if (sweep != nullptr) {
    MapReader map(*sweep, file, "sweep");
    SweepSpec& spec = out->sweep.emplace();
    for (const auto& [key, values] : sweep->members) {
      (void)map.Child(key);
      if (values.kind != Kind::kSequence || values.items.empty()) {
        map.Fail(values, key, "expected a list of values");
        break;
      }
      spec.vary.emplace_back(key, std::vector<std::string>{});
      for (const yaml::Node& item : values.items) {
        spec.vary.back().second.push_back(SettingText(item));
      }
    }
    if (sweep->members.empty()) map.Fail(*sweep, "", "empty: expected keys with lists of values");
    if (Status status = map.Finish(); !status) return status;
  }
  if (find == nullptr) return Ok{};
  return ReadFind(*find, file, &out->find.emplace());
}

}  // namespace fairlead::sim
