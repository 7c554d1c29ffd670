// Jobs: defaults, the selector that is made for them, and what an update may change.
#include <fmt/format.h>

#include <array>

#include "scheduler/apiserver/admission_kinds.h"
#include "scheduler/apiserver/selectors.h"

namespace fairlead::apiserver {
namespace {

constexpr const char* kUidLabel = "controller-uid";
constexpr const char* kNameLabel = "job-name";
constexpr const char* kNewUidLabel = "batch.kubernetes.io/controller-uid";
constexpr const char* kNewNameLabel = "batch.kubernetes.io/job-name";

// A copy of the template's labels, where the job has none.
void DefaultLabels(json::object* job) {
  const json::object* labels = FindObject(*job, {"metadata", "labels"});
  if (labels != nullptr && !labels->empty()) return;
  const json::object* from = FindObject(*job, {"spec", "template", "metadata", "labels"});
  if (from == nullptr || from->empty()) return;
  json::object copy = *from;
  At(job, {"metadata", "labels"}) = std::move(copy);
}

void Defaults(const Writing& writing) {
  json::object& spec = ObjectAt(writing.object, {"spec"});
  const bool neither = !spec.contains("completions") && !spec.contains("parallelism");
  if (neither) spec["completions"] = 1;
  SetDefault(&spec, "parallelism", 1);
  SetDefault(&spec, "backoffLimit", 6);
  if (writing.current()) {
    SetDefault(&spec, "completionMode", "NonIndexed");
    SetDefault(&spec, "suspend", false);
    SetDefault(&spec, "podReplacementPolicy", "TerminatingOrFailed");
  }
  DefaultPodSpec(&ObjectAt(&spec, {"template", "spec"}));
  if (!writing.current()) spec.erase("ttlSecondsAfterFinished");  // behind a gate that is off
  DefaultLabels(writing.object);
}

// The labels by which a job knows its pods are made from its uid, which nobody else has.
void MakeSelector(const Writing& writing) {
  json::object& spec = ObjectAt(writing.object, {"spec"});
  if (GetBool(spec, {"manualSelector"}, false)) return;
  const json::string uid = Str(GetString(*writing.object, {"metadata", "uid"}));
  const json::string name = Str(GetString(*writing.object, {"metadata", "name"}));
  json::object& labels = ObjectAt(&spec, {"template", "metadata", "labels"});
  const json::object* own = FindObject(*writing.object, {"metadata", "labels"});
  const bool shared = own != nullptr && !own->empty() && *own == labels;
  if (writing.current()) {
    SetDefault(&labels, kNewUidLabel, uid);
    SetDefault(&labels, kNewNameLabel, name);
  }
  SetDefault(&labels, kUidLabel, uid);
  SetDefault(&labels, kNameLabel, name);
  if (shared) At(writing.object, {"metadata", "labels"}) = json::object(labels);
  SetDefault(&ObjectAt(&spec, {"selector", "matchLabels"}),
             writing.current() ? kNewUidLabel : kUidLabel, uid);
}

void Reset(const Writing& writing) {
  if (writing.old == nullptr) {
    (*writing.object)["status"].emplace_object();
    MakeSelector(writing);
    if (writing.current()) SetGeneration(writing, true);
    return;
  }
  KeepOld(*writing.old, writing.status() ? "spec" : "status", writing.object);
  if (writing.current() && !writing.status()) {
    SetGeneration(writing, !SameMember(*writing.old, *writing.object, "spec"));
  }
}

void Finish(const Writing& writing) { DefaultLabels(writing.object); }

const json::object& SpecOf(const json::object& job) {
  static const json::object kNone;
  const json::object* spec = FindObject(job, {"spec"});
  return spec == nullptr ? kNone : *spec;
}

void CheckGeneratedLabel(const json::object* labels, std::string_view key, std::string_view value,
                         Findings* findings) {
  const std::string field = fmt::format("spec.template.metadata.labels[{}]", key);
  const std::string why = fmt::format("must be '{}'", value);
  const json::value* found =
      labels == nullptr ? nullptr : labels->if_contains(json::string_view(key.data(), key.size()));
  if (found == nullptr) {
    findings->Required(field, why);
  } else if (TextOf(*found) != value) {
    findings->Invalid(field, GoMap(labels), why);
  }
}

void CheckGeneratedSelector(const Writing& writing, Findings* findings) {
  const json::object& spec = SpecOf(*writing.object);
  const json::object* selector = FindObject(spec, {"selector"});
  if (GetBool(spec, {"manualSelector"}, false) || selector == nullptr) return;
  const std::string_view uid = GetString(*writing.object, {"metadata", "uid"});
  const std::string_view name = GetString(*writing.object, {"metadata", "name"});
  const json::object* labels = FindObject(spec, {"template", "metadata", "labels"});
  const char* key = kUidLabel;
  if (writing.current() && Find(*selector, {"matchLabels", kNewUidLabel}) != nullptr) {
    key = kNewUidLabel;
  }
  CheckGeneratedLabel(labels, key, uid, findings);
  CheckGeneratedLabel(labels, key == kUidLabel ? kNameLabel : kNewNameLabel, name, findings);
  json::object expected;
  expected[key] = Str(uid);
  expected[key == kUidLabel ? kNameLabel : kNewNameLabel] = Str(name);
  const Answer<LabelSelector> parsed = LabelSelectorFrom(*selector);
  if (!parsed || parsed->Matches(&expected)) return;
  findings->Invalid("spec.selector", GoSelector(*selector), "`selector` not auto-generated");
}

void CheckTemplate(const Writing& writing, Findings* findings) {
  static const json::object kNone;
  const json::object& spec = SpecOf(*writing.object);
  const json::object* metadata = FindObject(spec, {"template", "metadata"});
  if (metadata != nullptr) {
    CheckLabels(FindObject(*metadata, {"labels"}), "spec.template.labels", findings);
  }
  const json::object* pod = FindObject(spec, {"template", "spec"});
  const json::object& pod_spec = pod == nullptr ? kNone : *pod;
  CheckPodSpec(writing, pod_spec, "spec.template.spec", findings);
  const std::string_view restart = GetString(pod_spec, {"restartPolicy"});
  if (restart == "Always") {
    findings->Required("spec.template.spec.restartPolicy",
                       "valid values: \"OnFailure\", \"Never\"");
  } else if (restart != "OnFailure" && restart != "Never") {
    findings->NotSupported("spec.template.spec.restartPolicy", Quoted(restart),
                           {"OnFailure", "Never"});
  }
}

void CheckCurrentFields(const json::object& spec, Findings* findings) {
  const std::string_view mode = GetString(spec, {"completionMode"});
  if (mode != "NonIndexed" && mode != "Indexed") {
    findings->NotSupported("spec.completionMode", Quoted(mode), {"Indexed", "NonIndexed"});
  } else if (mode == "Indexed" && Find(spec, {"completions"}) == nullptr) {
    findings->Required("spec.completions", "when completion mode is Indexed");
  }
}

void CheckSpec(const Writing& writing, Findings* findings) {
  const json::object& spec = SpecOf(*writing.object);
  for (const char* name : {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
                           "ttlSecondsAfterFinished"}) {
    CheckNotNegative(spec, {name}, fmt::format("spec.{}", name), findings);
  }
  if (writing.current()) CheckCurrentFields(spec, findings);
  CheckTemplate(writing, findings);
  const json::object* selector = FindObject(spec, {"selector"});
  if (selector == nullptr) {
    findings->Required("spec.selector");
  } else {
    CheckLabelSelector(*selector, "spec.selector", findings);
  }
  const json::object* labels = FindObject(spec, {"template", "metadata", "labels"});
  const Answer<LabelSelector> parsed =
      LabelSelectorFrom(selector == nullptr ? json::object() : *selector);
  // No selector at all matches nothing.
  if (parsed.ok() && (selector == nullptr || !parsed->Matches(labels))) {
    findings->Invalid("spec.template.metadata.labels", GoMap(labels),
                      "`selector` does not match template `labels`");
  }
}

void Check(const Writing& writing, Findings* findings) {
  CheckGeneratedSelector(writing, findings);
  CheckSpec(writing, findings);
}

// An indexed job may change its completions together with its parallelism.
bool CompletionsMayChange(const Writing& writing, const json::object& spec) {
  return writing.current() && GetString(spec, {"completionMode"}) == "Indexed" &&
         GetInt(spec, {"completions"}, -1) == GetInt(spec, {"parallelism"}, -2);
}

void CheckUpdate(const Writing& writing, Findings* findings) {
  constexpr std::string_view kImmutable = "field is immutable";
  CheckSpec(writing, findings);
  const json::object& old = SpecOf(*writing.old);
  const json::object& now = SpecOf(*writing.object);
  if (!SameMember(old, now, "completions") && !CompletionsMayChange(writing, now)) {
    const json::value* is = Find(now, {"completions"});
    findings->Invalid("spec.completions", is == nullptr ? "\"null\"" : json::serialize(*is),
                      kImmutable);
  }
  if (!SameMember(old, now, "selector")) {
    const json::object* is = FindObject(now, {"selector"});
    findings->Invalid("spec.selector", is == nullptr ? "\"null\"" : GoSelector(*is), kImmutable);
  }
  if (!SameMember(old, now, "template")) {
    findings->Invalid("spec.template", "core.PodTemplateSpec{}", kImmutable);
  }
  if (writing.current() && !SameMember(old, now, "completionMode")) {
    findings->Invalid("spec.completionMode", Quoted(GetString(now, {"completionMode"})),
                      kImmutable);
  }
}

void CheckStatus(const Writing& writing, Findings* findings) {
  for (const char* name : {"active", "succeeded", "failed"}) {
    CheckNotNegative(*writing.object, {"status", name}, fmt::format("status.{}", name), findings);
  }
}

}  // namespace

const KindRules& JobRules() {
  static constexpr KindRules kRules = {
      .storage = "jobs.batch",
      .meta = MetaRules::kCore,
      .defaults = Defaults,
      .reset = Reset,
      .check = Check,
      .check_update = CheckUpdate,
      .check_status = CheckStatus,
      .finish = Finish,
  };
  return kRules;
}

}  // namespace fairlead::apiserver
