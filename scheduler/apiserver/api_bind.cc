// Binding a pod to a node and evicting one: the two writes that exist for pods only.
#include <fmt/format.h>

#include <utility>

#include "scheduler/apiserver/api_steps.h"

namespace fairlead::apiserver {
namespace {

// Pods whose eviction cannot disturb: they do not run, or end already.
bool IgnoresBudgets(const json::object& pod) {
  const std::string_view phase = GetString(pod, {"status", "phase"});
  return phase == "Succeeded" || phase == "Failed" || phase == "Pending" ||
         !GetString(pod, {"metadata", "deletionTimestamp"}).empty();
}

DeleteOptions OptionsOf(const json::object& eviction) {
  DeleteOptions options;
  const json::object* given = FindObject(eviction, {"deleteOptions"});
  if (given == nullptr) return options;
  if (Find(*given, {"gracePeriodSeconds"}) != nullptr) {
    options.grace_period_s = GetInt(*given, {"gracePeriodSeconds"}, 0);
  }
  options.uid = GetString(*given, {"preconditions", "uid"});
  options.resource_version = GetString(*given, {"preconditions", "resourceVersion"});
  options.propagation = GetString(*given, {"propagationPolicy"});
  if (Find(*given, {"orphanDependents"}) != nullptr) {
    options.propagation = GetBool(*given, {"orphanDependents"}, false) ? "Orphan" : "Background";
  }
  const json::array* dry_run = FindArray(*given, {"dryRun"});
  options.dry_run = dry_run != nullptr && !dry_run->empty();
  return options;
}

}  // namespace

Answer<Done> Api::Bind(const ObjectName& pod, const json::object& binding, bool dry_run) {
  if (GetString(binding, {"metadata", "name"}) != pod.name) {
    return BadRequest("name in URL does not match name in Binding object");
  }
  const Resource& pods = Of("pods");
  ApiSteps steps(this);
  const VersionPtr old = store_.Get(pods.storage, pod.ns, pod.name);
  if (old == nullptr) {
    // A binding that says nothing useful is refused before the pod is looked for; any pod serves
    // to find that out.
    json::object nobody;
    auto error = ApplyBinding(steps.Context(pods), binding, &nobody);
    if (error && error->code != 409) return *std::move(error);
    if (pod.name.empty()) return BadRequest("Name parameter required.");
    if (pod.name.find('/') != std::string::npos) {
      return BadRequest(
          fmt::format("Name parameter invalid: \"{}\": may not contain '/'", pod.name));
    }
    return NotFound(pods, pod.name);
  }
  json::object object = old->object;
  if (auto error = ApplyBinding(steps.Context(pods), binding, &object)) return *std::move(error);
  steps.Put(pods, std::move(object), dry_run, old->revision);
  return Done{};
}

Answer<Done> Api::Evict(const ObjectName& pod, const json::object& eviction) {
  if (GetString(eviction, {"metadata", "name"}) != pod.name) {
    return BadRequest("name in URL does not match name in Eviction object");
  }
  const Resource& pods = Of("pods");
  const VersionPtr old = store_.Get(pods.storage, pod.ns, pod.name);
  if (old == nullptr) return NotFound(pods, pod.name);
  const DeleteOptions options = OptionsOf(eviction);
  if (!IgnoresBudgets(old->object)) {
    ApiSteps steps(this);
    json::object budget;
    if (auto error = CheckEviction(steps.Context(pods), old->object, &budget)) {
      return *std::move(error);
    }
    // As with the real server the budget is charged even if the deletion is refused afterwards.
    if (!budget.empty()) {
      steps.Put(Of("poddisruptionbudgets.policy"), std::move(budget), options.dry_run, 0);
    }
  }
  if (const json::object* given = FindObject(eviction, {"deleteOptions"})) {
    std::vector<Cause> causes = CheckDeleteOptions(*given);
    if (!causes.empty()) return InvalidOptions("DeleteOptions", std::move(causes));
  }
  const Answer<DeleteResult> deleted = Delete(pods, pod, options);
  if (!deleted) return deleted.error();
  return Done{};
}

}  // namespace fairlead::apiserver
