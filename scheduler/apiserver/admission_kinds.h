// One entry per kind: what a write of it goes through. Internal to the admission*.cc files.
//
// The order is that of the real server: defaults, admission, reset of what the client may not
// write, validation.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scheduler/apiserver/admission.h"
#include "scheduler/apiserver/admission_checks.h"

namespace fairlead::apiserver {

// One write in hand. `old` is null for a create.
struct Writing {
  const AdmissionContext& context;
  const json::object* old = nullptr;
  std::string_view subresource;
  json::object* object = nullptr;

  bool current() const { return context.profile == Profile::kCurrent; }
  bool status() const { return subresource == "status"; }
};

// How the kind checks metadata. kGeneric: labels, annotations, owners; any name that fits a URL.
// kPlain: and the name. kCore: and that finalizers are well known or have a domain.
enum class MetaRules : std::uint8_t { kGeneric, kPlain, kCore };

struct KindRules {
  std::string_view storage;
  MetaRules meta = MetaRules::kPlain;
  // An update is checked as a create is, and then as an update.
  bool rechecks = true;
  void (*defaults)(const Writing& writing) = nullptr;
  std::optional<ApiError> (*admit)(const Writing& writing) = nullptr;
  void (*reset)(const Writing& writing) = nullptr;
  void (*check)(const Writing& writing, Findings* findings) = nullptr;
  void (*check_update)(const Writing& writing, Findings* findings) = nullptr;
  void (*check_status)(const Writing& writing, Findings* findings) = nullptr;
  // After a create was found valid.
  void (*finish)(const Writing& writing) = nullptr;
};

// Each in the file of its kind.
const KindRules& PodRules();
const KindRules& NodeRules();
const KindRules& NamespaceRules();
const KindRules& JobRules();
const KindRules& LeaseRules();
const KindRules& EventRules();
const KindRules& PriorityClassRules();
const KindRules& BudgetRules();
const KindRules& CrdRules();
const KindRules& CustomRules();
// Of kinds without rules of their own, such as configmaps.
const KindRules& PlainRules(std::string_view storage);

// admission_meta.cc
void CheckMetaOnCreate(const Resource& resource, MetaRules rules, const json::object& object,
                       Findings* findings);
// What an update checks although it cannot have changed it: labels, annotations, owners.
void CheckMetaContent(const json::object& metadata, const std::string& field, Findings* findings);
// That they could be finalizers; part of CheckMetaOnCreate, and of every update once more.
void CheckFinalizers(const json::object& metadata, const std::string& field, Findings* findings);
void CheckFinalizersKnown(const json::object& object, Findings* findings);

// Keeps `member` as it was, absent if it was.
void KeepOld(const json::object& old, std::string_view member, json::object* object);
bool SameMember(const json::object& a, const json::object& b, std::string_view member);
void SetGeneration(const Writing& writing, bool changed);

// admission_pod_defaults.cc
void DefaultPodSpec(json::object* spec);
// admission_pod_spec.cc: `field` is "spec" or "spec.template.spec".
void CheckPodSpec(const Writing& writing, const json::object& spec, const std::string& field,
                  Findings* findings);
// admission_containers.cc
void CheckContainers(const json::object& spec, const std::string& field, Findings* findings);
// admission_scheduling.cc
void CheckAffinity(const Writing& writing, const json::object& affinity, const std::string& field,
                   Findings* findings);
void CheckTolerations(const json::object& spec, const std::string& field, Findings* findings);
void CheckSpread(const Writing& writing, const json::object& spec, const std::string& field,
                 Findings* findings);
void CheckTaintEffect(std::string_view effect, const std::string& field, Findings* findings);
// admission_priority.cc
std::optional<ApiError> AdmitPriority(const Writing& writing);
void AddDefaultTolerations(json::object* pod);

}  // namespace fairlead::apiserver
