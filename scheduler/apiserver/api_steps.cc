// Implementation of the shared steps; see the header. The rules of metadata are in api_metadata.cc.
#include "scheduler/apiserver/api_steps.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "scheduler/apiserver/admission_checks.h"
#include "scheduler/apiserver/schema.h"

namespace fairlead::apiserver {
namespace {

constexpr std::size_t kMaxName = 63;
constexpr std::size_t kSuffix = 5;

// Where the real server keeps the object: errors about preconditions name the place.
std::string StorageKey(const Resource& resource, const ObjectName& name) {
  struct Place {
    std::string_view plural, folder;
  };
  static constexpr std::array<Place, 4> kOdd = {{{"nodes", "minions"},
                                                 {"services", "services/specs"},
                                                 {"endpoints", "services/endpoints"},
                                                 {"ingresses", "ingress"}}};
  std::string folder = resource.plural;
  for (const Place& place : kOdd) {
    if (!resource.custom && resource.plural == place.plural) folder = place.folder;
  }
  if (resource.custom || resource.group == "apiextensions.k8s.io") {
    folder = resource.group + "/" + folder;
  }
  return "/registry/" + folder + "/" + (name.ns.empty() ? "" : name.ns + "/") + name.name;
}

}  // namespace

std::string ApiSteps::NewUid() {
  const std::uint64_t high = (api_.random_() & ~0xF000ULL) | 0x4000ULL;         // version 4
  const std::uint64_t low = (api_.random_() & ~(3ULL << 62U)) | (2ULL << 62U);  // variant 10
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xFFFFU,
                     high & 0xFFFFU, low >> 48U, low & 0xFFFFFFFFFFFFULL);
}

std::string ApiSteps::NewName(std::string_view base) {
  static constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string name(base.substr(0, kMaxName - kSuffix));
  for (std::size_t i = 0; i < kSuffix; ++i) name += kAlphabet[api_.random_() % kAlphabet.size()];
  return name;
}

AdmissionContext ApiSteps::Context(const Resource& resource) const {
  return {api_.store_, api_.resources_, resource, api_.options_.profile, api_.clock_->Now()};
}

VersionPtr ApiSteps::Put(const Resource& resource, json::object object, bool dry_run,
                         std::uint64_t dry_revision) {
  if (!dry_run) return api_.store_.Put(resource.storage, std::move(object));
  auto version = std::make_shared<Version>();
  version->object = std::move(object);
  version->revision = dry_revision;
  return version;
}

void ApiSteps::Remove(const Resource& resource, const Version& version, bool dry_run) {
  if (dry_run) return;
  const bool is_crd = resource.plural == "customresourcedefinitions" && !resource.custom;
  if (is_crd) RemoveInstances(version.object);
  api_.store_.Delete(resource.storage, GetString(version.object, {"metadata", "namespace"}),
                     GetString(version.object, {"metadata", "name"}));
}

void ApiSteps::RemoveInstances(const json::object& crd) {
  const std::string_view group = GetString(crd, {"spec", "group"});
  const std::string_view plural = GetString(crd, {"spec", "names", "plural"});
  const std::string storage = fmt::format("{}.{}", plural, group);
  std::vector<ObjectKey> keys;
  for (const auto& entry : api_.store_.table(storage)) keys.push_back(entry.first);
  for (const ObjectKey& key : keys) api_.store_.Delete(storage, key.ns, key.name);
}

std::optional<ApiError> ApiSteps::Normalize(const Resource& resource, json::object* object) const {
  if (resource.schema != nullptr) {
    const Answer<Done> pruned = Prune(*resource.schema, api_.options_.profile, object);
    if (!pruned) return pruned.error();
  }
  const Resource* stored = api_.resources_.Stored(resource.storage);
  (*object)["apiVersion"] = (stored == nullptr ? resource : *stored).ApiVersion();
  (*object)["kind"] = resource.kind;
  ObjectAt(object, {"metadata"});
  return std::nullopt;
}

Answer<VersionPtr> ApiSteps::Replace(const Resource& resource, const VersionPtr& old,
                                     std::string_view subresource, json::object object,
                                     const UpdateStyle& style) {
  const ObjectName name{std::string(GetString(old->object, {"metadata", "namespace"})),
                        std::string(GetString(old->object, {"metadata", "name"}))};
  const std::string_view old_uid = GetString(old->object, {"metadata", "uid"});
  const std::string_view uid = GetString(object, {"metadata", "uid"});
  if (style.uid_is_precondition && !uid.empty() && uid != old_uid) {
    return UidConflict(resource, name, {uid, old_uid}, style.dry_run);
  }
  const std::string_view sent = GetString(object, {"metadata", "resourceVersion"});
  const Answer<std::uint64_t> revision = ParseResourceVersion(sent);
  if (!revision) {
    return Unforeseen(fmt::format("strconv.ParseUint: parsing \"{}\": invalid syntax", sent));
  }
  if (*revision == 0 && !AllowsUnconditionalUpdate(resource)) {
    ApiError error =
        Invalid(resource, name.name,
                {{"FieldValueInvalid", "Invalid value: 0x0: must be specified for an update",
                  "metadata.resourceVersion"}});
    error.kind = resource.plural;
    error.message = fmt::format("{} \"{}\" is invalid: metadata.resourceVersion: {}",
                                resource.Qualified(), name.name, error.causes.front().message);
    return error;
  }
  if (*revision != 0 && *revision != old->revision) return Modified(resource, name.name);
  At(&object, {"metadata", "resourceVersion"}) = std::to_string(old->revision);

  if (resource.storage == "pods" && subresource == "status") {
    Erase(&object, {"metadata", "deletionTimestamp"});
  }
  std::vector<Cause> causes = ApplyMetadataRules(old->object, style.keeps_managed_fields, &object);
  auto refused = PrepareUpdate(Context(resource), old->object, subresource, &object);
  if (refused && (causes.empty() || refused->code != 422)) return *std::move(refused);
  if (!causes.empty()) {
    // For most kinds the real server finds these twice, lists them twice and words them once.
    Findings findings;
    const bool once =
        resource.storage == "events" || resource.storage == "poddisruptionbudgets.policy";
    for (int i = 0; i < (once ? 1 : 2); ++i) {
      for (const Cause& cause : causes) findings.Add(cause);
    }
    if (refused) {
      for (Cause& cause : refused->causes) findings.Add(std::move(cause));
    }
    return Rejected(resource, object, findings);
  }
  if (EndsDeletion(resource, old->object, object)) {
    Remove(resource, *old, style.dry_run);
    return Put(resource, std::move(object), true, old->revision);
  }
  if (object == old->object) return old;
  return Put(resource, std::move(object), style.dry_run, old->revision);
}

std::string TimeText(Instant instant) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t rest = ((instant.ns % kSecond) + kSecond) % kSecond;
  return FormatInstant(instant - Duration::Nanoseconds(rest));
}

ApiError Unforeseen(std::string message) {
  ApiError error;
  error.message = std::move(message);
  return error;
}

ApiError KindConflict(const Resource& resource, std::string_view name, std::string_view why) {
  Resource named;
  named.group = resource.group;
  named.plural = resource.kind;
  return Conflict(named, name, why);
}

bool AllowsUnconditionalUpdate(const Resource& resource) {
  if (resource.custom) return false;
  static constexpr std::array<std::string_view, 10> kNever = {"leases.coordination.k8s.io",
                                                              "poddisruptionbudgets.policy",
                                                              "customresourcedefinitions"
                                                              ".apiextensions.k8s.io",
                                                              "apiservices.apiregistration.k8s.io",
                                                              "runtimeclasses.node.k8s.io",
                                                              "csidrivers.storage.k8s.io",
                                                              "csinodes.storage.k8s.io",
                                                              "csistoragecapacities.storage.k8s.io",
                                                              "volumeattachments.storage.k8s.io",
                                                              "resourceclaims.resource.k8s.io"};
  const std::string name = resource.Qualified();
  for (const std::string_view never : kNever) {
    if (name == never) return false;
  }
  return true;
}

bool AllowsCreateOnUpdate(const Resource& resource) {
  if (resource.custom) return false;
  if (resource.group == "rbac.authorization.k8s.io") return true;
  static constexpr std::array<std::string_view, 7> kAlso = {"leases.coordination.k8s.io",
                                                            "events",
                                                            "events.events.k8s.io",
                                                            "limitranges",
                                                            "services",
                                                            "endpoints",
                                                            "runtimeclasses.node.k8s.io"};
  const std::string name = resource.Qualified();
  for (const std::string_view also : kAlso) {
    if (name == also) return true;
  }
  return false;
}

std::optional<ApiError> CheckNameAgainstUrl(const Resource& resource, const ObjectName& url,
                                            json::object* object) {
  const std::string_view name = GetString(*object, {"metadata", "name"});
  if (name.empty()) {
    return BadRequest(
        fmt::format("the name of the object ({} based on URL) was undeterminable: "
                    "name must be provided",
                    url.name));
  }
  if (name != url.name) {
    return BadRequest(
        fmt::format("the name of the object ({}) does not match the name on the URL "
                    "({})",
                    name, url.name));
  }
  if (!resource.namespaced) {
    Erase(object, {"metadata", "namespace"});
    return std::nullopt;
  }
  const std::string_view ns = GetString(*object, {"metadata", "namespace"});
  if (!ns.empty() && ns != url.ns) {
    return BadRequest(
        fmt::format("the namespace of the object ({}) does not match the namespace "
                    "on the request ({})",
                    ns, url.ns));
  }
  At(object, {"metadata", "namespace"}) = url.ns;
  return std::nullopt;
}

ApiError UidConflict(const Resource& resource, const ObjectName& name, const UidPair& uids,
                     bool dry_run) {
  // A dry run does not get as far as to where the prefix is added.
  std::string key = StorageKey(resource, name);
  constexpr std::string_view kPrefix = "/registry";
  if (dry_run && key.starts_with(kPrefix)) key.erase(0, kPrefix.size());
  return Conflict(resource, name.name,
                  fmt::format("StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, "
                              "AdditionalErrorMsg: Precondition failed: UID in precondition: {}, "
                              "UID in object meta: {}",
                              key, uids.given, uids.stored));
}

Answer<std::uint64_t> ParseResourceVersion(std::string_view text) {
  std::uint64_t value = 0;
  if (text.empty()) return value;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc() && end == text.data() + text.size()) return value;
  return Unforeseen(fmt::format(
      "resourceVersion: Invalid value: \"{}\": strconv.ParseUint: parsing \"{}\": {}", text, text,
      code == std::errc::result_out_of_range ? "value out of range" : "invalid syntax"));
}

ApiError TooLargeResourceVersion(std::uint64_t asked, std::uint64_t current, int retry_after_s) {
  ApiError error;
  error.code = 504;
  error.reason = "Timeout";
  error.message =
      fmt::format("Timeout: Too large resource version: {}, current: {}", asked, current);
  error.causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
  error.retry_after_s = retry_after_s;
  return error;
}

ApiError InvalidOptions(std::string_view kind, std::vector<Cause> causes) {
  Resource options;
  options.group = "meta.k8s.io";
  options.kind = kind;
  return Invalid(options, "", std::move(causes));
}

}  // namespace fairlead::apiserver
