// Construction, and reading single objects. A new server holds what a cluster holds before its
// first user: the four namespaces of the system and the two PriorityClasses of the system.
//
// Kinds that CustomResourceDefinitions bring follow what is stored: a listener on the store serves
// and withdraws them, so that it does not matter who wrote the definition.
#include "scheduler/apiserver/api.h"

#include <array>
#include <utility>

#include "fairlead/base/check.h"
#include "scheduler/apiserver/api_steps.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kCrdStorage = "customresourcedefinitions.apiextensions.k8s.io";

json::object BareObject(const Resource& resource, std::string_view name, std::string_view uid,
                        Instant now) {
  json::object object;
  object["kind"] = resource.kind;
  object["apiVersion"] = resource.ApiVersion();
  json::object& meta = ObjectAt(&object, {"metadata"});
  meta["name"] = Str(name);
  meta["uid"] = Str(uid);
  meta["creationTimestamp"] = TimeText(now);
  return object;
}

struct SystemPriority {
  std::string_view name;
  std::int64_t value;
  std::string_view description;
};
constexpr std::array<SystemPriority, 2> kSystemPriorities = {
    {{"system-node-critical", 2'000'001'000,
      "Used for system critical pods that must not be moved from their current node."},
     {"system-cluster-critical", 2'000'000'000,
      "Used for system critical pods that must run in the cluster, but can be moved to another "
      "node if necessary."}}};

}  // namespace

Api::Api(const ApiServerOptions& options, const Clock* clock)
    : options_(options),
      clock_(clock),
      store_(options.history),
      resources_(options.profile),
      random_(options.seed) {
  store_.Listen([this](const Change& change) {
    if (change.storage != kCrdStorage) return;
    resources_.RemoveCrd(GetString(change.now->object, {"metadata", "name"}));
    if (change.type != ChangeType::kDeleted) resources_.AddCrd(change.now->object);
  });
  ApiSteps steps(this);
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    json::object ns = BareObject(Of("namespaces"), name, steps.NewUid(), Now());
    if (options_.profile == Profile::kCurrent) {
      At(&ns, {"metadata", "labels", "kubernetes.io/metadata.name"}) = name;
    }
    ArrayAt(&ns, {"spec", "finalizers"}).emplace_back("kubernetes");
    At(&ns, {"status", "phase"}) = "Active";
    store_.Put("namespaces", std::move(ns));
  }
  const Resource& classes = Of("priorityclasses.scheduling.k8s.io");
  for (const SystemPriority& priority : kSystemPriorities) {
    json::object object = BareObject(classes, priority.name, steps.NewUid(), Now());
    At(&object, {"metadata", "generation"}) = 1;
    object["value"] = priority.value;
    object["description"] = Str(priority.description);
    object["preemptionPolicy"] = "PreemptLowerPriority";
    store_.Put(classes.storage, std::move(object));
  }
}

Answer<VersionPtr> Api::Get(const Resource& resource, const ObjectName& name) const {
  VersionPtr version = store_.Get(resource.storage, resource.namespaced ? name.ns : "", name.name);
  if (version == nullptr) return NotFound(resource, name.name);
  return version;
}

Answer<Done> Api::CheckFresh(std::string_view resource_version) const {
  const Answer<std::uint64_t> asked = ParseResourceVersion(resource_version);
  if (!asked) return asked.error();
  if (*asked > store_.revision()) return TooLargeResourceVersion(*asked, store_.revision(), 1);
  return Done{};
}

const Resource& Api::Of(std::string_view storage) const {
  const Resource* resource = resources_.Stored(storage);
  FAIRLEAD_CHECK(resource != nullptr, "no resource is stored as {}", storage);
  return *resource;
}

bool AnswersWithDeleted(const Resource& resource) {
  if (resource.custom) return false;
  static constexpr std::array<std::string_view, 12> kKinds = {"pods",
                                                              "namespaces",
                                                              "services",
                                                              "serviceaccounts",
                                                              "resourcequotas",
                                                              "persistentvolumes",
                                                              "persistentvolumeclaims",
                                                              "podtemplates",
                                                              "storageclasses.storage.k8s.io",
                                                              "csinodes.storage.k8s.io",
                                                              "csidrivers.storage.k8s.io",
                                                              "volumeattachments.storage.k8s.io"};
  const std::string name = resource.Qualified();
  for (const std::string_view kind : kKinds) {
    if (name == kind) return true;
  }
  return false;
}

}  // namespace fairlead::apiserver
