// Delete, delete collection, and the finalize subresource of namespaces.
//
// The end of an object has up to two steps, each with its own revision: it is marked
// (deletionTimestamp, finalizers of garbage collection), and removed. Pods are always marked first,
// so that watchers see MODIFIED and then DELETED.
#include <fmt/format.h>

#include <utility>

#include "scheduler/apiserver/api_steps.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kOrphan = "orphan";
constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::int64_t kDefaultGrace = 30;

std::optional<ApiError> CheckPropagation(std::string_view propagation) {
  if (propagation.empty() || propagation == "Orphan" || propagation == "Background" ||
      propagation == "Foreground") {
    return std::nullopt;
  }
  return InvalidOptions("DeleteOptions",
                        {{"FieldValueNotSupported",
                          fmt::format("Unsupported value: \"{}\": supported values: "
                                      "\"Foreground\", \"Background\", \"Orphan\", \"nil\"",
                                      propagation),
                          "propagationPolicy"}});
}

// Objects that the admission of the real server keeps from being deleted.
std::optional<ApiError> CheckProtected(const Resource& resource, std::string_view name) {
  if (resource.storage == "namespaces" &&
      (name == "default" || name == "kube-system" || name == "kube-public")) {
    return Forbidden(resource, name, "this namespace may not be deleted");
  }
  if (resource.storage == "priorityclasses.scheduling.k8s.io" &&
      (name == "system-node-critical" || name == "system-cluster-critical")) {
    return Forbidden(resource, name, "this is a system priority class and cannot be deleted");
  }
  return std::nullopt;
}

std::optional<ApiError> CheckPreconditions(const Resource& resource, const Version& version,
                                           const DeleteOptions& options) {
  const std::string_view name = GetString(version.object, {"metadata", "name"});
  const std::string_view uid = GetString(version.object, {"metadata", "uid"});
  const std::string revision = std::to_string(version.revision);
  const bool is_namespace = resource.storage == "namespaces";
  if (!options.uid.empty() && options.uid != uid) {
    if (is_namespace) {
      return Conflict(resource, name,
                      fmt::format("Precondition failed: UID in precondition: {}, UID in object "
                                  "meta: {}",
                                  options.uid, uid));
    }
    return KindConflict(resource, name,
                        fmt::format("the UID in the precondition ({}) does not match the UID in "
                                    "record ({}). The object might have been deleted and then "
                                    "recreated",
                                    options.uid, uid));
  }
  if (!options.resource_version.empty() && options.resource_version != revision) {
    if (is_namespace) {
      return Conflict(resource, name,
                      fmt::format("Precondition failed: ResourceVersion in precondition: {}, "
                                  "ResourceVersion in object meta: {}",
                                  options.resource_version, revision));
    }
    return KindConflict(resource, name,
                        fmt::format("the ResourceVersion in the precondition ({}) does not match "
                                    "the ResourceVersion in record ({}). The object might have "
                                    "been modified",
                                    options.resource_version, revision));
  }
  return std::nullopt;
}

void BumpGeneration(json::object* object) {
  const std::int64_t generation = GetInt(*object, {"metadata", "generation"}, 0);
  if (generation > 0) At(object, {"metadata", "generation"}) = generation + 1;
}

enum class Grace : std::uint8_t { kNone, kMarked, kPending };

// The grace period that a pod gets now; 0 where nobody has to be waited for.
std::int64_t GraceOf(const json::object& pod, const DeleteOptions& options, Profile profile) {
  const std::string_view phase = GetString(pod, {"status", "phase"});
  if (GetString(pod, {"spec", "nodeName"}).empty() || phase == "Failed" || phase == "Succeeded") {
    return 0;
  }
  const std::int64_t period = options.grace_period_s.value_or(
      GetInt(pod, {"spec", "terminationGracePeriodSeconds"}, kDefaultGrace));
  return period < 0 && profile == Profile::kCurrent ? 1 : period;
}

// Marks a pod as ending, or shortens how long it has. options->grace_period_s becomes what holds.
Grace MarkPod(Instant now, Profile profile, json::object* pod, DeleteOptions* options) {
  const std::string_view deletion = GetString(*pod, {"metadata", "deletionTimestamp"});
  if (deletion.empty()) {
    options->grace_period_s = GraceOf(*pod, *options, profile);
    At(pod, {"metadata", "deletionTimestamp"}) =
        TimeText(now + Duration::Seconds(*options->grace_period_s));
    At(pod, {"metadata", "deletionGracePeriodSeconds"}) = *options->grace_period_s;
    BumpGeneration(pod);
    return Grace::kMarked;
  }
  const std::int64_t given = GetInt(*pod, {"metadata", "deletionGracePeriodSeconds"}, 0);
  if (given == 0) return Grace::kNone;
  if (!options->grace_period_s) options->grace_period_s = given;
  if (*options->grace_period_s >= given) return Grace::kPending;
  const Result<Instant> end = ParseInstant(deletion);
  const Instant from = (end.ok() ? *end : now) - Duration::Seconds(given);
  At(pod, {"metadata", "deletionTimestamp"}) =
      TimeText(from + Duration::Seconds(*options->grace_period_s));
  At(pod, {"metadata", "deletionGracePeriodSeconds"}) = *options->grace_period_s;
  return Grace::kMarked;
}

bool Holds(const json::array& finalizers, std::string_view name) {
  for (const json::value& entry : finalizers) {
    const json::string* text = entry.if_string();
    if (text != nullptr && std::string_view(text->data(), text->size()) == name) return true;
  }
  return false;
}

// Which of the garbage collector's finalizers belongs on the object; empty: none.
std::string_view CollectorFinalizer(const Resource& resource, const json::array& finalizers,
                                    std::string_view propagation) {
  if (propagation == "Orphan") return kOrphan;
  if (propagation == "Foreground") return kForeground;
  if (propagation == "Background") return {};
  if (Holds(finalizers, kOrphan)) return kOrphan;
  if (Holds(finalizers, kForeground)) return kForeground;
  // Kinds that leave their dependents alone unless told otherwise, for old clients.
  const bool orphans = resource.storage == "jobs.batch" ||
                       resource.storage == "replicationcontrollers" ||
                       (resource.storage == "cronjobs.batch" && resource.version != "v1");
  return orphans ? kOrphan : std::string_view();
}

// True: the finalizers were changed.
bool SetCollectorFinalizers(const Resource& resource, std::string_view propagation,
                            json::object* object) {
  if (resource.storage == "events" || resource.storage == "events.events.k8s.io") return false;
  const json::array* found = FindArray(*object, {"metadata", "finalizers"});
  const json::array before = found == nullptr ? json::array() : *found;
  const std::string_view wanted = CollectorFinalizer(resource, before, propagation);
  if (Holds(before, kOrphan) == (wanted == kOrphan) &&
      Holds(before, kForeground) == (wanted == kForeground)) {
    return false;
  }
  json::array after;
  for (const json::value& entry : before) {
    if (entry != json::value(Str(kOrphan)) && entry != json::value(Str(kForeground))) {
      after.push_back(entry);
    }
  }
  if (!wanted.empty()) after.emplace_back(Str(wanted));
  if (after.empty()) {
    Erase(object, {"metadata", "finalizers"});
  } else {
    At(object, {"metadata", "finalizers"}) = std::move(after);
  }
  return true;
}

// Finalizers hold the object: it is to end now, as far as the server is concerned.
void MarkHeld(Instant now, json::object* object) {
  const std::string_view deletion = GetString(*object, {"metadata", "deletionTimestamp"});
  if (deletion.empty()) BumpGeneration(object);
  const Result<Instant> end = ParseInstant(deletion);
  if (deletion.empty() || !end.ok() || *end > now) {
    At(object, {"metadata", "deletionTimestamp"}) = TimeText(now);
  }
  At(object, {"metadata", "deletionGracePeriodSeconds"}) = 0;
}

VersionPtr PutIfChanged(ApiSteps* steps, const Resource& resource, const VersionPtr& old,
                        json::object object, bool dry_run) {
  if (object == old->object) return old;
  return steps->Put(resource, std::move(object), dry_run, old->revision);
}

Answer<DeleteResult> DeleteOne(Api* api, const Resource& resource, const VersionPtr& old,
                               DeleteOptions* options) {
  ApiSteps steps(api);
  json::object object = old->object;
  Grace grace = Grace::kNone;
  if (resource.storage == "pods") grace = MarkPod(api->Now(), api->profile(), &object, options);
  if (grace == Grace::kPending) return DeleteResult{old, false};

  SetCollectorFinalizers(resource, options->propagation, &object);
  VersionPtr last = old;
  if (HasFinalizers(object)) {
    if (grace == Grace::kNone) MarkHeld(api->Now(), &object);
    return DeleteResult{PutIfChanged(&steps, resource, old, std::move(object), options->dry_run),
                        false};
  }
  if (grace == Grace::kMarked) {
    last = PutIfChanged(&steps, resource, old, std::move(object), options->dry_run);
    if (options->grace_period_s.value_or(0) > 0) return DeleteResult{last, false};
  }
  steps.Remove(resource, *last, options->dry_run);
  return DeleteResult{last, true};
}

// The first request to delete a namespace only says so; its contents go before it does.
VersionPtr TerminateNamespace(Api* api, const Resource& resource, const VersionPtr& old,
                              const DeleteOptions& options) {
  ApiSteps steps(api);
  json::object object = old->object;
  At(&object, {"metadata", "deletionTimestamp"}) = TimeText(api->Now());
  At(&object, {"status", "phase"}) = "Terminating";
  SetCollectorFinalizers(resource, options.propagation, &object);
  return steps.Put(resource, std::move(object), options.dry_run, old->revision);
}

Answer<DeleteResult> DeleteChecked(Api* api, const Resource& resource, const ObjectName& name,
                                   DeleteOptions* options) {
  if (auto error = CheckPropagation(options->propagation)) return *std::move(error);
  const Answer<VersionPtr> found = api->Get(resource, name);
  if (!found) return found.error();
  const VersionPtr& old = *found;
  if (auto error = CheckPreconditions(resource, *old, *options)) return *std::move(error);
  if (auto error = CheckProtected(resource, name.name)) return *std::move(error);
  if (resource.storage == "namespaces") {
    if (GetString(old->object, {"metadata", "deletionTimestamp"}).empty()) {
      return DeleteResult{TerminateNamespace(api, resource, old, *options), false};
    }
    const json::array* holds = FindArray(old->object, {"spec", "finalizers"});
    if (holds != nullptr && !holds->empty()) return DeleteResult{old, false};
  }
  return DeleteOne(api, resource, old, options);
}

std::optional<ApiError> CheckNamespaceFinalizers(const Resource& resource, std::string_view ns,
                                                 const json::array& finalizers) {
  std::vector<Cause> causes;
  for (std::size_t i = 0; i < finalizers.size(); ++i) {
    const json::string* text = finalizers[i].if_string();
    const std::string_view name =
        text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
    if (name == "kubernetes" || name == kOrphan || name == kForeground ||
        name.find('/') != std::string_view::npos) {
      continue;
    }
    causes.push_back({"FieldValueInvalid",
                      fmt::format("Invalid value: \"{}\": name is neither a standard finalizer "
                                  "name nor is it fully qualified",
                                  name),
                      fmt::format("spec.finalizers[{}]", i)});
  }
  if (causes.empty()) return std::nullopt;
  return Invalid(resource, ns, std::move(causes));
}

}  // namespace

Answer<DeleteResult> Api::Delete(const Resource& resource, const ObjectName& name,
                                 const DeleteOptions& options) {
  DeleteOptions effective = options;
  return DeleteChecked(this, resource, name, &effective);
}

Answer<ListPage> Api::DeleteCollection(const Resource& resource, const ListOptions& which,
                                       const DeleteOptions& options) {
  if (auto error = CheckPropagation(options.propagation)) return *std::move(error);
  Answer<ListPage> page = List(resource, which);
  if (!page) return page;
  DeleteOptions shared = options;
  for (const VersionPtr& item : page->items) {
    const ObjectName name{std::string(GetString(item->object, {"metadata", "namespace"})),
                          std::string(GetString(item->object, {"metadata", "name"}))};
    DeleteOptions own = options;
    // 1.20 passes one set of options through all deletions, so the grace period that holds for the
    // first pod holds for those after it.
    const Answer<DeleteResult> deleted =
        DeleteChecked(this, resource, name, options_.profile == Profile::k120 ? &shared : &own);
    if (!deleted && deleted.error().code != 404) return deleted.error();
  }
  return page;
}

Answer<VersionPtr> Api::Finalize(const std::string& ns, const json::object& object, bool dry_run) {
  const Resource& resource = Of("namespaces");
  ApiSteps steps(this);
  json::object wanted = object;
  if (auto error = steps.Normalize(resource, &wanted)) return *std::move(error);
  if (auto error = CheckNameAgainstUrl(resource, {"", ns}, &wanted)) return *std::move(error);
  const VersionPtr old = store_.Get(resource.storage, "", ns);
  if (old == nullptr) return NotFound(resource, ns);
  const std::uint64_t before = store_.revision();
  const json::array* found = FindArray(wanted, {"spec", "finalizers"});
  const json::array finalizers = found == nullptr ? json::array() : *found;
  if (auto error = CheckNamespaceFinalizers(resource, ns, finalizers)) return *std::move(error);

  // The rest of the change follows the rules of any update; a trial finds out what it comes to.
  UpdateStyle style;
  style.dry_run = true;
  Answer<VersionPtr> trial = steps.Replace(resource, old, "", std::move(wanted), style);
  if (!trial) return trial;
  FAIRLEAD_CHECK(store_.revision() == before, "a trial was stored");
  json::object next = (*trial)->object;
  if (finalizers.empty()) {
    ObjectAt(&next, {"spec"}).erase("finalizers");
  } else {
    At(&next, {"spec", "finalizers"}) = finalizers;
  }
  if (EndsDeletion(resource, old->object, next)) {
    steps.Remove(resource, *old, dry_run);
    return steps.Put(resource, std::move(next), true, old->revision);
  }
  return PutIfChanged(&steps, resource, old, std::move(next), dry_run);
}

}  // namespace fairlead::apiserver
