#include "scheduler/kube/translate.h"

#include <fmt/format.h>

#include <algorithm>

#include "fairlead/model/gpu_share.h"
#include "scheduler/kube/keys.h"
#include "scheduler/kube/pod_requests.h"

namespace fairlead::kube {
namespace {

std::string_view Find(const RawList<RawPair>& pairs, std::string_view key) {
  std::string_view found;
  for (const RawPair& pair : pairs) {
    if (pair.key == key) found = pair.value;
  }
  return found;
}

// Taints of an effect that does not exist keep no pod away.
void AddTaint(const RawTaint& raw, std::vector<Taint>* out) {
  TaintEffect effect = TaintEffect::kNoSchedule;
  if (raw.effect == "PreferNoSchedule") {
    effect = TaintEffect::kPreferNoSchedule;
  } else if (raw.effect == "NoExecute") {
    effect = TaintEffect::kNoExecute;
  } else if (raw.effect != "NoSchedule") {
    return;
  }
  out->push_back(Taint{std::string(raw.key), std::string(raw.value), effect});
}

Error WithoutName(std::string_view kind) {
  return DecodeError(fmt::format("{} without metadata.name", kind));
}

}  // namespace

Bookmark TranslateBookmark(const RawMeta& raw) {
  Bookmark out;
  out.resource_version = raw.resource_version;
  out.initial_events_end = Find(raw.annotations, keys::kInitialEventsEnd) == "true";
  return out;
}

void CopyMeta(const RawMeta& raw, ObjectMeta* out) {
  if (out == nullptr) return;
  out->ns = raw.ns;
  out->name = raw.name;
  out->uid = raw.uid;
  out->resource_version = raw.resource_version;
}

Labels SortedLabels(const RawList<RawPair>& pairs) {
  Labels out;
  out.reserve(pairs.size());
  for (const RawPair& pair : pairs) out.emplace_back(pair.key, pair.value);
  const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
  if (!std::is_sorted(out.begin(), out.end(), by_key)) {
    std::stable_sort(out.begin(), out.end(), by_key);
  }
  // The last of equal keys: walk from the end, where it comes first.
  const auto same_key = [](const auto& a, const auto& b) { return a.first == b.first; };
  const auto kept = std::unique(out.rbegin(), out.rend(), same_key);
  out.erase(out.begin(), kept.base());
  return out;
}

bool ParseWhole(std::string_view text, std::int64_t min, std::int64_t max, std::int64_t* out) {
  constexpr std::size_t kMaxDigits = 18;  // fits 63 bits whatever the digits are
  if (text.empty() || text.size() > kMaxDigits) return false;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  if (value < min || value > max) return false;
  *out = value;
  return true;
}

// How large its GPUs are and into how many slices they are cut. With time-slicing most nodes
// advertise the slices as GPUs: they are taken at their word, and these GPUs are not cut again.
void ReadGpuKind(const RawList<RawPair>& labels, NodeInfo* out) {
  constexpr std::int64_t kMostMebibytes = std::int64_t{1} << 30;
  std::int64_t mebibytes = 0;
  if (ParseWhole(Find(labels, keys::kGpuMemoryLabel), 1, kMostMebibytes, &mebibytes)) {
    out->gpu_memory = mebibytes << 20;
  }
  std::int64_t slices = 1;
  std::int64_t count = 0;
  const bool ours = ParseWhole(Find(labels, keys::kGpuSlices), 1, kMaxGpuSlices, &slices);
  if (!ours && ParseWhole(Find(labels, keys::kGpuCount), 1, kMaxGpusPerNode, &count) &&
      count == out->allocatable.gpus) {
    (void)ParseWhole(Find(labels, keys::kGpuReplicas), 1, kMaxGpuSlices, &slices);
  }
  out->gpu_slices = static_cast<std::int32_t>(slices);
}

Result<NodeInfo> TranslateNode(const RawNode& raw, const TranslateOptions& options) {
  if (raw.meta.name.empty()) return WithoutName("node");
  NodeInfo out;
  out.name = raw.meta.name;
  out.uid = raw.meta.uid;
  out.labels = SortedLabels(raw.meta.labels);
  for (const RawTaint& taint : raw.taints) AddTaint(taint, &out.taints);
  out.unschedulable = raw.unschedulable;
  out.allocatable = NodeAllocatable(raw, options);
  if (out.allocatable.gpus == 0) return out;
  for (const std::string& label : options.gpu_model_labels) {
    const std::string_view model = Find(raw.meta.labels, label);
    if (model.empty()) continue;
    out.gpu_model = model;
    break;
  }
  ReadGpuKind(raw.meta.labels, &out);
  return out;
}

Result<JobInfo> TranslateJob(const RawJob& raw) {
  if (raw.meta.name.empty()) return WithoutName("job");
  JobInfo out;
  out.ns = raw.meta.ns;
  out.name = raw.meta.name;
  out.uid = raw.meta.uid;
  out.parallelism = std::max<std::int64_t>(raw.parallelism, 0);
  return out;
}

Result<NamespaceInfo> TranslateNamespace(const RawMeta& raw) {
  if (raw.name.empty()) return WithoutName("namespace");
  NamespaceInfo out;
  out.name = raw.name;
  out.tenant = Find(raw.labels, keys::kTenant);
  out.labels = SortedLabels(raw.labels);
  // Servers that know selectors of namespaces give each this label; a file may not.
  if (FindLabel(out.labels, kNamespaceNameLabel) == nullptr) {
    out.labels.emplace_back(kNamespaceNameLabel, out.name);
    std::sort(out.labels.begin(), out.labels.end());
  }
  return out;
}

Result<PodGroupInfo> TranslatePodGroup(const RawPodGroup& raw, const TranslateOptions& options) {
  if (raw.meta.name.empty()) return WithoutName("pod group");
  PodGroupInfo out;
  out.ns = raw.meta.ns;
  out.name = raw.meta.name;
  out.uid = raw.meta.uid;
  out.queue = Find(raw.meta.labels, keys::kQueue);
  if (raw.min_member < 1 || raw.min_member > options.max_gang_size) {
    out.invalid = fmt::format("spec.minMember: {} is not a whole number from 1 to {}",
                              raw.min_member, options.max_gang_size);
  } else {
    out.min_member = raw.min_member;
  }
  return out;
}

}  // namespace fairlead::kube
