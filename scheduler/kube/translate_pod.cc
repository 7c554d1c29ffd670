#include <fmt/format.h>

#include <algorithm>

#include "scheduler/kube/own_keys.h"
#include "scheduler/kube/pod_affinity.h"
#include "scheduler/kube/pod_requests.h"
#include "scheduler/kube/translate.h"

namespace fairlead::kube {
namespace {

PodPhase PhaseOf(std::string_view text) {
  if (text.empty() || text == "Pending") return PodPhase::kPending;
  if (text == "Running") return PodPhase::kRunning;
  if (text == "Succeeded") return PodPhase::kSucceeded;
  if (text == "Failed") return PodPhase::kFailed;
  return PodPhase::kUnknown;
}

std::string NotSupported(std::string_view field) {
  return fmt::format("{}: not supported yet", field);
}

// The first part of the spec that is refused, or empty.
std::string SpecRefusal(const RawPod& raw) {
  const RawUnsupported& found = raw.unsupported;
  if (found.volume >= 0) {
    return NotSupported(fmt::format("spec.volumes[{}].{}", found.volume, found.volume_source));
  }
  if (found.resource_claims) return NotSupported("spec.resourceClaims");
  if (found.scheduling_group) return NotSupported("spec.schedulingGroup");
  return {};
}

std::string KeyRefusal(const OwnKeys& own) {
  if (!own.unsupported_annotation.empty()) {
    return NotSupported(fmt::format("annotation {}", own.unsupported_annotation));
  }
  return {};
}

bool ReadEffect(std::string_view text, std::optional<TaintEffect>* out) {
  if (text.empty()) return true;
  if (text == "NoSchedule") {
    *out = TaintEffect::kNoSchedule;
  } else if (text == "PreferNoSchedule") {
    *out = TaintEffect::kPreferNoSchedule;
  } else if (text == "NoExecute") {
    *out = TaintEffect::kNoExecute;
  } else {
    return false;
  }
  return true;
}

// Copies tolerations; one that is not understood tolerates nothing, and is named in the result.
std::string ReadTolerations(const RawPod& raw, std::vector<Toleration>* out) {
  std::string refusal;
  out->reserve(raw.tolerations.size());
  for (std::size_t i = 0; i < raw.tolerations.size(); ++i) {
    const RawToleration& from = raw.tolerations[i];
    Toleration to;
    const bool exists = from.op == "Exists";
    const bool known_operator = exists || from.op.empty() || from.op == "Equal";
    if (!known_operator || !ReadEffect(from.effect, &to.effect)) {
      if (refusal.empty()) {
        refusal = NotSupported(fmt::format("spec.tolerations[{}].{}: {}", i,
                                           known_operator ? "effect" : "operator",
                                           known_operator ? from.effect : from.op));
      }
      continue;
    }
    to.op = exists ? TolerationOperator::kExists : TolerationOperator::kEqual;
    to.key = from.key;
    to.value = from.value;
    out->push_back(std::move(to));
  }
  return refusal;
}

void ReadIdentity(const RawPod& raw, const TranslateOptions& options, PodInfo* out) {
  out->ns = raw.meta.ns;
  out->name = raw.meta.name;
  out->uid = raw.meta.uid;
  out->created = raw.meta.created;
  const auto& names = options.scheduler_names;
  out->ours = std::find(names.begin(), names.end(), raw.scheduler_name) != names.end();
  out->deleting = raw.meta.deleting;
  out->gated = raw.gated;
  out->phase = PhaseOf(raw.phase);
  out->status_reason = raw.status_reason;
  out->node_name = raw.node_name;
}

void ReadRequests(const RawPod& raw, const TranslateOptions& options, PodInfo* out) {
  Result<Amounts> requests = PodRequests(raw, options);
  if (requests.ok()) {
    out->shape.requests = std::move(*requests);
  } else {
    out->shape.requests.pods = 1;
    out->invalid = requests.error().message;
  }
}

}  // namespace

Result<PodInfo> TranslatePod(const RawPod& raw, const TranslateOptions& options) {
  if (raw.meta.name.empty()) return DecodeError("pod without metadata.name");
  PodInfo out;
  ReadIdentity(raw, options, &out);
  // Of others only what takes up room matters.
  if (!out.ours && out.node_name.empty()) return out;
  ReadRequests(raw, options, &out);
  out.labels = SortedLabels(raw.meta.labels);
  std::string rules_problem = ReadPeerRules(raw, &out.rules);
  if (!out.ours) return out;

  const OwnKeys own = ReadOwnKeys(raw.meta);
  GpuAssignment assignment = ReadGpuAssignment(own);
  out.gpu_devices = std::move(assignment.devices);
  out.gpu_grant = assignment.grant;
  ShareClaim share = ReadGpuShare(own, out.shape.requests.gpus);
  out.shape.gpu_share = std::move(share.share);
  out.shape.requests.gpus += share.whole;
  out.priority = raw.priority;
  out.queue = own.queue.value_or("");
  out.user = own.user.value_or(raw.service_account);
  out.shape.node_selector = SortedLabels(raw.node_selector);
  const std::string toleration_refusal = ReadTolerations(raw, &out.shape.tolerations);
  GpuModels models = ReadGpuModels(own);
  out.shape.gpu_models = std::move(models.names);
  std::string affinity_refusal = ReadNodeAffinity(raw, &out.shape);
  out.shape.topology_required = own.topology_required.value_or("");
  out.shape.topology_preferred = own.topology_preferred.value_or("");
  GangClaim gang = ReadGang(raw.meta, own, options);
  out.gang = std::move(gang.key);
  out.gang_size = gang.size;
  out.gang_terms = std::move(gang.terms);
  out.gang_role = std::move(gang.role);

  const bool pending = out.phase == PodPhase::kPending && out.node_name.empty() && !out.deleting;
  if (!pending) return out;
  const auto note = [&out](std::string problem) {
    if (out.invalid.empty()) out.invalid = std::move(problem);
  };
  note(std::move(affinity_refusal));
  note(std::move(rules_problem));
  note(SpecRefusal(raw));
  note(toleration_refusal);
  note(KeyRefusal(own));
  note(std::move(share.problem));
  note(std::move(models.problem));
  note(TopologyProblem(own));
  note(std::move(gang.problem));
  return out;
}

}  // namespace fairlead::kube
