#include "scheduler/kube/own_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "fairlead/model/node_table.h"
#include "scheduler/kube/each_part.h"
#include "scheduler/kube/keys.h"
#include "scheduler/kube/translate.h"

namespace fairlead::kube {
namespace {

template <std::size_t N>
std::size_t IndexIn(const std::array<std::string_view, N>& table, std::string_view key) {
  return static_cast<std::size_t>(std::find(table.begin(), table.end(), key) - table.begin());
}

// Whether a key can be one that is read here; most keys are not, and are told by their start.
bool MayMatter(std::string_view key) {
  return key.starts_with(keys::kPrefix) || key.starts_with("gpu-");
}

void ReadLabels(const RawList<RawPair>& labels, OwnKeys* out) {
  for (const RawPair& pair : labels) {
    if (pair.key == keys::kPodGroup) out->pod_group = pair.value;
    if (!pair.key.starts_with(keys::kPrefix)) continue;
    if (pair.key == keys::kQueue) out->queue = pair.value;
    if (pair.key == keys::kGang) out->gang = pair.value;
    if (pair.key == keys::kGangRole) out->gang_role = pair.value;
  }
}

void ReadAnnotations(const RawList<RawPair>& annotations, OwnKeys* out) {
  std::size_t first_unsupported = keys::kUnsupportedAnnotations.size();
  for (const RawPair& pair : annotations) {
    if (!MayMatter(pair.key)) continue;
    if (pair.key == keys::kGangSize) out->gang_size = pair.value;
    if (pair.key == keys::kGangRoles) out->gang_roles = pair.value;
    if (pair.key == keys::kGangMax) out->gang_max = pair.value;
    if (pair.key == keys::kStartTimeout) out->start_timeout = pair.value;
    if (pair.key == keys::kStaleGrace) out->stale_grace = pair.value;
    if (pair.key == keys::kUser) out->user = pair.value;
    if (pair.key == keys::kGpuModel) out->gpu_model = pair.value;
    if (pair.key == keys::kGpuShare) out->gpu_share = pair.value;
    if (pair.key == keys::kGpuMemory) out->gpu_memory = pair.value;
    if (pair.key == keys::kGpuShareDevices) out->gpu_share_devices = pair.value;
    if (pair.key == keys::kGpuShareClass) out->gpu_share_class = pair.value;
    if (pair.key == keys::kOtherGpuFraction) out->other_gpu_fraction = pair.value;
    if (pair.key == keys::kOtherGpuMemory) out->other_gpu_memory = pair.value;
    if (pair.key == keys::kTopologyRequired) out->topology_required = pair.value;
    if (pair.key == keys::kTopologyPreferred) out->topology_preferred = pair.value;
    if (pair.key == keys::kGpuAssignment) out->gpu_assignment = pair.value;
    first_unsupported =
        std::min(first_unsupported, IndexIn(keys::kUnsupportedAnnotations, pair.key));
  }
  if (first_unsupported < keys::kUnsupportedAnnotations.size()) {
    out->unsupported_annotation = keys::kUnsupportedAnnotations[first_unsupported];
  }
}

const RawOwner* OwningJob(const RawMeta& meta) {
  for (const RawOwner& owner : meta.owners) {
    const bool is_job = owner.kind == "Job" && owner.api_version.starts_with("batch/");
    if (owner.controller && is_job) return &owner;
  }
  return nullptr;
}

void SetKey(GangKind kind, std::string_view name, std::string_view uid, GangKey* key) {
  key->kind = kind;
  key->name = name;
  key->uid = uid;
}

void ReadLabelGang(const RawMeta& meta, std::string_view label, GangClaim* out) {
  if (label == keys::kGangOfJob) {
    if (const RawOwner* job = OwningJob(meta)) {
      SetKey(GangKind::kJob, job->name, job->uid, &out->key);
    } else {
      out->problem = fmt::format(
          "label {}: \"true\" stands for the owning Job, but no Job controls this pod; expected "
          "the "
          "name of a gang",
          keys::kGang);
    }
  } else if (label.empty()) {
    out->problem =
        fmt::format("label {}: is empty; expected the name of a gang, or \"true\"", keys::kGang);
  } else {
    SetKey(GangKind::kLabel, label, {}, &out->key);
  }
}

// The size has to make sense by itself, and to go with the gang.
void ReadSize(const OwnKeys& own, const TranslateOptions& options, GangClaim* out) {
  if (own.gang_size) {
    std::int64_t size = 0;
    if (!ParseWhole(*own.gang_size, 1, options.max_gang_size, &size)) {
      out->problem = fmt::format("annotation {}: \"{}\" is not a whole number from 1 to {}",
                                 keys::kGangSize, *own.gang_size, options.max_gang_size);
      return;
    }
    out->size = size;
  }
  if (!out->problem.empty()) return;
  if (out->key.kind == GangKind::kLabel && !out->size && !own.gang_roles) {
    out->problem = fmt::format(
        "annotation {}: missing; a gang named by label {} needs it (a whole number from 1 to {})",
        keys::kGangSize, keys::kGang, options.max_gang_size);
  }
  if (out->key.kind == GangKind::kSinglePod && out->size.value_or(1) > 1) {
    out->problem = fmt::format("annotation {}: {} pods, but no gang is named; expected label {}",
                               keys::kGangSize, *out->size, keys::kGang);
  }
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

OwnKeys ReadOwnKeys(const RawMeta& meta) {
  OwnKeys out;
  ReadLabels(meta.labels, &out);
  ReadAnnotations(meta.annotations, &out);
  return out;
}

GangClaim ReadGang(const RawMeta& meta, const OwnKeys& own, const TranslateOptions& options) {
  GangClaim out;
  out.key.ns = meta.ns;
  SetKey(GangKind::kSinglePod, meta.name, meta.uid, &out.key);
  if (own.gang) {
    ReadLabelGang(meta, *own.gang, &out);
  } else if (own.pod_group && !own.pod_group->empty()) {
    SetKey(GangKind::kPodGroup, *own.pod_group, {}, &out.key);
  }
  ReadSize(own, options, &out);
  std::string problem = ReadGangTerms(own, options.max_gang_size, &out);
  if (out.problem.empty()) out.problem = std::move(problem);
  return out;
}

GpuModels ReadGpuModels(const OwnKeys& own) {
  GpuModels out;
  const std::string_view text = Trimmed(own.gpu_model.value_or(""));
  if (text.empty()) return out;
  const bool complete = EachPart(text, [&out](std::string_view part) {
    out.names.emplace_back(Trimmed(part));
    return !out.names.back().empty();
  });
  if (!complete) {
    out.names.clear();
    out.problem =
        fmt::format("annotation {}: \"{}\" has an empty name; expected models separated by commas",
                    keys::kGpuModel, text);
  }
  std::sort(out.names.begin(), out.names.end());
  out.names.erase(std::unique(out.names.begin(), out.names.end()), out.names.end());
  return out;
}

std::string TopologyProblem(const OwnKeys& own) {
  const auto empty = [](const std::optional<std::string_view>& text) {
    return text && text->empty();
  };
  if (!empty(own.topology_required) && !empty(own.topology_preferred)) return {};
  return fmt::format(
      "annotation {}: is empty; expected the name of a topology level",
      empty(own.topology_required) ? keys::kTopologyRequired : keys::kTopologyPreferred);
}

}  // namespace fairlead::kube
