#include "scheduler/cli/demo_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <tuple>

#include "fairlead/base/quantity.h"
#include "fairlead/yaml/document.h"

namespace fairlead::cli {
namespace {

using yaml::MapReader;

constexpr std::int64_t kMaxNodes = 5'000;
constexpr std::int64_t kMaxGangs = 10'000;
constexpr std::int64_t kMaxPods = 1'000;  // of one gang
constexpr std::int64_t kMaxSpeed = 1'000;
constexpr std::size_t kMaxName = 40;  // leaves room for what a Job adds to the names of its pods
constexpr Duration kMaxTime = Duration::Seconds(86'400);
constexpr Duration kArrivals = Duration::Seconds(60);
constexpr Duration kShortest = Duration::Seconds(8);
constexpr Duration kLongest = Duration::Seconds(26);

struct Shape {
  bool single_pod;
  std::int64_t pods;
  std::int64_t gpus;  // per pod
};

// Small gangs are frequent, large ones hold most of the GPUs: as on real clusters.
constexpr Shape kShapes[] = {{true, 1, 1},  {true, 1, 1},  {true, 1, 2},  {true, 1, 4},
                             {false, 2, 1}, {false, 4, 1}, {false, 4, 2}, {false, 1, 8},
                             {false, 2, 8}, {false, 2, 8}, {false, 4, 8}, {false, 8, 8}};
constexpr const char* kKinds[] = {"train", "tune", "eval", "embed"};

// Evenly from [0, n). The library's distributions differ between implementations.
std::int64_t Draw(std::mt19937_64* random, std::int64_t n) {
  return static_cast<std::int64_t>((*random)() % static_cast<std::uint64_t>(n));
}

bool Earlier(const DemoGang& a, const DemoGang& b) {
  return std::tie(a.at, a.tenant, a.name) < std::tie(b.at, b.tenant, b.name);
}

// GPUs of one gang, and of one node.
struct Bounds {
  std::int64_t gang = 0;
  std::int64_t node = 0;
};

// The tenant asks for `gpu_seconds` in all.
void GenerateTenant(const std::string& tenant, std::int64_t gpu_seconds, const Bounds& bounds,
                    std::mt19937_64* random, std::vector<DemoGang>* gangs) {
  for (int i = 0; gpu_seconds > 0 && i < kMaxGangs / 4; ++i) {
    const Shape& shape = kShapes[Draw(random, std::size(kShapes))];
    DemoGang gang;
    gang.tenant = tenant;
    gang.single_pod = shape.single_pod;
    gang.gpus = shape.gpus;
    gang.pods = shape.pods;
    while (gang.pods > 1 && gang.total_gpus() > bounds.gang) gang.pods /= 2;
    gang.gpus = std::min({gang.gpus, bounds.gang, bounds.node});
    gang.name = fmt::format("{}-{}", shape.single_pod ? "notebook" : kKinds[Draw(random, 4)], i);
    // More at the beginning than at the end, so that there is a line early.
    const std::int64_t first = Draw(random, kArrivals.ns);
    gang.at = Duration{std::min(first, Draw(random, kArrivals.ns))};
    gang.runtime = kShortest + Duration{Draw(random, kLongest.ns - kShortest.ns)};
    gpu_seconds -= gang.total_gpus() * gang.runtime.ns / 1'000'000'000;
    gangs->push_back(std::move(gang));
  }
}

void ReadDuration(MapReader* map, std::string_view key, Duration* out) {
  const yaml::Node* node = map->Child(key);
  if (node == nullptr) return;
  const Result<Duration> value = ParseDuration(node->scalar);
  if (!value) return map->Fail(*node, key, value.error().message);
  if (*value > kMaxTime) return map->Fail(*node, key, "expected at most 24h");
  *out = *value;
}

void ReadGib(MapReader* map, std::string_view key, std::int64_t* out) {
  const yaml::Node* node = map->Child(key);
  if (node == nullptr) return;
  const Result<std::int64_t> bytes = ParseQuantity(node->scalar, 1, Rounding::kDown);
  if (!bytes) return map->Fail(*node, key, bytes.error().message);
  *out = *bytes >> 30;
  if (*out < 1 || *out > 1 << 20) map->Fail(*node, key, "expected 1Gi to 1Pi");
}

bool IsName(std::string_view text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || text.size() > kMaxName || !letter(text.front()) || text.back() == '-') {
    return false;
  }
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || digit(c) || c == '-'; });
}

void ReadName(MapReader* map, std::string_view key, std::string* out) {
  map->Require(key);
  const yaml::Node* node = map->Child(key);
  map->String(key, out);
  if (node == nullptr || IsName(*out)) return;
  map->Fail(
      *node, key,
      fmt::format("'{}': expected 1 to {} of a-z, 0-9 and '-', a letter first", *out, kMaxName));
}

class DemoReader {
 public:
  DemoReader(std::string file, DemoScenario* out) : file_(std::move(file)), out_(*out) {}

  Status Read(const yaml::Node& root) {
    MapReader map(root, file_, "");
    map.Int("speed", 1, kMaxSpeed, &out_.speed);
    auto seed = static_cast<std::int64_t>(out_.seed);
    map.Int("seed", 0, INT64_MAX, &seed);
    out_.seed = static_cast<std::uint64_t>(seed);
    map.Require("nodes");
    const yaml::Node* nodes = map.Child("nodes");
    const yaml::Node* tenants = map.Child("tenants");
    const yaml::Node* workload = map.Child("workload");
    if (Status status = map.Finish(); !status) return status;
    if (Status status = ReadNodes(*nodes); !status) return status;
    if (workload == nullptr) {
      if (tenants != nullptr) return Fail(*tenants, "tenants", "expected a workload beside it");
      DemoScenario generated = GenerateDemo(out_.nodes, out_.seed);
      generated.speed = out_.speed;
      out_ = std::move(generated);
      return Ok{};
    }
    if (tenants == nullptr) return Fail(*workload, "workload", "expected tenants beside it");
    if (Status status = ReadTenants(*tenants); !status) return status;
    return ReadWorkload(*workload);
  }

 private:
  Error Fail(const yaml::Node& at, std::string field, std::string message) const {
    return Error{std::move(message), file_, at.line, at.column, std::move(field)};
  }

  Status CheckList(const yaml::Node& node, const char* field) const {
    if (node.kind == yaml::Kind::kSequence && !node.items.empty()) return Ok{};
    return Fail(node, field, "expected a list of at least one");
  }

  Status ReadNodes(const yaml::Node& node) {
    if (Status status = CheckList(node, "nodes"); !status) return status;
    out_.nodes.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      MapReader map(node.items[i], file_, fmt::format("nodes[{}]", i));
      DemoNodes group;
      map.Int("count", 1, kMaxNodes, &group.count);
      map.Int("gpus", 1, 64, &group.gpus);
      map.Int("cpu", 1, 4'096, &group.cpu);
      map.Int("per_rack", 1, kMaxNodes, &group.per_rack);
      map.String("model", &group.model);
      ReadGib(&map, "memory", &group.memory_gib);
      if (Status status = map.Finish(); !status) return status;
      out_.nodes.push_back(std::move(group));
    }
    if (out_.total_nodes() <= kMaxNodes) return Ok{};
    return Fail(node, "nodes",
                fmt::format("{} nodes: expected at most {}", out_.total_nodes(), kMaxNodes));
  }

  Status ReadTenants(const yaml::Node& node) {
    if (Status status = CheckList(node, "tenants"); !status) return status;
    std::set<std::string> names;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      MapReader map(node.items[i], file_, fmt::format("tenants[{}]", i));
      QueueSpec tenant;
      ReadName(&map, "name", &tenant.name);
      map.Decimal("weight", 6, 1, 1'000'000 * kWeightOne, &tenant.weight);
      if (Status status = map.Finish(); !status) return status;
      if (!names.insert(tenant.name).second) {
        return Fail(node.items[i], map.PathOf("name"),
                    fmt::format("'{}' twice: expected it once", tenant.name));
      }
      out_.tenants.push_back(std::move(tenant));
    }
    return Ok{};
  }

  Status ReadWorkload(const yaml::Node& node) {
    if (Status status = CheckList(node, "workload"); !status) return status;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (Status status = ReadEntry(node.items[i], fmt::format("workload[{}]", i)); !status) {
        return status;
      }
    }
    std::sort(out_.gangs.begin(), out_.gangs.end(), Earlier);
    return Ok{};
  }

  Status ReadEntry(const yaml::Node& node, const std::string& path) {
    MapReader map(node, file_, path);
    DemoGang gang;
    gang.runtime = Duration::Seconds(20);
    std::int64_t count = 1;
    Duration every = Duration::Seconds(1);
    std::string kind = "Job";
    ReadName(&map, "tenant", &gang.tenant);
    ReadName(&map, "name", &gang.name);
    map.String("kind", &kind);
    map.Int("count", 1, kMaxGangs, &count);
    map.Int("pods", 1, kMaxPods, &gang.pods);
    map.Int("gpus", 0, 64, &gang.gpus);
    ReadDuration(&map, "at", &gang.at);
    ReadDuration(&map, "every", &every);
    ReadDuration(&map, "runtime", &gang.runtime);
    if (kind != "Job" && kind != "Pod") {
      map.Fail(*map.Child("kind"), "kind", fmt::format("'{}': expected Job or Pod", kind));
    }
    gang.single_pod = kind == "Pod";
    if (gang.single_pod && gang.pods != 1) {
      map.Fail(*map.Child("pods"), "pods", "a Pod is one: expected kind Job for more");
    }
    if (Status status = map.Finish(); !status) return status;
    return Add(gang, count, every, {&node, &path});
  }

  struct Where {
    const yaml::Node* node;
    const std::string* path;
  };

  Status Add(const DemoGang& like, std::int64_t count, Duration every, const Where& where) {
    const bool known = std::any_of(out_.tenants.begin(), out_.tenants.end(),
                                   [&](const QueueSpec& t) { return t.name == like.tenant; });
    if (!known) {
      return Fail(*where.node, *where.path + ".tenant",
                  fmt::format("'{}': expected one of tenants", like.tenant));
    }
    for (std::int64_t k = 0; k < count; ++k) {
      DemoGang gang = like;
      if (count > 1) gang.name += fmt::format("-{}", k);
      gang.at = std::min(gang.at + Duration{every.ns * k}, kMaxTime);
      if (!names_.insert(gang.tenant + "/" + gang.name).second) {
        return Fail(*where.node, *where.path + ".name",
                    fmt::format("'{}' twice: expected it once in a tenant", gang.name));
      }
      out_.gangs.push_back(std::move(gang));
    }
    if (static_cast<std::int64_t>(out_.gangs.size()) <= kMaxGangs) return Ok{};
    return Fail(*where.node, *where.path, fmt::format("expected at most {} gangs", kMaxGangs));
  }

  std::string file_;
  DemoScenario& out_;
  std::set<std::string> names_;
};

}  // namespace

std::int64_t DemoScenario::total_nodes() const {
  std::int64_t sum = 0;
  for (const DemoNodes& group : nodes) sum += group.count;
  return sum;
}

std::int64_t DemoScenario::total_gpus() const {
  std::int64_t sum = 0;
  for (const DemoNodes& group : nodes) sum += group.count * group.gpus;
  return sum;
}

DemoScenario GenerateDemo(std::vector<DemoNodes> nodes, std::uint64_t seed) {
  DemoScenario scenario;
  scenario.nodes = std::move(nodes);
  scenario.seed = seed;
  scenario.tenants = {
      {"vision", 2 * kWeightOne}, {"language", kWeightOne}, {"robotics", kWeightOne}};
  std::mt19937_64 random(seed);
  const std::int64_t capacity = scenario.total_gpus() * kArrivals.ns / 1'000'000'000;
  // A gang takes at most a quarter, so that tenants mix.
  Bounds bounds{std::clamp<std::int64_t>(scenario.total_gpus() / 4, 1, 64), 64};
  for (const DemoNodes& group : scenario.nodes) bounds.node = std::min(bounds.node, group.gpus);
  for (const QueueSpec& tenant : scenario.tenants) {
    // 5/4 of what its weight gives it, of a total weight of 4.
    const std::int64_t wanted = capacity * (tenant.weight / kWeightOne) * 5 / 16;
    GenerateTenant(tenant.name, wanted, bounds, &random, &scenario.gangs);
  }
  std::sort(scenario.gangs.begin(), scenario.gangs.end(), Earlier);
  return scenario;
}

Result<DemoScenario> ParseDemo(std::string_view text, const std::string& file) {
  const Result<yaml::Node> root = yaml::Parse(text, file);
  if (!root) return root.error();
  if (root->kind != yaml::Kind::kMap) {
    return Error{"expected a map with nodes, tenants and workload", file, std::max(root->line, 1),
                 std::max(root->column, 1), ""};
  }
  DemoScenario scenario;
  DemoReader reader(file, &scenario);
  if (Status status = reader.Read(*root); !status) return status.error();
  return scenario;
}

Result<DemoScenario> LoadDemo(const std::string& path) {
  const Result<std::string> text = yaml::ReadFile(path, 4U << 20);
  if (!text) return text.error();
  return ParseDemo(*text, path);
}

}  // namespace fairlead::cli
