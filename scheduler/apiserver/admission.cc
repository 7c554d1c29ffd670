// The order of the steps of a write; the steps are those of the kind (admission_kinds.h).
#include "scheduler/apiserver/admission.h"

#include "scheduler/apiserver/admission_kinds.h"

namespace fairlead::apiserver {
namespace {

const KindRules& RulesOf(const Resource& resource) {
  if (resource.custom) return CustomRules();
  using Rules = const KindRules& (*)();
  for (const Rules rules : {&PodRules, &NodeRules, &NamespaceRules, &JobRules, &LeaseRules,
                            &EventRules, &PriorityClassRules, &BudgetRules, &CrdRules}) {
    if (rules().storage == resource.storage) return rules();
  }
  return PlainRules(resource.storage);
}

}  // namespace

std::optional<ApiError> PrepareCreate(const AdmissionContext& context, json::object* object) {
  const KindRules& rules = RulesOf(context.resource);
  const Writing writing{context, nullptr, "", object};
  if (rules.defaults != nullptr) rules.defaults(writing);
  const std::string_view ns = GetString(*object, {"metadata", "namespace"});
  if (auto error = CheckNamespace(context, ns, GetString(*object, {"metadata", "name"}))) {
    return error;
  }
  if (rules.admit != nullptr) {
    if (auto error = rules.admit(writing)) return error;
  }
  if (rules.reset != nullptr) rules.reset(writing);
  Findings findings;
  // Kinds without rules for metadata have them checked after all else.
  if (rules.meta != MetaRules::kGeneric) {
    CheckMetaOnCreate(context.resource, rules.meta, *object, &findings);
  }
  if (rules.check != nullptr) rules.check(writing, &findings);
  if (rules.meta == MetaRules::kGeneric && findings.empty()) {
    CheckMetaOnCreate(context.resource, rules.meta, *object, &findings);
  }
  if (!findings.empty()) return Rejected(context.resource, *object, findings);
  if (rules.finish != nullptr) rules.finish(writing);
  return std::nullopt;
}

std::optional<ApiError> PrepareUpdate(const AdmissionContext& context, const json::object& old,
                                      std::string_view subresource, json::object* object) {
  const KindRules& rules = RulesOf(context.resource);
  const Writing writing{context, &old, subresource, object};
  if (rules.defaults != nullptr) rules.defaults(writing);
  if (rules.admit != nullptr && subresource.empty()) {
    if (auto error = rules.admit(writing)) return error;
  }
  if (rules.reset != nullptr) rules.reset(writing);
  Findings findings;
  const json::object* metadata = FindObject(*object, {"metadata"});
  const auto check_content = [&](int times) {
    for (int i = 0; metadata != nullptr && i < times; ++i) {
      CheckMetaContent(*metadata, "metadata", &findings);
    }
  };
  check_content(2);
  if (metadata != nullptr) CheckFinalizers(*metadata, "metadata.finalizers", &findings);
  if (subresource.empty() && rules.rechecks) {
    if (rules.meta == MetaRules::kCore) {
      CheckMetaOnCreate(context.resource, rules.meta, *object, &findings);
    }
    if (rules.check != nullptr) rules.check(writing, &findings);
  }
  if (rules.meta != MetaRules::kGeneric) check_content(1);
  if (rules.meta == MetaRules::kCore) CheckFinalizersKnown(*object, &findings);
  const auto check_change = subresource.empty() ? rules.check_update : rules.check_status;
  if (check_change != nullptr) check_change(writing, &findings);
  if (!findings.empty()) return Rejected(context.resource, *object, findings);
  return std::nullopt;
}

}  // namespace fairlead::apiserver
