#include "scheduler/kube/pod_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>

#include "fairlead/base/quantity.h"
#include "fairlead/model/node_table.h"

namespace fairlead::kube {
namespace {

enum class Sort : std::uint8_t { kCpu, kMemory, kEphemeral, kPods, kGpu, kExtended };

Sort SortOf(std::string_view name, const TranslateOptions& options) {
  if (name == "cpu") return Sort::kCpu;
  if (name == "memory") return Sort::kMemory;
  if (name == "ephemeral-storage") return Sort::kEphemeral;
  if (name == "pods") return Sort::kPods;
  for (const std::string& gpu : options.gpu_resources) {
    if (name == gpu) return Sort::kGpu;
  }
  return Sort::kExtended;
}

// Amounts while they are added up. They saturate just above kMaxAmount, so that a sum of any length
// is safe and one that is too large can be told at the end.
struct Need {
  explicit Need(std::pmr::memory_resource* arena) : extended(arena) {}

  std::int64_t cpu = 0, memory = 0, ephemeral = 0, pods = 0, gpus = 0;
  RawList<std::pair<std::string_view, std::int64_t>> extended;  // in order of first sight

  std::int64_t& Slot(Sort sort, std::string_view name) {
    switch (sort) {
      case Sort::kCpu:
        return cpu;
      case Sort::kMemory:
        return memory;
      case Sort::kEphemeral:
        return ephemeral;
      case Sort::kPods:
        return pods;
      case Sort::kGpu:
        return gpus;
      case Sort::kExtended:
        break;
    }
    for (auto& [known, amount] : extended) {
      if (known == name) return amount;
    }
    return extended.emplace_back(name, 0).second;
  }
};

std::int64_t Sum(std::int64_t a, std::int64_t b) { return std::min(a + b, kMaxAmount + 1); }
std::int64_t Largest(std::int64_t a, std::int64_t b) { return std::max(a, b); }

// to[r] = combine(to[r], from[r]) for every resource; combine(0, 0) is 0.
template <typename Combine>
void Merge(const Need& from, Combine combine, Need* to) {
  to->cpu = combine(to->cpu, from.cpu);
  to->memory = combine(to->memory, from.memory);
  to->ephemeral = combine(to->ephemeral, from.ephemeral);
  to->pods = combine(to->pods, from.pods);
  to->gpus = combine(to->gpus, from.gpus);
  for (const auto& [name, amount] : from.extended) {
    std::int64_t& slot = to->Slot(Sort::kExtended, name);
    slot = combine(slot, amount);
  }
}

// Which entry of a list of quantities is wrong, and how.
struct Fault {
  std::string_view key;
  std::string problem;
};

std::optional<Fault> CheckWhole(const RawPair& pair) {
  const auto down = ParseQuantity(pair.value, 1, Rounding::kDown);
  const auto up = ParseQuantity(pair.value, 1, Rounding::kUp);
  if (down.ok() && up.ok() && *down == *up) return std::nullopt;
  return Fault{pair.key, fmt::format("\"{}\" is not a whole number of GPUs", pair.value)};
}

// Adds a list of requests to `need`.
std::optional<Fault> AddRequests(std::span<const RawPair> list, const TranslateOptions& options,
                                 Need* need) {
  for (const RawPair& pair : list) {
    const Sort sort = SortOf(pair.key, options);
    const auto amount = ParseQuantity(pair.value, sort == Sort::kCpu ? 1000 : 1, Rounding::kUp);
    if (!amount.ok()) return Fault{pair.key, amount.error().message};
    if (*amount > kMaxAmount) {
      return Fault{pair.key, fmt::format("\"{}\" is more than any node has", pair.value)};
    }
    if (sort == Sort::kGpu) {
      if (auto fault = CheckWhole(pair)) return fault;
    }
    std::int64_t& slot = need->Slot(sort, pair.key);
    slot = Sum(slot, *amount);
  }
  return std::nullopt;
}

Error FaultAt(std::string path, const Fault& fault) {
  return DecodeError(fmt::format("{}[\"{}\"]: {}", path, fault.key, fault.problem));
}

// Adds up containers and init containers.
class ContainerSum {
 public:
  ContainerSum(const RawPod& raw, const TranslateOptions& options)
      : raw_(raw), options_(options), memory_(raw.quantities.get_allocator().resource()) {}

  Status AddTo(Need* total) {
    for (std::size_t i = 0; i < raw_.containers.size(); ++i) {
      if (Status s = Read("containers", i, raw_.containers[i], total); !s.ok()) return s;
    }
    if (raw_.init_containers.empty()) return Ok{};
    Need sidecars(memory_);
    Need largest(memory_);
    for (std::size_t i = 0; i < raw_.init_containers.size(); ++i) {
      const RawContainer& container = raw_.init_containers[i];
      Need own(memory_);
      if (Status s = Read("initContainers", i, container, &own); !s.ok()) return s;
      if (container.restart_always) {
        Merge(own, Sum, total);
        Merge(own, Sum, &sidecars);
      } else {
        Merge(sidecars, Sum, &own);
        Merge(own, Largest, &largest);
      }
    }
    Merge(largest, Largest, total);
    return Ok{};
  }

 private:
  Status Read(std::string_view list, std::size_t index, const RawContainer& container,
              Need* need) const {
    const std::span<const RawPair> requests(raw_.quantities.data() + container.requests.begin,
                                            container.requests.end - container.requests.begin);
    if (auto fault = AddRequests(requests, options_, need)) {
      return FaultAt(fmt::format("spec.{}[{}].resources.requests", list, index), *fault);
    }
    return Ok{};
  }

  const RawPod& raw_;
  const TranslateOptions& options_;
  std::pmr::memory_resource* memory_;
};

bool MayBePodLevel(std::string_view name) {
  return name == "cpu" || name == "memory" || name.starts_with("hugepages-");
}

// Requests of the pod as a whole take the place of the containers' sum.
Status ApplyPodLevel(const RawPod& raw, const TranslateOptions& options, Need* total) {
  for (const RawPair& pair : raw.pod_requests) {
    Need one(raw.pod_requests.get_allocator().resource());
    if (auto fault = AddRequests({&pair, 1}, options, &one)) {
      return FaultAt("spec.resources.requests", *fault);
    }
    if (!MayBePodLevel(pair.key)) continue;
    const Sort sort = SortOf(pair.key, options);
    total->Slot(sort, pair.key) = one.Slot(sort, pair.key);
  }
  return Ok{};
}

std::vector<std::pair<std::string, std::int64_t>> SortedExtended(const Need& need) {
  std::vector<std::pair<std::string, std::int64_t>> out;
  for (const auto& [name, amount] : need.extended) {
    if (amount > 0) out.emplace_back(name, amount);
  }
  std::sort(out.begin(), out.end());
  return out;
}

// The name of a resource whose sum is out of bounds, or empty.
std::string_view TooLarge(const Need& need) {
  if (need.cpu > kMaxAmount) return "cpu";
  if (need.memory > kMaxAmount) return "memory";
  if (need.ephemeral > kMaxAmount) return "ephemeral-storage";
  if (need.gpus > std::numeric_limits<std::int32_t>::max()) return "GPUs";
  for (const auto& [name, amount] : need.extended) {
    if (amount > kMaxAmount) return name;
  }
  return {};
}

}  // namespace

Result<Amounts> PodRequests(const RawPod& raw, const TranslateOptions& options) {
  Need total(raw.quantities.get_allocator().resource());
  if (Status s = ContainerSum(raw, options).AddTo(&total); !s.ok()) return s.error();
  if (Status s = ApplyPodLevel(raw, options, &total); !s.ok()) return s.error();
  if (auto fault = AddRequests(raw.overhead, options, &total)) {
    return FaultAt("spec.overhead", *fault);
  }
  if (const std::string_view name = TooLarge(total); !name.empty()) {
    return DecodeError(fmt::format("spec: requests of {} add up to more than any node has", name));
  }
  Amounts out;
  out.milli_cpu = total.cpu;
  out.memory_bytes = total.memory;
  out.ephemeral_bytes = total.ephemeral;
  out.pods = 1;
  out.gpus = static_cast<std::int32_t>(total.gpus);
  out.extended = SortedExtended(total);
  return out;
}

Amounts NodeAllocatable(const RawNode& raw, const TranslateOptions& options) {
  Need sum(raw.allocatable.get_allocator().resource());
  for (const RawPair& pair : raw.allocatable) {
    const Sort sort = SortOf(pair.key, options);
    const auto amount = ParseQuantity(pair.value, sort == Sort::kCpu ? 1000 : 1, Rounding::kDown);
    if (!amount.ok()) continue;
    std::int64_t& slot = sum.Slot(sort, pair.key);
    slot = std::min(kMaxAmount, Sum(slot, std::min(*amount, kMaxAmount)));
  }
  Amounts out;
  out.milli_cpu = sum.cpu;
  out.memory_bytes = sum.memory;
  out.ephemeral_bytes = sum.ephemeral;
  out.pods = sum.pods;
  out.gpus = static_cast<std::int32_t>(std::min<std::int64_t>(sum.gpus, kMaxGpusPerNode));
  out.extended = SortedExtended(sum);
  return out;
}

}  // namespace fairlead::kube
