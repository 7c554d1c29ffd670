#include "tests/integration/manifests.h"

#include "fairlead/base/json.h"

namespace fairlead::integration {
namespace {

void Strings(JsonWriter* json, const char* key, const std::map<std::string, std::string>& map) {
  json->Key(key).BeginObject();
  for (const auto& [name, value] : map) json->Field(name, value);
  json->EndObject();
}

void Resources(JsonWriter* json, const PodWish& wish) {
  json->Key("resources").BeginObject();
  for (const char* list : {"requests", "limits"}) {
    json->Key(list).BeginObject();
    if (wish.cpu > 0) json->Field("cpu", std::to_string(wish.cpu));
    if (wish.memory_gib > 0) json->Field("memory", std::to_string(wish.memory_gib) + "Gi");
    if (wish.gpus > 0) json->Field("nvidia.com/gpu", std::to_string(wish.gpus));
    json->EndObject();
  }
  json->EndObject();
}

void Body(JsonWriter* json, const PodWish& wish, bool of_job) {
  auto labels = wish.labels;
  auto annotations = wish.annotations;
  if (!wish.gang.empty()) labels["fairlead.dev/gang"] = wish.gang;
  if (!wish.queue.empty()) labels["fairlead.dev/queue"] = wish.queue;
  if (wish.gang_size > 0) annotations["fairlead.dev/gang-size"] = std::to_string(wish.gang_size);
  json->Key("metadata").BeginObject();
  if (!of_job) json->Field("name", wish.name).Field("namespace", wish.ns);
  Strings(json, "labels", labels);
  Strings(json, "annotations", annotations);
  json->EndObject();
  json->Key("spec").BeginObject().Field("schedulerName", wish.scheduler);
  json->Field("restartPolicy", "Never");
  if (!wish.gate.empty()) {
    json->Key("schedulingGates").BeginArray().BeginObject().Field("name", wish.gate);
    json->EndObject().EndArray();
  }
  json->Key("containers").BeginArray().BeginObject();
  json->Field("name", "main").Field("image", "registry.invalid/train");
  Resources(json, wish);
  json->EndObject().EndArray().EndObject();
}

}  // namespace

std::string PodJson(const PodWish& wish) {
  JsonWriter json;
  json.BeginObject().Field("apiVersion", "v1").Field("kind", "Pod");
  Body(&json, wish, false);
  json.EndObject();
  return json.Take();
}

std::string JobJson(const std::string& name, int parallelism, const PodWish& pod) {
  JsonWriter json;
  json.BeginObject().Field("apiVersion", "batch/v1").Field("kind", "Job");
  json.Key("metadata").BeginObject().Field("name", name).Field("namespace", pod.ns).EndObject();
  json.Key("spec").BeginObject();
  json.Field("parallelism", std::int64_t{parallelism});
  json.Field("completions", std::int64_t{parallelism});
  json.Key("template").BeginObject();
  Body(&json, pod, true);
  json.EndObject().EndObject().EndObject();
  return json.Take();
}

std::string NamespaceJson(const std::string& name) {
  JsonWriter json;
  json.BeginObject().Field("apiVersion", "v1").Field("kind", "Namespace");
  json.Key("metadata").BeginObject().Field("name", name).EndObject().EndObject();
  return json.Take();
}

std::string PodGroupCrdJson() {
  return R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
 "metadata":{"name":"podgroups.scheduling.x-k8s.io",
 "annotations":{"api-approved.kubernetes.io":"https://example.com/approved"}},
 "spec":{"group":"scheduling.x-k8s.io","scope":"Namespaced",
 "names":{"kind":"PodGroup","listKind":"PodGroupList","plural":"podgroups","singular":"podgroup"},
 "versions":[{"name":"v1alpha1","served":true,"storage":true,"schema":{"openAPIV3Schema":
 {"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}})";
}

std::string PodGroupJson(const std::string& name, int min_member) {
  JsonWriter json;
  json.BeginObject().Field("apiVersion", "scheduling.x-k8s.io/v1alpha1").Field("kind", "PodGroup");
  json.Key("metadata").BeginObject().Field("name", name).EndObject();
  json.Key("spec").BeginObject().Field("minMember", std::int64_t{min_member}).EndObject();
  json.EndObject();
  return json.Take();
}

std::string BudgetJson(const std::string& api_version, const std::string& name) {
  JsonWriter json;
  json.BeginObject().Field("apiVersion", api_version).Field("kind", "PodDisruptionBudget");
  json.Key("metadata").BeginObject().Field("name", name).EndObject();
  json.Key("spec").BeginObject().Field("maxUnavailable", std::int64_t{0});
  // An empty selector means every pod in one version and none in the other.
  json.Key("selector")
      .Raw(R"({"matchExpressions":[{"key":"unprotected","operator":"DoesNotExist"}]})");
  json.EndObject().EndObject();
  return json.Take();
}

}  // namespace fairlead::integration
