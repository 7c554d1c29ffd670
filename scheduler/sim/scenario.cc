#include "fairlead/sim/scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "fairlead/base/quantity.h"
#include "fairlead/base/time.h"
#include "scheduler/sim/scenario_parts.h"

namespace fairlead::sim {
namespace {

using yaml::Kind;
using yaml::MapReader;

// One name, or a list of names, of a table.
template <std::size_t N, typename Enum>
void ReadNames(const std::array<std::string_view, N>& names, std::string_view key, MapReader* map,
               std::vector<Enum>* out) {
  const yaml::Node* node = map->Child(key);
  if (node == nullptr) return;
  std::vector<Enum> chosen;
  const auto read = [&](const yaml::Node& item) {
    const auto it = std::find(names.begin(), names.end(), item.scalar);
    if (item.kind != Kind::kScalar || it == names.end()) {
      return map->Fail(
          item, key, fmt::format("'{}': expected one of {}", item.scalar, fmt::join(names, ", ")));
    }
    chosen.push_back(static_cast<Enum>(it - names.begin()));
  };
  if (node->kind == Kind::kSequence && node->items.empty()) {
    map->Fail(*node, key, "an empty list: expected at least one name");
  }
  if (node->kind == Kind::kSequence) {
    std::for_each(node->items.begin(), node->items.end(), read);
  } else {
    read(*node);
  }
  *out = std::move(chosen);
}

// Relative to the scenario's folder, or as it is where the command line gave it.
void ReadPath(std::string_view key, MapReader* map, std::string* out) {
  const yaml::Node* node = map->Child(key);
  if (node == nullptr) return;
  map->String(key, out);
  const std::size_t slash = map->file().rfind('/');
  if (out->empty() || out->starts_with('/') || node->line == 0 || slash == std::string::npos)
    return;
  *out = map->file().substr(0, slash + 1) + *out;
}

void ReadSeeds(MapReader* map, std::vector<std::uint32_t>* out) {
  constexpr std::int64_t kMost = 4'294'967'295;
  const yaml::Node* list = map->Child("seeds");
  if (list == nullptr) return;
  if (list->kind == Kind::kSequence) {
    out->clear();
    for (const yaml::Node& item : list->items) {
      const Result<std::int64_t> seed = ParseWhole(item, 0, kMost);
      if (!seed) return map->Fail(item, "seeds", seed.error().message);
      out->push_back(static_cast<std::uint32_t>(*seed));
    }
    if (out->empty()) map->Fail(*list, "seeds", "an empty list: expected at least one seed");
    return;
  }
  std::int64_t first = 42;
  std::int64_t count = 1;
  MapReader range(*list, map->file(), map->PathOf("seeds"));
  range.Int("first", 0, kMost - 10'000, &first);
  range.Int("count", 1, 10'000, &count);
  if (Status status = range.Finish(); !status)
    return map->Fail(*list, "seeds", status.error().message);
  out->resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < out->size(); ++i) {
    (*out)[i] = static_cast<std::uint32_t>(first + static_cast<std::int64_t>(i));
  }
}

// `given`: there are nodes without any of it.
Status ReadCluster(const yaml::Node& node, const std::string& file, bool given, ClusterSpec* out) {
  MapReader map(node, file, "cluster");
  ReadPath("nodes_file", &map, &out->nodes_file);
  if (map.Has("nodes")) map.Int("nodes", 1, 1'000'000, &out->nodes.emplace());
  // One shape may stand at the level of the cluster itself.
  NodeSpec own;
  own.name = "node";
  ReadShapeFields(&map, &own);
  const bool has_own = own.gpus > 0 || own.cpu != kUnlimited;
  if (const yaml::Node* shapes = map.Child("shapes"); shapes != nullptr) {
    if (Status status = ReadShapes(*shapes, file, &out->shapes); !status) return status;
  }
  if (has_own && (!out->shapes.empty() || !out->nodes_file.empty())) {
    map.Fail(node, "", "expected one of nodes_file, shapes, and gpus with nodes");
  }
  if (has_own) {
    map.Require("nodes");
    out->shapes = {{own, out->nodes.value_or(1)}};
  } else if (out->nodes && !out->shapes.empty()) {
    if (out->shapes.size() > 1) {
      map.Fail(*map.Child("nodes"), "nodes", "there are several shapes: expected their counts");
    }
    out->shapes.front().second = *out->nodes;
  }
  if (out->shapes.empty() && out->nodes_file.empty() && !given) {
    map.Fail(node, "", "no nodes: expected nodes_file, shapes, or gpus with nodes");
  }
  return map.Finish();
}

Status ReadWorkloadSpec(const yaml::Node& node, const std::string& file, WorkloadSpec* out) {
  static const std::vector<std::string_view> kFormats = {"openb", "philly", "helios", "pai2020",
                                                         "swf",   "csv",    "k8s"};
  MapReader map(node, file, "workload");
  map.String("format", &out->format);
  ReadPath("jobs", &map, &out->jobs);
  ReadPath("pods", &map, &out->pods);
  map.Bool("skip_bad", &out->skip_bad);
  ReadSeconds("duration", 1, &map, &out->duration);
  if (const yaml::Node* generator = map.Child("generator"); generator != nullptr) {
    if (Status status = ReadGenerator(*generator, file, &out->generator.emplace()); !status) {
      return status;
    }
  }
  // --set workload.pods=FILE takes the place of whatever the scenario names, and likewise of jobs.
  const auto set = [&map](std::string_view key) {
    const yaml::Node* value = map.Child(key);
    return value != nullptr && value->line == 0;
  };
  if (set("pods") || set("jobs")) {
    if (!set("pods")) out->pods.clear();
    if (!set("jobs")) out->jobs.clear();
    out->generator.reset();
  }
  const int sources =
      (out->jobs.empty() ? 0 : 1) + (out->pods.empty() ? 0 : 1) + (out->generator ? 1 : 0);
  if (sources != 1) map.Fail(node, "", "expected one of jobs, pods and generator");
  if (!out->pods.empty() && (out->format.empty() || set("pods"))) out->format = "openb";
  if (!out->jobs.empty() && out->format.empty()) map.Require("format");
  if (!out->format.empty() &&
      std::find(kFormats.begin(), kFormats.end(), out->format) == kFormats.end()) {
    const yaml::Node* at = map.Child("format");
    map.Fail(at == nullptr ? node : *at, "format",
             fmt::format("'{}': expected one of {}", out->format, fmt::join(kFormats, ", ")));
  }
  return map.Finish();
}

Status ReadFaults(const yaml::Node& list, const std::string& file, std::vector<Fault>* out) {
  if (list.kind != Kind::kSequence) {
    return MapReader(list, file, "").MakeError(list, "faults", "expected a list");
  }
  static constexpr std::array<std::string_view, 3> kKinds = {"down", "up", "drain"};
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    MapReader map(list.items[i], file, fmt::format("faults[{}]", i));
    Fault fault;
    std::vector<FaultKind> kinds;
    map.Require("at");
    map.Require("node");
    map.Require("kind");
    ReadSeconds("at", 0, &map, &fault.at);
    map.String("node", &fault.node);
    ReadNames(kKinds, "kind", &map, &kinds);
    if (Status status = map.Finish(); !status) return status;
    fault.kind = kinds.front();
    out->push_back(fault);
  }
  std::stable_sort(out->begin(), out->end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
  return Ok{};
}

// The simulator's own keys of `policy`; the rest is the live scheduler's.
Status ReadPolicySection(const yaml::Node* section, yaml::Node* rest, const std::string& file,
                         Scenario* out) {
  if (section == nullptr) return Ok{};
  static constexpr std::array<std::string_view, 3> kOwn = {"order", "placement", "decide_every"};
  yaml::Node own;
  own.kind = Kind::kMap;
  own.line = section->line;
  own.column = section->column;
  *rest = *section;
  rest->members.clear();
  for (const auto& member : section->members) {
    const bool ours = std::find(kOwn.begin(), kOwn.end(), member.first) != kOwn.end();
    (ours ? own : *rest).members.push_back(member);
  }
  MapReader map(own, file, "policy");
  ReadNames(kOrderNames, "order", &map, &out->orders);
  ReadNames(kPlacementNames, "placement", &map, &out->placements);
  ReadSeconds("decide_every", 0, &map, &out->decide_every);
  return map.Finish();
}

Status ReadPolicyParts(const yaml::Node* queues, const yaml::Node* tenants, const yaml::Node& rest,
                       const PolicyReader& read_policy, Scenario* out) {
  const yaml::Node none;
  out->own_queues = queues != nullptr || out->given != nullptr;
  return read_policy(queues == nullptr ? none : *queues, tenants,
                     rest.members.empty() ? nullptr : &rest, out->file, &out->policy);
}

}  // namespace

Result<std::int64_t> ParseWhole(const yaml::Node& node, std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  const char* const begin = node.scalar.data();
  const char* const end = begin + node.scalar.size();
  const auto [at, error] = std::from_chars(begin, end, value);
  if (node.kind == Kind::kScalar && error == std::errc() && at == end && value >= min &&
      value <= max) {
    return value;
  }
  Error bad;
  bad.message = fmt::format("'{}': expected a whole number from {} to {}", node.scalar, min, max);
  return bad;
}

void ReadSeconds(std::string_view key, std::int64_t min, MapReader* map, std::int64_t* out) {
  const yaml::Node* node = map->Child(key);
  if (node == nullptr) return;
  constexpr std::int64_t kMost = 4'000'000'000;
  const Result<std::int64_t> plain = ParseWhole(*node, min, kMost);
  if (plain) {
    *out = *plain;
    return;
  }
  const Result<Duration> text = ParseDuration(node->scalar);
  constexpr std::int64_t kSecond = 1'000'000'000;
  if (node->kind == Kind::kScalar && text && text->ns % kSecond == 0 && text->ns / kSecond >= min) {
    *out = text->ns / kSecond;
    return;
  }
  map->Fail(*node, key,
            fmt::format("'{}': expected whole seconds or a duration such as 1h30m, at least {} s",
                        node->scalar, min));
}

Result<Scenario> ReadScenario(const yaml::Node& document, const std::string& file,
                              const PolicyReader& read_policy, std::shared_ptr<const Given> given) {
  static constexpr std::array<std::string_view, 2> kModes = {"saturation", "replay"};
  Scenario out;
  out.file = file;
  MapReader root(document, file, "");
  std::vector<Mode> modes;
  root.String("name", &out.name);
  root.Require("mode");
  ReadNames(kModes, "mode", &root, &modes);
  if (modes.size() > 1) root.Fail(*root.Child("mode"), "mode", "expected one mode");
  ReadSeeds(&root, &out.seeds);
  root.Require("workload");
  if (!given) root.Require("cluster");
  const yaml::Node* cluster = root.Child("cluster");
  const yaml::Node* workload = root.Child("workload");
  const yaml::Node* queues = root.Child("queues");
  const yaml::Node* tenants = root.Child("tenants");
  const yaml::Node* policy = root.Child("policy");
  const yaml::Node* faults = root.Child("faults");
  const yaml::Node* expect = root.Child("expect");
  const yaml::Node* sweep = root.Child("sweep");
  const yaml::Node* find = root.Child("find");
  if (Status status = root.Finish(); !status) return status.error();
  out.mode = modes.front();
  const yaml::Node none;
  out.given = std::move(given);
  if (Status status = ReadCluster(cluster == nullptr ? none : *cluster, file, out.given != nullptr,
                                  &out.cluster);
      !status) {
    return status.error();
  }
  if (Status status = ReadWorkloadSpec(*workload, file, &out.workload); !status) {
    return status.error();
  }
  yaml::Node rest;
  if (Status status = ReadPolicySection(policy, &rest, file, &out); !status) return status.error();
  if (Status status = ReadPolicyParts(queues, tenants, rest, read_policy, &out); !status) {
    return status.error();
  }
  if (faults != nullptr) {
    if (Status status = ReadFaults(*faults, file, &out.faults); !status) return status.error();
  }
  if (expect != nullptr) {
    MapReader map(*expect, file, "expect");
    map.Require("file");
    ReadPath("file", &map, &out.expect.file);
    map.String("list", &out.expect.list);
    if (Status status = map.Finish(); !status) return status.error();
  }
  if (Status status = ReadExperiments(sweep, find, file, &out); !status) return status.error();
  return out;
}

}  // namespace fairlead::sim
